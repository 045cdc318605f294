"""Predictions along single inputs, the others held as in given rows."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from bnnopt._estimators import require, whole
from bnnopt._tables import with_names
from bnnopt._typing import FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.metrics import sweep_roughness

__all__ = ["Sweep", "input_sweeps"]

Ranges = Mapping[Hashable, tuple[float, float]]


@dataclass(frozen=True)
class Sweep:
    """Predictions along one input, a curve for each row around which it was swept.

    Parameters
    ----------
    values : ndarray of shape (n_points,)
        The swept input, in its unit, increasing.
    predictions : ndarray of shape (n_sweeps, n_points) or (n_sweeps, n_points, n_outputs)
        In the unit of the outcome.
    """

    values: FloatArray
    predictions: FloatArray

    @property
    def roughness(self) -> float | FloatArray:
        """The `bnnopt.metrics.sweep_roughness` of the predictions."""
        return sweep_roughness(self.predictions)


def input_sweeps(
    estimator: Any, rows: Any, ranges: Ranges | None = None, *, n_points: int = 50
) -> dict[Hashable, Sweep]:
    """Predict along each input over its range, the others held as in each of the rows.

    Parameters
    ----------
    estimator : fitted regressor
        Anything with `predict(X)`.
    rows : array-like or DataFrame of shape (n_sweeps, n_features)
        The rows around which to sweep; the estimator is given arrays or DataFrames accordingly.
    ranges : mapping of feature to tuple (lower, upper), optional
        The features to sweep, by name (of an array: by number), and their ranges, lower < upper. Default:
        each column of numbers that varies over the rows, from its smallest to its largest value.
    n_points : int, default=50
        Points of a sweep, at least 3.

    Returns
    -------
    dict of feature to Sweep
        In the order of the features.

    Raises
    ------
    InvalidDataError
        There is no row or nothing to sweep, a range is not increasing and finite, or n_points is below 3.
    UnknownNameError
        `ranges` names a feature that the rows do not have.
    """
    rows = with_names(rows)
    frame = pd.DataFrame(rows)
    require(whole(3), n_points=n_points)
    if n_points < 3 or len(frame) == 0:
        raise InvalidDataError(
            f"A sweep needs at least 1 row and 3 points, got {len(frame)} row(s) and n_points={n_points!r}."
        )
    limits = varying_ranges(frame) if ranges is None else ranges
    grids = {name: _grid(frame, name, limits[name], n_points) for name in limits}
    if not grids:
        raise InvalidDataError("No column of numbers varies over the rows; give the ranges to sweep.")
    as_array = not isinstance(rows, pd.DataFrame)
    return {name: _sweep(estimator, frame, name, grid, as_array) for name, grid in grids.items()}


def varying_ranges(frame: pd.DataFrame) -> dict[Hashable, tuple[float, float]]:
    """Return the smallest and the largest value of each column of numbers that has two."""
    numbers = [
        name for name, kind in frame.dtypes.items() if is_numeric_dtype(kind) and not is_bool_dtype(kind)
    ]
    ranges = {name: (float(frame[name].min()), float(frame[name].max())) for name in numbers}
    return {name: (low, high) for name, (low, high) in ranges.items() if low < high}


def _grid(frame: pd.DataFrame, name: Hashable, limits: tuple[float, float], n_points: int) -> FloatArray:
    if name not in frame.columns:
        raise UnknownNameError(f"Unknown feature {name!r}. Known: {list(frame.columns)}.")
    low, high = numbers_of(limits, f"range of {name!r}")
    if not (np.isfinite([low, high]).all() and low < high):
        raise InvalidDataError(
            f"range of {name!r}: (lower, upper) with lower < upper was expected; {limits} came."
        )
    return np.linspace(low, high, n_points)


def _sweep(estimator: Any, frame: pd.DataFrame, name: Hashable, grid: FloatArray, as_array: bool) -> Sweep:
    table = frame.iloc[np.repeat(np.arange(len(frame)), len(grid))].reset_index(drop=True)
    table[name] = np.tile(grid, len(frame))
    predicted = np.asarray(estimator.predict(table.to_numpy() if as_array else table), dtype=float)
    return Sweep(grid, predicted.reshape(len(frame), len(grid), *predicted.shape[1:]))
