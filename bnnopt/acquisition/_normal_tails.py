"""Functions of the normal distribution that stay accurate far out in its tails."""

import numpy as np
from scipy.special import erfcx

from bnnopt._typing import FloatArray

__all__ = ["LOG_SQRT_2PI", "SQRT_HALF_PI", "improvement", "log_tail", "mills_gap", "standardise"]

LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
SQRT_HALF_PI = np.sqrt(0.5 * np.pi)
FAR_TAIL = 100.0  # from here on four terms of the asymptotic series are exact to 1e-13


def standardise(gain: FloatArray, std: FloatArray) -> FloatArray:
    """Return gain / std; where std is 0, inf for a gain and -inf for none."""
    certain = np.where(gain > 0, np.inf, -np.inf)
    with np.errstate(over="ignore"):
        return np.divide(gain, std, out=certain, where=std > 0)


def improvement(z: FloatArray) -> FloatArray:
    """Return h(z) = φ(z) + z Φ(z), the mean of max(x, 0) for x normal around z with standard deviation 1."""
    return np.maximum(z, 0) + np.exp(log_tail(np.abs(z)))


def log_tail(t: FloatArray) -> FloatArray:
    """Return log h(-t) = log φ(t) + log(1 - t R(t)) for t >= 0, with h(z) = φ(z) + z Φ(z)."""
    with np.errstate(over="ignore", divide="ignore"):
        return -0.5 * t**2 - LOG_SQRT_2PI + np.log(mills_gap(t))


def mills_gap(t: FloatArray) -> FloatArray:
    """Return 1 - t R(t) for t >= 0, with Mills' ratio R(t) = Φ(-t) / φ(t) = sqrt(π/2) erfcx(t / sqrt 2).

    Far out the two terms cancel; there the asymptotic series 1/t² - 3/t⁴ + 15/t⁶ - 105/t⁸ is used.
    """
    near = np.minimum(t, FAR_TAIL)
    inverse = np.maximum(t, FAR_TAIL) ** -2.0
    series = inverse * (1 - inverse * (3 - inverse * (15 - inverse * 105)))
    return np.where(t < FAR_TAIL, 1 - near * SQRT_HALF_PI * erfcx(near / np.sqrt(2)), series)
