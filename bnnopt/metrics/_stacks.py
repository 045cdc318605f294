"""Check predictions that are stacked along a first axis: retrainings or sweeps."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError

__all__ = ["as_stack", "per_output"]


def as_stack(values: ArrayLike, name: str, axes: tuple[str, str], least: tuple[int, int]) -> FloatArray:
    """Return a finite float64 array of shape (first, second) or (first, second, n_outputs).

    Parameters
    ----------
    values : array-like
    name : str
        What the array is, for the message.
    axes : tuple of 2 str
        Names of the first two axes, for the message.
    least : tuple of 2 int
        The smallest allowed lengths of the first two axes.
    """
    stack = numbers_of(values, name)
    if stack.ndim not in (2, 3) or np.any(np.less(stack.shape[:2], least)) or 0 in stack.shape:
        raise InvalidDataError(
            f"{name} must have shape ({axes[0]}, {axes[1]}) or ({axes[0]}, {axes[1]}, n_outputs) with "
            f"{axes[0]} >= {least[0]} and {axes[1]} >= {least[1]}, got {stack.shape}."
        )
    if not np.isfinite(stack).all():
        first, second = (int(i) for i in np.argwhere(~np.isfinite(stack))[0][:2])
        raise InvalidDataError(
            f"{name} must be finite, got {stack[first, second]} at index {first} of the {axes[0][2:]} and "
            f"{second} of the {axes[1][2:]}. Check the model that made them."
        )
    return stack


def per_output(values: FloatArray) -> float | FloatArray:
    """Return a float where there is no axis of outputs."""
    return float(values) if values.ndim == 0 else values
