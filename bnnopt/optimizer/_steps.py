"""A batch as a sequence of searches: how many rows each of them finds, with the rows before it in mind."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.acquisition import chebyshev_weights, get_acquisition
from bnnopt.objectives import Chebyshev
from bnnopt.optimizer._maximum import Pool, suggest
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search

__all__ = ["Step", "largest_gain", "repeats", "run_steps", "steps_of"]

Step: TypeAlias = tuple[Search, int]

N_REPEATABLE = 256


def steps_of(search: Search, n: int, exploration: float) -> list[Step]:
    """Return the searches of a batch of `n` rows.

    The last rows of a share `exploration`, rounded, are those of which the model is least sure. If there are
    several objectives and the acquisition takes one utility, each of the others has a search of its own,
    whose utility is an augmented Chebyshev norm with random weights (ParEGO; Knowles 2006, IEEE Trans. Evol.
    Comput. 10, 50-66).
    """
    n_explored = round(exploration * n)
    n_hopeful = n - n_explored
    scoring = search.scoring
    if scoring.goals.n_utilities > 1 and not scoring.acquisition.takes_many:
        hopeful = [(_scalarised(search, place), 1) for place in range(n_hopeful)]
    else:
        hopeful = [(search, n_hopeful)] if n_hopeful else []
    return [*hopeful, *((_least_sure(search, place), 1) for place in range(n_explored))]


def run_steps(
    steps: Sequence[Step], candidates: Pool | None = None, shared: Sequence[str] = ()
) -> tuple[pd.DataFrame, FloatArray]:
    """Return the rows that the searches find, one search after the other, and their scores.

    Parameters
    ----------
    steps : sequence of (Search, int)
        Each search with the number of rows that it finds.
    candidates : DataFrame or iterable of DataFrame, optional
        The only settings to choose from; a stream is read once.
    shared : sequence of str, default=()
        Settings in which all rows agree with the first.

    Returns
    -------
    settings : DataFrame of shape (at most n, n_names)
    scores : ndarray of shape (at most n,)
    """
    pool = _reusable(candidates, len(steps) > 1 or bool(shared))
    todo = [(steps[0][0], 1), (steps[0][0], steps[0][1] - 1), *steps[1:]] if shared else list(steps)
    rows, scores = steps[0][0].observations.told.iloc[:0], np.empty(0)
    for search, n in todo:
        if n < 1:
            continue
        agreed = {name: rows[name].iloc[0] for name in shared} if len(rows) else {}
        here = search.holding(agreed) if agreed else search
        more, more_scores = suggest(here.after(rows), n, pool)
        rows = pd.concat([part for part in (rows, more) if len(part)] or [more], ignore_index=True)
        scores = np.concatenate([scores, more_scores])
    return rows, scores


def repeats(search: Search, n: int) -> tuple[pd.DataFrame, FloatArray]:
    """Return at most `n` measured settings that are worth another run, and how much each is.

    The worth of a setting is the probability that it is the best of the 256 best measured ones, by joint
    draws, divided by how often it was measured. Settings that the search may not choose are left out: those
    outside its bounds and constraints, and those that differ in what is held.
    """
    measured, outcomes = search.observations.measured
    ranked = measured.iloc[search.scoring.goals.best_first(outcomes)]
    rows = ranked.assign(**search.context)[_is_allowed(search, ranked)].iloc[:N_REPEATABLE]
    places = rows[search.model_space.setting_names]
    n_runs = places.groupby(list(places.columns), dropna=False)[places.columns[0]].transform("size")
    is_first = ~places.duplicated().to_numpy()
    if not len(rows):
        return rows, np.empty(0)
    rows = rows[is_first]
    worth = _probability_of_best(search, rows) / n_runs[is_first].to_numpy()
    best = np.argsort(-worth, kind="stable")[:n]
    return rows.iloc[best].reset_index(drop=True), worth[best]


def largest_gain(search: Search) -> float:
    """Return the largest expected improvement of the first utility that a search finds."""
    goals = search.scoring.goals
    wanted = [goals.objectives[0], *goals.constraints]
    scoring = Scoring(wanted, get_acquisition("ei"), goals.outputs)  # whatever it costs
    alone = replace(search, scoring=scoring, pending=search.pending.iloc[:0], cost=None)
    _, scores = suggest(alone, 1)
    return float(scores.max(initial=0.0))


def _is_allowed(search: Search, measured: pd.DataFrame) -> BoolArray:
    """Tell which measured settings the search might choose."""
    return search.agrees(measured) & search.space.is_feasible(measured.assign(**search.context))


def _probability_of_best(search: Search, rows: pd.DataFrame) -> FloatArray:
    draws = search.model.draws(search.model_space.encode(rows), search.n_draws, search.seed)
    outcomes = np.moveaxis(draws, 0, -1)
    utility = search.scoring.goals.utilities(outcomes)[..., 0]
    utility = np.where(search.scoring.goals.is_feasible(outcomes), utility, -np.inf)
    return np.bincount(utility.argmax(axis=1), minlength=len(rows)) / len(draws[0])


def _scalarised(search: Search, place: int) -> Search:
    goals = search.scoring.goals
    rng = np.random.default_rng([search.seed, place])
    utilities = goals.utilities(search.observations.measured[1])
    weights = chebyshev_weights(goals.n_utilities, rng).tolist()
    parts: Any = goals.objectives  # each of one outcome: `Scoring` has seen to it
    objective = Chebyshev(parts, weights=weights)
    scaled = objective.scaled(utilities.min(axis=0), utilities.max(axis=0))
    scoring = search.scoring.replaced(objectives=[scaled])
    return replace(search, scoring=scoring, seed=search.seed + place)


def _least_sure(search: Search, place: int) -> Search:
    """Take the objectives in turn."""
    goals = search.scoring.goals
    objective = goals.objectives[place % goals.n_utilities]
    scoring = search.scoring.replaced(objectives=[objective], acquisition="std")
    return replace(search, scoring=scoring, seed=search.seed + place)


def _reusable(candidates: Pool | None, is_read_again: bool) -> Pool | None:
    """Return candidates that can be read as often as there are searches."""
    if candidates is None or isinstance(candidates, pd.DataFrame) or not is_read_again:
        return candidates
    return list(candidates)
