"""Rows of earlier campaigns: models learn from them, nothing else takes them for rows of this one."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    GaussianProcessEnsembleRegressor,
    Maximize,
    Minimize,
    Outcome,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InvalidDataError

SPACE = SearchSpace([Real("a", 0, 10), Real("b", 0, 1)])


def surrogate():
    return GaussianProcessEnsembleRegressor(("matern_5_2", "anova_matern_5_2"))


def react(rows, offset=0.0):
    return pd.DataFrame({"y": (rows["a"] / 10 - 0.7) ** 2 + (rows["b"] - 0.2) ** 2 + offset})


def table(n, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"a": 10 * rng.random(n), "b": rng.random(n)})


def started(**options):
    optimizer = BayesianOptimizer(SPACE, Minimize("y"), surrogate=surrogate(), random_state=0, **options)
    rows = table(5, seed=1)
    optimizer.tell(rows, react(rows))
    return optimizer


def with_earlier(**options):
    optimizer, rows = started(**options), table(30, seed=2)
    optimizer.tell_earlier(rows, react(rows, offset=1.0), "2024")
    return optimizer


def test_the_next_row_is_nearer_to_the_best_one():
    def distance(optimizer):
        row = optimizer.ask(1).iloc[0]
        return np.hypot(row["a"] / 10 - 0.7, row["b"] - 0.2)

    assert distance(with_earlier()) < 0.1
    assert distance(with_earlier()) < distance(started())


def test_predictions_are_those_of_this_campaign():
    told = with_earlier().ask(1)
    assert told["y_mean"].iloc[0] < 0.3  # those of the earlier campaign are all above 1


def test_they_are_kept_apart():
    optimizer = with_earlier()
    assert optimizer.summary()["n_told"] == len(optimizer.data) == 5
    assert len(optimizer.earlier) == 30
    assert list(optimizer.earlier.columns) == ["a", "b", "y"]
    assert set(optimizer.earlier.index) == {"2024"}
    assert optimizer.best()["y"] < 1.0
    assert not len(optimizer.pending)


def test_a_state_holds_them():
    optimizer = with_earlier()
    again = BayesianOptimizer.from_json(optimizer.to_json(), surrogate=surrogate())
    pd.testing.assert_frame_equal(again.earlier, optimizer.earlier)
    pd.testing.assert_frame_equal(again.ask(2), optimizer.ask(2))


def test_several_campaigns_failed_rows_and_a_batch():
    optimizer, rows = started(), table(20, seed=3)
    outcomes = react(rows)
    outcomes.loc[0, "y"] = np.nan
    optimizer.tell_earlier(rows, outcomes, ["2023"] * 10 + ["2024"] * 10)
    optimizer.tell_earlier(rows, react(rows), "2025")
    assert len(optimizer.earlier) == 40
    assert len(optimizer.ask(3)) == 3
    assert optimizer.summary()["n_failed"] == 0


def test_bounds_levels_and_two_outcomes():
    space = SearchSpace([Real("a", 0, 10), Categorical("base", ["KOH", "K2CO3"])])
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": 10 * rng.random(30), "base": rng.choice(["KOH", "K2CO3"], 30)})
    outcomes = pd.DataFrame({"yield": 99 / (1 + np.exp(3 - rows["a"])), "cost": rows["a"] + 1})
    optimizer = BayesianOptimizer(
        space,
        [Maximize("yield"), Minimize("cost")],
        outcomes=[Outcome("yield", lower=0, upper=100)],
        surrogate=surrogate(),
        random_state=0,
    )
    optimizer.tell(rows[:6], outcomes[:6])
    optimizer.tell_earlier(rows[6:], outcomes[6:], "2024")
    batch = optimizer.ask(2)
    assert batch["yield_mean"].between(0, 100).all()
    ends = optimizer.intervals(batch)[["yield_lower", "yield_upper"]].to_numpy()
    assert ((ends >= 0) & (ends <= 100)).all()


def test_the_space_may_change():
    optimizer = with_earlier()
    optimizer.change_space(SearchSpace([Real("a", 0, 20), Real("b", 0, 1)]))
    assert len(optimizer.ask(2)) == 2


@pytest.mark.parametrize("campaign", ["", 3, ["2024"], [1.0] * 30], ids=str)
def test_names_that_are_none(campaign):
    rows = table(30, seed=2)
    with pytest.raises(InvalidDataError, match=r"campaign: expected .* 30 row\(s\)"):
        started().tell_earlier(rows, react(rows), campaign)


def test_nothing_is_stored_if_anything_is_wrong():
    optimizer, rows = started(), table(3, seed=2)
    with pytest.raises(InvalidDataError, match="a"):
        optimizer.tell_earlier(rows.drop(columns="a"), react(rows), "2024")
    assert not len(optimizer.earlier)
