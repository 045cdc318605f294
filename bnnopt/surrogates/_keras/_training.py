"""Training of many dropout networks side by side, driven by scikeras.

One "epoch" of Keras is here a chunk of optimizer updates inside one graph (`_chunk.py`), so that Keras is
entered once for hundreds of updates and callbacks see the end of each chunk.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scikeras.wrappers import KerasRegressor

from bnnopt._typing import FloatArray
from bnnopt.surrogates._keras._chunk import UPDATES_PER_CHUNK, chunk_graph, first_state
from bnnopt.surrogates._keras._stack import NetworkStack
from bnnopt.surrogates._networks import Networks, TrainingPlan, initial_weights

__all__ = ["train_networks"]


def train_networks(X: FloatArray, y: FloatArray, row_weights: FloatArray, plan: TrainingPlan) -> Networks:
    """Train `plan.n_networks` dropout networks, each on its own weighting of the rows.

    Each network minimises, by Adam, the weighted mean over its rows of
    `sum_k output_weights[k] * (y[k] - f(x)[k])**2`, plus `penalty` times the sum of its squared kernel
    weights, with a new dropout mask for every row and update (Srivastava et al. 2014; Gal and Ghahramani
    2016).

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Inputs as scaled by `InputScaler`.
    y : ndarray of shape (n_rows, n_outputs)
        Outputs scaled to [0, 1].
    row_weights : ndarray of shape (n_rows, n_networks)
        Weight of each row for each network, at least 0; 0 leaves the row out.
    plan : TrainingPlan
        Shape of the networks, optimizer and seed.

    Returns
    -------
    Networks
        The trained weights.
    """
    weights = row_weights / row_weights.mean(axis=0)
    regressor = KerasRegressor(
        model=_build,
        model__plan=plan,
        model__n_features=X.shape[1],
        model__n_outputs=y.shape[1],
        batch_size=len(X),
        epochs=-(-plan.n_updates // UPDATES_PER_CHUNK),
        fit__shuffle=False,
        verbose=0,
    )
    targets = np.concatenate([y, weights], axis=1).astype(np.float32)
    regressor.fit(X.astype(np.float32), targets)
    return _as_networks(regressor.model_, plan)


def _as_networks(model: "_ChunkedModel", plan: TrainingPlan) -> Networks:
    arrays = [tensor.numpy().copy() for tensor in model.stack.tensors]
    return Networks(
        kernels=tuple(arrays[::2]),
        biases=tuple(arrays[1::2]),
        activation=plan.activation,
        dropout=plan.dropout,
    )


def _build(plan: TrainingPlan, n_features: int, n_outputs: int) -> "_ChunkedModel":
    """Build and compile the networks; scikeras calls this."""
    sizes, n_networks = plan.hidden_layer_sizes, plan.n_networks
    kernels, biases = initial_weights(n_features, n_outputs, sizes, n_networks, plan.seed)
    model = _ChunkedModel(NetworkStack(kernels, biases, plan.activation), n_features, plan)
    # scikeras asks for the names of an optimizer and a loss; both are in the graph of a chunk
    model.compile(optimizer="adam", loss="mse", run_eagerly=True, jit_compile=False)
    return model


class _ChunkedModel(keras.Model):
    """A Keras model whose `train_step` makes a chunk of updates, on all rows or in shuffled mini-batches."""

    def __init__(self, stack: NetworkStack, n_features: int, plan: TrainingPlan) -> None:
        inputs = keras.Input((n_features,), dtype="float32")
        super().__init__(inputs=inputs, outputs=stack(inputs))
        self.stack = stack
        self.plan = plan
        self.shapes = [tuple(variable.shape) for variable in stack.trainable_variables]
        self.state = first_state(self.shapes)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Make a chunk of updates with the rows and targets in `data`."""
        rows, targets = (tf.cast(part, tf.float32) for part in data)
        graph = chunk_graph(self.plan, self.shapes, is_full_batch=self.plan.batch_size >= len(rows))
        seed, penalty = tf.constant(self.plan.seed), tf.constant(self.plan.penalty, tf.float32)
        weights, self.state, loss = graph(rows, targets, self.stack.tensors, self.state, seed, penalty)
        for variable, value in zip(self.stack.trainable_variables, weights, strict=True):
            variable.assign(value)
        return {"loss": loss}
