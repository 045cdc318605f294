"""Numbers at the resolution of a laboratory: grids of exact decimals, without tables of them."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt import Categorical, Integer, LinearConstraint, NonlinearConstraint, Real, SearchSpace
from bnnopt.exceptions import InfeasibleSpaceError, InvalidDataError
from bnnopt.space import product_pool, random_pool, sobol_pool

TWENTIETHS = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]
TWENTIETHS += [0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0]


def test_a_grid_is_made_of_exact_decimals():
    space = SearchSpace([Real("x", 0, 1, step=0.05)])
    assert space.enumerate_points(21)["x"].tolist() == TWENTIETHS
    assert sorted(space.design(21, random_state=0)["x"]) == TWENTIETHS
    assert set(space.sample(2000, random_state=0)["x"]) == set(TWENTIETHS)


@pytest.mark.parametrize(
    ("bounds", "resolution", "values"),
    [
        ((0.3, 0.9), {"step": 0.3}, [0.3, 0.6, 0.9]),
        ((-1, 1), {"step": 0.5}, [-1.0, -0.5, 0.0, 0.5, 1.0]),
        ((20, 100), {"step": 30}, [20.0, 50.0, 80.0]),  # counted from the lower bound; 100 is never reached
        ((0.1, 0.7999999999999999), {"step": 0.35}, [0.1, 0.45, 0.8]),  # a bound with round-off
        ((1 / 3, 2 / 3), {"digits": 1}, [0.4, 0.5, 0.6]),
        ((0.5, 3), {"digits": 0}, [1.0, 2.0, 3.0]),
        ((0.01, 100), {"step": 33.33, "scale": "log"}, [0.01, 33.34, 66.67, 100.0]),
        ((1e-7, 4e-7), {"step": 1e-7}, [1e-7, 2e-7, 3e-7, 4e-7]),
    ],
)
def test_the_values_of_a_grid(bounds, resolution, values):
    space = SearchSpace([Real("x", *bounds, **resolution)])
    assert space.n_points == len(values)
    assert space.enumerate_points(10)["x"].tolist() == values
    assert space.is_inside(pd.DataFrame({"x": values})).all()


@given(
    lower=st.decimals(-1000, 1000, places=3),
    step=st.decimals("0.001", 50, places=3),
    n=st.integers(1, 10**6),
    place=st.integers(0, 10**6),
)
@settings(max_examples=100, deadline=None)
def test_any_place_of_any_grid_is_the_decimal_that_one_writes(lower, step, n, place):
    place = min(place, n)
    space = SearchSpace([Real("x", float(lower), float(lower + n * step), step=float(step))])
    exact = float(lower + place * step)
    found = space.decode(space.encode(pd.DataFrame({"x": [exact * (1 + 1e-15)]})))["x"].item()
    assert found == exact
    assert Decimal(repr(found)) == lower + place * step
    assert space.n_points == n + 1


def test_surrogates_see_the_continuum_that_it_would_be():
    rows = pd.DataFrame({"x": [0.0, 0.15, 0.163, 1.0, 1.5]})
    stepped, free = SearchSpace([Real("x", 0, 1, step=0.05)]), SearchSpace([Real("x", 0, 1)])
    assert stepped.encode(rows).tolist() == free.encode(rows).tolist()
    assert stepped.without_steps() == free
    assert stepped.decode([[0.163], [0.9999], [1.5]])["x"].tolist() == [0.15, 1.0, 1.5]
    assert stepped.rounded(rows)["x"].tolist() == [0.0, 0.15, 0.15, 1.0, 1.5]
    assert free.rounded(rows) is rows


def test_values_off_the_grid_can_be_told_but_not_set():
    space = SearchSpace([Real("x", 0, 1, step=0.05)])
    rows = pd.DataFrame({"x": [0.1 + 0.2, 0.31, -0.05, 1.05, 0.3001]})
    assert space.is_inside(rows).tolist() == [True, False, False, False, False]
    with pytest.raises(InvalidDataError, match=r"held: 'x' cannot be set to 0\.31"):
        SearchSpace([*space.variables, Real("z", 0, 1)]).holding({"x": 0.31})


def test_each_value_is_drawn_alike():
    drawn = SearchSpace([Real("x", 0, 1, step=0.25)]).sample(5000, random_state=0)["x"]
    np.testing.assert_allclose(drawn.value_counts(normalize=True).sort_index(), 0.2, atol=0.02)


def test_on_a_log_scale_all_values_are_drawn_where_the_least_is_below_half_a_step():
    space = SearchSpace([Real("x", 0.1, 1.1, step=0.5, scale="log")])
    assert sorted(set(space.sample(300, random_state=0)["x"])) == [0.1, 0.6, 1.1]


def test_bounds_go_inwards_to_the_grid_and_keep_a_value_that_floats_miss():
    """0.57 is 56.99999999999999 hundredths."""
    space = SearchSpace([Real("x", 0, 1, step=0.01)])
    (inner,) = space.restricted(bounds={"x": (0.105, 0.57)}).variables
    assert (inner.lower, inner.upper) == (0.11, 0.57)


def test_a_million_values_need_no_table():
    space = SearchSpace([Real("x", 0, 1e6, step=1e-3), Real("y", -5, 5, digits=9)])
    rows = space.design(64, random_state=0)
    assert space.n_points == (10**9 + 1) * (10**10 + 1)
    assert rows["x"].tolist() == rows["x"].round(3).tolist()
    assert rows["y"].tolist() == rows["y"].round(9).tolist()
    assert space.is_feasible(rows).all()


MIXTURE = [Real(name, 0, 1, step=0.05) for name in "abc"]


@pytest.mark.parametrize(
    ("variables", "constraint"),
    [
        (MIXTURE, LinearConstraint(dict.fromkeys("abc", 1), lower=1, upper=1)),
        ([*MIXTURE[:2], Real("c", 0, 1)], LinearConstraint(dict.fromkeys("abc", 1), lower=1, upper=1)),
        (MIXTURE, LinearConstraint({"a": 1, "b": 2.1}, lower=1.999, upper=2.001)),
        (MIXTURE, NonlinearConstraint(lambda rows: rows["a"] * rows["b"], upper=0.01)),
        ([*MIXTURE, Integer("n", 0, 3)], LinearConstraint({"a": 1, "n": -0.2}, lower=0, upper=0)),
    ],
)
def test_what_is_drawn_on_a_grid_satisfies_the_constraints(variables, constraint):
    space = SearchSpace(variables, [constraint])
    blocks = [*sobol_pool(space, 4096, random_state=0), *random_pool(space, 100, random_state=0)]
    for rows in (space.sample(300, random_state=1), space.design(8, random_state=1), *blocks):
        assert space.is_feasible(rows).all()
        assert set(rows["a"]) <= set(TWENTIETHS)


def test_a_sum_that_no_values_have_is_said_to_be_infeasible():
    variables = [Real("a", 0, 1, step=0.25), Real("b", 0, 1, step=0.5)]
    with pytest.raises(InfeasibleSpaceError, match="numbers between those that can be set"):
        SearchSpace(variables, [LinearConstraint({"a": 1, "b": 1}, lower=0.6, upper=0.7)])


def test_values_of_a_product_are_those_of_the_grid():
    space = SearchSpace([Real("x", 0, 1, step=0.1), Categorical("s", ["p", "q"])])
    (rows,) = product_pool(space, {"x": np.arange(0, 0.55, 0.05), "s": ["p"]})
    assert rows["x"].tolist() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]


def test_narrower_bounds_keep_to_the_grid():
    space = SearchSpace([Real("x", 20, 100, step=5), Real("y", 0, 1, digits=1)])
    narrow = space.restricted(bounds={"x": (31, 54), "y": (0.33, 0.58)})
    assert narrow.enumerate_points(99)["x"].unique().tolist() == [35.0, 40.0, 45.0, 50.0]
    assert narrow.enumerate_points(99)["y"].unique().tolist() == [0.4, 0.5]
    with pytest.raises(ValueError, match="two values of the grid between 31 and 34, whose step is 5"):
        space.restricted(bounds={"x": (31, 34)})


def test_a_resolution_survives_its_json_form():
    space = SearchSpace([Real("x", 0, 1, step=0.05), Real("y", 0, 1, digits=2), Real("z", 0, 1)])
    assert SearchSpace.model_validate_json(space.model_dump_json()) == space
    assert space.stepped_names == ["x", "y"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"step": 2},
            "step=2.0 is larger than the range, got lower=0.0 and upper=1.0",
        ),
        ({"step": 0}, "step must be a finite number above 0, got 0"),
        ({"step": -0.1}, "step must be a finite number above 0, got -0.1"),
        ({"step": float("nan")}, "step must be a finite number above 0, got nan"),
        ({"step": float("inf")}, "step must be a finite number above 0, got inf"),
        ({"step": 0.1, "digits": 2}, "got step=0.1 and digits=2; give one of them"),
        ({"step": 1 / 3, "upper": 100}, "more than 15 digits"),
        ({"digits": 16}, "less than or equal to 15"),
        ({"digits": -1}, "greater than or equal to 0"),
        ({"digits": 0, "upper": 0.9}, "expected at least two numbers of 0 decimal place"),
    ],
)
def test_a_resolution_that_makes_no_grid_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Real(**({"name": "x", "lower": 0, "upper": 1} | options))


def test_whole_numbers_beyond_a_bound_are_outside_however_wide_the_range():
    space = SearchSpace([Integer("n", 0, 10**11)])
    rows = pd.DataFrame({"n": [10**11, 10**11 + 50, -50]})
    assert space.is_inside(rows).tolist() == [True, False, False]
