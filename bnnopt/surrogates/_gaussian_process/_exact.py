"""The posterior given all rows, where every row is an inducing point.

References
----------
R&W equations 2.25, 2.26 and 5.12 (moments, rows left out). J. T. Wilson et al., "Efficiently sampling
functions from Gaussian process posteriors", ICML 2020 (draws as draws of the prior and an update).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process._cholesky import inverse_root

__all__ = ["Posterior", "Whitening", "exact_posterior"]


class Whitening(NamedTuple):
    """Roots of the precision of the inducing values before the rows, and of their weights' covariance after.

    Both are arrays of shape (n_inducing, n_inducing).
    """

    prior: FloatArray
    posterior: FloatArray


@dataclass(frozen=True)
class Posterior:
    """Weights of the covariances with the inducing points, and what the rows take from the variance.

    Mean at a row of covariances c with the inducing points: `c @ weights`. Variance: the prior's, less
    `sum((c @ explained)**2)`.

    Attributes
    ----------
    weights : ndarray of shape (n_inducing,)
        Posterior mean of the weights.
    explained : ndarray of shape (n_inducing, n_directions)
        Root of what the rows explain.
    y, noise : ndarray of shape (n_rows,)
        Outputs and the variance of their noise, those of repeats joined; of a sparse posterior the judged
        rows.
    left_out_mean, left_out_variance : ndarray of shape (n_judged,)
        Prediction of each judged row from all others, noise included.
    whitening : Whitening or None
        Of a sparse posterior, what draws need.
    """

    weights: FloatArray
    explained: FloatArray
    y: FloatArray
    noise: FloatArray
    left_out_mean: FloatArray
    left_out_variance: FloatArray
    whitening: Whitening | None = None

    def moments(self, covariances: FloatArray, prior: float) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function, from covariances (n, n_inducing); each of shape (n,)."""
        taken = covariances @ self.explained
        variance = prior - np.einsum("ij,ij->i", taken, taken)
        return covariances @ self.weights, np.maximum(variance, 0.0)

    def gradients(self, covariances: FloatArray, slopes: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Derive mean and variance, (n, d), from covariances and their slopes (n, n_inducing, d)."""
        taken = covariances @ self.explained @ self.explained.T
        by_mean = np.einsum("imd,m->id", slopes, self.weights)
        return by_mean, -2.0 * np.einsum("imd,im->id", slopes, taken)

    def update(self, prior_draw: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Weights that pull a draw of the prior, given at the inducing points, to the rows; (n_inducing,)."""
        normal = rng.standard_normal(len(prior_draw))
        if self.whitening is None:
            missing = self.y - prior_draw - np.sqrt(self.noise) * normal
            return np.asarray(self.explained @ (self.explained.T @ missing))
        before, after = self.whitening
        return np.asarray(self.weights + after @ normal - before @ (before.T @ prior_draw))


def exact_posterior(covariance: FloatArray, y: FloatArray, noise: FloatArray) -> Posterior:
    """Condition on all rows; all are judged.

    Parameters
    ----------
    covariance : ndarray of shape (n_rows, n_rows)
        Of the function at the rows.
    y, noise : ndarray of shape (n_rows,)
        Outputs and the variance of their noise.
    """
    root = inverse_root(covariance + np.diag(noise))
    weights = root.T @ (root @ y)
    variance = 1.0 / np.square(root).sum(axis=0)
    return Posterior(
        weights=weights,
        explained=root.T,
        y=y,
        noise=noise,
        left_out_mean=y - weights * variance,
        left_out_variance=variance,
    )
