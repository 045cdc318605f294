"""Rows through thinned networks: moments over masks, or one function for each draw.

Rows go through in blocks of one size (`in_stacks`): a row's result does not depend on which rows stand beside
it, and memory stays flat however many rows come.
"""

import numpy as np
import tensorflow as tf

from bnnopt._typing import FloatArray
from bnnopt.surrogates._blocks import ROWS_PER_BLOCK, in_stacks
from bnnopt.surrogates._keras._thinned import Ending, moments, outputs, traced
from bnnopt.surrogates._networks import Networks

__all__ = ["propagate", "propagate_moments"]

VALUES_PER_BLOCK = 2**19  # of a layer, 2 MB
FEWEST_ROWS = ROWS_PER_BLOCK // 8  # still fill the panels of products


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
    return _through_graph(outputs, X, networks, masks)


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
    mean, between, within = np.moveaxis(_through_graph(moments, X, networks, masks[:-1]), 1, 0)
    odds = float(networks.dropout / (1.0 - networks.dropout)) if masks else 0.0  # inputs have no mask
    return mean, between + odds * within


def _through_graph(ending: Ending, X: FloatArray, networks: Networks, masks: list[FloatArray]) -> FloatArray:
    graph = traced(ending, networks.activation, len(networks.kernels), len(masks))
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
