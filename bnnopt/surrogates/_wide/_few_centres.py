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

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._wide._last_layer import LastLayer, ObservedRows, Whitening, inverse_root
from bnnopt.surrogates._wide._rows import ROWS_AT_ONCE

__all__ = ["MAX_CENTRES", "solve_few_centres"]

MAX_CENTRES = 512
JITTER = 1e-6
SMALLEST_SHARE = 1e-4  # of the variance in a direction, that the rows must explain for it to count

SMALLEST_KEPT = 1e-9

Covariances = Callable[[FloatArray], FloatArray]


def solve_few_centres(
    of_centres: FloatArray,
    with_rows: Covariances,
    prior: float,
    blocks: Iterable[ObservedRows],
    judged: ObservedRows,
) -> LastLayer:
    """Solve on all rows, and predict some of them from all others.

    Parameters
    ----------
    of_centres : ndarray of shape (n_centres, n_centres)
        Covariance of the centres.
    with_rows : callable
        From inputs of n rows to their covariances with the centres, shape (n, n_centres).
    prior : float
        Prior variance at a row.
    blocks : iterable of ObservedRows
        All rows, some thousand at once.
    judged : ObservedRows
        Those of them that are predicted.
    """
    whitening = inverse_root(of_centres + JITTER * prior * np.eye(len(of_centres))).T
    features = _Features(with_rows, whitening, prior)
    precision, moment = _sums(features, blocks)
    gains, directions = np.linalg.eigh(precision)
    gains = np.maximum(gains, 0.0)
    basis, shares = whitening @ directions, gains / (1.0 + gains)
    is_kept = shares >= SMALLEST_SHARE
    mean, variance = _left_out(features, directions, gains, moment, judged)
    return LastLayer(
        weights=basis @ ((directions.T @ moment) / (1.0 + gains)),
        explained=basis[:, is_kept] * np.sqrt(shares[is_kept]),
        observed=judged.observed,
        left_out_mean=mean,
        left_out_variance=variance,
        whitening=Whitening(whitening, basis / np.sqrt(1.0 + gains)),
    )


@dataclass(frozen=True)
class _Features:
    """Rows as features: what the centres cannot say about a row is noise of its own."""

    with_rows: Covariances
    whitening: FloatArray
    prior: float

    def __call__(self, rows: ObservedRows) -> tuple[FloatArray, FloatArray]:
        """Features of rows, shape (n, n_centres), and the noise with what they leave unexplained."""
        features = self.with_rows(rows.X) @ self.whitening
        explained = np.einsum("ij,ij->i", features, features)
        return features, rows.observed.noise + np.maximum(self.prior - explained, 0.0)


def _sums(features_of: _Features, blocks: Iterable[ObservedRows]) -> tuple[FloatArray, FloatArray]:
    """Return sums over the rows of products of features, and with the outputs, divided by the noise."""
    n_centres = len(features_of.whitening)
    precision, moment = np.zeros((n_centres, n_centres)), np.zeros(n_centres)
    for rows in blocks:
        features, noise = features_of(rows)
        root = np.sqrt(noise)
        features /= root[:, None]
        precision += features.T @ features  # of a matrix with itself, which takes half the time
        moment += features.T @ (rows.observed.y / root)
    return precision, moment


def _left_out(
    features_of: _Features,
    directions: FloatArray,
    gains: FloatArray,
    moment: FloatArray,
    judged: ObservedRows,
) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of the judged rows, each predicted from all others, noise included."""
    means, variances = [], []
    weights = (directions.T @ moment) / (1.0 + gains)
    for rows in judged.blocks(ROWS_AT_ONCE):
        features, noise = features_of(rows)
        features, y = features @ directions, rows.observed.y
        kept = np.maximum(1.0 - np.square(features) @ (1.0 / (1.0 + gains)) / noise, SMALLEST_KEPT)
        means.append(y - (y - features @ weights) / kept)
        variances.append(noise / kept)
    return np.concatenate(means), np.concatenate(variances)
