"""Checks of what comes in: X, y, weights and known noise of a fit, and the rows of a prediction."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_consistent_length, validate_data

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._rows._blocks import read_rows
from bnnopt.surrogates._rows._numbers import as_dense, check_table, check_weights, column_names, numbers
from bnnopt.surrogates._rows._rows import LARGEST_TABLE, Rows, check_enough, check_spans
from bnnopt.surrogates._rows._sources import ArraySource, Batches, first_batch, is_plain

__all__ = [
    "check_arrays",
    "check_fit_data",
    "check_number_of_outputs",
    "check_rows",
    "checked_noise",
    "checked_weights",
    "number_of_axes",
    "open_batches",
    "output_names",
]

FARTHEST = 1e30  # from the rows of a fit, in units of their range: squares and cubes of it are numbers


def check_fit_data(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None = None,
    noise_variance: ArrayLike | None = None,
    *,
    is_first: bool = True,
    may_stay: bool = True,
) -> Rows:
    """Check the data of a fit, and note or compare number and names of the columns on the estimator.

    Parameters
    ----------
    estimator : estimator
        Gets `n_features_in_` and `feature_names_in_` in the first fit; later data are compared with them.
    X, y, sample_weight, noise_variance
        As given to `fit`.
    is_first : bool, default=True
        Whether nothing was learned before. Then at least 2 rows are needed, else 1.
    may_stay : bool, default=True
        Whether more than `LARGEST_TABLE` rows stay where they are, and are not copied where they are arrays.

    Returns
    -------
    Rows
        Distinct ones; or a sample of many, with their stream.
    """
    X, n_needed = as_dense(X), 2 if is_first else 1
    _refuse_sparse(y)
    if may_stay and is_plain(X, 2) and is_plain(y, 1, 2) and X.shape[1] and len(X) > LARGEST_TABLE:
        check_consistent_length(X, y)
        validate_data(estimator, X, y, reset=is_first, skip_check_array=True)
        weights = None if sample_weight is None else _weights(sample_weight, len(X))
        source = ArraySource(X, y, weights, _noise_as_given(noise_variance, y))
        return _noted(estimator, read_rows(source, n_needed), is_first)
    inputs, outcomes = check_arrays(estimator, X, y, is_first=is_first, n_needed=n_needed)
    weights = checked_weights(sample_weight, len(inputs), n_needed)
    noise = checked_noise(noise_variance, outcomes)
    if may_stay and len(inputs) > LARGEST_TABLE:
        return read_rows(ArraySource(inputs, outcomes, weights, noise), n_needed)
    return Rows.of(inputs, outcomes, weights, noise).distinct()


def open_batches(
    estimator: BaseEstimator, batches: Iterable[Any], *, is_first: bool = True
) -> tuple[Rows, Batches]:
    """Look at the first batch, note or compare its columns on the estimator, and read the rows.

    Parameters
    ----------
    estimator : estimator
        As in `check_fit_data`.
    batches : iterable
        As given to `fit_stream`.
    is_first : bool, default=True
        Whether nothing was learned before.

    Returns
    -------
    rows : Rows
        As from `check_fit_data`: distinct ones, or a sample of many with their stream.
    source : Batches

    Raises
    ------
    InvalidDataError
        If there is no batch, or the batches can be gone through only once or never end.
    TypeError
        If it is not an iterable.
    """
    source = first_batch(batches)
    if not is_first:
        _check_columns(getattr(estimator, "feature_names_in_", None), source.X)
    validate_data(estimator, source.X, reset=is_first, skip_check_array=True)
    return _noted(estimator, _read_batches(source, 2 if is_first else 1), is_first), source


def _read_batches(source: Batches, n_needed: int) -> Rows:
    """Collect rows up to a table that can be sorted, or read them where they are."""
    parts, n_rows = [], 0
    for rows in source:
        parts.append(rows)
        n_rows += len(rows)
        if n_rows > LARGEST_TABLE:
            return read_rows(source, n_needed)
    table = Rows.joined(parts)
    check_enough(len(table), n_needed)
    check_spans(table.X.min(axis=0), table.X.max(axis=0), "X")
    check_spans(table.y.min(axis=0), table.y.max(axis=0), "y")
    return table.distinct()


def check_rows(estimator: BaseEstimator, X: Any) -> FloatArray:
    """Check the rows of a prediction against the columns of fitting; float64 of shape (n, n_features).

    Numbers in an array of the right shape need no closer look, which an optimizer asks for often. Rows lie
    one after another in memory whatever form they came in, so that sums are taken in one order.
    """
    names = getattr(estimator, "feature_names_in_", None)
    X = as_dense(X)
    is_plain_row = type(X) is np.ndarray and X.dtype == np.float64 and X.ndim == 2 and len(X) > 0
    if names is None and is_plain_row and X.shape[1] == estimator.n_features_in_ and _is_near(estimator, X):
        return np.ascontiguousarray(X)
    _check_columns(names, X)
    table = check_table(X, "X")
    rows = np.asarray(validate_data(estimator, table, reset=False, dtype=np.float64, order="C"))
    if not _is_near(estimator, rows):
        _refuse_far(estimator, rows)
    return rows


def _noted(estimator: BaseEstimator, rows: Rows, is_first: bool) -> Rows:
    """Note on the estimator how far from the rows of a first fit those of a prediction may be."""
    if is_first:
        _note_limits(estimator, rows.x.lower, rows.x.upper)
    return rows


def _note_limits(estimator: BaseEstimator, lower: FloatArray, upper: FloatArray) -> None:
    span = np.where(upper > lower, upper - lower, 1.0)
    largest = np.finfo(float).max
    with np.errstate(over="ignore"):
        limits = lower - FARTHEST * span, upper + FARTHEST * span
    estimator._limits_of_inputs = tuple(np.clip(limits, -largest, largest))


def _is_near(estimator: BaseEstimator, X: FloatArray) -> bool:
    """Tell whether all values are within the limits, which NaN is not."""
    lower, upper = estimator._limits_of_inputs
    return bool(((lower <= X) & (upper >= X)).all())


def _refuse_far(estimator: BaseEstimator, X: FloatArray) -> None:
    lower, upper = estimator._limits_of_inputs
    row, column = np.argwhere((lower > X) | (upper < X))[0]
    raise InvalidDataError(
        f"Input X has {X[row, column]:g} in row {row}, column {column} (counted from 0), which is further "
        f"from the rows of the fit than {FARTHEST:.0e} times their range. Predict nearer rows, or check the "
        "unit."
    )


def check_number_of_outputs(n_outputs: int, n_learned: int) -> None:
    """Refuse outputs of another number than those learned before."""
    if n_outputs != n_learned:
        raise InvalidDataError(
            f"y has {n_outputs} output(s), but the training that goes on had {n_learned}. Give the same "
            "outputs, or set warm_start=False and fit anew."
        )


def number_of_axes(y: Any) -> int:
    """Return the number of axes of outputs in any form."""
    own = getattr(y, "ndim", None)
    return int(np.asarray(y).ndim if own is None else own)


def output_names(y: Any) -> np.ndarray | None:
    """Return the column names of a table as an array of objects; None if y has none, or not of text."""
    names = column_names(y) or []
    if not names or not all(isinstance(name, str) for name in names):
        return None
    return np.asarray(names, dtype=object)


def check_arrays(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    *,
    is_first: bool = True,
    n_needed: int = 2,
    multi_output: bool = True,
) -> tuple[FloatArray, FloatArray]:
    """Check X and y of a fit that is small, row by row as they are.

    Parameters
    ----------
    estimator, X, y, is_first
        As in `check_fit_data`.
    n_needed : int, default=2
        Fewest rows.
    multi_output : bool, default=True
        Whether y may have several columns.

    Returns
    -------
    inputs, outcomes : ndarray of shape (n_rows, n_features) and (n_rows, n_outputs), float64
    """
    X = as_dense(X)
    _refuse_sparse(y)
    if not is_first:
        _check_columns(getattr(estimator, "feature_names_in_", None), X)
    inputs, outcomes = validate_data(
        estimator,
        check_table(X, "X"),
        y if y is None else check_table(y, "y"),
        reset=is_first,
        multi_output=multi_output,
        y_numeric=True,
        dtype=np.float64,
        order="C",
        ensure_min_samples=n_needed,
    )
    targets = np.asarray(outcomes, dtype=np.float64).reshape(len(inputs), -1)
    check_spans(inputs.min(axis=0), inputs.max(axis=0), "X")
    check_spans(targets.min(axis=0), targets.max(axis=0), "y")
    if is_first:
        _note_limits(estimator, inputs.min(axis=0), inputs.max(axis=0))
    return inputs, targets


def _refuse_sparse(y: Any) -> None:
    if sparse.issparse(y):
        raise TypeError("Sparse data was passed for y, but dense data is required. Use y.toarray().")


def _check_columns(fitted: Any, X: Any) -> None:
    """Refuse a DataFrame that has the columns of fitting in another order, and say which moved."""
    came = column_names(X)
    if fitted is None or came is None:
        return
    expected = list(fitted)
    if came == expected or set(came) != set(expected) or len(came) != len(expected):
        return  # scikit-learn's own check names the missing and the unknown ones
    moved = [name for name, other in zip(came, expected, strict=True) if name != other]
    raise ValueError(
        "The feature names should match those that were passed during fit.\n"
        "Feature names must be in the same order as they were in fit.\n"
        f"Out of order: {moved}; expected {expected}, got {came}. "
        "Reorder with X[list(model.feature_names_in_)].\n"
    )


def _weights(sample_weight: ArrayLike, n_rows: int) -> FloatArray:
    """Return weights as numbers, one for each row."""
    weights = numbers(sample_weight, "sample_weight")
    if weights.ndim == 0:
        weights = np.full(n_rows, float(weights))
    if weights.shape != (n_rows,):
        raise InvalidDataError(
            f"sample_weight must have one number for each row, shape ({n_rows},), got {weights.shape}."
        )
    return weights


def checked_weights(sample_weight: ArrayLike | None, n_rows: int, n_needed: int) -> FloatArray:
    """Return the weights of rows, 1 where none were given; so many have to be above 0."""
    if sample_weight is None:
        return np.ones(n_rows)
    weights = np.asarray(_weights(sample_weight, n_rows), dtype=np.float64)
    check_weights(weights, "sample_weight")
    n_used = int(np.count_nonzero(weights))
    if n_used < n_needed:
        raise InvalidDataError(
            f"sample_weight is zero for too many rows: at least {n_needed} of {n_rows} need a weight above "
            f"zero, got {n_used}."
        )
    return weights


def _noise_as_given(noise_variance: ArrayLike | None, y: np.ndarray) -> np.ndarray | None:
    """Return known noise that fits y in shape, and is not copied."""
    if noise_variance is None:
        return None
    variances = numbers(noise_variance, "noise_variance")
    by_column = (len(y), 1 if y.ndim == 1 else y.shape[1])
    if variances.shape != by_column and (variances.shape != by_column[:1] or by_column[1] > 1):
        raise InvalidDataError(
            f"noise_variance must have one value for each value of y, shape {y.shape}, got {variances.shape}."
        )
    return variances


def checked_noise(noise_variance: ArrayLike | None, y: FloatArray) -> FloatArray | None:
    """Return known noise of the shape of y, (n_rows, n_outputs); None where none was given."""
    if noise_variance is None:
        return None
    variances = np.asarray(numbers(noise_variance, "noise_variance"), dtype=float)
    given = y[:, 0] if variances.ndim == 1 and y.shape[1] == 1 else y
    _noise_as_given(variances, given)
    variances = variances.reshape(y.shape)
    is_bad = ~(np.isfinite(variances) & (variances >= 0))
    if is_bad.any():
        row = int(np.argmax(is_bad.any(axis=1)))
        raise InvalidDataError(
            f"noise_variance must be finite and at least 0, got {variances[row].tolist()} in row {row}. Give "
            "the squared standard error of each measurement, 0 where it is not known."
        )
    return variances
