"""Rows that look elsewhere, where one more beside those told could tell nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.acquisition import get_acquisition
from bnnopt.optimizer._maximum import Candidates, Pool, best_of
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search

__all__ = ["away_from", "is_flat", "n_elsewhere"]

BESIDE = 0.01  # of the range of each input: rows this near to each other are repeats in disguise
AWAY = 0.2  # of the range of some input: how far from rows told a row elsewhere is, if there is such a place
NEARER = 0.5  # of that distance, tried next
TELLING = 1 / 3  # of the noise, an improvement: what is less takes ten repeats to be told


def is_flat(outcomes: FloatArray) -> bool:
    """Tell whether all outcomes (n, n_outputs) are alike, so that a model knows of no direction."""
    return len(outcomes) > 0 and not np.ptp(outcomes, axis=0).any()


def n_elsewhere(search: Search, rows: pd.DataFrame, n: int) -> int:
    """Return how many of the `n` rows of a batch should look elsewhere.

    A row that lies beside one told, within a hundredth of every range, and whose expected improvement is less
    than a third of the noise of one measurement, tells less than it costs: ten repeats would be needed to see
    whether it is better. Where the best row of a batch is such a one, every second row looks elsewhere,
    single rows in turn. So do rows that were not found, since the model expects nothing to be better
    anywhere.

    Parameters
    ----------
    search : Search
        With one utility that is improved on; for others, and where experiments have costs, it is 0.
    rows : DataFrame of shape (at most n, n_names)
        Those that were found, best first.
    n : int
        Rows wanted.
    """
    if not _is_improvement(search):
        return 0
    if not len(rows):
        return n
    best = search.places(rows.iloc[:1]).points
    is_beside = _beside(best, _known_points(search), BESIDE).any()
    if not is_beside or _gain(search, best) >= TELLING * _noise_std(search):
        return n - len(rows)
    n_before = len(search.observations.told) + len(search.pending)
    return max((n + n_before % 2) // 2, n - len(rows))


def away_from(search: Search, n: int, pool: Pool | None) -> tuple[pd.DataFrame, FloatArray]:
    """Return at most `n` new settings away from all rows told and pending, and their scores, best first.

    Each differs from every known row by a fifth of the range of some input, where there are such settings,
    else by less; among them the score decides, and where it is the same for all, what the model knows least.
    """
    rng = np.random.default_rng([search.seed, 1])
    batch = search.pending.iloc[:0], np.empty(0)
    for _ in range(n):
        candidates = best_of(search, pool, rng)
        left = candidates.take(_is_away(candidates.points, _known_points(search)))
        if not len(left):
            break
        chosen = left.take([_most_wanted(search, left)])
        tables = [table for table in (batch[0], chosen.settings) if len(table)]
        batch = pd.concat(tables, ignore_index=True), np.concatenate([batch[1], chosen.scores])
        search = search.after(chosen.settings)
    return batch


def _is_away(points: FloatArray, known: FloatArray) -> BoolArray:
    """Tell which points are away from the known ones; all, if none is."""
    distance = AWAY
    while distance > BESIDE:
        is_away = ~_beside(points, known, distance)
        if is_away.any():
            return is_away
        distance *= NEARER
    return np.ones(len(points), dtype=bool)


def _most_wanted(search: Search, candidates: Candidates) -> int:
    scores = candidates.scores
    known = scores[np.isfinite(scores)]
    if not len(known) or known.max() == known.min():
        scoring = search.scoring.replaced(acquisition="std")
        scores = replace(search, scoring=scoring).score_points(candidates.points)
    return int(np.argmax(scores))


def _is_improvement(search: Search) -> bool:
    scoring = search.scoring
    has_cost = search.cost is not None or scoring.cost_output is not None
    return scoring.goals.n_utilities == 1 and scoring.acquisition.requires("best") and not has_cost


def _gain(search: Search, points: FloatArray) -> float:
    """Return the largest expected improvement of the utility at encoded points."""
    goals = search.scoring.goals
    scoring = Scoring([*goals.objectives, *goals.constraints], get_acquisition("ei"), goals.outputs)
    return float(replace(search, scoring=scoring).score_points(points).max())


def _noise_std(search: Search) -> float:
    """Return the standard deviation of the utility of a measurement."""
    measured, outcomes = search.measured
    noise = search.model.noise_variance(search.model_space.encode(measured))
    return float(np.sqrt(search.scoring.situation(outcomes, noise).noise_variance))


def _known_points(search: Search) -> FloatArray:
    told = search.observations.told
    parts = [part for part in (told, search.pending) if len(part)]
    return np.concatenate([search.model_space.encode(part) for part in parts])


def _beside(points: FloatArray, known: FloatArray, distance: float) -> BoolArray:
    """Tell which points are within a distance of a known one in every coordinate, shape (n,)."""
    is_beside = np.zeros(len(points), dtype=bool)
    for row in known:
        is_beside |= (np.abs(points - row) <= distance).all(axis=1)
    return is_beside
