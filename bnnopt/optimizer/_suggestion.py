"""From a fitted model to the rows to run next: candidates, scores, refinement, a batch of different rows."""

from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt.acquisition import greedy_batch
from bnnopt.optimizer._ascents import climbed
from bnnopt.optimizer._candidates import global_candidates, local_candidates
from bnnopt.optimizer._faces import Faces
from bnnopt.optimizer._pool import EXACT_ROWS, Pool, PoolScan, blocks_of
from bnnopt.optimizer._search import Search
from bnnopt.space import random_pool

__all__ = ["suggest"]

N_CENTRES = 8
N_REFINEMENTS = 4
REFINEMENT_SHARE = 1 / 8
N_SHORTLIST = 384
N_SAMPLE = 256
MOST_LOCAL = 8_192
LARGEST_GRID = 2**20
N_OBSERVED = 256
N_POLISHES, N_NEAR, MOST_NEAR = 3, 32, 512


def suggest(search: Search, n: int, candidates: Pool | None = None) -> tuple[pd.DataFrame, FloatArray]:
    """Return at most `n` new settings and their scores, best first.

    Parameters
    ----------
    search : Search
        Model, objective and space.
    n : int
        Rows wanted, at least 1.
    candidates : DataFrame or iterable of DataFrame, optional
        The only settings to choose from; by default the whole space is searched.

    Returns
    -------
    settings : DataFrame of shape (at most n, n_names)
    scores : ndarray of shape (at most n,)
        By moments, each row on its own: not lowered by the rows chosen before it.
    """
    rng = np.random.default_rng(search.seed)
    n_kept = max(N_SHORTLIST, 4 * n)
    if candidates is None:
        pool, scores = _searched(search, n, rng)
    else:
        pool, scores = _best_of(search, candidates, n_kept, rng)
    if not np.isfinite(scores).any():
        return pool.iloc[:0], scores[:0]
    order = _shortlist(scores, n_kept)
    pool, scores = pool.iloc[order].reset_index(drop=True), scores[order]
    if search.needs_no_draws(n):
        return pool.iloc[:1].reset_index(drop=True), scores[:1]
    if candidates is None and not search.space.is_finite:
        pool, scores = _polished(search, pool, scores, n, rng)
    chosen = _filled_up(_batch(search, pool, n), scores, n)
    return pool.iloc[chosen].reset_index(drop=True), scores[chosen]


def _polished(
    search: Search, pool: pd.DataFrame, scores: FloatArray, n: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, FloatArray]:
    """Add settings near those that a batch would take: the best place after a choice may not be there yet."""
    n_near = min(N_NEAR * n, MOST_NEAR)
    for _ in range(N_POLISHES):
        centres = pool.iloc[_batch(search, pool, n)]
        near = local_candidates(search.space, centres, n_near, search.context, rng)
        n_scored = len(pool)
        pool = search.only_new(pd.concat([pool, near], ignore_index=True))
        scores = np.concatenate([scores, search.score(pool.iloc[n_scored:])])
    return pool, scores


def _searched(search: Search, n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, FloatArray]:
    """Score the whole space; look closer around the best where settings are discrete, then climb."""
    pool = search.only_new(_first_pool(search, n, rng))
    if len(pool) < n and search.space.n_points is not None and search.space.n_points <= LARGEST_GRID:
        pool = search.only_new(search.space.enumerate_points(LARGEST_GRID, context=search.context))
    scores = search.score(pool)
    if search.space.is_finite:
        return pool, scores
    faces = Faces.of(search.space, search.model_space)
    n_local = min(max(32, int(search.n_candidates * REFINEMENT_SHARE)), MOST_LOCAL)
    for _ in range(0 if faces.all_settings_move else N_REFINEMENTS):
        centres = pool.iloc[np.argsort(-scores, kind="stable")[:N_CENTRES]]
        near = local_candidates(search.space, centres, n_local, search.context, rng)
        n_scored = len(pool)
        pool = search.only_new(pd.concat([pool, near], ignore_index=True))
        scores = np.concatenate([scores, search.score(pool.iloc[n_scored:])])
    return climbed(search, faces, pool, scores, rng)


def _first_pool(search: Search, n: int, rng: np.random.Generator) -> pd.DataFrame:
    n_global = max(search.n_candidates // 2, n)
    if n_global > EXACT_ROWS and not search.space.is_finite:
        stream = random_pool(search.space, n_global, random_state=rng, context=search.context)
        everywhere, _ = PoolScan(search, n + MOST_LOCAL, 0, rng).run(blocks_of(stream, search))
    else:
        everywhere = global_candidates(search.space, n_global, search.context, rng)
    n_local = min(search.n_candidates - len(everywhere), MOST_LOCAL)
    near = local_candidates(search.space, search.best_settings(N_CENTRES), n_local, search.context, rng)
    return pd.concat([everywhere, near], ignore_index=True)


def _best_of(search: Search, pool: Pool, n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, FloatArray]:
    """Return all new settings of a small pool, of a large one the best `n` and some from all of it."""
    blocks = blocks_of(pool, search)
    first, second = next(blocks), next(blocks, None)
    if second is None:
        settings = search.only_new(first)
    else:
        scan = PoolScan(search, n, N_SAMPLE, rng)
        best, _ = scan.run(chain([first, second], blocks))
        settings = search.only_new(pd.concat([best, scan.sample], ignore_index=True))
    return settings, search.score(settings)


def _shortlist(scores: FloatArray, size: int) -> Any:
    """Return the positions of the best candidates, and as a quarter of the list some from all ranks."""
    order = np.argsort(-scores, kind="stable")
    if len(order) <= size:
        return order
    n_best = size - size // 4
    others = order[np.linspace(n_best, len(order) - 1, size // 4).astype(int)]
    return np.concatenate([order[:n_best], others])


def _batch(search: Search, pool: pd.DataFrame, n: int) -> Any:
    """Choose different rows greedily, each with those before it and those pending in mind."""
    rows = pd.concat([part for part in (pool, search.pending[pool.columns]) if len(part)], ignore_index=True)
    if search.scoring.acquisition.is_joint:
        return _joint_batch(search, rows, len(pool), n)
    return _conditioned_batch(search, rows, len(pool), n)


def _conditioned_batch(search: Search, rows: pd.DataFrame, n_pool: int, n: int) -> Any:
    """Condition the draws on what is expected of each row chosen.

    What is expected of these counts as measured: it lifts the utility to improve on too, else the neighbours
    of a promising row would follow it into the batch.
    """
    n_rows = len(rows)
    X = search.model_space.encode(rows)
    factors = search.factors(X)
    draws = _joint_draws(search, np.concatenate([X, _measured_points(search)]))
    std = draws[:, :, :n_rows].std(axis=1).T

    def score(arrays: list[FloatArray]) -> FloatArray:
        ours, known = [array[:, :n_rows] for array in arrays], [array[:, n_rows:] for array in arrays]
        situation = search.scoring.with_belief(ours, std, search.situation)
        scores = search.scoring.score_draws(ours, known, situation, factors)
        return np.concatenate([scores, np.full(draws.shape[2] - n_rows, -np.inf)])

    return greedy_batch(score, list(draws), n, pending=range(n_pool, n_rows))


def _joint_batch(search: Search, rows: pd.DataFrame, n_pool: int, n: int) -> Any:
    """Score each candidate together with the draws of rows chosen, of those pending and of those measured."""
    X = search.model_space.encode(rows)
    draws = np.moveaxis(_joint_draws(search, np.concatenate([X, _measured_points(search)])), 0, -1)
    observed, factors = draws[:, len(rows) :], search.factors(X[:n_pool])
    chosen: list[int] = []
    before = list(range(n_pool, len(rows)))
    while len(chosen) < n:
        known = draws[:, [*before, *chosen]]
        scores = search.scoring.score_jointly(draws[:, :n_pool], known, observed, search.situation, factors)
        scores[chosen] = -np.inf
        if not np.isfinite(scores).any():
            break
        chosen.append(int(np.argmax(scores)))
    return np.array(chosen, dtype=int)


def _measured_points(search: Search) -> FloatArray:
    """Return the measured rows that draws are compared with, encoded; the best, where there are many."""
    measured, outcomes = search.measured
    is_asked_for = search.scoring.acquisition.accepts("observed")
    order = search.scoring.goals.best_first(outcomes)[: N_OBSERVED if is_asked_for else 0]
    return search.model_space.encode(measured.iloc[order])


def _joint_draws(search: Search, X: FloatArray) -> FloatArray:
    """Return draws of the outcomes with exact moments, shape (n_outputs, n_draws, n)."""
    return _with_moments(search.model.draws(X, search.n_draws, search.seed), *search.model.moments(X))


def _filled_up(chosen: Any, scores: FloatArray, n: int) -> Any:
    """Add the best of the others where conditioning has left no candidate a finite score."""
    others = np.setdiff1d(np.flatnonzero(np.isfinite(scores)), chosen)
    order = others[np.argsort(-scores[others], kind="stable")]
    return np.concatenate([chosen, order])[:n]


def _with_moments(draws: FloatArray, mean: FloatArray, std: FloatArray) -> FloatArray:
    """Shift and stretch draws of shape (n_outputs, n_draws, n) to exact moments of shape (n, n_outputs).

    What is left to chance in a few hundred draws is their correlation, no longer their moments.
    """
    centre = draws.mean(axis=1, keepdims=True)
    spread = draws.std(axis=1, keepdims=True)
    stretch = np.divide(std.T[:, None], spread, out=np.zeros_like(spread), where=spread > 0)
    return mean.T[:, None] + (draws - centre) * stretch
