"""Rows that come in batches, from anything that can be gone through again and again."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._array_rows import checked_block
from bnnopt.surrogates._columns import check_columns
from bnnopt.surrogates._table import Table, check_number_of_outputs

__all__ = ["BatchRows", "opened"]

INFINITE = -1  # what the `cardinality` of an endless tf.data set says


class Batch(NamedTuple):
    """One element of a stream: X and y with column names if they have them, weights or None."""

    X: Any
    y: Any
    weights: Any


class BatchRows:
    """Batches as blocks of rows, which are checked as they come.

    Parameters
    ----------
    batches : iterable
        Of (X, y) or (X, y, weights).
    first : Batch
        The first of them: later ones need its columns.
    """

    def __init__(self, batches: Iterable[Any], first: Batch) -> None:
        self._batches = batches
        self._form = _form(first)
        self.y = first.y[:0]
        self.n_outputs = self._form[1]

    def __iter__(self) -> Iterator[Table]:
        number = -1
        for number, element in enumerate(self._batches):
            batch = _batch(element, number)
            if _form(batch) != self._form:
                raise InvalidDataError(
                    f"Batch {number} (counted from 0) of the stream has other columns than the first: number "
                    f"of inputs and of outputs and their names, if any, are {_form(batch)}, not {self._form}."
                )
            yield _block(batch, number)
        if number < 0:
            raise InvalidDataError(
                "The stream gave no batch when it was gone through again. It must start anew each time."
            )


def opened(estimator: BaseEstimator, batches: Iterable[Any], *, is_first: bool) -> BatchRows:
    """Look at the first batch, and note or compare number and names of the columns on the estimator.

    Parameters
    ----------
    estimator : estimator
        As in `checked_table`.
    batches : iterable
        As given to `fit_stream`.
    is_first : bool
        Whether nothing was learned before.

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
    if not is_first:
        check_columns(getattr(estimator, "feature_names_in_", None), first.X)
    validate_data(estimator, first.X, reset=is_first, skip_check_array=True)
    rows = BatchRows(batches, first)
    if not is_first:
        check_number_of_outputs(rows.n_outputs, estimator.n_outputs_)
    return rows


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


def _batch(element: Any, number: int) -> Batch:
    """Take an element apart; what has no column names becomes an array."""
    if not isinstance(element, tuple | list) or len(element) not in (2, 3):
        kind = f"a {type(element).__name__}"
        if isinstance(element, tuple | list):
            kind += f" of {len(element)}"
        raise InvalidDataError(
            f"Batch {number} (counted from 0) of the stream must be (X, y) or (X, y, weights), got {kind}."
        )
    X, y, weights = map(_as_table, (*element, None)[:3])
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
    return Batch(X, y, weights)


def _as_table(values: Any) -> Any:
    return values if values is None or hasattr(values, "columns") else np.asarray(values)


def _form(batch: Batch) -> tuple[int, int, tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """Return number of inputs and outputs, and their names."""
    names = [tuple(each.columns) if hasattr(each, "columns") else None for each in (batch.X, batch.y)]
    return np.shape(batch.X)[1], 1 if np.ndim(batch.y) == 1 else np.shape(batch.y)[1], names[0], names[1]


def _block(batch: Batch, number: int) -> Table:
    what = f"Batch {number} (counted from 0) of the stream: "
    try:
        return checked_block(batch.X, batch.y, batch.weights, None, what=what)
    except InvalidDataError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"{what}{error}") from error
