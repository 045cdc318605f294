"""Climbs to the maxima of several functions, side by side, by quasi-Newton steps within bounds.

Functions of a few dozen rows cost less than the call that evaluates them, so that all climbs are made in one
call a step. Each has its own length of step and its own curvature, and costs nothing once it has arrived.

References
----------
J. Nocedal, S. J. Wright, "Numerical Optimization", 2nd edition, Springer 2006: equation 3.4 (when a step is
taken), 3.57 (a shorter one by a parabola), 6.17 (BFGS). D. P. Bertsekas, "Projected Newton methods for
optimization problems with simple constraints", SIAM J. Control Optim. 20 (1982) 221-246 (coordinates that are
held at a bound).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np

from bnnopt._typing import BoolArray, FloatArray, IntArray

__all__ = ["Function", "Maxima", "Steps", "climb", "maximise"]

Function: TypeAlias = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]
"""Points of shape (n, n_coordinates) of some functions, and the places of these among all, to the value of
each at its point, (n,), and its gradient, (n, n_coordinates)."""
Bounds: TypeAlias = tuple[FloatArray | float, FloatArray | float]
"""The least and the largest of each coordinate."""

GROWTH = 1.5  # of steps, until one has told the curvature
SHORTENING = (0.1, 0.5)  # of a step that was not taken
LEAST_SHARE = 1e-4  # of the gain that a slope promises, for a step to be taken
LEAST_COSINE = 1e-10  # between a step and how the slope changed, for it to tell of the curvature


@dataclass(frozen=True)
class Steps:
    """How far climbs step, and when they end.

    Attributes
    ----------
    first_move : float
        Length of the first step in each coordinate.
    longest_move : float
        Of a coordinate in one step.
    least_gain : float
        That the next step must promise, in units of the function, if the function is a parabola.
    curvatures : tuple of two floats
        Smallest and largest that the first step may tell of a coordinate.
    reach : float, default=infinity
        A climb ends where this many times what its next step promises would not lead to the highest value
        that any has seen; for functions of which the highest maximum alone is wanted.
    """

    first_move: float
    longest_move: float
    least_gain: float
    curvatures: tuple[float, float]
    reach: float = np.inf

    def in_units(self, unit: float) -> "Steps":
        """Return the same steps for a function of which this is a unit."""
        smallest, largest = self.curvatures
        curvatures = (unit * smallest, unit * largest)
        return replace(self, least_gain=unit * self.least_gain, curvatures=curvatures)


class Maxima(NamedTuple):
    """Where climbs ended, and what they know of the functions there.

    Attributes
    ----------
    points : ndarray of shape (n_functions, n_coordinates)
        The highest that each climb has seen.
    values : ndarray of shape (n_functions,)
        Of the functions there.
    inverse_curvatures : ndarray of shape (n_functions, n_coordinates, n_coordinates)
        As the steps told them; 0 where they told nothing.
    """

    points: FloatArray
    values: FloatArray
    inverse_curvatures: FloatArray


def maximise(
    function: Function,
    start: FloatArray,
    n_steps: int,
    steps: Steps,
    *,
    bounds: Bounds = (-np.inf, np.inf),
    at_start: tuple[FloatArray, FloatArray] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return points and values of `climb`, whose parameters these are."""
    found = climb(function, start, n_steps, steps, bounds=bounds, at_start=at_start)
    return found.points, found.values


def climb(
    function: Function,
    start: FloatArray,
    n_steps: int,
    steps: Steps,
    *,
    bounds: Bounds = (-np.inf, np.inf),
    at_start: tuple[FloatArray, FloatArray] | None = None,
    inverse_curvatures: FloatArray | None = None,
) -> Maxima:
    """Climb from a start for each function.

    Parameters
    ----------
    function : callable
        See `Function`.
    start : ndarray of shape (n_functions, n_coordinates)
        Where to begin, within the bounds.
    n_steps : int
        Evaluations of each function, at most.
    steps : Steps
        How far to step, and when to end.
    bounds : tuple of two floats or ndarrays of shape (n_coordinates,), default=minus and plus infinity
        Between which the coordinates stay.
    at_start : tuple of two ndarrays, optional
        Values and gradients at the start, where they are known; by default they cost one evaluation.
    inverse_curvatures : ndarray of shape (n_functions, n_coordinates, n_coordinates), optional
        Of the functions about the start, as climbs of similar functions ended with them: the first step goes
        to the top of the parabola that they make. 0 where nothing is known.

    Returns
    -------
    Maxima
    """
    if at_start is None:
        at_start = function(start, np.arange(len(start)))
    climbs = _Climbs(function, start, at_start, steps, bounds)
    if inverse_curvatures is not None:
        climbs.go_on_with(inverse_curvatures)
    for _ in range(n_steps - 1):
        if not climbs.is_open.any():
            break
        climbs.step()
    return Maxima(climbs.points, climbs.values, climbs.inverse_curvatures)


class _Climbs:
    """Where each climb stands, where it goes next, and whether that is worth a step.

    Attributes
    ----------
    points : ndarray of shape (n_functions, n_coordinates)
        The highest so far.
    values : ndarray of shape (n_functions,)
        Of the functions there.
    inverse_curvatures : ndarray of shape (n_functions, n_coordinates, n_coordinates)
        As the steps told them.
    is_open : ndarray of bool, shape (n_functions,)
        Whether a climb goes on.
    """

    def __init__(
        self,
        function: Function,
        start: FloatArray,
        at_start: tuple[FloatArray, FloatArray],
        steps: Steps,
        bounds: Bounds,
    ) -> None:
        (n, n_coordinates), places = start.shape, np.arange(len(start))
        self._function, self._steps, (self._lower, self._upper) = function, steps, bounds
        self.points, self.values, self._slopes = start.copy(), *(each.copy() for each in at_start)
        uphill = np.sign(np.where(self._is_held(places), 0.0, self._slopes))
        self._moves = self._within(places, steps.first_move * uphill)
        self.inverse_curvatures: FloatArray = np.zeros((n, n_coordinates, n_coordinates))
        self._is_curved: BoolArray = np.zeros(n, dtype=bool)
        self.is_open: BoolArray = np.isfinite(self.values) & self._moves.any(axis=1)

    def go_on_with(self, inverse_curvatures: FloatArray) -> None:
        """Aim by curvatures that are known, where any are."""
        self.inverse_curvatures = inverse_curvatures.copy()
        self._is_curved = np.asarray(inverse_curvatures.any(axis=(1, 2)))
        self._aim(np.flatnonzero(self.is_open & self._is_curved))

    def step(self) -> None:
        """Evaluate each open function at its next point, and take the point or shorten the step."""
        places = np.flatnonzero(self.is_open)
        moves = self._moves[places]
        points = np.clip(self.points[places] + moves, self._lower, self._upper)
        values, slopes = self._function(points, places)
        promised, gains = (self._slopes[places] * moves).sum(axis=1), values - self.values[places]
        is_taken = gains >= LEAST_SHARE * promised  # which NaN is not
        self._shorten(places[~is_taken], promised[~is_taken], gains[~is_taken])
        self._take(places[is_taken], points[is_taken], values[is_taken], slopes[is_taken])

    def _shorten(self, places: IntArray, promised: FloatArray, gains: FloatArray) -> None:
        """Shorten steps to where the parabola through both values and the slope is highest."""
        missing = promised - np.where(np.isfinite(gains), gains, -np.inf)
        shares = np.clip(0.5 * promised / missing, *SHORTENING)
        self._moves[places] *= shares[:, None]
        self.is_open[places] = shares * promised >= self._steps.least_gain

    def _take(self, places: IntArray, points: FloatArray, values: FloatArray, slopes: FloatArray) -> None:
        self._learn_curvature(places, self._moves[places], self._slopes[places] - slopes)
        self.points[places], self.values[places], self._slopes[places] = points, values, slopes
        self._aim(places)

    def _learn_curvature(self, places: IntArray, moves: FloatArray, drops: FloatArray) -> None:
        """Learn from how the slopes dropped on the way, if by more than next to nothing.

        A drop by which a step of 1 would not lose what is worth a step is of a straight line, or of rounding,
        and its inverse would swamp all that other steps have told.
        """
        products = (moves * drops).sum(axis=1)
        lengths = np.linalg.norm(moves, axis=1)
        is_apart = products > LEAST_COSINE * lengths * np.linalg.norm(drops, axis=1)
        is_told = is_apart & (products >= self._steps.least_gain * np.square(lengths))
        places, moves, drops, products = (each[is_told] for each in (places, moves, drops, products))
        is_first = ~self._is_curved[places]
        of_first, sizes = np.abs(drops[is_first]), np.abs(moves[is_first])
        curvatures = np.divide(of_first, sizes, out=np.zeros_like(sizes), where=sizes > 0)
        curvatures = np.clip(curvatures, *self._steps.curvatures)
        self.inverse_curvatures[places[is_first]] = np.eye(moves.shape[1]) / curvatures[:, None]
        self._is_curved[places] = True
        inverse = self.inverse_curvatures[places]
        through = (inverse @ drops[:, :, None])[:, :, 0]
        factors = 1.0 + (drops * through).sum(axis=1) / products
        mixed = moves[:, :, None] * ((0.5 * factors)[:, None] * moves - through)[:, None]
        mixed /= products[:, None, None]
        self.inverse_curvatures[places] = inverse + mixed + np.swapaxes(mixed, 1, 2)

    def _aim(self, places: IntArray) -> None:
        """Set the next steps, and end the climbs that have next to nothing to gain."""
        is_held, is_curved = self._is_held(places), self._is_curved[places]
        slopes = np.where(is_held, 0.0, self._slopes[places])
        straight = GROWTH * np.abs(self._moves[places]) * np.sign(slopes)
        moves = np.where(is_curved[:, None], self._to_the_top(places, slopes, is_held), straight)
        longest = np.abs(moves).max(axis=1)
        moves *= (self._steps.longest_move / np.maximum(longest, self._steps.longest_move))[:, None]
        moves = self._within(places, moves)
        promised = (moves * slopes).sum(axis=1)
        is_downhill = promised < 0  # which a step that bounds cut short may be
        moves[is_downhill] = self._within(places, straight)[is_downhill]
        promised = np.where(is_downhill, (moves * slopes).sum(axis=1), promised)
        missing = np.fmax.reduce(self.values) - self.values[places]
        needed = np.maximum(2.0 * self._steps.least_gain, missing / self._steps.reach)
        self.is_open[places], self._moves[places] = promised >= needed, moves

    def _to_the_top(self, places: IntArray, slopes: FloatArray, is_held: BoolArray) -> FloatArray:
        """Return the steps to where the slopes vanish, of the coordinates that no bound holds.

        With the inverse curvatures H and h for what is held, free coordinates take the step
        H_ff g_f - H_fh H_hh⁻¹ H_hf g_f, the first part of which is uphill without the second.
        """
        moves = (self.inverse_curvatures[places] @ slopes[:, :, None])[:, :, 0]
        is_at_bound = is_held.any(axis=1) & self._is_curved[places]
        if is_at_bound.any():
            held, inverse = is_held[is_at_bound], self.inverse_curvatures[places[is_at_bound]]
            is_pair = held[:, :, None] & held[:, None, :]
            of_held = np.where(is_pair, inverse, np.eye(held.shape[1]))
            taken = _solved(of_held, np.where(held, moves[is_at_bound], 0.0))
            moves[is_at_bound] -= (inverse @ taken[:, :, None])[:, :, 0]
            moves[is_held] = 0.0
        return moves

    def _is_held(self, places: IntArray) -> BoolArray:
        """Which coordinates are at a bound that the slope presses against."""
        points, slopes = self.points[places], self._slopes[places]
        return ((points <= self._lower) & (slopes < 0)) | ((points >= self._upper) & (slopes > 0))

    def _within(self, places: IntArray, moves: FloatArray) -> FloatArray:
        """Cut steps short at the bounds."""
        points = self.points[places]
        return np.clip(points + moves, self._lower, self._upper) - points


def _solved(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """Solve systems of shape (n, d, d) for (n, d); of a singular one the smallest solution of least error."""
    try:
        return np.linalg.solve(matrices, right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return (np.linalg.pinv(matrices, hermitian=True) @ right[:, :, None])[:, :, 0]
