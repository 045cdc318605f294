"""Where no row can gain anything it is said, and the search goes on where something can be learned."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, Maximize, Minimize, OutcomeConstraint, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError, NothingToGainWarning

SPACE = SearchSpace([Real("a", 0, 1), Real("b", 0, 1)])
TWO = [Minimize("y"), Maximize("z")]


def told(objectives, z=None, **options):
    options = {"surrogate": "gaussian_process", "random_state": 0, "n_candidates": 256} | options
    optimizer = BayesianOptimizer(SPACE, objectives, **options)
    rows = optimizer.ask(6)
    outcomes = {"y": (rows["a"] - 0.3) ** 2, "z": rows["b"] if z is None else np.full(6, z)}
    optimizer.tell(rows, {name: outcomes[name] for name in optimizer.outputs})
    return optimizer


@pytest.mark.parametrize("acquisition", [None, "q_nehvi"])
@pytest.mark.parametrize(
    ("z", "reference", "names"),
    [
        (None, [1.0, 100.0], r"\['z'\]"),
        (None, [-10.0, 100.0], r"\['y', 'z'\]"),
        (5.0, [1.0, 5.0], r"\['z'\]"),
    ],
    ids=["one is too high", "both are too high", "a constant that it equals"],
)
def test_a_reference_that_nothing_exceeds_is_left_out_and_said(z, reference, names, acquisition):
    optimizer = told(TWO, z, reference_point=reference, acquisition=acquisition)
    with pytest.warns(NothingToGainWarning, match=rf"reference_point in {names}.*worse than what is wanted"):
        batch = optimizer.ask(2)
    assert batch["reason"].str.contains("without the reference_point").all()
    without = told(TWO, z, acquisition=acquisition).ask(2)
    pd.testing.assert_frame_equal(batch.drop(columns="reason"), without.drop(columns="reason"))


def test_a_reference_that_can_be_exceeded_is_kept_without_a_word():
    optimizer = told(TWO, reference_point=[1.0, 0.1])
    assert (optimizer.ask(2)["reason"] == "the highest score").all()


@pytest.mark.parametrize("form", [dict, pd.Series])
def test_a_reference_with_names_goes_by_them(form):
    named = told(TWO, reference_point=form({"z": 0.1, "y": 1.0}))
    assert named.reference_point == [1.0, 0.1]
    pd.testing.assert_frame_equal(named.ask(1), told(TWO, reference_point=[1.0, 0.1]).ask(1))


@pytest.mark.parametrize(
    "reference", [{"z": 0.1}, {"z": 0, "y": 1, "x": 2}, ("a", 1), (10**400, 0), [[1], [2, 3]]]
)
def test_a_reference_that_is_none_is_refused(reference):
    with pytest.raises(InvalidDataError, match="reference_point: expected a"):
        BayesianOptimizer(SPACE, TWO, surrogate="gaussian_process", reference_point=reference)


@pytest.mark.parametrize("acquisition", ["ei", "pi"])
def test_scores_that_are_all_zero_send_rows_away_from_those_known(acquisition):
    """No z comes near the limit, so that the probability of feasibility is 0 everywhere."""
    optimizer = told([Minimize("y"), OutcomeConstraint("z", lower=1e6)], acquisition=acquisition)
    known = optimizer.data[["a", "b"]].to_numpy()
    with pytest.warns(NothingToGainWarning, match="All scores are 0.*away from those known"):
        batch = optimizer.ask(3)
    rows = batch[["a", "b"]].to_numpy()
    points = np.vstack([known, rows])
    for place, row in enumerate(rows):
        assert np.abs(points[: len(known) + place] - row).max(axis=1).min() >= 0.2
    assert batch["reason"].str.startswith("elsewhere").all()


def test_a_table_of_candidates_is_searched_on_too():
    optimizer = told([Minimize("y"), OutcomeConstraint("z", lower=1e6)], acquisition="ei")
    table = SPACE.sample(50, random_state=1)
    with pytest.warns(NothingToGainWarning):
        batch = optimizer.ask(2, candidates=table)
    assert len(batch.merge(table, on=["a", "b"])) == 2
    with pytest.warns(NothingToGainWarning):
        assert len(optimizer.ask(1, candidates=iter([table]))) == 1


@pytest.mark.parametrize("reference", [[1e300, -1e300], [1e155, 0.0], {"y": 0.0, "z": -1e308}])
def test_a_reference_point_beyond_all_volumes_is_refused(reference):
    with pytest.raises(InvalidDataError, match="reference_point: expected numbers of a size up to 1e\\+70"):
        BayesianOptimizer(SearchSpace([Real("x", 0, 1)]), TWO, reference_point=reference)


@pytest.mark.parametrize("reference", [[True, 0.0], [0.0, np.False_], True])
def test_a_reference_point_of_true_and_false_is_refused(reference):
    with pytest.raises(InvalidDataError, match="reference_point: expected a finite number for each"):
        BayesianOptimizer(SearchSpace([Real("x", 0, 1)]), TWO, reference_point=reference)
