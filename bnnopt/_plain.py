"""Scalars of NumPy as plain values of Python, which is how they are shown; one model as a list of one.

True and False, which are numbers to Python and none to those who write them, are found here.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel

__all__ = ["flag_in", "is_flag", "listed", "plain", "shown"]


def plain(value: Any) -> Any:
    """Return a scalar of NumPy as Python's own, in lists, tuples and dicts too; other things as they are.

    A set becomes a list in ascending order: its own order is another one in each process.
    """
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, set | frozenset):
        return _ordered([plain(each) for each in value])
    if type(value) in (list, tuple):
        return type(value)(plain(each) for each in value)
    if isinstance(value, Mapping) and type(value) is dict:
        return {plain(key): plain(each) for key, each in value.items()}
    return value


def listed(given: Any) -> Any:
    """Return one model, such as an objective that is given alone, as a tuple; a sequence as it is."""
    if isinstance(given, set | frozenset):
        return plain(given)
    return (given,) if isinstance(given, BaseModel) else given


def is_flag(value: Any) -> bool:
    """Tell whether a value is True or False, of Python or of NumPy."""
    return isinstance(value, bool | np.bool_)


def flag_in(value: Any) -> bool | None:
    """Return the first of True and False in a value, collection, mapping or array, None without one."""
    if is_flag(value):
        return bool(value)
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind and kind not in "bO":  # of NumPy or pandas, and no flags by its type
        return None
    parts = list(value.values()) if isinstance(value, Mapping) else value
    if isinstance(parts, np.ndarray):
        parts = parts.ravel().tolist()
    elif hasattr(parts, "to_pylist"):  # an array of pyarrow
        parts = parts.to_pylist()
    if isinstance(parts, str | bytes) or not (isinstance(parts, Collection) or kind):
        return None
    return next((bool(part) for part in parts if is_flag(part)), None)


def _ordered(values: list[Any]) -> list[Any]:
    """Return values in ascending order, those that cannot be compared by type and name."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda value: (type(value).__name__, repr(value)))


def shown(value: Any) -> str:
    """Return a value as messages show it: `nan`, not `np.float64(nan)`, and not without end."""
    with np.printoptions(legacy="1.25"):
        text = repr(plain(value))
    return text if len(text) <= 200 else f"{text[:200]}…"
