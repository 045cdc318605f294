"""Settings of which one or two discrete ones are a step away, or one part of a mixture is in or out."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import with_columns
from bnnopt.space import (
    Categorical,
    Discrete,
    Integer,
    Real,
    SearchSpace,
    Variable,
    faces_of,
    support_steps,
    supports_of,
)

__all__ = ["discrete_choices", "neighbours", "support_neighbours"]

MOST_CHANGES = 32  # of one setting each, that pairs are made of


def discrete_choices(space: SearchSpace, settings: pd.DataFrame) -> pd.DataFrame:
    """Return the settings that are no continuum, and which parts of a mixture are not zero, a column each."""
    names = [each.name for each in space.settings if not isinstance(each, Real) or each.grid is not None]
    return pd.concat([settings[names], supports_of(space, settings).add_prefix("is_in_")], axis=1)


def neighbours(space: SearchSpace, centre: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return settings that differ from a centre in one or two discrete settings.

    A number goes to one of the next two values above or below, or to one further off on either side that is
    drawn at random; a level to any other. Which parts of a mixture are zero stays as it is; other constraints
    are not looked at.

    Parameters
    ----------
    space : SearchSpace
        Says which settings are discrete, and their values.
    centre : DataFrame of shape (1, n_names)
        In the user's units.
    n : int
        Rows wanted; drawn at random where there are more neighbours.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    DataFrame of shape (at most n, n_names)
        Without repeats.
    """
    changes = _changes(space, centre, rng)
    singles = [dict([change]) for change in changes]
    pairs = [dict(pair) for pair in combinations(changes, 2) if pair[0][0] != pair[1][0]]
    moves = [*singles, *pairs]
    return _moved(centre, moves, n, rng)


def support_neighbours(
    space: SearchSpace, centre: pd.DataFrame, n: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return settings in which one part of a mixture comes in, goes out, or gives way to another.

    Parameters
    ----------
    space : SearchSpace
        Its cardinality constraints are kept; others are not looked at.
    centre : DataFrame of shape (1, n_names)
        In the user's units.
    n : int
        Rows wanted; drawn at random where there are more neighbours.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    DataFrame of shape (at most n, n_names)
        Without repeats.
    """
    return _moved(centre, support_steps(space, dict(centre.iloc[0])), n, rng)


def _moved(
    centre: pd.DataFrame, moves: Sequence[dict[str, Any]], n: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the centre after each of at most n moves, drawn at random."""
    chosen = [moves[place] for place in rng.permutation(len(moves))[:n]]
    return pd.concat([centre.iloc[:0], *(with_columns(centre, move) for move in chosen)], ignore_index=True)


def _changes(space: SearchSpace, centre: pd.DataFrame, rng: np.random.Generator) -> list[tuple[str, Any]]:
    """Return names of discrete settings, each with a value that it may change to."""
    changes = [
        (variable.name, other)
        for face in faces_of(space, centre)
        for variable in face.space.settings
        for other in _near_values(variable, centre[variable.name].iloc[0], rng)
    ]
    return [changes[place] for place in rng.permutation(len(changes))[:MOST_CHANGES]]


def _near_values(variable: Variable, value: Any, rng: np.random.Generator) -> list[Any]:
    """Return the next two values and one further off on either side, or all other levels; else none."""
    if isinstance(variable, Categorical):
        return [level for level in variable.levels if level != value]
    if not isinstance(variable, Discrete | Integer | Real) or variable.codec.n_points is None:
        return []
    n_points = variable.codec.n_points
    place = _place(variable, float(value))
    longest = np.log(max(n_points - 1, 3))
    down, up = np.rint(np.exp(rng.uniform(np.log(3), longest, 2))).astype(int)
    places = [place - 1, place + 1, place - 2, place + 2, place - down, place + up]
    return [_value(variable, each) for each in dict.fromkeys(places) if 0 <= each < n_points]


def _place(variable: Discrete | Integer | Real, value: float) -> int:
    """Return which of its values is nearest, counted from the smallest; there is no table of many."""
    if isinstance(variable, Discrete):
        return int(np.argmin(np.abs(np.asarray(variable.values) - value)))
    if isinstance(variable, Real) and variable.grid is not None:
        return int(variable.grid.inside(variable.grid.places(np.array(value))))
    return int(np.clip(np.rint(value - variable.lower), 0, variable.upper - variable.lower))


def _value(variable: Discrete | Integer | Real, place: int) -> float:
    if isinstance(variable, Discrete):
        return variable.values[place]
    if isinstance(variable, Real) and variable.grid is not None:
        return float(variable.grid.values(np.array(float(place))))
    return variable.lower + int(place)
