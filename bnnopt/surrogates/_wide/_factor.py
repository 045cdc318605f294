"""Cholesky factors of covariances that rounding may have left just short of positive definite."""

import numpy as np
from scipy.linalg.lapack import dpotrf

from bnnopt._typing import FloatArray

__all__ = ["factor"]

JITTERS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4)


def factor(covariance: FloatArray) -> FloatArray:
    """Lower Cholesky factor, after adding as little to the diagonal as is needed.

    Coincident rows and smooth functions leave covariances of rank below their size; what is added, a share of
    the mean of the diagonal, stands for noise far below any that could be measured.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the covariance is not finite or far from positive definite.
    """
    mean = float(np.diagonal(covariance).mean())
    for jitter in JITTERS:
        root, failed = dpotrf(covariance + jitter * mean * np.eye(len(covariance)), lower=True)
        if not failed:
            return root
    raise np.linalg.LinAlgError(f"The covariance is not positive definite (leading minor {failed}).")
