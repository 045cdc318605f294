"""From the best candidates uphill: climbs of what is continuous, in turn with steps of what is discrete.

Which parts of a mixture are zero counts as discrete: it stays the same in a climb, and changes in a step.

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
from bnnopt.optimizer._maximum._hill import hill_of
from bnnopt.optimizer._maximum._neighbours import discrete_choices, neighbours, support_neighbours
from bnnopt.optimizer._maximum._steps_kept import on_steps
from bnnopt.optimizer._search import Places, Search
from bnnopt.space import faces_of

__all__ = ["climbed"]

N_STARTS_FROM = 384
N_CLIMBS = 8
N_ROUNDS, N_NEIGHBOURS, N_TRIES, N_POLISHED = 8, 48, 12, 4
N_SUPPORTS = 64  # neighbours of which other parts of a mixture are zero: all those of 3 parts out of 20
N_CLIMBED_SUPPORTS = 16  # each is a climb of its own


def climbed(search: Search, pool: Candidates, rng: np.random.Generator) -> Candidates:
    """Add to candidates where climbs from the best of them end.

    Where some settings are discrete, the neighbours of the best in these are climbed from too, until that
    gains nothing: on the edge of a constraint a step of a discrete setting is worth something only with the
    continuous ones moved along. Numbers with steps are climbed as a continuum first, rounded, and discrete
    from there on; so are those of a mixture of which other parts are zero.

    Parameters
    ----------
    search : Search
        What scores, and where.
    pool : Candidates
        Scored.
    rng : numpy.random.Generator
        Draws neighbours, and shifts of the continuous settings.
    """
    best = pool.take(pool.best_first[:N_STARTS_FROM])
    starts = spread_starts(search.in_own_cube(best.places), best.scores, N_CLIMBS)
    pool = pool.joined(search, *_ends(search, best.points[starts]))
    if search.space.stepped_names:
        pool = pool.joined(search, *_ends(search, _ends_between_steps(search, best.points[starts], rng)))
    has_choices = bool(discrete_choices(search.space, pool.settings.iloc[:0]).shape[1])
    for _ in range(N_ROUNDS if has_choices and np.isfinite(pool.scores).any() else 0):
        before = pool.scores.max()
        centre = pool.settings.iloc[[int(np.argmax(pool.scores))]]
        beside = Candidates.of(search, *_ends(search, _starts_beside(search, centre, rng)))
        chosen = _best_that_differ(discrete_choices(search.space, beside.settings), beside.scores, N_POLISHED)
        pool = pool.joined(search, *_ends(search, beside.points[chosen]))
        if pool.scores.max() <= before:
            break
    return pool


def _ends_between_steps(search: Search, starts: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return settings near where climbs end if all numbers between the steps could be set, encoded.

    The starts may be between steps too. Each climb keeps to its face, on which amounts of a mixture begin at
    a value that can be set, so that none is rounded to less than the least.
    """
    found = [starts[:0]]
    for face in faces_of(search.space, search.without_steps().frame(starts)):
        on_face = search.on(face)
        ends, _ = _ends_on_face(on_face.without_steps(), starts[face.rows])
        found.append(on_steps(on_face, Faces.of(on_face.space, search.model_space), ends.points, rng))
    return np.concatenate(found)


def _starts_beside(search: Search, centre: pd.DataFrame, rng: np.random.Generator) -> FloatArray:
    """Return for each neighbour in what is discrete the best of some feasible points, encoded.

    Where numbers have steps, other parts of a mixture are tried and climbed between these, as sums that they
    keep leave few settings on the steps; what is near the ends can be set.
    """
    has_steps = bool(search.space.stepped_names)
    beside = neighbours(search.space, centre, N_NEIGHBOURS, rng)
    others = support_neighbours(search.space, centre, N_SUPPORTS, rng)
    points = _best_tries(search, others, N_CLIMBED_SUPPORTS, rng, is_between=has_steps)
    if has_steps:
        points = _ends_between_steps(search, points, rng)
    return np.concatenate([_best_tries(search, beside, N_NEIGHBOURS, rng), points])


def _best_tries(
    search: Search, beside: pd.DataFrame, n: int, rng: np.random.Generator, *, is_between: bool = False
) -> FloatArray:
    """Return at most `n` encoded points where climbs beside settings may start, each the best of some.

    They are between the steps of numbers if so wanted.
    """
    encoded = search.model_space.encode(beside)
    own = [(search.on(face), face.rows) for face in faces_of(search.space, beside)]
    if is_between:
        search, own = search.without_steps(), [(on_face.without_steps(), rows) for on_face, rows in own]
    faces = [Faces.of(on_face.space, search.model_space) for on_face, _ in own]
    tried = [_with_tries(encoded[rows], each, rng) for each, (_, rows) in zip(faces, own, strict=True)]
    ends = np.cumsum([0, *map(len, tried)])
    settings = search.frame(np.concatenate([encoded[:0], *tried]))
    moved = [
        each.nearest(tries, settings.iloc[start:stop])
        for each, tries, start, stop in zip(faces, tried, ends[:-1], ends[1:], strict=True)
    ]
    points = np.concatenate([encoded[:0], *moved])
    points = points[search.space.is_feasible(search.frame(points))]
    if not len(points):
        return points
    choices = discrete_choices(search.space, search.frame(points))
    return points[_best_that_differ(choices, search.score_points(points), n)]


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


def _ends(search: Search, starts: FloatArray) -> tuple[Places, FloatArray]:
    """Return the places where climbs from encoded points end, those that are feasible, and their scores."""
    ends = [
        _ends_on_face(search.on(face), starts[face.rows])
        for face in faces_of(search.space, search.frame(starts))
    ]
    if not ends:
        return search.places(search.frame(starts[:0])), np.empty(0)
    return Places.joined([places for places, _ in ends]), np.concatenate([scores for _, scores in ends])


def _ends_on_face(search: Search, starts: FloatArray) -> tuple[Places, FloatArray]:
    """Climb on one face: the parts of a mixture that are zero stay so."""
    hill = hill_of(search, Faces.of(search.space, search.model_space))
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
