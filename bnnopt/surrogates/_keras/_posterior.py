"""A user's network under dropout masks as a posterior over functions, in the units of its data."""

from copy import copy
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.surrogates._dropout._held_out import SMALLEST_NOISE_SHARE
from bnnopt.surrogates._dropout._scaling import InputScaler, RangeScaler
from bnnopt.surrogates._rows import Rows

__all__ = ["KerasPosterior", "Training"]

FEWEST_HELD_OUT_ROWS = 10
N_ROWS_CHECKED = 50
LARGEST_CHANGE = 1e-3  # of outputs scaled to [0, 1], far above rounding


@dataclass(frozen=True)
class Training:
    """What one training needs beside the rows.

    Attributes
    ----------
    epochs : int
        Passes over the rows.
    n_masks : int
        Draws that judge the network on held-out rows.
    validation_fraction : float
        Share of the rows that is held out.
    options : dict
        Parameters of `scikeras.wrappers.KerasRegressor` for training: batch_size, callbacks, verbose.
    has_callbacks : bool
        Whether Keras gets the held-out rows as validation data.
    is_partial : bool
        Whether the epochs are counted on.
    """

    epochs: int
    n_masks: int
    validation_fraction: float
    options: dict[str, Any]
    has_callbacks: bool
    is_partial: bool


@dataclass
class KerasPosterior:
    """A network, the scaling around it, and what held-out rows said of noise and spread.

    Attributes
    ----------
    network : UserNetwork
        Takes and gives scaled values.
    seed : int
        Seeds held-out rows and the masks of the moments.
    x_scaler, y_scaler : InputScaler, RangeScaler
        Of the rows of the first training.
    noise_variance : ndarray of shape (n_outputs,)
        In squared units of y.
    spread_scale : ndarray of shape (n_outputs,)
        Factor of the variance over masks, at most 1.
    """

    network: Any
    seed: int
    x_scaler: InputScaler
    y_scaler: RangeScaler
    noise_variance: FloatArray = field(default_factory=lambda: np.empty(0))
    spread_scale: FloatArray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def start(cls, network: Any, seed: int, rows: Rows) -> "KerasPosterior":
        """Take the scaling from the rows of the first training."""
        return cls(network, seed, InputScaler.of(rows.X, rows.weights), RangeScaler.of(rows.y))

    def train(self, rows: Rows, training: Training) -> None:
        """Train the network on, and estimate noise and spread on rows that it does not see, if there are any.

        Raises
        ------
        ValueError
            If the training diverges, or the network does not treat each row by itself.
        """
        scaled = rows.scaled(self.x_scaler.scale(rows.X), self.y_scaler.scale(rows.y))
        is_held_out = self._choose_held_out(len(rows.X), training.validation_fraction)
        held_out = scaled.only(is_held_out) if is_held_out.any() else None
        validation = held_out if training.has_callbacks else None
        self.network.train(
            scaled.only(~is_held_out),
            validation,
            training.options,
            epochs=training.epochs,
            is_partial=training.is_partial,
        )
        judged = scaled if held_out is None else held_out
        draws = self.network.outputs(judged.X, training.n_masks, self._generator(1))
        _check_finite(draws)
        self._check_rows_are_apart(judged.X[:N_ROWS_CHECKED])
        noise, self.spread_scale = _split_judged_error(judged, *_moments(draws), held_out is not None)
        self.noise_variance = noise * self.y_scaler.span**2

    def stored(self) -> "KerasPosterior":
        """Return the same posterior with the network as arrays, which no training changes."""
        return replace(self, network=copy(self.network))

    def moments(self, X: FloatArray, n_masks: int) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function at rows in the units of fitting, each (n_rows, n_outputs)."""
        mean, variance = self._scaled_moments(self.x_scaler.scale(X), n_masks)
        return self.y_scaler.restore(mean), variance * self.spread_scale * self.y_scaler.span**2

    def draws(self, X: FloatArray, n_draws: int, n_masks: int, rng: np.random.Generator) -> FloatArray:
        """Draw functions and evaluate them, (n_rows, n_outputs, n_draws), pulled towards the mean."""
        rows = self.x_scaler.scale(X)
        draws = self.network.outputs(rows, n_draws, rng)
        mean, _ = self._scaled_moments(rows, n_masks)
        values = self.y_scaler.restore(mean + np.sqrt(self.spread_scale) * (draws - mean))
        return np.moveaxis(values, 0, -1)

    def _scaled_moments(self, rows: FloatArray, n_masks: int) -> tuple[FloatArray, FloatArray]:
        return _moments(self.network.outputs(rows, n_masks, self._generator(1)))

    def _choose_held_out(self, n_rows: int, fraction: float) -> BoolArray:
        n_held_out = int(fraction * n_rows)
        is_held_out = np.zeros(n_rows, dtype=bool)
        if n_held_out >= FEWEST_HELD_OUT_ROWS:
            is_held_out[self._generator(0).permutation(n_rows)[:n_held_out]] = True
        return is_held_out

    def _check_rows_are_apart(self, rows: FloatArray) -> None:
        draws = self.network.outputs(rows, 2, self._generator(1))
        backwards = self.network.outputs(rows[::-1], 2, self._generator(1))[:, ::-1]
        if not np.allclose(draws, backwards, rtol=LARGEST_CHANGE, atol=LARGEST_CHANGE):
            raise ValueError(
                "The network does not treat each row by itself: a prediction changes with the order of the "
                "rows, or from call to call. Leave out layers that join rows or draw random numbers in "
                "prediction, such as BatchNormalization called with training=True."
            )

    def _generator(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose])


def _moments(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance over draws, (n_draws, n_rows, n_outputs), added one draw after the other.

    NumPy's own sums take another order of adding for few rows than for many.
    """
    wide = draws.astype(np.float64)
    mean = reduce(np.add, wide) / len(wide)
    return mean, reduce(np.add, ((draw - mean) ** 2 for draw in wide)) / len(wide)


def _check_finite(draws: FloatArray) -> None:
    if not np.isfinite(draws).all():
        raise ValueError(
            "The training diverged: some predictions are not finite. Lower the learning rate "
            "(optimizer__learning_rate), and check the loss; it sees outputs scaled to [0, 1]."
        )


def _split_judged_error(
    rows: Rows, mean: FloatArray, variance: FloatArray, is_held_out: bool
) -> tuple[FloatArray, FloatArray]:
    """Split the squared error on the judged rows into observation noise and spread of the function.

    With r the error of the mean and v the variance over masks, both averaged over rows: `noise = r**2 - v`,
    not below a twentieth of `r**2`. On held-out rows the spread is scaled by `(r**2 - noise) / v`, at most 1,
    so that noise and spread together are as large as the error. Training rows tell less than the true error,
    there the spread stays as it is.

    Parameters
    ----------
    rows : Rows
        The rows that are judged.
    mean, variance : ndarray of shape (n_rows, n_outputs)
        Over masks, in the unit of `rows.y` and its square.
    is_held_out : bool
        Whether the network has not seen the rows.

    Returns
    -------
    noise : ndarray of shape (n_outputs,)
        Variance of the observation noise.
    scale : ndarray of shape (n_outputs,)
        Factor of the variance over masks.
    """
    error = np.average((rows.y - mean) ** 2, axis=0, weights=rows.weights)
    spread = np.average(variance, axis=0, weights=rows.weights)
    noise = np.maximum(error - spread, SMALLEST_NOISE_SHARE * error)
    if not is_held_out:
        return noise, np.ones_like(noise)
    scale = np.divide(error - noise, spread, out=np.ones_like(spread), where=spread > 0)
    return noise, np.minimum(scale, 1.0)
