"""Rows through thinned networks: moments over masks, or one function for each draw.

Rows go through in blocks of `ROWS_PER_BLOCK`, the last one padded: every product then has the same shape, so
that a row's result does not depend on which rows stand beside it, and memory stays flat however many rows
come.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from bnnopt._typing import FloatArray
from bnnopt.surrogates._networks import Networks

__all__ = ["propagate", "propagate_moments"]

ROWS_PER_BLOCK = 256


def propagate(X: FloatArray, networks: Networks, masks: list[FloatArray]) -> FloatArray:
    """Evaluate every thinned network at every row.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Inputs scaled to [-1, 1].
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


def _outputs(block: Any, stack: Any, activation: str, dropout: Any) -> Any:
    features = _features(block, stack, activation) * stack.masks[-1]
    return tf.transpose(features @ stack.weights[-1] + stack.biases[-1], [2, 0, 1, 3])


def _moments(block: Any, stack: Any, activation: str, dropout: Any) -> Any:
    features = _features(block, stack, activation)
    means = features @ stack.weights[-1] + stack.biases[-1]
    odds = dropout / (1.0 - dropout)
    within = odds * tf.reduce_mean(tf.square(features) @ tf.square(stack.weights[-1]), axis=[0, 1])
    mean, between = tf.nn.moments(means, axes=[0, 1])
    return tf.stack([mean, within + between], axis=1)


def _features(block: Any, stack: Any, activation: str) -> Any:
    """Last hidden layer before its mask: (n_networks, n_masks or 1, n_rows, n_units).

    The first layer knows no mask, so it is computed once for each network.
    """
    act = keras.activations.get(activation)
    features = act(block @ stack.weights[0] + stack.biases[0])
    for weight, bias, mask in zip(stack.weights[1:-1], stack.biases[1:-1], stack.masks[:-1], strict=True):
        features = act((features * mask) @ weight + bias)
    return features


class _Stack(NamedTuple):
    """Weights and masks with axes (n_networks, n_masks, n_rows, ...), as tensors."""

    weights: tuple[Any, ...]
    biases: tuple[Any, ...]
    masks: tuple[Any, ...]


def _in_blocks(
    evaluate: Callable[..., Any], X: FloatArray, networks: Networks, masks: list[FloatArray]
) -> FloatArray:
    n_rows = len(X)
    n_blocks = -(-n_rows // ROWS_PER_BLOCK)
    padded = np.zeros((n_blocks * ROWS_PER_BLOCK, X.shape[1]), dtype=np.float32)
    padded[:n_rows] = X
    stack = _Stack(
        weights=tuple(tf.constant(kernel[:, None]) for kernel in networks.kernels),
        biases=tuple(tf.constant(bias[:, None, None]) for bias in networks.biases),
        masks=tuple(tf.constant(mask[:, :, None]) for mask in masks),
    )
    dropout = tf.constant(networks.dropout)
    blocks = padded.reshape(n_blocks, ROWS_PER_BLOCK, -1)
    results = [evaluate(tf.constant(block), stack, networks.activation, dropout).numpy() for block in blocks]
    return np.concatenate(results)[:n_rows]
