"""Scales on which an outcome with bounds is learned: to a latent number without bounds, and back.

A scale is a rising function g of the outcome. Of a latent value with normal noise of standard deviation `std`
around z it knows the expected outcome m(z), the slope of m, and the variance of the outcome. All arrays have
any shapes that broadcast; no expected outcome is ever beyond a bound.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, cast

import numpy as np
from scipy.special import expit, ndtr

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["IdentityScale", "LogScale", "LogitScale", "OutcomeScale", "averaged", "margins"]

LARGEST_EXPONENT = 300.0  # the square of what it is the exponent of is still finite
ON_A_BOUND = 1e-9  # of the width: what is nearer to a bound lies on it
FAR = 38.0  # stds: nothing is left beyond
N_NOISE_NODES = 9


class OutcomeScale(Protocol):
    """What is asked of a scale; it `reaches_bounds` if an outcome on a bound has a latent value."""

    reaches_bounds: ClassVar[bool]

    def to_latent(self, y: FloatArray) -> FloatArray:
        """Return g(y) of outcomes inside the bounds."""

    def log_slope(self, y: FloatArray) -> FloatArray:
        """Return log g'(y) of outcomes inside the bounds."""

    def outcome(self, z: FloatArray) -> FloatArray:
        """Return the outcome of latent values."""

    def expected(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the expected outcome m(z)."""

    def expected_slope(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return m'(z)."""

    def variance(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the variance of the outcome around m(z)."""


@dataclass(frozen=True)
class IdentityScale:
    """The outcome itself, cut off: what would be beyond a bound lies on it (a censored normal distribution).

    Parameters
    ----------
    lower, upper : float or None
        The bounds, at most two.
    """

    reaches_bounds: ClassVar[bool] = True

    lower: float | None
    upper: float | None

    def to_latent(self, y: FloatArray) -> FloatArray:
        """Return y."""
        return y

    def log_slope(self, y: FloatArray) -> FloatArray:
        """Return 0."""
        return np.zeros_like(y)

    def outcome(self, z: FloatArray) -> FloatArray:
        """Return z, cut off at the bounds."""
        return np.clip(z, *self._limits)

    def expected(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return E max(lower, min(upper, z + e)), e normal."""
        low, high, a, b, spread = self._in_stds(z, std)
        value = z * (ndtr(b) - ndtr(a)) + spread * (_density(a) - _density(b))
        if self.lower is not None:
            value = value + self.lower * ndtr(a)
        if self.upper is not None:
            value = value + self.upper * ndtr(-b)
        return np.clip(value, low, high)

    def expected_slope(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the probability that nothing is cut off."""
        *_, a, b, _ = self._in_stds(z, std)
        return ndtr(b) - ndtr(a)

    def variance(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the variance of the censored normal distribution, from distances to z in stds."""
        *_, a, b, spread = self._in_stds(z, std)
        a, b = (np.clip(each, -FAR, FAR) for each in (a, b))
        mean = _density(a) - _density(b) + a * ndtr(a) + b * ndtr(-b)
        square = ndtr(b) - ndtr(a) + a * _density(a) - b * _density(b) + a * a * ndtr(a) + b * b * ndtr(-b)
        return np.square(spread) * np.maximum(square - np.square(mean), 0.0)

    @property
    def _limits(self) -> tuple[float, float]:
        return -np.inf if self.lower is None else self.lower, np.inf if self.upper is None else self.upper

    def _in_stds(
        self, z: FloatArray, std: FloatArray
    ) -> tuple[float, float, FloatArray, FloatArray, FloatArray]:
        """Bounds, the same as distances from z in stds, and stds; a std of 0 becomes a very small one."""
        low, high = self._limits
        spread = np.maximum(std, np.finfo(float).tiny ** 0.5)
        with np.errstate(over="ignore"):
            a, b = (low - z) / spread, (high - z) / spread
        return low, high, np.asarray(a), np.asarray(b), np.asarray(spread)


@dataclass(frozen=True)
class LogScale:
    """The logarithm of the distance from the one bound, with the sign that lets it rise.

    Parameters
    ----------
    lower, upper : float or None
        One of the two.
    """

    reaches_bounds: ClassVar[bool] = False

    lower: float | None
    upper: float | None

    def to_latent(self, y: FloatArray) -> FloatArray:
        """Return log(y - lower) or -log(upper - y)."""
        return self._sign * np.log(self._sign * (y - self._bound))

    def log_slope(self, y: FloatArray) -> FloatArray:
        """Return minus the logarithm of the distance from the bound."""
        return -np.log(self._sign * (y - self._bound))

    def outcome(self, z: FloatArray) -> FloatArray:
        """Return lower + exp(z) or upper - exp(-z)."""
        return self._bound + self._sign * _exp(self._sign * z)

    def expected(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the outcome with the mean of a log-normal distance."""
        return self._bound + self._sign * self._distance(z, std)

    def expected_slope(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the mean distance from the bound."""
        return self._distance(z, std)

    def variance(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the variance of a log-normal distance."""
        ratio = np.expm1(np.minimum(np.square(std), LARGEST_EXPONENT))
        return np.square(self._distance(z, std)) * ratio

    def _distance(self, z: FloatArray, std: FloatArray) -> FloatArray:
        return _exp(self._sign * z + 0.5 * np.square(std))

    @property
    def _sign(self) -> float:
        return 1.0 if self.upper is None else -1.0

    @property
    def _bound(self) -> float:
        return cast(float, self.lower if self.upper is None else self.upper)


@dataclass(frozen=True)
class LogitScale:
    """The logarithm of the ratio of the distances from both bounds.

    Parameters
    ----------
    lower, upper : float
        The bounds.
    """

    reaches_bounds: ClassVar[bool] = False

    lower: float
    upper: float

    def to_latent(self, y: FloatArray) -> FloatArray:
        """Return log((y - lower) / (upper - y))."""
        return np.log(y - self.lower) - np.log(self.upper - y)

    def log_slope(self, y: FloatArray) -> FloatArray:
        """Return log(1 / (y - lower) + 1 / (upper - y))."""
        return np.log(self.upper - self.lower) - np.log(y - self.lower) - np.log(self.upper - y)

    def outcome(self, z: FloatArray) -> FloatArray:
        """Return lower + (upper - lower) / (1 + exp(-z))."""
        return self._at(expit(z))

    def expected(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the mean of the logistic-normal distribution by Gauss-Hermite quadrature."""
        return self._at(averaged(expit, z, std))

    def expected_slope(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the slope of that mean."""
        return (self.upper - self.lower) * averaged(_logistic_slope, z, std)

    def variance(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the variance of the logistic-normal distribution by the same quadrature."""
        mean = averaged(expit, z, std)
        square = averaged(lambda x: np.square(expit(x) - mean), z, std)
        return (self.upper - self.lower) ** 2 * square

    def _at(self, place: FloatArray) -> FloatArray:
        """Return the outcome at a place between the bounds, from 0 to 1."""
        return np.clip(self.lower + (self.upper - self.lower) * place, self.lower, self.upper)


def margins(
    y: FloatArray, lower: float | None, upper: float | None, n_rows: float
) -> tuple[float, float, BoolArray, BoolArray]:
    """Return how far from a bound a value is learned that lies on it, and which values do.

    Half the distance of the nearest other value, and at most the share 1 / (2 n) of the width: the distance
    between the bounds, or the largest one from the only bound. A value nearer than a billionth of the width
    counts as on the bound.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Values within the bounds.
    lower, upper : float or None
        The bounds.
    n_rows : float
        How many rows they are, weights counted.

    Returns
    -------
    of_lower, of_upper : float
        Above 0, in the unit of y; 0 where there is no bound.
    is_lower, is_upper : ndarray of bool, shape (n,)
        Whether a value lies on the bound.
    """
    of_lower, is_lower = _margin(None if lower is None else y - lower, lower, upper, n_rows, len(y))
    of_upper, is_upper = _margin(None if upper is None else upper - y, lower, upper, n_rows, len(y))
    return of_lower, of_upper, is_lower, is_upper


def _margin(
    distance: FloatArray | None, lower: float | None, upper: float | None, n_rows: float, n: int
) -> tuple[float, BoolArray]:
    if distance is None:
        return 0.0, np.zeros(n, dtype=bool)
    widest = upper - lower if lower is not None and upper is not None else float(distance.max())
    width = widest if widest > 0 else 1.0
    is_on = distance <= ON_A_BOUND * width
    nearest = float(distance[~is_on].min(initial=width))
    return min(0.5 * nearest, 0.5 * width / n_rows), is_on


def _exp(exponent: FloatArray) -> FloatArray:
    return np.exp(np.clip(exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT))


def _density(x: FloatArray) -> FloatArray:
    """Density of the standard normal distribution."""
    return np.exp(-0.5 * np.square(np.clip(x, -FAR, FAR))) / np.sqrt(2.0 * np.pi)


def _logistic_slope(x: FloatArray) -> FloatArray:
    return expit(x) * expit(-x)


def averaged(
    function: Callable[[FloatArray], FloatArray], z: FloatArray, std: FloatArray, n_nodes: int = N_NOISE_NODES
) -> FloatArray:
    """Average a function over normal noise of a std around z, by Gauss-Hermite quadrature."""
    if not np.any(std):
        return function(z)
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    total = np.zeros(np.broadcast_shapes(np.shape(z), np.shape(std)))
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        total += weight * function(z + std * node)
    return total
