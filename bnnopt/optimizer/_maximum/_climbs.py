"""Climbing from good candidates to the maxima near them, all climbs in one batch of scores."""

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.optimizer._maximum._bounded import climb_within_bounds
from bnnopt.optimizer._maximum._constrained import climb_within_faces
from bnnopt.optimizer._maximum._hill import Hill
from bnnopt.optimizer._maximum._projected import climb_along_faces

__all__ = ["climb", "spread_starts"]

SMALLEST_GAIN = 1e-4  # of the spread of the starts' scores
SMALLEST_START_DISTANCE = 0.1


def spread_starts(points: FloatArray, scores: FloatArray, n: int) -> list[int]:
    """Return the positions of at most `n` points of high score that do not crowd, best first.

    Parameters
    ----------
    points : ndarray of shape (n_points, n_dims)
        Encoded.
    scores : ndarray of shape (n_points,)
        Those that are not finite are left out.
    n : int
        Starts wanted.
    """
    chosen: list[int] = []
    for place in np.argsort(-scores, kind="stable"):
        if len(chosen) == n or not np.isfinite(scores[place]):
            break
        distances = np.abs(points[chosen] - points[place]).max(axis=1, initial=0.0)
        if (distances >= SMALLEST_START_DISTANCE).all():
            chosen.append(int(place))
    return chosen


def climb(hill: Hill, starts: FloatArray, slack: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where climbs from the starts end, and the scores there; none ends lower than it began.

    Parameters
    ----------
    hill : Hill
        What is climbed. Where slopes are exact climbs within bounds take quasi-Newton steps side by side, and
        each within linear constraints is a problem of SLSQP; else they are projected BFGS ascents.
    starts : ndarray of shape (n_starts, n_dims)
        Feasible, encoded.
    slack : ndarray of shape (n_starts, n_faces)
        Distances of the starts from the faces.

    Returns
    -------
    ends : ndarray of shape (n_starts, n_dims)
    scores : ndarray of shape (n_starts,)
    """
    if not len(starts) or not hill.faces.is_free.any():
        return starts, hill.score(starts)
    if hill.slopes is None or not hill.has_only_faces:
        return climb_along_faces(hill, starts, slack, SMALLEST_GAIN)
    if len(hill.faces.normals):
        return climb_within_faces(hill.faces, hill.slopes, starts, slack, SMALLEST_GAIN)
    return climb_within_bounds(hill.faces, hill.slopes, starts)
