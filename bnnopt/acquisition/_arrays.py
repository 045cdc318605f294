"""Check moments, draws and parameters as an acquisition function receives them."""

from typing import Any, cast

import numpy as np

from bnnopt._plain import shown
from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError

__all__ = [
    "as_best",
    "as_count",
    "as_draws",
    "as_draws_of_many",
    "as_flags",
    "as_joint_draws",
    "as_moments",
    "as_moments_of_many",
    "as_non_negative",
    "as_number",
    "as_positive",
]


def as_moments(mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return `mean` (finite) and `std` (finite, at least 0) as float64 arrays of shape (n,)."""
    mean_array, std_array = numbers_of(mean, "mean"), numbers_of(std, "std")
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
    array = numbers_of(draws, "draws")
    if array.ndim != 2 or array.shape[0] == 0:
        raise InvalidDataError(
            f"Expected draws of shape (n_draws, n) with at least one draw, got {array.shape}; "
            "give the draws of one output, a row for each draw and a column for each candidate."
        )
    _refuse(np.asarray(~np.isfinite(array).all(axis=0)), array[0], "every draw must be finite")
    return array


def as_joint_draws(other: ArrayLike | None, draws: FloatArray, name: str) -> FloatArray:
    """Return draws at other rows, joint with `draws`, of shape (n_draws, n_other); None is no rows."""
    if other is None:
        return np.empty((len(draws), 0))
    array = numbers_of(other, name)
    if array.ndim != 2 or len(array) != len(draws):
        raise InvalidDataError(
            f"{name} must be draws of shape ({len(draws)}, n), joint with those of the candidates, "
            f"got {array.shape}."
        )
    if not np.isfinite(array).all():
        raise InvalidDataError(f"Every draw in {name} must be finite. Check the surrogate's draws.")
    return array


def as_moments_of_many(mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return `mean` (finite) and `std` (finite, at least 0) as float64 arrays of shape (n, m)."""
    mean_array, std_array = numbers_of(mean, "mean"), numbers_of(std, "std")
    if mean_array.ndim != 2 or mean_array.shape != std_array.shape:
        raise InvalidDataError(
            f"Expected mean and std of shape (n, m), got {mean_array.shape} and {std_array.shape}; "
            "give one mean and one standard deviation for each candidate and utility."
        )
    for column in range(mean_array.shape[1]):
        as_moments(mean_array[:, column], std_array[:, column])
    return mean_array, std_array


def as_draws_of_many(draws: ArrayLike) -> FloatArray:
    """Return `draws` (finite, at least one draw) as a float64 array of shape (n_draws, n, m)."""
    array = numbers_of(draws, "draws")
    if array.ndim != 3 or array.shape[0] == 0:
        raise InvalidDataError(
            f"Expected draws of shape (n_draws, n, m) with at least one draw, got {array.shape}; "
            "give a row for each draw, a column for each candidate and a layer for each utility."
        )
    for layer in range(array.shape[2]):
        as_draws(array[..., layer])
    return array


def as_flags(is_satisfied: ArrayLike) -> BoolArray:
    """Return flags (bool, at least one draw) as an array of shape (n_draws, n)."""
    flags = np.asarray(is_satisfied)
    if flags.ndim != 2 or flags.dtype != bool or flags.shape[0] == 0:
        raise InvalidDataError(
            "is_satisfied must hold a bool for each draw and candidate, shape (n_draws, n), "
            f"got {flags.dtype} of shape {flags.shape}."
        )
    return flags


def as_best(best: float | None) -> float:
    """Return the best utility so far as a finite float."""
    is_one = best is not None and np.ndim(best) == 0
    if not is_one or not np.isfinite(numbers_of(best, "best")):
        raise InvalidDataError(
            f"best must be one finite number, the best utility observed so far, got {shown(best)}. "
            "Where nothing was observed yet, use an acquisition without best, such as 'std' or 'ucb'."
        )
    return float(cast(float, best))


def as_non_negative(value: float, name: str) -> float:
    """Return a parameter of an acquisition function that must be finite and at least 0."""
    if not (_is_number(value) and value >= 0):
        raise InvalidDataError(f"{name} must be finite and at least 0, got {shown(value)}.")
    return float(value)


def as_positive(value: float, name: str) -> float:
    """Return a parameter of an acquisition function that must be finite and above 0."""
    if not (_is_number(value) and value > 0):
        raise InvalidDataError(f"{name} must be finite and above 0, got {shown(value)}.")
    return float(value)


def as_number(value: float, name: str) -> float:
    """Return a parameter of an acquisition function that must be finite."""
    if not _is_number(value):
        raise InvalidDataError(f"{name} must be finite, got {shown(value)}.")
    return float(value)


def as_count(value: int, name: str, lowest: int = 0) -> int:
    """Return a whole number that must be at least `lowest`."""
    if not _is_number(value) or value != int(value) or value < lowest:
        raise InvalidDataError(f"{name} must be a whole number, at least {lowest}, got {shown(value)}.")
    return int(value)


def _is_number(value: Any) -> bool:
    """Tell whether a value is one finite number, and not a truth value."""
    is_plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return is_plain and bool(np.isfinite(value))


def _refuse(is_bad: BoolArray, values: FloatArray, expectation: str) -> None:
    if is_bad.any():
        row = int(np.flatnonzero(is_bad)[0])
        raise InvalidDataError(
            f"{expectation}, but {int(is_bad.sum())} of {is_bad.size} candidates break this "
            f"(first: candidate {row}, {values[row]}). Check the surrogate's prediction."
        )
