"""Which scales an outcome is learned on: several by their shares, with one posterior, or one by a trial."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias, cast

import numpy as np
from scipy.special import logsumexp

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process_ensemble import GaussianProcessEnsembleRegressor
from bnnopt.surrogates._predictive._mixtures import (
    HeldOutPredictions,
    OutputMixture,
    average,
    in_proportion,
    joined_mixtures,
    mixture_moments,
    shared_rows,
)
from bnnopt.surrogates._predictive._quantiles import Calibration, calibrated, calibration_of
from bnnopt.surrogates._scales._latent import BoundedRows, ScaleFit, fit_on_scale
from bnnopt.surrogates._scales._posterior import WarpedPosterior
from bnnopt.surrogates._scales._warps import PowerScale, marginal_gain
from bnnopt.surrogates._stacking._shares import stacking_shares

__all__ = ["ScaleMixture", "needs_power_scale", "quantiles_of_two", "shares_of_scales"]

Quantiles: TypeAlias = Callable[[FloatArray], FloatArray]
"""Levels of shape (n, n_levels), each row its own, to the quantiles of n distributions."""

N_HALVES = 20  # of the levels between which the quantile of a mixture lies
KERNELS_OF_A_TRIAL = ("matern_5_2", "squared_exponential")  # a trial is short: two kernels of all
FEWEST_ROWS = 8
MOST_ROWS = 256
LEAST_MARGINAL_GAIN = 0.2  # nats a value; below it, no fit is spent
LEAST_GAIN = 0.5  # nats a held-out row: less is gained by many a bent function that is no better searched so
STANDARD_ERRORS = 3.0


class ScaleMixture:
    """What two fits of one outcome, each on its latent scale, say together.

    The density of an observation is the mean of those of the scales, by their shares, and so is the density
    of the function. A scale that is sure of itself and wrong costs no more than its share.

    Parameters
    ----------
    shares : ndarray of shape (2,)
        Above 0; their sum is 1.
    parts : list of WarpedPosterior
        One for each scale.
    """

    def __init__(self, shares: FloatArray, parts: list[WarpedPosterior]) -> None:
        self._shares, self._parts, self._weights = shares, parts, parts[0].weights
        self.has_constant_noise = all(part.has_constant_noise for part in parts)
        self.can_believe = all(part.can_believe for part in parts)
        self.noise = average(shares, np.array([part.noise for part in parts]))

    def believing(self, X: FloatArray) -> "ScaleMixture":
        """Return the posterior for which the latent values that each scale expects of rows are known."""
        return ScaleMixture(self._shares, [part.believing(X) for part in self._parts])

    def noise_at(self, X: FloatArray) -> FloatArray:
        """Variance of an observation around the expected outcome at rows, shape (n_rows, 1)."""
        return average(self._shares, np.array([part.noise_at(X) for part in self._parts]))

    def mixtures(self, X: FloatArray, *, is_padded: bool) -> list[OutputMixture]:
        """Distribution of the expected outcome, in the slices of all scales."""
        parts = [part.mixtures(X, is_padded=is_padded)[0] for part in self._parts]
        return [joined_mixtures(self._shares, parts)]

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """Distribution of the expected outcome with derivatives of its means and variances by X."""
        mixtures, *slopes = zip(*(part.slopes(X)[0] for part in self._parts), strict=True)
        by_mean, by_variance = (np.concatenate(each) for each in slopes)
        return [(joined_mixtures(self._shares, list(mixtures)), by_mean, by_variance)]

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions, of each scale as many as its share says; (n_rows, n_samples, 1)."""
        chosen = in_proportion(self._shares, n_samples, rng)
        draws = np.empty((len(X), n_samples, 1))
        for place, part in enumerate(self._parts):
            taken = np.flatnonzero(chosen == place)
            if len(taken):
                draws[:, taken] = part.draw(X, len(taken), rng)
        return draws

    def held_out(self) -> HeldOutPredictions | None:
        """Predictions of rows without them by all scales; None where one has none."""
        found = [each for each in (part.held_out() for part in self._parts) if each is not None]
        if len(found) < len(self._parts):
            return None
        rows, places = shared_rows(found)
        means, variances = (
            np.array([values[own] for values, own in zip(parts, places, strict=True)])
            for parts in zip(*((each.mean, each.variance) for each in found), strict=True)
        )
        return HeldOutPredictions(rows, *mixture_moments(self._shares, means, variances))

    def quantiles(self, X: FloatArray, levels: FloatArray, *, noise: bool) -> FloatArray:
        """Quantiles of an observation or the function, shape (n_rows, n_levels)."""
        first, second = (part.quantile_function(X, noise=noise) for part in self._parts)
        own = calibrated(self, levels)[0]
        return quantiles_of_two(self._shares, first, second, np.tile(own, (len(X), 1)))

    @cached_property
    def calibrations(self) -> list[Calibration] | None:
        """What levels of quantiles mean; None where an estimator cannot tell."""
        found = [own for own in (part.unseen_levels() for part in self._parts) if own is not None]
        if len(found) < len(self._parts):
            return None
        rows = np.intersect1d(found[0][0], found[1][0])
        at = [np.searchsorted(own, rows) for own, *_ in found]
        below, up_to = (
            average(self._shares, np.array([own[end][chosen] for own, chosen in zip(found, at, strict=True)]))
            for end in (1, 2)
        )
        return [calibration_of(below, up_to, self._weights[rows])]


def shares_of_scales(fits: list[ScaleFit], weights: FloatArray) -> tuple[FloatArray, float]:
    """Return the share of each scale by stacking, and the mean log density of held-out rows of the mixture.

    Parameters
    ----------
    fits : list of ScaleFit
        Of one scale, or of several with held-out rows.
    weights : ndarray of shape (n_rows,)
        Of the rows of the fit.

    Returns
    -------
    shares : ndarray of shape (n_scales,)
        0 for scales that were left out; the sum is 1.
    log_density : float
        By the weights of the rows; NaN where no row was held out.
    """
    if len(fits) == 1:
        own = fits[0].log_density
        return np.ones(1), np.nan if own is None else own
    rows, places = shared_rows([cast(HeldOutPredictions, fit.held_out) for fit in fits])
    densities = np.array(
        [cast(FloatArray, fit.log_densities)[own] for fit, own in zip(fits, places, strict=True)]
    )
    shares = stacking_shares(densities, weights[rows])
    mixed = logsumexp(densities, axis=0, b=shares[:, None])
    return shares, float(np.average(mixed, weights=weights[rows]))


def quantiles_of_two(
    shares: FloatArray, first: Quantiles, second: Quantiles, levels: FloatArray
) -> FloatArray:
    """Return quantiles of mixtures of two distributions whose quantiles are known.

    At the quantile of level p the first distribution has a level u and the second the level (p - s u) / t,
    with s and t their shares, and both have the same quantile there. u is found by halves, and by a line at
    last. Where one of them jumps, or has nothing there, the other tells the quantile.

    Parameters
    ----------
    shares : ndarray of shape (2,)
        Above 0, with sum 1.
    first, second : callable
        See `Quantiles`.
    levels : ndarray of shape (n, n_levels)
        Above 0 and below 1.
    """
    share, other = shares

    def at(level: FloatArray) -> tuple[FloatArray, FloatArray]:
        return _extended(first, level), _extended(second, (levels - share * level) / other)

    low = np.maximum(0.0, (levels - other) / share)
    high = np.minimum(1.0, levels / share)
    for _ in range(N_HALVES):
        middle = 0.5 * (low + high)
        own, its = at(middle)
        low, high = np.where(own < its, middle, low), np.where(own < its, high, middle)
    return _meeting(*at(low), *at(high))


def _meeting(
    own_low: FloatArray, its_high: FloatArray, own_high: FloatArray, its_low: FloatArray
) -> FloatArray:
    """Return where two quantiles meet between the ends of a bracket, along which one rises and one falls.

    They are as lines there. An end that is infinite is where they meet; the finite one tells the quantile.
    """
    own, its = own_high - own_low, its_high - its_low
    is_first = own <= its
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip((its_high - own_low) / (own + its), 0.0, 1.0)
    share = np.where(np.isfinite(own + its), np.where(own + its > 0, share, 0.0), 0.0)
    share = np.where(np.isposinf(own_high) | np.isneginf(its_low), 1.0, share)
    return np.where(
        is_first,
        own_low + share * np.where(is_first, own, 0.0),
        its_high - share * np.where(is_first, 0.0, its),
    )


def _extended(quantiles: Quantiles, levels: FloatArray) -> FloatArray:
    """Return quantiles, infinite at the levels 0 and 1."""
    inside = np.clip(levels, np.finfo(float).tiny, 1.0 - np.finfo(float).epsneg)
    return np.where(levels <= 0.0, -np.inf, np.where(levels >= 1.0, np.inf, quantiles(inside)))


def needs_power_scale(
    X: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    noise: FloatArray,
    *,
    wanted: float = 0.0,
    seed: int = 0,
) -> bool:
    """Tell whether held-out rows speak for the scale "power", by more than chance.

    Where the values alone are no more likely as normal ones on that scale, nothing is fitted. Else Gaussian
    processes of two kernels predict rows without them on both scales: the mean gain in log density, in the
    unit of y, must be 0.5 and three standard errors. Of many rows, 256 decide.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        Inputs, finite.
    y : ndarray of shape (n,)
        One outcome without bounds, finite.
    weights : ndarray of shape (n,)
        How many times each row counts, above 0.
    noise : ndarray of shape (n,)
        Known noise variance, in squared units of y; 0 where it is not known.
    wanted : {-1, 0, 1}, default=0
        Which end has to be the centre of the scale: that of the least values, any, or that of the largest. A
        root draws apart what is near its centre, and together what is far from it.
    seed : int, default=0
        Of the Gaussian processes.

    Returns
    -------
    bool
        Whether they do.
    """
    if len(y) < FEWEST_ROWS or np.ptp(y) == 0 or marginal_gain(y, weights) < LEAST_MARGINAL_GAIN:
        return False
    if wanted and PowerScale.of(y, weights).centre != (y.min() if wanted < 0 else y.max()):
        return False
    places = np.linspace(0, len(y) - 1, min(len(y), MOST_ROWS)).astype(int)
    gains = _gains(BoundedRows.of(X[places], y[places], weights[places], noise[places], None, None), seed)
    if len(gains) < 2:
        return False
    error = float(gains.std(ddof=1) / np.sqrt(len(gains)))
    return float(gains.mean()) > max(LEAST_GAIN, STANDARD_ERRORS * error)


def _gains(rows: BoundedRows, seed: int) -> FloatArray:
    """By how much held-out rows are more likely on the scale "power", shape (n_held_out,)."""
    given = ["sample_weight", *(["noise_variance"] if rows.noise.any() else [])]
    estimator = GaussianProcessEnsembleRegressor(KERNELS_OF_A_TRIAL)
    densities = []
    for name in ("power", "identity"):
        fit = fit_on_scale(name, rows, estimator, seed, given=given, before=None, is_compared=True)
        assert fit.held_out is not None, "a Gaussian process predicts rows without them"
        densities.append(fit.latent.log_density(rows, fit.held_out))
    return densities[0] - densities[1]
