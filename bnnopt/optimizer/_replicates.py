"""Measured settings that are worth another run."""

import numpy as np
import pandas as pd

from bnnopt._tables import with_columns
from bnnopt._typing import BoolArray, FloatArray
from bnnopt.optimizer._kept_limits import KeptLimits, kept_limits
from bnnopt.optimizer._search import Search

__all__ = ["repeats"]

N_REPEATABLE = 256


def repeats(search: Search, n: int) -> tuple[pd.DataFrame, FloatArray]:
    """Return at most `n` measured settings that are worth another run, and how much each is.

    The worth of a setting is the probability that it is the best of the 256 best measured ones, by joint
    draws, divided by how often it was measured. Which of them keep the limits on outcomes differs from draw
    to draw where an outcome has noise; else what was measured says it in all of them, as in `kept_limits`.
    A draw in which none keeps them counts for none. Settings that the search may not choose are left out:
    those outside its bounds and constraints, and those that differ in what is held. What was measured between
    the values that can be set counts as a run of the nearest ones.
    """
    measured, outcomes = search.observations.measured
    goals, points = search.scoring.goals, search.model_space.encode(measured)
    counts = kept_limits(goals, search.model, points, outcomes)
    order = goals.best_first(outcomes, counts.is_within)
    ranked = search.model_space.rounded(measured.iloc[order])
    is_allowed = _is_allowed(search, ranked)
    rows, outcomes = with_columns(ranked, search.context)[is_allowed], outcomes[order][is_allowed]
    rows, outcomes = rows.iloc[:N_REPEATABLE], outcomes[:N_REPEATABLE]
    places = rows[search.model_space.setting_names]
    n_runs = places.groupby(list(places.columns), dropna=False)[places.columns[0]].transform("size")
    is_first = ~places.duplicated().to_numpy()
    if not len(rows):
        return rows, np.empty(0)
    rows = rows[is_first]
    worth = _probability_of_best(search, rows, outcomes[is_first], counts) / n_runs[is_first].to_numpy()
    best = np.argsort(-worth, kind="stable")[:n]
    return rows.iloc[best].reset_index(drop=True), worth[best]


def _is_allowed(search: Search, measured: pd.DataFrame) -> BoolArray:
    """Tell which measured settings the search might choose."""
    return search.agrees(measured) & search.space.is_feasible(with_columns(measured, search.context))


def _probability_of_best(
    search: Search, rows: pd.DataFrame, measured: FloatArray, counts: KeptLimits
) -> FloatArray:
    """Return how often each row, with what was measured there, is the best of those within the limits."""
    draws = search.model.draws(search.model_space.encode(rows), search.n_draws, search.seed)
    outcomes = np.moveaxis(draws, 0, -1)
    utility = search.scoring.goals.utilities(outcomes)[..., 0]
    is_within = search.scoring.goals.is_feasible(np.where(counts.is_noisy, outcomes, measured))
    utility = np.where(is_within, utility, -np.inf)[is_within.any(axis=1)]
    return np.bincount(utility.argmax(axis=1), minlength=len(rows)) / len(outcomes)
