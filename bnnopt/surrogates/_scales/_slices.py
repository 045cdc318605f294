"""Normal distributions through a bent scale: cut into slices, each matched by a mean and a variance."""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from bnnopt._typing import FloatArray
from bnnopt.surrogates._predictive._mixtures import OutputMixture
from bnnopt.surrogates._scales._warps import OutcomeScale

__all__ = ["N_SLICES", "mean_noise_variance", "sliced", "sliced_slopes"]

N_SLICES = 8
N_NODES = 5  # of each slice: exact for polynomials of the ninth degree
END = 9.0  # stds: where the outermost slices end
N_FINE = 400
LARGEST_GRID = 2**20  # numbers at a time


class Nodes(NamedTuple):
    """Gauss quadrature of the standard normal distribution on slices of equal probability.

    Attributes
    ----------
    places, weights : ndarray of shape (n_slices, n_nodes)
        The weights of each slice make 1.
    """

    places: FloatArray
    weights: FloatArray


@lru_cache(maxsize=1)
def normal_nodes() -> Nodes:
    """Return the nodes of all slices."""
    edges = ndtri(np.arange(N_SLICES + 1) / N_SLICES)
    edges[0], edges[-1] = -END, END
    pairs = [_gauss(low, high) for low, high in pairwise(edges)]
    return Nodes(*(np.array(part) for part in zip(*pairs, strict=True)))


def _gauss(low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of one slice: eigenvalues of a matrix that Lanczos' steps on a fine rule make.

    G. H. Golub, J. H. Welsch, "Calculation of Gauss quadrature rules", Mathematics of Computation 23 (1969)
    221-230.
    """
    fine, weights = np.polynomial.legendre.leggauss(N_FINE)
    fine = 0.5 * (low + high) + 0.5 * (high - low) * fine
    weights = weights * np.exp(-0.5 * np.square(fine))
    basis = [np.sqrt(weights / weights.sum())]
    while len(basis) < N_NODES:
        vector = fine * basis[-1]
        for _ in range(2):
            for known in basis:
                vector = vector - (vector @ known) * known
        basis.append(vector / np.linalg.norm(vector))
    places, vectors = np.linalg.eigh(np.array(basis) @ (fine[:, None] * np.array(basis).T))
    return places, np.square(vectors[0])


def sliced(scale: OutcomeScale, mixture: OutputMixture, noise_std: FloatArray) -> OutputMixture:
    """Return the distribution of the expected outcome: `N_SLICES` components for each latent one.

    Each normal component is cut into slices of equal probability. A component of the result has mean and
    variance of the expected outcome on one slice, so the mean is within the bounds.

    Parameters
    ----------
    scale : OutcomeScale
    mixture : OutputMixture
        Of the latent function at n rows, k components.
    noise_std : ndarray of shape (n,)
        Of the latent noise, over which outcomes are averaged.

    Returns
    -------
    OutputMixture
        In the unit of the outcome.
    """
    parts = [_moments(scale, *part)[:2] for part in _in_parts(mixture, noise_std)]
    mean, variance = (_joined(each) for each in zip(*parts, strict=True))
    return OutputMixture(np.repeat(mixture.shares, N_SLICES) / N_SLICES, mean, variance)


def sliced_slopes(
    scale: OutcomeScale,
    mixture: OutputMixture,
    noise_std: FloatArray,
    by_mean: FloatArray,
    by_variance: FloatArray,
) -> tuple[OutputMixture, FloatArray, FloatArray]:
    """Return the same with derivatives of its means and variances, given those of the latent ones (k, n, d).

    The latent noise must not depend on the inputs.
    """
    mean, variance, expected, z = _moments(scale, mixture.means, mixture.variances, noise_std)
    places, weights = normal_nodes()
    steepness = weights * scale.expected_slope(z, noise_std[None, :, None, None])
    twice = 2.0 * np.sqrt(mixture.variances)[..., None]
    by_std = np.divide(by_variance, twice, out=np.zeros_like(by_variance), where=twice > 0)
    away = 2.0 * steepness * (expected - mean[..., None])
    slopes = [
        own.sum(axis=-1)[..., None] * by_mean[:, :, None]
        + (own * places).sum(axis=-1)[..., None] * by_std[:, :, None]
        for own in (steepness, away)
    ]
    joined = OutputMixture(
        np.repeat(mixture.shares, N_SLICES) / N_SLICES, _joined([mean]), _joined([variance])
    )
    return joined, *(np.moveaxis(each, 2, 1).reshape(-1, *by_mean.shape[1:]) for each in slopes)


def mean_noise_variance(scale: OutcomeScale, mixture: OutputMixture, noise_std: FloatArray) -> FloatArray:
    """Return the variance of the outcome around its expectation, averaged over the latent function; (n,)."""
    if not noise_std.any():
        return np.zeros(len(noise_std))
    parts = []
    for means, variances, noise in _in_parts(mixture, noise_std):
        z, weights = _grid(means, variances), normal_nodes().weights
        own = weights * scale.variance(z, noise[None, :, None, None])
        parts.append((mixture.shares[:, None] * own.sum(axis=-1).mean(axis=-1)).sum(axis=0))
    return np.concatenate(parts)


def _moments(
    scale: OutcomeScale, means: FloatArray, variances: FloatArray, noise_std: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mean and variance of each slice, (k, n, n_slices), expected outcomes and latent values at the nodes."""
    z, weights = _grid(means, variances), normal_nodes().weights
    expected = scale.expected(z, noise_std[None, :, None, None])
    mean = (weights * expected).sum(axis=-1)
    mean = np.clip(mean, expected.min(axis=-1), expected.max(axis=-1))  # no rounding beyond a bound
    return mean, (weights * np.square(expected - mean[..., None])).sum(axis=-1), expected, z


def _grid(means: FloatArray, variances: FloatArray) -> FloatArray:
    """Latent values at the nodes of all slices, shape (k, n, n_slices, n_nodes)."""
    return means[..., None, None] + np.sqrt(variances)[..., None, None] * normal_nodes().places


def _in_parts(
    mixture: OutputMixture, noise_std: FloatArray
) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """Means, variances and noise of a few rows at a time, so that memory stays flat."""
    n_rows = max(1, LARGEST_GRID // (len(mixture.shares) * N_SLICES * N_NODES))
    starts = range(0, len(noise_std), n_rows)
    cuts = [slice(start, start + n_rows) for start in starts]
    return [(mixture.means[:, cut], mixture.variances[:, cut], noise_std[cut]) for cut in cuts]


def _joined(parts: "list[FloatArray] | tuple[FloatArray, ...]") -> FloatArray:
    """Join rows of shape (k, n_part, n_slices) to (k n_slices, n)."""
    values = np.concatenate(parts, axis=1)
    return np.moveaxis(values, 2, 1).reshape(-1, values.shape[1])
