"""Many networks side by side: a Keras layer that holds their weights, and their forward pass."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from bnnopt._typing import FloatArray

__all__ = ["NetworkStack", "forward"]


def forward(
    rows: Any,
    weights: Sequence[Any],
    activation: str,
    *,
    dropout: float = 0.0,
    seed: Any = 0,
    update: Any = 0,
) -> Any:
    """Evaluate every network at every row, with one batched product for each layer.

    The dropout masks hang on the seed, the layer and the number of the update only (counter-based Philox
    numbers, Salmon et al. 2011): the same in any process, whatever else draws random numbers.

    Parameters
    ----------
    rows : tensor of shape (n_rows, n_features)
        Inputs.
    weights : sequence of tensors
        Kernel (n_networks, n_in, n_out) and bias (n_networks, n_out) of each layer in turn.
    activation : str
        Of the hidden layers.
    dropout : float in [0, 1), default=0.0
        Probability that a hidden unit is left out, anew for each row.
    seed, update : int or scalar tensor
        Choose the masks.

    Returns
    -------
    tensor of shape (n_networks, n_rows, n_outputs)
    """
    act = keras.activations.get(activation)
    hidden = rows
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    for depth, (kernel, bias) in enumerate(layers[:-1]):
        hidden = act(hidden @ kernel + bias[:, None])
        if dropout > 0.0:
            mask_seed = tf.stack([tf.cast(seed, tf.int32) + depth, tf.cast(update, tf.int32)])
            hidden *= _masks(tf.shape(hidden), dropout, mask_seed)
    kernel, bias = layers[-1]
    return hidden @ kernel + bias[:, None]


def _masks(shape: Any, dropout: float, seed: Any) -> Any:
    """Draw 0 with probability `dropout`, else 1 / (1 - dropout).

    Random numbers are most of what dropout costs, so each of 32 bits serves four times. The limit that 8-bit
    numbers are compared with is rounded up or down at random, which leaves the probability as it is.
    """
    n_units = tf.reduce_prod(shape)
    words = tf.random.stateless_uniform([n_units // 4 + 2], seed, None, None, tf.int32)
    levels = tf.reshape(tf.bitcast(words[1:], tf.int8), [-1])[:n_units]
    coin = tf.cast(words[0], tf.float32) / 2.0**32 + 0.5
    limit = tf.cast(tf.minimum(tf.floor(dropout * 2**8 + coin) - 2.0**7, 127.0), tf.int8)
    return tf.reshape(tf.cast(levels >= limit, tf.float32), shape) / (1.0 - dropout)


class NetworkStack(keras.layers.Layer):
    """The weights of the networks, and their outputs without dropout, shape (n_rows, n_networks, n_outputs).

    Parameters
    ----------
    kernels : sequence of ndarray of shape (n_networks, n_in, n_out)
        First weights, one array for each layer.
    biases : sequence of ndarray of shape (n_networks, n_out)
        First offsets.
    activation : str
        Of the hidden layers.
    """

    def __init__(self, kernels: Sequence[FloatArray], biases: Sequence[FloatArray], activation: str) -> None:
        super().__init__(dtype="float32")
        self.activation = activation
        for kernel, bias in zip(kernels, biases, strict=True):
            for values in (kernel, bias):
                self.add_weight(shape=values.shape, initializer=keras.initializers.Constant(values))

    @property
    def tensors(self) -> list[Any]:
        """Kernels and biases in turn, as tensors."""
        return [weight.value for weight in self.trainable_variables]

    def call(self, rows: Any) -> Any:
        """Evaluate every network at every row."""
        return tf.transpose(forward(rows, self.tensors, self.activation), [1, 0, 2])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape of the outputs."""
        n_networks, n_outputs = self.trainable_variables[-1].shape
        return (input_shape[0], n_networks, n_outputs)
