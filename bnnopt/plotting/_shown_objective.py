"""An objective on an axis: as the outcome itself where more or less of it is wanted, else as its utility."""

from dataclasses import dataclass

import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt.objectives import UtilityObjective

__all__ = ["DIRECTIONS", "ShownObjective"]

DIRECTIONS = {"minimize": -1.0, "maximize": 1.0}


@dataclass(frozen=True)
class ShownObjective:
    """What an axis shows of an objective.

    Parameters
    ----------
    objective : Minimize, Maximize, Target or an aggregate
        The objective.
    """

    objective: UtilityObjective

    @property
    def is_outcome(self) -> bool:
        """Whether the axis shows the outcome itself."""
        return self.objective.type in DIRECTIONS

    @property
    def direction(self) -> str:
        """What is better on the axis, "minimize" or "maximize"."""
        return self.objective.type if self.is_outcome else "maximize"

    @property
    def label(self) -> str:
        """Name on the axis."""
        return self.objective.name if self.is_outcome else f"utility of {self.objective.name}"

    @property
    def unit(self) -> str:
        """Unit on the axis, "" where there is none."""
        return (self.objective.unit or "") if self.is_outcome else ""

    def measured(self, data: pd.DataFrame) -> FloatArray:
        """Return what the axis shows of experiments, shape (n,); NaN where an outcome is missing."""
        outcomes = self._columns(data, "")
        return outcomes if self.is_outcome else self.objective.utility(outcomes)

    def predicted(self, batch: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of what the axis shows of predictions, each of shape (k,)."""
        mean, std = self._columns(batch, "_mean"), self._columns(batch, "_std")
        return (mean, std) if self.is_outcome else self.objective.utility_moments(mean, std)

    def _columns(self, table: pd.DataFrame, suffix: str) -> FloatArray:
        """Return the outcomes, shape (n,) for one and (n, n_parts) for several."""
        names = [f"{name}{suffix}" for name in self.objective.names]
        values = table[names].to_numpy(dtype=float)
        return values if len(names) > 1 else values[:, 0]
