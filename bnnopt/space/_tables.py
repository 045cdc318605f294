"""Tables of settings and matrices of encoded columns, checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import Kind, as_level, as_named, is_of_file, with_columns
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of, require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.space._encoding import TABLE, LevelsCodec, RawCodec
from bnnopt.space._variables import Variable

__all__ = ["as_frame", "as_matrix", "kinds_of", "with_levels"]


def as_frame(X: Any, variables: Sequence[Variable], required: Sequence[str]) -> pd.DataFrame:
    """Return X as a DataFrame that has the columns `required` once each.

    Parameters
    ----------
    X : table or array-like of shape (n_rows, n_variables)
        Whatever has names goes by name, a Series as one row; an array has one column for each variable.
    variables : sequence of variables
        Of a space; a number that stands for a level of text, as "007" becomes 7 in files, is that level.
    required : sequence of str
        Names of the columns that are needed.

    Raises
    ------
    InvalidDataError
        When a column is missing or occurs twice, or the shape is another.
    """
    frame = as_named(X.to_frame().T if isinstance(X, pd.Series) else X)
    if frame is None:
        frame = _frame_of_array(X, [variable.name for variable in variables])
    require_columns(frame, required, TABLE)
    return with_levels(frame, variables)


def kinds_of(variables: Sequence[Variable]) -> dict[str, Kind]:
    """Return what the columns of a file are: the levels of a variable, numbers, or what they look like."""
    return {variable.name: _kind(variable) for variable in variables}


def with_levels(frame: pd.DataFrame, variables: Sequence[Variable]) -> pd.DataFrame:
    """Return a table with the levels that numbers in the place of text stand for.

    In a table out of a file also those that text stands for in the place of numbers and truth values.
    """
    changed: dict[str, Any] = {}
    for variable in variables:
        codec = variable.codec
        if not isinstance(codec, LevelsCodec) or variable.name not in frame:
            continue
        column = frame[variable.name]
        is_text = not pd.api.types.is_numeric_dtype(column.dtype)
        if is_text and not is_of_file(frame):
            continue
        if any(isinstance(level, str) != is_text for level in codec.levels):
            changed[variable.name] = [_level(cell, codec.levels) for cell in column]
    return with_columns(frame, changed) if changed else frame


def _kind(variable: Variable) -> Kind:
    codec = variable.codec
    if isinstance(codec, LevelsCodec):
        return codec.levels
    return "auto" if isinstance(codec, RawCodec) else "number"


def _level(cell: Any, levels: Sequence[Any]) -> Any:
    if pd.isna(cell) or cell in levels:
        return cell
    level = as_level(cell, levels)
    return cell if level is None else level


def as_matrix(X: ArrayLike, names: Sequence[str]) -> FloatArray:
    """Return X as a finite float64 array of shape (n_rows, n_names)."""
    matrix = numbers_of(X, "X")
    if matrix.ndim != 2 or matrix.shape[1] != len(names):
        raise InvalidDataError(
            f"Expected an array of shape (n_rows, {len(names)}) with the columns {list(names)}, "
            f"got shape {matrix.shape}."
        )
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise InvalidDataError(
            f"Row {row} has {matrix[row, column]} in {names[column]!r}; correct or remove it."
        )
    return matrix


def _frame_of_array(X: ArrayLike, names: Sequence[str]) -> pd.DataFrame:
    array = np.asarray(X)
    if array.ndim != 2 or array.shape[1] != len(names):
        raise InvalidDataError(
            f"{TABLE}: expected a DataFrame or an array of shape (n_rows, {len(names)}) with the columns "
            f"{list(names)}, got shape {array.shape}."
        )
    return pd.DataFrame(array, columns=list(names), dtype=object if array.dtype == object else None)
