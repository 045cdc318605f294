"""Cells as finite numbers: what is missing, text, a time or too much is refused where it enters, by its row.

Rows and columns of arrays are counted from 0; a DataFrame is spoken of by its own labels.
"""

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from bnnopt._tables import with_names
from bnnopt._typing import BoolArray, FloatArray
from bnnopt._validation import numeric_frame, refuse_rows
from bnnopt.exceptions import InvalidDataError

__all__ = [
    "LARGEST_DENSE",
    "as_dense",
    "check_table",
    "check_weights",
    "column_names",
    "finite_numbers",
    "numbers",
]

LARGEST_DENSE = 2**26
"""Numbers that a sparse X is turned into at most: half a GB."""

LARGEST_WEIGHT = 1e12
"""Of a row, and 1 by it the smallest: sums of weights, and noise by them, keep their digits."""

MOST_NAMED = 5  # rows in a message
TIMES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64, pd.Period)
WHAT_TO_DO = "Every value must be a finite number; remove these rows or correct them."
NO_TIMES = (
    "Give numbers in a unit of your choice, such as hours since the first: "
    "(t - t.min()) / numpy.timedelta64(1, 'h')."
)


def as_dense(X: Any) -> Any:
    """Return sparse rows as an array, as the encoders of scikit-learn give them; anything else as it is.

    Fields of a structured array, and columns in a mapping of names, become those of a table.

    Raises
    ------
    InvalidDataError
        The array would hold more than `LARGEST_DENSE` numbers.
    """
    if not sparse.issparse(X):
        is_named = isinstance(X, Mapping) or getattr(getattr(X, "dtype", None), "names", None) is not None
        return with_names(X) if is_named else X
    n_numbers = int(np.prod(X.shape, dtype=float))
    if n_numbers > LARGEST_DENSE:
        raise InvalidDataError(
            f"X is sparse and of shape {X.shape}: as an array, which is what is learned from, it would hold "
            f"{n_numbers:,} numbers, and {LARGEST_DENSE:,} are the limit. Make fewer columns (rare "
            "categories as one, TruncatedSVD), fit on batches of rows by fit_stream, or predict some rows at "
            "a time."
        )
    return X.toarray(order="C")


def check_weights(weights: FloatArray, name: str, start: int = 0) -> None:
    """Refuse weights of shape (n_rows,) that are no number of repeats; `start` is the number of the first."""
    is_bad = ~((weights == 0) | (weights >= 1 / LARGEST_WEIGHT) & (weights <= LARGEST_WEIGHT))
    if is_bad.any():
        row = int(np.argmax(is_bad))
        raise InvalidDataError(
            f"{name} must be 0 or from {1 / LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g}, got {weights[row]:g} in "
            f"row {start + row}. A weight counts as so many repeats of the row; 0 leaves it out."
        )


def check_table(table: Any, name: str) -> Any:
    """Refuse cells that are no finite numbers, by their labels or places; `name` is for the message.

    Returns
    -------
    DataFrame or ndarray
        Of numbers; a DataFrame from what has names of columns.
    """
    if isinstance(table, pd.Series):
        frame = table.to_frame(name if table.name is None else table.name)
        return _numbers_of_frame(frame, name).iloc[:, 0].to_numpy()
    if isinstance(table, pd.DataFrame):
        return _numbers_of_frame(table, name)
    names = column_names(table)
    if names is None:
        return finite_numbers(table, f"Input {name}")
    return pd.DataFrame({each: finite_numbers(table[each], f"{name}: column {each!r}") for each in names})


def column_names(table: Any) -> list[Any] | None:
    """Return the names of the columns of a table of pandas, polars or pyarrow; None if it has none."""
    names = getattr(table, "column_names", None)  # pyarrow, whose `columns` are the columns themselves
    names = getattr(table, "columns", None) if names is None else names
    return None if names is None else list(names)


def finite_numbers(values: Any, name: str, *, start: int = 0) -> np.ndarray:
    """Return an array of finite numbers, or raise `InvalidDataError` naming the rows at fault.

    Parameters
    ----------
    values : array-like
        Rows are the first axis.
    name : str
        What the values are, for messages.
    start : int, default=0
        Number of the first row among all.
    """
    array = numbers(values, name, start=start)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        is_nan = np.isnan(array)
        is_bad, came = (is_nan, "NaN") if is_nan.any() else (np.isinf(array), "infinity")
        raise InvalidDataError(f"{name} contains {came} in {_places(is_bad, start)}. {WHAT_TO_DO}")
    return array


def numbers(values: Any, name: str, *, start: int = 0) -> np.ndarray:
    """Return an array of numbers, which need not be finite; other kinds of cells are refused.

    Text that is a number is read. What NumPy has no numbers for, such as a dict, is left to NumPy to refuse;
    complex numbers stay as they are.

    Parameters
    ----------
    values, name, start
        As in `finite_numbers`.
    """
    if np.ma.is_masked(values):
        where = _places(np.ma.getmaskarray(values), start)
        raise InvalidDataError(f"{name} has masked values in {where}. {WHAT_TO_DO}")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InvalidDataError(f"{name} is no table of numbers: {error}. Give rows of one length.") from error
    if array.dtype == np.longdouble:
        array = _in_double(array)
    if array.dtype.kind in "mM":
        where = _places(np.ones(array.shape, dtype=bool), start)
        raise InvalidDataError(f"{name} has times or dates ({array.dtype}) in {where}. {NO_TIMES}")
    if array.dtype.kind in "fiubc":
        return array
    _check_cells(array, name, start)
    try:
        return array.astype(np.float64)
    except OverflowError as error:
        raise InvalidDataError(f"{name} has a whole number that no float can hold. {WHAT_TO_DO}") from error


def _check_cells(array: np.ndarray, name: str, start: int) -> None:
    """Refuse the first kind of cell that is no number, of an array of objects or text."""
    faults = np.array([_fault(cell) for cell in array.ravel()], dtype=object).reshape(array.shape)
    is_bad = np.asarray(faults != "", dtype=bool)
    if is_bad.any():
        first = faults[is_bad][0]
        where = _places(faults == first, start)
        cell = array[is_bad][0]
        remedy = NO_TIMES if first == _TIME else WHAT_TO_DO
        raise InvalidDataError(f"{name} has {first} in {where}: {cell!r:.60}. {remedy}")


_EMPTY, _TIME, _TEXT = "an empty value", "a time or date", "text where a number is needed"
_TIME_IN_A_TABLE = (
    "a time or date where a number is needed; convert it to numbers of one unit, such as hours,"
)


def _fault(cell: Any) -> str:
    """Say what is wrong with a cell; "" if it is a number, or something that NumPy knows better."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return _EMPTY
    if isinstance(cell, TIMES):
        return _TIME
    if isinstance(cell, str | bytes) and not _is_number(cell):
        return _TEXT
    return ""


def _in_double(array: np.ndarray) -> FloatArray:
    """Return numbers in double precision, those that are too large for it as infinite."""
    with np.errstate(over="ignore"):
        return array.astype(np.float64)


def _is_number(text: str | bytes) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _places(is_bad: Any, start: int) -> str:
    """Name the first cell, and more rows after it."""
    cells = np.argwhere(np.atleast_1d(is_bad))
    if not len(cells):
        return "no row"
    row, *rest = cells[0].tolist()
    column = f", column {rest[0]}" if rest else ""
    others = np.unique(cells[cells[:, 0] > row, 0]) + start
    named = ", ".join(map(str, others[:MOST_NAMED].tolist()))
    more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
    also = f", and in row(s) {named}{more}" if named else ""
    return f"row {row + start}{column}{also} (counted from 0)"


def _numbers_of_frame(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a DataFrame as floats, or name the column and the rows that are no finite numbers."""
    if any(dtype.kind == "c" for dtype in frame.dtypes):
        return frame
    for _, column in frame.items():
        refuse_rows(column, _is_time(column), name, _TIME_IN_A_TABLE)
    numbers = numeric_frame(frame, list(frame.columns), name, allow_flags=True)
    return pd.DataFrame(numbers, frame.index, frame.columns)


def _is_time(column: pd.Series) -> BoolArray:
    if column.dtype.kind in "mM" or isinstance(column.dtype, pd.PeriodDtype):
        return np.ones(len(column), dtype=bool)
    if column.dtype != object:
        return np.zeros(len(column), dtype=bool)
    return np.array([isinstance(cell, TIMES) and cell is not pd.NaT for cell in column], dtype=bool)


def as_columns(values: Any, name: str, start: int) -> FloatArray:
    """Return finite numbers as float64 columns, (n,) as (n, 1); see `finite_numbers`."""
    has_names = column_names(values) is not None
    checked = check_table(values, name) if has_names else finite_numbers(values, name, start=start)
    table = np.asarray(checked, dtype=np.float64)
    return table[:, None] if table.ndim == 1 else table
