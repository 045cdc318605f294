"""Test functions among inputs that change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt.objectives import Minimize
from bnnopt.space import Real, SearchSpace
from bnnopt.testing import Problem

__all__ = ["EmbeddedProblem"]


@dataclass(frozen=True)
class EmbeddedProblem:
    """A test function of some of many inputs.

    Parameters
    ----------
    problem : Problem
        The function, with the same bounds for each of its inputs; the other inputs have them too.
    positions : sequence of int
        Numbers, from 1, of the inputs that matter, in the order of the function's own.
    n_inputs : int
        Number of all inputs.
    """

    problem: Problem
    positions: Sequence[int]
    n_inputs: int

    @property
    def minimum(self) -> float:
        """The least value."""
        return self.problem.minimum

    def space(self) -> SearchSpace:
        """Return the space of all inputs, x1 to x<n_inputs>."""
        limits = self.problem.bounds[0]
        return SearchSpace([Real(f"x{number}", *limits) for number in range(1, self.n_inputs + 1)])

    def objectives(self) -> list[Minimize]:
        """Return what is wanted: a small value."""
        return self.problem.objectives()

    def outcomes(self, settings: pd.DataFrame) -> pd.DataFrame:
        """Return the values at settings."""
        x: FloatArray = settings[[f"x{number}" for number in self.positions]].to_numpy(float)
        return pd.DataFrame({"value": self.problem.function(x)}, index=settings.index)
