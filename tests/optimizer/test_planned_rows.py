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


@pytest.mark.parametrize(
    ("plan", "run", "meets"),
    [
        (50.99, 50.0000001, True),  # a hundredth of the range, 0 to 100
        (51.01, 50.0000001, False),
        (49.01, 50.0000001, True),
        (48.99, 50.0000001, False),
        (75.0, 80, True),  # half of the last digit
        (74.9, 80, False),
        (83.4, 81, False),
        (22.6, 25, True),  # a five at the end is one of fives: 22.5 to 27.5
        (22.4, 25, False),
        (90.1, 100, True),  # a tenth of the range at most
        (89.9, 100, False),
    ],
)
def test_a_number_run_stands_for_what_it_may_have_been_rounded_from(plan, run, meets):
    space = SearchSpace([Real("x", 0, 100)])
    assert is_met(space, pd.DataFrame({"x": [plan]}), pd.DataFrame({"x": [run]})).tolist() == [meets]


def test_on_a_log_scale_a_hundredth_is_one_of_the_logarithm():
    """Of 1 to 10,000 a hundredth is a factor of 1.096."""
    space = SearchSpace([Real("x", 1, 10_000, scale="log")])
    plans = pd.DataFrame({"x": [100.00001 * 1.094]}), pd.DataFrame({"x": [100.00001 * 1.099]})
    run = pd.DataFrame({"x": [100.00001]})
    assert [is_met(space, plan, run).item() for plan in plans] == [True, False]


def test_the_nearest_plan_is_met():
    space = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])
    plan = pd.DataFrame({"x": [0.5, 0.5, 0.5], "z": [0.2, 0.204, 0.9]})
    run = pd.DataFrame({"x": [0.5031234567], "z": [0.2051234567]})
    assert is_met(space, plan, run).tolist() == [False, True, False]


def test_a_plan_is_met_by_a_row_that_is_near_in_every_setting():
    space = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])
    run = pd.DataFrame({"x": [0.5031234567], "z": [0.2051234567]})
    for x, z, meets in ((0.5, 0.2, True), (0.5, 0.9, False), (0.9, 0.2, False)):
        assert is_met(space, pd.DataFrame({"x": [x], "z": [z]}), run).tolist() == [meets]
