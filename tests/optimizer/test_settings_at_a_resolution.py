"""Suggestions that a laboratory can set: on their grid, feasible, different; rows told off the grid."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Minimize,
    NonlinearConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import SpaceExhaustedWarning

TWENTIETHS = {float(f"{k * 0.05:.2f}") for k in range(21)}
AB = [Real("a", 0, 1, step=0.05), Real("b", 0, 1, step=0.05)]
MIXED = [*AB, Real("x", 0, 4), Integer("n", 1, 20), Categorical("s", ["p", "q"])]
TOTAL = LinearConstraint({"a": 1, "b": 1, "x": 0.25}, lower=1.5, upper=1.5)


def outcome(rows):
    return (rows["a"] - 0.33) ** 2 + (rows["b"] - 0.52) ** 2 + rows["a"] * rows["b"]


@pytest.mark.parametrize(
    ("variables", "constraints"),
    [
        (AB, ()),
        (AB, [LinearConstraint({"a": 1, "b": 1.7}, upper=1.131)]),
        (AB, [LinearConstraint({"a": 1, "b": 1}, lower=1, upper=1)]),
        (MIXED, ()),
        (MIXED, [TOTAL]),
        (MIXED, [TOTAL, NonlinearConstraint(lambda rows: rows["a"] * rows["b"], upper=0.3)]),
    ],
    ids=["grid", "half plane", "mixture", "mixed", "mixed total", "mixed nonlinear"],
)
@pytest.mark.parametrize("surrogate", ["gaussian_process_ensemble", BayesianRidge()])
def test_all_that_is_asked_can_be_set(make_optimizer, variables, constraints, surrogate):
    """Climbs go by exact slopes for the first, by differences for the second."""
    space = SearchSpace(variables, constraints)
    optimizer = make_optimizer(space, surrogate=surrogate, n_initial=6)
    for n in (6, 1, 3, 2):
        rows = optimizer.ask(n)
        assert set(rows["a"]) | set(rows["b"]) <= TWENTIETHS
        assert space.is_feasible(rows).all()
        optimizer.tell(rows, outcome(rows))
    assert optimizer.summary()["n_repeated"] == 0
    assert optimizer.pending.empty


def test_it_is_the_best_of_all_settings_that_climbs_rounding_and_steps_find():
    """More settings than candidates: where climbs end is rounded, and steps lead on to the best."""
    space = SearchSpace([Real(name, 0, 1, step=0.1) for name in "abcd"])
    every = space.enumerate_points(11**4)
    optimizer = BayesianOptimizer(space, [Minimize("y")], surrogate="gaussian_process", random_state=0)
    rows = optimizer.ask(12)
    optimizer.tell(rows, np.sin(5 * rows["a"]) + outcome(rows) + (rows["c"] - rows["d"] - 0.24) ** 2)
    best = optimizer.score_pool(every, n_best=1, is_screened=False).best["score"].item()
    assert optimizer.ask(1)["score"].item() == pytest.approx(best, rel=1e-9)


def test_a_small_grid_is_exhausted_row_by_row(make_optimizer):
    space = SearchSpace([Real("a", 0, 1, step=0.5), Real("b", 10, 20, digits=0)])
    optimizer = make_optimizer(space, n_initial=5)
    for n in (5, 1, 12, 10):
        rows = optimizer.ask(n)
        optimizer.tell(rows, rows["a"] + rows["b"])
    with pytest.warns(SpaceExhaustedWarning, match="Only 5 new row"):
        optimizer.ask(8)
    assert len(optimizer.pending) == 5


def test_steps_on_a_log_scale_and_a_million_of_them(make_optimizer):
    space = SearchSpace([Real("c", 0.01, 10, step=0.01, scale="log"), Real("v", 0, 1e6, step=0.5)])
    optimizer = make_optimizer(space, surrogate="gaussian_process", n_initial=6)
    rows = optimizer.ask(6)
    optimizer.tell(rows, np.log(rows["c"]) ** 2 + (rows["v"] / 1e6 - 0.4) ** 2)
    rows = optimizer.ask(4)
    assert [len(repr(c)) <= 4 for c in rows["c"]] == [True] * 4
    assert (rows["v"] * 2 % 1 == 0).all()


def test_a_row_told_off_the_grid_is_kept_as_measured_and_counts_as_the_nearest(make_told):
    optimizer = make_told(SearchSpace([Real("a", 0, 1, step=0.25), Real("b", 0, 1, step=0.25)]))
    planned = optimizer.ask(2)
    told = planned[["a", "b"]] + np.array([[0.01, -0.02], [0.02, 0.0]])
    optimizer.tell(told, [0.1, 0.2])
    assert optimizer.pending.empty
    assert optimizer.data[["a", "b"]].tail(2).to_numpy().tolist() == told.to_numpy().tolist()
    others = [optimizer.ask(1)[["a", "b"]] for _ in range(17)]
    assert not (pd.concat(others).to_numpy()[:, None] == planned[["a", "b"]].to_numpy()).all(axis=2).any()


def test_repeats_are_settings_of_the_grid(make_optimizer, known_moments):
    """The known mean is that of a: the two runs near 0.3 are the best, and one setting."""
    space = SearchSpace([Real("a", 0, 1, step=0.05), Real("b", 0, 1)])
    optimizer = make_optimizer(space, n_initial=2, surrogate=known_moments())
    optimizer.tell(pd.DataFrame({"a": [0.312, 0.309, 0.9], "b": [0.5, 0.5, 0.7]}), [1.0, 1.0, 2.0])
    rows = optimizer.ask(2, n_replicates=2)
    assert rows[["a", "b"]].to_numpy().tolist() == [[0.3, 0.5], [0.9, 0.7]]


def test_candidates_are_those_on_the_grid_without_round_off(make_told):
    optimizer = make_told(SearchSpace(AB))
    table = pd.DataFrame({"a": [0.1 + 0.2, 0.31, 0.55], "b": [0.7, 0.7, 0.1 * 7]})
    with pytest.warns(SpaceExhaustedWarning, match="Only 2"):
        rows = optimizer.ask(3, candidates=table)
    assert sorted(rows[["a", "b"]].to_numpy().tolist()) == [[0.3, 0.7], [0.55, 0.7]]
    best = optimizer.score_pool(table).best
    assert best.empty  # both are pending


def test_held_shared_context_and_trust_regions_keep_to_the_grid(make_told):
    space = SearchSpace([*MIXED, Context("T", lower=0, upper=30)])
    optimizer = make_told(space, n=8, context={"T": 20.0}, trust_region=True, n_initial=8)
    rows = optimizer.ask(3, context={"T": 21.0}, held={"b": 0.15}, shared="a")
    assert (rows["b"] == 0.15).all()
    assert (rows["a"] == rows["a"].iloc[0]).all()
    assert set(rows["a"]) <= TWENTIETHS
    for _ in range(12):
        rows = optimizer.ask(2, context={"T": 21.0})
        assert set(rows["a"]) | set(rows["b"]) <= TWENTIETHS
        optimizer.tell(rows, outcome(rows))


def test_a_box_at_an_upper_bound_that_is_off_the_grid(make_optimizer):
    space = SearchSpace([Real("a", 0, 1.07, step=0.1), Real("b", 0, 1)])
    optimizer = make_optimizer(space, n_initial=5, trust_region=True)
    optimizer.tell(pd.DataFrame({"a": [1.07, 0.1, 0.2, 0.3, 0.4, 0.5], "b": 0.5}), [-9.0, 1, 1, 1, 1, 1])
    for _ in range(30):  # failures halve the box down to its least
        rows = optimizer.ask(1)
        assert rows["a"].item() in np.round(np.arange(11) / 10, 1)
        optimizer.tell(rows, [5.0])


def test_the_state_keeps_grids_and_what_is_pending(make_told):
    optimizer = make_told(SearchSpace(MIXED, [TOTAL]))
    optimizer.ask(2)
    again = BayesianOptimizer.from_json(optimizer.to_json(), surrogate=optimizer.surrogate)
    assert again.space == optimizer.space
    pd.testing.assert_frame_equal(again.pending, optimizer.pending)
    pd.testing.assert_frame_equal(again.ask(2), optimizer.ask(2))


def test_wide_whole_numbers_are_different_settings(make_optimizer):
    optimizer = make_optimizer(SearchSpace([Integer("n", 0, 10**11)]))
    optimizer.tell(pd.DataFrame({"n": [1, 2, 3, 4, 5, 6]}), np.arange(6.0))
    assert optimizer.summary()["n_repeated"] == 0
    assert len(optimizer.ask(3, candidates=pd.DataFrame({"n": [10, 20, 30]}))) == 3


def test_a_design_goes_on_until_all_its_rows_are_measured_though_they_were_rounded(make_optimizer):
    space = SearchSpace([Real("T", 20, 180), Real("z", 0, 1), Categorical("s", ["p", "q"])])
    optimizer = make_optimizer(space, n_initial=10)
    plan = make_optimizer(space, n_initial=10).ask(10)
    for number in range(10):
        rows = optimizer.ask(1)
        pd.testing.assert_frame_equal(rows, plan.iloc[[number]].reset_index(drop=True))
        optimizer.tell(rows.round({"T": 0, "z": 2}), [float(number)])
        assert optimizer.pending.empty
    assert optimizer.ask(1)["y_mean"].notna().all()


def test_a_row_that_is_not_nearby_or_of_another_level_settles_nothing(make_optimizer):
    space = SearchSpace([Real("T", 0, 100), Categorical("s", ["p", "q"])])
    optimizer = make_optimizer(space)
    rows = optimizer.ask(2).assign(s="p")
    optimizer.tell(rows.assign(T=rows["T"] + 5), [1.0, 2.0])
    other = optimizer.pending.assign(s=optimizer.pending["s"].map({"p": "q", "q": "p"}))
    optimizer.tell(other, [1.0, 2.0])
    assert len(optimizer.pending) == 2
    near = optimizer.pending.assign(T=optimizer.pending["T"] + 0.9)
    assert optimizer.withdraw(pd.concat([near, near])) == 2
    assert optimizer.pending.empty


def test_each_row_told_settles_one_planned_row_the_same_before_those_nearby(make_optimizer):
    optimizer = make_optimizer(SearchSpace([Real("x", 0, 1), Real("z", 0, 1)]), n_initial=2)
    rows = pd.DataFrame({"x": [0.5, 0.502, 0.504], "z": 0.5})
    optimizer.tell(pd.DataFrame({"x": [0.1, 0.9], "z": [0.2, 0.8]}), [1.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place in range(3):
            optimizer.ask(1, candidates=rows.iloc[[place]])
    optimizer.tell(rows.iloc[[2]], [1.0])
    assert optimizer.pending["x"].tolist() == [0.5, 0.502]


@pytest.mark.parametrize(
    ("decimals", "fives"),
    [({"T": 0, "z": 2, "c": 3}, 1), ({"T": -1, "z": 1, "c": 2}, 1), ({"T": 0, "z": 2, "c": 2}, 5)],
    ids=["fine", "tens and tenths", "fives"],
)
def test_a_design_goes_on_however_coarsely_the_laboratory_rounds(decimals, fives, make_optimizer):
    """80 may stand for 75 to 85 and 0.25 for 0.225 to 0.275, on a log scale too."""
    space = SearchSpace([Real("T", 20, 180), Real("z", 0, 1), Real("c", 0.01, 1, scale="log")])
    optimizer = make_optimizer(space, n_initial=10)
    for number in range(10):
        rows = optimizer.ask(1)
        assert rows["y_mean"].isna().all()
        run = pd.DataFrame(
            {name: fives * (rows[name] / fives).round(places) for name, places in decimals.items()}
        ).assign(c=rows["c"].map(lambda value: float(f"{value:.2g}")))
        optimizer.tell(run, [float(number)])
        assert optimizer.pending.empty
    assert optimizer.ask(1)["y_mean"].notna().all()


def test_of_several_plans_the_nearest_is_settled(make_optimizer):
    optimizer = make_optimizer(SearchSpace([Real("x", 0, 1)]), n_initial=2)
    optimizer.tell(pd.DataFrame({"x": [0.05, 0.95]}), [1.0, 2.0])
    for x in (0.36, 0.41, 0.43):
        optimizer.ask(1, candidates=pd.DataFrame({"x": [x]}))
    optimizer.tell(pd.DataFrame({"x": [0.4]}), [1.0])
    assert optimizer.pending["x"].tolist() == [0.36, 0.43]
    assert optimizer.withdraw(optimizer.pending) == 2
