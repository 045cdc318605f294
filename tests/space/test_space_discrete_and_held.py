"""Numbers out of a list, and settings that are held."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import Categorical, Context, Discrete, Integer, LinearConstraint, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError
from bnnopt.space import product_pool

FLASKS = SearchSpace([Discrete("flask", [250, 50, 100], unit="mL"), Real("x", 0, 1)])


def test_numbers_of_a_list_are_one_column_at_their_distances():
    rows = pd.DataFrame({"flask": [50.0, 100.0, 250.0], "x": 0.5})
    np.testing.assert_allclose(FLASKS.encode(rows)[:, 0], [0.0, 0.25, 1.0])
    pd.testing.assert_frame_equal(FLASKS.decode(FLASKS.encode(rows)), rows)
    assert FLASKS.decode([[0.6, 0.5], [0.65, 0.5]])["flask"].tolist() == [100.0, 250.0]


def test_on_a_log_scale_distances_are_ratios():
    space = SearchSpace([Discrete("c", [1, 10, 100], scale="log")])
    np.testing.assert_allclose(space.encode(pd.DataFrame({"c": [1, 10, 100]}))[:, 0], [0.0, 0.5, 1.0])


def test_each_number_is_drawn_alike():
    drawn = FLASKS.sample(3000, random_state=0)["flask"].value_counts(normalize=True)
    np.testing.assert_allclose(drawn.loc[[50.0, 100.0, 250.0]], 1 / 3, atol=0.03)
    assert set(FLASKS.design(9, random_state=0)["flask"]) == {50.0, 100.0, 250.0}


def test_a_list_is_finite_and_enumerated():
    space = SearchSpace([Discrete("flask", [50, 100]), Integer("k", 1, 3)])
    assert space.n_points == 6
    assert len(space.enumerate_points(10)) == 6
    assert sum(len(part) for part in product_pool(space, {"flask": [50, 75, 100], "k": [1, 2]})) == 4


def test_other_numbers_are_not_inside_but_can_be_encoded():
    rows = pd.DataFrame({"flask": [50.0, 75.0], "x": 0.5})
    assert FLASKS.is_inside(rows).tolist() == [True, False]
    assert 0 < FLASKS.encode(rows)[1, 0] < 0.25


def test_lists_keep_linear_constraints():
    space = SearchSpace(FLASKS.variables, constraints=[LinearConstraint({"flask": 1, "x": 100}, upper=120)])
    drawn = space.sample(200, random_state=0)
    assert (drawn["flask"] + 100 * drawn["x"] <= 120 + 1e-9).all()
    assert set(drawn["flask"]) == {50.0, 100.0}
    with pytest.raises(ValueError, match="No setting within the bounds"):
        SearchSpace(FLASKS.variables, constraints=[LinearConstraint({"flask": 1}, upper=20)]).sample(1)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([5], {}, "at least two different values"),
        ([5, 5.0], {}, "at least two different values"),
        ([0, 1], {"scale": "log"}, "log"),
        ([1, float("nan")], {}, "finite"),
    ],
)
def test_a_list_that_makes_no_variable_is_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        Discrete("flask", values, **options)


def test_a_list_survives_its_json_form_and_can_be_cut_short():
    assert SearchSpace.model_validate_json(FLASKS.model_dump_json()) == FLASKS
    short = FLASKS.restricted(bounds={"flask": [50, 100]})
    assert short.variables[0].values == (50.0, 100.0)


def test_held_settings_become_context_and_constraints_still_hold():
    space = SearchSpace(
        [Real("a", 0, 1), Real("b", 0, 1), Categorical("oven", ["p", "q"]), Context("T")],
        constraints=[LinearConstraint({"a": 1, "b": 1}, lower=1.0, upper=1.0)],
    )
    held = {"a": 0.25, "oven": "q"}
    rows = space.holding(held).sample(5, random_state=0, context={**held, "T": 20.0})
    np.testing.assert_allclose(rows["b"], 0.75)
    assert set(rows["oven"]) == {"q"}
    assert space.holding(held).setting_names == ["b"]
    assert space.holding({}) == space


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"q": 1.0}, r"held: \['q'\] are no settings of the space; it has \['flask', 'x'\]"),
        ({"flask": 60}, "held: 'flask' cannot be set to 60"),
        ({"flask": 50, "x": 0.5}, "held: all settings are held"),
    ],
)
def test_what_cannot_be_held_is_refused(held, message):
    with pytest.raises(InvalidDataError, match=message):
        FLASKS.holding(held)


def test_a_zero_with_round_off_is_the_zero_of_the_list():
    space = SearchSpace([Discrete("x", np.arange(-1, 1.05, 0.1)), Real("z", 0, 1)])
    assert space.is_inside(pd.DataFrame({"x": [0.3, 0.1 * 3, 0.0, 1e-6], "z": 0.5})).tolist() == [
        True,
        True,
        True,
        False,
    ]
    assert space.holding({"x": 0.0}).setting_names == ["z"]
