"""The value of knowing one more outcome for the choice of the best candidate."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_draws, as_joint_draws, as_non_negative
from bnnopt.acquisition._lines import mean_gain_of_highest_line

__all__ = ["knowledge_gradient"]

NUMBERS_PER_BLOCK = 2**22


def knowledge_gradient(
    draws: ArrayLike, *, observed: ArrayLike | None = None, noise_variance: float = 0.0
) -> FloatArray:
    """Return by how much one outcome is expected to raise the highest mean.

    KG_j = E max over i of (mean_i + b_ij Z) - max over i of mean_i, with b_ij = cov_ij / sqrt(cov_jj + v) and
    Z standard normal; i runs over candidates and measured rows

    The mean over Z is exact, by the upper envelope of the lines. Means and covariances are those of the
    draws. Among few draws unrelated rows seem correlated, by about 1 / sqrt(n_draws), and the largest of many
    such slopes would be taken for knowledge. So each correlation r is multiplied by max(0, 1 - e / r²),
    e = (1 - r²)² / (n_draws - 1) being the variance of its error: what cannot be told from noise becomes 0,
    and strong correlations hardly change. The means keep their error of std / sqrt(n_draws).

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Joint draws of the utility, without observation noise, of each candidate.
    observed : array-like of shape (n_draws, n_observed), optional
        Draws at the rows measured, joint with `draws`: one of them may be the best.
    noise_variance : float, default=0.0
        Variance v of the observation noise, at least 0, in the squared unit of the utility.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the unit of the utility; 0 where the draws of a candidate agree.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a draw is not finite, or the noise variance is negative.

    References
    ----------
    P. Frazier, W. Powell, S. Dayanik, "The knowledge-gradient policy for correlated normal beliefs",
    INFORMS J. Comput. 21 (2009) 599-613, algorithms 1 and 2; J. Schäfer, K. Strimmer, Stat. Appl. Genet. Mol.
    Biol. 4 (2005) 32 (shrinking correlations by the variance of their error).
    """
    array, noise = as_draws(draws), as_non_negative(noise_variance, "noise_variance")
    rows = np.hstack([array, as_joint_draws(observed, array, "observed")])
    mean, std = rows.mean(axis=0), np.where(np.ptp(rows, axis=0) == 0, 0.0, rows.std(axis=0))
    normal = np.divide(rows - mean, std, out=np.zeros_like(rows), where=std > 0)
    n, size = array.shape[1], max(1, NUMBERS_PER_BLOCK // max(1, rows.shape[1]))
    scores = np.zeros(n)
    for start in range(0, n, size):
        block = slice(start, min(start + size, n))
        slopes = _correlations(normal, block) * std * _gain(std[block], noise)[:, None]
        scores[block] = mean_gain_of_highest_line(np.broadcast_to(mean, slopes.shape), slopes)
    return scores


def _correlations(normal: FloatArray, block: slice) -> FloatArray:
    """Return the correlations of some rows with all, shrunk by what the number of draws cannot tell."""
    n_draws = len(normal)
    r = np.clip(normal[:, block].T @ normal / n_draws, -1, 1)
    square = np.square(r)
    error = np.square(1 - square) / max(n_draws - 1, 1)
    return r * np.maximum(0, 1 - np.divide(error, square, out=np.ones_like(r), where=square > 0))


def _gain(std: FloatArray, noise: float) -> FloatArray:
    """Return std / sqrt(std² + noise), the function's share of an outcome's spread; 0 for std 0."""
    total = np.hypot(std, np.sqrt(noise))
    return np.divide(std, total, out=np.zeros_like(std), where=total > 0)
