"""Rows through thinned networks: moments over masks, or one function for each draw.

Rows go through in blocks of one size (`in_blocks`): a row's result does not depend on which rows stand beside
it, and memory stays flat however many rows come.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from bnnopt._typing import FloatArray
from bnnopt.surrogates._blocks import in_blocks
from bnnopt.surrogates._networks import Networks

__all__ = ["propagate", "propagate_moments"]


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
    return _in_blocks(_outputs, X, networks, masks)


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
    moments = _in_blocks(_moments, X, networks, masks)
    return moments[:, 0], moments[:, 1]


class _Stack(NamedTuple):
    """Weights with axes (n_networks, n_masks or 1, n_in, n_out), masks of the inputs multiplied in."""

    hidden: tuple[tuple[Any, Any], ...]
    last: Any
    last_masked: Any
    last_bias: Any
    activation: Callable[[Any], Any]
    odds: float


def _outputs(block: Any, stack: _Stack) -> Any:
    features = _features(block, stack)
    return tf.transpose(features @ stack.last_masked + stack.last_bias, [2, 0, 1, 3])


def _moments(block: Any, stack: _Stack) -> Any:
    features = _features(block, stack)
    means = features @ stack.last + stack.last_bias
    within = stack.odds * tf.reduce_mean(tf.square(features) @ tf.square(stack.last), axis=[0, 1])
    mean, between = tf.nn.moments(means, axes=[0, 1])
    return tf.stack([mean, within + between], axis=1)


def _features(block: Any, stack: _Stack) -> Any:
    """Last hidden layer before its mask: (n_networks, n_masks or 1, n_rows, n_units).

    The first layer knows no mask, so it is computed once for each network.
    """
    features = block
    for weight, bias in stack.hidden:
        features = stack.activation(features @ weight + bias)
    return features


def _stacked(networks: Networks, masks: list[FloatArray]) -> _Stack:
    kernels = [kernel[:, None] for kernel in networks.kernels]
    biases = [tf.constant(bias[:, None, None]) for bias in networks.biases]
    masked = [mask[..., None] * kernel for mask, kernel in zip(masks, kernels[1:], strict=True)]
    weights = [tf.constant(kernel) for kernel in (kernels[0], *masked)]
    return _Stack(
        hidden=tuple(zip(weights[:-1], biases[:-1], strict=True)),
        last=tf.constant(kernels[-1]),
        last_masked=weights[-1],
        last_bias=biases[-1],
        activation=keras.activations.get(networks.activation),
        odds=networks.dropout / (1.0 - networks.dropout),
    )


def _in_blocks(
    evaluate: Callable[[Any, _Stack], Any], X: FloatArray, networks: Networks, masks: list[FloatArray]
) -> FloatArray:
    stack = _stacked(networks, masks)
    return in_blocks(lambda block: evaluate(tf.constant(block), stack).numpy(), X.astype(np.float32))
