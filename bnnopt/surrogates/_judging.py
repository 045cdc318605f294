"""How well families of networks predict rows that they have not seen, and what follows: their shares."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from bnnopt._typing import FloatArray, IntArray
from bnnopt.surrogates._stacking import log_normal_density, stack
from bnnopt.surrogates._trained_fit import TrainedFit
from bnnopt.surrogates._wide import OneOutput, WideFamily

__all__ = ["HeldOut", "Judgement", "TrainedGuess"]

SMALLEST_VARIANCE = 1e-12
CALIBRATION_RANGE = (0.25, 16.0)


class HeldOut(NamedTuple):
    """Rows predicted without them, noise included, each of shape (n_predictors, n_rows)."""

    mean: FloatArray
    variance: FloatArray


class TrainedGuess:
    """What trained networks say of rows that they have not seen, for all outputs in one pass.

    Parameters
    ----------
    fit : TrainedFit
        The networks.
    X : ndarray of shape (n_rows, n_features)
        The distinct rows that they were trained on.
    """

    def __init__(self, fit: TrainedFit, X: FloatArray) -> None:
        self.fit = fit
        self._X = X
        self._last: tuple[IntArray, FloatArray] | None = None

    def mean(self, places: IntArray) -> FloatArray:
        """Predictions of rows by the network that left each out, shape (n_places, n_outputs)."""
        return self.fit.held_out[places]

    def variance(self, places: IntArray) -> FloatArray:
        """Variance of the function at rows, shape (n_places, n_outputs)."""
        if self._last is None or not np.array_equal(self._last[0], places):
            self._last = places, self.fit.moments(self._X[places])[1]
        return self._last[1]


class Judgement:
    """Families of wide networks and trained networks judged for one output; figures come when asked for.

    Parameters
    ----------
    rows : OneOutput
        All rows, the output standardised.
    families : sequence of WideFamily
        Fitted to them.
    trained : TrainedGuess or None
        Trained on them.
    place, centre, unit : int, float, float
        Number of the output, and its mean and standard deviation.

    Attributes
    ----------
    rows : OneOutput
        The judged ones: those that the families were judged by.
    """

    def __init__(
        self,
        rows: OneOutput,
        families: Sequence[WideFamily],
        trained: TrainedGuess | None,
        place: int,
        centre: float,
        unit: float,
    ) -> None:
        self._families, self._trained = families, trained
        self._place, self._centre, self._unit = place, centre, unit
        self._places = families[0].judged if families else np.arange(len(rows.y))
        self.rows = rows.only(self._places)

    @cached_property
    def held_out(self) -> HeldOut:
        """Predictions of the judged rows by each family, and by the trained networks."""
        means = [family.held_out_mean for family in self._families]
        variances = [family.held_out_variance for family in self._families]
        if self._trained is not None:
            mean = (self._trained.mean(self._places)[:, self._place] - self._centre) / self._unit
            function = self._trained.variance(self._places)[:, self._place]
            noise = self._trained.fit.noise[self._place] * self.rows.noise_factors
            means.append(np.where(np.isfinite(mean), mean, 0.0))
            variances.append((function + noise) / self._unit**2 + SMALLEST_VARIANCE)
        return HeldOut(np.array(means), np.array(variances))

    @cached_property
    def shares(self) -> FloatArray:
        """Share of each family, then of the trained networks, shape (n_predictors,)."""
        if len(self._families) + (self._trained is not None) == 1:
            return np.ones(1)
        return stack(log_normal_density(self.rows.y, *self.held_out), self.rows.weights)

    @property
    def mean(self) -> FloatArray:
        """Mean of the mixture at the judged rows."""
        return self.shares @ self.held_out.mean

    def calibration(self) -> float:
        """Mean squared error of the judged rows in units of the predicted variance."""
        if len(self.rows.y) < 2:
            return 1.0
        mean = self.mean
        variance = self.shares @ (self.held_out.variance + np.square(self.held_out.mean - mean))
        ratio = np.average(np.square(self.rows.y - mean) / variance, weights=self.rows.weights)
        return float(np.clip(ratio, *CALIBRATION_RANGE))

    def log_density(self, calibration: float = 1.0) -> float:
        """Mean log density of the judged rows under the mixture; NaN where trained networks saw all rows."""
        if self._trained is not None and not self._trained.fit.is_judged:
            return float("nan")
        means = self.mean + np.sqrt(calibration) * (self.held_out.mean - self.mean)
        by_predictor = log_normal_density(self.rows.y, means, calibration * self.held_out.variance)
        of_rows = logsumexp(by_predictor, axis=0, b=self.shares[:, None])
        return float(np.average(of_rows, weights=self.rows.weights))
