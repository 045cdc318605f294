"""Values and changes of single variables: within their ranges, and as they can be set."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._estimators import real, require, whole
from bnnopt._typing import BoolArray, FloatArray
from bnnopt._validation import lookup
from bnnopt.exceptions import InvalidDataError
from bnnopt.space import SearchSpace, Variable

__all__ = ["around", "cells_along", "is_allowed", "stepped", "values_along", "variable_of", "varied"]

SHARE = 0.05  # of the range, to both sides of a value


def variable_of(space: SearchSpace, name: Hashable, kind: str = "setting that is a number,") -> Variable:
    """Return a variable that is a number, or raise `UnknownNameError`."""
    known = {each.name: each for each in space.variables if each.name in space.ranges}
    return lookup(known, str(name), kind)


def varied(row: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """Return a recipe once for each value of some variables, all of one length."""
    rows = row.iloc[np.zeros(len(next(iter(values.values()))), dtype=int)].reset_index(drop=True)
    for name, column in values.items():
        rows[name] = column
    return rows


def is_allowed(space: SearchSpace, rows: pd.DataFrame) -> BoolArray:
    """Return whether rows keep the constraints between settings, shape (n_rows,)."""
    flags = np.ones(len(rows), dtype=bool)
    for constraint in space.constraints:
        flags &= constraint.is_satisfied(rows)
    return flags


def values_along(space: SearchSpace, name: str, n_points: int) -> FloatArray:
    """Return values of a variable from its lower to its upper end: those that can be set, if they are few.

    Parameters
    ----------
    space : SearchSpace
        With a range for each number, see `SearchSpace.with_observed_context`.
    name : str
        A variable that is a number.
    n_points : int
        Values wanted, at least 2; on a log scale their ratios are equal. Whole numbers and lists give no more
        than they have.

    Returns
    -------
    ndarray of shape (at most n_points,) or, of a list, (n_values,)
        Increasing, in the unit of the variable.

    Raises
    ------
    InvalidDataError
        n_points is below 2.
    UnknownNameError
        There is no such variable that is a number.
    """
    require(whole(2), n_points=n_points)
    variable = variable_of(space, name)
    values = getattr(variable, "values", None)
    if values is not None:
        return np.array(sorted(values), dtype=float)
    low, high = space.ranges[name]
    if variable.type == "integer":
        return np.unique(np.linspace(low, high, n_points).round())
    return np.geomspace(low, high, n_points) if _is_log(variable) else np.linspace(low, high, n_points)


def cells_along(space: SearchSpace, name: str, n_cells: int) -> tuple[FloatArray, FloatArray]:
    """Return borders of cells along a variable, and the value that each cell is asked at.

    Parameters
    ----------
    space : SearchSpace
        As in `values_along`.
    name : str
        A variable that is a number.
    n_cells : int
        Cells wanted, at least 1; a variable of few values has one around each.

    Returns
    -------
    edges : ndarray of shape (n_cells + 1,)
        Increasing, in the unit of the variable.
    values : ndarray of shape (n_cells,)
        Increasing, in the unit of the variable.

    Raises
    ------
    UnknownNameError
        There is no such variable that is a number.
    """
    require(whole(1), n_cells=n_cells)
    values, variable = values_along(space, name, n_cells + 1), variable_of(space, name)
    if getattr(variable, "values", None) is None and variable.type != "integer":
        between = np.sqrt(values[:-1] * values[1:]) if _is_log(variable) else (values[:-1] + values[1:]) / 2
        return values, between
    borders = (values[:-1] + values[1:]) / 2
    ends = values[0] - (borders[0] - values[0]), values[-1] + (values[-1] - borders[-1])
    return np.concatenate([[ends[0]], borders, [ends[1]]]), values


def around(space: SearchSpace, row: pd.DataFrame, name: str, share: float = SHARE) -> tuple[float, float]:
    """Return a little less and a little more than the value of a row, within the range and as it can be set.

    `share` is how far to go to each side, of the range, on a log scale of the range of the logarithms. A grid
    of steps is left by two of them at least, a list of values by one of them.
    """
    variable, now = variable_of(space, name), float(row[name].iloc[0])
    lowest, highest = space.ranges[name]
    values = getattr(variable, "values", None)
    if values is not None:
        known = sorted(values)
        place = int(np.argmin(np.abs(np.array(known) - now)))
        return float(known[max(place - 1, 0)]), float(known[min(place + 1, len(known) - 1)])
    low, high = _both_sides(variable, now, lowest, highest, share)
    low, high = max(low, min(lowest, now)), min(high, max(highest, now))
    if variable.type == "integer":
        return float(np.floor(low)), float(np.ceil(high))
    return _settable(space, row, name, low, high)


def stepped(space: SearchSpace, row: pd.DataFrame, name: str, step: float) -> tuple[float, float]:
    """Return the value of a row and the value a step away, turned round where the range ends."""
    variable, now = variable_of(space, name), float(row[name].iloc[0])
    lowest, highest = space.ranges[name]
    if not real(-np.inf).accepts(step) or step == 0 or (variable.type == "integer" and step != round(step)):
        kind = "a whole number other than 0" if variable.type == "integer" else "a finite number other than 0"
        raise InvalidDataError(f"steps: {kind} was expected for {name!r}; {step} came.")
    for end in (now + step, now - step):
        if lowest <= end <= highest:
            return now, end
    raise InvalidDataError(
        f"steps: a step of {step:g} from {name} = {now:g} leaves its range from {lowest:g} to {highest:g} "
        "either way; give a smaller one."
    )


def _both_sides(
    variable: Variable, now: float, lowest: float, highest: float, share: float
) -> tuple[float, float]:
    if _is_log(variable):
        factor = (highest / lowest) ** share
        return now / factor, now * factor
    grid = getattr(variable, "grid", None)
    half = max(share * (highest - lowest), 2 * grid.half_step if grid else 0.0)
    return now - half, now + half


def _settable(
    space: SearchSpace, row: pd.DataFrame, name: str, low: float, high: float
) -> tuple[float, float]:
    """Return two values on the grid of a variable, or as they are where it has none."""
    if name not in space.stepped_names:
        return low, high
    ends = space.rounded(varied(row, {name: [low, high]}))[name]
    return float(ends.iloc[0]), float(ends.iloc[1])


def _is_log(variable: Variable) -> bool:
    return getattr(variable, "scale", "linear") == "log"
