"""Training of many dropout networks side by side, as one Keras model driven by scikeras.

One "epoch" of Keras is here a chunk of optimizer updates inside one graph (`_updates`): callbacks see the end
of each chunk, and Keras is not in the way of an update.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._networks import (
    UPDATES_PER_CHUNK,
    Networks,
    Training,
    TrainingPlan,
    first_networks,
    with_mean_one,
)
from bnnopt.surrogates._dropout._tensorflow import KerasRegressor, check_process, keras, tf
from bnnopt.surrogates._dropout._updates import chunk_graph, first_state

__all__ = ["train_networks"]

FEWEST_ROWS, ROWS_PER_RUNG = 16, 32  # in an update: those that are missing are added with weight 0
MOST_ROWS_JUDGED = 32_768  # after each chunk of updates


def train_networks(
    X: FloatArray,
    y: FloatArray,
    row_weights: FloatArray,
    plan: TrainingPlan,
    *,
    held_out_weights: FloatArray | None = None,
    start: Networks | None = None,
    chunks: Iterator[tuple[FloatArray, FloatArray, FloatArray]] | None = None,
    callbacks: Sequence[Any] = (),
    is_shown: bool = False,
) -> Training:
    """Train `plan.n_networks` dropout networks, each on its own weighting of the rows.

    Each network minimises, by Adam, the weighted mean over its rows of
    `sum_k output_weights[k] * (y[k] - f(x)[k])**2`, plus `penalty` times the sum of its squared kernel
    weights, with a new dropout mask for every row and update (Srivastava et al. 2014; Gal and Ghahramani
    2016). A network without a row of weight above 0 stays as it is.

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
    held_out_weights : ndarray of shape (n_rows, n_networks), default=None
        Weight of each row in the judgement of each network; None judges none.
    start : Networks, default=None
        Weights to go on from, of the plan's shape; new ones by default.
    chunks : iterator of (X, y, row_weights), default=None
        What each chunk of updates is made on, if the rows are a sample of all; the rows themselves are only
        judged then.
    callbacks : sequence of keras.callbacks.Callback
        Called at the end of each chunk of updates with "loss" and, if rows are judged, "val_loss".
    is_shown : bool, default=False
        Whether to show a progress bar on the standard error.

    Returns
    -------
    Training
        The trained weights and the losses on the way.

    Raises
    ------
    TypeError
        If something else than an instance of `keras.callbacks.Callback` is among the callbacks.
    """
    check_process()
    _check_callbacks(callbacks)
    if chunks is None and plan.batch_size >= len(X):
        n_rows = _rung(len(X))
        X, y, row_weights, held_out_weights = (
            _padded(each, n_rows) for each in (X, y, row_weights, held_out_weights)
        )
        plan = replace(plan, batch_size=n_rows)
    targets = [y, with_mean_one(row_weights)]
    if held_out_weights is not None and held_out_weights.any():
        targets.append(held_out_weights * (len(X) / held_out_weights.sum()))
    with ExitStack() as stack:
        shown = [stack.enter_context(_progress_bar(plan.n_updates))] if is_shown else []
        for callback in callbacks:
            stack.callback(callback.set_model, None)  # it is kept, copied and pickled without its model
        regressor = KerasRegressor(
            model=_build,
            model__plan=plan,
            model__start=first_networks(X.shape[1], y.shape[1], plan) if start is None else start,
            model__chunks=None if chunks is None else (_tensors(*chunk) for chunk in chunks),
            model__penalty=plan.penalty * (row_weights.sum(axis=0) > 0),
            callbacks=[*(_early_stopping(plan) if len(targets) == 3 else []), *shown, *callbacks],
            epochs=-(-plan.n_updates // UPDATES_PER_CHUNK),
            verbose=0,
        )
        regressor.fit(X.astype(np.float32), np.concatenate(targets, axis=1).astype(np.float32))
    return _outcome(regressor.model_, regressor.history_)


def _rung(n_rows: int) -> int:
    """Return the next of 16, 32, 64, 96, 128, ... rows.

    TensorFlow prepares and keeps a kernel for each shape of its products, 3 MB for each number of rows: a
    loop of asks, each with a row more, would take them without end.
    """
    return FEWEST_ROWS if n_rows <= FEWEST_ROWS else -(-n_rows // ROWS_PER_RUNG) * ROWS_PER_RUNG


def _padded(values: FloatArray | None, n_rows: int) -> Any:
    """Add rows of 0, which count for nothing where their weight is one of them."""
    return None if values is None else np.pad(values, ((0, n_rows - len(values)), (0, 0)))


def _tensors(X: FloatArray, y: FloatArray, row_weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    targets = np.concatenate([y, with_mean_one(row_weights)], axis=1)
    return X.astype(np.float32), targets.astype(np.float32)


def _check_callbacks(callbacks: Sequence[Any]) -> None:
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(f"callbacks must be instances of keras.callbacks.Callback, got {callback!r}.")


def _early_stopping(plan: TrainingPlan) -> list[keras.callbacks.Callback]:
    if not plan.patience:
        return []
    return [
        keras.callbacks.EarlyStopping(
            "val_loss", plan.min_gain, plan.patience, mode="min", restore_best_weights=True
        )
    ]


def _outcome(model: "NetworkStack", history: dict[str, list[float]]) -> Training:
    arrays = [tensor.numpy().copy() for tensor in model.tensors]
    plan = model.plan
    return Training(
        networks=Networks(tuple(arrays[::2]), tuple(arrays[1::2]), plan.activation, plan.dropout),
        n_updates=model.n_updates,
        losses=tuple(map(float, history["loss"])),
        held_out_losses=tuple(map(float, history.get("val_loss", []))),
    )


def _build(
    plan: TrainingPlan,
    start: Networks,
    penalty: FloatArray,
    chunks: Iterator[tuple[FloatArray, FloatArray]] | None,
) -> "NetworkStack":
    """Build and compile the networks; scikeras calls this."""
    model = NetworkStack(start, plan, penalty, chunks)
    # scikeras asks for an optimizer and a loss; both are in the graph of a chunk
    model.compile(optimizer="adam", loss="mse", run_eagerly=True, jit_compile=False)
    return model


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


@contextmanager
def _progress_bar(n_updates: int) -> Iterator[keras.callbacks.Callback]:
    """Show a bar, and give the callback that moves it at the end of each chunk of updates.

    Parameters
    ----------
    n_updates : int
        Updates of the whole training.
    """
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("updates{task.fields[loss]}"),
        TimeRemainingColumn(),
    ]
    console = Console(stderr=True)
    with Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False) as bar:
        yield _Advance(bar, bar.add_task("Training", total=n_updates, loss=""))


class _Advance(keras.callbacks.Callback):
    def __init__(self, bar: Progress, task: Any) -> None:
        super().__init__()
        self.bar = bar
        self.task = task

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Show the updates made and the losses."""
        losses = "".join(f", {name} {value:.3g}" for name, value in (logs or {}).items())
        self.bar.update(self.task, completed=self.model.n_updates, loss=losses)
