"""Test functions of which a part cannot be measured: experiments there fail, and nothing says so before."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.objectives import Minimize
from bnnopt.space import SearchSpace
from bnnopt.testing import Problem, make_problem

__all__ = ["FAILING_PROBLEMS", "FailingProblem"]

CENTRE = ((np.pi + 5) / 15, 2.275 / 15)  # the middle one of Branin's three minima, in the unit square
RADIUS = 0.35
SUMMED, LEAST_SUM = [0, 3, 5], 1.22
HARTMANN6_MINIMUM = -3.277974040916  # on the plane, by constrained minimisation from 60 of 280,000 points


@dataclass(frozen=True)
class FailingProblem:
    """A test function whose value is NaN where experiments fail.

    Parameters
    ----------
    problem : Problem
        The function, in all of its bounds.
    fails : callable
        From settings, shape (n, n_inputs), to whether each fails.
    minimum : float
        The least value where experiments do not fail.
    """

    problem: Problem
    fails: Callable[[FloatArray], BoolArray]
    minimum: float

    def space(self) -> SearchSpace:
        """Return the whole space."""
        return self.problem.space()

    def objectives(self) -> list[Minimize]:
        """Return what is wanted: a small value."""
        return self.problem.objectives()

    def outcomes(self, settings: pd.DataFrame) -> pd.DataFrame:
        """Return the values, NaN where experiments fail."""
        values = self.problem.outcomes(settings)
        fails = self.fails(settings[self.space().names].to_numpy(float))
        return values.mask(fails[:, None])


def in_disk(x: FloatArray) -> BoolArray:
    """Tell which settings of Branin's function are near its middle minimum: 29.5 % of the square."""
    distance = np.hypot((x[:, 0] + 5) / 15 - CENTRE[0], x[:, 1] / 15 - CENTRE[1])
    return np.asarray(distance < RADIUS)


def below_plane(x: FloatArray) -> BoolArray:
    """Tell where x1 + x4 + x6 is too small: 29.7 % of the cube, and Hartmann's minimum in it."""
    return np.asarray(x[:, SUMMED].sum(axis=1) < LEAST_SUM)


FAILING_PROBLEMS = {
    "branin": FailingProblem(make_problem("branin"), in_disk, make_problem("branin").minimum),
    "hartmann6": FailingProblem(make_problem("hartmann6"), below_plane, HARTMANN6_MINIMUM),
}
