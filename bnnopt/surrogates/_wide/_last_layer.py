"""The last layer of wide networks, solved in closed form on all rows.

Here every row is a centre: the function is a sum over the rows, exactly. `_few_centres` solves larger tables.

References
----------
C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning", MIT Press 2006, equations 2.25,
2.26 and 5.12 (moments and left-out rows). J. T. Wilson et al., "Efficiently sampling functions from Gaussian
process posteriors", ICML 2020 (draws).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._wide._factor import factor

__all__ = ["LastLayer", "Observed", "ObservedRows", "Whitening", "inverse_root", "solve_all_rows"]


@dataclass(frozen=True)
class Observed:
    """Outputs with their noise, each of shape (n_rows,): one row stands for all its repeats."""

    y: FloatArray
    noise: FloatArray


class ObservedRows(NamedTuple):
    """Inputs of rows, shape (n_rows, n_inputs), and what was observed there."""

    X: FloatArray
    observed: Observed

    def only(self, rows: IntArray | slice) -> "ObservedRows":
        """Return some of the rows."""
        return ObservedRows(self.X[rows], Observed(self.observed.y[rows], self.observed.noise[rows]))

    def blocks(self, n_rows: int) -> "Iterator[ObservedRows]":
        """Give all rows, `n_rows` at once."""
        for start in range(0, len(self.X), n_rows):
            yield self.only(slice(start, start + n_rows))


class Whitening(NamedTuple):
    """Roots of the precision of the centres before and of the covariance of the weights after the rows.

    Both are arrays of shape (n_centres, n_centres).
    """

    prior: FloatArray
    posterior: FloatArray


@dataclass(frozen=True)
class LastLayer:
    """Weights of the covariances with the centres, and what the rows take from the variance.

    Mean at a row of covariances k with the centres: `k @ weights`. Variance: the prior's, less
    `sum((k @ explained)**2)`.

    Attributes
    ----------
    weights : ndarray of shape (n_centres,)
        Posterior mean of the weights.
    explained : ndarray of shape (n_centres, n_directions)
        Root of what the rows explain.
    observed : Observed
        The rows; where there are fewer centres than rows, the judged ones.
    left_out_mean, left_out_variance : ndarray of shape (n_judged,)
        Prediction of each judged row from all others, noise included.
    whitening : Whitening or None
        Where there are fewer centres than rows, what draws need.
    """

    weights: FloatArray
    explained: FloatArray
    observed: Observed
    left_out_mean: FloatArray
    left_out_variance: FloatArray
    whitening: Whitening | None = None

    def moments(self, covariances: FloatArray, prior: FloatArray | float) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function, from covariances (n, n_centres); each of shape (n,)."""
        taken = covariances @ self.explained
        variance = prior - np.einsum("ij,ij->i", taken, taken)
        return covariances @ self.weights, np.maximum(variance, 0.0)

    def correct(self, prior_draw: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Weights that pull a draw of the prior, given at the centres, to the rows; shape (n_centres,)."""
        normal = rng.standard_normal(len(prior_draw))
        if self.whitening is None:
            missing = self.observed.y - prior_draw - np.sqrt(self.observed.noise) * normal
            return self.explained @ (self.explained.T @ missing)
        before, after = self.whitening
        return self.weights + after @ normal - before @ (before.T @ prior_draw)


def solve_all_rows(covariance: FloatArray, observed: Observed) -> LastLayer:
    """Solve with every row as a centre, from the covariance of the rows (n_rows, n_rows); all are judged."""
    root = inverse_root(covariance + np.diag(observed.noise))
    weights = root.T @ (root @ observed.y)
    variance = 1.0 / np.square(root).sum(axis=0)
    return LastLayer(
        weights=weights,
        explained=root.T,
        observed=observed,
        left_out_mean=observed.y - weights * variance,
        left_out_variance=variance,
    )


def inverse_root(covariance: FloatArray) -> FloatArray:
    """Inverse of the lower Cholesky factor."""
    root = factor(covariance)
    return solve_triangular(root, np.eye(len(root)), lower=True, check_finite=False)
