"""A chunk of optimizer updates of many networks side by side, inside one TensorFlow graph.

The graph takes weights, optimizer state and rows as arguments and gives the new ones back: fits of networks
of one shape, on any number of rows, share it. Tracing anew for each fit would cost more time than a short
training, and memory that TensorFlow does not give back.

Values of units have the axes (n_networks, n_units, n_rows): with the rows last these thin products take about
half the time, and the first layer of all networks is one product. The weights are one vector (`packed`), so
that a step of the optimizer is one operation for all of them. Gradients are by automatic differentiation.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from bnnopt.surrogates._dropout._networks import (
    BETA_1,
    BETA_2,
    EPSILON,
    LAST_RATE,
    UPDATES_PER_CHUNK,
    TrainingPlan,
)
from bnnopt.surrogates._dropout._tensorflow import keras, tf

__all__ = [
    "Batch",
    "MaskPool",
    "arranged",
    "chunk_graph",
    "first_state",
    "loss_and_gradient",
    "packed",
    "unpacked",
]

UPDATES_PER_LOSS = 25
N_PLACES = 2**14  # of a mask in the pool of a chunk
STRIDE = 16  # numbers between two places: TensorFlow need not copy windows that begin and end at such places

SMALL_PRODUCT = 2**20  # multiplications for each network; beyond, threads gain more than they wait

State = list[Any]
Product = Callable[[Any, Any], Any]
Shapes = Sequence[tuple[int, ...]]


def first_state(shapes: Shapes) -> State:
    """Return Adam's first state: the number of updates, then both moments of the packed weights."""
    zeros = tf.zeros(sum(int(np.prod(shape)) for shape in shapes))
    return [tf.constant(0), zeros, zeros]


def chunk_graph(plan: TrainingPlan, shapes: Shapes, n_rows: int) -> Callable[..., Any]:
    """Return the graph that makes a chunk of updates.

    Parameters
    ----------
    plan : TrainingPlan
        Only what shapes the graph matters: the rest is an argument of it.
    shapes : sequence of tuple
        Shapes of the weights, kernel and bias of each layer in turn.
    n_rows : int
        Rows of the training; it matters only whether they are more than a batch, and the products large.

    Returns
    -------
    callable
        `graph(rows, targets, weights, state, seed, n_updates, rate, penalty)` to `(weights, state, loss)`.
        The targets are y, then each network's row weight; then come the seed, the updates at which the whole
        training ends, the first step size and the penalty of each network. The loss is the sum over networks,
        averaged over the last `UPDATES_PER_LOSS` updates or so.
    """
    size = 0 if plan.batch_size >= n_rows else plan.batch_size
    largest = max(int(np.prod(shape[1:])) for shape in shapes[::2]) * (size or n_rows)
    return _traced(_shape_of(plan, size), tuple(shapes), largest <= SMALL_PRODUCT)


def _shape_of(plan: TrainingPlan, batch_size: int) -> TrainingPlan:
    """Blank what the graph takes as an argument, and what only the training around it knows."""
    blank = replace(plan, seed=0, n_updates=0, learning_rate_init=0.0, penalty=0.0)
    return replace(blank, patience=0, min_gain=0.0, batch_size=batch_size)


@lru_cache(maxsize=64)
def _traced(plan: TrainingPlan, shapes: tuple[tuple[int, ...], ...], is_small: bool) -> Callable[..., Any]:
    product = _small_product if is_small else _product

    def chunk(rows: Any, targets: Any, weights: Any, state: State, *settings: Any) -> Any:
        seed, n_updates, rate, penalty = settings
        batches = _batches(rows, targets, plan, seed + len(plan.hidden_layer_sizes) + 1, state[0])
        pool = _pool(plan, tf.shape(rows)[0], seed, state[0])
        decay = _decay(penalty, shapes)

        def is_unfinished(done: Any, state: State, loss: Any) -> Any:
            return (done < UPDATES_PER_CHUNK) & (state[0] < n_updates)

        def update(done: Any, state: State, loss: Any) -> Any:
            batch, masks = batches(done), pool.masks(done)
            new, gradient = loss_and_gradient(
                state[1], batch, masks, decay, shapes, plan.activation, product=product
            )
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


def _batches(
    rows: Any, targets: Any, plan: TrainingPlan, seed: Any, n_before: Any
) -> Callable[[Any], "Batch"]:
    """Return what gives the rows of each update of a chunk: all of them, or the next of a new order."""
    if not plan.batch_size:
        whole = arranged(rows, targets, plan.output_weights)
        return lambda done: whole
    n_rows = tf.shape(rows)[0]
    order = tf.argsort(tf.random.stateless_uniform([n_rows], tf.stack([seed, n_before])))

    def batch(done: Any) -> "Batch":
        chosen = tf.gather(order, (done * plan.batch_size + tf.range(plan.batch_size)) % n_rows)
        return arranged(tf.gather(rows, chosen), tf.gather(targets, chosen), plan.output_weights)

    return batch


def _pool(plan: TrainingPlan, n_rows: Any, seed: Any, n_before: Any) -> "MaskPool":
    n_rows = plan.batch_size or n_rows
    shapes = [(plan.n_networks, n_units, n_rows) for n_units in plan.hidden_layer_sizes]
    return MaskPool(plan.dropout, shapes, seed, n_before)


def _decay(penalty: Any, shapes: Shapes) -> Any:
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


class Batch(NamedTuple):
    """Rows as an update takes them.

    Attributes
    ----------
    columns : tensor of shape (n_features + 1, n_rows)
        Inputs, and a row of ones that the offset of the first layer is multiplied with.
    y : tensor of shape (n_outputs, n_rows)
        Outputs.
    importance : tensor of shape (n_networks, n_outputs, n_rows)
        Factor of each squared error in the loss.
    """

    columns: Any
    y: Any
    importance: Any


def arranged(rows: Any, targets: Any, output_weights: Sequence[float]) -> Batch:
    """Lay out rows; `targets` are y, then each network's row weight, and the loss is a mean over the rows."""
    n_outputs, n_rows = len(output_weights), tf.shape(rows)[0]
    columns = tf.transpose(targets)
    factors = tf.constant(output_weights, tf.float32)[:, None] / tf.cast(n_rows, tf.float32)
    inputs = tf.concat([tf.transpose(rows), tf.ones([1, n_rows])], axis=0)
    return Batch(inputs, columns[:n_outputs], columns[n_outputs:, None] * factors)


def packed(weights: Sequence[Any]) -> Any:
    """Lay the weights out as one vector; the first layer as `loss_and_gradient` multiplies it, transposed.

    Parameters
    ----------
    weights : sequence of tensors
        Kernel (n_networks, n_in, n_out) and bias (n_networks, n_out) of each layer in turn.
    """
    kernel, bias, *others = weights
    first = tf.transpose(tf.concat([kernel, bias[:, None]], axis=1), [0, 2, 1])
    return tf.concat([tf.reshape(part, [-1]) for part in (first, *others)], axis=0)


def unpacked(vector: Any, shapes: Shapes) -> list[Any]:
    """Undo `packed`; `shapes` are those of kernel and bias of each layer in turn."""
    first, others = _parts(vector, shapes)
    first = tf.transpose(first, [0, 2, 1])
    return [first[:, :-1], first[:, -1], *others]


def _parts(vector: Any, shapes: Shapes) -> tuple[Any, list[Any]]:
    """Split a vector into the first layer (n_networks, n_units, n_in + 1) and the weights of the others."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    first, *others = tf.split(vector, [sizes[0] + sizes[1], *sizes[2:]])
    n_networks, n_in, n_units = shapes[0]
    parts = [tf.reshape(part, shape) for part, shape in zip(others, shapes[2:], strict=True)]
    return tf.reshape(first, [n_networks, n_units, n_in + 1]), parts


def _product(kernel: Any, values: Any) -> Any:
    """Multiply the kernels (n_networks, n_in, n_out), transposed, with values (n_networks, n_in, n_rows)."""
    return tf.matmul(kernel, values, transpose_a=True)


def _small_product(kernel: Any, values: Any) -> Any:
    """Return the same by a kernel that keeps small products on one thread.

    `tf.matmul` has oneDNN share out every batch of products among all threads, which then wait for each
    other: of small networks that is three quarters of the time, and more beside other processes.
    """

    @tf.custom_gradient
    def product(kernel: Any, values: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def gradient(change: Any) -> tuple[Any, Any]:
            return multiply(x=values, y=change, adj_y=True), multiply(x=kernel, y=change)

        return multiply(x=kernel, y=values, adj_x=True), gradient

    multiply = partial(tf.raw_ops.BatchMatMulV3, Tout=tf.float32)
    return product(kernel, values)


def loss_and_gradient(
    vector: Any,
    batch: Batch,
    masks: Sequence[Any],
    decay: Any,
    shapes: Shapes,
    activation: str,
    *,
    product: Product = _product,
) -> tuple[Any, Any]:
    """Sum over networks of the weighted mean squared error plus penalty, and its gradient.

    Parameters
    ----------
    vector : tensor of shape (n_weights,)
        Weights of all networks, from `packed`.
    batch : Batch
        From `arranged`.
    masks : sequence of tensors of shape (n_networks, n_units, n_rows)
        What the units of each hidden layer are multiplied with; none without dropout.
    decay : tensor of shape (n_weights,)
        Twice the penalty of each weight: the loss has half of `decay @ vector**2`.
    shapes : sequence of tuple
        Shapes of kernel and bias of each layer in turn.
    activation : str
        Of the hidden layers.
    product : callable
        Multiplies kernels, transposed, with the values of units.

    Returns
    -------
    loss : scalar tensor
    gradient : tensor of shape (n_weights,)
    """
    with tf.GradientTape() as tape:
        tape.watch(vector)
        error = _outputs(vector, batch.columns, masks, shapes, activation, product) - batch.y
        loss = tf.reduce_sum(batch.importance * tf.square(error))
        loss += 0.5 * tf.reduce_sum(decay * tf.square(vector))
    return loss, tape.gradient(loss, vector)


def _outputs(
    vector: Any, columns: Any, masks: Sequence[Any], shapes: Shapes, activation: str, product: Product
) -> Any:
    """Pass rows through the layers, to (n_networks, n_outputs, n_rows)."""
    first, others = _parts(vector, shapes)
    n_networks, n_units, n_in = first.shape
    sums = tf.reshape(tf.reshape(first, [-1, n_in]) @ columns, [n_networks, n_units, -1])
    for depth, (kernel, bias) in enumerate(zip(others[::2], others[1::2], strict=True)):
        values = _activated(sums, activation)
        values = values * masks[depth] if masks else values
        sums = product(kernel, values) + bias[:, :, None]
    return sums


def _activated(sums: Any, activation: str) -> Any:
    """Apply the activation; TensorFlow's own silu would compute its sigmoid again on the way back."""
    return sums * tf.sigmoid(sums) if activation == "silu" else keras.activations.get(activation)(sums)


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
