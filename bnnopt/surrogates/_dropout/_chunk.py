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

from bnnopt.surrogates._dropout._gradient import Batch, arranged, loss_and_gradient, packed, unpacked
from bnnopt.surrogates._dropout._networks import UPDATES_PER_CHUNK, TrainingPlan
from bnnopt.surrogates._dropout._tensorflow import tf

__all__ = ["chunk_graph", "first_state"]

UPDATES_PER_LOSS = 25
LAST_RATE = 0.02
N_PLACES = 2**14  # of a mask in the pool of a chunk
STRIDE = 16  # numbers between two places: TensorFlow need not copy windows that begin and end at such places
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7

State = list[Any]


def first_state(shapes: Sequence[tuple[int, ...]]) -> State:
    """Return Adam's first state: the number of updates, then both moments of the packed weights."""
    zeros = tf.zeros(sum(int(np.prod(shape)) for shape in shapes))
    return [tf.constant(0), zeros, zeros]


def chunk_graph(plan: TrainingPlan, shapes: Sequence[tuple[int, ...]], n_rows: int) -> Callable[..., Any]:
    """Return the graph that makes a chunk of updates.

    Parameters
    ----------
    plan : TrainingPlan
        Only what shapes the graph matters: the rest is an argument of it.
    shapes : sequence of tuple
        Shapes of the weights, kernel and bias of each layer in turn.
    n_rows : int
        Rows of the training; it matters only whether they are more than a batch.

    Returns
    -------
    callable
        `graph(rows, targets, weights, state, seed, n_updates, rate, penalty)` to `(weights, state, loss)`.
        The targets are y, then each network's row weight; then come the seed, the updates at which the whole
        training ends, the first step size and the penalty of each network. The loss is the sum over networks,
        averaged over the last `UPDATES_PER_LOSS` updates or so.
    """
    size = 0 if plan.batch_size >= n_rows else plan.batch_size
    return _traced(_shape_of(plan, size), tuple(shapes))


def _shape_of(plan: TrainingPlan, batch_size: int) -> TrainingPlan:
    """Blank what the graph takes as an argument, and what only the training around it knows."""
    blank = replace(plan, seed=0, n_updates=0, learning_rate_init=0.0, penalty=0.0)
    return replace(blank, patience=0, min_gain=0.0, batch_size=batch_size)


@lru_cache(maxsize=64)
def _traced(plan: TrainingPlan, shapes: tuple[tuple[int, ...], ...]) -> Callable[..., Any]:
    def chunk(rows: Any, targets: Any, weights: Any, state: State, *settings: Any) -> Any:
        seed, n_updates, rate, penalty = settings
        batches = _batches(rows, targets, plan, seed + len(plan.hidden_layer_sizes) + 1, state[0])
        pool = _pool(plan, tf.shape(rows)[0], seed, state[0])
        decay = _decay(penalty, shapes)

        def is_unfinished(done: Any, state: State, loss: Any) -> Any:
            return (done < UPDATES_PER_CHUNK) & (state[0] < n_updates)

        def update(done: Any, state: State, loss: Any) -> Any:
            batch, masks = batches(done), pool.masks(done)
            new, gradient = loss_and_gradient(state[1], batch, masks, decay, shapes, plan.activation)
            state = _adam(gradient, state, _step_size(state[0], n_updates, rate))
            loss += (new - loss) / tf.cast(tf.minimum(done + 1, UPDATES_PER_LOSS), tf.float32)
            return done + 1, state, loss

        count, *moments = state
        _, (count, vector, *moments), loss = tf.while_loop(
            is_unfinished, update, [tf.constant(0), [count, packed(weights), *moments], tf.constant(0.0)]
        )
        return unpacked(vector, shapes), [count, *moments], loss

    n_weights = sum(int(np.prod(shape)) for shape in shapes)
    signature = [
        tf.TensorSpec([None, shapes[0][1]]),
        tf.TensorSpec([None, len(plan.output_weights) + plan.n_networks]),
        [tf.TensorSpec(shape) for shape in shapes],
        [tf.TensorSpec([], tf.int32), tf.TensorSpec([n_weights]), tf.TensorSpec([n_weights])],
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([]),
        tf.TensorSpec([plan.n_networks]),
    ]
    return tf.function(chunk, autograph=False).get_concrete_function(*signature)


def _batches(rows: Any, targets: Any, plan: TrainingPlan, seed: Any, n_before: Any) -> Callable[[Any], Batch]:
    """Return what gives the rows of each update of a chunk: all of them, or the next of a new order."""
    if not plan.batch_size:
        whole = arranged(rows, targets, plan.output_weights)
        return lambda done: whole
    n_rows = tf.shape(rows)[0]
    order = tf.argsort(tf.random.stateless_uniform([n_rows], tf.stack([seed, n_before])))

    def batch(done: Any) -> Batch:
        chosen = tf.gather(order, (done * plan.batch_size + tf.range(plan.batch_size)) % n_rows)
        return arranged(tf.gather(rows, chosen), tf.gather(targets, chosen), plan.output_weights)

    return batch


def _pool(plan: TrainingPlan, n_rows: Any, seed: Any, n_before: Any) -> "MaskPool":
    n_rows = plan.batch_size or n_rows
    shapes = [(plan.n_networks, n_units, n_rows) for n_units in plan.hidden_layer_sizes]
    return MaskPool(plan.dropout, shapes, seed, n_before)


def _decay(penalty: Any, shapes: Sequence[tuple[int, ...]]) -> Any:
    """Twice the penalty of each packed weight: that of its network for kernels, 0 for biases."""
    kernels = [2.0 * penalty[:, None, None] * tf.ones(shape) for shape in shapes[::2]]
    biases = [tf.zeros(shape) for shape in shapes[1::2]]
    return packed([part for layer in zip(kernels, biases, strict=True) for part in layer])


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


class MaskPool:
    """Masks of each hidden layer for a chunk of updates: windows on one pool of random numbers.

    A new mask for every row, unit and update takes more time than the products of a small network if each is
    drawn. So a pool is drawn once for a chunk, and the mask of a layer in an update is as long a part of it
    as there are units and rows, from a random place on: within an update all units and rows are independent.
    Two updates have the same mask with a chance of 1 in `N_PLACES`; otherwise what one row had comes back at
    another.

    They hang on the seed and the number of updates before the chunk only (counter-based Philox numbers,
    Salmon et al. 2011): the same in any process, whatever else draws random numbers.

    Parameters
    ----------
    dropout : float in [0, 1)
        Probability that a hidden unit is left out, anew for each row; 0 makes no masks.
    shapes : sequence of tuple
        (n_networks, n_units, n_rows) of each hidden layer; the rows may be a scalar tensor.
    seed, n_before : scalar tensors
        Choose the masks.
    """

    def __init__(self, dropout: float, shapes: Sequence[tuple[Any, ...]], seed: Any, n_before: Any) -> None:
        self._shapes = shapes if dropout > 0.0 else []
        self._sizes = [tf.reduce_prod(shape) for shape in self._shapes]
        if not self._shapes:
            return
        n_numbers = tf.reduce_max(self._sizes) + N_PLACES * STRIDE
        numbers = tf.random.stateless_uniform([n_numbers], tf.stack([seed, n_before]))
        self._pool = tf.cast(numbers >= dropout, tf.float32) / (1.0 - dropout)
        self._places = tf.random.stateless_uniform(
            [UPDATES_PER_CHUNK, len(shapes)], tf.stack([seed + 1, n_before]), 0, N_PLACES, tf.int32
        )

    def masks(self, done: Any) -> list[Any]:
        """Give the masks of an update, 0 or 1 / (1 - dropout), for each layer.

        Parameters
        ----------
        done : scalar tensor
            Updates that the chunk has made.
        """
        starts = tf.unstack(STRIDE * self._places[done]) if self._shapes else []
        return [
            tf.reshape(tf.slice(self._pool, [start], [size]), shape)
            for start, size, shape in zip(starts, self._sizes, self._shapes, strict=True)
        ]
