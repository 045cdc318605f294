"""Mixtures of normal distributions of one output: moments, densities, choices in proportion."""

from typing import NamedTuple

import numpy as np

from bnnopt._typing import FloatArray, IntArray

__all__ = [
    "OutputMixture",
    "average",
    "in_proportion",
    "log_normal_density",
    "matched_slopes",
    "mixture_moments",
    "spread_out",
]


class OutputMixture(NamedTuple):
    """A mixture of normal distributions of one output's function at some rows, in the unit of the output.

    Attributes
    ----------
    shares : ndarray of shape (k,)
        Of the components; their sum is 1.
    means, variances : ndarray of shape (k, n_rows)
        Of each component.
    """

    shares: FloatArray
    means: FloatArray
    variances: FloatArray

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the mixture, each of shape (n_rows,)."""
        return mixture_moments(self.shares, self.means, self.variances)

    def matched(self) -> "OutputMixture":
        """Distribution of one component with the moments of the mixture."""
        mean, variance = self.moments()
        return OutputMixture(np.ones(1), mean[None], variance[None])


def matched_slopes(
    mixture: OutputMixture, by_means: FloatArray, by_variances: FloatArray
) -> tuple[OutputMixture, FloatArray, FloatArray]:
    """Match a mixture by one component, with derivatives of its moments from those of all, (k, n, d)."""
    matched = mixture.matched()
    away = 2.0 * mixture.shares[:, None] * (mixture.means - matched.means)
    by_mean = np.einsum("k,knd->nd", mixture.shares, by_means)
    by_variance = np.einsum("k,knd->nd", mixture.shares, by_variances) + np.einsum(
        "kn,knd->nd", away, by_means
    )
    return matched, by_mean[None], by_variance[None]


def log_normal_density(y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Log density of the normal distribution, elementwise."""
    return -0.5 * (np.log(2.0 * np.pi * variance) + np.square(y - mean) / variance)


def average(shares: FloatArray, values: FloatArray) -> FloatArray:
    """Average over the first axis, term by term: a product, or a sum of one row, would round differently."""
    total = np.zeros(values.shape[1:])
    for share, value in zip(shares, values, strict=True):
        total += share * value
    return total


def _middle(shares: FloatArray, means: FloatArray) -> FloatArray:
    """Average means that may be alike and large, for which shares that make 1 but for rounding matter."""
    return means[0] + average(shares, means - means[0])


def mixture_moments(
    shares: FloatArray, means: FloatArray, variances: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of a mixture by the law of total variance, shapes (k, ...) to (...)."""
    mean = _middle(shares, means)
    return mean, average(shares, variances + np.square(means - mean))


def spread_out(shares: FloatArray, means: FloatArray, factor: float) -> FloatArray:
    """Move means away from their average so that their variance is multiplied by a factor."""
    if factor == 1.0:
        return means
    middle = _middle(shares, means)
    return middle + np.sqrt(factor) * (means - middle)


def in_proportion(shares: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Choose places in proportion to shares, as evenly as n allows (systematic sampling), in random order."""
    ticks = (rng.random() + np.arange(n)) / n
    places = np.searchsorted(np.cumsum(shares) / shares.sum(), ticks, side="right")
    return rng.permutation(np.minimum(places, np.flatnonzero(shares)[-1]))
