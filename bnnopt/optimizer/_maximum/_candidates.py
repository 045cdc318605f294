"""Candidates: settings from everywhere and near good ones, different, new and scored."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import with_columns
from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.optimizer._search import Places, Search
from bnnopt.space import Face, faces_of

__all__ = ["Candidates", "from_everywhere", "near"]

SMALLEST_STEP, LARGEST_STEP = 0.003, 0.5


@dataclass(frozen=True)
class Candidates:
    """Different new settings, where they are, and their scores.

    Attributes
    ----------
    places : Places
        Settings of shape (n, n_names), and the points of shape (n, n_dims).
    scores : ndarray of shape (n,)
        Larger is better, finite or -inf.
    keys : ndarray of int, shape (n,)
        Equal for equal settings.
    """

    places: Places
    scores: FloatArray
    keys: IntArray

    @classmethod
    def of(cls, search: Search, places: Places, scores: FloatArray | None = None) -> "Candidates":
        """Return those places that are new; they are scored unless their scores are given."""
        nothing = cls(places.take(slice(0, 0)), np.empty(0), np.empty(0, np.uint64))
        return nothing.joined(search, places, scores)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.scores)

    @property
    def settings(self) -> pd.DataFrame:
        """In the user's units, shape (n, n_names)."""
        return self.places.settings

    @property
    def points(self) -> FloatArray:
        """Encoded for the model, shape (n, n_dims)."""
        return self.places.points

    @property
    def best_first(self) -> IntArray:
        """The positions by falling scores; of equal scores the first comes first."""
        return np.argsort(-self.scores, kind="stable")

    def take(self, rows: Any) -> "Candidates":
        """Return some of them, by a mask or by positions."""
        return Candidates(self.places.take(rows), self.scores[rows], self.keys[rows])

    def joined(self, search: Search, places: Places, scores: FloatArray | None = None) -> "Candidates":
        """Return these and those of other places that are new; see `of`."""
        keys = search.keys(places.points)
        is_new = search.is_new_key(keys, self.keys)
        if not is_new.all():
            places, keys = places.take(is_new), keys[is_new]
        values = search.score_points(places.points) if scores is None else scores[is_new]
        tables = [table for table in (self.settings, places.settings) if len(table)] or [places.settings]
        return Candidates(
            Places(pd.concat(tables, ignore_index=True), np.concatenate([self.points, places.points])),
            np.concatenate([self.scores, values]),
            np.concatenate([self.keys, keys]),
        )


def from_everywhere(search: Search, n: int, rng: np.random.Generator) -> Places:
    """Return all settings of a space that has at most `n`, else `n` drawn uniformly within constraints."""
    space = search.space
    if space.n_points is not None and space.n_points <= n:
        return search.places(space.enumerate_points(n, context=search.context))
    return search.everywhere(n, rng)


def near(
    search: Search, centres: pd.DataFrame, n: int, rng: np.random.Generator, ends: Places | None = None
) -> Places:
    """Return feasible settings near the centres, at steps of all sizes.

    A candidate lies on the line from a centre to a random feasible setting, or on its continuation, in all
    coordinates or in some: on the whole line linear constraints stay satisfied between the two ends. Where a
    cardinality constraint says how many parts may be other than zero, both ends have the same of them.

    Parameters
    ----------
    search : Search
        Bounds, constraints and context.
    centres : DataFrame of shape (n_centres, n_names)
        Where to look, in the user's units.
    n : int
        Candidates to try; those outside a constraint are left out.
    rng : numpy.random.Generator
        Draws the directions.
    ends : Places, optional
        Feasible settings drawn uniformly that lines may lead to, at least one; by default new ones, as also
        where centres are on faces of the space.
    """
    centres = with_columns(centres, search.context)
    faces = faces_of(search.space, centres)
    found = [search.places(centres.iloc[:0])]
    for face, n_own in zip(faces, _shares(n, [len(face.rows) for face in faces]), strict=True):
        if n_own > 0:
            found.append(_on_lines(search, face, centres, n_own, rng, ends if face.is_whole else None))
    return Places.joined(found)


def _on_lines(
    search: Search,
    face: Face,
    centres: pd.DataFrame,
    n: int,
    rng: np.random.Generator,
    ends: Places | None,
) -> Places:
    """Return feasible settings of a face on lines from the centres that it has."""
    search, centres = search.on(face), centres.iloc[face.rows]
    start = search.space.encode(centres)[rng.integers(0, len(centres), n)]
    if ends is None:
        ends = search.places(face.sample(n, random_state=rng, context=search.context))
    if not len(ends.points):
        return ends
    end = search.in_own_cube(ends)
    end = end if len(end) == n else end[rng.integers(0, len(end), n)]
    step = np.exp(rng.uniform(np.log(SMALLEST_STEP), np.log(LARGEST_STEP), (n, 1)))
    step *= rng.choice([-1.0, 1.0], (n, 1))
    is_moved = _moved_coordinates(n, start.shape[1], rng)
    return search.at_own(np.clip(start + np.where(is_moved, step, 0.0) * (end - start), 0.0, 1.0))


def _shares(n: int, sizes: list[int]) -> list[int]:
    """Return how many of n belong to each group, in proportion to their sizes."""
    ends = np.rint(n * np.cumsum([0, *sizes]) / max(sum(sizes), 1)).astype(int)
    return np.diff(ends).tolist()


def _moved_coordinates(n: int, n_dims: int, rng: np.random.Generator) -> BoolArray:
    """Move all coordinates in half of the rows, and about a third, at least one, in the others."""
    is_moved = rng.random((n, n_dims)) < 1 / 3
    is_moved[np.arange(n), rng.integers(0, n_dims, n)] = True
    is_moved[: n // 2] = True
    return is_moved
