"""Rows through thinned networks: moments over masks, or one function for each draw.

The networks are one TensorFlow graph, traced once for each activation and depth.

The graph takes rows, weights and masks of any size as arguments: fits share it, and so do numbers of masks.
Values in it have the axes (n_networks, n_units, n_masks * n_rows), masks in the outer place. With the rows
last, what one row costs is done for many rows side by side, in the products as in the sums over masks. What
does not depend on the rows is prepared once, before the blocks: with few masks, small operations are most of
the time.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._networks import Networks
from bnnopt.surrogates._dropout._tensorflow import check_process, keras, tf
from bnnopt.surrogates._rows import ROWS_PER_BLOCK, in_stacks

__all__ = ["propagate", "propagate_moments"]

VALUES_PER_BLOCK = 2**19  # of a layer, 2 MB
FEWEST_ROWS = ROWS_PER_BLOCK // 8  # still fill the panels of products
BLOCKS_IN_FLIGHT = 4  # for several threads: the products of one block are too small to be shared out

Layer = Callable[[Any], Any]
Ending = Callable[[Layer, Any, Any, Any], Layer]


def propagate(X: FloatArray, networks: Networks, masks: list[FloatArray]) -> FloatArray:
    """Evaluate every thinned network at every row.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Inputs as scaled by `InputScaler`.
    networks : Networks
        Trained weights.
    masks : list of ndarray of shape (n_networks, n_masks, n_units)
        One for each hidden layer.

    Returns
    -------
    ndarray of shape (n_rows, n_networks, n_masks, n_outputs), float32
        Scaled outputs.
    """
    return _through_graph(_outputs, X, networks, masks)


def propagate_moments(
    X: FloatArray, networks: Networks, masks: list[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance over networks and dropout masks at every row.

    The masks of all hidden layers but the last are sampled; over the last one the outputs are linear in the
    mask, so its mean and variance are exact: with features h, weights w and dropout p, mean `h @ w + b` and
    variance `p / (1 - p) * (h**2 @ w**2)`. The law of total variance joins the two.

    Parameters
    ----------
    X, networks, masks
        As in `propagate`.

    Returns
    -------
    mean, variance : ndarray of shape (n_rows, n_outputs), float32
        Of the scaled outputs.
    """
    mean, between, within = np.moveaxis(_through_graph(_moments, X, networks, masks[:-1]), 1, 0)
    odds = float(networks.dropout / (1.0 - networks.dropout)) if masks else 0.0  # inputs have no mask
    return mean, between + odds * within


def _through_graph(ending: Ending, X: FloatArray, networks: Networks, masks: list[FloatArray]) -> FloatArray:
    check_process()
    graph = _traced(ending, networks.activation, len(networks.kernels), len(masks))
    weights = [tf.constant(values) for values in (*networks.kernels, *networks.biases, *masks)]

    def evaluate(blocks: FloatArray) -> FloatArray:
        return graph(tf.constant(blocks, tf.float32), *weights).numpy()

    return in_stacks(evaluate, X, _rows_per_block(networks, masks))


def _rows_per_block(networks: Networks, masks: list[FloatArray]) -> int:
    """Halve the block until values of the widest layer are few; the number of rows must have no say in it."""
    n_functions = networks.n_networks * (masks[0].shape[1] if masks else 1)
    n_values = n_functions * max(networks.hidden_layer_sizes, default=1)
    n_rows = ROWS_PER_BLOCK
    while n_rows > FEWEST_ROWS and n_rows * n_values > VALUES_PER_BLOCK:
        n_rows //= 2
    return n_rows


@cache
def _traced(ending: Ending, activation: str, n_layers: int, n_masked: int) -> Callable[..., Any]:
    """Return the graph that takes blocks of rows through all layers.

    Parameters
    ----------
    ending : callable
        `_outputs` or `_moments`: what to make of the last hidden layer.
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
        what the ending makes of each block, (n_blocks, n_rows, ...).
    """

    def all_blocks(blocks: Any, *weights: Any) -> Any:
        kernels = [tf.linalg.matrix_transpose(kernel) for kernel in weights[:n_layers]]
        biases, masks = weights[n_layers : 2 * n_layers], weights[2 * n_layers :]
        *hidden, last = _layers(kernels, biases, masks)
        n_masks = tf.shape(masks[0])[1] if masks else 1
        end = ending(last, kernels[-1], n_masks, tf.shape(blocks)[1])
        function = keras.activations.get(activation)

        def one_block(features: Any) -> Any:
            for layer in hidden:
                features = function(layer(features))
            return end(features)

        inputs = tf.linalg.matrix_transpose(blocks)[:, None]
        return tf.map_fn(one_block, inputs, parallel_iterations=BLOCKS_IN_FLIGHT)

    n_axes = [3, *[3] * n_layers, *[2] * n_layers, *[3] * n_masked]
    signature = [tf.TensorSpec([None] * n) for n in n_axes]
    return tf.function(all_blocks, autograph=False).get_concrete_function(*signature)


def _outputs(last: Layer, kernel: Any, n_masks: Any, n_rows: Any) -> Layer:
    """Return a function from the last hidden layer to outputs (n_rows, n_networks, n_masks, n_outputs)."""
    shape = _by_mask(tf.shape(kernel)[1], n_masks, n_rows)
    return lambda features: tf.transpose(tf.reshape(last(features), shape), [3, 0, 2, 1])


def _moments(last: Layer, kernel: Any, n_masks: Any, n_rows: Any) -> Layer:
    """Return a function from the last hidden layer to mean, variance and `h**2 @ w**2`, averaged.

    All three are over networks and masks, and make an array of shape (n_rows, 3, n_outputs). Squares are
    averaged over masks before the product, which then is a small one.
    """
    shape = _by_mask(tf.shape(kernel)[1], n_masks, n_rows)
    shape_of_features = _by_mask(tf.shape(kernel)[2], n_masks, n_rows)
    weights = tf.square(kernel) / tf.cast(n_masks, tf.float32)

    def end(features: Any) -> Any:
        values = tf.reshape(last(features), shape)
        mean = _mean(values)
        between = _mean(tf.square(values - mean[:, None]))
        norms = tf.math.reduce_euclidean_norm(tf.reshape(features, shape_of_features), axis=2)
        within = tf.reduce_mean(weights @ tf.square(norms), axis=0)
        return tf.transpose(tf.stack([mean, between, within]), [2, 0, 1])

    return end


def _by_mask(n_units: Any, n_masks: Any, n_rows: Any) -> Any:
    """Return the shape of values with an axis of the masks."""
    return tf.stack([-1, n_units, n_masks, n_rows])


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
    offset = bias[..., None]
    return lambda values: kernel @ values + offset


def _masked(layer: Layer, mask: Any) -> Layer:
    factors = tf.linalg.matrix_transpose(mask)[..., None]
    by_mask = tf.concat([tf.shape(factors)[:3], [-1]], axis=0)
    together = tf.concat([tf.shape(factors)[:2], [-1]], axis=0)
    return lambda values: layer(tf.reshape(tf.reshape(values, by_mask) * factors, together))


def _fanned_out(kernel: Any, bias: Any, mask: Any) -> Layer:
    """Return the layer where functions part: up to it all masks have the same values.

    One product takes them through the kernels of all masks. The bias is the weight of an input that is 1.
    """
    thinned = kernel[:, :, None] * mask[:, None]
    offsets = tf.broadcast_to(bias[:, :, None, None], tf.shape(thinned[..., :1]))
    wide = tf.concat([thinned, offsets], axis=3)
    n_networks, n_out, n_masks, n_in = tf.unstack(tf.shape(wide))
    wide = tf.reshape(wide, [n_networks, n_out * n_masks, n_in])
    shape = tf.stack([n_networks, n_out, -1])
    one_more = [[0, 0], [0, 1], [0, 0]]
    return lambda values: tf.reshape(wide @ tf.pad(values, one_more, constant_values=1.0), shape)
