"""Log marginal likelihood of several members side by side, and its gradient (R&W equations 2.30 and 5.9)."""

from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process._cholesky import inverses
from bnnopt.surrogates._gaussian_process._hyperparameters import Hyperparameters
from bnnopt.surrogates._gaussian_process._kernels import KERNELS

__all__ = ["LOG_2_PI", "LearningRows", "gradient_of_likelihood", "log_marginal_likelihood"]

LOG_2_PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class LearningRows:
    """Rows that several members learn from, each with its own; first axis of all arrays: members.

    Attributes
    ----------
    X : ndarray of shape (n_members, n_rows, n_inputs)
        Inputs, about [0, 1].
    y : ndarray of shape (n_members, n_rows)
        Standardised outputs.
    weights, noise_factors, known_noise : ndarray of shape (n_members, n_rows)
        As in `Rows`.
    """

    X: FloatArray
    y: FloatArray
    weights: FloatArray
    noise_factors: FloatArray
    known_noise: FloatArray


def log_marginal_likelihood(
    rows: LearningRows, kernels: list[str], hyperparameters: Hyperparameters
) -> FloatArray:
    """Log density of the outputs under each member, whose kernels are named, shape (n_members,)."""
    return _Likelihood(rows, kernels, hyperparameters).value()


def gradient_of_likelihood(
    rows: LearningRows, kernels: list[str], hyperparameters: Hyperparameters
) -> FloatArray:
    """Gradient of the log marginal likelihood by `Hyperparameters.point`, (n_members, n_inputs + 3)."""
    return _Likelihood(rows, kernels, hyperparameters).gradient()


class _Likelihood:
    """Covariances of the rows at given hyperparameters, inverted."""

    def __init__(self, rows: LearningRows, kernels: list[str], hyperparameters: Hyperparameters) -> None:
        self._rows, self._hyperparameters = rows, hyperparameters
        scaled = hyperparameters.scaled(rows.X)
        self._groups = _groups(kernels)
        self._matrices = [
            KERNELS[name].matrix(scaled[own], scaled[own]) for name, own in self._groups.items()
        ]
        order = np.concatenate(list(self._groups.values()))
        self._back = np.argsort(order)
        self._correlation = np.concatenate([each.value for each in self._matrices])[self._back]
        covariance = hyperparameters.signal_variance[:, None, None] * self._correlation
        covariance += hyperparameters.offset_variance[:, None, None]
        self._noise = hyperparameters.noise_variance[:, None] * rows.noise_factors + rows.known_noise
        diagonal = np.arange(rows.y.shape[1])
        covariance[:, diagonal, diagonal] += self._noise / rows.weights
        self._precision, self._log_determinant = inverses(covariance)
        self._solved = (self._precision @ rows.y[:, :, None])[:, :, 0]

    def value(self) -> FloatArray:
        """Return the logarithm; a row of weight w counts as w rows with the same output."""
        rows = self._rows
        squares = (rows.y * self._solved).sum(axis=1) + rows.y.shape[1] * LOG_2_PI
        repeats = (rows.weights - 1.0) * (LOG_2_PI + np.log(self._noise)) + np.log(rows.weights)
        return np.asarray(-0.5 * (squares + self._log_determinant + repeats.sum(axis=1)))

    def gradient(self) -> FloatArray:
        """Return the gradient by `Hyperparameters.point`."""
        rows, own = self._rows, self._hyperparameters
        by_covariance = self._solved[:, :, None] * self._solved[:, None]
        by_covariance -= self._precision
        by_covariance *= 0.5
        by_offset = by_covariance.sum(axis=(1, 2)) * own.offset_variance
        by_noise = np.diagonal(by_covariance, axis1=1, axis2=2) / rows.weights
        by_noise = by_noise - 0.5 * (rows.weights - 1.0) / self._noise
        by_log_noise = (by_noise * rows.noise_factors).sum(axis=1) * np.exp(own.log_noise)
        by_covariance *= own.signal_variance[:, None, None]
        by_signal = np.einsum("kij,kij->k", by_covariance, self._correlation)
        pairs = zip(self._matrices, self._groups.values(), strict=True)
        parts = [each.by_log_length_scales(by_covariance[places]) for each, places in pairs]
        by_length_scales = np.concatenate(parts)[self._back]
        return np.column_stack([by_length_scales, by_signal, by_offset, by_log_noise])


def _groups(kernels: list[str]) -> dict[str, list[int]]:
    """Places of the members of each kernel."""
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(kernels):
        groups.setdefault(name, []).append(place)
    return groups
