"""Training and passes of dropout networks on few rows, in NumPy: what a short trial runs.

The operations of a small network on some dozen rows take microseconds. TensorFlow shares them out among its
threads, which takes longer than the operations, more so where other processes hold the cores; and it takes
seconds to load. So what decides whether networks are worth their time does without it. The networks, the
loss, Adam and its steps are those of `_updates`; the numbers drawn are others.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._networks import (
    BETA_1,
    BETA_2,
    EPSILON,
    LAST_RATE,
    UPDATES_PER_CHUNK,
    Networks,
    Training,
    TrainingPlan,
    first_networks,
    with_mean_one,
)

__all__ = ["KNOWN", "propagate", "propagate_moments", "train_networks"]

N_PLACES, STRIDE = 2**12, 16  # where a mask may begin in the pool of all, and numbers between two places

Values = FloatArray


class Activation(NamedTuple):
    """A function, and its derivative from its arguments and values."""

    value: Callable[[Values], Values]
    slope: Callable[[Values, Values], Values]


def _silu(sums: Values) -> Values:
    with np.errstate(over="ignore"):
        return sums / (1 + np.exp(-sums))


def _slope_of_silu(sums: Values, values: Values) -> Values:
    with np.errstate(over="ignore"):
        share = 1 / (1 + np.exp(-sums))
    return share + values * (1 - share)


KNOWN: dict[str, Activation] = {
    "silu": Activation(_silu, _slope_of_silu),
    "elu": Activation(
        lambda sums: np.where(sums > 0, sums, np.expm1(np.minimum(sums, 0))),
        lambda sums, values: np.where(sums > 0, 1, values + 1).astype(np.float32),
    ),
    "relu": Activation(lambda sums: np.maximum(sums, 0), lambda sums, values: (sums > 0).astype(np.float32)),
    "tanh": Activation(np.tanh, lambda sums, values: 1 - np.square(values)),
}
"""Activations that are known here by their name in Keras."""


def train_networks(
    X: FloatArray,
    y: FloatArray,
    row_weights: FloatArray,
    plan: TrainingPlan,
    *,
    start: Networks | None = None,
    **_: Any,
) -> Training:
    """Train networks in full batch, as `_training.train_networks` does.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Scaled inputs.
    y : ndarray of shape (n_rows, n_outputs)
        Scaled outputs.
    row_weights : ndarray of shape (n_rows, n_networks)
        Weight of each row for each network.
    plan : TrainingPlan
        Of an activation in `KNOWN`; the size of its batches does not count.
    start : Networks, default=None
        To go on from, they stay as they are; new ones by default.
    **_
        What only a long training knows.

    Returns
    -------
    Training
        No held-out rows are judged on the way.
    """
    networks = first_networks(X.shape[1], y.shape[1], plan) if start is None else start
    batch = _Batch.of(X, y, with_mean_one(row_weights), plan)
    penalty = (2 * plan.penalty * (row_weights.sum(axis=0) > 0)).astype(np.float32)[:, None, None]
    pairs = zip(networks.kernels, networks.biases, strict=True)
    flat, weights = _in_one([each for pair in pairs for each in pair])
    decays, of_weights = _in_one([np.zeros_like(each) for each in weights])
    for decay in of_weights[::2]:
        decay += penalty
    masks = _MaskPool(plan, len(X))
    adam, losses = _Adam(flat), list[float]()
    for update in range(plan.n_updates):
        loss, slopes = _loss_and_gradient(weights, batch, masks.next(), plan.activation)
        gradient = np.concatenate([each.ravel() for each in slopes])
        gradient += decays * flat
        adam.step(flat, gradient, _step_size(update, plan))
        if (update + 1) % UPDATES_PER_CHUNK == 0 or update + 1 == plan.n_updates:
            shrunk = sum(0.5 * float((penalty * np.square(kernel)).sum()) for kernel in weights[::2])
            losses.append((loss + shrunk) / plan.n_networks)
    trained = Networks(tuple(weights[::2]), tuple(weights[1::2]), plan.activation, plan.dropout)
    return Training(trained, plan.n_updates, tuple(losses), ())


class _Batch(NamedTuple):
    """Rows of shape (1, n_rows, n_features); y and factors of squared errors, (.., n_rows, n_outputs)."""

    rows: Values
    y: Values
    importance: Values

    @classmethod
    def of(cls, X: FloatArray, y: FloatArray, weights: FloatArray, plan: TrainingPlan) -> "_Batch":
        importance = weights.T[:, :, None] * np.asarray(plan.output_weights) / len(X)
        rows, targets = X.astype(np.float32)[None], y.astype(np.float32)[None]
        return cls(rows, targets, importance.astype(np.float32))


class _MaskPool:
    """Masks of each update: windows on one pool of random numbers, as in `_updates.MaskPool`."""

    def __init__(self, plan: TrainingPlan, n_rows: int) -> None:
        rng, keep = np.random.default_rng([plan.seed, n_rows]), 1.0 - plan.dropout
        self._shapes = [(plan.n_networks, n_rows, n_units) for n_units in plan.hidden_layer_sizes]
        self._shapes = self._shapes if plan.dropout > 0 else []
        self._sizes = [int(np.prod(shape)) for shape in self._shapes]
        n_numbers = max(self._sizes, default=0) + N_PLACES * STRIDE
        self._pool = ((rng.random(n_numbers, dtype=np.float32) < keep) / keep).astype(np.float32)
        self._places = STRIDE * rng.integers(N_PLACES, size=(plan.n_updates, len(self._shapes)))
        self._n_given = 0

    def next(self) -> list[Values]:
        """Give the masks of the next update, one for each hidden layer; none without dropout."""
        starts = self._places[self._n_given].tolist()
        self._n_given += 1
        windows = zip(starts, self._sizes, self._shapes, strict=True)
        return [self._pool[start : start + size].reshape(shape) for start, size, shape in windows]


def _loss_and_gradient(
    weights: Sequence[Values], batch: _Batch, masks: Sequence[Values], activation: str
) -> tuple[float, list[Values]]:
    """Sum over networks of the weighted squared error, and its gradient by each kernel and bias in turn."""
    function = KNOWN[activation]
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    inputs: list[Values] = [batch.rows]
    slopes: list[Values] = []
    for depth, (kernel, bias) in enumerate(layers[:-1]):
        sums = inputs[-1] @ kernel + bias[:, None]
        values = function.value(sums)
        slope = function.slope(sums, values)
        if masks:
            values *= masks[depth]
            slope *= masks[depth]
        inputs.append(values)
        slopes.append(slope)
    kernel, bias = layers[-1]
    error = inputs[-1] @ kernel + bias[:, None] - batch.y
    by_sums = batch.importance * error
    loss = float(np.vdot(by_sums, error))
    by_sums *= 2
    gradient = [np.swapaxes(inputs[-1], 1, 2) @ by_sums, by_sums.sum(axis=1)]
    for (kernel, _), rows, slope in zip(layers[:0:-1], inputs[-2::-1], slopes[::-1], strict=True):
        by_sums = by_sums @ np.swapaxes(kernel, 1, 2)
        by_sums *= slope
        gradient = [np.swapaxes(rows, 1, 2) @ by_sums, by_sums.sum(axis=1), *gradient]
    return loss, gradient


def _in_one(arrays: Sequence[Values]) -> tuple[Values, list[Values]]:
    """Return a copy of arrays as one vector, and the parts of it in their shapes, which change with it."""
    flat = np.concatenate([each.ravel() for each in arrays])
    ends = np.cumsum([each.size for each in arrays])[:-1]
    parts = zip(np.split(flat, ends), arrays, strict=True)
    return flat, [part.reshape(each.shape) for part, each in parts]


class _Adam:
    """Kingma and Ba 2015, algorithm 1, in the form at the end of its section 2; changes weights in place."""

    def __init__(self, weights: Values) -> None:
        self._first, self._second = np.zeros_like(weights), np.zeros_like(weights)
        self._n = 0

    def step(self, weights: Values, gradient: Values, rate: float) -> None:
        self._n += 1
        corrected = np.float32(rate * np.sqrt(1 - BETA_2**self._n) / (1 - BETA_1**self._n))
        self._first += (1 - BETA_1) * (gradient - self._first)
        self._second += (1 - BETA_2) * (np.square(gradient) - self._second)
        weights -= corrected * self._first / (np.sqrt(self._second) + EPSILON)


def _step_size(update: int, plan: TrainingPlan) -> float:
    """Fall from the first rate to `LAST_RATE` of it along half a cosine (Loshchilov and Hutter 2017)."""
    share = 0.5 * (1.0 + np.cos(np.pi * update / plan.n_updates))
    return plan.learning_rate_init * (LAST_RATE + (1.0 - LAST_RATE) * float(share))


def propagate(X: FloatArray, networks: Networks, masks: list[FloatArray]) -> FloatArray:
    """Evaluate every thinned network at every row; see `_propagation.propagate`."""
    features = _features(X, networks, masks)
    outputs = features @ networks.kernels[-1][:, None] + networks.biases[-1][:, None, None]
    return np.moveaxis(outputs, 2, 0)


def propagate_moments(
    X: FloatArray, networks: Networks, masks: list[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance over networks and dropout masks at every row; see `_propagation`."""
    features = _features(X, networks, masks[:-1])
    kernel = networks.kernels[-1][:, None]
    outputs = features @ kernel + networks.biases[-1][:, None, None]
    odds = networks.dropout / (1.0 - networks.dropout)
    within = odds * (np.square(features) @ np.square(kernel)).mean(axis=(0, 1))
    return outputs.mean(axis=(0, 1)), outputs.var(axis=(0, 1)) + within


def _features(X: FloatArray, networks: Networks, masks: list[FloatArray]) -> FloatArray:
    """Last hidden layer of every thinned network, (n_networks, n_masks, n_rows, n_units)."""
    function = KNOWN[networks.activation].value
    values: Values = X.astype(np.float32)[None, None]
    hidden = zip(networks.kernels[:-1], networks.biases[:-1], strict=True)
    for depth, (kernel, bias) in enumerate(hidden):
        values = function(values @ kernel[:, None] + bias[:, None, None])
        if depth < len(masks):
            values = values * masks[depth][:, :, None]
    return values
