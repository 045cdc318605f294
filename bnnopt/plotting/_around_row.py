"""Predictions of an optimizer around one row: what the `from_optimizer` constructors draw."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt._validation import lookup
from bnnopt.plotting._predictions import BaseRow, base_row
from bnnopt.space import SearchSpace

__all__ = ["AroundRow", "observed_space", "shown_outcome"]


@dataclass(frozen=True)
class AroundRow:
    """Predictions of one outcome where some settings of a row are varied.

    Parameters
    ----------
    optimizer : BayesianOptimizer
    row : DataFrame of shape (1, n_names)
        The settings that are held.
    outcome : str
    """

    optimizer: Any
    row: pd.DataFrame
    outcome: str

    @classmethod
    def of(cls, optimizer: Any, row: Any = None, outcome: str | None = None) -> "AroundRow":
        """Take a row, by default the best one, and an outcome, by default the first."""
        names = optimizer.space.names
        frame = base_row(optimizer.best() if row is None else row, names).frame
        table = optimizer.space.as_table(frame.infer_objects())
        return cls(optimizer, table, shown_outcome(optimizer, outcome))

    def varied(self, changes: Mapping[Hashable, FloatArray]) -> pd.DataFrame:
        """Return the row with other values of some settings, all of one length."""
        return BaseRow(self.row, as_array=False).varied(changes)

    def predict(self, rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of new observations, each of shape (n_rows,)."""
        table = self.optimizer.predict(rows)
        return table[f"{self.outcome}_mean"].to_numpy(), table[f"{self.outcome}_std"].to_numpy()

    def interval(self, rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        """Return between which limits 95 % of new observations lie, each of shape (n_rows,)."""
        table = self.optimizer.intervals(rows)
        return table[f"{self.outcome}_lower"].to_numpy(), table[f"{self.outcome}_upper"].to_numpy()

    def is_allowed(self, rows: pd.DataFrame) -> BoolArray:
        """Return whether rows satisfy the constraints of the space, shape (n_rows,)."""
        flags = np.ones(len(rows), dtype=bool)
        for constraint in self.optimizer.space.constraints:
            flags &= constraint.is_satisfied(rows)
        return flags

    def measured(self, name: str) -> tuple[FloatArray, FloatArray]:
        """Return one setting and the outcome of every row told, NaN where it failed."""
        data = self.optimizer.data
        return data[name].to_numpy(float), data[self.outcome].to_numpy(float)


def shown_outcome(source: Any, outcome: str | None) -> str:
    """Return the name of an outcome of what has `outputs`, such as an optimizer, by default the first."""
    names = {name: name for name in source.outputs}
    return lookup(names, source.outputs[0] if outcome is None else outcome, "outcome")


def observed_space(optimizer: Any) -> SearchSpace:
    """Return the space of an optimizer, a context without bounds with the range of the rows told."""
    space: SearchSpace = optimizer.space.with_observed_context(optimizer.data)
    return space
