"""Candidates: feasible settings from everywhere, and settings near good ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray
from bnnopt.optimizer._observations import settings_keys
from bnnopt.space import SearchSpace

__all__ = ["global_candidates", "is_new", "local_candidates"]

SMALLEST_STEP, LARGEST_STEP = 0.003, 0.5


def global_candidates(
    space: SearchSpace, n: int, context: Mapping[str, Any], rng: np.random.Generator
) -> pd.DataFrame:
    """Return all settings of a space that has at most `n`, else `n` drawn uniformly within constraints."""
    if space.n_points is not None and space.n_points <= n:
        return space.enumerate_points(n, context=context)
    return space.sample(n, random_state=rng, context=context)


def local_candidates(
    space: SearchSpace,
    centres: pd.DataFrame,
    n: int,
    context: Mapping[str, Any],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return feasible settings near the centres, at steps of all sizes.

    A candidate lies on the line from a centre to a random feasible setting, or on its continuation, in all
    coordinates or in some: on the whole line linear constraints stay satisfied between the two ends.

    Parameters
    ----------
    space : SearchSpace
        Bounds and constraints.
    centres : DataFrame of shape (n_centres, n_names)
        Where to look, in the user's units.
    n : int
        Candidates to try; those outside a constraint are left out.
    context : mapping
        Values of the context variables.
    rng : numpy.random.Generator
        Draws the directions.

    Returns
    -------
    DataFrame of shape (at most n, n_names)
    """
    if not len(centres) or n < 1:
        return centres.iloc[:0]
    start = space.encode(centres.assign(**context))[rng.integers(0, len(centres), n)]
    end = space.encode(space.sample(n, random_state=rng, context=context))
    step = np.exp(rng.uniform(np.log(SMALLEST_STEP), np.log(LARGEST_STEP), (n, 1)))
    step *= rng.choice([-1.0, 1.0], (n, 1))
    is_moved = _moved_coordinates(n, start.shape[1], rng)
    moved = np.clip(start + np.where(is_moved, step, 0.0) * (end - start), 0.0, 1.0)
    frame = space.decode(moved).assign(**context)
    return frame[space.is_feasible(frame)].reset_index(drop=True)


def is_new(space: SearchSpace, candidates: pd.DataFrame, known: pd.DataFrame) -> BoolArray:
    """Return whether settings are neither among the known ones nor earlier in the table, shape (n,)."""
    keys = np.concatenate([settings_keys(space, known), settings_keys(space, candidates)])
    return ~pd.DataFrame(keys).duplicated().to_numpy()[len(known) :]


def _moved_coordinates(n: int, n_dims: int, rng: np.random.Generator) -> BoolArray:
    """Move all coordinates in half of the rows, and about a third, at least one, in the others."""
    is_moved = rng.random((n, n_dims)) < 1 / 3
    is_moved[np.arange(n), rng.integers(0, n_dims, n)] = True
    is_moved[: n // 2] = True
    return is_moved
