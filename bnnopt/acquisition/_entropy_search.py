"""Information about the value of the maximum."""

import numpy as np
from scipy.special import log_ndtr

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_draws, as_joint_draws
from bnnopt.acquisition._batch import moments_of_draws
from bnnopt.acquisition._normal_tails import LOG_SQRT_2PI, mills_gap

__all__ = ["max_value_entropy_search"]

CANDIDATES_PER_BLOCK = 4096
NOTHING_CUT_OFF = 40.0  # from here on the entropy lost underflows to 0


def max_value_entropy_search(draws: ArrayLike, *, observed: ArrayLike | None = None) -> FloatArray:
    """Return how much the utility of a candidate tells about the value of the maximum.

    MES = mean over maxima m of g φ(g) / (2 Φ(g)) - log Φ(g), with g = (m - mean) / std

    The maxima are those of each draw over all candidates and measured rows; mean and std are the moments of
    the draws. Each term is the entropy that a normal distribution loses when it is cut off at m.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Joint draws of the utility, without observation noise, of each candidate.
    observed : array-like of shape (n_draws, n_observed), optional
        Draws at the rows measured, joint with `draws`.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in nats; 0 where the draws of a candidate agree.

    Raises
    ------
    InvalidDataError
        A shape is wrong or a draw is not finite.

    References
    ----------
    Z. Wang, S. Jegelka, "Max-value entropy search for efficient Bayesian optimization", ICML 2017,
    arXiv:1703.01968, eq. 6.
    """
    array = as_draws(draws)
    rows = as_joint_draws(observed, array, "observed")
    maxima = np.maximum(array.max(axis=1, initial=-np.inf), rows.max(axis=1, initial=-np.inf))
    mean, std = moments_of_draws(array)
    scores = np.zeros(len(mean))
    uncertain = np.flatnonzero(std > 0)
    for block in np.split(uncertain, range(CANDIDATES_PER_BLOCK, len(uncertain), CANDIDATES_PER_BLOCK)):
        with np.errstate(over="ignore"):
            g = (maxima[:, None] - mean[block]) / std[block]
        scores[block] = _entropy_lost(g).mean(axis=0)
    return scores


def _entropy_lost(g: FloatArray) -> FloatArray:
    """Return g φ(g) / (2 Φ(g)) - log Φ(g).

    For g < 0 both terms grow like g² / 2 and cancel. With t = -g, Mills' ratio R = Φ(-t) / φ(t) and the gap
    1 - t R, the sum is log sqrt(2 π) - log R - t² gap / (2 (1 - gap)), which stays accurate for all t.
    """
    t = np.maximum(-g, 1.0)
    gap = mills_gap(t)
    far = LOG_SQRT_2PI - np.log((1 - gap) / t) - 0.5 * t**2 * gap / (1 - gap)
    near = np.clip(g, -1.0, NOTHING_CUT_OFF)
    log_probability = log_ndtr(near)
    ratio = np.exp(-0.5 * near**2 - LOG_SQRT_2PI - log_probability)
    return np.where(g < -1, far, 0.5 * near * ratio - log_probability)
