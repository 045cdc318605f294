"""Thinned networks as one TensorFlow graph, traced once for each activation and depth.

The graph takes rows, weights and masks of any size as arguments: fits share it, and so do numbers of masks.
Values in it have the axes (n_networks, n_units, n_masks, n_rows). With the rows last, what one row costs is
done for many rows side by side, in the products as in the sums over masks.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import keras
import tensorflow as tf

__all__ = ["moments_of_block", "outputs_of_block", "traced"]

BLOCKS_IN_FLIGHT = 4  # for several threads: the products of one block are too small to be shared out

Layer = Callable[[Any], Any]
OfBlock = Callable[[Any, Layer, Any], Any]


@cache
def traced(of_block: OfBlock, activation: str, n_layers: int, n_masked: int) -> Callable[..., Any]:
    """Return the graph that takes blocks of rows through all layers.

    Parameters
    ----------
    of_block : callable
        `outputs_of_block` or `moments_of_block`.
    activation : str
        Of the hidden layers.
    n_layers : int
        Hidden layers and the last one.
    n_masked : int
        Hidden layers with masks, counted from the first.

    Returns
    -------
    callable
        Of blocks (n_blocks, n_rows, n_inputs), then `n_layers` kernels (n_networks, n_in, n_out), `n_layers`
        biases (n_networks, n_out) and `n_masked` masks (n_networks, n_masks, n_units), all float32; gives
        what `of_block` makes of each block, (n_blocks, n_rows, ...).
    """

    def all_blocks(blocks: Any, *weights: Any) -> Any:
        kernels = [tf.linalg.matrix_transpose(kernel) for kernel in weights[:n_layers]]
        biases, masks = weights[n_layers : 2 * n_layers], weights[2 * n_layers :]
        *hidden, last = _layers(kernels, biases, masks)
        function = keras.activations.get(activation)

        def one_block(rows: Any) -> Any:
            features = tf.transpose(rows)[None, :, None]
            for layer in hidden:
                features = function(layer(features))
            return of_block(features, last, kernels[-1])

        return tf.map_fn(one_block, blocks, parallel_iterations=BLOCKS_IN_FLIGHT)

    n_axes = [3, *[3] * n_layers, *[2] * n_layers, *[3] * n_masked]
    signature = [tf.TensorSpec([None] * n) for n in n_axes]
    return tf.function(all_blocks, autograph=False).get_concrete_function(*signature)


def outputs_of_block(features: Any, last: Layer, kernel: Any) -> Any:
    """Return the outputs of all functions, (n_rows, n_networks, n_masks, n_outputs)."""
    return tf.transpose(last(features), [3, 0, 2, 1])


def moments_of_block(features: Any, last: Layer, kernel: Any) -> Any:
    """Return mean and variance over networks and masks, and the mean of `h**2 @ w**2`.

    The squares are averaged over masks before the product, which then is a small one. The result has the
    shape (n_rows, 3, n_outputs).
    """
    outputs = last(features)
    mean = _mean(outputs)
    between = _mean(tf.square(outputs - mean[:, None]))
    n_masks = tf.cast(tf.shape(features)[2], tf.float32)
    squares = tf.square(tf.math.reduce_euclidean_norm(features, axis=2, keepdims=True)) / n_masks
    within = _mean(_product(tf.square(kernel), squares))
    return tf.transpose(tf.stack([mean, between, within]), [2, 0, 1])


def _mean(values: Any) -> Any:
    """Average over networks and masks."""
    return tf.reduce_mean(tf.reduce_mean(values, axis=2), axis=0)


def _layers(kernels: Sequence[Any], biases: Sequence[Any], masks: Sequence[Any]) -> list[Layer]:
    """Return the layers without their activation, each with the mask of the layer before, if it has one."""
    layers = [_dense(kernel, bias) for kernel, bias in zip(kernels, biases, strict=True)]
    if masks:
        layers[1] = _fanned_out(kernels[1], biases[1], masks[0])
    for depth, mask in enumerate(masks[1:], start=2):
        layers[depth] = _masked(layers[depth], mask)
    return layers


def _dense(kernel: Any, bias: Any) -> Layer:
    return lambda values: _product(kernel, values) + bias[:, :, None, None]


def _masked(layer: Layer, mask: Any) -> Layer:
    factors = tf.linalg.matrix_transpose(mask)[..., None]
    return lambda values: layer(values * factors)


def _fanned_out(kernel: Any, bias: Any, mask: Any) -> Layer:
    """Return the layer where functions part: up to it all masks have the same values.

    One product takes them through the kernels of all masks. The bias is the weight of an input that is 1.
    """
    thinned = kernel[:, :, None] * mask[:, None]
    offsets = tf.broadcast_to(bias[:, :, None, None], tf.shape(thinned[..., :1]))
    wide = tf.concat([thinned, offsets], axis=3)
    shape = tf.shape(wide)
    wide = tf.reshape(wide, [shape[0], shape[1] * shape[2], shape[3]])

    def layer(values: Any) -> Any:
        shared = values[:, :, 0]
        products = wide @ tf.concat([shared, tf.ones_like(shared[:, :1])], axis=1)
        return tf.reshape(products, [shape[0], shape[1], shape[2], tf.shape(values)[3]])

    return layer


def _product(kernel: Any, values: Any) -> Any:
    """Take values (n_networks, n_in, n_masks, n_rows) through a kernel (n_networks, n_out, n_in)."""
    shape = tf.shape(values)
    products = kernel @ tf.reshape(values, [shape[0], shape[1], shape[2] * shape[3]])
    return tf.reshape(products, tf.concat([tf.shape(products)[:2], shape[2:]], axis=0))
