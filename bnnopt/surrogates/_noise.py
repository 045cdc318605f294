"""Observation noise that depends on the inputs, learned from how far held-out rows were missed."""

from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._blocks import in_blocks
from bnnopt.surrogates._wide import OneOutput, WideFamily, WideNetwork, fit_families

__all__ = ["NoiseModel", "learn_noise"]

MEAN_LOG_CHI2 = -1.2703628454614782  # of the logarithm of a squared standard normal number
VARIANCE_LOG_CHI2 = 0.5 * np.pi**2
LARGEST_LOG_FACTOR = 6.0


@dataclass(frozen=True)
class NoiseModel:
    """Noise variance at a row as a multiple of the mean over the rows learned from.

    Attributes
    ----------
    networks : tuple of WideNetwork
        Weighed alike; they predict the logarithm of the multiple, in units of `unit`, around `centre`.
    centre, unit : float
        Offset and unit of the logarithm.
    """

    networks: tuple[WideNetwork, ...]
    centre: float
    unit: float

    def __call__(self, X: FloatArray) -> FloatArray:
        """Multiple at rows of X, shape (n_rows,)."""
        return np.exp(in_blocks(self._log_factor, X))

    def _log_factor(self, X: FloatArray) -> FloatArray:
        mean = np.mean([network.moments(X)[0] for network in self.networks], axis=0)
        return np.clip(self.centre + self.unit * mean, -LARGEST_LOG_FACTOR, LARGEST_LOG_FACTOR)


def learn_noise(
    rows: OneOutput, squared_errors: FloatArray, rng: np.random.Generator, n_steps: int
) -> NoiseModel:
    """Learn the logarithm of the noise variance as a function of the inputs.

    The logarithm of a squared error is that of the variance plus noise of known law: its mean is -1.27 and
    its variance pi²/2 for normal errors. Wide networks learn the function behind it.

    Parameters
    ----------
    rows : OneOutput
        Inputs and weights.
    squared_errors : ndarray of shape (n_rows,)
        Of predictions that did not know the row.
    rng, n_steps
        As in `fit_families`.

    References
    ----------
    K. Kersting, C. Plagemann, P. Pfaff, W. Burgard, "Most likely heteroscedastic Gaussian process
    regression", ICML 2007.
    """
    logs = np.log(np.maximum(squared_errors, 1e-6 * squared_errors.max() + 1e-300)) - MEAN_LOG_CHI2
    centre = float(np.average(logs, weights=rows.weights))
    unit = float(np.sqrt(VARIANCE_LOG_CHI2))
    known = np.ones_like(logs)
    targets = OneOutput(rows.X, (logs - centre) / unit, rows.weights, np.full_like(logs, 1e-6), known)
    smooth: WideFamily = fit_families(targets, rng, n_steps)[1]
    model = NoiseModel(smooth.networks, 0.0, unit)
    return NoiseModel(smooth.networks, -float(np.log(np.average(model(rows.X), weights=rows.weights))), unit)
