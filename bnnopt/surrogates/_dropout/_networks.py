"""Trained networks as plain arrays, and the dropout masks that turn them into draws of functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bnnopt._typing import BoolArray, FloatArray

__all__ = [
    "ACTIVATIONS",
    "UPDATES_PER_CHUNK",
    "Networks",
    "Training",
    "TrainingPlan",
    "draw_masks",
    "first_networks",
    "initial_weights",
]

UPDATES_PER_CHUNK = 250
ACTIVATIONS = ("elu", "gelu", "relu", "selu", "silu", "softplus", "tanh")


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
