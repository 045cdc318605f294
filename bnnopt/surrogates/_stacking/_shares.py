"""Shares of members by the density that they give to held-out rows, and calibration."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from bnnopt._threads import one_thread
from bnnopt._typing import FloatArray
from bnnopt.surrogates._predictive._mixtures import log_normal_density, mixture_moments, spread_out

__all__ = ["HeldOut", "calibration_factor", "stack", "stacking_shares"]

ROWS_OF_PRIOR = 2.0
ROWS_TO_STAY = 3.0  # that must speak for a member, or half as many as for the best
FEW_ROWS = 500.0  # beyond, the prior fades
TOLERANCE = 1e-13  # of the gain that the last step of the search promises, for each row
MOST_STEPS, LARGEST_FALL, LEAST_SHARE = 100, 0.99, 1e-4  # of a search; of a share; of what a slope promises
SMALLEST_DENSITY = 1e-300  # in units of the largest of a row: a search may step far before it turns back
CALIBRATION_RANGE = (0.25, 16.0)


class HeldOut(NamedTuple):
    """Rows predicted without them, noise included, each of shape (n_members, n_rows)."""

    mean: FloatArray
    variance: FloatArray

    def log_density(self, y: FloatArray) -> FloatArray:
        """Log density of each row, shape (n_rows,), under each member; shape (n_members, n_rows)."""
        return log_normal_density(y, self.mean, self.variance)

    def mixed(self, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the mixture, each of shape (n_rows,)."""
        return mixture_moments(shares, self.mean, self.variance)

    def mixed_log_density(self, y: FloatArray, shares: FloatArray, calibration: float = 1.0) -> FloatArray:
        """Log density of each row under the mixture, shape (n_rows,)."""
        means = spread_out(shares, self.mean, calibration)
        density = log_normal_density(y, means, calibration * self.variance)
        return np.asarray(logsumexp(density, axis=0, b=shares[:, None]))


@one_thread()
def stack(log_densities: FloatArray, weights: FloatArray) -> FloatArray:
    """Mixture weights under which held-out rows are most likely.

    They maximise `sum_i weights_i log(sum_k w_k p_ik) + prior sum_k log(w_k)`: the second term, a Dirichlet
    prior worth two rows for each member, keeps few rows from deciding everything. Beyond 500 rows it is
    worth 1000 / rows. What is maximised is concave; Newton's method within the simplex finds the maximum.

    Parameters
    ----------
    log_densities : ndarray of shape (n_members, n_rows)
        Log density that each member gave to each row without having seen it.
    weights : ndarray of shape (n_rows,)
        How many times each row counts.

    Returns
    -------
    ndarray of shape (n_members,)
        At least 0, with sum 1.

    References
    ----------
    Y. Yao, A. Vehtari, D. Simpson, A. Gelman, "Using stacking to average Bayesian predictive distributions",
    Bayesian Analysis 2018, 13, 917 (equation 4).
    """
    if len(log_densities) == 1:
        return np.ones(1)
    density = np.maximum(np.exp(log_densities - log_densities.max(axis=0)), SMALLEST_DENSITY)
    prior, total = _prior(weights), float(weights.sum())

    def value(shares: FloatArray) -> float:
        return float(weights @ np.log(shares @ density) + prior * np.log(shares).sum())

    shares = np.full(len(density), 1.0 / len(density))
    for _ in range(MOST_STEPS):
        relative = density / (shares @ density)
        slope = relative @ weights + prior / shares
        curvature = (relative * weights) @ relative.T + np.diag(prior / np.square(shares))
        of_slope, of_ones = np.linalg.solve(curvature, np.column_stack([slope, np.ones_like(slope)])).T
        move = of_slope - of_slope.sum() / of_ones.sum() * of_ones
        gain = float(slope @ move)
        if gain <= TOLERANCE * total:
            break
        length = min(1.0, LARGEST_FALL / float((-move / shares).max()))
        while value(shares + length * move) < value(shares) + LEAST_SHARE * length * gain:
            length *= 0.5
        shares = shares + length * move
    return np.asarray(shares / shares.sum(), dtype=float)


def stacking_shares(log_densities: FloatArray, weights: FloatArray) -> FloatArray:
    """Shares from `stack`, without members for which next to no row speaks.

    What the prior gives to a member that is wrong is little, but counts where a score rewards a long tail. So
    a member stays only if three rows speak for it, or half as many as for the best one: its share of the
    total weight, less the prior.

    Parameters
    ----------
    log_densities, weights
        As in `stack`.

    Returns
    -------
    ndarray of shape (n_members,)
        0 for members that were left out; the sum is 1.
    """
    shares, kept, prior = np.zeros(len(log_densities)), np.arange(len(log_densities)), _prior(weights)
    while True:
        found = stack(log_densities[kept], weights)
        rows = found * (weights.sum() + prior * len(kept)) - prior
        is_kept = rows >= min(ROWS_TO_STAY, 0.5 * rows.max())
        if is_kept.all():
            shares[kept] = found
            return shares
        kept = kept[is_kept]


def _prior(weights: FloatArray) -> float:
    """Rows that the prior is worth for each member."""
    return ROWS_OF_PRIOR * min(1.0, FEW_ROWS / max(float(weights.sum()), 1.0))


def calibration_factor(y: FloatArray, mean: FloatArray, variance: FloatArray, weights: FloatArray) -> float:
    """Mean squared error of held-out rows in units of the predicted variance, 0.25 to 16; 1 for one row."""
    if len(y) < 2:
        return 1.0
    ratio = np.average(np.square(y - mean) / variance, weights=weights)
    return float(np.clip(ratio, *CALIBRATION_RANGE))
