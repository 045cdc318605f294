"""Climbs with exact slopes within linear constraints: each start is a problem of its own for SLSQP.

References
----------
D. Kraft, "A software package for sequential quadratic programming", DFVLR-FB 88-28, 1988.
"""

import warnings
from typing import Any

import numpy as np
from scipy.optimize import minimize

from bnnopt._typing import FloatArray
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._hill import Slopes

__all__ = ["climb_within_faces"]

MAX_STEPS = 40
FAR_BELOW = 100.0  # spreads of the starts' scores, that a score of -inf counts as


def climb_within_faces(
    faces: Faces, slopes: Slopes, starts: FloatArray, slack: FloatArray, smallest_gain: float
) -> tuple[FloatArray, FloatArray]:
    """Return where climbs end and the scores there.

    Parameters
    ----------
    faces : Faces
        Nothing else holds a climb.
    slopes : callable
        Points to scores and slopes.
    starts : ndarray of shape (n_starts, n_dims)
        Feasible.
    slack : ndarray of shape (n_starts, n_faces)
        Distances of the starts from the faces.
    smallest_gain : float
        Share of the spread of the starts' scores that a step must gain.
    """
    scores, rises = slopes(starts)
    ends, is_open = starts.copy(), np.isfinite(scores)
    if is_open.any() and rises[is_open].any():
        unit = float(np.ptp(scores[is_open])) or float(np.abs(rises[is_open]).max())
        for place in np.flatnonzero(is_open):
            climb = _Climb(faces, slopes, starts[place], scores[place], unit)
            climb.run(slack[place], smallest_gain)
            ends[place], scores[place] = climb.point, climb.score
    return ends, scores


class _Climb:
    """One climb: where it was highest so far.

    Attributes
    ----------
    point : ndarray of shape (n_dims,)
    score : float
    """

    def __init__(self, faces: Faces, slopes: Slopes, start: FloatArray, score: float, unit: float) -> None:
        self._faces, self._slopes, self._start, self._unit = faces, slopes, start, unit
        self.point, self.score, self._first = start.copy(), float(score), float(score)

    def run(self, slack: FloatArray, smallest_gain: float) -> None:
        """Climb from a start so far from the faces, until a step gains less than a share of the unit."""
        with warnings.catch_warnings():
            # older versions of SciPy round a step beyond a bound, take it back and say so
            warnings.filterwarnings("ignore", "Values in x were outside bounds", RuntimeWarning)
            minimize(
                self._descent,
                self._start[self._faces.is_free],
                jac=True,
                method="SLSQP",
                bounds=list(zip(self._faces.lower, self._faces.upper, strict=True)),
                constraints=self._rules(slack),
                options={"maxiter": MAX_STEPS, "ftol": smallest_gain},
            )

    def _rules(self, slack: FloatArray) -> list[dict[str, Any]]:
        """Return the faces as SLSQP takes them: what is left to each, at least 0, or just 0."""
        here, is_equality = self._start[self._faces.is_free], self._faces.is_equality
        rules = []
        for kind, chosen in (("eq", is_equality), ("ineq", ~is_equality)):
            if chosen.any():
                normals = self._faces.normals[chosen]
                room = np.where(is_equality, 0.0, slack)[chosen] + normals @ here
                rules.append(_rule(kind, normals, room))
        return rules

    def _descent(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return minus what is gained, in units of scores, and its gradient."""
        point = self._start.copy()
        point[self._faces.is_free] = np.clip(x, self._faces.lower, self._faces.upper)
        (score,), (slope,) = self._slopes(point[None])
        if not np.isfinite(score):
            return FAR_BELOW, np.zeros(len(x))
        if score > self.score:
            self.point, self.score = point, float(score)
        return -float(score - self._first) / self._unit, -slope / self._unit


def _rule(kind: str, normals: FloatArray, room: FloatArray) -> dict[str, Any]:
    return {"type": kind, "fun": lambda x: room - normals @ x, "jac": lambda x: -normals}
