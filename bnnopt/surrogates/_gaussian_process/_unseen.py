"""Rows predicted as if neither their values nor their influence on the hyperparameters were known.

Without row i hyperparameters would be others. At their maximum the slope of the log likelihood of all rows
and of the prior is 0, and of that the part g of row i is the slope of the log density that the other rows
give to it. With H the curvature, the sum of g gᵀ over the rows and that of the prior, the maximum without the
row lies about (H - g gᵀ)⁻¹ g back from that with it (the infinitesimal jackknife). To first order, mean and
logarithm of the variance move with the hyperparameters along their slopes.

References
----------
R&W equations 5.10 to 5.13 (slopes of rows left out; S. Sundararajan, S. S. Keerthi, Neural Computation 2001,
13, 1103). R. Giordano et al., "A Swiss army infinitesimal jackknife", AISTATS 2019.
"""

from collections.abc import Iterator

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process._blocks import Blocks
from bnnopt.surrogates._gaussian_process._exact import LeftOut, inverse_root
from bnnopt.surrogates._gaussian_process._hyperparameters import Prior
from bnnopt.surrogates._gaussian_process._kernels import KERNELS
from bnnopt.surrogates._gaussian_process._process import GaussianProcess
from bnnopt.surrogates._rows import Rows

__all__ = ["predict_unseen"]

STEP = 1e-5  # of the logarithm of a length scale: slopes of covariances are differences
LEAST_LEFT = 0.1  # of the curvature along the slope of a row, without it
LONGEST_MOVE = 2.0  # of a hyperparameter without one row, in standard deviations of the prior
LARGEST_CHANGE = 1.5  # of the logarithm of a variance


def predict_unseen(member: GaussianProcess, rows: Rows, blocks: Blocks, prior: Prior) -> LeftOut:
    """Predict one measurement of each row as if the member had never seen it.

    Parameters
    ----------
    member : GaussianProcess
        Conditioned on all rows, exactly; its hyperparameters were learned from all of them.
    rows : Rows
        Of one output, standardised.
    blocks : Blocks
        Columns that share a length scale.
    prior : Prior
        Of the hyperparameters.
    """
    y, noise = rows.y[:, 0], rows.noise(member.noise_variance)
    covariance = _covariance(member, member.inducing)
    root = inverse_root(covariance + np.diag(noise / rows.weights))
    precision = root.T @ root
    solved, diagonal = precision @ y, precision.diagonal()
    mean, variance = y - solved / diagonal, 1.0 / diagonal
    by_mean, by_log = [], []
    for slope in _slopes(member, covariance, rows, blocks):
        through = precision @ slope
        of_solved, of_diagonal = through @ solved, (through * precision).sum(axis=1) / diagonal
        by_mean.append((of_solved - solved * of_diagonal) / diagonal)
        by_log.append(of_diagonal)
    moves = _moves(y - mean, variance, np.array(by_mean).T, np.array(by_log).T, prior.curvature(len(by_mean)))
    change = np.clip((moves * np.array(by_log).T).sum(axis=1), -LARGEST_CHANGE, LARGEST_CHANGE)
    mean = mean + (moves * np.array(by_mean).T).sum(axis=1)
    return LeftOut(mean, variance * np.exp(change) + noise * (1.0 - 1.0 / rows.weights))


def _moves(
    errors: FloatArray, variance: FloatArray, by_mean: FloatArray, by_log: FloatArray, curvature: FloatArray
) -> FloatArray:
    """Return how hyperparameters would differ without each row, (n_rows, n_hyperparameters)."""
    squares = (np.square(errors) / variance)[:, None]
    slopes = (errors / variance)[:, None] * by_mean + 0.5 * (squares - 1.0) * by_log
    back = np.linalg.solve(slopes.T @ slopes + np.diag(curvature), slopes.T).T
    left = np.maximum(1.0 - (slopes * back).sum(axis=1), LEAST_LEFT)
    moves = -back / left[:, None]
    longest = (np.abs(moves) * np.sqrt(curvature)).max(axis=1)
    return np.asarray(moves * (LONGEST_MOVE / np.maximum(longest, LONGEST_MOVE))[:, None])


def _covariance(member: GaussianProcess, places: FloatArray) -> FloatArray:
    own = member.hyperparameters
    return np.asarray(
        own.signal_variance[0] * KERNELS[member.kernel](places, places) + own.offset_variance[0]
    )


def _slopes(
    member: GaussianProcess, covariance: FloatArray, rows: Rows, blocks: Blocks
) -> Iterator[FloatArray]:
    """Give the slope of the covariance of the measurements by each hyperparameter, (n_rows, n_rows)."""
    own = member.hyperparameters
    for number in range(blocks.n_blocks):
        shorter = np.where(blocks.of_columns == number, np.exp(-STEP), 1.0)
        yield (_covariance(member, member.inducing * shorter) - covariance) / STEP
    yield covariance - own.offset_variance[0]
    yield np.full_like(covariance, own.offset_variance[0])
    yield np.diag(np.exp(own.log_noise[0]) * rows.noise_factors / rows.weights)
