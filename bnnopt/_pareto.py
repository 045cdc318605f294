"""What is dominated: checks of utilities of several objectives, and the only file that knows moocore."""

import moocore  # type: ignore[import-untyped]
import numpy as np

from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError

__all__ = ["as_reference", "as_utilities", "dominated_volume", "non_dominated"]


def non_dominated(utilities: ArrayLike) -> BoolArray:
    """Return which rows are not dominated: no other row is at least as good in all utilities and not equal.

    Parameters
    ----------
    utilities : array-like of shape (n, m)
        Utilities of m >= 2 objectives, larger is better, finite; leave failed experiments out.

    Returns
    -------
    ndarray of bool, of shape (n,)
        The front. Rows that are equal to one another are all in it or all not.

    Raises
    ------
    InvalidDataError
        The shape is wrong, or a utility is NaN or infinite.

    References
    ----------
    H. T. Kung, F. Luccio, F. P. Preparata, "On finding the maxima of a set of vectors", J. ACM 22 (1975)
    469-476; computed by moocore.
    """
    rows = as_utilities(utilities, "utilities")
    return np.asarray(moocore.is_nondominated(rows, maximise=True, keep_weakly=True), dtype=bool)


def dominated_volume(utilities: FloatArray, reference: FloatArray) -> float:
    """Return the volume between checked utilities of shape (n, m) and a reference of shape (m,)."""
    is_above = (utilities > reference).all(axis=1)
    return float(moocore.hypervolume(utilities[is_above], ref=reference, maximise=True))


def as_utilities(values: ArrayLike, name: str) -> FloatArray:
    """Return finite utilities as a float64 array of shape (n, m) with m >= 2, or raise `InvalidDataError`."""
    rows = numbers_of(values, name)
    if rows.ndim != 2 or rows.shape[1] < 2:
        raise InvalidDataError(
            f"{name} must have the shape (n, m), a column for each of m >= 2 objectives, got {rows.shape}."
        )
    is_bad = ~np.isfinite(rows).all(axis=1)
    if is_bad.any():
        row = int(np.flatnonzero(is_bad)[0])
        raise InvalidDataError(
            f"{name} must be finite, got {rows[row].tolist()} in row {row}; leave out experiments that "
            "failed or were not measured in full."
        )
    return rows


def as_reference(reference: ArrayLike, n_objectives: int) -> FloatArray:
    """Return a reference point as a finite float64 array of shape (n_objectives,)."""
    point = numbers_of(reference, "reference")
    if point.shape != (n_objectives,) or not np.isfinite(point).all():
        raise InvalidDataError(
            f"reference must be {n_objectives} finite numbers, the worst utility that counts in each "
            f"objective, got {reference!r}."
        )
    return point
