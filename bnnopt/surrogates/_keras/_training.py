"""Training of many dropout networks side by side, driven by scikeras, looped inside one TensorFlow graph.

One "epoch" of Keras is here a chunk of `UPDATES_PER_CHUNK` optimizer updates that run in one `tf.while_loop`,
so that Keras is entered once for hundreds of updates and callbacks see the end of each chunk.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scikeras.wrappers import KerasRegressor

from bnnopt._typing import FloatArray
from bnnopt.surrogates._keras._layers import DenseStack, DropoutStack
from bnnopt.surrogates._networks import Networks, TrainingPlan, initial_weights

__all__ = ["train_networks"]

UPDATES_PER_CHUNK = 250
LAST_RATE = 0.02


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
        model__n_rows=len(X),
        batch_size=len(X),
        epochs=-(-plan.n_updates // _chunk_size(plan)),
        fit__shuffle=False,
        verbose=0,
    )
    targets = np.concatenate([y, weights], axis=1).astype(np.float32)
    regressor.fit(X.astype(np.float32), targets)
    return _as_networks(regressor.model_, plan)


def _chunk_size(plan: TrainingPlan) -> int:
    return min(UPDATES_PER_CHUNK, plan.n_updates)


def _as_networks(model: keras.Model, plan: TrainingPlan) -> Networks:
    layers = [layer for layer in model.layers if isinstance(layer, DenseStack)]
    return Networks(
        kernels=tuple(layer.kernel.value.numpy().copy() for layer in layers),
        biases=tuple(layer.bias.value.numpy().copy() for layer in layers),
        activation=plan.activation,
        dropout=plan.dropout,
    )


def _build(plan: TrainingPlan, n_features: int, n_outputs: int, n_rows: int) -> keras.Model:
    """Build and compile the stacked networks; scikeras calls this."""
    kernels, biases = initial_weights(
        n_features, n_outputs, plan.hidden_layer_sizes, plan.n_networks, plan.seed
    )
    update = keras.Variable(0, dtype="int32", trainable=False, name="update")
    inputs = keras.Input((n_features,))
    hidden = keras.layers.RepeatVector(plan.n_networks)(inputs)
    for depth, (kernel, bias) in enumerate(zip(kernels[:-1], biases[:-1], strict=True)):
        hidden = DenseStack(kernel, bias, plan.activation)(hidden)
        hidden = DropoutStack(plan.dropout, plan.seed + depth, update)(hidden)
    outputs = DenseStack(kernels[-1], biases[-1])(hidden)
    model = _LoopedModel(inputs, outputs, plan=plan, update=update, n_rows=n_rows)
    rate = keras.optimizers.schedules.CosineDecay(plan.learning_rate_init, plan.n_updates, alpha=LAST_RATE)
    loss = _WeightedSquaredError(plan.output_weights)
    model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss, run_eagerly=True, jit_compile=False)
    return model


class _WeightedSquaredError:
    """Sum over networks of the weighted squared error; targets carry y, then each network's row weight."""

    def __init__(self, output_weights: tuple[float, ...]) -> None:
        self.output_weights = tf.constant(output_weights, dtype=tf.float32)

    def __call__(self, targets: Any, outputs: Any) -> Any:
        n_outputs = self.output_weights.shape[0]
        y, row_weights = targets[:, None, :n_outputs], targets[:, n_outputs:]
        error = tf.reduce_sum(self.output_weights * tf.square(outputs - y), axis=2)
        return tf.reduce_sum(tf.reduce_mean(row_weights * error, axis=0))


class _LoopedModel(keras.Model):
    """A Keras model whose `train_step` makes a whole chunk of updates inside one graph.

    Keras calls `train_step` eagerly; the graph is its own, traced once for each training.
    """

    def __init__(
        self, inputs: Any, outputs: Any, *, plan: TrainingPlan, update: keras.Variable, n_rows: int
    ) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.plan = plan
        self.update = update
        self.n_rows = n_rows
        self._graph: Any = None

    def train_step(self, data: Any) -> dict[str, Any]:
        """Make a chunk of updates on the rows in `data`, all of them or shuffled mini-batches."""
        rows, targets = data
        if self._graph is None:
            self._graph = tf.function(self._make_updates).get_concrete_function(rows, targets)
        return {"loss": self._graph(rows, targets)}

    def _make_updates(self, rows: Any, targets: Any) -> Any:
        order = self._order()

        def is_unfinished(done: Any, _loss: Any) -> Any:
            return (done < _chunk_size(self.plan)) & (self.update.value < self.plan.n_updates)

        def make_update(done: Any, _loss: Any) -> tuple[Any, Any]:
            loss = self._update(*self._batch(rows, targets, order, done))
            self.update.assign_add(1)
            return done + 1, loss

        return tf.while_loop(is_unfinished, make_update, [tf.constant(0), tf.constant(0.0)])[1]

    def _order(self) -> Any:
        """Draw a new order of the rows for a chunk; None in full batch."""
        if self.plan.batch_size >= self.n_rows:
            return None
        seed = tf.stack([self.plan.seed + len(self.plan.hidden_layer_sizes), self.update.value])
        return tf.argsort(tf.random.stateless_uniform([self.n_rows], seed))

    def _batch(self, rows: Any, targets: Any, order: Any, done: Any) -> tuple[Any, Any]:
        if order is None:
            return rows, targets
        size = self.plan.batch_size
        chosen = tf.gather(order, (done * size + tf.range(size)) % self.n_rows)
        return tf.gather(rows, chosen), tf.gather(targets, chosen)

    def _update(self, rows: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = self.loss(targets, self(rows, training=True))
            kernels = [layer.kernel.value for layer in self.layers if isinstance(layer, DenseStack)]
            loss += self.plan.penalty * tf.add_n([tf.reduce_sum(tf.square(kernel)) for kernel in kernels])
        variables = [variable.value for variable in self.trainable_variables]
        self.optimizer.apply(tape.gradient(loss, variables), self.trainable_variables)
        return loss
