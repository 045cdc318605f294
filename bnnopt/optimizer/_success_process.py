"""A Gaussian process classifier that learns which inputs decide between success and failure.

References
----------
C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, algorithms 3.1,
3.2 and 5.1 (Laplace's approximation of predictions and of the evidence). C. Hvarfner, E. O. Hellsten, L.
Nardi, "Vanilla Bayesian optimization performs great in high dimensions", ICML 2024 (length scales that grow
with the number of inputs).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from bnnopt._typing import BoolArray, FloatArray, IntArray

__all__ = ["fitted_process"]

LENGTH, LENGTH_STD = 0.8, 1.0  # of the range of an input; standard deviation of the logarithm
INPUTS_OF_THE_PRIOR = 8  # with more, lengths grow so that rows stay as far apart as with so many
AMPLITUDE, AMPLITUDE_STD = 9.0, 1.5  # variance of the log odds; standard deviation of its logarithm
OFFSET = 1.0  # variance of the log odds that all rows share
ROWS_TO_LEARN_FROM = 200
MOST_STEPS, LEAST_FALL = 30, 1e-4
BOUNDS = (1e-5, 1e5)


def fitted_process(X: FloatArray, is_success: BoolArray, seed: int) -> GaussianProcessClassifier:
    """Return the classifier whose length scales and amplitude have the highest evidence times prior.

    The log odds of success are a Gaussian process of squared exponential covariance with a length scale for
    each input. The prior of the scales keeps those of inputs that decide nothing, or of which little is
    known, long but not endless, and lets the amplitude fall where failures come at random.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_dims)
        Encoded rows.
    is_success : ndarray of bool, shape (n_rows,)
        Some true, some not.
    seed : int
        Draws the rows that scales are learned from, where there are more than 200.
    """
    n_dims = X.shape[1]
    length = LENGTH * max(n_dims / INPUTS_OF_THE_PRIOR, 1.0) ** 0.5
    kernel = ConstantKernel(AMPLITUDE, BOUNDS) * RBF([length] * n_dims, BOUNDS)
    kernel = kernel + ConstantKernel(OFFSET, "fixed")
    std = np.append(AMPLITUDE_STD, np.full(n_dims, LENGTH_STD))
    part = _part(is_success, seed)
    learned = GaussianProcessClassifier(kernel, optimizer=_with_prior(kernel.theta, std)).fit(
        X[part], is_success[part]
    )
    if len(part) == len(X):
        return learned
    return GaussianProcessClassifier(learned.kernel_, optimizer=None).fit(X, is_success)


def _with_prior(mean: FloatArray, std: FloatArray) -> Callable[..., tuple[FloatArray, float]]:
    """Return an optimizer for scikit-learn that adds a normal prior of the logarithms of the scales."""

    def search(loss: Callable[[FloatArray], Any], start: FloatArray, bounds: Any) -> tuple[FloatArray, float]:
        def penalised(theta: FloatArray) -> tuple[float, FloatArray]:
            value, slope = loss(theta)
            off = (theta - mean) / std
            return value + 0.5 * float(off @ off), slope + off / std

        options = {"maxiter": MOST_STEPS, "ftol": LEAST_FALL}
        found = minimize(penalised, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options)
        return found.x, float(found.fun)

    return search


def _part(is_success: BoolArray, seed: int) -> IntArray:
    """Return the rows to learn from: all of few, else some, with successes and failures in proportion."""
    n_rows = len(is_success)
    if n_rows <= ROWS_TO_LEARN_FROM:
        return np.arange(n_rows)
    order = np.random.default_rng(seed).permutation(n_rows)
    order = order[np.argsort(is_success[order], kind="stable")]
    return np.sort(order[np.linspace(0, n_rows - 1, ROWS_TO_LEARN_FROM).astype(int)])
