"""How alike two rows are: kernels with gradients and frequencies, and the input maps that come before them.

An input map lays each input on [0, 1], by its range or halfway to its ranks. A kernel makes a correlation of
what comes out: stationary, of one length scale an input, or the ANOVA form of that.

A hidden layer of H units sqrt(2) sin(w·u + b) with b uniform on a circle and output weights of variance 1/H
is a random function of covariance E[cos(w·(u - u'))]; as H grows it becomes a Gaussian process, and dropout
of units leaves that limit as it is. Normal frequencies w give the squared exponential kernel, Student-t of
2 nu degrees of freedom the Matérn kernel of smoothness nu.

Where the inputs are dropped too, a unit sees each input with probability one half, and the frequencies of the
inputs that it sees are drawn independently. The kernel is then the product over the inputs of (1 + k_i) / 2,
with k_i that of one input alone: a sum of functions of every subset of the inputs, an ANOVA kernel.

References
----------
R. M. Neal, "Bayesian Learning for Neural Networks", Springer 1996, chapter 2 (the limit). A. Rahimi, B.
Recht, "Random features for large-scale kernel machines", NeurIPS 2007 (sine units). D. Duvenaud, O. Rippel,
R. P. Adams, Z. Ghahramani, "Avoiding pathologies in very deep networks", AISTATS 2014, section 5 (dropout of
units, of inputs). N. Durrande, D. Ginsbourger, O. Roustant, L. Carraro, "ANOVA kernels and RKHS of zero mean
functions", J. Multivar. Anal. 2013, 115, 57. R&W equations 4.9 and 4.17 (squared exponential, Matérn).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._rows import Rows

__all__ = ["INPUT_MAPS", "KERNELS", "InputMap", "Kernel", "KernelMatrix", "RangeMap", "RankMap", "input_maps"]

SMALLEST_SQUARED_DISTANCE = 1e-12
SHARE_OF_INPUTS = 0.5  # that a unit sees where inputs are dropped

Profile = Callable[[FloatArray], tuple[FloatArray, FloatArray]]


class KernelMatrix(NamedTuple):
    """Kernel between rows, and how it changes with the length scales.

    Attributes
    ----------
    value : ndarray of shape (..., n, m)
        The correlations.
    by_log_length_scales : callable
        From weights of the same shape to the derivative of the weighted sum of the correlations by the
        logarithm of each length scale, shape (..., n_inputs).
    """

    value: FloatArray
    by_log_length_scales: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Kernel:
    """A kernel of inputs that are divided by their length scales.

    Attributes
    ----------
    profile : callable
        Squared distances to the correlation and its derivative by the squared distance, of the same shape.
    degrees_of_freedom : float
        Of the Student-t law of the frequencies; infinite for the normal law.
    is_anova : bool, default=False
        Whether it is the product over the inputs of (1 + k_i) / 2.
    """

    profile: Profile
    degrees_of_freedom: float
    is_anova: bool = False

    def __call__(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Correlations between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
        if not self.is_anova:
            return self.profile(_squared_distances(A, B))[0]
        value = np.ones((*A.shape[:-1], B.shape[-2]))
        for place in range(A.shape[-1]):
            value *= self._factor(_squared_differences(A, B, place))[0]
        return value

    def matrix(self, A: FloatArray, B: FloatArray) -> KernelMatrix:
        """Correlations between rows, and how they change; shapes as for a call."""
        if not self.is_anova:
            value, slope = self.profile(_squared_distances(A, B))
            return KernelMatrix(value, lambda weights: _by_length_scales(A, B, weights * slope))
        return self._anova_matrix(A, B)

    def gradient(self, A: FloatArray, B: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Correlations (n, m) between rows A (n, d) and B (m, d), and their derivatives by A, (n, m, d)."""
        if not self.is_anova:
            value, slope = self.profile(_squared_distances(A, B))
            return value, 2.0 * slope[:, :, None] * (A[:, None] - B[None])
        value = np.ones((len(A), len(B)))
        relative = np.empty((len(A), len(B), A.shape[1]))
        for place in range(A.shape[1]):
            gap = A[:, None, place] - B[None, :, place]
            factor, slope = self._factor(np.square(gap))
            value *= factor
            relative[:, :, place] = 2.0 * slope * gap / factor
        return value, value[:, :, None] * relative

    def draw_frequencies(self, n_inputs: int, n_units: int, rng: np.random.Generator) -> FloatArray:
        """Draw the frequencies of a layer, shape (n_inputs, n_units); 0 for inputs not seen by a unit."""
        shape = (n_inputs, n_units)
        frequencies = rng.standard_normal(shape)
        if np.isfinite(self.degrees_of_freedom):
            squares = rng.chisquare(self.degrees_of_freedom, shape if self.is_anova else n_units)
            frequencies /= np.sqrt(squares / self.degrees_of_freedom)
        return frequencies * (rng.random(shape) < SHARE_OF_INPUTS) if self.is_anova else frequencies

    def _factor(self, r2: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Factor of one input of an ANOVA kernel, and its derivative by the squared distance."""
        value, slope = self.profile(r2)
        return 1.0 - SHARE_OF_INPUTS + SHARE_OF_INPUTS * value, SHARE_OF_INPUTS * slope

    def _anova_matrix(self, A: FloatArray, B: FloatArray) -> KernelMatrix:
        """Multiply the factors, and keep each one's relative slope by its length scale."""
        value = np.ones((*A.shape[:-1], B.shape[-2]))
        slopes = np.empty((A.shape[-1], *value.shape))
        for place in range(A.shape[-1]):
            r2 = _squared_differences(A, B, place)
            factor, slope = self._factor(r2)
            value *= factor
            slope *= r2
            np.divide(slope, factor, out=slopes[place])

        def by_log_length_scales(weights: FloatArray) -> FloatArray:
            return np.moveaxis(-2.0 * np.einsum("...ij,d...ij->d...", weights * value, slopes), 0, -1)

        return KernelMatrix(value, by_log_length_scales)


def _squared_distances(A: FloatArray, B: FloatArray) -> FloatArray:
    """Squared distances between rows, shapes (..., n, d) and (..., m, d) to (..., n, m)."""
    squares_a, squares_b = np.square(A).sum(axis=-1), np.square(B).sum(axis=-1)
    distances = A @ np.swapaxes(B, -1, -2)
    distances *= -2.0
    distances += squares_a[..., :, None]
    distances += squares_b[..., None, :]
    return np.maximum(distances, 0.0, out=distances)


def _squared_differences(A: FloatArray, B: FloatArray, place: int) -> FloatArray:
    return np.square(A[..., :, None, place] - B[..., None, :, place])


def _by_length_scales(A: FloatArray, B: FloatArray, by_distance: FloatArray) -> FloatArray:
    """From derivatives by squared distances to those by the logarithms of the length scales."""
    of_rows = (by_distance.sum(axis=-1)[..., None] * A - 2.0 * by_distance @ B) * A
    of_others = by_distance.sum(axis=-2)[..., None] * np.square(B)
    return np.asarray(-2.0 * (of_rows.sum(axis=-2) + of_others.sum(axis=-2)))


def _squared_exponential(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    value = np.exp(-0.5 * r2)
    return value, -0.5 * value


def _matern_5_2(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    r = np.sqrt(5.0 * r2)
    decay = np.exp(-r)
    slope = (1.0 + r) * decay
    return slope + (5.0 / 3.0) * r2 * decay, (-5.0 / 6.0) * slope


def _exponential(r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    r = np.sqrt(r2 + SMALLEST_SQUARED_DISTANCE)
    decay = np.exp(-r)
    return decay, -0.5 * decay / r


KERNELS: dict[str, Kernel] = {
    "squared_exponential": Kernel(_squared_exponential, np.inf),
    "matern_5_2": Kernel(_matern_5_2, 5.0),
    "exponential": Kernel(_exponential, 1.0),
    "anova_squared_exponential": Kernel(_squared_exponential, np.inf, is_anova=True),
    "anova_matern_5_2": Kernel(_matern_5_2, 5.0, is_anova=True),
}
"""Kernels by name."""


@dataclass(frozen=True)
class RangeMap:
    """Smallest value of a column to 0, largest to 1, linear beyond; a constant column to 0.

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

    def __call__(self, X: FloatArray) -> FloatArray:
        """Map rows of shape (n_rows, n_inputs)."""
        return (X - self.low) / self.span

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
    """

    by_range: RangeMap
    values: tuple[FloatArray, ...]
    shares: tuple[FloatArray, ...]

    @classmethod
    def of(cls, X: FloatArray, weights: FloatArray) -> "RankMap":
        """Take ranges and ranks from rows of shape (n_rows, n_inputs) that count `weights` times."""
        values, shares = [], []
        for column in X.T:
            distinct, place = np.unique(column, return_inverse=True)
            count = np.bincount(place, weights=weights)
            values.append(distinct)
            shares.append((np.cumsum(count) - 0.5 * count) / count.sum())
        return cls(RangeMap.of(X, weights), tuple(values), tuple(shares))

    def within(self, lower: FloatArray, upper: FloatArray) -> "RankMap":
        """Return the map with these ranges, and the ranks as they are."""
        return replace(self, by_range=self.by_range.within(lower, upper))

    def __call__(self, X: FloatArray) -> FloatArray:
        """Map rows of shape (n_rows, n_inputs)."""
        ranks = [np.interp(*args) for args in zip(X.T, self.values, self.shares, strict=True)]
        return 0.5 * (self.by_range(X) + np.column_stack(ranks))

    def slope(self, X: FloatArray) -> FloatArray:
        """Give the derivative of each mapped column by the column, to the right at a row; as `X`."""
        pairs = zip(X.T, self.values, self.shares, strict=True)
        return 0.5 * (self.by_range.slope(X) + np.column_stack([_slope(*args) for args in pairs]))


def _slope(x: FloatArray, values: FloatArray, shares: FloatArray) -> FloatArray:
    """Slope of the lines between the values, 0 beyond the last."""
    slopes = np.concatenate([[0.0], np.diff(shares) / np.diff(values), [0.0]])
    return np.asarray(slopes[np.searchsorted(values, x, side="right")])


InputMap: TypeAlias = RangeMap | RankMap

INPUT_MAPS: dict[str, type[RangeMap] | type[RankMap]] = {"range": RangeMap, "rank": RankMap}
"""Input maps by name."""


def input_maps(rows: Rows) -> dict[str, InputMap]:
    """Make each input map: ranks from the rows at hand, ranges from all."""
    maps: dict[str, InputMap] = {name: kind.of(rows.X, rows.weights) for name, kind in INPUT_MAPS.items()}
    if rows.stream is None:
        return maps
    return {name: own.within(rows.x.lower, rows.x.upper) for name, own in maps.items()}
