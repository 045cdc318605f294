"""Dropout networks in the units of their data: scaling, training, history, and going on from before."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from bnnopt._estimators import LARGEST_SEED, draw_seed
from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._ensemble import TENSORFLOW, Chunk, Engine, TrainedNetworks, train_ensemble
from bnnopt.surrogates._dropout._held_out import HashedHoldout, Holdout, hold_out
from bnnopt.surrogates._dropout._networks import (
    UPDATES_PER_CHUNK,
    Networks,
    Training,
    TrainingPlan,
    loss_of_the_mean,
    training_plan,
)
from bnnopt.surrogates._dropout._scaling import Scaling
from bnnopt.surrogates._predictive._mixtures import (
    SMALLEST_VARIANCE,
    HeldOutPredictions,
    OutputMixture,
    log_normal_density,
)
from bnnopt.surrogates._rows import LARGEST_TABLE, Rows, draw_chunks

__all__ = ["TrainedFit", "fit_networks"]

LARGEST_FALL = 0.05  # of the loss over the last chunk of updates, in units of that of the mean


@dataclass(frozen=True)
class History:
    """Losses and held-out scores after each chunk of all trainings, updates of all and of the last."""

    losses: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()
    n_updates: int = 0
    n_updates_of_last: int = 0

    def extended(self, training: Training, scale: float) -> "History":
        """Append a training; `scale` is the loss that is worth a score of 0."""
        return History(
            losses=self.losses + training.losses,
            scores=self.scores + tuple(_score(loss, scale) for loss in training.held_out_losses),
            n_updates=self.n_updates + training.n_updates,
            n_updates_of_last=training.n_updates,
        )


@dataclass(frozen=True)
class TrainedFit:
    """Trained networks with the scaling around them, and the history of their training.

    Attributes
    ----------
    scaling : Scaling
        Of the first fit; a training that goes on keeps it.
    posterior : TrainedNetworks
        Predicts in scaled units.
    history : History
        Of all trainings since a fresh start.
    held_out_mean : ndarray of shape (n_rows, n_outputs)
        Each distinct row, or each of a sample, predicted by the network that did not see it; NaN where all
        saw it.
    rows : Rows
        Those of the last training.
    """

    scaling: Scaling
    posterior: TrainedNetworks
    history: History
    held_out_mean: FloatArray
    rows: Rows

    @property
    def noise(self) -> FloatArray:
        """Variance of the observation noise, shape (n_outputs,)."""
        return self.posterior.noise * self.scaling.y.span**2

    def noise_at(self, X: FloatArray) -> FloatArray:
        """Variance of the observation noise at rows, the same everywhere, shape (n_rows, n_outputs)."""
        return np.broadcast_to(self.noise, (len(X), len(self.noise)))

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function at the rows of X, each of shape (n_rows, n_outputs)."""
        mean, variance = self.posterior.moments(self.scaling.x.scale(X))
        restored = np.asarray(self.scaling.y.restore(mean), dtype=float)
        return restored, np.asarray(variance * self.scaling.y.span**2, dtype=float)

    def mixtures(self, X: FloatArray, *, is_padded: bool) -> list[OutputMixture]:
        """Distribution of each output's function, a normal one; rows go through in blocks of one size."""
        mean, variance = self.moments(X)
        return [
            OutputMixture(np.ones(1), *pair)
            for pair in zip(mean.T[:, None], variance.T[:, None], strict=True)
        ]

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions at the rows of X, shape (n_rows, n_samples, n_outputs)."""
        return self.scaling.y.restore(self.posterior.draw(self.scaling.x.scale(X), n_samples, rng))

    def held_out(self) -> HeldOutPredictions | None:
        """Predictions of rows by the network that did not see each; None of a single network."""
        judged = np.flatnonzero(np.isfinite(self.held_out_mean).all(axis=1))
        if not self.posterior.error.is_honest or not len(judged):
            return None
        _, variance = self.moments(self.rows.X[judged])
        floor = SMALLEST_VARIANCE * np.maximum(self.rows.outputs.variance, np.finfo(float).tiny)
        places, sources = self.rows.given_places(judged)
        total = (variance + self.noise + floor)[sources]
        return HeldOutPredictions(places, self.held_out_mean[judged][sources], total)

    @property
    def held_out_log_density(self) -> float:
        """Mean log density of each standardised output at held-out rows; NaN of a single network."""
        held_out = self.held_out()
        if held_out is None:
            return float("nan")
        judged = np.flatnonzero(np.isfinite(self.held_out_mean).all(axis=1))
        unit = np.sqrt(self.rows.outputs.variance)
        unit = np.where(unit > 0, unit, 1.0)
        _, variance = self.moments(self.rows.X[judged])
        error = (self.rows.y[judged] - self.held_out_mean[judged]) / unit
        total = (variance + self.noise) / unit**2 + SMALLEST_VARIANCE
        density = log_normal_density(error, np.zeros_like(error), total)
        return float(np.average(density.mean(axis=1), weights=self.rows.weights[judged]))

    def is_of_shape(self, plan_of: BaseEstimator, rows: Rows) -> bool:
        """Tell whether a training with the parameters of an estimator on these rows could go on from here."""
        networks = self.posterior.networks
        wanted = (plan_of.n_networks, tuple(plan_of.hidden_layer_sizes))
        return bool(
            (networks.n_networks, networks.hidden_layer_sizes) == wanted
            and (self.rows.X.shape[1], self.rows.y.shape[1]) == (rows.X.shape[1], rows.y.shape[1])
        )

    def attributes(self) -> dict[str, Any]:
        """Return the public attributes that the estimator takes over."""
        losses, scores = list(self.history.losses), list(self.history.scores)
        return {
            "networks": self.posterior.networks,
            "n_iter": self.history.n_updates_of_last,
            "loss": losses[-1],
            "loss_curve": losses,
            "validation_scores": scores or None,
            "best_validation_score": max(scores, default=None),
        }


def fit_networks(
    estimator: BaseEstimator,
    rows: Rows,
    before: TrainedFit | None,
    *,
    n_updates: int,
    is_more: bool = False,
    engine: Engine = TENSORFLOW,
) -> TrainedFit:
    """Scale, train and judge.

    Parameters
    ----------
    estimator : MCDropoutRegressor
        Its parameters are read and nothing is set.
    rows : Rows
        Distinct ones in their own units; or a sample of many with their stream.
    before : TrainedFit or None
        To go on from.
    n_updates : int
        Optimizer updates at most.
    is_more : bool, default=False
        Whether the rows come in addition to those of `before`, or in their place.
    engine : Engine
        Trains and judges.
    """
    scaling = before.scaling if before else Scaling.of(rows)
    scaled = rows.scaled(scaling.x.scale(rows.X), scaling.y.scale(rows.y))
    history = before.history if before else History()
    plan = training_plan(
        estimator.get_params(deep=False),
        scaled,
        total_weight=rows.total_weight + (before.posterior.total_weight if before and is_more else 0.0),
        n_updates=n_updates,
        seed=_seed(estimator.random_state, history.n_updates),
    )
    if before is not None:
        _check_shape(plan, before.posterior.networks)
    rng = np.random.default_rng(plan.seed)
    share = estimator.validation_fraction if estimator.early_stopping else 0.0
    known = before.posterior.holdout if before else None
    is_held_out, holdout = hold_out(rows, plan.n_networks, rng, share, known)
    ensemble = train_ensemble(
        scaled,
        plan,
        is_held_out,
        holdout,
        n_masks=int(estimator.n_masks),
        rng=rng,
        before=before.posterior if before else None,
        is_more=is_more,
        chunks=_chunks(rows, scaling, plan, holdout),
        callbacks=estimator.callbacks or (),
        is_shown=bool(estimator.verbose),
        engine=engine,
    )
    scale = loss_of_the_mean(scaled, plan.output_weights)
    if not is_more:
        _warn_if_falling(ensemble.training, plan.n_updates, scale)
    history = history.extended(ensemble.training, scale)
    return TrainedFit(
        scaling, ensemble.posterior, history, scaling.y.restore(ensemble.held_out), rows.detached()
    )


def _chunks(rows: Rows, scaling: Scaling, plan: TrainingPlan, holdout: Holdout) -> Iterator[Chunk] | None:
    """Draw the rows of each chunk of updates, if not all are at hand; weight 0 for who holds a row out."""
    if not isinstance(holdout, HashedHoldout):
        return None
    n_rows = min(plan.batch_size * UPDATES_PER_CHUNK, LARGEST_TABLE, rows.n_rows)
    n_chunks = -(-plan.n_updates // UPDATES_PER_CHUNK)
    drawn = draw_chunks(rows, n_rows, n_chunks, np.random.default_rng([plan.seed, n_chunks]))
    return (
        (scaling.x.scale(each.X), scaling.y.scale(each.y), each.weights[:, None] * ~holdout(each.X, each.y))
        for each in drawn
    )


def _seed(random_state: Any, n_before: int) -> int:
    """Draw a seed; a training that goes on has one of its own, so that its masks are new ones."""
    seed = draw_seed(random_state)
    if not n_before:
        return seed
    return int(np.random.SeedSequence([seed, n_before]).generate_state(1)[0] % LARGEST_SEED)


def _check_shape(plan: TrainingPlan, networks: Networks) -> None:
    """Refuse to go on with networks of another shape than the plan's."""
    planned = (plan.n_networks, plan.hidden_layer_sizes)
    trained = (networks.n_networks, networks.hidden_layer_sizes)
    if planned != trained:
        raise ValueError(
            f"n_networks and hidden_layer_sizes are {planned}, but the training that goes on had {trained}. "
            "Set them back, or set warm_start=False and fit anew."
        )


def _score(loss: float, scale: float) -> float:
    """R squared; 0 by convention where y is constant and missed."""
    return 1.0 - loss / scale if scale > 0 else float(loss == 0)


def _warn_if_falling(training: Training, n_updates: int, scale: float) -> None:
    """Warn if the loss was falling when the updates ran out; chunks are compared, so two are needed."""
    if training.n_updates < n_updates or len(training.losses) < 2:
        return
    fall = training.losses[-2] - training.losses[-1]
    if fall > LARGEST_FALL * scale > 0:
        warnings.warn(
            f"The loss was still falling when max_iter={n_updates} was reached: by {fall / scale:.0%} of the "
            f"variance of y over the last chunk of {UPDATES_PER_CHUNK} updates. Raise max_iter, or "
            "learning_rate_init if it is far below 0.01.",
            ConvergenceWarning,
            stacklevel=5,
        )
