"""One column of settings to and from its block of the unit cube: intervals, levels, raw numbers."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt._validation import as_floats, gathered, numeric_column, refuse_rows
from bnnopt.exceptions import InvalidDataError
from bnnopt.space._grid import Grid

__all__ = ["Codec", "IntervalCodec", "Level", "LevelsCodec", "ListCodec", "RawCodec"]

Level: TypeAlias = str | int | float | bool

TABLE = "settings"
SNAP = 1e-12
BOUND_TOLERANCE = 1e-9
N_ULPS = 64  # last digits that a number may lose as a sum of many
SAME = 1e-6  # of the gap beside a value of a list: what is nearer may be that value
KEY_DIGITS = 9  # of the range, to which settings are compared


class Codec(Protocol):
    """How one column becomes `n_dims` columns of the unit cube, and back."""

    @property
    def n_dims(self) -> int:
        """Number of encoded columns."""

    @property
    def n_points(self) -> int | None:
        """Number of distinct values, None for a continuum."""

    def labels(self, name: str) -> list[str]:
        """Return one name per encoded column."""

    def encode(self, frame: pd.DataFrame, name: str) -> FloatArray:
        """Return the checked column as an array of shape (n_rows, n_dims)."""

    def decode(self, block: FloatArray) -> Any:
        """Return the column of values for a block of shape (n_rows, n_dims)."""

    def quantile(self, u: FloatArray) -> Any:
        """Return the column of values for u of shape (n_rows,) in [0, 1), uniform u to uniform values."""

    def is_inside(self, frame: pd.DataFrame, name: str) -> BoolArray:
        """Return, for each row, whether the value is one that can be set."""

    def keys(self, block: FloatArray) -> FloatArray:
        """Return for a block of shape (n_rows, n_dims) numbers that are equal where values count as equal."""


@dataclass(frozen=True)
class IntervalCodec:
    """Numbers between two bounds, scaled to [0, 1] linearly or in their logarithm; some of a grid only."""

    lower: float
    upper: float
    is_log: bool = False
    is_integer: bool = False
    grid: Grid | None = None

    n_dims: ClassVar[int] = 1

    @property
    def n_points(self) -> int | None:
        if self.grid is not None:
            return self.grid.n_points
        return int(self.upper - self.lower) + 1 if self.is_integer else None

    @property
    def cells(self) -> tuple[float, float]:
        """Ends of the interval that `quantile` fills: what is counted owns half a step on either side."""
        if self.grid is None:
            half = 0.5 if self.is_integer else 0.0
            return self.lower - half, self.upper + half
        first, last = self.grid.ends
        start = first - self.grid.half_step
        return max(start, first / 2) if self.is_log else start, last + self.grid.half_step

    def labels(self, name: str) -> list[str]:
        return [name]

    def encode(self, frame: pd.DataFrame, name: str) -> FloatArray:
        values = self._checked(frame, name)
        start, end = self._warp(np.array([self.lower, self.upper]))
        return ((self._warp(values) - start) / (end - start))[:, np.newaxis]

    def _checked(self, frame: pd.DataFrame, name: str) -> FloatArray:
        """Return a column as numbers, or raise one error with all that is wrong with them."""
        column = frame[name]
        values = as_floats(column)[0]
        is_known = np.isfinite(values)
        is_part = is_known & (values != np.rint(values)) & self.is_integer
        is_too_low = (values <= 0) & self.is_log
        if is_known.all() and not is_part.any() and not is_too_low.any():
            return values
        gathered(
            (
                partial(numeric_column, frame, name, TABLE),
                partial(refuse_rows, column, is_part, TABLE, "a number that is not whole"),
                partial(
                    refuse_rows, column, is_too_low, TABLE, "a value that is not positive (on a log scale)"
                ),
            )
        )
        return values

    def decode(self, block: FloatArray) -> np.ndarray:
        u = block[:, 0]
        start, end = self._warp(np.array([self.lower, self.upper]))
        values = self._unwarp(start + u * (end - start))
        if self.grid is not None:
            return self._on_grid(self.grid, values, is_kept=(u < -SNAP) | (u > 1 + SNAP))
        is_in_cube = (u >= 0) & (u <= 1)
        values = np.where(is_in_cube, np.clip(values, self.lower, self.upper), values)
        if self.is_integer:
            return np.rint(values).astype(np.int64)  # of a wide range the next one is nearer than SNAP
        values = np.where(np.abs(u) <= SNAP, self.lower, values)
        return np.where(np.abs(u - 1) <= SNAP, self.upper, values)

    def quantile(self, u: FloatArray) -> np.ndarray:
        start, end = self._warp(np.array(self.cells))
        values = self._unwarp(start + u * (end - start))
        if self.grid is not None:
            return self._on_grid(self.grid, values)
        if self.is_integer:
            values = np.rint(values).astype(np.int64)
        return np.clip(values, self.lower, self.upper).astype(values.dtype, copy=False)

    def is_inside(self, frame: pd.DataFrame, name: str) -> BoolArray:
        values = numeric_column(frame, name, TABLE)
        if self.grid is not None:
            return self.grid.has(values)
        if self.is_integer:
            return (values >= self.lower) & (values <= self.upper) & (values == np.rint(values))
        width = 0.0 if self.is_log else self.upper - self.lower
        below = self.lower - BOUND_TOLERANCE * (abs(self.lower) if self.is_log else width)
        above = self.upper + BOUND_TOLERANCE * (abs(self.upper) if self.is_log else width)
        return (values >= below) & (values <= above)

    def keys(self, block: FloatArray) -> FloatArray:
        """Count whole numbers, and those of a grid, however many there are; a continuum is rounded."""
        if self.grid is None and not self.is_integer:
            return _rounded(block)
        start, end = self._warp(np.array([self.lower, self.upper]))
        values = self._unwarp(start + block * (end - start))
        return self.grid.places(values) + 0.0 if self.grid is not None else np.rint(values) + 0.0

    def _on_grid(self, grid: Grid, values: FloatArray, is_kept: BoolArray | None = None) -> FloatArray:
        """Return the nearest numbers of the grid, within its ends save where `is_kept` where they are."""
        places = grid.places(values)
        inside = grid.inside(places)
        return grid.values(inside if is_kept is None else np.where(is_kept, places, inside))

    def _warp(self, values: FloatArray) -> FloatArray:
        return np.log(values) if self.is_log else values

    def _unwarp(self, values: FloatArray) -> FloatArray:
        return np.exp(values) if self.is_log else values


@dataclass(frozen=True)
class ListCodec:
    """One of some numbers in ascending order, scaled to [0, 1] linearly or in their logarithm."""

    values: tuple[float, ...]
    is_log: bool = False

    n_dims: ClassVar[int] = 1

    @property
    def n_points(self) -> int:
        return len(self.values)

    @property
    def cells(self) -> tuple[float, float]:
        """The smallest and the largest number."""
        return self.values[0], self.values[-1]

    def labels(self, name: str) -> list[str]:
        return [name]

    def encode(self, frame: pd.DataFrame, name: str) -> FloatArray:
        return self._interval.encode(frame, name)

    def decode(self, block: FloatArray) -> np.ndarray:
        """Return the number nearest in the cube."""
        distances = np.abs(block[:, :1] - self._places)
        return np.array(self.values)[np.argmin(distances, axis=1)]

    def quantile(self, u: FloatArray) -> np.ndarray:
        return np.array(self.values)[np.minimum((u * self.n_points).astype(np.intp), self.n_points - 1)]

    def is_inside(self, frame: pd.DataFrame, name: str) -> BoolArray:
        return self._meant(numeric_column(frame, name, TABLE))[1]

    def keys(self, block: FloatArray) -> FloatArray:
        """Count the values of the list, however near they are; others are rounded."""
        nearest, is_same = self._meant(self._interval.decode(block))
        rounded = np.where(is_same, 0.0, _rounded(block)[:, 0])
        return np.column_stack([np.where(is_same, nearest, -1.0), rounded])

    def _meant(self, values: FloatArray) -> tuple[IntArray, BoolArray]:
        """Return the place of the nearest value of the list, and whether it is meant, but for round-off.

        That is of the size of the number, or of the largest one of a linear list: in steps of 0.1 from -1 on
        0 comes out as -2e-16. Two whole numbers are never the same.
        """
        known = np.array(self.values)
        nearest = np.searchsorted((known[1:] + known[:-1]) / 2, values)
        meant, gaps = known[nearest], np.diff(known)
        gap = np.minimum(np.append(gaps, gaps[-1]), np.append(gaps[0], gaps))[nearest]
        last_digits = 0.0 if self.is_log else N_ULPS * np.spacing(np.abs(known).max())
        reach = np.minimum(np.maximum(BOUND_TOLERANCE * np.abs(meant), last_digits), SAME * gap)
        is_whole = (values == np.rint(values)) & (meant == np.rint(meant))
        return nearest, np.where(is_whole, values == meant, np.abs(values - meant) <= reach)

    @property
    def _interval(self) -> IntervalCodec:
        return IntervalCodec(*self.cells, self.is_log)

    @property
    def _places(self) -> FloatArray:
        return self._interval.encode(pd.DataFrame({"value": self.values}), "value")[:, 0]


@dataclass(frozen=True)
class LevelsCodec:
    """A choice between levels, as one column of 0 and 1 for each level, or at places of their own.

    `places` has a point of the unit cube for each level, and `columns` the names of its coordinates.
    """

    levels: tuple[Level, ...]
    places: tuple[tuple[float, ...], ...] | None = None
    columns: tuple[str, ...] = ()

    @property
    def n_dims(self) -> int:
        return len(self.levels) if self.places is None else len(self.columns)

    @property
    def n_points(self) -> int:
        return len(self.levels)

    def labels(self, name: str) -> list[str]:
        if self.places is not None:
            return [f"{name}: {column}" for column in self.columns]
        return [f"{name}={level}" for level in self.levels]

    def encode(self, frame: pd.DataFrame, name: str) -> FloatArray:
        column = frame[name]
        indices = self._indices(column)
        refuse_rows(column, np.asarray(column.isna(), dtype=bool), TABLE, "an empty cell")
        refuse_rows(column, indices < 0, TABLE, f"a level that is not one of {list(self.levels)}")
        return self._points[indices]

    def decode(self, block: FloatArray) -> Any:
        """Return the level of the largest entry, or the one whose place is nearest."""
        if self.places is None:
            return self._take(np.argmax(block, axis=1))
        return self._take(np.argmin(cdist(block, self._points), axis=1))

    def quantile(self, u: FloatArray) -> Any:
        n_levels = len(self.levels)
        return self._take(np.minimum((u * n_levels).astype(np.intp), n_levels - 1))

    def is_inside(self, frame: pd.DataFrame, name: str) -> BoolArray:
        return self._indices(frame[name]) >= 0

    def keys(self, block: FloatArray) -> FloatArray:
        return _rounded(block)

    @cached_property
    def _points(self) -> FloatArray:
        return np.eye(len(self.levels)) if self.places is None else np.array(self.places)

    def _indices(self, column: pd.Series) -> np.ndarray:
        levels = pd.Index(self.levels, dtype=object)
        try:
            return levels.get_indexer(pd.Index(column, dtype=object))
        except TypeError:  # a list or the like, which is no level
            known = [cell if isinstance(cell, Hashable) else object() for cell in column]
            return levels.get_indexer(pd.Index(known, dtype=object))

    def _take(self, indices: np.ndarray) -> Any:
        return pd.Series(list(self.levels)).iloc[indices].reset_index(drop=True)


@dataclass(frozen=True)
class RawCodec:
    """Numbers without known bounds, passed through as they are."""

    n_dims: ClassVar[int] = 1
    n_points: ClassVar[int | None] = None

    def labels(self, name: str) -> list[str]:
        return [name]

    def encode(self, frame: pd.DataFrame, name: str) -> FloatArray:
        try:
            return numeric_column(frame, name, TABLE)[:, np.newaxis]
        except InvalidDataError as error:
            hint = "A context variable of text needs `levels`; with_observed_context(frame) finds them."
            raise InvalidDataError(f"{error} {hint}") from error

    def decode(self, block: FloatArray) -> np.ndarray:
        return block[:, 0]

    def quantile(self, u: FloatArray) -> np.ndarray:
        raise InvalidDataError(
            "A context variable without bounds or levels cannot be drawn; give its value in `context`."
        )

    def is_inside(self, frame: pd.DataFrame, name: str) -> BoolArray:
        return np.ones(len(frame), dtype=bool)

    def keys(self, block: FloatArray) -> FloatArray:
        return _rounded(block)


def _rounded(block: FloatArray) -> FloatArray:
    return np.round(block, KEY_DIGITS) + 0.0  # no -0.0
