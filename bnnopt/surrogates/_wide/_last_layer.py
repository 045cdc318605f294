"""The last layer of wide networks, solved in closed form on all rows.

Up to `MAX_CENTRES` rows the function is a sum over the rows, exactly; beyond, over that many of them, and the
cost grows with the number of rows and no faster.

References
----------
C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, equations 2.25,
2.26 and 5.12 (moments and left-out rows). M. Seeger, C. K. I. Williams, N. D. Lawrence, "Fast forward
selection to speed up sparse Gaussian process regression", AISTATS 2003 (centres fewer than rows). J. T.
Wilson et al., "Efficiently sampling functions from Gaussian process posteriors", ICML 2020 (draws).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from bnnopt._typing import FloatArray
from bnnopt.surrogates._wide._factor import factor

__all__ = ["MAX_CENTRES", "LastLayer", "Observed", "solve_all_rows", "solve_few_centres"]

MAX_CENTRES = 512
JITTER = 1e-6


@dataclass(frozen=True)
class Observed:
    """Outputs with their noise, each of shape (n_rows,): one row stands for all its repeats."""

    y: FloatArray
    noise: FloatArray


@dataclass(frozen=True)
class LastLayer:
    """Weights of the covariances with the centres, and what is left of the variance.

    Mean at a row of covariances k with the centres: `k @ weights`. Variance: the prior's, less
    `sum((k @ explained)**2)`, plus `sum((k @ returned)**2)` where there are fewer centres than rows.

    Attributes
    ----------
    weights : ndarray of shape (n_centres,)
        Posterior mean of the weights.
    explained, returned : ndarray of shape (n_centres, n_centres)
        Roots of what the rows explain; `returned` is None if every row is a centre.
    observed : Observed
        The rows.
    left_out_mean, left_out_variance : ndarray of shape (n_rows,)
        Prediction of each row from all others, noise included.
    """

    weights: FloatArray
    explained: FloatArray
    returned: FloatArray | None
    observed: Observed
    left_out_mean: FloatArray
    left_out_variance: FloatArray

    def moments(self, covariances: FloatArray, prior: FloatArray | float) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function, from covariances (n, n_centres); each of shape (n,)."""
        variance = prior - np.square(covariances @ self.explained).sum(axis=1)
        if self.returned is not None:
            variance += np.square(covariances @ self.returned).sum(axis=1)
        return covariances @ self.weights, np.maximum(variance, 0.0)

    def correct(self, prior_draw: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Weights that pull a draw of the prior, given at the centres, to the rows; shape (n_centres,)."""
        normal = rng.standard_normal(len(prior_draw))
        if self.returned is None:
            missing = self.observed.y - prior_draw - np.sqrt(self.observed.noise) * normal
            return self.explained @ (self.explained.T @ missing)
        return self.weights + self.returned @ normal - self.explained @ (self.explained.T @ prior_draw)


def solve_all_rows(covariance: FloatArray, observed: Observed) -> LastLayer:
    """Solve with every row as a centre, from the covariance of the rows (n_rows, n_rows)."""
    inverse_root = _inverse_root(covariance + np.diag(observed.noise))
    explained = inverse_root.T
    weights = explained @ (inverse_root @ observed.y)
    variance = 1.0 / np.square(inverse_root).sum(axis=0)
    return LastLayer(
        weights=weights,
        explained=explained,
        returned=None,
        observed=observed,
        left_out_mean=observed.y - weights * variance,
        left_out_variance=variance,
    )


def solve_few_centres(
    of_centres: FloatArray, with_rows: FloatArray, prior: float, observed: Observed
) -> LastLayer:
    """Solve with fewer centres than rows.

    Parameters
    ----------
    of_centres : ndarray of shape (n_centres, n_centres)
        Covariance of the centres.
    with_rows : ndarray of shape (n_rows, n_centres)
        Covariance of the rows with the centres.
    prior : float
        Prior variance at a row.
    observed : Observed
        Outputs and noise of the rows.
    """
    of_centres = of_centres + JITTER * prior * np.eye(len(of_centres))
    explained = _inverse_root(of_centres).T
    scaled = with_rows / observed.noise[:, None]
    returned = _inverse_root(of_centres + with_rows.T @ scaled).T
    weights = returned @ (returned.T @ (scaled.T @ observed.y))
    leverage = np.square(with_rows @ returned).sum(axis=1) / observed.noise
    kept = np.maximum(1.0 - leverage, 1e-9)
    unexplained = np.maximum(prior - np.square(with_rows @ explained).sum(axis=1), 0.0)
    return LastLayer(
        weights=weights,
        explained=explained,
        returned=returned,
        observed=observed,
        left_out_mean=observed.y - (observed.y - with_rows @ weights) / kept,
        left_out_variance=observed.noise / kept + unexplained,
    )


def _inverse_root(covariance: FloatArray) -> FloatArray:
    """Inverse of the lower Cholesky factor."""
    root = factor(covariance)
    return solve_triangular(root, np.eye(len(root)), lower=True, check_finite=False)
