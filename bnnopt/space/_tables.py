"""Tables of settings and matrices of encoded columns at the door, checked."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.space._encoding import TABLE

__all__ = ["as_frame", "as_matrix"]


def as_frame(X: pd.DataFrame | ArrayLike, names: Sequence[str], required: Sequence[str]) -> pd.DataFrame:
    """Return X as a DataFrame that has the columns `required` once each; an array has the columns `names`."""
    frame = X if isinstance(X, pd.DataFrame) else _frame_of_array(X, names)
    require_columns(frame, required, TABLE)
    return frame


def as_matrix(X: ArrayLike, names: Sequence[str]) -> FloatArray:
    """Return X as a finite float64 array of shape (n_rows, n_names)."""
    matrix = np.asarray(X, dtype=float)
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
    return pd.DataFrame(array, columns=list(names))
