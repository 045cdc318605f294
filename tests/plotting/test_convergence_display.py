import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Maximize, Minimize, OutcomeConstraint, Target, WeightedSum
from bnnopt.plotting import ConvergenceDisplay

DATA = pd.DataFrame(
    {
        "width": [3.0, np.nan, 5.0, 2.0, 1.0],
        "peak": [950.0, np.nan, 940.0, 956.0, 990.0],
        "is_failed": [False, True, False, False, False],
    }
)


def told(*objectives):
    optimizer = BayesianOptimizer(SearchSpace([Real("x", 0, 1)]), objectives, n_initial=9)
    optimizer.tell({"x": np.linspace(0, 1, 5)}, DATA)
    return optimizer


def test_the_best_so_far_goes_with_the_goal():
    smallest = ConvergenceDisplay.from_optimizer(told(Minimize("width", unit="nm")))
    assert smallest.best.tolist() == [3, 3, 3, 2, 1]
    assert (smallest.y_label, smallest.y_unit) == ("width", "nm")
    assert ConvergenceDisplay.from_optimizer(told(Maximize("width"))).best.tolist() == [3, 3, 5, 5, 5]
    target = ConvergenceDisplay.from_optimizer(told(Target("peak", 957, 5)))
    assert target.best.tolist() == [950, 950, 950, 956, 956]


def test_runs_that_break_a_limit_do_not_count():
    limit = OutcomeConstraint("peak", lower=945, upper=960)
    display = ConvergenceDisplay.from_optimizer(told(limit, Minimize("width")))
    assert display.best.tolist() == [3, 3, 3, 2, 2]
    assert display.allowed.tolist() == [True, False, False, True, False]
    assert display.failed.tolist() == [False, True, False, False, False]


def test_an_aggregate_is_followed_by_its_utility():
    both = WeightedSum([Minimize("width"), Maximize("peak")], weights=[1, 0])
    display = ConvergenceDisplay.from_optimizer(told(both))
    assert display.y_label.startswith("utility of")
    assert np.nanargmax(display.values) == 4


def test_the_hypervolume_of_a_front_grows():
    goals = told(Minimize("width"), Maximize("peak"))
    display = ConvergenceDisplay.of_hypervolume(goals, [-6.0, 900.0])
    first, second = 3 * 50, 3 * 50 + 1 * 56 + 3 * 6
    assert display.best.tolist() == [first, first, first, second, 5 * 90]


def test_failed_runs_are_crosses_below(ax):
    display = ConvergenceDisplay.from_optimizer(told(Minimize("width", unit="nm"))).plot(ax)
    assert display.failed_.get_offsets().tolist() == [[2, 0]]
    assert display.runs_.get_offsets().tolist() == [[1, 3], [3, 5], [4, 2], [5, 1]]
    assert display.best_.get_ydata().tolist() == [3, 3, 3, 2, 1]
    assert ax.get_ylabel() == "width (nm)"


def test_a_goal_that_is_not_there_is_refused():
    with pytest.raises(InvalidDataError, match="from 0 to 0 was expected; 1 came"):
        ConvergenceDisplay.from_optimizer(told(Minimize("width")), objective=1)
