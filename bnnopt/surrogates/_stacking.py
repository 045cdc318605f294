"""Weights of predictors from how well each predicted rows that it had not seen."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from bnnopt._typing import FloatArray

__all__ = ["log_normal_density", "stack"]

ROWS_OF_PRIOR = 2.0
FEW_ROWS = 500.0  # beyond, the prior fades
TOLERANCE = 1e-9  # of the gradient, in shares
SMALLEST_DENSITY = 1e-300  # in units of the largest of a row: a search may step far before it turns back


def log_normal_density(y: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Log density of the normal law, elementwise."""
    return -0.5 * (np.log(2.0 * np.pi * variance) + np.square(y - mean) / variance)


def stack(log_densities: FloatArray, weights: FloatArray) -> FloatArray:
    """Mixture weights under which held-out rows are most likely.

    They maximise `sum_i weights_i log(sum_k w_k p_ik) + prior sum_k log(w_k)`: the second term, a Dirichlet
    prior worth two rows for each predictor, keeps few rows from deciding everything. Beyond 500 rows it is
    worth 1000 / rows.

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
    n_rows = float(weights.sum())
    prior = ROWS_OF_PRIOR * min(1.0, FEW_ROWS / max(n_rows, 1.0))
    total = n_rows + prior * len(density)

    def loss(logits: FloatArray) -> tuple[float, FloatArray]:
        """Negative of what is maximised, a mean over the rows, and its gradient by the logits."""
        mixture = softmax(logits)
        mixed = np.maximum(mixture @ density, SMALLEST_DENSITY)
        value = weights @ np.log(mixed) + prior * log_softmax(logits).sum()
        counts = mixture * (density @ (weights / mixed)) + prior
        return -value / total, mixture - counts / total

    start, options = np.zeros(len(density)), {"gtol": TOLERANCE, "ftol": 0.0}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(softmax(found.x), dtype=float)
