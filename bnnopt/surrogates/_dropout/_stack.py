"""Many networks side by side as one Keras model, trained in chunks of updates."""

from collections.abc import Iterator, Sequence
from typing import Any

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._chunk import chunk_graph, first_state
from bnnopt.surrogates._dropout._networks import Networks, TrainingPlan
from bnnopt.surrogates._dropout._tensorflow import keras, tf

__all__ = ["NetworkStack"]

MOST_ROWS_JUDGED = 32_768  # after each chunk of updates


class NetworkStack(keras.Model):
    """The networks of a training; outputs, without dropout, have the shape (n_rows, n_networks, n_outputs).

    Parameters
    ----------
    start : Networks
        First weights.
    plan : TrainingPlan
        Shape of the networks, optimizer and seed.
    penalty : ndarray of shape (n_networks,)
        Factor of the sum of squared kernel weights of each network in its loss.
    chunks : iterator of (x, y), default=None
        Rows that each chunk of updates is made on, y without the weights of judgement; those given to
        `fit` by default.
    """

    def __init__(
        self,
        start: Networks,
        plan: TrainingPlan,
        penalty: FloatArray,
        chunks: Iterator[tuple[FloatArray, FloatArray]] | None = None,
    ) -> None:
        super().__init__(dtype="float32")
        self.plan, self._chunks = plan, chunks
        self.penalty = tf.constant(penalty, tf.float32)
        for kernel, bias in zip(start.kernels, start.biases, strict=True):
            for values in (kernel, bias):
                self.add_weight(shape=values.shape, initializer=keras.initializers.Constant(values))
        self.shapes = [tuple(weight.shape) for weight in self.trainable_variables]
        self.state = first_state(self.shapes)
        self.built = True

    @property
    def tensors(self) -> list[Any]:
        """Kernels and biases in turn, as tensors."""
        return [weight.value for weight in self.trainable_variables]

    @property
    def n_updates(self) -> int:
        """Optimizer updates made."""
        return int(self.state[0])

    @property
    def outputs(self) -> list[str]:
        """Names of the arrays that come out, which scikeras counts."""
        return ["outputs"]

    def call(self, rows: Any) -> Any:
        """Evaluate every network at every row."""
        hidden, weights = rows, self.tensors
        act = keras.activations.get(self.plan.activation)
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            hidden = act(hidden @ kernel + bias[:, None])
        return tf.transpose(hidden @ weights[-2] + weights[-1][:, None], [1, 0, 2])

    def fit(
        self, x: FloatArray, y: FloatArray, *, epochs: int, callbacks: Sequence[Any], **_: Any
    ) -> keras.callbacks.History:
        """Train, each epoch a chunk of updates on all rows or in shuffled mini-batches.

        The rows given here are judged at the end of each chunk, and trained on if no others are.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_features), float32
            Inputs.
        y : ndarray of shape (n_rows, n_outputs + n_networks or n_outputs + 2 * n_networks), float32
            Outputs, the weight of each row for each network, and in its judgement if it has one.
        epochs : int
            Chunks at most.
        callbacks : sequence of keras.callbacks.Callback
            Called before and after the training and each chunk.
        **_
            What scikeras passes on for Keras' own loop.
        """
        rows, targets = tf.constant(x), tf.constant(y)
        watching = keras.callbacks.CallbackList(
            callbacks, add_history=True, model=self, epochs=epochs, steps=1, verbose=0
        )
        self.stop_training = False
        watching.on_train_begin()
        logs: dict[str, float] = {}
        for epoch in range(epochs):
            watching.on_epoch_begin(epoch)
            watching.on_train_batch_begin(0)
            logs = self._make_chunk(rows, targets)
            watching.on_train_batch_end(0, logs)
            watching.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        watching.on_train_end(logs)
        return self.history

    def _make_chunk(self, rows: Any, targets: Any) -> dict[str, float]:
        """Make a chunk of updates and return the losses at its end."""
        plan = self.plan
        n_trained = len(plan.output_weights) + plan.n_networks
        if self._chunks is None:
            trained_rows, trained_targets = rows, targets[:, :n_trained]
        else:
            trained_rows, trained_targets = map(tf.constant, next(self._chunks))
        graph = chunk_graph(plan, self.shapes, len(trained_rows))
        settings = [
            tf.constant(plan.seed),
            tf.constant(plan.n_updates),
            tf.constant(plan.learning_rate_init, tf.float32),
            self.penalty,
        ]
        weights, self.state, loss = graph(trained_rows, trained_targets, self.tensors, self.state, *settings)
        for variable, value in zip(self.trainable_variables, weights, strict=True):
            variable.assign(value)
        logs = {"loss": float(loss) / plan.n_networks}
        if targets.shape[1] > n_trained:
            logs["val_loss"] = float(self._held_out_loss(rows, targets))
        return logs

    def _held_out_loss(self, rows: Any, targets: Any) -> Any:
        """Sum over networks of the weighted mean squared error of held-out rows, of some if they are many."""
        step = -(-len(rows) // MOST_ROWS_JUDGED)
        n_outputs = len(self.plan.output_weights)
        squared = tf.square(self(rows[::step]) - targets[::step, None, :n_outputs])
        error = tf.reduce_sum(tf.constant(self.plan.output_weights, tf.float32) * squared, axis=2)
        return tf.reduce_sum(tf.reduce_mean(targets[::step, -self.plan.n_networks :] * error, axis=0))
