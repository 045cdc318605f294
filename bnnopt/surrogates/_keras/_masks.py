"""A user's network with its dropout layers turned into fixed masks.

The network is rebuilt around the same layers and weights, with a mask in the place of every dropout layer. A
mask has the shape of one row's features and holds for all rows, so that a draw of masks is one function.
Rows go through in blocks of `ROWS_PER_BLOCK`, the last one padded, so that a row's result does not depend on
which rows stand beside it.

Layers that draw random numbers inside, where no mask can be fixed, are refused.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._dropout._tensorflow import keras, tf

__all__ = ["Masks", "ThinnedNetwork"]

SUPPORTED: dict[type, str] = {
    keras.layers.Dropout: "bernoulli",
    keras.layers.SpatialDropout1D: "bernoulli",
    keras.layers.SpatialDropout2D: "bernoulli",
    keras.layers.SpatialDropout3D: "bernoulli",
    keras.layers.GaussianDropout: "gaussian",
    keras.layers.AlphaDropout: "alpha",
}
SPATIAL = (
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)
SUPPORTED_NAMES = {layer.__name__ for layer in SUPPORTED}

ROWS_PER_BLOCK = 96  # a multiple of every panel that matrix products work on, see `_rows/_blocks`
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
        _refuse_hidden_dropout(layer)
        return layer(*arguments, **options)

    def _mask(self, layer: Any, features: Any) -> Any:
        if layer.rate == 0:
            return features
        place = _MaskLayer(layer, _mask_shape(layer, features.shape[1:]), self._store, self.n_places)
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


def _mask_shape(layer: Any, shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Shape of the mask of one draw, for features of `shape` without the axis of the rows.

    Raises
    ------
    ValueError
        If the size of an axis is not known, or the layer drops everything.
    """
    if layer.rate >= 1:
        raise ValueError(f"{_named(layer)} has rate 1 and leaves nothing; the rate must be below 1.")
    if isinstance(layer, SPATIAL):
        shape = _one_per_channel(layer, shape)
    elif getattr(layer, "noise_shape", None) is not None:
        given = layer.noise_shape[1:]
        shape = tuple(size if own is None else own for own, size in zip(given, shape, strict=True))
    if None in shape:
        raise ValueError(
            f"{_named(layer)} works on features of shape {shape}, where the size of an axis is not known. "
            "A draw needs a mask of a fixed shape: give the axis a size, or set noise_shape to 1 there."
        )
    return tuple(int(size) for size in shape if size is not None)


def _one_per_channel(layer: Any, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    ones = (1,) * (len(shape) - 1)
    is_first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return (shape[0], *ones) if is_first else (*ones, shape[-1])


def _refuse_hidden_dropout(layer: Any) -> None:
    """Raise `ValueError` if a layer that is not a dropout layer drops units inside.

    Layers of Keras say so in their configuration (`dropout`, `recurrent_dropout`, a wrapped dropout layer); a
    layer of other make counts as random if it holds a generator of random numbers.
    """
    if not _draws_random_numbers(layer):
        return
    is_of_keras = type(layer).__module__.split(".")[0] == "keras"
    if is_of_keras and not any(_rates(layer.get_config())):
        return
    raise ValueError(
        f"{_named(layer)} draws random numbers inside, so that one dropout mask cannot be fixed for all "
        "rows. Set its dropout to 0 and put a dropout layer beside it in the Sequential or functional model, "
        f"one of {', '.join(sorted(SUPPORTED_NAMES))}."
    )


def _draws_random_numbers(layer: Any) -> bool:
    """Tell whether a layer or an operation, or a layer inside it, holds a generator of random numbers."""
    return any(variable.path.endswith("seed_generator_state") for variable in getattr(layer, "variables", ()))


def _rates(config: Any) -> Iterator[float]:
    """Dropout rates in a serialised layer, those of wrapped layers too."""
    if isinstance(config, dict):
        if config.get("class_name") in SUPPORTED_NAMES:
            yield float(config["config"]["rate"])
        for key, value in config.items():
            if "dropout" in str(key) and isinstance(value, int | float):
                yield float(value)
            yield from _rates(value)
    elif isinstance(config, list | tuple):
        for part in config:
            yield from _rates(part)


def _named(layer: Any) -> str:
    return f"The layer {getattr(layer, 'name', '')!r} ({type(layer).__name__})"


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
