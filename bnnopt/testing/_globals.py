"""What a process shares and an estimator must leave as it was."""

import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["WARNING_FILTERS", "watched_globals"]

WARNING_FILTERS = "the warning filters"


@contextmanager
def watched_globals() -> Iterator[list[str]]:
    """Yield a list that names, at the end, what was changed inside; then put it back.

    A switch of TensorFlow is named too, and stays. The random states are moved on at the start: a seed shows
    even if an earlier call has set the same one.
    """
    changed: list[str] = []
    numpy_random = check_random_state(None)  # NumPy's global one
    numpy_state, python_state = numpy_random.get_state(), random.getstate()
    with warnings.catch_warnings(), np.errstate():
        numpy_random.random_sample()
        random.random()
        before = _state()
        try:
            yield changed
        finally:
            changed += [name for name, value in _state().items() if before[name] != value]
            numpy_random.set_state(numpy_state)
            random.setstate(python_state)


def _state() -> dict[str, object]:
    """Return the settings that Python, NumPy and, if it is loaded, TensorFlow share."""
    kind, keys, *rest = check_random_state(None).get_state()
    return {
        "the random state of NumPy": (kind, keys.tobytes(), *rest),
        "the random state of Python": random.getstate(),
        "the handling of floating-point errors by NumPy": np.geterr(),
        WARNING_FILTERS: list(warnings.filters),
        "the op determinism of TensorFlow": _has_deterministic_ops(),
    }


def _has_deterministic_ops() -> bool:
    """Tell whether TensorFlow refuses random ops without a seed, which it does when determinism is on."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return False
    try:
        with tensorflow.Graph().as_default():
            tensorflow.random.uniform([1])
    except RuntimeError:
        return True
    return False
