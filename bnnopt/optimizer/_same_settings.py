"""Which rows are the same settings, and which planned row is meant by one that was run."""

from decimal import Decimal

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.space import Categorical, Real, SearchSpace

__all__ = ["is_met", "is_new", "keys_of", "settings_keys"]

NEARBY = 0.01  # of the range of each number: what is run is a rounded plan, or missed it a little
ROUNDED = 0.1  # of the range, at most: as far as rounding may have moved a number of few digits
MOST_DIGITS = 6  # of a number that was rounded


def settings_keys(space: SearchSpace, frame: pd.DataFrame) -> IntArray:
    """Return for each row a number that is equal for equal settings, see `keys_of`.

    Context is left out: nobody can ask for it.
    """
    return keys_of(space, _settings_points(space, frame)) if len(frame) else np.empty(0, dtype=np.uint64)


def keys_of(space: SearchSpace, points: FloatArray) -> IntArray:
    """Return for each point a number of 64 bits, equal for equal settings, shape (n,).

    Whole numbers and those of a grid are counted, others compared to 9 digits of the range; different
    settings share a number once in 10**19 pairs.

    Parameters
    ----------
    space : SearchSpace
        Of the points.
    points : ndarray of shape (n, n_dims of the settings)
        Without the columns of context variables.
    """
    codecs = [variable.codec for variable in space.settings]
    blocks = np.split(points, np.cumsum([codec.n_dims for codec in codecs])[:-1], axis=1)
    keys = np.hstack([codec.keys(block) for codec, block in zip(codecs, blocks, strict=True)])
    return hash_pandas_object(pd.DataFrame(keys), index=False).to_numpy()


def is_new(space: SearchSpace, candidates: pd.DataFrame, known: pd.DataFrame) -> BoolArray:
    """Return whether settings are neither among the known ones nor earlier in the table, shape (n,)."""
    keys = np.concatenate([settings_keys(space, known), settings_keys(space, candidates)])
    return ~pd.Series(keys).duplicated().to_numpy()[len(known) :]


def is_met(space: SearchSpace, planned: pd.DataFrame, run: pd.DataFrame) -> BoolArray:
    """Return which planned rows are met by rows run, one by each.

    A row of equal settings meets a plan, else the nearest one that is nearby in every number: within a
    hundredth of its range, and in a continuum as far as the number that was run may have been rounded. 80 may
    stand for 75 to 85, and 0.25 for 0.225 to 0.275.

    Parameters
    ----------
    space : SearchSpace
        Of the settings.
    planned, run : DataFrame of shape (n_planned, n_columns) and (n_run, n_columns)
        Settings, checked as `tell` checks them; other columns are ignored.

    Returns
    -------
    ndarray of bool, shape (n_planned,)
        True where a row that was run means the planned one.
    """
    found = np.zeros(len(planned), dtype=bool)
    if not len(planned) or not len(run):
        return found
    is_left = np.ones(len(run), dtype=bool)
    numbers: dict[int, list[int]] = {}
    for number, key in enumerate(settings_keys(space, run).tolist()):
        numbers.setdefault(key, []).append(number)
    for place, key in enumerate(settings_keys(space, planned).tolist()):
        if numbers.get(key):
            is_left[numbers[key].pop()], found[place] = False, True
    for place, number in _pairs(space, planned, run, np.flatnonzero(~found), np.flatnonzero(is_left)):
        if is_left[number] and not found[place]:
            is_left[number], found[place] = False, True
    return found


def _pairs(
    space: SearchSpace, planned: pd.DataFrame, run: pd.DataFrame, places: IntArray, numbers: IntArray
) -> list[tuple[int, int]]:
    """Return the positions of planned rows and of rows run that may mean them, the nearest first."""
    if not len(places) or not len(numbers):
        return []
    here = _nearness_points(space, planned.iloc[places])
    there, reach = _nearness_points(space, run.iloc[numbers]), _reach(space, run.iloc[numbers])
    pairs = []
    for place, point in zip(places.tolist(), here, strict=True):
        distances = (np.abs(there - point) / reach).max(axis=1)
        near = np.flatnonzero(distances <= 1)
        pairs += [(distances[i], place, int(numbers[i])) for i in near]
    return [(place, number) for _, place, number in sorted(pairs)]


def _reach(space: SearchSpace, run: pd.DataFrame) -> FloatArray:
    """Return how far from each number run a plan may have been, in the unit cube, shape (n, n_settings)."""
    columns = [np.full(len(run), NEARBY) for _ in space.settings]
    for column, variable in zip(columns, space.settings, strict=True):
        if isinstance(variable, Real) and variable.grid is None:
            values = run[variable.name].to_numpy(dtype=float)
            halves = np.array([_half_of_last_digit(value) for value in values.tolist()])
            if variable.scale == "log":
                share = -np.log1p(-np.minimum(halves / values, 0.9)) / np.log(variable.upper / variable.lower)
            else:
                share = halves / (variable.upper - variable.lower)
            column[:] = np.clip(share * (1 + 1e-9), NEARBY, ROUNDED)
    return np.column_stack(columns)


def _half_of_last_digit(value: float) -> float:
    """Return by how much a number may be rounded: half of its last digit, 5 as one of fives; 0 by any."""
    _, digits, exponent = Decimal(f"{value:.12g}").normalize().as_tuple()
    if not value:
        return np.inf
    if len(digits) > MOST_DIGITS or not isinstance(exponent, int):
        return 0.0
    return (2.5 if digits[-1] == 5 else 0.5) * 10.0**exponent


def _settings_points(space: SearchSpace, frame: pd.DataFrame) -> FloatArray:
    """Return settings in the unit cube, without context, shape (n, n_dims of the settings)."""
    return np.hstack([variable.codec.encode(frame, variable.name) for variable in space.settings])


def _nearness_points(space: SearchSpace, frame: pd.DataFrame) -> FloatArray:
    """Return settings as one column each: numbers in the unit cube at their resolution, levels counted."""
    frame = space.rounded(frame)
    columns = []
    for variable in space.settings:
        if isinstance(variable, Categorical):
            columns.append(
                pd.Index(variable.levels, dtype=object).get_indexer(
                    pd.Index(frame[variable.name], dtype=object)
                )
            )
        else:
            columns.append(variable.codec.encode(frame, variable.name)[:, 0])
    return np.column_stack(columns).astype(float)
