"""Predictions of an optimizer around one row: what the `from_optimizer` constructors draw."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt._validation import lookup
from bnnopt.plotting._predictions import BaseRow, base_row
from bnnopt.space import Variable

__all__ = ["AroundRow", "cells_along", "limits_of", "shown_outcome", "unit_of", "values_along", "variable_of"]

MARGIN = 0.5  # on both sides of a context that was the same in all rows


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


def variable_of(optimizer: Any, name: str) -> Variable:
    """Return the variable of a name, or raise `UnknownNameError`."""
    known = {variable.name: variable for variable in optimizer.space.variables}
    found: Variable = lookup(known, name, "variable")
    return found


def unit_of(optimizer: Any, name: str) -> str:
    """Return the unit of a variable or an outcome, "" where none is known."""
    units: dict[str, str | None] = dict(optimizer.space.units)
    for each in (*optimizer.outcomes, *optimizer.objectives):
        units |= {key: unit for key, unit in each.units.items() if unit}
    return units.get(name) or ""


def limits_of(optimizer: Any, name: str) -> tuple[float, float]:
    """Return the range of a numeric variable, that of the rows told where it has no bounds."""
    variable = variable_of(optimizer, name)
    values = getattr(variable, "values", None)
    if values is not None:
        return float(min(values)), float(max(values))
    lower, upper = getattr(variable, "lower", None), getattr(variable, "upper", None)
    if lower is not None and upper is not None:
        return float(lower), float(upper)
    seen = optimizer.data[name].to_numpy(float)
    low, high = float(seen.min()), float(seen.max())
    return (low, high) if low < high else (low - MARGIN, high + MARGIN)


def values_along(optimizer: Any, name: str, n_points: int) -> FloatArray:
    """Return values of a numeric variable from its lower to its upper end: those that can be set, if few."""
    variable = variable_of(optimizer, name)
    values = getattr(variable, "values", None)
    if values is not None:
        return np.array(sorted(values), dtype=float)
    low, high = limits_of(optimizer, name)
    if variable.type == "integer":
        return np.unique(np.linspace(low, high, n_points).round())
    is_log = getattr(variable, "scale", "linear") == "log"
    return np.geomspace(low, high, n_points) if is_log else np.linspace(low, high, n_points)


def cells_along(optimizer: Any, name: str, n_cells: int) -> tuple[FloatArray, FloatArray]:
    """Return borders of cells along a numeric variable, increasing, and the value that each cell is asked at.

    Cells of a variable of few values are around these.
    """
    variable = variable_of(optimizer, name)
    values = values_along(optimizer, name, n_cells + 1)
    if getattr(variable, "values", None) is None and variable.type != "integer":
        is_log = getattr(variable, "scale", "linear") == "log"
        middles = np.sqrt(values[:-1] * values[1:]) if is_log else (values[:-1] + values[1:]) / 2
        return values, middles
    borders = (values[:-1] + values[1:]) / 2
    ends = values[0] - (borders[0] - values[0]), values[-1] + (values[-1] - borders[-1])
    return np.concatenate([[ends[0]], borders, [ends[1]]]), values
