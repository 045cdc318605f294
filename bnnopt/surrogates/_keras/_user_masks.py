"""A user's network with its dropout layers turned into fixed masks.

The network is rebuilt around the same layers and weights, with a mask in the place of every dropout layer. A
mask has the shape of one row's features and holds for all rows, so that a draw of masks is one function.
Rows go through in blocks of `ROWS_PER_BLOCK`, the last one padded, so that a row's result does not depend on
which rows stand beside it.
"""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._tensorflow import keras, tf
from bnnopt.surrogates._keras._user_layers import SUPPORTED, mask_shape, refuse_hidden_dropout

__all__ = ["Masks", "ThinnedNetwork"]

ROWS_PER_BLOCK = 96  # a multiple of every panel that matrix products work on, see `_blocks.py`
DRAWS_PER_CALL = 64
SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805  # where selu saturates (Klambauer et al. 2017)


class Masks(NamedTuple):
    """What n_draws draws do to the features x at one place: `scale * x + shift`, arrays (n_draws, *shape)."""

    scale: FloatArray
    shift: FloatArray | None = None


class ThinnedNetwork:
    """A trained network that is evaluated under given masks; it shares the layers, so it trains along.

    Parameters
    ----------
    network : keras.Model
        Sequential or functional, one input and one output, built.

    Attributes
    ----------
    n_places : int
        Number of places where a mask stands; 0 for a network without dropout.

    Raises
    ------
    ValueError
        If a layer draws random numbers in a way that cannot be turned into a mask for all rows.
    """

    def __init__(self, network: Any) -> None:
        self._store = _MaskStore()
        self._places: list[_MaskLayer] = []
        self._network = self._thinned(network)

    @property
    def n_places(self) -> int:
        return len(self._places)

    def draw_masks(self, n_draws: int, rng: np.random.Generator) -> list[Masks]:
        """Draw the masks of all places: Bernoulli(1 - p) / (1 - p); of Gaussian dropout N(1, p / (1 - p)).

        AlphaDropout sets a unit to the floor of selu and corrects mean and variance (Klambauer et al. 2017).
        """
        return [_DRAW[place.kind](place.rate, (n_draws, *place.shape), rng) for place in self._places]

    def outputs(self, X: FloatArray, masks: list[Masks], n_draws: int) -> FloatArray:
        """Evaluate every draw at every row of X: (n_draws, n_rows, n_outputs)."""
        n_blocks = -(-len(X) // ROWS_PER_BLOCK)
        padded = np.zeros((n_blocks * ROWS_PER_BLOCK, X.shape[1]), dtype=np.float32)
        padded[: len(X)] = X
        blocks = padded.reshape(n_blocks, ROWS_PER_BLOCK, -1)
        firsts = range(0, n_draws, DRAWS_PER_CALL)
        parts = [self._group(blocks, masks, first, min(first + DRAWS_PER_CALL, n_draws)) for first in firsts]
        return np.concatenate(parts)[:, : len(X)]

    def _group(self, blocks: FloatArray, masks: list[Masks], first: int, last: int) -> FloatArray:
        """Evaluate the draws from `first` to `last` at all blocks."""
        self._store.masks = [_tensors(mask, first, last) for mask in masks]
        results = []
        for block in blocks:
            rows = tf.constant(np.tile(block, (last - first, 1)))
            values = self._network(rows, training=False)
            results.append(np.reshape(values, (last - first, ROWS_PER_BLOCK, -1)))
        return np.concatenate(results, axis=1)

    def _thinned(self, network: Any) -> Any:
        # not compiled, so that no loss or optimizer is copied
        graph = keras.Model(_one_or_all(network.inputs), _one_or_all(network.outputs))
        return keras.models.clone_model(graph, clone_function=lambda layer: layer, call_function=self._call)

    def _call(self, layer: Any, *arguments: Any, **options: Any) -> Any:
        """Apply a layer in the new graph, with a mask in the place of a dropout layer."""
        if type(layer) in SUPPORTED:
            return self._mask(layer, arguments[0])
        if isinstance(layer, keras.Model) and getattr(layer, "inputs", None):
            return self._thinned(layer)(*arguments)
        refuse_hidden_dropout(layer)
        return layer(*arguments, **options)

    def _mask(self, layer: Any, features: Any) -> Any:
        if layer.rate == 0:
            return features
        place = _MaskLayer(layer, mask_shape(layer, features.shape[1:]), self._store, self.n_places)
        self._places.append(place)
        return place(features)


def _one_or_all(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


class _MaskStore(threading.local):
    """The masks of the draws that the present thread evaluates."""

    masks: list[tuple[Any, Any]]


class _MaskLayer(keras.layers.Layer):
    """Multiplies the rows of each draw by that draw's mask; rows come draw by draw."""

    def __init__(self, dropout: Any, shape: tuple[int, ...], store: _MaskStore, number: int) -> None:
        super().__init__(dtype=dropout.dtype_policy)
        self.kind = SUPPORTED[type(dropout)]
        self.rate = float(dropout.rate)
        self.shape = shape
        self.store = store
        self.number = number

    def compute_output_spec(self, features: Any) -> Any:
        return keras.KerasTensor(features.shape, features.dtype)

    def call(self, features: Any) -> Any:
        scale, shift = self.store.masks[self.number]
        by_draw = tf.reshape(features, [scale.shape[0], -1, *features.shape[1:]])
        masked = by_draw * tf.cast(scale, features.dtype)
        if shift is not None:
            masked += tf.cast(shift, features.dtype)
        return tf.reshape(masked, tf.shape(features))


def _tensors(masks: Masks, first: int, last: int) -> tuple[Any, Any]:
    scale, shift = masks
    return tf.constant(scale[first:last, None]), None if shift is None else tf.constant(
        shift[first:last, None]
    )


def _bernoulli(rate: float, shape: tuple[int, ...], rng: np.random.Generator) -> Masks:
    return Masks((_kept(rate, shape, rng) / (1.0 - rate)).astype(np.float32))


def _gaussian(rate: float, shape: tuple[int, ...], rng: np.random.Generator) -> Masks:
    return Masks(rng.normal(1.0, np.sqrt(rate / (1.0 - rate)), shape).astype(np.float32))


def _alpha(rate: float, shape: tuple[int, ...], rng: np.random.Generator) -> Masks:
    kept = _kept(rate, shape, rng)
    scale = ((1.0 - rate) * (1.0 + rate * SELU_FLOOR**2)) ** -0.5
    shift = scale * SELU_FLOOR * (1.0 - kept - rate)
    return Masks((scale * kept).astype(np.float32), shift.astype(np.float32))


def _kept(rate: float, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    return (rng.random(shape) >= rate).astype(float)


_DRAW: dict[str, Callable[[float, tuple[int, ...], np.random.Generator], Masks]] = {
    "bernoulli": _bernoulli,
    "gaussian": _gaussian,
    "alpha": _alpha,
}
