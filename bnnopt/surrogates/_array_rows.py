"""Rows that stay where they are, in an array or a memory-mapped file, and are read in blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, validate_data

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._many_rows import is_many
from bnnopt.surrogates._table import Table, check_number_of_outputs, checked_table

__all__ = ["ArrayRows", "checked_block", "checked_rows"]

ROWS_READ_AT_ONCE = 4096
NUMBERS = "fiub"  # kinds of arrays that are read as they are


@dataclass(frozen=True)
class ArrayRows:
    """Arrays as blocks of rows, which are checked as they are read.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
        Inputs of any real type, never copied as a whole.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Outputs.
    weights : ndarray of shape (n_rows,) or None
        Weights; 1 if None.
    noise_variance : ndarray of shape of `y` or (n_rows, n_outputs), or None
        Noise variances; 0 if None.
    """

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None = None
    noise_variance: np.ndarray | None = None

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return 1 if self.y.ndim == 1 else self.y.shape[1]

    def __iter__(self) -> Iterator[Table]:
        columns = (self.X, self.y, self.weights, self.noise_variance)
        for start in range(0, len(self.X), ROWS_READ_AT_ONCE):
            part = slice(start, start + ROWS_READ_AT_ONCE)
            yield checked_block(*(None if each is None else each[part] for each in columns), start=start)


def checked_rows(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None,
    noise_variance: ArrayLike | None,
    *,
    is_first: bool,
) -> Table | ArrayRows:
    """Check the data of a fit; many rows of arrays are not copied.

    Parameters
    ----------
    estimator, X, y, sample_weight, noise_variance, is_first
        As in `checked_table`.
    """
    if not (_is_plain(X, 2) and _is_plain(y, 1, 2) and X.shape[1] and is_many(len(X))):
        table = checked_table(estimator, X, y, sample_weight, noise_variance, is_first=is_first)
        return ArrayRows(*table) if is_many(len(table.X)) else table
    check_consistent_length(X, y)
    validate_data(estimator, X, y, reset=is_first, skip_check_array=True)
    weights = None if sample_weight is None else _as_weights(sample_weight, X)
    rows = ArrayRows(X, y, weights, _as_noise(noise_variance, y))
    if not is_first:
        check_number_of_outputs(rows.n_outputs, estimator.n_outputs_)
    return rows


def checked_block(X: Any, y: Any, weights: Any, noise: Any, *, start: int = 0, what: str = "Input ") -> Table:
    """Turn some rows into numbers, leave out those of weight 0, and refuse what cannot be reckoned with.

    Parameters
    ----------
    X : array-like of shape (n, n_features)
    y : array-like of shape (n,) or (n, n_outputs)
    weights : array-like of shape (n,) or None
        1 if None.
    noise : array-like of shape of `y` or (n, n_outputs), or None
        0 if None.
    start : int, default=0
        Number of the first row, for messages.
    what : str, default="Input "
        What the rows are part of, for messages.

    Raises
    ------
    InvalidDataError
        If a value is not a finite number, or a weight or variance is below 0; the message names the row.
    """
    inputs, outcomes = _numbers(X, f"{what}X", start), _numbers(y, f"{what}y", start)
    n_rows = len(inputs)
    of_rows = np.ones(n_rows) if weights is None else _numbers(weights, f"{what}sample_weight", start)[:, 0]
    variances = np.zeros_like(outcomes) if noise is None else _numbers(noise, f"{what}noise_variance", start)
    _refuse_negative(of_rows[:, None], f"{what}sample_weight", start)
    _refuse_negative(variances, f"{what}noise_variance", start)
    table = Table(inputs, outcomes, of_rows, variances)
    is_used = of_rows > 0
    return table if is_used.all() else Table(*(column[is_used] for column in table))


def _is_plain(table: Any, *n_axes: int) -> bool:
    return isinstance(table, np.ndarray) and table.dtype.kind in NUMBERS and table.ndim in n_axes


def _as_weights(sample_weight: ArrayLike, X: np.ndarray) -> np.ndarray:
    if _is_plain(sample_weight, 1):
        check_consistent_length(X, sample_weight)
        return np.asarray(sample_weight)
    return np.asarray(_check_sample_weight(sample_weight, X, allow_all_zero_weights=True))


def _as_noise(noise_variance: ArrayLike | None, y: np.ndarray) -> np.ndarray | None:
    if noise_variance is None:
        return None
    variances = np.asarray(noise_variance)
    by_column = (len(y), 1 if y.ndim == 1 else y.shape[1])
    if variances.shape != by_column and (variances.shape != by_column[:1] or by_column[1] > 1):
        raise InvalidDataError(
            f"noise_variance must have one value for each value of y, shape {y.shape}, got {variances.shape}."
        )
    return variances


def _numbers(values: Any, name: str, start: int) -> FloatArray:
    """Return finite numbers as float64 columns, or raise `InvalidDataError` naming row and column."""
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise InvalidDataError(
            f"{name} contains {_named(table[row, column])} in row {start + row}, column {column} (counted "
            "from 0). Every value must be a finite number; remove the row or correct it."
        )
    return table


def _named(value: float) -> str:
    return "NaN" if np.isnan(value) else "infinity"


def _refuse_negative(table: FloatArray, name: str, start: int) -> None:
    if (table < 0).any():
        row, column = np.argwhere(table < 0)[0]
        raise InvalidDataError(
            f"{name} must be finite and at least 0, got {table[row, column]} in row {start + row}."
        )
