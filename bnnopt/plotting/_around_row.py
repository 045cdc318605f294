"""Predictions of an optimizer around one row: what the `from_optimizer` constructors draw."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt._validation import lookup
from bnnopt.plotting._predictions import BaseRow, base_row

__all__ = ["AroundRow", "cells_along", "shown_outcome", "values_along"]


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


def shown_outcome(optimizer: Any, outcome: str | None) -> str:
    """Return the name of an outcome that is told, by default the first."""
    names = {name: name for name in optimizer.outputs}
    return lookup(names, optimizer.outputs[0] if outcome is None else outcome, "outcome")


def values_along(optimizer: Any, name: str, n_points: int) -> FloatArray:
    """Return values of a numeric variable from its lower to its upper end: those that can be set, if few.

    A context without bounds has the range of the rows told.
    """
    space = optimizer.space.with_observed_context(optimizer.data)
    variable = {each.name: each for each in space.variables}[_numeric(space, name)]
    values = getattr(variable, "values", None)
    if values is not None:
        return np.array(sorted(values), dtype=float)
    low, high = space.ranges[name]
    if variable.type == "integer":
        return np.unique(np.linspace(low, high, n_points).round())
    is_log = getattr(variable, "scale", "linear") == "log"
    return np.geomspace(low, high, n_points) if is_log else np.linspace(low, high, n_points)


def _numeric(space: Any, name: str) -> str:
    """Return the name of a variable that is a number, or raise `UnknownNameError`."""
    return str(lookup({each: each for each in space.ranges}, name, "setting that is a number,"))


def cells_along(optimizer: Any, name: str, n_cells: int) -> tuple[FloatArray, FloatArray]:
    """Return borders of cells along a numeric variable, increasing, and the value that each cell is asked at.

    Cells of a variable of few values are around these.
    """
    values = values_along(optimizer, name, n_cells + 1)
    variable = next(each for each in optimizer.space.variables if each.name == name)
    if getattr(variable, "values", None) is None and variable.type != "integer":
        is_log = getattr(variable, "scale", "linear") == "log"
        middles = np.sqrt(values[:-1] * values[1:]) if is_log else (values[:-1] + values[1:]) / 2
        return values, middles
    borders = (values[:-1] + values[1:]) / 2
    ends = values[0] - (borders[0] - values[0]), values[-1] + (values[-1] - borders[-1])
    return np.concatenate([[ends[0]], borders, [ends[1]]]), values
