"""Training of many dropout networks side by side, driven by scikeras.

One "epoch" of Keras is here a chunk of optimizer updates inside one graph (`_chunk.py`): callbacks see the
end of each chunk, and Keras is not in the way of an update.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._networks import (
    UPDATES_PER_CHUNK,
    Networks,
    Training,
    TrainingPlan,
    first_networks,
)
from bnnopt.surrogates._dropout._progress import progress_bar
from bnnopt.surrogates._dropout._stack import NetworkStack
from bnnopt.surrogates._dropout._tensorflow import KerasRegressor, keras

__all__ = ["train_networks"]


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
    _check_callbacks(callbacks)
    targets = [y, _with_mean_one(row_weights)]
    if held_out_weights is not None and held_out_weights.any():
        targets.append(held_out_weights * (len(X) / held_out_weights.sum()))
    with ExitStack() as stack:
        shown = [stack.enter_context(progress_bar(plan.n_updates))] if is_shown else []
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


def _with_mean_one(weights: FloatArray) -> FloatArray:
    mean = weights.mean(axis=0)
    return np.divide(weights, mean, out=np.zeros_like(weights, dtype=float), where=mean > 0)


def _tensors(X: FloatArray, y: FloatArray, row_weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    targets = np.concatenate([y, _with_mean_one(row_weights)], axis=1)
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


def _outcome(model: NetworkStack, history: dict[str, list[float]]) -> Training:
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
) -> NetworkStack:
    """Build and compile the networks; scikeras calls this."""
    model = NetworkStack(start, plan, penalty, chunks)
    # scikeras asks for an optimizer and a loss; both are in the graph of a chunk
    model.compile(optimizer="adam", loss="mse", run_eagerly=True, jit_compile=False)
    return model
