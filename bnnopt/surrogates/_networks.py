"""Trained networks as plain arrays, and the dropout masks that turn them into draws of functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["ACTIVATIONS", "Networks", "TrainingPlan", "draw_masks", "initial_weights"]

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
