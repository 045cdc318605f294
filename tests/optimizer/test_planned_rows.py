"""Rows on their way that were not asked for, and which plan a row run means."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, Context, Minimize, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer import is_met

SPACE = SearchSpace([Real("x", 0, 1), Context("T")])


@pytest.fixture
def optimizer(known_moments):
    return BayesianOptimizer(SPACE, [Minimize("y")], surrogate=known_moments(), n_initial=2, random_state=0)


def test_planned_rows_are_pending_until_told_or_withdrawn(optimizer):
    plan = pd.DataFrame({"x": [0.1, 0.5, 0.9], "T": 20.0, "who": "ano"})
    optimizer.plan(plan)
    assert optimizer.pending["x"].tolist() == [0.1, 0.5, 0.9]
    optimizer.tell({"x": 0.504, "T": 22.0}, [1.0])
    assert optimizer.withdraw(plan.head(1)) == 1
    assert optimizer.pending["x"].tolist() == [0.9]
    with pytest.raises(InvalidDataError, match=r"column 'x' has text where a number is needed in row\(s\) 4"):
        optimizer.plan(pd.DataFrame({"x": ["high"], "T": [1]}, index=[4]))
    assert len(optimizer.pending) == 1


def test_planned_rows_are_not_asked_for_again(optimizer):
    first = optimizer.ask(2, context={"T": 20})
    again = BayesianOptimizer(SPACE, [Minimize("y")], n_initial=2, random_state=0)
    again.plan(first)
    assert set(again.ask(2, context={"T": 20})["x"]).isdisjoint(first["x"])


def test_each_row_run_meets_one_plan():
    plan = pd.DataFrame({"x": [0.1, 0.1, 0.7], "T": 1})
    run = pd.DataFrame({"x": [0.1, 0.703], "T": 2})
    np.testing.assert_array_equal(np.sort(is_met(SPACE, plan, run)[:2]), [False, True])
    assert is_met(SPACE, plan, run)[2]
