"""Cholesky factors of covariances that rounding may have left just short of positive definite."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotrf, dpotri

from bnnopt._typing import FloatArray

__all__ = ["cholesky", "inverse_root", "inverses"]

JITTERS = (1e-10, 1e-8, 1e-6, 1e-4)


def cholesky(covariance: FloatArray) -> FloatArray:
    """Lower Cholesky factor, after adding as little to the diagonal as is needed.

    Coincident rows and smooth functions leave covariances of rank below their size; what is added, a share of
    the mean of the diagonal, stands for noise far below any that could be measured.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the covariance is not finite or far from positive definite.
    """
    root, failed = dpotrf(covariance, lower=True)
    for jitter in JITTERS if failed else ():
        added = jitter * float(np.diagonal(covariance).mean())
        root, failed = dpotrf(covariance + added * np.eye(len(covariance)), lower=True)
        if not failed:
            break
    if failed:
        raise np.linalg.LinAlgError(f"The covariance is not positive definite (leading minor {failed}).")
    return np.asarray(root)


def inverse_root(covariance: FloatArray) -> FloatArray:
    """Inverse of the lower Cholesky factor, shape (n, n)."""
    root = cholesky(covariance)
    return np.asarray(solve_triangular(root, np.eye(len(root)), lower=True, check_finite=False))


def inverses(covariances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Inverses and log determinants of covariances, shape (k, n, n) to (k, n, n) and (k,)."""
    found, log_determinants = np.empty_like(covariances), np.empty(len(covariances))
    for place, covariance in enumerate(covariances):
        root = cholesky(covariance)
        log_determinants[place] = 2.0 * np.log(np.diagonal(root)).sum()
        lower, _ = dpotri(root, lower=True)
        found[place] = np.tril(lower) + np.tril(lower, -1).T
    return found, log_determinants
