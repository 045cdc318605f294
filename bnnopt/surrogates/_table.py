"""Checks at the door of the estimator: X, y and the weights of the rows."""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight, validate_data

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._columns import check_cells, check_columns

__all__ = [
    "Table",
    "check_collected",
    "check_number_of_outputs",
    "check_span",
    "checked_inputs",
    "checked_table",
    "output_names",
]

LARGEST_SPAN = 1e150


class Table(NamedTuple):
    """Checked data, all float64: X (n, n_features), y and noise_variance (n, n_outputs), weights (n,)."""

    X: FloatArray
    y: FloatArray
    weights: FloatArray
    noise_variance: FloatArray


def checked_table(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None,
    noise_variance: ArrayLike | None = None,
    *,
    is_first: bool,
) -> Table:
    """Check the data of a fit, and note or compare number and names of the columns on the estimator.

    Parameters
    ----------
    estimator : estimator
        Gets `n_features_in_` and `feature_names_in_` in the first fit; later data are compared with them.
    X, y, sample_weight, noise_variance
        As given to `fit`.
    is_first : bool
        Whether nothing was learned before. Then at least 2 rows are needed, else 1.
    """
    if sparse.issparse(y):
        raise TypeError("Sparse data was passed for y, but dense data is required. Use y.toarray().")
    if not is_first:
        check_columns(getattr(estimator, "feature_names_in_", None), X)
    check_cells(X, "X")
    check_cells(y, "y")
    n_needed = 2 if is_first else 1
    rows, outcomes = validate_data(
        estimator,
        X,
        y,
        reset=is_first,
        multi_output=True,
        y_numeric=True,
        dtype=np.float64,
        ensure_min_samples=n_needed,
    )
    targets = np.asarray(outcomes, dtype=np.float64).reshape(len(rows), -1)
    if not is_first:
        check_number_of_outputs(targets.shape[1], estimator.n_outputs_)
    _check_spread(rows, "X")
    _check_spread(targets, "y")
    weights = _checked_weights(sample_weight, rows, n_needed)
    return Table(rows, targets, weights, _checked_noise(noise_variance, targets))


def check_collected(table: Table, *, is_first: bool) -> Table:
    """Return a table of checked rows of weight above 0, if they are enough and not too far apart."""
    n_needed = 2 if is_first else 1
    if len(table.X) < n_needed:
        raise InvalidDataError(f"At least {n_needed} row(s) need a weight above zero, got {len(table.X)}.")
    _check_spread(table.X, "X")
    _check_spread(table.y, "y")
    return table


def checked_inputs(estimator: BaseEstimator, X: Any) -> FloatArray:
    """Check the rows of a prediction against the columns of fitting."""
    check_columns(getattr(estimator, "feature_names_in_", None), X)
    check_cells(X, "X")
    return validate_data(estimator, X, reset=False, dtype=np.float64)


def output_names(y: Any) -> np.ndarray | None:
    """Return the column names of a DataFrame as an array of objects; None if y has none, or not of text."""
    names = list(getattr(y, "columns", []))
    if not names or not all(isinstance(name, str) for name in names):
        return None
    return np.asarray(names, dtype=object)


def check_number_of_outputs(n_outputs: int, n_learned: int) -> None:
    """Refuse outputs of another number than those learned before."""
    if n_outputs != n_learned:
        raise InvalidDataError(
            f"y has {n_outputs} output(s), but the training that goes on had {n_learned}. Give the same "
            "outputs, or fit a new estimator."
        )


def _check_spread(values: FloatArray, name: str) -> None:
    """Refuse columns whose squared deviations would overflow."""
    with np.errstate(over="ignore"):
        check_span(values.max(axis=0) - values.min(axis=0), name)


def check_span(spans: FloatArray, name: str) -> None:
    """Refuse ranges of columns, shape (n_columns,), whose squares would overflow."""
    if (spans > LARGEST_SPAN).any():
        column = int(np.argmax(spans > LARGEST_SPAN))
        raise InvalidDataError(
            f"{name}: the values of column {column} are further apart than can be reckoned with "
            f"({spans[column]:.3g}, at most {LARGEST_SPAN:.0e}). Use a larger unit."
        )


def _checked_weights(sample_weight: ArrayLike | None, X: FloatArray, n_needed: int) -> FloatArray:
    weights = np.asarray(_check_sample_weight(sample_weight, X, allow_all_zero_weights=True), dtype=float)
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise InvalidDataError(
            f"sample_weight must be at least 0, got {weights[row]} in row {row}. "
            "A weight counts as so many repeats of the row; 0 leaves it out."
        )
    n_used = int(np.count_nonzero(weights))
    if n_used < n_needed:
        raise InvalidDataError(
            f"sample_weight is zero for too many rows: at least {n_needed} of {len(weights)} need a weight "
            f"above zero, got {n_used}."
        )
    return weights


def _checked_noise(noise_variance: ArrayLike | None, y: FloatArray) -> FloatArray:
    """Return the noise variance of each value of y, zeros if none was given."""
    if noise_variance is None:
        return np.zeros_like(y)
    variances = np.asarray(noise_variance, dtype=float)
    if variances.ndim == 1 and y.shape[1] == 1:
        variances = variances[:, None]
    if variances.shape != y.shape:
        raise InvalidDataError(
            f"noise_variance must have one value for each value of y, shape {y.shape}, got {variances.shape}."
        )
    is_bad = ~(np.isfinite(variances) & (variances >= 0))
    if is_bad.any():
        row = int(np.argmax(is_bad.any(axis=1)))
        raise InvalidDataError(
            f"noise_variance must be finite and at least 0, got {variances[row].tolist()} in row {row}. Give "
            "the squared standard error of each measurement, 0 where it is not known."
        )
    return variances
