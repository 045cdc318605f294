"""What is climbed: scores of points, their slopes where they are exact, and what bounds a climb."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._search import Search
from bnnopt.space import LinearConstraint

__all__ = ["Hill", "Slopes", "exact_slopes", "hill_of"]

HALF_STEP = 1e-7  # of a difference between scores of linear distributions, which are exact to rounding

Slopes: TypeAlias = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Encoded points (n, n_dims) to scores (n,) and their derivatives by the free coordinates (n, n_free)."""


@dataclass(frozen=True)
class Hill:
    """What is climbed.

    Attributes
    ----------
    faces : Faces
        What moves, and what bounds it.
    score : callable
        Encoded points (n, n_dims) to scores (n,), larger is better; also asked a little beyond constraints.
    is_feasible : callable, optional
        Encoded points to booleans: whether all constraints are satisfied; None where there are none.
    slopes : callable, optional
        Points to scores and exact slopes; None where slopes have to be measured by differences.
    has_only_faces : bool
        Whether nothing but the faces and bounds holds a climb.
    """

    faces: Faces
    score: Callable[[FloatArray], FloatArray]
    is_feasible: Callable[[FloatArray], BoolArray] | None = None
    slopes: Slopes | None = None
    has_only_faces: bool = False

    def feasible_score(self, points: FloatArray) -> FloatArray:
        """Return the scores of points, -inf beyond a constraint."""
        scores = self.score(points)
        return scores if self.is_feasible is None else np.where(self.is_feasible(points), scores, -np.inf)


def hill_of(search: Search, faces: Faces) -> Hill:
    """Return the hill of a search whose space has these faces."""

    def is_feasible(points: FloatArray) -> BoolArray:
        return search.space.is_feasible(search.frame(points))

    return Hill(
        faces,
        search.score_points,
        is_feasible if search.space.constraints else None,
        exact_slopes(search, faces) if search.model.has_gradients else None,
        all(isinstance(each, LinearConstraint) for each in search.space.constraints),
    )


def exact_slopes(search: Search, faces: Faces) -> Slopes:
    """Return the slopes of a score by the distributions' gradients, without derivatives of an acquisition.

    Along a coordinate the moments of the distributions are linear to first order, so the slope of the score
    is that of a function of one number; central differences of it cost the acquisition alone, not the
    surrogate. What weighs a score besides, success and cost, is looked up at the points beside.
    """
    free = np.flatnonzero(faces.is_free)
    n_sides = 2 * len(free)

    def slopes(points: FloatArray) -> tuple[FloatArray, FloatArray]:
        steps = np.zeros((len(points), 1 + n_sides, points.shape[1]))
        ahead = np.minimum(points[:, free] + HALF_STEP, faces.upper) - points[:, free]
        behind = np.maximum(points[:, free] - HALF_STEP, faces.lower) - points[:, free]
        steps[:, np.arange(1, len(free) + 1), free] = ahead
        steps[:, np.arange(len(free) + 1, 1 + n_sides), free] = behind
        mixtures = [mixture.moved(steps) for mixture in search.model.mixtures_with_gradients(points)]
        beside = (points[:, None] + steps).reshape(-1, points.shape[1])
        scores = search.scoring.score_mixtures(mixtures, search.situation, search.factors(beside))
        scores = scores.reshape(len(points), -1)
        high, low = np.split(scores[:, 1:], 2, axis=1)
        is_seen = np.isfinite(high) & np.isfinite(low)
        rises = np.subtract(high, low, where=is_seen, out=np.zeros_like(high))
        return scores[:, 0], rises / (ahead - behind)

    return slopes
