"""Loss of many networks side by side and its gradient, by automatic differentiation.

Values of units have the axes (n_networks, n_units, n_rows): with the rows last these thin products take about
half the time, and the first layer of all networks is one product. The weights are one vector (`packed`), so
that a step of the optimizer is one operation for all of them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bnnopt.surrogates._dropout._tensorflow import keras, tf

__all__ = ["Batch", "arranged", "loss_and_gradient", "packed", "unpacked"]

Shapes = Sequence[tuple[int, ...]]


class Batch(NamedTuple):
    """Rows as an update takes them.

    Attributes
    ----------
    columns : tensor of shape (n_features + 1, n_rows)
        Inputs, and a row of ones that the offset of the first layer is multiplied with.
    y : tensor of shape (n_outputs, n_rows)
        Outputs.
    importance : tensor of shape (n_networks, n_outputs, n_rows)
        Factor of each squared error in the loss.
    """

    columns: Any
    y: Any
    importance: Any


def arranged(rows: Any, targets: Any, output_weights: Sequence[float]) -> Batch:
    """Lay out rows; `targets` are y, then each network's row weight, and the loss is a mean over the rows."""
    n_outputs, n_rows = len(output_weights), tf.shape(rows)[0]
    columns = tf.transpose(targets)
    factors = tf.constant(output_weights, tf.float32)[:, None] / tf.cast(n_rows, tf.float32)
    inputs = tf.concat([tf.transpose(rows), tf.ones([1, n_rows])], axis=0)
    return Batch(inputs, columns[:n_outputs], columns[n_outputs:, None] * factors)


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
    first = tf.transpose(first, [0, 2, 1])
    return [first[:, :-1], first[:, -1], *others]


def _parts(vector: Any, shapes: Shapes) -> tuple[Any, list[Any]]:
    """Split a vector into the first layer (n_networks, n_units, n_in + 1) and the weights of the others."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    first, *others = tf.split(vector, [sizes[0] + sizes[1], *sizes[2:]])
    n_networks, n_in, n_units = shapes[0]
    parts = [tf.reshape(part, shape) for part, shape in zip(others, shapes[2:], strict=True)]
    return tf.reshape(first, [n_networks, n_units, n_in + 1]), parts


def loss_and_gradient(
    vector: Any, batch: Batch, masks: Sequence[Any], decay: Any, shapes: Shapes, activation: str
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

    Returns
    -------
    loss : scalar tensor
    gradient : tensor of shape (n_weights,)
    """
    with tf.GradientTape() as tape:
        tape.watch(vector)
        error = _outputs(vector, batch.columns, masks, shapes, activation) - batch.y
        loss = tf.reduce_sum(batch.importance * tf.square(error))
        loss += 0.5 * tf.reduce_sum(decay * tf.square(vector))
    return loss, tape.gradient(loss, vector)


def _outputs(vector: Any, columns: Any, masks: Sequence[Any], shapes: Shapes, activation: str) -> Any:
    """Pass rows through the layers, to (n_networks, n_outputs, n_rows)."""
    first, others = _parts(vector, shapes)
    n_networks, n_units, n_in = first.shape
    sums = tf.reshape(tf.reshape(first, [-1, n_in]) @ columns, [n_networks, n_units, -1])
    for depth, (kernel, bias) in enumerate(zip(others[::2], others[1::2], strict=True)):
        values = _activated(sums, activation)
        values = values * masks[depth] if masks else values
        sums = tf.matmul(kernel, values, transpose_a=True) + bias[:, :, None]
    return sums


def _activated(sums: Any, activation: str) -> Any:
    """Apply the activation; TensorFlow's own silu would compute its sigmoid again on the way back."""
    return sums * tf.sigmoid(sums) if activation == "silu" else keras.activations.get(activation)(sums)
