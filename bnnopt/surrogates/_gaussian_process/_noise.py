"""Observation noise that depends on the inputs, learned from how far held-out rows were missed."""

from dataclasses import dataclass, replace

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process._ensemble import fit_ensemble
from bnnopt.surrogates._gaussian_process._process import GaussianProcess
from bnnopt.surrogates._rows import Rows, in_blocks

__all__ = ["NoiseModel", "learn_noise"]

MEAN_LOG_CHI2 = -1.2703628454614782  # of the logarithm of a squared standard normal number
VARIANCE_LOG_CHI2 = 0.5 * np.pi**2
LARGEST_LOG_FACTOR = 6.0
FAMILY, N_MEMBERS = "squared_exponential", 4


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


def learn_noise(rows: Rows, squared_errors: FloatArray, rng: np.random.Generator) -> NoiseModel:
    """Learn the logarithm of the noise variance as a function of the inputs.

    The logarithm of a squared error is that of the variance plus noise of known law: its mean is -1.27 and
    its variance pi²/2 for normal errors. Gaussian processes learn the function behind it.

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
    members = fit_ensemble(targets, [FAMILY], N_MEMBERS, rng).families[0].members
    model = NoiseModel(members, 0.0, unit)
    return NoiseModel(members, -float(np.log(np.average(model(rows.X), weights=rows.weights))), unit)
