"""From the best candidates uphill: climbs of what is continuous, in turn with steps of what is discrete.

References
----------
S. Daulton et al., "Bayesian optimization over discrete and mixed spaces via probabilistic
reparameterization", NeurIPS 2022, arXiv:2210.10199 (alternating steps of discrete and continuous settings).
"""

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.optimizer._faces import Faces
from bnnopt.optimizer._neighbours import discrete_names, neighbours
from bnnopt.optimizer._refinement import climb, spread_starts
from bnnopt.optimizer._search import Search

__all__ = ["climbed"]

N_STARTS_FROM = 384
N_CLIMBS = 8
N_ROUNDS, N_NEIGHBOURS, N_TRIES, N_POLISHED = 4, 48, 12, 4


def climbed(
    search: Search, faces: Faces, pool: pd.DataFrame, scores: FloatArray, rng: np.random.Generator
) -> tuple[pd.DataFrame, FloatArray]:
    """Add to candidates where climbs from the best of them end, and return all with their scores.

    Where some settings are discrete, the neighbours of the best in these are climbed from too, until that
    gains nothing: on the edge of a constraint a step of a discrete setting is worth something only with the
    continuous ones moved along.

    Parameters
    ----------
    search : Search
        What scores, and where.
    faces : Faces
        Of its space.
    pool : DataFrame of shape (n, n_names)
        Candidates.
    scores : ndarray of shape (n,)
        Theirs.
    rng : numpy.random.Generator
        Draws neighbours, and shifts of the continuous settings.

    Returns
    -------
    pool : DataFrame of shape (n + n_added, n_names)
    scores : ndarray of shape (n + n_added,)
    """
    order = np.argsort(-scores, kind="stable")[:N_STARTS_FROM]
    points = search.model_space.encode(pool.iloc[order])
    chosen = spread_starts(search.space.encode(pool.iloc[order]), scores[order], N_CLIMBS)
    pool, scores = _with_ends(search, faces, points[chosen], pool, scores)
    names = discrete_names(search.space)
    for _ in range(N_ROUNDS if names and np.isfinite(scores).any() else 0):
        before = scores.max()
        centre = pool.iloc[[int(np.argmax(scores))]]
        near = search.only_new(_ends(search, faces, _starts_beside(search, faces, centre, rng)))
        best = near.iloc[_best_that_differ(near[names], search.score(near), N_POLISHED)]
        pool, scores = _with_ends(search, faces, search.model_space.encode(best), pool, scores)
        if scores.max() <= before:
            break
    return pool, scores


def _starts_beside(
    search: Search, faces: Faces, centre: pd.DataFrame, rng: np.random.Generator
) -> FloatArray:
    """Return for each neighbour in what is discrete the best of some feasible points, encoded."""
    beside = neighbours(search.space, centre, N_NEIGHBOURS, rng)
    tried = _with_tries(search.model_space.encode(beside), faces, rng)
    points = faces.nearest(tried, search.frame(tried))
    settings = search.frame(points)
    is_feasible = search.space.is_feasible(settings)
    points, settings = points[is_feasible], settings[is_feasible]
    if not len(points):
        return points
    names = discrete_names(search.space)
    return points[_best_that_differ(settings[names], search.score_points(points), N_NEIGHBOURS)]


def _with_tries(points: FloatArray, faces: Faces, rng: np.random.Generator) -> FloatArray:
    """Return points and copies of which one free coordinate, drawn at random, is anywhere in its bounds."""
    free = np.flatnonzero(faces.is_free)
    copies = np.tile(points, (N_TRIES, 1))
    if len(free):
        moved = np.arange(len(points), len(copies))
        number = rng.choice(len(free), len(moved))
        share = rng.random(len(moved))
        ends = faces.lower[number], faces.upper[number]
        copies[moved, free[number]] = ends[0] + share * (ends[1] - ends[0])
    return copies


def _with_ends(
    search: Search, faces: Faces, starts: FloatArray, pool: pd.DataFrame, scores: FloatArray
) -> tuple[pd.DataFrame, FloatArray]:
    """Add the ends of climbs to candidates and their scores."""
    n_scored = len(pool)
    pool = search.only_new(pd.concat([pool, _ends(search, faces, starts)], ignore_index=True))
    return pool, np.concatenate([scores, search.score(pool.iloc[n_scored:])])


def _ends(search: Search, faces: Faces, starts: FloatArray) -> pd.DataFrame:
    """Return the settings where climbs from encoded points end, those that are feasible."""

    def is_feasible(points: FloatArray) -> BoolArray:
        if not search.space.constraints:
            return np.ones(len(points), dtype=bool)
        return search.space.is_feasible(search.frame(points))

    slack = faces.slack(search.frame(starts))
    ended = search.frame(climb(search.score_points, is_feasible, starts, faces, slack))
    return ended[search.space.is_feasible(ended)]


def _best_that_differ(discrete: pd.DataFrame, scores: FloatArray, n: int) -> IntArray:
    """Return the positions of the best of different discrete settings, shape (at most n,)."""
    order = np.argsort(-scores, kind="stable")
    order = order[np.isfinite(scores[order])]
    return np.asarray(order[~discrete.iloc[order].duplicated().to_numpy()][:n])
