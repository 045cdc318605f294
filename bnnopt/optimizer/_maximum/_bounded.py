"""Climbs with exact slopes within bounds: all of them in one problem, whose steps cost one call of the model.

References
----------
C. Zhu, R. H. Byrd, P. Lu, J. Nocedal, "Algorithm 778: L-BFGS-B", ACM Trans. Math. Softw. 23 (1997) 550-560.
"""

import numpy as np
from scipy.optimize import minimize

from bnnopt._typing import FloatArray
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._hill import Slopes

__all__ = ["climb_within_bounds"]

MAX_STEPS, N_CORRECTIONS = 25, 20  # further steps gained less than 0.4 % of the improvement at six inputs
PATIENCE = 2  # steps without a gain worth naming, after which all climbs stop
FAR_BELOW = 100.0  # spreads of the starts' scores, that a score of -inf counts as


def climb_within_bounds(
    faces: Faces, slopes: Slopes, starts: FloatArray, smallest_gain: float
) -> tuple[FloatArray, FloatArray]:
    """Return where climbs end and the scores there; the climbs are independent but for the length of a step.

    Parameters
    ----------
    faces : Faces
        Only their bounds hold a climb.
    slopes : callable
        Points to scores and slopes.
    starts : ndarray of shape (n_starts, n_dims)
        Within the bounds.
    smallest_gain : float
        Share of the spread of the starts' scores that a climb must gain to go on.
    """
    scores, rises = slopes(starts)
    ends, is_open = starts.copy(), np.isfinite(scores)
    if is_open.any() and rises[is_open].any():
        climbs = _Climbs(faces, slopes, starts[is_open], scores[is_open], rises[is_open])
        climbs.run(smallest_gain)
        ends[is_open], scores[is_open] = climbs.points, climbs.scores
    return ends, scores


class _Climbs:
    """Climbs in step: where each was highest so far.

    Attributes
    ----------
    points : ndarray of shape (n, n_dims)
    scores : ndarray of shape (n,)
    """

    def __init__(
        self, faces: Faces, slopes: Slopes, starts: FloatArray, scores: FloatArray, rises: FloatArray
    ) -> None:
        self._faces, self._slopes, self._starts, self._first = faces, slopes, starts, scores
        self.points, self.scores = starts.copy(), scores.copy()
        self._unit = float(np.ptp(scores)) or float(np.abs(rises).max())
        self._n_idle, self._before = 0, scores.copy()

    def run(self, smallest_gain: float) -> None:
        """Climb until no climb gains that share of the unit of scores in a step, nor in the next."""
        self._least = smallest_gain * self._unit
        free = self._starts[:, self._faces.is_free]
        bounds = list(zip(self._faces.lower, self._faces.upper, strict=True)) * len(free)
        options = {"maxiter": MAX_STEPS, "maxcor": N_CORRECTIONS, "ftol": 0.0, "gtol": 0.0}
        minimize(
            self._descent,
            free.ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            callback=self._stop_if_idle,
            options=options,
        )

    def _descent(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return minus the sum of what the climbs have gained, in units of scores, and its gradient."""
        points = self._starts.copy()
        points[:, self._faces.is_free] = x.reshape(len(points), -1)
        scores, slopes = self._slopes(points)
        is_better = scores > self.scores
        self.points[is_better], self.scores[is_better] = points[is_better], scores[is_better]
        is_seen = np.isfinite(scores)
        gains = np.where(is_seen, (scores - self._first) / self._unit, -FAR_BELOW)
        return -float(gains.sum()), -np.where(is_seen[:, None], slopes / self._unit, 0.0).ravel()

    def _stop_if_idle(self, intermediate_result: object) -> None:
        gain = float((self.scores - self._before).max())
        self._n_idle = 0 if gain > self._least else self._n_idle + 1
        self._before = self.scores.copy()
        if self._n_idle >= PATIENCE:
            raise StopIteration
