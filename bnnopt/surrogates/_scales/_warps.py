"""Scales on which an outcome is learned: to a latent number without bounds, and back.

A scale is a rising function g of the outcome. Of a latent value with normal noise of standard deviation `std`
around z it knows the expected outcome m(z), the slope of m, and the variance of the outcome. All arrays have
any shapes that broadcast; no expected outcome is ever beyond a bound.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Protocol, Self, cast

import numpy as np
from scipy.special import expit, ndtr

from bnnopt._typing import FloatArray

__all__ = ["IdentityScale", "LogScale", "LogitScale", "OutcomeScale", "PowerScale", "marginal_gain"]

LARGEST_EXPONENT = 300.0  # the square of what it is the exponent of is still finite
FAR = 38.0  # stds: nothing is left beyond
N_NOISE_NODES = 9  # of a quadrature over noise

# of the power scale
POWERS = (0.5, 0.25)  # inverses are whole: the square and the fourth power, which are products
QUANTILES = (0.0, 0.5, 1.0)  # where the centre may be: the least value, the median, the largest one
UNIT_AT_AN_END, UNIT_INSIDE = 0.01, 1.0  # of the median distance from the centre
LEAST_UNIT = 1e-9  # of the range
N_NODES_OF_POWERS = 5  # of a quadrature over noise: exact for the square of a fourth power


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


@dataclass(frozen=True)
class PowerScale:
    """A signed power of the distance from a centre, which draws together what is far from it.

    g(y) = sign(y - c) ((1 + |y - c| / u)^p - 1) / p

    Near the centre it is (y - c) / u, far from it a root. There are no bounds, and unlike those of an
    exponential, moments of the outcome stay of the order of its quantiles.

    Parameters
    ----------
    centre : float
        c, in the unit of y.
    unit : float
        u, above 0, in the unit of y.
    power : float
        p, 0.5 or 0.25.

    References
    ----------
    J. A. John, N. R. Draper, "An alternative family of transformations", Applied Statistics 29 (1980)
    190-197.
    """

    reaches_bounds: ClassVar[bool] = True

    centre: float
    unit: float
    power: float

    @classmethod
    def of(cls, y: FloatArray, weights: FloatArray) -> Self:
        """Return the scale on which values, shape (n,), look most like normal ones."""
        found = [cls._at(y, quantile, power) for quantile, power in product(QUANTILES, POWERS)]
        return max(found, key=lambda scale: _log_density(scale, y, weights))

    @classmethod
    def _at(cls, y: FloatArray, quantile: float, power: float) -> Self:
        """Return the scale with its centre at a quantile of the values."""
        centre = float(np.quantile(y, quantile))
        share = UNIT_INSIDE if 0 < quantile < 1 else UNIT_AT_AN_END
        unit = max(share * float(np.median(np.abs(y - centre))), LEAST_UNIT * float(np.ptp(y)))
        return cls(centre, unit or 1.0, power)

    def to_latent(self, y: FloatArray) -> FloatArray:
        """Return g(y)."""
        distance = y - self.centre
        size = np.power(1.0 + np.abs(distance) / self.unit, self.power) - 1.0
        return np.sign(distance) * size / self.power

    def log_slope(self, y: FloatArray) -> FloatArray:
        """Return log g'(y)."""
        size = np.log1p(np.abs(y - self.centre) / self.unit)
        return (self.power - 1.0) * size - np.log(self.unit)

    def outcome(self, z: FloatArray) -> FloatArray:
        """Return c + u sign(z) ((1 + p |z|)^(1/p) - 1)."""
        return self.centre + self.unit * np.sign(z) * (self._raised(1.0 + self.power * np.abs(z)) - 1.0)

    def expected(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the mean of the outcome of z with normal noise, by Gauss-Hermite quadrature."""
        return averaged(self.outcome, z, std, N_NODES_OF_POWERS)

    def expected_slope(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the slope of that mean."""
        return averaged(self._slope, z, std, N_NODES_OF_POWERS)

    def variance(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the variance of the outcome of z with normal noise, by the same quadrature."""
        mean = self.expected(z, std)
        return averaged(lambda at: np.square(self.outcome(at) - mean), z, std, N_NODES_OF_POWERS)

    def _slope(self, z: FloatArray) -> FloatArray:
        base = 1.0 + self.power * np.abs(z)
        return self.unit * self._raised(base) / base

    def _raised(self, base: FloatArray) -> FloatArray:
        """Return base^(1 / p) as products."""
        square = base * base
        return square if self.power == 0.5 else square * square


def marginal_gain(y: FloatArray, weights: FloatArray) -> float:
    """Return by how much values are more likely as normal ones on their scale than in their own unit.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Not all alike.
    weights : ndarray of shape (n,)

    Returns
    -------
    float
        Nats a value, of normal distributions with the moments of the values.
    """
    return _log_density(PowerScale.of(y, weights), y, weights) + float(np.log(_std(y, weights)))


def _log_density(scale: PowerScale, y: FloatArray, weights: FloatArray) -> float:
    """Mean log density of values that are normal on a scale, but for a constant."""
    slope = float(np.average(scale.log_slope(y), weights=weights))
    return slope - float(np.log(_std(scale.to_latent(y), weights) or 1.0))


def _std(values: FloatArray, weights: FloatArray) -> float:
    mean = np.average(values, weights=weights)
    return float(np.sqrt(np.average(np.square(values - mean), weights=weights)))


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
