"""Which dropout layers can be turned into masks, the shape of the mask, and which layers are refused."""

from collections.abc import Iterator
from typing import Any

from bnnopt.surrogates._dropout._tensorflow import keras

__all__ = ["SUPPORTED", "mask_shape", "refuse_hidden_dropout"]

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


def _draws_random_numbers(layer: Any) -> bool:
    """Tell whether a layer or an operation, or a layer inside it, holds a generator of random numbers."""
    return any(variable.path.endswith("seed_generator_state") for variable in getattr(layer, "variables", ()))


def mask_shape(layer: Any, shape: tuple[int | None, ...]) -> tuple[int, ...]:
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


def refuse_hidden_dropout(layer: Any) -> None:
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
