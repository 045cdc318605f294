"""Predictions around one row: the arrays that the `from_estimator` constructors draw."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._estimators import require, whole
from bnnopt._tables import with_names
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError, UnknownNameError


@dataclass(frozen=True)
class BaseRow:
    """One row of settings, from which some are varied.

    Attributes
    ----------
    frame : DataFrame of shape (1, n_features)
    as_array : bool
        Whether the estimator is given arrays, as the row was, or DataFrames.
    """

    frame: pd.DataFrame
    as_array: bool

    def varied(self, changes: Mapping[Hashable, FloatArray]) -> pd.DataFrame:
        """Repeat the row, with the columns of `changes`, all of one length, in the place of its own."""
        n_rows = len(next(iter(changes.values())))
        rows = self.frame.iloc[np.zeros(n_rows, dtype=int)].reset_index(drop=True)
        for name, values in changes.items():
            if name not in rows.columns:
                raise UnknownNameError(f"Unknown feature {name!r}. Known: {list(rows.columns)}.")
            rows[name] = values
        return rows

    def predict(self, estimator: Any, rows: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        """Return the mean and the std of every output at `rows`, each of shape (n_rows, n_outputs)."""
        return predict_outputs(estimator, np.asarray(rows, dtype=float) if self.as_array else rows)


def base_row(row: Any, feature_names: Sequence[Hashable] | None = None) -> BaseRow:
    """Take one row as a Series, a DataFrame of one row, or an array of shape (n_features,).

    `feature_names` names the values of an array; without it they are called 0, 1, 2, ...
    """
    if isinstance(row, pd.Series):
        row = row.to_frame().T.infer_objects()
    row = with_names(row)
    if isinstance(row, pd.DataFrame):
        if len(row) != 1:
            raise InvalidDataError(f"row: one row was expected; a table of {len(row)} rows came.")
        return BaseRow(row, as_array=False)
    values = np.array(row, dtype=float).reshape(-1)
    names = range(len(values)) if feature_names is None else list(feature_names)
    if len(names) != len(values):
        raise InvalidDataError(
            f"row: {len(names)} values, one per feature name, were expected; {len(values)} came."
        )
    return BaseRow(pd.DataFrame([values], columns=names), as_array=True)


def spread(limits: tuple[float, float], n_points: int, name: Hashable) -> FloatArray:
    """Return `n_points` equally spaced values from the lower to the upper limit, both included."""
    low, high = numbers_of(limits, f"range of {name!r}")
    if not (np.isfinite([low, high]).all() and low < high):
        raise InvalidDataError(
            f"range of {name!r}: (lower, upper) with lower < upper was expected; {limits} came."
        )
    require(whole(2), n_points=n_points)
    return np.linspace(low, high, n_points)


def predict_outputs(estimator: Any, X: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the predicted mean and std of every output, each of shape (n_rows, n_outputs)."""
    mean, std = estimator.predict(X, return_std=True)
    mean, std = np.asarray(mean, dtype=float), np.asarray(std, dtype=float)
    return mean.reshape(len(mean), -1), std.reshape(len(std), -1)


def pick_output(values: FloatArray, output: int) -> FloatArray:
    """Return one output of an array of shape (n_rows, n_outputs), or raise `InvalidDataError`."""
    n_outputs = values.shape[1]
    require(whole(0), output=output)
    if output >= n_outputs:
        raise InvalidDataError(f"output: a number from 0 to {n_outputs - 1} was expected; {output} came.")
    return values[:, output]
