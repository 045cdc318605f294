"""Check moments, draws and parameters at the door of an acquisition function."""

import numpy as np

from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt.exceptions import InvalidDataError

__all__ = ["as_best", "as_draws", "as_moments", "as_non_negative"]


def as_moments(mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return `mean` (finite) and `std` (finite, at least 0) as float64 arrays of shape (n,)."""
    mean_array, std_array = np.asarray(mean, dtype=float), np.asarray(std, dtype=float)
    if mean_array.ndim != 1 or mean_array.shape != std_array.shape:
        raise InvalidDataError(
            f"Expected mean and std of shape (n,), got {mean_array.shape} and {std_array.shape}; "
            "give one mean and one standard deviation for each candidate of one output."
        )
    _refuse(~np.isfinite(mean_array), mean_array, "the mean must be finite")
    is_bad = ~(np.isfinite(std_array) & (std_array >= 0))
    _refuse(is_bad, std_array, "the standard deviation must be finite and at least 0")
    return mean_array, std_array


def as_draws(draws: ArrayLike) -> FloatArray:
    """Return `draws` (finite, at least one draw) as a float64 array of shape (n_draws, n)."""
    array = np.asarray(draws, dtype=float)
    if array.ndim != 2 or array.shape[0] == 0:
        raise InvalidDataError(
            f"Expected draws of shape (n_draws, n) with at least one draw, got {array.shape}; "
            "give the draws of one output, a row for each draw and a column for each candidate."
        )
    _refuse(~np.isfinite(array).all(axis=0), array[0], "every draw must be finite")
    return array


def as_best(best: float | None) -> float:
    """Return the best utility so far as a finite float."""
    if best is None or np.ndim(best) != 0 or not np.isfinite(best):
        raise InvalidDataError(
            f"best must be one finite number, the best utility observed so far, got {best!r}. "
            "Where nothing was observed yet, use an acquisition without best, such as 'std' or 'ucb'."
        )
    return float(best)


def as_non_negative(value: float, name: str) -> float:
    """Return a parameter of an acquisition function that must be finite and at least 0."""
    if not (np.isfinite(value) and value >= 0):
        raise InvalidDataError(f"{name} must be finite and at least 0, got {value!r}.")
    return float(value)


def _refuse(is_bad: BoolArray, values: FloatArray, expectation: str) -> None:
    if is_bad.any():
        row = int(np.flatnonzero(is_bad)[0])
        raise InvalidDataError(
            f"{expectation}, but {int(is_bad.sum())} of {is_bad.size} candidates break this "
            f"(first: candidate {row}, {values[row]}). Check the surrogate's prediction."
        )
