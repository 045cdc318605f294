"""Dropout networks as plain values: the plan of a training, the weights, and the masks that thin them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bnnopt._estimators import Rule, flag, is_whole, one_of, optional, real, seed_parameter, whole
from bnnopt._plain import shown
from bnnopt._typing import BoolArray, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._rows import Rows

__all__ = [
    "ACTIVATIONS",
    "BETA_1",
    "BETA_2",
    "EPSILON",
    "FULL_BATCH_ROWS",
    "LAST_RATE",
    "RULES",
    "UPDATES_PER_CHUNK",
    "Networks",
    "Training",
    "TrainingPlan",
    "check_layers",
    "draw_masks",
    "first_networks",
    "initial_weights",
    "loss_of_the_mean",
    "training_plan",
    "with_mean_one",
]

UPDATES_PER_CHUNK = 250
LAST_RATE = 0.02  # of the step size, in units of the first
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of Adam
ACTIVATIONS = ("elu", "gelu", "relu", "selu", "silu", "softplus", "tanh")
FULL_BATCH_ROWS = 1024  # up to here an update of all rows costs little more than one of some
MINI_BATCH_ROWS = 256
RULES: dict[str, Rule] = {
    "activation": one_of(*ACTIVATIONS),
    "dropout": real(0, 1, closed="left"),
    "alpha": real(0, closed="left"),
    "n_networks": whole(1),
    "n_masks": whole(1),
    "learning_rate_init": real(0),
    "max_iter": whole(1),
    "batch_size": optional(whole(1), "auto"),
    "early_stopping": flag(),
    "validation_fraction": real(0, 1),
    "n_iter_no_change": whole(1),
    "tol": real(0, closed="left"),
    "warm_start": flag(),
    "callbacks": optional(Rule(lambda value: isinstance(value, list | tuple), "a list of Keras callbacks")),
    "verbose": Rule(lambda value: isinstance(value, bool) or is_whole(value), "a whole number or a flag"),
    "random_state": seed_parameter(),
}


@dataclass(frozen=True)
class TrainingPlan:
    """What a training needs to know besides the rows.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int
        Units of each hidden layer.
    activation : str
        One of `ACTIVATIONS`.
    dropout : float in [0, 1)
        Probability that a hidden unit is left out.
    n_networks : int
        Networks trained side by side.
    penalty : float
        Factor of the sum of squared weights of each network in its loss.
    output_weights : tuple of float
        Factor of the squared error of each scaled output.
    learning_rate_init : float
        First step size of Adam; it falls along half a cosine to 2 % of itself.
    n_updates : int
        Optimizer updates.
    batch_size : int
        Rows in an update; the number of rows for full batch.
    seed : int
        Seeds the first weights, the dropout and the order of the batches.
    patience : int, default=0
        Chunks of updates without a lower held-out loss after which the training stops, and goes back to the
        weights of the lowest; 0 makes all updates.
    min_gain : float, default=0.0
        By how much the held-out loss must fall to count as lower.
    """

    hidden_layer_sizes: tuple[int, ...]
    activation: str
    dropout: float
    n_networks: int
    penalty: float
    output_weights: tuple[float, ...]
    learning_rate_init: float
    n_updates: int
    batch_size: int
    seed: int
    patience: int = 0
    min_gain: float = 0.0


def training_plan(
    parameters: Mapping[str, Any], rows: Rows, *, total_weight: float, n_updates: int, seed: int
) -> TrainingPlan:
    """Put a plan together.

    Parameters
    ----------
    parameters : mapping
        The estimator's parameters.
    rows : Rows
        Scaled ones.
    total_weight : float
        Sum of the weights of all rows that the penalty stands against.
    n_updates : int
        Optimizer updates.
    seed : int
        Seeds the training.
    """
    output_weights = _output_weights(parameters["output_weights"], rows.y.shape[1])
    is_stopping_early = bool(parameters["early_stopping"])
    return TrainingPlan(
        hidden_layer_sizes=check_layers(parameters["hidden_layer_sizes"]),
        activation=parameters["activation"],
        dropout=float(parameters["dropout"]),
        n_networks=int(parameters["n_networks"]),
        penalty=float(parameters["alpha"]) / total_weight,
        output_weights=output_weights,
        learning_rate_init=float(parameters["learning_rate_init"]),
        n_updates=n_updates,
        batch_size=_rows_per_update(parameters["batch_size"], len(rows)),
        seed=seed,
        patience=int(parameters["n_iter_no_change"]) if is_stopping_early else 0,
        min_gain=float(parameters["tol"]) * loss_of_the_mean(rows, output_weights),
    )


def loss_of_the_mean(rows: Rows, output_weights: tuple[float, ...]) -> float:
    """Loss of the prediction that is the same for all rows: the weighted sum of the outputs' variances."""
    mean = np.average(rows.y, axis=0, weights=rows.weights)
    variance = np.average(np.square(rows.y - mean), axis=0, weights=rows.weights)
    return float(variance @ np.asarray(output_weights))


def check_layers(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """Return the units of each hidden layer, or raise `InvalidDataError`."""
    sizes = list(hidden_layer_sizes) if np.ndim(hidden_layer_sizes) == 1 else []
    if not sizes or not all(is_whole(size) and size >= 1 for size in sizes):
        raise InvalidDataError(
            "hidden_layer_sizes must name at least one layer of at least one unit, in whole numbers, "
            f"got {shown(hidden_layer_sizes)}."
        )
    return tuple(int(size) for size in sizes)


def _rows_per_update(batch_size: int | str, n_rows: int) -> int:
    if isinstance(batch_size, str):
        return n_rows if n_rows <= FULL_BATCH_ROWS else MINI_BATCH_ROWS
    return min(int(batch_size), n_rows)


def _output_weights(output_weights: Any, n_outputs: int) -> tuple[float, ...]:
    if output_weights is None:
        return (1.0,) * n_outputs
    weights = np.asarray(output_weights, dtype=float)
    if weights.shape != (n_outputs,) or not np.all(np.isfinite(weights) & (weights > 0)):
        raise InvalidDataError(
            f"output_weights must be {n_outputs} finite number(s) above 0, one for each output, "
            f"got {shown(output_weights)}."
        )
    return tuple(weights.tolist())


@dataclass(frozen=True)
class Networks:
    """Weights of networks of one shape, stacked along the first axis.

    Attributes
    ----------
    kernels : tuple of ndarray of shape (n_networks, n_in, n_out)
        One for each layer, from the inputs to the outputs.
    biases : tuple of ndarray of shape (n_networks, n_out)
        One for each layer.
    activation : str
        Of the hidden layers; the last layer is linear.
    dropout : float
        Probability that a hidden unit is left out.
    """

    kernels: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    activation: str
    dropout: float

    @property
    def n_networks(self) -> int:
        """Number of networks."""
        return int(self.kernels[0].shape[0])

    @property
    def hidden_layer_sizes(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(int(kernel.shape[2]) for kernel in self.kernels[:-1])


@dataclass(frozen=True)
class Training:
    """What came out of a training.

    Attributes
    ----------
    networks : Networks
        The trained weights.
    n_updates : int
        Optimizer updates made.
    losses : tuple of float
        Loss at the end of each chunk of updates, smoothed over the last 25 or so, a mean over networks.
    held_out_losses : tuple of float
        Squared error of the rows that were left out, without penalty, at the end of each chunk; empty if no
        row was.
    """

    networks: Networks
    n_updates: int
    losses: tuple[float, ...]
    held_out_losses: tuple[float, ...]


def first_networks(n_inputs: int, n_outputs: int, plan: TrainingPlan) -> Networks:
    """Make networks of `initial_weights`."""
    sizes, n_networks = plan.hidden_layer_sizes, plan.n_networks
    kernels, biases = initial_weights(n_inputs, n_outputs, sizes, n_networks, plan.seed)
    return Networks(tuple(kernels), tuple(biases), plan.activation, plan.dropout)


def initial_weights(
    n_inputs: int, n_outputs: int, hidden_layer_sizes: Sequence[int], n_networks: int, seed: int
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Draw Glorot-uniform kernels and zero biases (Glorot and Bengio 2010, equation 16), float32."""
    rng = np.random.default_rng(seed)
    sizes = [n_inputs, *hidden_layer_sizes, n_outputs]
    kernels, biases = [], []
    for n_in, n_out in pairwise(sizes):
        limit = np.sqrt(6.0 / (n_in + n_out))
        kernels.append(rng.uniform(-limit, limit, (n_networks, n_in, n_out)).astype(np.float32))
        biases.append(np.zeros((n_networks, n_out), dtype=np.float32))
    return kernels, biases


def with_mean_one(weights: FloatArray) -> FloatArray:
    """Divide the weights of rows, (n_rows, n_networks), by the mean of each network; 0 where all are 0."""
    mean = weights.mean(axis=0)
    return np.divide(weights, mean, out=np.zeros_like(weights, dtype=float), where=mean > 0)


def draw_masks(networks: Networks, n_masks: int, rng: np.random.Generator) -> list[FloatArray]:
    """Draw dropout masks: 0 for a unit left out, 1 / (1 - dropout) for one that is kept.

    Returns
    -------
    list of ndarray of shape (n_networks, n_masks, n_units)
        One for each hidden layer. A mask holds for all rows: it makes a draw one function.
    """
    keep = 1.0 - networks.dropout
    masks = []
    for n_units in networks.hidden_layer_sizes:
        is_kept: BoolArray = rng.random((networks.n_networks, n_masks, n_units)) < keep
        masks.append((is_kept / keep).astype(np.float32))
    return masks
