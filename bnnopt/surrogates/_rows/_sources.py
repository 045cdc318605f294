"""Many rows as blocks that are checked as they are read: of arrays, or batches that can be read again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._rows._numbers import as_columns, as_dense, check_weights
from bnnopt.surrogates._rows._rows import Rows

__all__ = ["ArraySource", "Batches", "first_batch", "is_plain"]

ROWS_READ_AT_ONCE = 4096
NUMBERS = "fiub"  # kinds of arrays that are read as they are
INFINITE = -1  # what the `cardinality` of an endless tf.data set says


def is_plain(table: Any, *n_axes: int) -> bool:
    """Tell whether something is an array of numbers with so many axes."""
    return isinstance(table, np.ndarray) and table.dtype.kind in NUMBERS and table.ndim in n_axes


@dataclass(frozen=True)
class ArraySource:
    """Arrays, memory-mapped or not, that are never copied as a whole.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    weights : ndarray of shape (n_rows,) or None
        1 if None.
    noise_variance : ndarray of shape of `y` or (n_rows, n_outputs), or None
        0 if None.
    """

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None = None
    noise_variance: np.ndarray | None = None

    def __iter__(self) -> Iterator[Rows]:
        columns = (self.X, self.y, self.weights, self.noise_variance)
        for start in range(0, len(self.X), ROWS_READ_AT_ONCE):
            part = slice(start, start + ROWS_READ_AT_ONCE)
            yield _checked_block(*(None if each is None else each[part] for each in columns), start=start)


class _Batch(NamedTuple):
    """One element of a stream: X and y with column names if they have them, weights or None."""

    X: Any
    y: Any
    weights: Any


class Batches:
    """Batches as blocks of rows.

    Parameters
    ----------
    batches : iterable
        Of (X, y) or (X, y, weights).
    first : _Batch
        The first of them: later ones need its columns.

    Attributes
    ----------
    X : array of shape (n, n_features) or DataFrame
        Inputs of the first batch.
    y : array of shape (0,) or (0, n_outputs), or DataFrame
        No rows; the columns of the outputs.
    n_outputs : int
        Their number.
    """

    def __init__(self, batches: Iterable[Any], first: _Batch) -> None:
        self._batches = batches
        self._form = _form(first)
        self.X, self.y = first.X, first.y[:0]
        self.n_outputs = self._form[1]

    def __iter__(self) -> Iterator[Rows]:
        number, n_before = -1, 0
        for number, element in enumerate(self._batches):
            batch = _batch(element, number)
            if _form(batch) != self._form:
                raise InvalidDataError(
                    f"Batch {number} (counted from 0) of the stream has other columns than the first: number "
                    f"of inputs and of outputs and their names, if any, are {_form(batch)}, not {self._form}."
                )
            yield _rows_of_batch(batch, number, n_before)
            n_before += len(batch.X)
        if number < 0:
            raise InvalidDataError(
                "The stream gave no batch when it was gone through again. It must start anew each time."
            )


def _checked_block(X: Any, y: Any, weights: Any, noise: Any, *, start: int, what: str = "Input ") -> Rows:
    """Turn some rows into numbers, leave out those of weight 0, and refuse what cannot be reckoned with.

    Parameters
    ----------
    X, y, weights, noise : array-like
        As in `ArraySource`.
    start : int
        Number of the first row among all.
    what : str, default="Input "
        What the rows are part of, for messages.
    """
    inputs, outcomes = as_columns(X, f"{what}X", start), as_columns(y, f"{what}y", start)
    n_rows = len(inputs)
    of_rows = np.ones(n_rows) if weights is None else as_columns(weights, f"{what}sample_weight", start)[:, 0]
    variances = (
        np.zeros_like(outcomes) if noise is None else as_columns(noise, f"{what}noise_variance", start)
    )
    check_weights(of_rows, f"{what}sample_weight", start)
    _refuse_negative(variances, f"{what}noise_variance", start)
    rows = Rows.of(inputs, outcomes, of_rows, variances, first=start)
    return rows if (of_rows > 0).all() else rows.only(of_rows > 0)


def _refuse_negative(table: FloatArray, name: str, start: int) -> None:
    if (table < 0).any():
        row, column = np.argwhere(table < 0)[0]
        raise InvalidDataError(
            f"{name} must be finite and at least 0, got {table[row, column]} in row {start + row}."
        )


def first_batch(batches: Any) -> Batches:
    """Look at the first batch, and return all of them as blocks of rows.

    Raises
    ------
    InvalidDataError
        If there is no batch, or the batches can be gone through only once or never end.
    TypeError
        If it is not an iterable.
    """
    _check_can_be_read_again(batches)
    first = next((_batch(element, 0) for element in batches), None)
    if first is None:
        raise InvalidDataError(
            "The stream is empty: it must give at least one batch (X, y), each time it is gone through."
        )
    return Batches(batches, first)


def _check_can_be_read_again(batches: Any) -> None:
    if not hasattr(batches, "__iter__"):
        raise TypeError(
            "batches must be a tf.data set or another iterable of (X, y) or (X, y, weights), got "
            f"{type(batches).__name__}."
        )
    if iter(batches) is batches:
        raise InvalidDataError(
            f"The stream, a {type(batches).__name__}, can be gone through only once, but is needed several "
            "times. Give an object whose __iter__ starts anew each time, such as a list or a tf.data set."
        )
    cardinality = getattr(batches, "cardinality", None)
    if callable(cardinality) and int(cardinality()) == INFINITE:
        raise InvalidDataError("The stream never ends. Leave out .repeat(), or add .take(n).")


def _batch(element: Any, number: int) -> _Batch:
    """Take an element apart; what has no column names becomes an array."""
    if not isinstance(element, tuple | list) or len(element) not in (2, 3):
        kind = f"a {type(element).__name__}"
        if isinstance(element, tuple | list):
            kind += f" of {len(element)}"
        raise InvalidDataError(
            f"Batch {number} (counted from 0) of the stream must be (X, y) or (X, y, weights), got {kind}."
        )
    X, y, weights = map(_as_table, (as_dense(element[0]), *element[1:], None)[:3])
    n_rows = len(X) if np.ndim(X) == 2 and np.shape(X)[1] else -1
    if (
        np.ndim(y) not in (1, 2)
        or len(y) != n_rows
        or (weights is not None and np.shape(weights) != (n_rows,))
    ):
        shapes = ", ".join(str(np.shape(each)) for each in element)
        raise InvalidDataError(
            f"Batch {number} (counted from 0) of the stream must have the shapes (n, n_features), (n,) or "
            f"(n, n_outputs) and, with weights, (n,); got {shapes}. Batch single rows, e.g. by .batch(1024)."
        )
    return _Batch(X, y, weights)


def _as_table(values: Any) -> Any:
    is_kept = values is None or hasattr(values, "columns") or isinstance(values, np.ma.MaskedArray)
    return values if is_kept else np.asarray(values)


def _form(batch: _Batch) -> tuple[int, int, tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """Return number of inputs and outputs, and their names."""
    names = [tuple(each.columns) if hasattr(each, "columns") else None for each in (batch.X, batch.y)]
    return np.shape(batch.X)[1], 1 if np.ndim(batch.y) == 1 else np.shape(batch.y)[1], names[0], names[1]


def _rows_of_batch(batch: _Batch, number: int, n_before: int) -> Rows:
    what = f"Batch {number} (counted from 0) of the stream: "
    try:
        rows = _checked_block(batch.X, batch.y, batch.weights, None, start=0, what=what)
    except InvalidDataError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"{what}{error}") from error
    return replace(rows, places=rows.places + n_before)
