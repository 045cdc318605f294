"""The posterior of an outcome with bounds: a latent posterior through a scale, in the unit of the outcome."""

from collections.abc import Callable
from copy import copy
from functools import cached_property

import numpy as np
from scipy.special import ndtr

from bnnopt._estimators import draw_seed
from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._predictive._believed import Believed
from bnnopt.surrogates._predictive._calibration import Calibration, calibrated, calibration_of
from bnnopt.surrogates._predictive._mixtures import OutputMixture, matched_slopes
from bnnopt.surrogates._predictive._quantiles import mixture_quantiles
from bnnopt.surrogates._predictive._regressor import HeldOutPredictions
from bnnopt.surrogates._rows import in_blocks
from bnnopt.surrogates._scales._latent import BoundedRows, LatentScale
from bnnopt.surrogates._scales._slices import mean_noise_variance, sliced, sliced_slopes
from bnnopt.surrogates._stacking._members import Member

__all__ = ["WarpedPosterior"]

ROWS_FOR_NOISE = 1024
SMALLEST_VARIANCE = 1e-12  # of a held-out prediction, in squared units of the outcome's standard deviation


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
        return mean_noise_variance(self._scale, mixture.matched(), noise_std)[:, None]

    def mixtures(self, X: FloatArray, *, is_padded: bool) -> list[OutputMixture]:
        """Distribution of the expected outcome, in slices; padded, no digit depends on the number of rows."""
        mixture, noise_std = self._latent_mixture(X, is_padded=is_padded)
        return [sliced(self._scale, mixture.matched(), noise_std)]

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """Distribution of the expected outcome with derivatives of its means and variances by X."""
        mixture, by_mean, by_variance = matched_slopes(*self._member.slopes(X)[0])
        unit = self._latent.unit
        raw, noise_std = self._latent.raw(mixture), self._noise_std(X)
        return [sliced_slopes(self._scale, raw, noise_std, unit * by_mean, unit**2 * by_variance)]

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
        own = sliced(self._scale, mixture, np.zeros(len(rows))).moments()
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
