"""Building a user's network: seeded, checked, and without a trace in the global generators."""

import random
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from bnnopt.surrogates._dropout._tensorflow import keras

__all__ = ["build_checked", "dropout_network"]

_LOCK = threading.RLock()
_RETURNED: "weakref.WeakSet[Any]" = weakref.WeakSet()


def dropout_network(
    meta: dict[str, Any],
    hidden_layer_sizes: Sequence[int] = (64, 64),
    activation: str = "silu",
    dropout: float = 0.1,
) -> Any:
    """Build the network that is used where none is given: dense layers, each followed by dropout."""
    network = keras.Sequential([keras.Input((meta["n_features_in_"],))])
    for size in hidden_layer_sizes:
        network.add(keras.layers.Dense(size, activation=activation))
        network.add(keras.layers.Dropout(dropout))
    network.add(keras.layers.Dense(meta["n_outputs_"]))
    return network


def build_checked(
    build: Callable[..., Any], arguments: dict[str, Any], n_features: int, n_outputs: int, seed: int
) -> Any:
    """Call a build function and check that its network fits the data.

    Keras draws the seeds of initializers and dropout layers from Python's global generator. That one and
    NumPy's are seeded while the function runs, one function at a time, and then put back as they were.

    Parameters
    ----------
    build : callable
        Returns a Sequential or functional network, compiled or not.
    arguments : dict
        For the build function.
    n_features, n_outputs : int
        Columns that go in and come out.
    seed : int
        Seeds first weights and dropout in training.

    Returns
    -------
    keras.Model
        Built.

    Raises
    ------
    ValueError, TypeError
        If it is no Keras network, or one that cannot be rebuilt layer by layer, or of other shapes.
    """
    with _seeded(seed):
        network = build(**arguments)
        if isinstance(network, keras.Sequential) and not network.built:
            network.build((None, n_features))
    if not isinstance(network, keras.Model):
        raise TypeError(f"The build function must return a Keras model, got {type(network).__name__}.")
    if not (getattr(network, "inputs", None) and getattr(network, "outputs", None)):
        raise ValueError(
            f"The build function returned {type(network).__name__}, a subclassed model, whose layers "
            "cannot be taken apart to fix dropout masks. Build a keras.Sequential, or a functional model: "
            "keras.Model(inputs, outputs)."
        )
    if network in _RETURNED:
        raise ValueError(
            "The build function returned a network that it had returned before, with what it has learned "
            "since. Build a new network in each call."
        )
    _RETURNED.add(network)
    _check_shape("input", network.inputs, n_features)
    _check_shape("output", network.outputs, n_outputs)
    return network


def _check_shape(side: str, tensors: Sequence[Any], n_columns: int) -> None:
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][1] not in (None, n_columns):
        raise ValueError(
            f"The network must have one {side} of shape (None, {n_columns}), got {shapes}. The numbers of "
            "columns reach the build function as meta['n_features_in_'] and meta['n_outputs_']."
        )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with _LOCK:
        python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002
