"""Scores averaged over draws, for utilities that are not normal."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_best, as_draws, as_non_negative

__all__ = ["expected_improvement_of_draws"]


def expected_improvement_of_draws(draws: ArrayLike, *, best: float, xi: float = 0.0) -> FloatArray:
    """Return the improvement over the best, averaged over draws.

    EI = mean over draws of max(u - best - xi, 0)

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Draws of the utility of each candidate.
    best : float
        Best utility observed so far, in the unit of the utility.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the unit of the utility; exactly 0 where no draw is better than the best.

    Raises
    ------
    InvalidDataError
        The shape is wrong, a draw is not finite, or xi is negative.

    References
    ----------
    J. T. Wilson, F. Hutter, M. P. Deisenroth, "Maximizing acquisition functions for Bayesian
    optimization", NeurIPS 2018, arXiv:1805.10196, table 1.
    """
    threshold = as_best(best) + as_non_negative(xi, "xi")
    return np.maximum(as_draws(draws) - threshold, 0).mean(axis=0)
