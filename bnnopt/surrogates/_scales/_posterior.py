"""The posterior of an outcome on a scale: a latent posterior, in the unit of the outcome.

Normal distributions go through a bent scale in slices, each matched by a mean and a variance.
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from bnnopt._estimators import draw_seed
from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._predictive._mixtures import (
    SMALLEST_VARIANCE,
    Believed,
    HeldOutPredictions,
    OutputMixture,
    matched_slopes,
)
from bnnopt.surrogates._predictive._quantiles import (
    Calibration,
    calibrated,
    calibration_of,
    mixture_quantiles,
)
from bnnopt.surrogates._rows import in_blocks
from bnnopt.surrogates._scales._latent import BoundedRows, LatentScale
from bnnopt.surrogates._scales._warps import OutcomeScale
from bnnopt.surrogates._stacking._members import Member

__all__ = ["WarpedPosterior"]

ROWS_FOR_NOISE = 1024
N_SLICES = 8
N_NODES = 5  # of each slice: exact for polynomials of the ninth degree
END = 9.0  # stds: where the outermost slices end
N_FINE = 400
LARGEST_GRID = 2**20  # numbers at a time


class WarpedPosterior:
    """What a fit on a latent scale says of the outcome.

    The function is the expected outcome at an input, the latent noise averaged out, so that it has the mean
    of an observation. Its moments are those of one normal latent distribution with the moments of the mixture
    that is predicted; quantiles are those of the mixture.

    Parameters
    ----------
    member : Member
        Fitted on standardised latent values.
    latent : LatentScale
    rows : BoundedRows
    held_out : HeldOutPredictions or None
        In standardised latent units.
    """

    def __init__(
        self, member: Member, latent: LatentScale, rows: BoundedRows, held_out: HeldOutPredictions | None
    ) -> None:
        self._member: Member | Believed = member
        self._latent, self._scale = latent, latent.scale
        self._held_out, self._least_variance = held_out, SMALLEST_VARIANCE * rows.unit**2
        self._rows, self._bounds_met = rows, rows.bounds_met
        places = np.linspace(0, len(rows.y) - 1, min(len(rows.y), ROWS_FOR_NOISE)).astype(int)
        some, weights = rows.X[places], rows.weights[places]
        self.has_constant_noise = float(np.ptp(self._noise_std(some))) <= 1e-9 * latent.unit
        self.noise = np.average(self.noise_at(some), axis=0, weights=weights)

    @property
    def weights(self) -> FloatArray:
        """Weights of the rows of the fit."""
        return self._rows.weights

    @property
    def can_believe(self) -> bool:
        """Whether what is expected of rows can be taken for known."""
        return self._member.has("predict_covariance")

    def believing(self, X: FloatArray) -> "WarpedPosterior":
        """Return the posterior for which the latent value that it expects of rows is known."""
        found = copy(self)
        found._member = Believed(self._member, X)
        return found

    def noise_at(self, X: FloatArray) -> FloatArray:
        """Variance of an observation around the expected outcome at rows, shape (n_rows, 1)."""
        mixture, noise_std = self._latent_mixture(X, is_padded=True)
        return _mean_noise_variance(self._scale, mixture.matched(), noise_std)[:, None]

    def mixtures(self, X: FloatArray, *, is_padded: bool) -> list[OutputMixture]:
        """Distribution of the expected outcome, in slices; padded, no digit depends on the number of rows."""
        mixture, noise_std = self._latent_mixture(X, is_padded=is_padded)
        return [_sliced(self._scale, mixture.matched(), noise_std)]

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """Distribution of the expected outcome with derivatives of its means and variances by X."""
        mixture, by_mean, by_variance = matched_slopes(*self._member.slopes(X)[0])
        unit = self._latent.unit
        raw, noise_std = self._latent.raw(mixture), self._noise_std(X)
        return [_sliced_slopes(self._scale, raw, noise_std, unit * by_mean, unit**2 * by_variance)]

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions: latent draws, each as an expected outcome; (n_rows, n_samples, 1)."""
        latent = self._member.draw(X, n_samples, draw_seed(rng))
        raw = self._latent.centre + self._latent.unit * latent
        return self._scale.expected(raw, self._noise_std(X)[:, None, None])

    def held_out(self) -> HeldOutPredictions | None:
        """Predictions of rows without them, in the unit of the outcome."""
        if self._held_out is None:
            return None
        rows, mean, variance = self._held_out
        mixture = self._latent.raw(OutputMixture(np.ones(1), mean.reshape(1, -1), variance.reshape(1, -1)))
        own = _sliced(self._scale, mixture, np.zeros(len(rows))).moments()
        return HeldOutPredictions(rows, own[0][:, None], own[1][:, None] + self._least_variance)

    def quantiles(self, X: FloatArray, levels: FloatArray, *, noise: bool) -> FloatArray:
        """Quantiles of an observation or the function, (n_rows, n_levels): a rising scale keeps the order."""
        return self.quantile_function(X, noise=noise)(calibrated(self, levels)[0])

    @cached_property
    def calibrations(self) -> list[Calibration] | None:
        """What levels of quantiles mean; None where the estimator cannot tell."""
        found = self.unseen_levels()
        if found is None:
            return None
        rows, below, up_to = found
        return [calibration_of(below, up_to, self._rows.weights[rows])]

    def unseen_levels(self) -> tuple[IntArray, FloatArray, FloatArray] | None:
        """Rows as if never seen: the probability of less than the outcome of each, and of at most that.

        They differ where an outcome counts as on a bound. None where the estimator cannot tell.
        """
        if not self._member.has("predict_unseen"):
            return None
        rows, mean, variance = self._member.unseen()[0]
        mean, std = self._latent.centre + self._latent.unit * mean, self._latent.unit * np.sqrt(variance)
        ends = np.tile(self._rows.inside[rows], (2, 1))
        is_beyond = np.zeros(ends.shape, dtype=bool)
        for bound, reach in self._bounds_met:
            end, sign = (1, 1.0) if bound == self._rows.lower else (0, -1.0)
            is_on = np.abs(self._rows.y[rows] - bound) <= reach
            ends[end, is_on], is_beyond[1 - end, is_on] = bound + sign * reach, True
        below, up_to = ndtr((self._scale.to_latent(ends) - mean) / std)
        return rows, np.where(is_beyond[0], 0.0, below), np.where(is_beyond[1], 1.0, up_to)

    def quantile_function(self, X: FloatArray, *, noise: bool) -> Callable[[FloatArray], FloatArray]:
        """Return what maps levels, (n_levels,) or (n_rows, n_levels), to quantiles, (n_rows, n_levels).

        Where rows lie on a bound, an observation nearer to it than any other value counts as on it: that is
        where they were learned.
        """
        mixture, noise_std = self._latent_mixture(X, is_padded=False)
        stds = np.sqrt(mixture.variances + (np.square(noise_std) if noise else 0.0))

        def of_function(levels: FloatArray) -> FloatArray:
            latent = mixture_quantiles(mixture.shares, mixture.means, stds, levels)
            return self._scale.expected(latent, noise_std[:, None])

        def of_observation(levels: FloatArray) -> FloatArray:
            values = self._scale.outcome(mixture_quantiles(mixture.shares, mixture.means, stds, levels))
            for bound, reach in self._bounds_met:
                values = np.where(np.abs(values - bound) <= reach, bound, values)
            return values

        return of_observation if noise else of_function

    def _latent_mixture(self, X: FloatArray, *, is_padded: bool) -> tuple[OutputMixture, FloatArray]:
        """Latent distribution and standard deviation of the latent noise, in the unit of the scale."""
        if not is_padded:
            return self._latent.raw(self._member.mixtures(X)[0]), self._noise_std(X)
        found: list[FloatArray] = []

        def evaluate(block: FloatArray) -> FloatArray:
            mixture = self._member.mixtures(block)[0]
            found.append(mixture.shares)
            return np.column_stack([mixture.means.T, mixture.variances.T, self._member.noise_at(block)])

        values = in_blocks(evaluate, X)
        means, variances = np.split(values[:, :-1].T, 2)
        return self._latent.raw(OutputMixture(found[0], means, variances)), self._in_unit(values[:, -1])

    def _noise_std(self, X: FloatArray) -> FloatArray:
        return self._in_unit(self._member.noise_at(X)[:, 0])

    def _in_unit(self, noise_variance: FloatArray) -> FloatArray:
        return self._latent.unit * np.sqrt(noise_variance)


class _Nodes(NamedTuple):
    """Gauss quadrature of the standard normal distribution on slices of equal probability.

    Attributes
    ----------
    places, weights : ndarray of shape (n_slices, n_nodes)
        The weights of each slice make 1.
    """

    places: FloatArray
    weights: FloatArray


@lru_cache(maxsize=1)
def _normal_nodes() -> _Nodes:
    """Return the nodes of all slices."""
    edges = ndtri(np.arange(N_SLICES + 1) / N_SLICES)
    edges[0], edges[-1] = -END, END
    pairs = [_gauss(low, high) for low, high in pairwise(edges)]
    return _Nodes(*(np.array(part) for part in zip(*pairs, strict=True)))


@lru_cache(maxsize=1)
def _fine_rule() -> tuple[FloatArray, FloatArray]:
    """Nodes and weights between -1 and 1, which take longer to find than all that is made of them."""
    return np.polynomial.legendre.leggauss(N_FINE)


def _gauss(low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of one slice: eigenvalues of a matrix that Lanczos' steps on a fine rule make.

    G. H. Golub, J. H. Welsch, "Calculation of Gauss quadrature rules", Mathematics of Computation 23 (1969)
    221-230.
    """
    fine, weights = _fine_rule()
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


def _sliced(scale: OutcomeScale, mixture: OutputMixture, noise_std: FloatArray) -> OutputMixture:
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


def _sliced_slopes(
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
    places, weights = _normal_nodes()
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


def _mean_noise_variance(scale: OutcomeScale, mixture: OutputMixture, noise_std: FloatArray) -> FloatArray:
    """Return the variance of the outcome around its expectation, averaged over the latent function; (n,)."""
    if not noise_std.any():
        return np.zeros(len(noise_std))
    parts = []
    for means, variances, noise in _in_parts(mixture, noise_std):
        z, weights = _grid(means, variances), _normal_nodes().weights
        own = weights * scale.variance(z, noise[None, :, None, None])
        parts.append((mixture.shares[:, None] * own.sum(axis=-1).mean(axis=-1)).sum(axis=0))
    return np.concatenate(parts)


def _moments(
    scale: OutcomeScale, means: FloatArray, variances: FloatArray, noise_std: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mean and variance of each slice, (k, n, n_slices), expected outcomes and latent values at the nodes."""
    z, weights = _grid(means, variances), _normal_nodes().weights
    expected = scale.expected(z, noise_std[None, :, None, None])
    mean = (weights * expected).sum(axis=-1)
    mean = np.clip(mean, expected.min(axis=-1), expected.max(axis=-1))  # no rounding beyond a bound
    return mean, (weights * np.square(expected - mean[..., None])).sum(axis=-1), expected, z


def _grid(means: FloatArray, variances: FloatArray) -> FloatArray:
    """Latent values at the nodes of all slices, shape (k, n, n_slices, n_nodes)."""
    return means[..., None, None] + np.sqrt(variances)[..., None, None] * _normal_nodes().places


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
