"""Ensembles of all outputs in the units of the outputs: moments, slopes, draws, held-out predictions, noise.

Observation noise that depends on the inputs is learned from how far held-out rows were missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process._covariances import covariances
from bnnopt.surrogates._gaussian_process._ensemble import Ensemble, fit_ensemble
from bnnopt.surrogates._gaussian_process._process import GaussianProcess
from bnnopt.surrogates._predictive._mixtures import (
    Believed,
    Covariances,
    HeldOutPredictions,
    OutputMixture,
    in_proportion,
    mixed_covariances,
    spread_out,
)
from bnnopt.surrogates._predictive._quantiles import Calibration, calibration_of
from bnnopt.surrogates._rows import Rows, in_blocks
from bnnopt.surrogates._stacking._shares import calibration_factor

__all__ = ["EnsemblePosterior", "NoiseModel", "learn_noise", "learn_output"]

MEAN_LOG_CHI2 = -1.2703628454614782  # of the logarithm of a squared standard normal number
VARIANCE_LOG_CHI2 = 0.5 * np.pi**2
LARGEST_LOG_FACTOR = 6.0
PAIRS_AT_ONCE = 2**15  # of rows and inducing points: what is made of them stays in the cache
NOISE_FAMILY, N_NOISE_MEMBERS = "squared_exponential", 4


@dataclass(frozen=True)
class NoiseModel:
    """Noise variance at a row as a multiple of the mean over the rows learned from.

    Attributes
    ----------
    members : tuple of GaussianProcess
        Weighed alike; they predict the logarithm of the multiple, in units of `unit`, around `centre`.
    centre, unit : float
        Offset and unit of the logarithm.
    """

    members: tuple[GaussianProcess, ...]
    centre: float
    unit: float

    def __call__(self, X: FloatArray) -> FloatArray:
        """Multiple at rows of X, shape (n_rows,)."""
        return np.exp(in_blocks(self._log_factor, X))

    def _log_factor(self, X: FloatArray) -> FloatArray:
        mean = np.mean([member.moments(X)[0] for member in self.members], axis=0)
        return np.clip(self.centre + self.unit * mean, -LARGEST_LOG_FACTOR, LARGEST_LOG_FACTOR)


@dataclass(frozen=True)
class OutputEnsemble:
    """Members of one output and their shares.

    Attributes
    ----------
    centre, unit : float
        Mean and standard deviation of the output, in which the members count.
    members : tuple of (str, GaussianProcess)
        With the names of their kernels.
    shares : ndarray of shape (n_members,)
        Their shares, which make 1.
    known_noise : float
        Mean of the noise variances that were given with the rows, in squared units of the output.
    noise_model : NoiseModel or None
        Noise variance at rows as a multiple of the mean; None where it is the same everywhere.
    calibration : float
        Factor of all variances.
    ensemble : Ensemble
        Families and what they say of rows.
    """

    centre: float
    unit: float
    members: tuple[tuple[str, GaussianProcess], ...]
    shares: FloatArray
    known_noise: float
    noise_model: NoiseModel | None
    calibration: float
    ensemble: Ensemble

    @property
    def noise(self) -> float:
        """Mean noise variance, in squared units of the output."""
        learned = self.shares @ [member.noise_variance for _, member in self.members]
        return float(learned * self.unit**2 + self.known_noise) * self.calibration

    @property
    def held_out_log_density(self) -> float:
        """Mean log density of the rows compared."""
        own = self.ensemble.compared
        density = own.held_out.mixed_log_density(own.rows.y[:, 0], own.shares, self.calibration)
        return float(np.average(density, weights=own.rows.weights))

    def mixture(self, moments: FloatArray) -> OutputMixture:
        """Distribution in the output's unit, from standardised moments of shape (n_members, 2, n_rows)."""
        means = spread_out(self.shares, self.centre + self.unit * moments[:, 0], self.calibration)
        return OutputMixture(self.shares, means, self.unit**2 * moments[:, 1] * self.calibration)

    def unseen(self, rows: Rows) -> HeldOutPredictions:
        """Predictions of rows, the ones that were learned from, as if they had never been seen."""
        shares, held_out = self.ensemble.unseen()
        mean, variance = held_out.mixed(shares)
        places, sources = rows.given_places(self.ensemble.compared.places)
        variance = self.unit**2 * self.calibration * variance
        return HeldOutPredictions(places, (self.centre + self.unit * mean)[sources], variance[sources])

    def learn_levels(self) -> Calibration:
        """Learn from unseen rows what levels of quantiles mean."""
        shares, held_out = self.ensemble.unseen()
        rows = self.ensemble.compared.rows
        means = spread_out(shares, held_out.mean, self.calibration)
        away = (rows.y[:, 0] - means) / np.sqrt(self.calibration * held_out.variance)
        probability = shares @ ndtr(away)
        return calibration_of(probability, probability, rows.weights)


@dataclass(frozen=True)
class EnsemblePosterior:
    """Ensembles of all outputs, independent of each other; `rows` are those learned from."""

    outputs: tuple[OutputEnsemble, ...]
    rows: Rows

    has_covariances: ClassVar[bool] = True
    can_believe: ClassVar[bool] = True

    @property
    def noise(self) -> FloatArray:
        """Mean variance of the observation noise, shape (n_outputs,)."""
        return np.array([output.noise for output in self.outputs])

    def noise_at(self, X: FloatArray) -> FloatArray:
        """Variance of the observation noise at rows, shape (n_rows, n_outputs)."""
        factors = [np.ones(len(X)) if o.noise_model is None else o.noise_model(X) for o in self.outputs]
        return self.noise * np.column_stack(factors)

    def mixtures(self, X: FloatArray, *, is_padded: bool) -> list[OutputMixture]:
        """Distribution of each output's function."""
        mixtures = []
        for output in self.outputs:
            moments = [_moments(member, X, is_padded=is_padded) for _, member in output.members]
            mixtures.append(output.mixture(np.array(moments)))
        return mixtures

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """Distribution of each output and the derivatives of its means and variances."""
        found: list[tuple[OutputMixture, FloatArray, FloatArray]] = []
        for output in self.outputs:
            parts = [member.gradients(X) for _, member in output.members]
            means, variances, by_mean, by_variance = (np.array(each) for each in zip(*parts, strict=True))
            mixture = output.mixture(np.stack([means, variances], axis=1))
            by_mean = spread_out(output.shares, output.unit * by_mean, output.calibration)
            found.append((mixture, by_mean, output.unit**2 * by_variance * output.calibration))
        return found

    def believing(self, X: FloatArray) -> Believed:
        """Return the posterior for which what it expects of rows is known."""
        return Believed(self, X)

    def covariances(self, X: FloatArray, Z: FloatArray, *, slopes: bool) -> list[Covariances]:
        """Covariances of each output's function at rows X with that at rows Z; with slopes if wanted."""
        found = []
        for output in self.outputs:
            members = [member for _, member in output.members]
            own = [covariances(member, X, Z, slopes=slopes) for member in members]
            others = np.array([member.moments(Z)[0] for member in members])
            means = np.array([each.mean for each in own])
            by_means = np.array([each.slope for each in own]) if slopes else None
            parts = [each.covariances for each in own]
            joined = mixed_covariances(output.shares, parts, means, others, by_means)
            found.append(joined.times(output.unit**2 * output.calibration))
        return found

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions, shape (n_rows, n_samples, n_outputs)."""
        draws = np.empty((len(X), n_samples, len(self.outputs)))
        for place, output in enumerate(self.outputs):
            chosen = in_proportion(output.shares, n_samples, rng)
            for number, (_, member) in enumerate(output.members):
                taken = np.flatnonzero(chosen == number)
                if len(taken):
                    functions = in_blocks(member.draw(len(taken), rng), X)
                    draws[:, taken, place] = output.centre + output.unit * functions
            if output.calibration != 1.0:
                middle = self.mixtures(X, is_padded=True)[place].moments()[0][:, None]
                draws[:, :, place] = middle + np.sqrt(output.calibration) * (draws[:, :, place] - middle)
        return draws

    def unseen(self) -> list[HeldOutPredictions]:
        """Predictions of rows as if they had never been seen, of each output."""
        return [output.unseen(self.rows) for output in self.outputs]

    @cached_property
    def calibrations(self) -> list[Calibration]:
        """What levels of quantiles mean, of each output."""
        return [output.learn_levels() for output in self.outputs]

    def held_out(self) -> HeldOutPredictions:
        """Predictions of rows without them."""
        moments = []
        for output in self.outputs:
            own = output.ensemble.compared
            mean, variance = own.held_out.mixed(own.shares)
            scale = output.unit**2 * output.calibration
            moments.append((output.centre + output.unit * mean, scale * variance))
        mean, variance = (np.column_stack(part) for part in zip(*moments, strict=True))
        places, sources = self.rows.given_places(self.outputs[0].ensemble.compared.places)
        return HeldOutPredictions(places, mean[sources], variance[sources])


def learn_output(
    rows: Rows,
    place: int,
    rng: np.random.Generator,
    *,
    families: list[str],
    n_members: int,
    has_noise_model: bool,
    is_calibrated: bool,
    one_hot_columns: Sequence[Sequence[int]] = (),
) -> tuple[OutputEnsemble, dict[str, float]]:
    """Learn the members of one output; also the share of each family by name.

    Parameters
    ----------
    rows : Rows
        With all outputs, in their own units.
    place : int
        Number of the output.
    rng : numpy.random.Generator
    families, n_members, one_hot_columns
        As in `fit_ensemble`.
    has_noise_model : bool
        Whether the noise is learned as a function of the inputs.
    is_calibrated : bool
        Whether variances are scaled to the errors of held-out rows.
    """
    centre = float(rows.outputs.mean[place])
    unit = float(np.sqrt(rows.outputs.variance[place])) or 1.0
    own = rows.one_output(place, centre, unit)
    ensemble, model = fit_ensemble(own, families, n_members, rng, one_hot_columns), None
    if has_noise_model:
        own_rows = ensemble.compared.rows
        mean, _ = ensemble.compared.held_out.mixed(ensemble.compared.shares)
        model = learn_noise(own_rows, np.square(own_rows.y[:, 0] - mean), rng)
        factors = model
        own = own.mapped(lambda part: replace(part, noise_factors=factors(part.X)))
        ensemble = fit_ensemble(own, families, n_members, rng, one_hot_columns)
    compared = ensemble.compared
    rows_compared, moments = compared.rows, compared.held_out.mixed(compared.shares)
    calibration = 1.0
    if is_calibrated:
        calibration = calibration_factor(rows_compared.y[:, 0], *moments, rows_compared.weights)
    members, shares = _kept(ensemble)
    known_noise = float(np.average(rows.known_noise[:, place], weights=rows.weights))
    output = OutputEnsemble(centre, unit, members, shares, known_noise, model, calibration, ensemble)
    return output, {name: compared.share_of(name) for name in families}


def learn_noise(rows: Rows, squared_errors: FloatArray, rng: np.random.Generator) -> NoiseModel:
    """Learn the logarithm of the noise variance as a function of the inputs.

    The logarithm of a squared error is that of the variance plus noise of known distribution: its mean is
    -1.27 and its variance pi²/2 for normal errors. Gaussian processes learn the function behind it.

    Parameters
    ----------
    rows : Rows
        Inputs and weights.
    squared_errors : ndarray of shape (n_rows,)
        Of predictions that did not know the row.
    rng : numpy.random.Generator
        As in `fit_ensemble`.

    References
    ----------
    K. Kersting, C. Plagemann, P. Pfaff, W. Burgard, "Most likely heteroscedastic Gaussian process
    regression", ICML 2007.
    """
    logs = np.log(np.maximum(squared_errors, 1e-6 * squared_errors.max() + 1e-300)) - MEAN_LOG_CHI2
    centre = float(np.average(logs, weights=rows.weights))
    unit = float(np.sqrt(VARIANCE_LOG_CHI2))
    targets = replace(
        rows,
        y=((logs - centre) / unit)[:, None],
        noise_factors=np.full_like(logs, 1e-6),
        known_noise=np.ones((len(logs), 1)),
    )
    members = fit_ensemble(targets, [NOISE_FAMILY], N_NOISE_MEMBERS, rng).families[0].members
    model = NoiseModel(members, 0.0, unit)
    return NoiseModel(members, -float(np.log(np.average(model(rows.X), weights=rows.weights))), unit)


def _kept(ensemble: Ensemble) -> tuple[tuple[tuple[str, GaussianProcess], ...], FloatArray]:
    """Return all members by the names of their families, and their shares."""
    members = [(family.name, member) for family in ensemble.families for member in family.members]
    shares = [ensemble.compared.share_of(family.name) * family.shares for family in ensemble.families]
    return tuple(members), np.concatenate(shares)


def _moments(member: GaussianProcess, X: FloatArray, *, is_padded: bool) -> FloatArray:
    """Mean and variance, shape (2, n_rows); blocks need no padding where the last digit does not matter."""
    if is_padded:
        return in_blocks(lambda block: np.column_stack(member.moments(block)), X).T
    n_rows = max(PAIRS_AT_ONCE // len(member.inducing), 1)
    blocks = [member.moments(X[start : start + n_rows]) for start in range(0, max(len(X), 1), n_rows)]
    return np.concatenate(blocks, axis=1)
