"""Call an acquisition function with what it takes of the situation, and check what it returns."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt._validation import lookup
from bnnopt.acquisition._signature import SITUATION, required_entries, takes
from bnnopt.exceptions import BnnoptError, InvalidDataError

__all__ = ["as_scores", "call", "entries_for"]


def entries_for(
    name: str, function: Callable[..., Any], n_arrays: int, situation: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a function gets of the situation, or raise an error if it needs more."""
    for key in situation:
        lookup(SITUATION, key, "entry of the situation")
    given = {key: value for key, value in situation.items() if value is not None}
    for key in required_entries(function, n_arrays):
        if key not in given:
            raise InvalidDataError(f"Acquisition {name!r} needs {key}: {SITUATION[key]}; got None.")
    return {key: _read_only(given[key]) for key in given if takes(function, key, n_arrays)}


def call(
    name: str, function: Callable[..., Any], arrays: tuple[FloatArray, ...], keywords: Mapping[str, Any]
) -> Any:
    """Call a function with arrays that it cannot change."""
    try:
        return function(*map(_read_only, arrays), **keywords)
    except BnnoptError:
        raise
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise InvalidDataError(
            f"Acquisition {name!r} tried to change its input in place ({error}). "
            "Let it work on a copy, or build a new array."
        ) from error


def as_scores(name: str, result: Any, n: int) -> FloatArray:
    """Return a result as scores of n candidates, or raise an error that names the function."""
    scores = np.array(result, dtype=float)
    if scores.shape != (n,):
        raise InvalidDataError(
            f"Acquisition {name!r} must return one score for each candidate, shape ({n},), "
            f"got shape {scores.shape}."
        )
    is_bad = np.isnan(scores) | np.isposinf(scores)
    if is_bad.any():
        row = int(np.flatnonzero(is_bad)[0])
        raise InvalidDataError(
            f"Acquisition {name!r} must return scores that are finite or -inf, "
            f"got {scores[row]} for candidate {row}."
        )
    return scores


def _read_only(value: Any) -> Any:
    """Return a view of an array that cannot be written to; other things as they are."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view
