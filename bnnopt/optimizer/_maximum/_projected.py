"""Climbs that keep to linear constraints, or whose slopes have to be measured, all in one batch of scores.

Each climb is a projected BFGS ascent on the continuous coordinates. Where slopes are not exact they are
central differences, so that any surrogate and any acquisition will do: a step of all climbs together costs
two calls of the score.

References
----------
J. Nocedal, S. J. Wright, "Numerical Optimization", Springer 2006, equations 6.19 and 6.20 (BFGS), section
16.2 (the step within the faces that are touched).
"""

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import nnls

from bnnopt._typing import FloatArray
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._hill import Hill

__all__ = ["climb_along_faces"]

HALF_STEP = 1e-4  # of a difference; a prediction in single precision still has four digits of slope
TOUCHING = 1e-9
ROUND_OFF = 1e-9  # of the length of a step: it runs along a face that it leaves by less
FIRST_STEP = 0.1
FRACTIONS = np.array([3.0, 1.0, 0.3, 0.1, 0.03, 0.01])
MAX_STEPS = 30


def climb_along_faces(
    hill: Hill, starts: FloatArray, slack: FloatArray, smallest_gain: float
) -> tuple[FloatArray, FloatArray]:
    """Return where climbs from the starts end, and the scores there.

    Parameters
    ----------
    hill : Hill
        What is climbed.
    starts : ndarray of shape (n_starts, n_dims)
        Feasible.
    slack : ndarray of shape (n_starts, n_faces)
        Distances of the starts from the faces.
    smallest_gain : float
        Share of the spread of the starts' scores that a step must gain.
    """
    values = hill.score(starts)
    if not np.isfinite(values).any():
        return starts, values
    least = smallest_gain * float(np.ptp(values[np.isfinite(values)]))
    climbs = [_Climb(hill.faces, least, *start) for start in zip(starts, values, slack, strict=True)]
    for _ in range(MAX_STEPS):
        going = [each for each in climbs if each.is_going]
        if not going:
            break
        _look_around(hill, [each for each in going if not each.is_seen])
        values = hill.feasible_score(np.concatenate([each.trials() for each in going]))
        for each, own in zip(going, np.split(values, len(going)), strict=True):
            each.move(own)
    return np.array([each.point for each in climbs]), np.array([each.value for each in climbs])


def _look_around(hill: Hill, climbs: list["_Climb"]) -> None:
    """Learn the slopes of climbs, exact ones or by central differences, of half the width at a bound."""
    if not climbs:
        return
    if hill.slopes is not None:
        _, slopes = hill.slopes(np.array([each.point for each in climbs]))
        for each, slope in zip(climbs, slopes, strict=True):
            each.turn(slope)
        return
    values = hill.score(np.concatenate([each.neighbours() for each in climbs]))
    for each, own in zip(climbs, np.split(values, len(climbs)), strict=True):
        each.see(own)


class _Climb:
    """One climb: where it stands, its slope and what it knows of the curvature."""

    def __init__(
        self, faces: Faces, least: float, point: FloatArray, value: float, slack: FloatArray
    ) -> None:
        self._faces, self._least = faces, least
        self.point, self.value, self._slack = point.copy(), float(value), slack.copy()
        self.is_going = bool(np.isfinite(value))
        self.is_seen = False
        self._slope: FloatArray = np.zeros(int(faces.is_free.sum()))
        self._before: tuple[FloatArray, FloatArray] | None = None
        self._curvature: FloatArray | None = None
        self._steps, self._is_cut = np.empty((0, 0)), np.zeros(0, dtype=bool)

    def neighbours(self) -> FloatArray:
        """Return the points before and behind in each free coordinate, shape (2 * n_free, n_dims)."""
        free = np.flatnonzero(self._faces.is_free)
        points = np.repeat(self.point[None], 2 * len(free), axis=0)
        ahead = np.arange(len(free))
        points[ahead, free] = np.minimum(self.point[free] + HALF_STEP, self._faces.upper)
        points[ahead + len(free), free] = np.maximum(self.point[free] - HALF_STEP, self._faces.lower)
        self._widths = points[ahead, free] - points[ahead + len(free), free]
        return points

    def see(self, values: FloatArray) -> None:
        """Take the scores of the neighbours."""
        ahead, behind = np.split(values, 2)
        is_seen = np.isfinite(ahead) & np.isfinite(behind)
        rises = np.subtract(ahead, behind, where=is_seen, out=np.zeros(len(ahead)))
        self.turn(rises / self._widths)

    def turn(self, slope: FloatArray) -> None:
        """Take the slope here, and learn the curvature from its change."""
        self._slope, self.is_seen = np.asarray(slope), True
        if self._before is not None:
            self._learn(self._here - self._before[0], self._before[1] - self._slope)

    def trials(self) -> FloatArray:
        """Return points at several fractions of a step, shape (n_fractions, n_dims)."""
        direction = self._direction()
        steps = FRACTIONS[:, None] * direction
        reach = self._reach(direction)
        steps *= np.minimum(1.0, reach / FRACTIONS)[:, None]
        self._is_cut = reach < FRACTIONS
        ends = np.clip(self._here + steps, self._faces.lower, self._faces.upper)
        self._steps = ends - self._here
        points = np.repeat(self.point[None], len(FRACTIONS), axis=0)
        points[:, self._faces.is_free] = ends
        return points

    def move(self, values: FloatArray) -> None:
        """Take the best of the trials if it gains, else forget the curvature, else stop.

        A step that a face cuts short may gain little: the next one runs along the face.
        """
        place = int(np.argmax(values))
        if not values[place] > self.value + (0.0 if self._is_cut[place] else self._least):
            self.is_going = self._curvature is not None
            self._curvature = self._before = None
            return
        self._before = self._here, self._slope
        self.point[self._faces.is_free] += self._steps[place]
        self._slack = np.maximum(self._slack - self._faces.normals @ self._steps[place], 0.0)
        self.value, self.is_seen = float(values[place]), False

    @property
    def _here(self) -> FloatArray:
        return self.point[self._faces.is_free]

    def _direction(self) -> FloatArray:
        """Return a step uphill that leaves no face which is touched."""
        touched, held = self._touched(), self._held_against()
        for _ in range(len(self._here) + 1):
            step = self._step_within(held)
            is_crossed = touched @ step > ROUND_OFF * float(np.linalg.norm(step))
            if not is_crossed.any():
                break
            held = np.vstack([held, touched[is_crossed]])
        length = float(np.linalg.norm(step))
        return step * (FIRST_STEP / length) if self._curvature is None and length > 0 else step

    def _touched(self) -> FloatArray:
        """Return the outer normals of the faces and bounds that are touched, shape (n_touched, n_free)."""
        is_touched = (self._slack <= TOUCHING) & ~self._faces.is_equality
        eye, here = np.eye(len(self._here)), self._here
        above, below = here >= self._faces.upper - TOUCHING, here <= self._faces.lower + TOUCHING
        return np.vstack([self._faces.normals[is_touched], eye[above], -eye[below]])

    def _held_against(self) -> FloatArray:
        """Return the normals of the equalities, and of what is touched and pressed against by the slope.

        The slope, less its push on these, is the direction of steepest ascent among those that leave no face.
        """
        equalities, touched = self._faces.normals[self._faces.is_equality], self._touched()
        basis = _orthogonal_to(equalities)
        slope = basis.T @ self._slope
        length = float(np.linalg.norm(slope))
        if not len(touched) or length == 0:
            return equalities
        pressure, _ = nnls((touched @ basis).T, slope / length)
        return np.vstack([equalities, touched[pressure > 0]])

    def _step_within(self, normals: FloatArray) -> FloatArray:
        """Return the step orthogonal to normals to where the slope vanishes, or just the slope if unknown."""
        basis = _orthogonal_to(normals)
        slope = basis.T @ self._slope
        if self._curvature is None:
            return basis @ slope
        return basis @ np.linalg.lstsq(basis.T @ self._curvature @ basis, slope)[0]

    def _reach(self, step: FloatArray) -> float:
        """How many steps lead to the first face, or bound of a coordinate that a face binds.

        Faces that a step runs along, as all equalities are, are none that it leads to.
        """
        normals = np.vstack([self._faces.normals, *self._bounds_of_bound()])
        bound = self._faces.is_bound
        ahead, behind = self._faces.upper - self._here, self._here - self._faces.lower
        slack = np.concatenate([self._slack, ahead[bound], behind[bound]])
        rates = normals @ step
        is_ahead = rates > ROUND_OFF * float(np.linalg.norm(step))
        return float((slack[is_ahead] / rates[is_ahead]).min(initial=np.inf))

    def _bounds_of_bound(self) -> list[FloatArray]:
        eye = np.eye(len(self._here))[self._faces.is_bound]
        return [eye, -eye]

    def _learn(self, moved: FloatArray, turned: FloatArray) -> None:
        product = float(moved @ turned)
        if product <= 1e-12 * float(np.linalg.norm(moved) * np.linalg.norm(turned)):
            return
        if self._curvature is None:
            self._curvature = np.eye(len(moved)) * float(turned @ turned) / product
        bent = self._curvature @ moved
        self._curvature = (
            self._curvature - np.outer(bent, bent) / float(moved @ bent) + np.outer(turned, turned) / product
        )


def _orthogonal_to(normals: FloatArray) -> FloatArray:
    """Return a basis of the directions orthogonal to normals (n, n_free), shape (n_free, n_basis)."""
    return null_space(normals) if len(normals) else np.eye(normals.shape[1])
