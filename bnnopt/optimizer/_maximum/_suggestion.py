"""From a fitted model to the rows to run next: candidates, scores, refinement, a batch of different rows."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray, IntArray
from bnnopt.optimizer._maximum._ascents import climbed
from bnnopt.optimizer._maximum._candidates import Candidates, from_everywhere, near
from bnnopt.optimizer._maximum._draws import batch_by_draws
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._pool import EXACT_ROWS, Pool, PoolScan, blocks_of
from bnnopt.optimizer._search import Places, Search
from bnnopt.space import random_pool

__all__ = ["best_of", "suggest"]

N_CENTRES = 8
N_REFINEMENTS = 4
REFINEMENT_SHARE = 1 / 8
N_SHORTLIST = 384
N_SAMPLE = 256
MOST_LOCAL = 8_192
LARGEST_GRID = 2**20
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
    search, rng, tick = search.believing(n), np.random.default_rng(search.seed), search.tick
    n_kept = max(N_SHORTLIST, 4 * n)
    pool = _searched(search, n, rng) if candidates is None else _best_of(search, candidates, n_kept, rng)
    is_open = np.isfinite(pool.scores).any()
    if not is_open or search.needs_no_draws(n):
        chosen = pool.take(pool.best_first[: int(is_open)])
        search.tick(n)
    else:
        pool = pool.take(_shortlist(pool, n_kept))
        n_polishes = N_POLISHES if candidates is None and search.has_reals else 0
        search = replace(search, tick=lambda n_rows: tick(n_rows / (1 + n_polishes)))
        pool = _polished(search, pool, n, n_polishes, rng)
        chosen = pool.take(_filled_up(batch_by_draws(search, pool, n), pool, n))
    return chosen.settings.reset_index(drop=True), chosen.scores


def best_of(search: Search, candidates: Pool | None, rng: np.random.Generator) -> Candidates:
    """Return scored new settings from everywhere, or of a pool, without a climb."""
    if candidates is not None:
        return _best_of(search, candidates, N_SHORTLIST, rng)
    return Candidates.of(search, from_everywhere(search, max(search.n_candidates // 2, 1), rng))


def _polished(
    search: Search, pool: Candidates, n: int, n_polishes: int, rng: np.random.Generator
) -> Candidates:
    """Add settings near those that a batch would take: the best place after a choice may not be there yet."""
    for _ in range(n_polishes):
        centres = pool.settings.iloc[batch_by_draws(search, pool, n)]
        pool = pool.joined(search, near(search, centres, min(N_NEAR * n, MOST_NEAR), rng))
    return pool


def _searched(search: Search, n: int, rng: np.random.Generator) -> Candidates:
    """Score the whole space; look closer around the best where settings are discrete, then climb."""
    pool = _first_pool(search, n, rng)
    if len(pool) < n and search.space.n_points is not None and search.space.n_points <= LARGEST_GRID:
        every = search.space.enumerate_points(LARGEST_GRID, context=search.context)
        pool = Candidates.of(search, search.places(every))
    if not search.has_reals or _is_whole(search, n):
        return pool
    faces = Faces.of(search.space, search.model_space)
    n_local = min(max(32, int(search.n_candidates * REFINEMENT_SHARE)), MOST_LOCAL)
    for _ in range(0 if faces.all_settings_move else N_REFINEMENTS):
        centres = pool.settings.iloc[pool.best_first[:N_CENTRES]]
        pool = pool.joined(search, near(search, centres, n_local, rng))
    return climbed(search, pool, rng)


def _first_pool(search: Search, n: int, rng: np.random.Generator) -> Candidates:
    """Score settings from everywhere, and settings near the best that were measured."""
    n_global = _n_global(search, n)
    if n_global > EXACT_ROWS and search.has_reals and not _is_whole(search, n):
        stream = random_pool(search.space, n_global, random_state=rng, context=search.context)
        best, _ = PoolScan(search, n + MOST_LOCAL, 0, rng).run(blocks_of(stream, search))
        everywhere, ends = search.places(best), None
    else:
        everywhere = ends = from_everywhere(search, n_global, rng)
    n_local = min(search.n_candidates - len(everywhere.points), MOST_LOCAL)
    beside = near(search, search.best_settings(N_CENTRES), n_local, rng, ends)
    settings = pd.concat([everywhere.settings, beside.settings], ignore_index=True)
    return Candidates.of(search, Places(settings, np.concatenate([everywhere.points, beside.points])))


def _n_global(search: Search, n: int) -> int:
    """Return how many settings from everywhere are scored."""
    return max(search.n_candidates // 2, n)


def _is_whole(search: Search, n: int) -> bool:
    """Tell whether these are all settings there are."""
    return search.space.n_points is not None and search.space.n_points <= _n_global(search, n)


def _best_of(search: Search, pool: Pool, n: int, rng: np.random.Generator) -> Candidates:
    """Return all new settings of a small pool, of a large one the best `n` and some from all of it."""
    blocks = blocks_of(pool, search)
    first, second = next(blocks), next(blocks, None)
    if second is None:
        return Candidates.of(search, search.places(first))
    scan = PoolScan(search, n, N_SAMPLE, rng)
    best, _ = scan.run(chain([first, second], blocks))
    return Candidates.of(search, search.places(pd.concat([best, scan.sample], ignore_index=True)))


def _shortlist(pool: Candidates, size: int) -> IntArray:
    """Return the positions of the best candidates, and as a quarter of the list some from all ranks."""
    order = pool.best_first
    if len(order) <= size:
        return order
    n_best = size - size // 4
    others = order[np.linspace(n_best, len(order) - 1, size // 4).astype(int)]
    return np.concatenate([order[:n_best], others])


def _filled_up(chosen: IntArray, pool: Candidates, n: int) -> IntArray:
    """Add the best of the others where conditioning has left no candidate a finite score."""
    order = pool.best_first
    others = order[np.isfinite(pool.scores[order]) & ~np.isin(order, chosen)]
    return np.concatenate([chosen, others])[:n]
