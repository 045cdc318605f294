"""Choosing a batch by joint draws: each row with those before it and those pending in mind."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from bnnopt._typing import FloatArray, IntArray
from bnnopt.acquisition import greedy_batch
from bnnopt.optimizer._maximum._candidates import Candidates
from bnnopt.optimizer._search import Search

__all__ = ["batch_by_draws"]

N_OBSERVED = 256
AT_ONCE = 64  # candidates whose bounds are highest, that are scored together


def batch_by_draws(search: Search, pool: Candidates, n: int) -> IntArray:
    """Return the positions of at most `n` different candidates, chosen greedily.

    Parameters
    ----------
    search : Search
        What scores, with the rows pending.
    pool : Candidates
        To choose from.
    n : int
        Rows wanted.
    """
    pending = _nearest(_encoded(search, search.pending), pool.points, search.n_draws // 2)
    rows = np.concatenate([pool.points, pending])
    draws = _joint_draws(search, np.concatenate([rows, _measured_points(search)]))
    at_pool = np.moveaxis(draws[:, :, : len(pool)], 0, -1)
    search = replace(search, scoring=search.scoring.of_batches(at_pool))
    choose = _joint_batch if search.scoring.acquisition.is_joint else _conditioned_batch
    return choose(search, draws, rows, len(pool), n)


def _nearest(pending: FloatArray, points: FloatArray, n: int) -> FloatArray:
    """Return at most `n` of the rows pending, those nearest to any candidate.

    As many draws tell of as many rows apart from each other: conditioned on more, they would all be the same.
    """
    if len(pending) <= n:
        return pending
    distances = np.concatenate([cdist(rows, points).min(axis=1) for rows in np.array_split(pending, 16)])
    return pending[np.sort(np.argsort(distances, kind="stable")[:n])]


def _conditioned_batch(search: Search, draws: FloatArray, rows: FloatArray, n_pool: int, n: int) -> IntArray:
    """Condition the draws on what is expected of each row chosen.

    What is expected of these counts as measured: it lifts the utility to improve on too, else the neighbours
    of a promising row would follow it into the batch.
    """
    n_rows = len(rows)
    factors = search.factors(rows)
    std = draws[:, :, :n_rows].std(axis=1).T

    def score(arrays: Sequence[FloatArray]) -> FloatArray:
        search.tick(1)
        ours, known = [array[:, :n_rows] for array in arrays], [array[:, n_rows:] for array in arrays]
        situation = search.scoring.with_belief(ours, std, search.situation)
        scores = search.scoring.score_draws(ours, known, situation, factors)
        return np.concatenate([scores, np.full(draws.shape[2] - n_rows, -np.inf)])

    return greedy_batch(score, list(draws), n, pending=range(n_pool, n_rows))


def _joint_batch(search: Search, draws: FloatArray, rows: FloatArray, n_pool: int, n: int) -> IntArray:
    """Score each candidate together with the draws of rows chosen, of those pending and of those measured.

    What a candidate adds does not grow with the rows chosen before it, so what it added last is a bound of
    what it adds now: only candidates whose bounds are highest are scored again (lazy greedy; Minoux 1978,
    "Accelerated greedy algorithms for maximizing submodular set functions").
    """
    draws = np.moveaxis(draws, 0, -1)
    observed, factors = draws[:, len(rows) :], search.factors(rows[:n_pool])
    chosen: list[int] = []
    before = list(range(n_pool, len(rows)))
    bounds = np.full(n_pool, np.inf)
    while len(chosen) < n:
        known = draws[:, [*before, *chosen]]

        def score(places: IntArray, known: FloatArray = known) -> FloatArray:
            own, weights = draws[:, places], factors.take(places)
            return search.scoring.score_jointly(own, known, observed, search.situation, weights)

        if len(before) + len(chosen) < 2:  # a score alone may be no gain
            bounds = np.where(np.isneginf(bounds), bounds, np.inf)
        scores = _scores_of_highest(score, bounds)
        if not np.isfinite(scores).any():
            break
        chosen.append(int(np.argmax(scores)))
        bounds[chosen[-1]] = -np.inf
        search.tick(1)
    return np.array(chosen, dtype=int)


def _scores_of_highest(score: Callable[[IntArray], FloatArray], bounds: FloatArray) -> FloatArray:
    """Return scores of as many candidates as it takes to know the highest, -inf for others; lower bounds."""
    scores = np.full(len(bounds), -np.inf)
    order = np.argsort(-bounds, kind="stable")
    order = order[~np.isneginf(bounds[order])]
    start = 0
    while start < len(order) and scores.max() < bounds[order[start]]:
        n_at_once = len(order) if np.isposinf(bounds[order[start]]) else AT_ONCE
        part = np.sort(order[start : start + n_at_once])
        scores[part] = score(part)
        bounds[part] = scores[part]
        start += n_at_once
    return scores


def _measured_points(search: Search) -> FloatArray:
    """Return the measured rows that draws are compared with, encoded; the best, where there are many."""
    measured, outcomes = search.measured
    is_asked_for = search.scoring.acquisition.accepts("observed")
    order = search.scoring.goals.best_first(outcomes, search.kept_limits.is_within)[
        : N_OBSERVED if is_asked_for else 0
    ]
    return _encoded(search, measured.iloc[order])


def _encoded(search: Search, settings: pd.DataFrame) -> FloatArray:
    return search.model_space.encode(settings)


def _joint_draws(search: Search, X: FloatArray) -> FloatArray:
    """Return draws of the outcomes with exact moments, shape (n_outputs, n_draws, n)."""
    return _with_moments(search.model.draws(X, search.n_draws, search.seed), *search.model.moments(X))


def _with_moments(draws: FloatArray, mean: FloatArray, std: FloatArray) -> FloatArray:
    """Shift and stretch draws of shape (n_outputs, n_draws, n) to exact moments of shape (n, n_outputs).

    What is left to chance in a few hundred draws is their correlation, no longer their moments.
    """
    centre = draws.mean(axis=1, keepdims=True)
    spread = draws.std(axis=1, keepdims=True)
    stretch = np.divide(std.T[:, None], spread, out=np.zeros_like(spread), where=spread > 0)
    return mean.T[:, None] + (draws - centre) * stretch
