"""Climbs to the maxima of several functions, side by side, by quasi-Newton steps.

Functions of a few dozen rows cost less than the call that evaluates them, so that all climbs are made in one
call a step. Each has its own length of step and its own curvature, and costs nothing once it has arrived.

References
----------
J. Nocedal, S. J. Wright, "Numerical Optimization", 2nd edition, Springer 2006: equation 3.4 (when a step is
taken), 3.57 (a shorter one by a parabola), 6.17 (BFGS).
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from bnnopt._typing import BoolArray, FloatArray, IntArray

__all__ = ["Function", "maximise"]

Function: TypeAlias = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]
"""Points of shape (n, n_coordinates) of some functions, and the places of these among all, to the value of
each at its point, (n,), and its gradient, (n, n_coordinates)."""

LONGEST_MOVE = 2.0  # of a coordinate in one step
GROWTH = 1.5  # of steps, until one has told the curvature
SHORTENING = (0.1, 0.5)  # of a step that was not taken
LEAST_SHARE = 1e-4  # of the gain that a slope promises, for a step to be taken
LEAST_GAIN = 0.02  # that the next step must promise, in units of the function
CURVATURES = (1.0, 1e3)  # smallest and largest that the first step may tell of a coordinate
LEAST_COSINE = 1e-10  # between a step and how the slope changed, for it to tell of the curvature


def maximise(
    function: Function, start: FloatArray, n_steps: int, first_move: float
) -> tuple[FloatArray, FloatArray]:
    """Climb from a start for each function.

    Parameters
    ----------
    function : callable
        See `Function`.
    start : ndarray of shape (n_functions, n_coordinates)
        Where to begin.
    n_steps : int
        Evaluations of each function, at most.
    first_move : float
        Length of the first step in each coordinate.

    Returns
    -------
    points : ndarray of shape (n_functions, n_coordinates)
        The highest that each climb has seen.
    values : ndarray of shape (n_functions,)
        Of the functions there.
    """
    climbs = _Climbs(function, start, first_move)
    for _ in range(n_steps - 1):
        if not climbs.is_open.any():
            break
        climbs.step()
    return climbs.points, climbs.values


class _Climbs:
    """Where each climb stands, where it goes next, and whether that is worth a step.

    Attributes
    ----------
    points : ndarray of shape (n_functions, n_coordinates)
        The highest so far.
    values : ndarray of shape (n_functions,)
        Of the functions there.
    is_open : ndarray of bool, shape (n_functions,)
        Whether a climb goes on.
    """

    def __init__(self, function: Function, start: FloatArray, first_move: float) -> None:
        n, n_coordinates = start.shape
        self._function, self.points = function, start.copy()
        self.values, self._slopes = function(start, np.arange(n))
        self._moves = first_move * np.sign(self._slopes)
        self._inverse_curvatures = np.zeros((n, n_coordinates, n_coordinates))
        self._is_curved: BoolArray = np.zeros(n, dtype=bool)
        self.is_open: BoolArray = np.asarray(self._slopes.any(axis=1))

    def step(self) -> None:
        """Evaluate each open function at its next point, and take the point or shorten the step."""
        places = np.flatnonzero(self.is_open)
        moves = self._moves[places]
        values, slopes = self._function(self.points[places] + moves, places)
        promised, gains = (self._slopes[places] * moves).sum(axis=1), values - self.values[places]
        is_taken = gains >= LEAST_SHARE * promised  # which NaN is not
        self._shorten(places[~is_taken], promised[~is_taken], gains[~is_taken])
        self._take(places[is_taken], values[is_taken], slopes[is_taken])

    def _shorten(self, places: IntArray, promised: FloatArray, gains: FloatArray) -> None:
        """Shorten steps to where the parabola through both values and the slope is highest."""
        missing = promised - np.where(np.isfinite(gains), gains, -np.inf)
        self._moves[places] *= np.clip(0.5 * promised / missing, *SHORTENING)[:, None]

    def _take(self, places: IntArray, values: FloatArray, slopes: FloatArray) -> None:
        self._learn_curvature(places, self._moves[places], self._slopes[places] - slopes)
        self.points[places] += self._moves[places]
        self.values[places], self._slopes[places] = values, slopes
        self._aim(places)

    def _learn_curvature(self, places: IntArray, moves: FloatArray, drops: FloatArray) -> None:
        """Learn from how the slopes dropped on the way; a climb that they rose on tells nothing."""
        products = (moves * drops).sum(axis=1)
        lengths = np.linalg.norm(moves, axis=1) * np.linalg.norm(drops, axis=1)
        is_told = products > LEAST_COSINE * lengths
        places, moves, drops, products = (each[is_told] for each in (places, moves, drops, products))
        is_first = ~self._is_curved[places]
        of_first, sizes = np.abs(drops[is_first]), np.abs(moves[is_first])
        curvatures = np.divide(of_first, sizes, out=np.zeros_like(sizes), where=sizes > 0)
        curvatures = np.clip(curvatures, *CURVATURES)
        self._inverse_curvatures[places[is_first]] = np.eye(moves.shape[1]) / curvatures[:, None]
        self._is_curved[places] = True
        inverse = self._inverse_curvatures[places]
        through = (inverse @ drops[:, :, None])[:, :, 0]
        factors = 1.0 + (drops * through).sum(axis=1) / products
        mixed = moves[:, :, None] * ((0.5 * factors)[:, None] * moves - through)[:, None]
        mixed /= products[:, None, None]
        self._inverse_curvatures[places] = inverse + mixed + np.swapaxes(mixed, 1, 2)

    def _aim(self, places: IntArray) -> None:
        """Set the next steps, and end the climbs that have next to nothing to gain."""
        slopes, is_curved = self._slopes[places], self._is_curved[places]
        moves = (self._inverse_curvatures[places] @ slopes[:, :, None])[:, :, 0]
        straight = GROWTH * np.abs(self._moves[places]) * np.sign(slopes)
        moves = np.where(is_curved[:, None], moves, straight)
        self.is_open[places] = 0.5 * (moves * slopes).sum(axis=1) >= LEAST_GAIN
        longest = np.abs(moves).max(axis=1)
        self._moves[places] = moves * (LONGEST_MOVE / np.maximum(longest, LONGEST_MOVE))[:, None]
