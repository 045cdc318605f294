"""A scale for an outcome without bounds whose values reach over orders of magnitude."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Self

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._scales._warps import averaged

__all__ = ["PowerScale", "marginal_gain"]

POWERS = (0.5, 0.25)  # inverses are whole: the square and the fourth power, which are products
QUANTILES = (0.0, 0.5, 1.0)  # where the centre may be: the least value, the median, the largest one
UNIT_AT_AN_END, UNIT_INSIDE = 0.01, 1.0  # of the median distance from the centre
LEAST_UNIT = 1e-9  # of the range
N_NOISE_NODES = 5  # exact for the square of a fourth power


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
        return averaged(self.outcome, z, std, N_NOISE_NODES)

    def expected_slope(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the slope of that mean."""
        return averaged(self._slope, z, std, N_NOISE_NODES)

    def variance(self, z: FloatArray, std: FloatArray) -> FloatArray:
        """Return the variance of the outcome of z with normal noise, by the same quadrature."""
        mean = self.expected(z, std)
        return averaged(lambda at: np.square(self.outcome(at) - mean), z, std, N_NOISE_NODES)

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
