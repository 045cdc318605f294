"""Scores of each candidate together with the rows chosen already, from joint draws of all of them."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_best, as_draws, as_joint_draws, as_non_negative
from bnnopt.acquisition._normal_tails import SQRT_HALF_PI
from bnnopt.exceptions import InvalidDataError

__all__ = ["q_expected_improvement", "q_noisy_expected_improvement", "q_upper_confidence_bound"]


def q_expected_improvement(
    draws: ArrayLike, *, best: float, chosen: ArrayLike | None = None, xi: float = 0.0
) -> FloatArray:
    """Return the improvement of a batch over the best: each candidate joined with the rows chosen already.

    qEI = mean over draws of max(max(u, u_1, ..., u_q) - best - xi, 0), with u_1 to u_q of the rows chosen

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Joint draws of the utility of each candidate.
    best : float
        Best utility observed so far, in the unit of the utility.
    chosen : array-like of shape (n_draws, n_chosen), optional
        Draws at the rows chosen already, joint with `draws`. Without rows the score is that of each
        candidate alone.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the unit of the utility; never below the improvement of the rows chosen alone. As that
        is part of all scores, let constraints enter by `draws_where_feasible`.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a draw or best is not finite, or xi is negative.

    References
    ----------
    J. T. Wilson, F. Hutter, M. P. Deisenroth, "Maximizing acquisition functions for Bayesian
    optimization", NeurIPS 2018, arXiv:1805.10196, table 1.
    """
    array = as_draws(draws)
    threshold = as_best(best) + as_non_negative(xi, "xi")
    return np.maximum(_with_chosen(array, chosen) - threshold, 0).mean(axis=0)


def q_noisy_expected_improvement(
    draws: ArrayLike, *, observed: ArrayLike, chosen: ArrayLike | None = None, xi: float = 0.0
) -> FloatArray:
    """Return the improvement of a batch over the best of the measured rows, which noise hides.

    qNEI = mean over draws of max(max(u, u_1, ..., u_q) - max(measured rows) - xi, 0)

    Each draw has its own best, so a row that was lucky once is not taken for better than it is.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Joint draws of the utility, without observation noise, of each candidate.
    observed : array-like of shape (n_draws, n_observed)
        Draws at the rows measured, joint with `draws`; n_observed is at least 1.
    chosen : array-like of shape (n_draws, n_chosen), optional
        Draws at the rows chosen already, joint with `draws`.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the unit of the utility. As the improvement of the rows chosen is part of all scores,
        let constraints enter by `draws_where_feasible`.

    Raises
    ------
    InvalidDataError
        A shape is wrong, no row is measured, a draw is not finite, or xi is negative.

    References
    ----------
    B. Letham, B. Karrer, G. Ottoni, E. Bakshy, "Constrained Bayesian optimization with noisy experiments",
    Bayesian Analysis 14 (2019) 495-519, arXiv:1706.07094, section 3.
    """
    array = as_draws(draws)
    measured = as_joint_draws(observed, array, "observed")
    if measured.shape[1] == 0:
        raise InvalidDataError(
            "observed must have at least one row; use 'q_ucb' or 'std' before any is measured."
        )
    threshold = measured.max(axis=1, keepdims=True) + as_non_negative(xi, "xi")
    return np.maximum(_with_chosen(array, chosen) - threshold, 0).mean(axis=0)


def q_upper_confidence_bound(
    draws: ArrayLike, *, chosen: ArrayLike | None = None, kappa: float = 2.0
) -> FloatArray:
    """Return the upper confidence bound of a batch: each candidate joined with the rows chosen already.

    qUCB = mean over draws of max over the batch of mean + kappa sqrt(π/2) abs(u - mean)

    For one candidate with a normal distribution it is mean + kappa std, so kappa means the same as in the
    bound of a single candidate; the beta of the source is kappa squared.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Joint draws of the utility of each candidate.
    chosen : array-like of shape (n_draws, n_chosen), optional
        Draws at the rows chosen already, joint with `draws`.
    kappa : float, default=2.0
        How many standard deviations to add, at least 0; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the utility.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a draw is not finite, or kappa is negative.

    References
    ----------
    J. T. Wilson, F. Hutter, M. P. Deisenroth, "Maximizing acquisition functions for Bayesian
    optimization", NeurIPS 2018, arXiv:1805.10196, table 1; J. T. Wilson, R. Moriconi, F. Hutter,
    M. P. Deisenroth, "The reparameterization trick for acquisition functions", 2017, arXiv:1712.00424.
    """
    array, factor = as_draws(draws), as_non_negative(kappa, "kappa") * SQRT_HALF_PI
    bounds = _bounds(array, factor)
    return _with_chosen(bounds, _bounds(as_joint_draws(chosen, array, "chosen"), factor)).mean(axis=0)


def _with_chosen(draws: FloatArray, chosen: ArrayLike | None) -> FloatArray:
    """Return the larger of each candidate and the best row chosen, in each draw."""
    rows = as_joint_draws(chosen, draws, "chosen")
    return np.maximum(draws, rows.max(axis=1, keepdims=True, initial=-np.inf))


def _bounds(draws: FloatArray, factor: float) -> FloatArray:
    mean = draws.mean(axis=0)
    return mean + factor * np.abs(draws - mean)
