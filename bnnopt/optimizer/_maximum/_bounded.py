"""Climbs with exact slopes within bounds, side by side: a step of all of them costs one call of the model."""

import numpy as np

from bnnopt._climb import Steps, maximise
from bnnopt._typing import FloatArray, IntArray
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._hill import Slopes

__all__ = ["climb_within_bounds"]

MAX_STEPS = 30
STEPS = Steps(first_move=0.05, longest_move=0.5, least_gain=3e-4, curvatures=(1.0, 1e5), reach=8.0)
"""Moves are shares of the range of a coordinate, gains shares of the spread of the starts' scores."""


def climb_within_bounds(faces: Faces, slopes: Slopes, starts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where climbs end and the scores there; one that will not reach the highest is given up.

    Parameters
    ----------
    faces : Faces
        Only their bounds hold a climb.
    slopes : callable
        Points to scores and slopes.
    starts : ndarray of shape (n_starts, n_dims)
        Within the bounds.
    """
    scores, rises = slopes(starts)
    is_seen = np.isfinite(scores)
    if not is_seen.any() or not rises[is_seen].any():
        return starts, scores
    unit = float(np.ptp(scores[is_seen])) or float(np.abs(rises[is_seen]).max())
    ends = starts.copy()

    def score(free: FloatArray, places: IntArray) -> tuple[FloatArray, FloatArray]:
        points = starts[places]
        points[:, faces.is_free] = free
        return slopes(points)

    ends[:, faces.is_free], scores = maximise(
        score,
        starts[:, faces.is_free],
        MAX_STEPS,
        STEPS.in_units(unit),
        bounds=(faces.lower, faces.upper),
        at_start=(scores, rises),
    )
    return ends, scores
