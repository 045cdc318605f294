"""The highest of several lines at a normal place: its mean, exactly."""

import numpy as np

from bnnopt._typing import FloatArray, IntArray
from bnnopt.acquisition._normal_tails import improvement

__all__ = ["mean_gain_of_highest_line"]


def mean_gain_of_highest_line(intercepts: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return E max over i of (a_i + b_i Z) - max over i of a_i, with Z standard normal.

    Of the lines that are highest somewhere, in the order of their slopes, neighbours cross at z_k; the mean
    is the sum of (b_(k+1) - b_k) h(-abs(z_k)), h(z) = φ(z) + z Φ(z), in which nothing cancels.

    Parameters
    ----------
    intercepts, slopes : ndarray of shape (n_sets, n_lines)
        One set of lines in each row.

    Returns
    -------
    ndarray of shape (n_sets,)
        At least 0, in the unit of the intercepts.
    """
    order = np.lexsort((intercepts, slopes), axis=1)
    a, b = np.take_along_axis(intercepts, order, axis=1), np.take_along_axis(slopes, order, axis=1)
    lines, starts, n_kept = _upper_envelope(a, b)
    kept_slopes = np.take_along_axis(b, lines, axis=1)
    is_kept = np.arange(1, a.shape[1]) < n_kept[:, None]
    steps = np.where(is_kept, np.diff(kept_slopes, axis=1), 0.0)
    return (steps * improvement(-np.abs(np.where(is_kept, starts[:, 1:], 0.0)))).sum(axis=1)


def _upper_envelope(a: FloatArray, b: FloatArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Return for each row the lines that are highest somewhere, where each begins, and how many they are.

    The lines of a row are sorted by slope, then by intercept. All rows go through their lines together; a new
    line takes away those before it that it hides, and begins where it crosses the last one left.
    """
    n_sets, n_lines = a.shape
    lines, starts = np.zeros((n_sets, n_lines), dtype=int), np.full((n_sets, n_lines), -np.inf)
    last = np.zeros(n_sets, dtype=int)
    for new in range(1, n_lines):
        rows = np.arange(n_sets)
        while len(rows):
            place = last[rows]
            crossing = _crossing(a, b, rows, lines[rows, place], new)
            is_hidden = crossing <= starts[rows, place]
            done = rows[~is_hidden]
            last[done] += 1
            lines[done, last[done]], starts[done, last[done]] = new, crossing[~is_hidden]
            rows = rows[is_hidden]
            is_first = last[rows] == 0
            lines[rows[is_first], 0] = new
            rows = rows[~is_first]
            last[rows] -= 1
    return lines, starts, last + 1


def _crossing(a: FloatArray, b: FloatArray, rows: IntArray, old: IntArray, new: int) -> FloatArray:
    """Return where the new line becomes the higher one; -inf for parallel lines, as it is no lower."""
    rise, drop = b[rows, new] - b[rows, old], a[rows, old] - a[rows, new]
    parallel = np.full(len(rows), -np.inf)
    with np.errstate(over="ignore"):
        return np.divide(drop, rise, out=parallel, where=rise > 0)
