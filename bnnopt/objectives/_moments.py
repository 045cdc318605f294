"""Check the moments of an outcome."""

import numpy as np

from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError

__all__ = ["as_moments"]


def as_moments(mean: ArrayLike, std: ArrayLike, name: str) -> tuple[FloatArray, FloatArray]:
    """Return `mean` and `std` as float64 arrays of one shape, or raise `InvalidDataError`.

    The mean must be finite, the standard deviation finite and at least 0.
    """
    mean_array, std_array = numbers_of(mean, "mean"), numbers_of(std, "std")
    if mean_array.shape != std_array.shape:
        raise InvalidDataError(
            f"Outcome {name!r}: mean has shape {mean_array.shape} and std {std_array.shape}; "
            "give one standard deviation for each mean."
        )
    _refuse(~np.isfinite(mean_array), mean_array, f"Outcome {name!r}: the mean must be finite")
    is_bad = ~(np.isfinite(std_array) & (std_array >= 0))
    _refuse(is_bad, std_array, f"Outcome {name!r}: the standard deviation must be finite and at least 0")
    return mean_array, std_array


def _refuse(is_bad: BoolArray, values: FloatArray, expectation: str) -> None:
    if not is_bad.any():
        return
    position = tuple(int(i) for i in np.argwhere(is_bad)[0])
    where = f" at position {position}" if position else ""
    raise InvalidDataError(f"{expectation}, got {values[position]}{where}. Check the surrogate's prediction.")
