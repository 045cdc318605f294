"""One member: a Gaussian process with its hyperparameters and its posterior, that predicts and draws."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._gaussian_process._exact import (
    LeftOut,
    Posterior,
    exact_left_out,
    exact_posterior,
)
from bnnopt.surrogates._gaussian_process._hyperparameters import Hyperparameters
from bnnopt.surrogates._gaussian_process._input_maps import InputMap
from bnnopt.surrogates._gaussian_process._kernels import KERNELS
from bnnopt.surrogates._gaussian_process._sparse import MOST_EXACT, sparse_left_out, sparse_posterior
from bnnopt.surrogates._rows import Rows

__all__ = ["GaussianProcess", "condition"]

UNITS_OF_A_DRAW = 512  # units of a draw of the prior


@dataclass(frozen=True)
class GaussianProcess:
    """A Gaussian process of one standardised output.

    Attributes
    ----------
    kernel : str
        A key of `KERNELS`.
    input_map : InputMap
        Lays inputs about 0, a unit wide.
    hyperparameters : Hyperparameters
        Of this member alone: first axis of length 1.
    inducing : ndarray of shape (n_inducing, n_inputs)
        Mapped inputs of the inducing points, divided by the length scales.
    posterior : Posterior
        Given the rows.
    """

    kernel: str
    input_map: InputMap
    hyperparameters: Hyperparameters
    inducing: FloatArray
    posterior: Posterior

    @property
    def noise_variance(self) -> float:
        """Variance of the noise, in units of the variance of y."""
        return float(self.hyperparameters.noise_variance[0])

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function at rows of X, each of shape (n_rows,)."""
        places = self._scaled(X)
        return self.posterior.moments(self._covariances(places), self._prior_variance(places))

    def gradients(self, X: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Mean and variance (n_rows,) and their derivatives by the columns of X, (n_rows, n_inputs)."""
        signal = float(self.hyperparameters.signal_variance[0])
        kernel, places = KERNELS[self.kernel], self._scaled(X)
        value, by_rows = kernel.gradient(places, self.inducing)
        covariances = signal * value + float(self.hyperparameters.offset_variance[0])
        found = self.posterior.with_gradients(covariances, self._prior_variance(places), by_rows)
        mean, variance, by_mean, by_variance = found
        by_variance += kernel.variance_gradient(places)
        stretch = signal * self.input_map.slope(X) * np.exp(-self.hyperparameters.log_length_scales)
        return mean, variance, by_mean * stretch, by_variance * stretch

    def left_out(self, rows: Rows, places: IntArray) -> LeftOut:
        """Predict one measurement of some of the rows that it was conditioned on, each from all others.

        Parameters
        ----------
        rows : Rows
            As for `condition`.
        places : ndarray of int
            Of the rows to predict.
        """
        own = rows.only(places)
        if self.posterior.whitening is None:
            mean, variance = (each[places] for each in exact_left_out(self.posterior))
        else:
            mean, variance = sparse_left_out(
                own,
                self.posterior,
                lambda X: self._covariances(self._scaled(X)),
                lambda X: self._prior_variance(self._scaled(X)),
                self.noise_variance,
            )
        return LeftOut(mean, variance + own.noise(self.noise_variance) * (1.0 - 1.0 / own.weights))

    def draw(self, n_draws: int, rng: np.random.Generator) -> Callable[[FloatArray], FloatArray]:
        """Draw functions: what maps rows of X to shape (n_rows, n_draws).

        A draw of the prior, a network of 512 units, is pulled to the rows by a function of the inducing
        points. Over draws, mean and covariance are those of the posterior.
        """
        priors = [self._prior_draw(rng) for _ in range(n_draws)]
        updates = np.column_stack([self.posterior.update(prior(self.inducing), rng) for prior in priors])

        def evaluate(X: FloatArray) -> FloatArray:
            places = self._scaled(X)
            return np.column_stack([prior(places) for prior in priors]) + self._covariances(places) @ updates

        return evaluate

    def _prior_draw(self, rng: np.random.Generator) -> Callable[[FloatArray], FloatArray]:
        """Draw a network of one output from the prior, in single precision: a function of scaled rows."""
        units = KERNELS[self.kernel].draw_units(self.inducing.shape[1], UNITS_OF_A_DRAW, rng)
        unit_variance = self.hyperparameters.signal_variance[0] / UNITS_OF_A_DRAW
        weights = (np.sqrt(unit_variance) * rng.standard_normal(UNITS_OF_A_DRAW)).astype(np.float32)
        offset = float(np.sqrt(self.hyperparameters.offset_variance[0]) * rng.standard_normal())
        return lambda places: units(places) @ weights + offset

    def _prior_variance(self, places: FloatArray) -> FloatArray:
        return _variance(self.kernel, self.hyperparameters, places)

    def _scaled(self, X: FloatArray) -> FloatArray:
        return self.hyperparameters.scaled(self.input_map(X)[None])[0]

    def _covariances(self, places: FloatArray) -> FloatArray:
        return _covariance(self.kernel, self.hyperparameters, places, self.inducing)


def condition(
    kernel: str, input_map: InputMap, hyperparameters: Hyperparameters, rows: Rows, inducing: IntArray
) -> GaussianProcess:
    """Condition a Gaussian process on all rows.

    Parameters
    ----------
    kernel, input_map, hyperparameters
        As in `GaussianProcess`.
    rows : Rows
        Of one output, standardised; all of them, or a sample with its stream.
    inducing : ndarray of int
        Rows that serve as inducing points where there are more than `MOST_EXACT` in all.
    """
    places = _places(input_map, hyperparameters, rows, inducing)
    parts = _parts(kernel, input_map, hyperparameters, rows, places)
    posterior = exact_posterior(*parts) if _is_exact(rows) else sparse_posterior(*parts)
    return GaussianProcess(kernel, input_map, hyperparameters, places, posterior)


def _is_exact(rows: Rows) -> bool:
    return rows.stream is None and len(rows) <= MOST_EXACT


def _places(input_map: InputMap, own: Hyperparameters, rows: Rows, inducing: IntArray) -> FloatArray:
    """Map and scale inputs of the inducing points, which are all rows of an exact posterior."""
    X = rows.X if _is_exact(rows) else rows.X[inducing]
    return own.scaled(input_map(X)[None])[0]


def _parts(kernel: str, input_map: InputMap, own: Hyperparameters, rows: Rows, places: FloatArray) -> Any:
    """Return what the functions of `_exact` and `_sparse` take of a member, in their order."""
    of_inducing, noise_variance = _covariance(kernel, own, places, places), float(own.noise_variance[0])
    if _is_exact(rows):
        return of_inducing, rows.y[:, 0], rows.noise(noise_variance) / rows.weights

    def scaled(X: FloatArray) -> FloatArray:
        return own.scaled(input_map(X)[None])[0]

    return (
        of_inducing,
        lambda X: _covariance(kernel, own, scaled(X), places),
        lambda X: _variance(kernel, own, scaled(X)),
        noise_variance,
        rows.blocks(),
    )


def _covariance(kernel: str, own: Hyperparameters, A: FloatArray, B: FloatArray) -> FloatArray:
    return np.asarray(own.signal_variance[0] * KERNELS[kernel](A, B) + own.offset_variance[0])


def _variance(kernel: str, own: Hyperparameters, A: FloatArray) -> FloatArray:
    return np.asarray(own.signal_variance[0] * KERNELS[kernel].variance(A) + own.offset_variance[0])
