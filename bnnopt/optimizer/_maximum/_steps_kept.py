"""From places between the steps of numbers to settings that can be set."""

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._search import Search
from bnnopt.space import Real

__all__ = ["on_steps"]

N_ROUNDINGS = 128  # of a place whose nearest setting breaks a constraint
N_KEPT = 4  # of the feasible ones, those nearest


def on_steps(search: Search, faces: Faces, points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return feasible settings near points between steps, encoded.

    Each number goes to its nearest value, and what is continuous back within the constraints. Where that is
    not feasible, numbers go up or down at random, half of the times with the chance that keeps sums on
    average (randomised rounding; P. Raghavan, C. D. Thompson, Combinatorica 7 (1987) 365-374).

    Parameters
    ----------
    search : Search
        Whose space has steps.
    faces : Faces
        Of its space.
    points : ndarray of shape (n, n_dims)
        Encoded.
    rng : numpy.random.Generator
        Rounds.

    Returns
    -------
    ndarray of shape (n_kept, n_dims)
        Several of a point that was rounded at random, none where no way was feasible.
    """
    if not search.space.constraints:
        return search.places(search.frame(points)).points
    found = [points[:0]]
    for point in points:
        kept = _feasible(search, faces, search.frame(point[None]))
        if not len(kept):
            kept = _feasible(search, faces, _rounded_at_random(search, point, rng))
            distances = np.abs(kept - point).sum(axis=1)
            kept = kept[np.argsort(distances, kind="stable")[:N_KEPT]]
        found.append(kept)
    return np.concatenate(found)


def _feasible(search: Search, faces: Faces, settings: pd.DataFrame) -> FloatArray:
    """Return the points of settings, what is continuous moved within the faces, that are feasible then."""
    points = search.model_space.encode(settings)
    if len(faces.normals):
        points = faces.nearest(points, settings)
    return points[search.space.is_feasible(search.frame(points))]


def _rounded_at_random(search: Search, point: FloatArray, rng: np.random.Generator) -> pd.DataFrame:
    """Return different settings whose stepped numbers are the next values below or above those at a point."""
    between = search.without_steps().frame(point[None])
    settings = between.iloc[np.zeros(N_ROUNDINGS, dtype=int)].reset_index(drop=True)
    for variable in search.space.settings:
        if isinstance(variable, Real) and variable.grid is not None:
            position = variable.grid.positions(between[variable.name].to_numpy())
            chance = np.where(np.arange(N_ROUNDINGS) % 2, 0.5, position - np.floor(position))
            places = np.floor(position) + (rng.random(N_ROUNDINGS) < chance)
            settings[variable.name] = variable.grid.values(variable.grid.inside(places))
    return settings.drop_duplicates(ignore_index=True)
