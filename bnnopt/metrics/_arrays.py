"""Check outcomes and predictions as a metric receives them."""

import numpy as np

from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError

__all__ = ["as_predictions"]


def as_predictions(**arrays: ArrayLike) -> tuple[FloatArray, ...]:
    """Return finite float64 arrays of one shape, (n,) or (n, n_outputs), not empty; `std` must be > 0."""
    converted = {name: numbers_of(array, name) for name, array in arrays.items()}
    shapes = {name: array.shape for name, array in converted.items()}
    first = next(iter(shapes.values()))
    if len(set(shapes.values())) != 1 or len(first) not in (1, 2) or 0 in first:
        raise InvalidDataError(
            f"Expected arrays of one shape, (n,) or (n, n_outputs) and not empty, got {shapes}."
        )
    for name, array in converted.items():
        _refuse(~np.isfinite(array), array, f"{name} must be finite")
        if name == "std":
            _refuse(array <= 0, array, "std must be above 0")
    return tuple(converted.values())


def _refuse(is_bad: BoolArray, values: FloatArray, expectation: str) -> None:
    if is_bad.any():
        position = tuple(int(i) for i in np.argwhere(is_bad)[0])
        output = f", output {position[1]}" if len(position) == 2 else ""
        raise InvalidDataError(
            f"{expectation}, got {values[position]} in row {position[0]}{output}. "
            "Leave out rows without an outcome and check the surrogate's prediction."
        )
