"""Tables with names, of whatever library, as pandas tables: by name, never by position."""

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from bnnopt._tables._cells import inferred
from bnnopt.exceptions import InvalidDataError

__all__ = ["as_named", "with_columns", "with_names"]


def as_named(values: Any) -> pd.DataFrame | None:
    """Return whatever has names as a pandas table, and None for what has none.

    Parameters
    ----------
    values : object
        Named are tables that narwhals knows (pandas, polars, pyarrow and others) and other Arrow tables,
        arrays with named fields, a mapping of names to columns or to the cells of one row, one named tuple,
        and a sequence of rows each of which is a mapping, a named tuple or a Series. A single Series is not
        looked at: whether its labels are names of columns or of rows, the caller knows.

    Raises
    ------
    InvalidDataError
        When it has names that cannot be read.
    """
    if isinstance(values, pd.DataFrame):
        return values
    if isinstance(values, np.ndarray | np.void):
        return _of_fields(values)
    if isinstance(values, Mapping):
        return _of_mapping(values)
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return _of_rows([values] if hasattr(values, "_fields") else values)
    return _of_library(values)


def with_names(values: Any) -> Any:
    """Return whatever has names as a pandas table, see `as_named`, and all else as it is."""
    table = as_named(values)
    return values if table is None else table


def _of_mapping(values: Mapping[Any, Any]) -> pd.DataFrame:
    columns = {name: _column(cells) for name, cells in values.items()}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidDataError(f"Expected columns of one length, got {lengths}; give each the same rows.")
    return pd.DataFrame(columns)


def _column(cells: Any) -> pd.Series:
    """Return one column, its cells as they are; one cell is a column of one."""
    column = nw.from_native(cells, pass_through=True, series_only=True)
    if isinstance(column, nw.Series):
        return _as_series(column)
    if isinstance(cells, str) or not hasattr(cells, "__iter__") or not _has_axis(cells):
        return pd.Series([cells])
    if hasattr(cells, "to_pylist"):  # an array of pyarrow
        cells = cells.to_pylist()
    if isinstance(cells, np.ndarray):
        return pd.Series(cells if cells.ndim == 1 else list(cells))
    return inferred(pd.Series(list(cells), dtype=object))


def _has_axis(cells: Any) -> bool:
    """Tell whether cells are several, of any lengths."""
    try:
        return np.ndim(cells) > 0
    except ValueError:  # lists of unlike lengths
        return True


def _of_fields(values: Any) -> pd.DataFrame | None:
    """Return an array with named fields; a masked cell is an empty one."""
    if values.dtype.names is None:
        return None
    cells = np.atleast_1d(values).ravel()
    columns = {name: np.ma.getdata(cells[name]) for name in values.dtype.names}
    wide = [name for name, column in columns.items() if column.ndim > 1 or column.dtype.names]
    if wide:
        raise InvalidDataError(f"Field(s) {wide} have several numbers each; give each number a name.")
    return pd.DataFrame({name: _shown(column, cells[name]) for name, column in columns.items()})


def _shown(column: np.ndarray, cells: Any) -> pd.Series:
    """Return a column in the machine's order of bytes, without the cells that are masked."""
    native = column.astype(column.dtype.newbyteorder("="))
    return pd.Series(native).mask(np.ma.getmaskarray(cells)) if np.ma.isMA(cells) else pd.Series(native)


def _of_rows(rows: Sequence[Any]) -> pd.DataFrame | None:
    """Return rows that each have names; their order in a row may differ."""
    if not len(rows) or not all(map(_is_named, rows)):
        return None
    named = [row._asdict() if hasattr(row, "_fields") else dict(row) for row in rows]
    return pd.DataFrame(named)


def _is_named(row: Any) -> bool:
    """Tell whether a row has names; the labels of a Series are, unless they are numbers."""
    if isinstance(row, pd.Series):
        return row.index.dtype.kind not in "iu"
    return isinstance(row, Mapping) or hasattr(row, "_fields")


def _of_library(values: Any) -> pd.DataFrame | None:
    """Return a table of another library, column by column."""
    try:
        table = _collected(_of_arrow(values) if hasattr(values, "__arrow_c_array__") else values)
        if table is None:
            table = _collected(_of_arrow(values))
        if table is not None:
            return pd.DataFrame({column.name: _as_series(column) for column in table.iter_columns()})
    except (
        ValueError,
        NotImplementedError,
    ) as error:  # of narwhals: a column that occurs twice, for instance
        raise InvalidDataError(f"The table cannot be read by name: {error}") from error
    if hasattr(values, "__dataframe__"):
        kind = f"{type(values).__module__}.{type(values).__name__}"
        raise InvalidDataError(
            f"A table of type {kind} cannot be read by name; make it one of pandas, polars or pyarrow."
        )
    return None


def _collected(values: Any) -> "nw.DataFrame[Any] | None":
    """Return a table as narwhals has it, or None for what is none."""
    table = nw.from_native(values, pass_through=True)
    if isinstance(table, nw.LazyFrame):
        table = table.collect()
    if not isinstance(table, nw.DataFrame):
        return None
    names = table.columns
    if len(set(names)) < len(names):
        doubled = sorted({name for name in names if names.count(name) > 1})
        raise InvalidDataError(f"Column(s) {doubled} occur more than once; keep one of each.")
    return table


def _of_arrow(values: Any) -> Any:
    """Return a table that only speaks the protocol of Arrow as one of pyarrow; all else as it is."""
    is_table = hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__")
    if not is_table or not hasattr(values, "schema"):
        return values
    import pyarrow

    return pyarrow.table(values)


def _as_series(column: "nw.Series[Any]") -> pd.Series:
    """Return a column with its types, an empty cell as pandas has it."""
    native = column.to_native()
    if isinstance(native, pd.Series):
        return native.reset_index(drop=True)
    is_wide = column.dtype in (nw.Int128, nw.UInt128)  # which NumPy does not have
    if column.dtype.is_numeric() and not column.null_count() and not is_wide:
        return pd.Series(column.to_numpy())
    return inferred(pd.Series(column.to_list(), dtype=object))


def with_columns(table: pd.DataFrame, columns: Mapping[Any, Any]) -> pd.DataFrame:
    """Return a copy of a table with columns set: `DataFrame.assign` for any names, `self` included."""
    copy = table.copy()
    for name, values in columns.items():
        copy[name] = values
    return copy
