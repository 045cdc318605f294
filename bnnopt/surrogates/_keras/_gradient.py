"""Loss and gradient of many networks side by side, with forward and backward pass written out.

Values of units have the axes (n_networks, n_units, n_rows): with the rows last these thin products take about
half the time, and the first layer of all networks is one product. The weights are one vector (`packed`), so
that a step of the optimizer is one operation for all of them. Derivatives of activations are TensorFlow's.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

__all__ = ["Batch", "arranged", "loss_and_gradient", "packed", "unpacked"]

Shapes = Sequence[tuple[int, ...]]


class Batch(NamedTuple):
    """Rows as an update takes them.

    Attributes
    ----------
    rows : tensor of shape (n_rows, n_features + 1)
        Inputs, and a column of ones that the offset of the first layer is multiplied with.
    columns : tensor of shape (n_features + 1, n_rows)
        The same, transposed.
    y : tensor of shape (n_outputs, n_rows)
        Outputs.
    importance : tensor of shape (n_networks, n_outputs, n_rows)
        Twice the factor of each squared error in the loss.
    """

    rows: Any
    columns: Any
    y: Any
    importance: Any

    def of_network(self, place: int) -> "Batch":
        """Return the batch as one of the networks takes it."""
        return self._replace(importance=self.importance[place : place + 1])


def arranged(rows: Any, targets: Any, output_weights: Sequence[float]) -> Batch:
    """Lay out rows; `targets` are y, then each network's row weight, and the loss is a mean over the rows."""
    n_outputs, n_rows = len(output_weights), tf.shape(rows)[0]
    rows = tf.concat([rows, tf.ones([n_rows, 1])], axis=1)
    columns = tf.transpose(targets)
    factors = 2.0 * tf.constant(output_weights, tf.float32)[:, None] / tf.cast(n_rows, tf.float32)
    return Batch(rows, tf.transpose(rows), columns[:n_outputs], columns[n_outputs:, None] * factors)


def packed(weights: Sequence[Any]) -> Any:
    """Lay the weights out as one vector; the first layer as `loss_and_gradient` multiplies it, transposed.

    Parameters
    ----------
    weights : sequence of tensors
        Kernel (n_networks, n_in, n_out) and bias (n_networks, n_out) of each layer in turn.
    """
    kernel, bias, *others = weights
    first = tf.transpose(tf.concat([kernel, bias[:, None]], axis=1), [0, 2, 1])
    return tf.concat([tf.reshape(part, [-1]) for part in (first, *others)], axis=0)


def unpacked(vector: Any, shapes: Shapes) -> list[Any]:
    """Undo `packed`; `shapes` are those of kernel and bias of each layer in turn."""
    first, others = _parts(vector, shapes)
    n_networks, n_in, n_units = shapes[0]
    first = tf.transpose(tf.reshape(first, [n_networks, n_units, n_in + 1]), [0, 2, 1])
    return [first[:, :n_in], first[:, n_in], *others]


def _parts(vector: Any, shapes: Shapes) -> tuple[Any, list[Any]]:
    """Split a vector into the first layer, kernel and bias in one, and the weights of the others."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    first, *others = tf.split(vector, [sizes[0] + sizes[1], *sizes[2:]])
    return first, [tf.reshape(part, shape) for part, shape in zip(others, shapes[2:], strict=True)]


def loss_and_gradient(
    vector: Any,
    batch: Batch,
    masks: Sequence[Any],
    decay: Any,
    shapes: Shapes,
    activation: str,
    is_long: bool = False,
) -> tuple[Any, Any]:
    """Sum over networks of the weighted mean squared error plus penalty, and its gradient.

    Parameters
    ----------
    vector : tensor of shape (n_weights,)
        Weights of all networks, from `packed`.
    batch : Batch
        From `arranged`.
    masks : sequence of tensors of shape (n_networks, n_units, n_rows)
        What the units of each hidden layer are multiplied with; none without dropout.
    decay : tensor of shape (n_weights,)
        Twice the penalty of each weight: the loss has half of `decay @ vector**2`.
    shapes : sequence of tuple
        Shapes of kernel and bias of each layer in turn.
    activation : str
        Of the hidden layers.
    is_long : bool, default=False
        Whether there are so many rows that each network is better off with operations of its own: they stay
        in the cache, and TensorFlow makes those of several networks at the same time.

    Returns
    -------
    loss : scalar tensor
    gradient : tensor of shape (n_weights,)
    """
    first, others = _parts(vector, shapes)
    n_networks, n_in, n_units = shapes[0]
    weights = [tf.reshape(first, [n_networks, n_units, n_in + 1]), *others]
    if is_long:
        alone = [
            _squares_and_gradient(_of_one(k, weights), batch.of_network(k), _of_one(k, masks), activation)
            for k in range(n_networks)
        ]
        squares = tf.add_n([each for each, _ in alone])
        gradients = [tf.concat(parts, axis=0) for parts in zip(*(each for _, each in alone), strict=True)]
    else:
        squares, gradients = _squares_and_gradient(weights, batch, masks, activation)
    shrinkage = decay * vector
    loss = 0.5 * (squares + tf.reduce_sum(shrinkage * vector))
    return loss, tf.concat([tf.reshape(part, [-1]) for part in gradients], axis=0) + shrinkage


def _of_one(place: int, tensors: Sequence[Any]) -> list[Any]:
    return [tensor[place : place + 1] for tensor in tensors]


def _squares_and_gradient(
    weights: Sequence[Any], batch: Batch, masks: Sequence[Any], activation: str
) -> tuple[Any, list[Any]]:
    """Return the sum of the weighted squared errors, and the gradient of half of it by each weight."""
    first, *others = weights
    kernels, biases = others[::2], others[1::2]
    n_networks, n_units, n_in = first.shape
    sums = tf.reshape(tf.reshape(first, [-1, n_in]) @ batch.columns, [n_networks, n_units, -1])
    layers = []
    for depth, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        layers.append(_hidden(sums, masks[depth] if masks else None, activation))
        sums = tf.matmul(kernel, layers[-1][0], transpose_a=True) + bias[:, :, None]
    error = sums - batch.y
    back = batch.importance * error
    squares = tf.reduce_sum(back * error)
    gradients: list[Any] = []
    for kernel, (values, through) in zip(kernels[::-1], layers[::-1], strict=True):
        of_kernel = values @ tf.transpose(back, [0, 2, 1])
        gradients = [of_kernel, tf.reduce_sum(back, axis=2), *gradients]
        back = through(kernel @ back)
    of_first = tf.reshape(back, [n_networks * n_units, -1]) @ batch.rows
    return squares, [tf.reshape(of_first, first.shape), *gradients]


def _hidden(sums: Any, mask: Any, activation: str) -> tuple[Any, Callable[[Any], Any]]:
    """Return the values of a hidden layer, and what takes a gradient of them back to the sums."""
    with tf.GradientTape() as tape:
        tape.watch(sums)
        values = _activated(sums, activation)

    def through(gradient: Any) -> Any:
        masked = gradient if mask is None else gradient * mask
        return tape.gradient(values, sums, output_gradients=masked)

    return values if mask is None else values * mask, through


def _activated(sums: Any, activation: str) -> Any:
    """Apply the activation; TensorFlow's own silu would compute its sigmoid again on the way back."""
    return sums * tf.sigmoid(sums) if activation == "silu" else keras.activations.get(activation)(sums)
