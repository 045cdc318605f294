"""Checks of the arrays that a Display is given."""

from typing import TypeAlias

import numpy as np

from bnnopt._typing import ArrayLike, BoolArray, FloatArray, IntArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError

Points: TypeAlias = tuple[FloatArray, FloatArray]


def column(values: ArrayLike, name: str, *, allow_nan: bool = False) -> FloatArray:
    """Return a float copy of shape (n,), or raise `InvalidDataError` that says what came."""
    array = np.array(numbers_of(values, name))
    if array.ndim != 1:
        raise InvalidDataError(f"{name}: one number per point, shape (n,), was expected; {array.shape} came.")
    bad = np.isinf(array) if allow_nan else ~np.isfinite(array)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InvalidDataError(f"{name}: value {row} is {array[row]}; leave out points that are not finite.")
    return array


def same_length(**columns: FloatArray | BoolArray | IntArray) -> None:
    """Raise `InvalidDataError` unless all columns have one length, naming each with its own."""
    if len({len(values) for values in columns.values()}) > 1:
        lengths = ", ".join(f"{name} {len(values)}" for name, values in columns.items())
        raise InvalidDataError(f"One value per point was expected in each array; the lengths are: {lengths}.")


def points(pair: tuple[ArrayLike, ArrayLike], name: str, *, allow_nan: bool = False) -> Points:
    """Return the x and the y of points as two float columns of one length."""
    if len(pair) != 2:
        raise InvalidDataError(f"{name}: a pair (x, y) of arrays was expected; {len(pair)} came.")
    x = column(pair[0], f"x of {name}", allow_nan=allow_nan)
    y = column(pair[1], f"y of {name}", allow_nan=allow_nan)
    same_length(**{f"x of {name}": x, f"y of {name}": y})
    return x, y


def measured_points(pair: tuple[ArrayLike, ArrayLike] | None) -> Points:
    """Return measured points, none when `pair` is None; NaN (not measured) is allowed and not drawn."""
    if pair is None:
        return np.empty(0), np.empty(0)
    return points(pair, "measured", allow_nan=True)


def flags(values: ArrayLike | None, n_points: int, name: str) -> BoolArray:
    """Return a bool column of length `n_points`; None means False everywhere."""
    if values is None:
        return np.zeros(n_points, dtype=bool)
    array = np.array(values)
    if array.shape != (n_points,) or array.dtype != bool:
        raise InvalidDataError(
            f"{name}: one True or False per point, shape ({n_points},), was expected; "
            f"{array.dtype} of shape {array.shape} came."
        )
    return array


def deviations(values: ArrayLike) -> FloatArray:
    """Return standard deviations as a float column, or raise `InvalidDataError` when one is negative."""
    std = column(values, "std")
    if (std < 0).any():
        raise InvalidDataError("std: standard deviations of at least 0 were expected; a negative one came.")
    return std
