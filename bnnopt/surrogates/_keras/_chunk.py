"""A chunk of optimizer updates inside one TensorFlow graph, traced once for each shape of networks.

The graph takes weights, optimizer state and rows as arguments and gives the new ones back: fits of networks
of one shape, on any number of rows, share it. Tracing anew for each fit would cost more time than a short
training, and memory that TensorFlow does not give back.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from bnnopt.surrogates._keras._stack import forward
from bnnopt.surrogates._networks import UPDATES_PER_CHUNK, TrainingPlan

__all__ = ["chunk_graph", "first_state", "squared_error"]

UPDATES_PER_LOSS = 25
LAST_RATE = 0.02
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7

State = list[Any]


def first_state(shapes: Sequence[tuple[int, ...]]) -> State:
    """Return Adam's first state: the number of updates, then both moments of each weight."""
    zeros = [tf.zeros(shape) for shape in shapes]
    return [tf.constant(0), *zeros, *zeros]


def chunk_graph(
    plan: TrainingPlan, shapes: Sequence[tuple[int, ...]], is_full_batch: bool
) -> Callable[..., Any]:
    """Return the graph that makes a chunk of updates.

    Parameters
    ----------
    plan : TrainingPlan
        Only what shapes the graph matters: the rest is an argument of it.
    shapes : sequence of tuple
        Shapes of the weights, kernel and bias of each layer in turn.
    is_full_batch : bool
        Whether an update sees all rows.

    Returns
    -------
    callable
        `graph(rows, targets, weights, state, seed, n_updates, rate, penalty)` to `(weights, state, loss)`.
        The targets are y, then each network's row weight; then come the seed, the updates at which the whole
        training ends, the first step size and the penalty of each network. The loss is the sum over networks,
        averaged over the last `UPDATES_PER_LOSS` updates or so.
    """
    size = 0 if is_full_batch else plan.batch_size
    return _traced(_shape_of(plan, size), tuple(shapes))


def _shape_of(plan: TrainingPlan, batch_size: int) -> TrainingPlan:
    """Blank what the graph takes as an argument, and what only the training around it knows."""
    blank = replace(plan, seed=0, n_updates=0, learning_rate_init=0.0, penalty=0.0)
    return replace(blank, patience=0, min_gain=0.0, batch_size=batch_size)


@lru_cache(maxsize=64)
def _traced(plan: TrainingPlan, shapes: tuple[tuple[int, ...], ...]) -> Callable[..., Any]:
    def chunk(rows: Any, targets: Any, weights: Any, state: State, *settings: Any) -> Any:
        seed, n_updates, rate, penalty = settings
        order = _order(rows, seed + len(plan.hidden_layer_sizes), state[0]) if plan.batch_size else None

        def is_unfinished(done: Any, state: State, loss: Any) -> Any:
            return (done < UPDATES_PER_CHUNK) & (state[0] < n_updates)

        def update(done: Any, state: State, loss: Any) -> Any:
            batch = _batch(rows, targets, order, done, plan.batch_size)
            new, gradient = _loss_and_gradient(*batch, state[1], state[0], seed, penalty, plan, shapes)
            state = _adam(gradient, state, _step_size(state[0], n_updates, rate))
            loss += (new - loss) / tf.cast(tf.minimum(done + 1, UPDATES_PER_LOSS), tf.float32)
            return done + 1, state, loss

        n_parts = len(shapes)
        moments = state[1 : 1 + n_parts], state[1 + n_parts :]
        flat = [state[0], *(_packed(parts) for parts in (weights, *moments))]
        _, (count, *packed), loss = tf.while_loop(
            is_unfinished, update, [tf.constant(0), flat, tf.constant(0.0)]
        )
        weights, first, second = (_unpacked(vector, shapes) for vector in packed)
        return weights, [count, *first, *second], loss

    weights = [tf.TensorSpec(shape) for shape in shapes]
    signature = [
        tf.TensorSpec([None, shapes[0][1]]),
        tf.TensorSpec([None, len(plan.output_weights) + plan.n_networks]),
        weights,
        [tf.TensorSpec([], tf.int32), *weights, *weights],
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([]),
        tf.TensorSpec([plan.n_networks]),
    ]
    return tf.function(chunk, autograph=False).get_concrete_function(*signature)


def _packed(parts: Sequence[Any]) -> Any:
    """Lay tensors out as one vector: an update of many small ones costs more than the arithmetic."""
    return tf.concat([tf.reshape(part, [-1]) for part in parts], axis=0)


def _unpacked(vector: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    parts = tf.split(vector, [int(np.prod(shape)) for shape in shapes])
    return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]


def _loss_and_gradient(
    rows: Any,
    targets: Any,
    packed: Any,
    update: Any,
    seed: Any,
    penalty: Any,
    plan: TrainingPlan,
    shapes: Sequence[tuple[int, ...]],
) -> tuple[Any, Any]:
    with tf.GradientTape() as tape:
        tape.watch(packed)
        weights = _unpacked(packed, shapes)
        outputs = forward(rows, weights, plan.activation, dropout=plan.dropout, seed=seed, update=update)
        loss = squared_error(targets, outputs, plan.output_weights)
        squares = [tf.reduce_sum(tf.square(kernel), axis=[1, 2]) for kernel in weights[::2]]
        loss += tf.reduce_sum(penalty * tf.add_n(squares))
    return loss, tape.gradient(loss, packed)


def squared_error(targets: Any, outputs: Any, output_weights: tuple[float, ...]) -> Any:
    """Sum over networks of the weighted mean squared error; targets are y, then each network's row weight."""
    n_outputs = len(output_weights)
    y, row_weights = targets[:, :n_outputs], tf.transpose(targets[:, n_outputs:])
    error = tf.reduce_sum(tf.constant(output_weights, tf.float32) * tf.square(outputs - y), axis=2)
    return tf.reduce_sum(tf.reduce_mean(row_weights * error, axis=1))


def _step_size(update: Any, n_updates: Any, rate: Any) -> Any:
    """Fall from the first rate to `LAST_RATE` of it along half a cosine (Loshchilov and Hutter 2017)."""
    progress = tf.cast(update, tf.float32) / tf.cast(n_updates, tf.float32)
    share = 0.5 * (1.0 + tf.cos(np.pi * progress))
    return rate * (LAST_RATE + (1.0 - LAST_RATE) * share)


def _adam(gradient: Any, state: State, rate: Any) -> State:
    """Make one update of Adam (Kingma and Ba 2015, algorithm 1, in the form at the end of its section 2).

    The state is the number of updates, the weights and their first and second moments, as vectors.
    """
    n_updates, weights, first, second = state
    count = tf.cast(n_updates + 1, tf.float32)
    rate = rate * tf.sqrt(1.0 - BETA_2**count) / (1.0 - BETA_1**count)
    first = BETA_1 * first + (1.0 - BETA_1) * gradient
    second = BETA_2 * second + (1.0 - BETA_2) * tf.square(gradient)
    return [n_updates + 1, weights - rate * first / (tf.sqrt(second) + EPSILON), first, second]


def _order(rows: Any, seed: Any, update: Any) -> Any:
    """Draw a new order of the rows."""
    return tf.argsort(tf.random.stateless_uniform([tf.shape(rows)[0]], tf.stack([seed, update])))


def _batch(rows: Any, targets: Any, order: Any, done: Any, size: int) -> tuple[Any, Any]:
    """Take the next rows in the order; all rows in full batch."""
    if order is None:
        return rows, targets
    chosen = tf.gather(order, (done * size + tf.range(size)) % tf.shape(order)[0])
    return tf.gather(rows, chosen), tf.gather(targets, chosen)
