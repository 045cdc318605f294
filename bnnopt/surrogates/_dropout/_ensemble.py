"""Dropout networks trained with held-out rows: a family of functions with moments, draws and noise.

Everything here is in scaled units, and no parameter of an estimator is known: `train_ensemble` takes rows and
a plan, and what it returns predicts. An estimator scales rows on the way in and predictions on the way out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.surrogates._dropout._held_out import HeldOutError, Holdout, held_out_mean
from bnnopt.surrogates._dropout._networks import Networks, Training, TrainingPlan, draw_masks
from bnnopt.surrogates._rows import Rows

__all__ = [
    "FEW_ROWS",
    "TENSORFLOW",
    "Engine",
    "TrainedEnsemble",
    "TrainedNetworks",
    "check_installed",
    "train_ensemble",
]

MOST_MASKS_FOR_NOISE = 32  # of a network
DRAWS_FOR_NOISE = 128  # of all: what too few masks add to an error they add to the variance between networks
ROWS_AT_ONCE = 16_384

NEEDED = ("tensorflow", "keras", "scikeras")

Chunk = tuple[FloatArray, FloatArray, FloatArray]  # X, y and weights of rows


@dataclass(frozen=True)
class Engine:
    """What trains networks and passes rows through them: files of this room, loaded when they are needed.

    Attributes
    ----------
    training, passes : str
        Names of files, of which one has `train_networks`, the other `propagate` and `propagate_moments`.
    """

    training: str
    passes: str

    def train(self, *arrays: Any, **options: Any) -> Training:
        """Train networks; see `_training.train_networks`."""
        training: Training = _file(self.training).train_networks(*arrays, **options)
        return training

    def propagate(self, X: FloatArray, networks: Networks, masks: list[FloatArray]) -> FloatArray:
        """Evaluate every thinned network at every row, (n_rows, n_networks, n_masks, n_outputs)."""
        values: FloatArray = _file(self.passes).propagate(X, networks, masks)
        return values

    def moments(
        self, X: FloatArray, networks: Networks, masks: list[FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and variance over networks and masks at every row, each of shape (n_rows, n_outputs)."""
        mean, variance = _file(self.passes).propagate_moments(X, networks, masks)
        return mean, variance


def _file(name: str) -> Any:
    return import_module(f"bnnopt.surrogates._dropout.{name}")


def check_installed() -> None:
    """Raise `MissingDependencyError` where what trains networks is not installed, without loading it."""
    try:
        missing = [name for name in NEEDED if find_spec(name) is None]
    except (ImportError, ValueError) as error:  # a package that is kept from being found
        missing = [str(error)]
    if missing:
        _file("_tensorflow")  # says what is missing, and the remedy


TENSORFLOW = Engine("_training", "_propagation")
FEW_ROWS = Engine("_few_rows", "_few_rows")  # in NumPy


@dataclass(frozen=True)
class TrainedNetworks:
    """Posterior of functions: one network with one dropout mask is one function.

    Attributes
    ----------
    networks : Networks
        The trained weights.
    masks : list of ndarray of shape (n_networks, n_masks, n_units)
        Dropout masks of each hidden layer that the moments average over.
    error : HeldOutError
        Error of held-out rows, which sets `noise` and `spread_scale`.
    holdout : KnownHoldout or HashedHoldout
        Rows of all trainings, each with the network that leaves it out, or the rule that says which.
    total_weight : float
        Sum of the weights of all rows trained on.
    engine : Engine
        Passes rows through.
    """

    networks: Networks
    masks: list[FloatArray]
    error: HeldOutError
    holdout: Holdout
    total_weight: float
    engine: Engine = TENSORFLOW

    @property
    def noise(self) -> FloatArray:
        """Variance of the observation noise, shape (n_outputs,)."""
        return self.error.split()[0]

    @property
    def spread_scale(self) -> FloatArray:
        """Factor of the variance over networks and masks, shape (n_outputs,)."""
        return self.error.split()[1]

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the function at scaled rows, each of shape (n_rows, n_outputs)."""
        mean, variance = self.engine.moments(X, self.networks, self.masks)
        return mean, variance * self.spread_scale

    def draw(self, X: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
        """Evaluate new functions at scaled rows, shape (n_rows, n_samples, n_outputs); networks take turns.

        Draws are pulled towards the mean so that they vary as much as `moments` says.
        """
        n_masks = -(-n_samples // self.networks.n_networks)
        draws = self.engine.propagate(X, self.networks, draw_masks(self.networks, n_masks, rng))
        in_turns = np.swapaxes(draws, 1, 2).reshape(len(X), -1, draws.shape[-1])[:, :n_samples]
        mean = self.moments(X)[0][:, None]
        return mean + np.sqrt(self.spread_scale) * (in_turns - mean)


class TrainedEnsemble(NamedTuple):
    """What `train_ensemble` returns.

    Attributes
    ----------
    posterior : TrainedNetworks
        Predicts; the rest is about the rows of this training.
    held_out : ndarray of shape (n_rows, n_outputs)
        Prediction of each row by the network that did not see it (`held_out_mean`).
    training : Training
        Losses on the way.
    """

    posterior: TrainedNetworks
    held_out: FloatArray
    training: Training


def train_ensemble(
    rows: Rows,
    plan: TrainingPlan,
    is_held_out: BoolArray,
    holdout: Holdout,
    *,
    n_masks: int,
    rng: np.random.Generator,
    before: TrainedNetworks | None = None,
    is_more: bool = False,
    chunks: Iterator[Chunk] | None = None,
    callbacks: Sequence[Any] = (),
    is_shown: bool = False,
    engine: Engine = TENSORFLOW,
) -> TrainedEnsemble:
    """Train dropout networks, each without its share of the rows, and judge them on it.

    Parameters
    ----------
    rows : Rows
        Scaled ones.
    plan : TrainingPlan
        Shape of the networks, optimizer and seed.
    is_held_out : ndarray of shape (n_rows, n_networks), bool
        True where a network does not see a row.
    holdout : KnownHoldout or HashedHoldout
        What says so.
    n_masks : int
        Dropout masks that moments average over.
    rng : numpy.random.Generator
        Draws masks.
    before : TrainedNetworks, default=None
        To go on from.
    is_more : bool, default=False
        Whether the rows come in addition to those of `before`, so that errors are averaged over both; False
        if they stand in their place.
    chunks : iterator of (X, y, row_weights), default=None
        What each chunk of updates is made on, scaled, with weights of shape (n, n_networks); `rows` are then
        a sample that the networks are judged by.
    callbacks, is_shown
        As in `train_networks`.
    engine : Engine
        Trains and judges.

    Raises
    ------
    ValueError
        If the training diverged.
    """
    weights = rows.weights[:, None]
    training = engine.train(
        rows.X,
        rows.y,
        weights * ~is_held_out,
        plan,
        held_out_weights=weights * is_held_out,
        start=None if before is None else before.networks,
        chunks=chunks,
        callbacks=callbacks,
        is_shown=is_shown,
    )
    masks = draw_masks(training.networks, n_masks, rng)
    error, held_out = _judge(rows, training.networks, is_held_out, rng, engine)
    total_weight = rows.total_weight
    if before is not None and is_more:
        error = before.error.joined(error)
        total_weight += before.total_weight
    posterior = TrainedNetworks(training.networks, masks, error, holdout, total_weight, engine)
    return TrainedEnsemble(posterior, held_out, training)


def _judge(
    rows: Rows, networks: Networks, is_held_out: BoolArray, rng: np.random.Generator, engine: Engine
) -> tuple[HeldOutError, FloatArray]:
    n_masks = min(MOST_MASKS_FOR_NOISE, -(-DRAWS_FOR_NOISE // networks.n_networks))
    masks = draw_masks(networks, n_masks, rng)
    is_judged = is_held_out.any(axis=1)
    places = np.flatnonzero(is_judged) if is_judged.any() else np.arange(len(rows))
    held_out = np.full(rows.y.shape, np.nan)
    errors: list[HeldOutError] = []
    for start in range(0, len(places), ROWS_AT_ONCE):
        part = places[start : start + ROWS_AT_ONCE]
        draws = engine.propagate(rows.X[part], networks, masks)
        _check_finite(draws)
        errors.append(HeldOutError.of(rows.y[part], draws, is_held_out[part], rows.weights[part]))
        held_out[part] = held_out_mean(draws, is_held_out[part])
    return reduce(HeldOutError.joined, errors), held_out


def _check_finite(draws: FloatArray) -> None:
    if not np.isfinite(draws).all():
        raise ValueError(
            "The training diverged: some predictions of the training rows are not finite. Lower "
            "learning_rate_init, and check that output_weights are of the order of 1."
        )
