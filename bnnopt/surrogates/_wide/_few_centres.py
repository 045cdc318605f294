"""The last layer solved on more rows than there are centres: cost grows with the rows, and no faster.

The rows come in blocks, so that memory beyond theirs stays flat. What the centres cannot say of a row counts
as noise of that row (FITC), without which rows of little noise are fitted too closely. In coordinates that
whiten the prior of the centres, the rows determine some directions well and others hardly at all; those that
take next to nothing from the variance are left out of predictions.

References
----------
E. Snelson, Z. Ghahramani, "Sparse Gaussian processes using pseudo-inputs", NIPS 2005. J. Quiñonero-Candela,
C. E. Rasmussen, "A unifying view of sparse approximate Gaussian process regression", JMLR 2005, 6, 1939,
section 6. C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning", MIT Press 2006,
equation 5.12 (left-out rows).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._wide._last_layer import LastLayer, Observed, Whitening, inverse_root

__all__ = ["MAX_CENTRES", "solve_few_centres"]

MAX_CENTRES = 512
ROWS_AT_ONCE = 4096
JITTER = 1e-6
SMALLEST_SHARE = 1e-4  # of the variance in a direction, that the rows must explain for it to count

SMALLEST_KEPT = 1e-9

Covariances = Callable[[IntArray | slice], FloatArray]


def solve_few_centres(
    of_centres: FloatArray, with_rows: Covariances, prior: float, observed: Observed, judged: IntArray
) -> LastLayer:
    """Solve on all rows, and predict some of them from all others.

    Parameters
    ----------
    of_centres : ndarray of shape (n_centres, n_centres)
        Covariance of the centres.
    with_rows : callable
        From positions of rows, n of them, to their covariances with the centres, shape (n, n_centres).
    prior : float
        Prior variance at a row.
    observed : Observed
        Outputs and noise of the rows.
    judged : ndarray of int, shape (n_judged,)
        Positions of the rows to predict.
    """
    whitening = inverse_root(of_centres + JITTER * prior * np.eye(len(of_centres))).T
    rows = _WhitenedRows(with_rows, whitening, prior, observed)
    precision, moment = rows.sums()
    gains, directions = np.linalg.eigh(precision)
    gains = np.maximum(gains, 0.0)
    basis, shares = whitening @ directions, gains / (1.0 + gains)
    is_kept = shares >= SMALLEST_SHARE
    mean, variance = rows.left_out(directions, gains, moment, judged)
    return LastLayer(
        weights=basis @ ((directions.T @ moment) / (1.0 + gains)),
        explained=basis[:, is_kept] * np.sqrt(shares[is_kept]),
        observed=observed,
        left_out_mean=mean,
        left_out_variance=variance,
        whitening=Whitening(whitening, basis / np.sqrt(1.0 + gains)),
    )


@dataclass(frozen=True)
class _WhitenedRows:
    """Rows as features: what the centres cannot say about a row is noise of its own."""

    with_rows: Covariances
    whitening: FloatArray
    prior: float
    observed: Observed

    def sums(self) -> tuple[FloatArray, FloatArray]:
        """Return sums over the rows of products of features, and with the outputs, divided by the noise."""
        n_centres = len(self.whitening)
        precision, moment = np.zeros((n_centres, n_centres)), np.zeros(n_centres)
        for start in range(0, len(self.observed.y), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            features, noise = self._features(rows)
            scaled = features / noise[:, None]
            precision += features.T @ scaled
            moment += scaled.T @ self.observed.y[rows]
        return precision, moment

    def left_out(
        self, directions: FloatArray, gains: FloatArray, moment: FloatArray, judged: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of the judged rows, each predicted from all others, noise included."""
        means, variances = np.empty(len(judged)), np.empty(len(judged))
        weights = (directions.T @ moment) / (1.0 + gains)
        for start in range(0, len(judged), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            features, noise = self._features(judged[part])
            features, y = features @ directions, self.observed.y[judged[part]]
            kept = np.maximum(1.0 - np.square(features) @ (1.0 / (1.0 + gains)) / noise, SMALLEST_KEPT)
            means[part] = y - (y - features @ weights) / kept
            variances[part] = noise / kept
        return means, variances

    def _features(self, rows: IntArray | slice) -> tuple[FloatArray, FloatArray]:
        """Features of rows, shape (n, n_centres), and the noise with what they leave unexplained."""
        features = self.with_rows(rows) @ self.whitening
        explained = np.einsum("ij,ij->i", features, features)
        return features, self.observed.noise[rows] + np.maximum(self.prior - explained, 0.0)
