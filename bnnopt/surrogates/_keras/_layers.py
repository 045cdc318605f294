"""Keras layers that hold many networks side by side: one batched product for all of them."""

from typing import Any

import keras
import tensorflow as tf

from bnnopt._typing import FloatArray

__all__ = ["DenseStack", "DropoutStack"]


class DenseStack(keras.layers.Layer):
    """One dense layer of each network: (n_rows, n_networks, n_in) to (n_rows, n_networks, n_out).

    Parameters
    ----------
    kernel : ndarray of shape (n_networks, n_in, n_out)
        First weights.
    bias : ndarray of shape (n_networks, n_out)
        First offsets.
    activation : str or None
        Name of a Keras activation; None for linear.
    """

    def __init__(self, kernel: FloatArray, bias: FloatArray, activation: str | None = None) -> None:
        super().__init__()
        self.activation = keras.activations.get(activation)
        self.kernel = self.add_weight(
            shape=kernel.shape, initializer=keras.initializers.Constant(kernel), name="kernel"
        )
        self.bias = self.add_weight(
            shape=bias.shape, initializer=keras.initializers.Constant(bias), name="bias"
        )

    def call(self, inputs: Any) -> Any:
        """Apply every network to every row."""
        by_network = tf.transpose(inputs, [1, 0, 2]) @ self.kernel.value + self.bias.value[:, None, :]
        return self.activation(tf.transpose(by_network, [1, 0, 2]))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape after the layer."""
        return (input_shape[0], self.kernel.shape[0], self.kernel.shape[2])


class DropoutStack(keras.layers.Layer):
    """Dropout whose masks depend on a seed and on the number of the update only.

    `keras.layers.Dropout` draws from a stateful generator that other code may advance; here the same seed and
    update give the same mask in any process (counter-based Philox numbers, Salmon et al. 2011).

    Parameters
    ----------
    rate : float in [0, 1)
        Probability that a unit is left out.
    seed : int
        Seeds the masks.
    update : keras.Variable
        Number of the update, shared with the model.
    """

    def __init__(self, rate: float, seed: int, update: keras.Variable) -> None:
        super().__init__()
        self.rate = rate
        self.seed = seed
        self.update = update

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Leave units out in training; return the inputs as they are otherwise."""
        if not training or self.rate == 0.0:
            return inputs
        return tf.nn.experimental.stateless_dropout(
            inputs, rate=self.rate, seed=tf.stack([self.seed, tf.cast(self.update.value, tf.int32)])
        )

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape after the layer."""
        return input_shape
