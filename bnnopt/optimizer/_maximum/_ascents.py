"""From the best candidates uphill: climbs of what is continuous, in turn with steps of what is discrete.

References
----------
S. Daulton et al., "Bayesian optimization over discrete and mixed spaces via probabilistic
reparameterization", NeurIPS 2022, arXiv:2210.10199 (alternating steps of discrete and continuous settings).
"""

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray, IntArray
from bnnopt.optimizer._maximum._candidates import Candidates
from bnnopt.optimizer._maximum._climbs import climb, spread_starts
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._hill import Hill, hill_of
from bnnopt.optimizer._maximum._neighbours import discrete_names, neighbours
from bnnopt.optimizer._maximum._steps_kept import on_steps
from bnnopt.optimizer._search import Places, Search

__all__ = ["climbed"]

N_STARTS_FROM = 384
N_CLIMBS = 8
N_ROUNDS, N_NEIGHBOURS, N_TRIES, N_POLISHED = 8, 48, 12, 4


def climbed(search: Search, faces: Faces, pool: Candidates, rng: np.random.Generator) -> Candidates:
    """Add to candidates where climbs from the best of them end.

    Where some settings are discrete, the neighbours of the best in these are climbed from too, until that
    gains nothing: on the edge of a constraint a step of a discrete setting is worth something only with the
    continuous ones moved along. Numbers with steps are climbed as a continuum first, rounded, and discrete
    from there on.

    Parameters
    ----------
    search : Search
        What scores, and where.
    faces : Faces
        Of its space.
    pool : Candidates
        Scored.
    rng : numpy.random.Generator
        Draws neighbours, and shifts of the continuous settings.
    """
    hill = hill_of(search, faces)
    best = pool.take(pool.best_first[:N_STARTS_FROM])
    starts = spread_starts(search.in_own_cube(best.places), best.scores, N_CLIMBS)
    pool = pool.joined(search, *_ends(search, hill, best.points[starts]))
    if search.space.stepped_names:
        between = _ends_between_steps(search, best.points[starts])
        pool = pool.joined(search, *_ends(search, hill, on_steps(search, faces, between, rng)))
    names = discrete_names(search.space)
    for _ in range(N_ROUNDS if names and np.isfinite(pool.scores).any() else 0):
        before = pool.scores.max()
        centre = pool.settings.iloc[[int(np.argmax(pool.scores))]]
        beside = Candidates.of(search, *_ends(search, hill, _starts_beside(search, faces, centre, rng)))
        chosen = _best_that_differ(beside.settings[names], beside.scores, N_POLISHED)
        pool = pool.joined(search, *_ends(search, hill, beside.points[chosen]))
        if pool.scores.max() <= before:
            break
    return pool


def _ends_between_steps(search: Search, starts: FloatArray) -> FloatArray:
    """Return where climbs from encoded points end if all numbers between the steps could be set, encoded."""
    loose = search.without_steps()
    hill = hill_of(loose, Faces.of(loose.space, loose.model_space))
    return _ends(loose, hill, starts)[0].points


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
    copies = np.tile(points, (N_TRIES if len(free) else 1, 1))
    if len(free):
        moved = np.arange(len(points), len(copies))
        number = rng.choice(len(free), len(moved))
        share = rng.random(len(moved))
        ends = faces.lower[number], faces.upper[number]
        copies[moved, free[number]] = ends[0] + share * (ends[1] - ends[0])
    return copies


def _ends(search: Search, hill: Hill, starts: FloatArray) -> tuple[Places, FloatArray]:
    """Return the places where climbs from encoded points end, those that are feasible, and their scores."""
    slack = hill.faces.slack(search.frame(starts)) if len(hill.faces.normals) else np.zeros((len(starts), 0))
    ends, scores = climb(hill, starts, slack)
    places = Places(search.frame(ends), ends)
    if hill.is_feasible is None:
        return places, scores
    is_kept = search.space.is_feasible(places.settings)
    return places.take(is_kept), scores[is_kept]


def _best_that_differ(discrete: pd.DataFrame, scores: FloatArray, n: int) -> IntArray:
    """Return the positions of the best of different discrete settings, shape (at most n,)."""
    order = np.argsort(-scores, kind="stable")
    order = order[np.isfinite(scores[order])]
    return np.asarray(order[~discrete.iloc[order].duplicated().to_numpy()][:n])
