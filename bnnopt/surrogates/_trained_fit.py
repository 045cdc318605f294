"""Trained networks in the units of their data: scaling, training, history, and going on from before."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._many_rows import ManyRows, rows_of_a_chunk
from bnnopt.surrogates._networks import UPDATES_PER_CHUNK, Networks, Training, TrainingPlan
from bnnopt.surrogates._plan import loss_of_the_mean, training_plan
from bnnopt.surrogates._rows import DistinctRows
from bnnopt.surrogates._scaling import InputScaler, RangeScaler
from bnnopt.surrogates._trained_networks import DrawnRows, TrainedNetworks, train_ensemble

__all__ = ["LARGEST_SEED", "TrainedFit", "fit_networks"]

LARGEST_SEED = 2**31 - 1000  # room for the seeds that are counted up from it
LARGEST_FALL = 0.05


@dataclass(frozen=True)
class Scaling:
    """Scaling of inputs and outputs, from the rows of the first fit."""

    x: InputScaler
    y: RangeScaler

    @classmethod
    def of(cls, rows: DistinctRows) -> "Scaling":
        """Take ranges, means and spreads from the rows."""
        return cls(InputScaler.of(rows.X, rows.weights), RangeScaler.of(rows.y))

    @classmethod
    def of_many(cls, many: ManyRows) -> "Scaling":
        """Take what one reading of the rows has told."""
        x, y = many.x, many.y
        return cls(
            InputScaler.between(x.lower, x.upper, x.mean, x.variance), RangeScaler.between(y.lower, y.upper)
        )


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
    held_out : ndarray of shape (n_rows, n_outputs)
        Each distinct row, or each of a sample, predicted by the network that did not see it.
    """

    scaling: Scaling
    posterior: TrainedNetworks
    history: History
    held_out: FloatArray

    @property
    def noise(self) -> FloatArray:
        """Variance of the observation noise, shape (n_outputs,)."""
        return self.posterior.noise * self.scaling.y.span**2

    @property
    def is_judged(self) -> bool:
        """Whether each row was held out of one of several networks."""
        return self.posterior.error.is_honest

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function at the rows of X, each of shape (n_rows, n_outputs)."""
        mean, variance = self.posterior.moments(self.scaling.x.scale(X))
        restored = np.asarray(self.scaling.y.restore(mean), dtype=float)
        return restored, np.asarray(variance * self.scaling.y.span**2, dtype=float)

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions at the rows of X, shape (n_rows, n_samples, n_outputs)."""
        return self.scaling.y.restore(self.posterior.draw(self.scaling.x.scale(X), n_samples, rng))

    def attributes(self) -> dict[str, Any]:
        """Return the public attributes that the estimator takes over."""
        losses, scores = list(self.history.losses), list(self.history.scores)
        return {
            "networks_": self.posterior.networks,
            "n_iter_": self.history.n_updates_of_last,
            "loss_": losses[-1],
            "loss_curve_": losses,
            "validation_scores_": scores or None,
            "best_validation_score_": max(scores, default=None),
        }


def fit_networks(
    estimator: BaseEstimator,
    distinct: DistinctRows,
    before: TrainedFit | None,
    *,
    n_updates: int,
    many: ManyRows | None = None,
    is_more: bool = False,
    is_trial: bool = False,
) -> TrainedFit:
    """Scale, train and judge.

    Parameters
    ----------
    estimator : MCDropoutRegressor
        Its parameters are read and nothing is set.
    distinct : DistinctRows
        Checked rows in their own units.
    before : TrainedFit or None
        To go on from.
    n_updates : int
        Optimizer updates at most.
    many : ManyRows, default=None
        All rows, if `distinct` are a sample of them.
    is_more : bool, default=False
        Whether the rows come in addition to those of `before`, or in their place.
    is_trial : bool, default=False
        Whether this only shows what a longer training might give: nothing is shown, and nobody warned.
    """
    scaling = before.scaling if before else Scaling.of_many(many) if many else Scaling.of(distinct)
    rows = distinct.scaled(scaling.x.scale(distinct.X), scaling.y.scale(distinct.y))
    history = before.history if before else History()
    plan = training_plan(
        estimator.get_params(deep=False),
        rows,
        total_weight=(many or rows).total_weight
        + (before.posterior.total_weight if before and is_more else 0.0),
        n_updates=n_updates,
        seed=_seed(estimator.random_state, history.n_updates),
    )
    if before is not None:
        _check_shape(plan, before.posterior.networks)
    ensemble = train_ensemble(
        rows,
        plan,
        n_masks=int(estimator.n_masks),
        validation_share=estimator.validation_fraction if estimator.early_stopping else 0.0,
        before=before.posterior if before else None,
        is_more=is_more,
        drawn=_drawn(many, scaling, plan) if many else None,
        callbacks=estimator.callbacks or (),
        is_shown=bool(estimator.verbose) and not is_trial,
    )
    scale = loss_of_the_mean(rows, plan.output_weights)
    if not (is_more or is_trial):
        _warn_if_falling(ensemble.training, plan.n_updates, scale)
    history = history.extended(ensemble.training, scale)
    return TrainedFit(scaling, ensemble.posterior, history, scaling.y.restore(ensemble.held_out))


def _drawn(many: ManyRows, scaling: Scaling, plan: TrainingPlan) -> DrawnRows:
    """Draw the rows of each chunk of updates, scaled."""
    n_rows = rows_of_a_chunk(plan.batch_size, UPDATES_PER_CHUNK, many.n_rows)
    n_chunks = -(-plan.n_updates // UPDATES_PER_CHUNK)
    tables = many.chunks(n_rows, n_chunks, np.random.default_rng([plan.seed, n_chunks]))
    chunks = ((scaling.x.scale(table.X), scaling.y.scale(table.y), table.weights) for table in tables)
    return DrawnRows(chunks, many.total_weight)


def _seed(random_state: Any, n_before: int) -> int:
    """Draw a seed; a training that goes on has one of its own, so that its masks are new ones."""
    seed = int(check_random_state(random_state).randint(0, LARGEST_SEED))
    if not n_before:
        return seed
    return int(np.random.SeedSequence([seed, n_before]).generate_state(1)[0] % LARGEST_SEED)


def _check_shape(plan: TrainingPlan, networks: Networks) -> None:
    """Refuse to go on with networks of another shape than the plan's."""
    n_outputs, n_trained = len(plan.output_weights), networks.kernels[-1].shape[2]
    if n_outputs != n_trained:
        raise InvalidDataError(
            f"y has {n_outputs} output(s), but the training that goes on had {n_trained}. "
            "Set warm_start=False and fit anew."
        )
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
