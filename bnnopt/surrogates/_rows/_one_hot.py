"""Columns of 0 and 1 that stand for the levels of a category: which they are, checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bnnopt._estimators import is_whole
from bnnopt._plain import shown
from bnnopt._typing import BoolArray, FloatArray
from bnnopt.exceptions import InvalidDataError

__all__ = ["check_one_hot_columns"]

ROUNDING = 1e-9  # how far from 0 and 1 a number may be


def check_one_hot_columns(one_hot_columns: Any, X: FloatArray | None = None) -> None:
    """Raise `InvalidDataError` for columns that are no levels of categories.

    Parameters
    ----------
    one_hot_columns : sequence of sequence of int, or None
        Positions of the columns of each category.
    X : ndarray of shape (n_rows, n_inputs), default=None
        Rows that are to have one 1 among the columns of each category, and 0 in the others.
    """
    if one_hot_columns is None:
        return
    if not _are_groups(one_hot_columns):
        raise InvalidDataError(
            "one_hot_columns must hold the positions of the columns of each category, at least two of each, "
            f"whole numbers from 0, none twice, such as [[0, 1, 2], [5, 6]]; got {shown(one_hot_columns)}."
        )
    for columns in one_hot_columns if X is not None else ():
        _check_rows(list(columns), np.asarray(X))


def _are_groups(groups: Any) -> bool:
    if not _is_sequence(groups) or not all(_is_sequence(group) and len(group) > 1 for group in groups):
        return False
    places = [place for group in groups for place in group]
    return all(is_whole(place) and place >= 0 for place in places) and len(set(places)) == len(places)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)


def _check_rows(columns: list[int], X: FloatArray) -> None:
    if max(columns) >= X.shape[1]:
        raise InvalidDataError(
            f"one_hot_columns: X has no column {max(columns)}, it has {X.shape[1]}. Count from 0."
        )
    is_bad = ~_is_one_level(X[:, columns])
    if is_bad.any():
        row = X[np.argmax(is_bad), columns]
        raise InvalidDataError(
            f"one_hot_columns: in columns {columns} each row must have one 1 and else 0, got "
            f"{shown(row.tolist())} in {int(is_bad.sum())} row(s) such as this one. Name the columns of one "
            "category, or leave one_hot_columns out."
        )


def _is_one_level(X: FloatArray) -> BoolArray:
    is_one, is_zero = np.abs(X - 1.0) <= ROUNDING, np.abs(X) <= ROUNDING
    return np.asarray((is_one | is_zero).all(axis=1) & (is_one.sum(axis=1) == 1))
