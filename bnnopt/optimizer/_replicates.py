"""Measured settings that are worth another run."""

import numpy as np
import pandas as pd

from bnnopt._tables import with_columns
from bnnopt._typing import BoolArray, FloatArray
from bnnopt.optimizer._kept_limits import kept_limits
from bnnopt.optimizer._search import Search

__all__ = ["repeats"]

N_REPEATABLE = 256


def repeats(search: Search, n: int) -> tuple[pd.DataFrame, FloatArray]:
    """Return at most `n` measured settings that are worth another run, and how much each is.

    The worth of a setting is the probability that it is the best of the 256 best measured ones, by joint
    draws, divided by how often it was measured. Settings that the search may not choose are left out: those
    outside its bounds and constraints, and those that differ in what is held. What was measured between the
    values that can be set counts as a run of the nearest ones.
    """
    measured, outcomes = search.observations.measured
    goals, points = search.scoring.goals, search.model_space.encode(measured)
    order = goals.best_first(outcomes, kept_limits(goals, search.model, points, outcomes).is_within)
    ranked = search.model_space.rounded(measured.iloc[order])
    rows = with_columns(ranked, search.context)[_is_allowed(search, ranked)].iloc[:N_REPEATABLE]
    places = rows[search.model_space.setting_names]
    n_runs = places.groupby(list(places.columns), dropna=False)[places.columns[0]].transform("size")
    is_first = ~places.duplicated().to_numpy()
    if not len(rows):
        return rows, np.empty(0)
    rows = rows[is_first]
    worth = _probability_of_best(search, rows) / n_runs[is_first].to_numpy()
    best = np.argsort(-worth, kind="stable")[:n]
    return rows.iloc[best].reset_index(drop=True), worth[best]


def _is_allowed(search: Search, measured: pd.DataFrame) -> BoolArray:
    """Tell which measured settings the search might choose."""
    return search.agrees(measured) & search.space.is_feasible(with_columns(measured, search.context))


def _probability_of_best(search: Search, rows: pd.DataFrame) -> FloatArray:
    draws = search.model.draws(search.model_space.encode(rows), search.n_draws, search.seed)
    outcomes = np.moveaxis(draws, 0, -1)
    utility = search.scoring.goals.utilities(outcomes)[..., 0]
    utility = np.where(search.scoring.goals.is_feasible(outcomes), utility, -np.inf)
    return np.bincount(utility.argmax(axis=1), minlength=len(rows)) / len(draws[0])
