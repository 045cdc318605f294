"""Input maps: ways to lay inputs about 0, a unit wide, by their range or halfway to their ranks."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.surrogates._rows import Rows

__all__ = ["INPUT_MAPS", "InputMap", "RangeMap", "RankMap", "input_maps"]

LEVEL = float(np.sqrt(0.5))  # where a column of 0 and 1 is laid for 1: two levels are then one unit apart


@dataclass(frozen=True)
class RangeMap:
    """Smallest value of a column to -0.5, largest to 0.5, linear beyond; a constant column to -0.5.

    Attributes
    ----------
    low, span : ndarray of shape (n_inputs,)
        Smallest values, and ranges of the columns (1 for a constant one).
    """

    low: FloatArray
    span: FloatArray

    @classmethod
    def of(cls, X: FloatArray, weights: FloatArray) -> "RangeMap":
        """Take the ranges from rows of shape (n_rows, n_inputs); weights play no part."""
        low = X.min(axis=0)
        span = X.max(axis=0) - low
        return cls(low, np.where(span > 0, span, 1.0))

    def within(self, lower: FloatArray, upper: FloatArray) -> "RangeMap":
        """Return the map for columns of these smallest and largest values, each of shape (n_inputs,)."""
        return RangeMap.of(np.stack([lower, upper]), np.ones(2))

    def with_levels(self, is_level: BoolArray) -> "RangeMap":
        """Return the map with columns of levels, (n_inputs,), from 0 and 1 to 0 and `LEVEL`."""
        low, span = np.where(is_level, -0.5 / LEVEL, self.low), np.where(is_level, 1.0 / LEVEL, self.span)
        return RangeMap(low, span)

    def __call__(self, X: FloatArray) -> FloatArray:
        """Map rows of shape (n_rows, n_inputs)."""
        return (X - self.low) / self.span - 0.5

    def slope(self, X: FloatArray) -> FloatArray:
        """Give the derivative of each mapped column by the column, shape (n_rows, n_inputs)."""
        return np.broadcast_to(1.0 / self.span, X.shape)


@dataclass(frozen=True)
class RankMap:
    """Mean of the place in the range and of the share of rows below: stretches where rows are dense.

    Settings of a laboratory are crowded at usual values and at 0. By rank alone, nothing would change beyond
    the last row; the mean of both is monotone and goes on.

    Attributes
    ----------
    by_range : RangeMap
        Place in the range.
    values, shares : tuple of ndarray
        Distinct values of each column, and for each the weight below it plus half of its own, as a share.
    slopes : tuple of ndarray
        Slope of the shares before, between and after the values of each column; 0 beyond the last.
    """

    by_range: RangeMap
    values: tuple[FloatArray, ...]
    shares: tuple[FloatArray, ...]
    slopes: tuple[FloatArray, ...]

    @classmethod
    def of(cls, X: FloatArray, weights: FloatArray) -> "RankMap":
        """Take ranges and ranks from rows of shape (n_rows, n_inputs) that count `weights` times."""
        values, shares = [], []
        for column in X.T:
            distinct, place = np.unique(column, return_inverse=True)
            count = np.bincount(place, weights=weights)
            values.append(distinct)
            shares.append((np.cumsum(count) - 0.5 * count) / count.sum())
        slopes = tuple(_slopes(*pair) for pair in zip(values, shares, strict=True))
        return cls(RangeMap.of(X, weights), tuple(values), tuple(shares), slopes)

    def within(self, lower: FloatArray, upper: FloatArray) -> "RankMap":
        """Return the map with these ranges, and the ranks as they are."""
        return replace(self, by_range=self.by_range.within(lower, upper))

    def with_levels(self, is_level: BoolArray) -> "RankMap":
        """Return the map with columns of levels, (n_inputs,), from 0 and 1 to 0 and `LEVEL`: no ranks."""
        both = np.array([0.0, 1.0])
        values = [both if level else own for level, own in zip(is_level, self.values, strict=True)]
        shares = [
            0.5 + LEVEL * both if level else own for level, own in zip(is_level, self.shares, strict=True)
        ]
        slopes = tuple(_slopes(*pair) for pair in zip(values, shares, strict=True))
        return RankMap(self.by_range.with_levels(is_level), tuple(values), tuple(shares), slopes)

    def __call__(self, X: FloatArray) -> FloatArray:
        """Map rows of shape (n_rows, n_inputs)."""
        ranks = np.empty(X.shape)
        for place, (values, own) in enumerate(zip(self.values, self.shares, strict=True)):
            ranks[:, place] = np.interp(X[:, place], values, own)
        return 0.5 * (self.by_range(X) + ranks - 0.5)

    def slope(self, X: FloatArray) -> FloatArray:
        """Give the derivative of each mapped column by the column, to the right at a row; as `X`."""
        slopes = np.empty(X.shape)
        for place, (values, own) in enumerate(zip(self.values, self.slopes, strict=True)):
            slopes[:, place] = own[np.searchsorted(values, X[:, place], side="right")]
        return 0.5 * (self.by_range.slope(X) + slopes)


def _slopes(values: FloatArray, shares: FloatArray) -> FloatArray:
    """Slopes of the lines between the values, 0 before and after them."""
    return np.concatenate([[0.0], np.diff(shares) / np.diff(values), [0.0]])


InputMap: TypeAlias = RangeMap | RankMap

INPUT_MAPS: dict[str, type[RangeMap] | type[RankMap]] = {"range": RangeMap, "rank": RankMap}
"""Input maps by name."""


def input_maps(rows: Rows, is_level: BoolArray | None = None) -> dict[str, InputMap]:
    """Make each input map: ranks from the rows at hand, ranges from all; columns of levels have neither."""
    maps: dict[str, InputMap] = {name: kind.of(rows.X, rows.weights) for name, kind in INPUT_MAPS.items()}
    if rows.stream is not None:
        maps = {name: own.within(rows.x.lower, rows.x.upper) for name, own in maps.items()}
    if is_level is None or not is_level.any():
        return maps
    return {name: own.with_levels(is_level) for name, own in maps.items()}
