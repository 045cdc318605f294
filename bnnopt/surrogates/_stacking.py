"""Weights of predictors from how well each predicted rows that it had not seen."""

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["log_normal_density", "stack"]

N_ROUNDS = 200
ROWS_OF_PRIOR = 2.0


def log_normal_density(y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Log density of the normal law, elementwise."""
    return -0.5 * (np.log(2.0 * np.pi * variance) + np.square(y - mean) / variance)


def stack(log_densities: FloatArray, weights: FloatArray) -> FloatArray:
    """Mixture weights under which held-out rows are most likely.

    They maximise `sum_i weights_i log(sum_k w_k p_ik) + ROWS_OF_PRIOR sum_k log(w_k)` by expectation
    maximisation: the second term, a Dirichlet prior worth two rows for each predictor, keeps few rows from
    deciding everything.

    Parameters
    ----------
    log_densities : ndarray of shape (n_predictors, n_rows)
        Log density that each predictor gave to each row without having seen it.
    weights : ndarray of shape (n_rows,)
        How many times each row counts.

    Returns
    -------
    ndarray of shape (n_predictors,)
        At least 0, with sum 1.

    References
    ----------
    Y. Yao, A. Vehtari, D. Simpson, A. Gelman, "Using stacking to average Bayesian predictive distributions",
    Bayesian Analysis 2018, 13, 917 (equation 4).
    """
    density = np.exp(log_densities - log_densities.max(axis=0))
    mixture = np.full(len(density), 1.0 / len(density))
    for _ in range(N_ROUNDS):
        shares = mixture[:, None] * density
        shares /= shares.sum(axis=0)
        mixture = shares @ weights + ROWS_OF_PRIOR
        mixture /= mixture.sum()
    return mixture
