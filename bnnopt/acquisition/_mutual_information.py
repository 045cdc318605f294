"""Information of an outcome about the function that is drawn."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_draws, as_non_negative
from bnnopt.acquisition._batch import moments_of_draws

__all__ = ["mutual_information"]

STEP, MARGIN = 0.4, 7.0  # of the grid, in standard deviations of the noise: errors below 1e-6 nats
LOG_SQRT_2PI_E = 0.5 * (np.log(2 * np.pi) + 1)


def mutual_information(draws: ArrayLike, *, noise_variance: float = 0.0) -> FloatArray:
    """Return the information that a noisy outcome at a candidate gives about the function.

    I = H(mixture over draws of N(u, v)) - H(N(0, v)), H(p) the integral of -p log p, H(N(0, v)) =
    log(2 π e v) / 2

    It is 0 where the draws agree, log(1 + variance / v) / 2 for a normal distribution of many draws, and at
    most the logarithm of the number of draws: without noise any draw could be told from any other,
    everywhere. So v, the variance of the noise, is taken no smaller than the largest variance of a candidate
    divided by the number of draws, which is the scale below which so few draws say nothing of a
    distribution. The integral is taken by the trapezoidal rule with a step of 0.4 standard deviations of the
    noise, to better than 1e-6 nats.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Draws of the utility, without observation noise, of each candidate.
    noise_variance : float, default=0.0
        Variance of the observation noise, at least 0, in the squared unit of the utility.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in nats. The time it takes is in proportion to n times n_draws and, with noise far below
        the variance of the draws, to the number of standard deviations of the noise over their range.

    Raises
    ------
    InvalidDataError
        The shape is wrong, a draw is not finite, or the noise variance is negative.

    References
    ----------
    N. Houlsby, F. Huszár, Z. Ghahramani, M. Lengyel, "Bayesian active learning for classification and
    preference learning", 2011, arXiv:1112.5745, eq. 2, for an outcome with normal noise.
    """
    array, noise = as_draws(draws), as_non_negative(noise_variance, "noise_variance")
    std = moments_of_draws(array)[1]
    noise_std = max(np.sqrt(noise), std.max(initial=0.0) / np.sqrt(len(array)))
    scores = np.zeros(array.shape[1])
    for place in np.flatnonzero(std):
        scores[place] = _entropy(array[:, place] / noise_std) - LOG_SQRT_2PI_E
    return np.maximum(scores, 0)


def _entropy(centres: FloatArray) -> float:
    """Return the entropy of the mixture of normal distributions of variance 1 around the centres, in nats."""
    low, high = centres.min() - MARGIN, centres.max() + MARGIN
    grid, step = np.linspace(low, high, int(np.ceil((high - low) / STEP)) + 1, retstep=True)
    density = np.exp(-0.5 * np.square(grid[:, None] - centres)).mean(axis=1) / np.sqrt(2 * np.pi)
    return float(-step * (density @ np.log(density)))
