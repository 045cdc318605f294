"""One member: a Gaussian process with its hyperparameters and its posterior, that predicts and draws."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._gaussian_process._exact import Posterior, exact_posterior
from bnnopt.surrogates._gaussian_process._hyperparameters import Hyperparameters
from bnnopt.surrogates._gaussian_process._input_maps import InputMap
from bnnopt.surrogates._gaussian_process._kernels import KERNELS
from bnnopt.surrogates._gaussian_process._sparse import MOST_EXACT, sparse_posterior
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
        value, slope = kernel.gradient(places, self.inducing)
        covariances = signal * value + float(self.hyperparameters.offset_variance[0])
        mean, variance = self.posterior.moments(covariances, self._prior_variance(places))
        by_mean, by_variance = self.posterior.gradients(covariances, signal * slope)
        by_variance = by_variance + signal * kernel.variance_gradient(places)
        stretch = self.input_map.slope(X) * np.exp(-self.hyperparameters.log_length_scales)
        return mean, variance, by_mean * stretch, by_variance * stretch

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
    kernel: str,
    input_map: InputMap,
    hyperparameters: Hyperparameters,
    rows: Rows,
    inducing: IntArray,
    judged: IntArray,
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
    judged : ndarray of int
        Rows to predict without them, in that case; else it is all.
    """

    def scaled(X: FloatArray) -> FloatArray:
        return hyperparameters.scaled(input_map(X)[None])[0]

    noise_variance = float(hyperparameters.noise_variance[0])
    if rows.stream is None and len(rows) <= MOST_EXACT:
        places = scaled(rows.X)
        covariance = _covariance(kernel, hyperparameters, places, places)
        posterior = exact_posterior(covariance, rows.y[:, 0], rows.noise(noise_variance) / rows.weights)
        return GaussianProcess(kernel, input_map, hyperparameters, places, posterior)
    places = scaled(rows.X[inducing])
    posterior = sparse_posterior(
        _covariance(kernel, hyperparameters, places, places),
        lambda X: _covariance(kernel, hyperparameters, scaled(X), places),
        lambda X: _variance(kernel, hyperparameters, scaled(X)),
        noise_variance,
        rows.blocks(),
        rows.only(judged),
    )
    return GaussianProcess(kernel, input_map, hyperparameters, places, posterior)


def _covariance(kernel: str, own: Hyperparameters, A: FloatArray, B: FloatArray) -> FloatArray:
    return np.asarray(own.signal_variance[0] * KERNELS[kernel](A, B) + own.offset_variance[0])


def _variance(kernel: str, own: Hyperparameters, A: FloatArray) -> FloatArray:
    return np.asarray(own.signal_variance[0] * KERNELS[kernel].variance(A) + own.offset_variance[0])
