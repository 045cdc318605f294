"""Log evidence of wide thinned networks as a function of their scales, and what maximises it.

A network has a scale for each input, the variances of its output weights and of its offset, and that of the
observation noise, all learned by the evidence with the hidden layer integrated out. Each network is pulled to
a draw of its own from the prior of these (anchored ensembles): where the rows say little the networks differ,
so that their mixture stands for what is not known, and where the rows say much they agree.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotri

from bnnopt._typing import FloatArray
from bnnopt.surrogates._wide._factor import factor
from bnnopt.surrogates._wide._kernels import SPECTRA
from bnnopt.surrogates._wide._search import SHORT_STEP, maximise

__all__ = ["LOG_2_PI", "Anchors", "ScalePrior", "Scales", "ThinnedRows", "learn_scales", "log_evidence"]

SMALLEST_NOISE = 1e-8  # of the variance of y: keeps the covariance of coincident rows invertible
UNITS_PER_RANGE = 2.0
AMPLITUDE_STD, OFFSET_STD, NOISE_STD = 2.0, 2.0, 3.0  # of the prior
OFFSET_MEAN = -2.0
INPUTS_OF_THE_PRIOR = 8  # with more, scales shrink so that rows stay as far apart as with so many
LOG_2_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class ThinnedRows:
    """Rows for several networks at once.

    Attributes
    ----------
    X : ndarray of shape (n_networks, n_rows, n_inputs)
        Inputs, about [0, 1].
    y : ndarray of shape (n_networks, n_rows)
        Standardised outputs.
    weights : ndarray of shape (n_networks, n_rows)
        How many times a row counts, above 0.
    noise_factors : ndarray of shape (n_networks, n_rows)
        Noise variance of a row as a multiple of the network's.
    known_noise : ndarray of shape (n_networks, n_rows)
        Noise variance that is known and comes on top.
    """

    X: FloatArray
    y: FloatArray
    weights: FloatArray
    noise_factors: FloatArray
    known_noise: FloatArray


@dataclass(frozen=True)
class Scales:
    """What a network learns besides its weights, as logarithms.

    Attributes
    ----------
    inputs : ndarray of shape (n_networks, n_inputs)
        Scale of each input.
    amplitude, offset, noise : ndarray of shape (n_networks,)
        Variances of the function, of its offset and of the noise, in units of the variance of y.
    """

    inputs: FloatArray
    amplitude: FloatArray
    offset: FloatArray
    noise: FloatArray

    @classmethod
    def of(cls, point: FloatArray) -> "Scales":
        """Read from an array of shape (n_networks, n_inputs + 3)."""
        return cls(point[:, :-3], point[:, -3], point[:, -2], point[:, -1])

    @property
    def point(self) -> FloatArray:
        """As one array of shape (n_networks, n_inputs + 3)."""
        return np.column_stack([self.inputs, self.amplitude, self.offset, self.noise])

    def only(self, place: int) -> "Scales":
        """Scales of one network, with a first axis of length 1."""
        return Scales.of(self.point[[place]])

    @property
    def amplitudes(self) -> FloatArray:
        """Variance of the function, shape (n_networks,)."""
        return np.exp(self.amplitude)

    @property
    def offsets(self) -> FloatArray:
        """Variance of the offset, shape (n_networks,)."""
        return np.exp(self.offset)

    @property
    def noises(self) -> FloatArray:
        """Variance of the noise, shape (n_networks,)."""
        return np.exp(self.noise) + SMALLEST_NOISE

    def stretch(self, X: FloatArray) -> FloatArray:
        """Map inputs of shape (n_networks, n_rows, n_inputs) to where distances are taken."""
        return X * (UNITS_PER_RANGE * np.exp(self.inputs))[:, None]


class ScalePrior(NamedTuple):
    """What is thought of the logarithms of a network's scales before the rows.

    Attributes
    ----------
    scale_mean, scale_std : float
        Mean and standard deviation of that of an input's scale, for 8 inputs or fewer; with more the mean is
        lower by log(n_inputs / 8) / 2, so that rows are as far apart as with 8 (Hvarfner et al., ICML 2024).
    scale_std_below : float
        Standard deviation below the anchor: the larger, the less it costs an input not to matter.
    noise_mean : float
        Mean of that of the noise variance.
    scale_spread, amplitude_spread, noise_spread : float
        Standard deviations of the anchors.
    first_scale, first_noise : float
        A search begins at scales no larger than the first, and at the second. From small scales and much
        noise it finds the smooth explanation of the rows before one that runs through all of them.
    """

    scale_mean: float
    scale_std: float
    scale_std_below: float
    noise_mean: float
    scale_spread: float
    amplitude_spread: float
    noise_spread: float
    first_scale: float
    first_noise: float


@dataclass(frozen=True)
class Anchors:
    """Draws from the prior that the networks are pulled to, how strongly from either side, and the start.

    Attributes
    ----------
    point : ndarray of shape (n_networks, n_inputs + 3)
        In the order of `Scales.point`.
    std_above, std_below : ndarray of shape (n_inputs + 3,)
        Standard deviations of the prior above and below the anchor (a normal law in two pieces).
    start : ndarray of shape (n_networks, n_inputs + 3)
        Where a search begins: at the anchor, but for what `ScalePrior` says of the first scales and noise.
    """

    point: FloatArray
    std_above: FloatArray
    std_below: FloatArray
    start: FloatArray

    @classmethod
    def draw(cls, n_networks: int, n_inputs: int, prior: ScalePrior, rng: np.random.Generator) -> "Anchors":
        """Draw the anchors of networks with `n_inputs` inputs."""
        crowding = 0.5 * np.log(max(n_inputs / INPUTS_OF_THE_PRIOR, 1.0))
        mean = np.full(n_inputs + 3, prior.scale_mean - crowding)
        mean[-3:] = 0.0, OFFSET_MEAN, prior.noise_mean
        std_above, std_below = np.full((2, n_inputs + 3), [[prior.scale_std], [prior.scale_std_below]])
        std_above[-3:] = std_below[-3:] = AMPLITUDE_STD, OFFSET_STD, NOISE_STD
        spread = np.full(n_inputs + 3, prior.scale_spread)
        spread[-3:] = prior.amplitude_spread, 0.0, prior.noise_spread
        point = mean + spread * rng.standard_normal((n_networks, n_inputs + 3))
        start = point.copy()
        start[:, :-3] = np.minimum(start[:, :-3], prior.first_scale)
        start[:, -1] = prior.first_noise
        return cls(point, std_above, std_below, start)

    def only(self, place: int) -> "Anchors":
        """Anchor of one network, with a first axis of length 1."""
        return replace(self, point=self.point[[place]], start=self.start[[place]])

    def pull(self, point: FloatArray) -> FloatArray:
        """Gradient of the log prior density, shape of `point`."""
        std = np.where(point < self.point, self.std_below, self.std_above)
        return (self.point - point) / np.square(std)


def learn_scales(
    rows: ThinnedRows, spectra: list[str], anchors: Anchors, n_steps: int, start: Scales | None = None
) -> Scales:
    """Maximise evidence times anchored prior for each network.

    Parameters
    ----------
    rows : ThinnedRows
        What each network learns from.
    spectra : list of str
        For each network, the law of its frequencies (`SPECTRA`).
    anchors : Anchors
        Of the networks.
    n_steps : int
        Steps of the search.
    start : Scales, default=None
        Good scales to begin from, in short steps; the anchors by default.
    """

    def gradient(point: FloatArray) -> FloatArray:
        return _Evidence(rows, spectra, Scales.of(point)).gradient() + anchors.pull(point)

    if start is not None:
        return Scales.of(maximise(gradient, start.point, n_steps, SHORT_STEP))
    return Scales.of(maximise(gradient, anchors.start, n_steps))


def log_evidence(rows: ThinnedRows, spectra: list[str], scales: Scales) -> FloatArray:
    """Log density of the outputs of each network's rows, shape (n_networks,)."""
    return _Evidence(rows, spectra, scales).value()


class _Evidence:
    """Covariances of the rows at given scales, factorised."""

    def __init__(self, rows: ThinnedRows, spectra: list[str], scales: Scales) -> None:
        self._rows, self._scales = rows, scales
        self._stretched = scales.stretch(rows.X)
        self._groups = _groups(spectra)
        self._correlations = [
            SPECTRA[name].correlations(self._stretched[chosen], self._stretched[chosen])
            for name, chosen in self._groups.items()
        ]
        self._correlation = self._gathered([each.value for each in self._correlations])
        covariance = scales.amplitudes[:, None, None] * self._correlation + scales.offsets[:, None, None]
        self._noise = scales.noises[:, None] * rows.noise_factors + rows.known_noise
        diagonal = np.arange(rows.y.shape[1])
        covariance[:, diagonal, diagonal] += self._noise / rows.weights
        self._precision, self._log_determinant = _inverted(covariance)
        self._solved = (self._precision @ rows.y[:, :, None])[:, :, 0]

    def _gathered(self, of_groups: list[FloatArray]) -> FloatArray:
        """Put what belongs to the networks of each law in the order of the networks."""
        order = np.concatenate(list(self._groups.values()))
        return np.concatenate(of_groups)[np.argsort(order)]

    def value(self) -> FloatArray:
        """Log evidence; a row of weight w counts as w rows with the same output."""
        rows = self._rows
        squares = (rows.y * self._solved).sum(axis=1) + rows.y.shape[1] * LOG_2_PI
        repeats = (rows.weights - 1.0) * (LOG_2_PI + np.log(self._noise)) + np.log(rows.weights)
        return -0.5 * (squares + self._log_determinant + repeats.sum(axis=1))

    def gradient(self) -> FloatArray:
        """Gradient by `Scales.point`, shape (n_networks, n_inputs + 3)."""
        rows, scales = self._rows, self._scales
        by_covariance = 0.5 * (self._solved[:, :, None] * self._solved[:, None] - self._precision)
        scaled = by_covariance * scales.amplitudes[:, None, None]
        by_amplitude = (scaled * self._correlation).sum(axis=(1, 2))
        by_offset = by_covariance.sum(axis=(1, 2)) * scales.offsets
        by_noise = np.diagonal(by_covariance, axis1=1, axis2=2) / rows.weights
        by_noise = by_noise - 0.5 * (rows.weights - 1.0) / self._noise
        by_log_noise = (by_noise * rows.noise_factors).sum(axis=1) * np.exp(scales.noise)
        pairs = zip(self._correlations, self._groups.values(), strict=True)
        by_input = self._gathered([each.by_scales(scaled[chosen]) for each, chosen in pairs])
        return np.column_stack([by_input, by_amplitude, by_offset, by_log_noise])


def _groups(spectra: list[str]) -> dict[str, list[int]]:
    """Places of the networks of each law."""
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(spectra):
        groups.setdefault(name, []).append(place)
    return groups


def _inverted(covariances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Inverses and log determinants of positive definite matrices, shapes (k, n, n) and (k,)."""
    inverses, log_determinants = np.empty_like(covariances), np.empty(len(covariances))
    for place, covariance in enumerate(covariances):
        root = factor(covariance)
        log_determinants[place] = 2.0 * np.log(np.diagonal(root)).sum()
        inverse, _ = dpotri(root, lower=True)
        inverses[place] = np.tril(inverse) + np.tril(inverse, -1).T
    return inverses, log_determinants
