"""The logarithm of a batch's improvement, smoothed so that it orders candidates that no draw improves."""

import numpy as np
from scipy.special import logsumexp

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_best, as_draws, as_joint_draws, as_positive

__all__ = ["q_log_expected_improvement"]

FAT_SHARE = 0.1  # of the Cauchy term beside the softplus; keeps the sum increasing and convex


def q_log_expected_improvement(
    draws: ArrayLike,
    *,
    best: float,
    chosen: ArrayLike | None = None,
    tau: float = 1e-6,
    tau_max: float = 1e-2,
) -> FloatArray:
    """Return the logarithm of a batch's improvement, each candidate joined with the rows chosen already.

    qLogEI = log mean over draws of exp(fatmax over the batch of log(s fatplus((u - best) / s))), s = tau std,
    with fatplus(x) = log(1 + exp x) + 0.1 / (1 + x²) and
    fatmax(l) = max l + tau_max log of the sum of 1 / (1 + ((l - max l) / tau_max)²)

    It tends to the logarithm of the improvement of draws as tau and tau_max tend to 0. Where no draw
    improves on the best, its tail still tells which candidate is nearer, measured by its spread. The
    temperature is in units of the standard deviation over the draws of each row, so another unit of the
    utility shifts all scores alike. A row whose draws agree is not smoothed.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Joint draws of the utility of each candidate.
    best : float
        Best utility observed so far, in the unit of the utility.
    chosen : array-like of shape (n_draws, n_chosen), optional
        Draws at the rows chosen already, joint with `draws`.
    tau : float, default=1e-6
        Temperature of the smooth step at 0, in standard deviations, above 0.
    tau_max : float, default=1e-2
        Temperature of the smooth maximum over the batch, without unit, above 0.

    Returns
    -------
    ndarray of shape (n,)
        Logarithm of a quantity in the unit of the utility; -inf only where draws agree and nothing is gained.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a draw or best is not finite, or a temperature is not above 0.

    References
    ----------
    S. Ament, S. Daulton, D. Eriksson, M. Balandat, E. Bakshy, "Unexpected improvements to expected
    improvement for Bayesian optimization", NeurIPS 2023, arXiv:2310.20708, section 4.2 and the appendix on
    fat non-linearities.
    """
    array, threshold, width = as_draws(draws), as_best(best), as_positive(tau, "tau")
    rows = as_joint_draws(chosen, array, "chosen")
    logs = _log_gains(array, threshold, width)
    joined = _fat_maximum(logs, _log_gains(rows, threshold, width), as_positive(tau_max, "tau_max"))
    return logsumexp(joined, axis=0) - np.log(len(array))


def _log_gains(draws: FloatArray, best: float, tau: float) -> FloatArray:
    """Return log(s fatplus((u - best) / s)), s = tau std; where s is 0, log max(u - best, 0)."""
    gain, scale = draws - best, tau * np.where(np.ptp(draws, axis=0) == 0, 0.0, draws.std(axis=0))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        x = gain / scale
        smooth = np.log(scale) + np.log(np.logaddexp(0, x) + FAT_SHARE / (1 + x**2))
        plain = np.log(np.maximum(gain, 0))
    return np.where(np.isfinite(smooth), smooth, plain)


def _fat_maximum(logs: FloatArray, others: FloatArray, tau: float) -> FloatArray:
    """Return the smooth maximum of each column of `logs` and all columns of `others`, row by row.

    Where a value is not the highest, the sum over the others is the same for all columns.
    """
    before = others.max(axis=1, keepdims=True, initial=-np.inf)
    highest = np.maximum(logs, before)
    with np.errstate(invalid="ignore", over="ignore"):
        total = _fat(logs - highest, tau) + _fat(others - before, tau).sum(axis=1, keepdims=True)
        rows, columns = np.nonzero(logs > before)
        gaps = others[rows] - logs[rows, columns][:, None]
        total[rows, columns] = 1.0 + _fat(gaps, tau).sum(axis=1)
    with np.errstate(invalid="ignore"):
        smooth = highest + tau * np.log(total)
    return np.where(np.isneginf(highest), -np.inf, smooth)


def _fat(gaps: FloatArray, tau: float) -> FloatArray:
    """Return what a value counts that lies below the highest by a gap."""
    return 1 / (1 + np.square(gaps / tau))
