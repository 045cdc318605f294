"""From a fitted model to the rows to run next: candidates, scores, refinement, a batch of different rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt._validation import require_columns
from bnnopt.acquisition import greedy_batch
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._candidates import global_candidates, is_new, local_candidates
from bnnopt.optimizer._faces import Faces
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._outcome_model import OutcomeModel
from bnnopt.optimizer._refinement import climb, spread_starts
from bnnopt.optimizer._scoring import Scoring
from bnnopt.space import SearchSpace

__all__ = ["Search", "suggest"]

N_CENTRES = 8
N_REFINEMENTS = 4
REFINEMENT_SHARE = 1 / 8
N_SHORTLIST = 384
BLOCK = 65_536
LARGEST_GRID = 2**20
N_CLIMBS = 8


@dataclass(frozen=True)
class Search:
    """What a search for the next rows needs.

    Attributes
    ----------
    space : SearchSpace
        Bounds and constraints of the search, context bounded.
    model_space : SearchSpace
        The space that the model was fitted in; the same columns.
    model : OutcomeModel
        Fitted on the rows told.
    scoring : Scoring
        Objective, outcome constraints and acquisition.
    observations : Observations
        Rows told and pending.
    context : mapping
        Values of the context variables.
    n_candidates : int
        Candidates to score before refinement.
    n_draws : int
        Joint draws for a batch.
    seed : int
        Seeds candidates and draws.
    """

    space: SearchSpace
    model_space: SearchSpace
    model: OutcomeModel
    scoring: Scoring
    observations: Observations
    context: Mapping[str, Any]
    n_candidates: int
    n_draws: int
    seed: int

    @property
    def incumbent(self) -> tuple[float, float]:
        """Utility to improve on and worst utility, from the rows measured."""
        return self.scoring.incumbent(self.observations.measured[1], self.observations.outputs)

    def needs_no_draws(self, n: int) -> bool:
        """Tell whether the best score by moments is the answer: one row wanted and none pending."""
        return n == 1 and not len(self.observations.pending) and self.scoring.needs == "moments"

    def score(self, candidates: pd.DataFrame) -> FloatArray:
        """Score candidates by the laws of the outcomes, shape (n,), in blocks so that memory stays flat."""
        blocks = range(0, len(candidates), BLOCK)
        encoded = (self.model_space.encode(candidates.iloc[start : start + BLOCK]) for start in blocks)
        return np.concatenate([np.empty(0), *map(self.score_points, encoded)])

    def score_points(self, points: FloatArray) -> FloatArray:
        """Score points that are encoded for the model, shape (n, n_dims) to (n,)."""
        laws = self.model.mixtures(points)
        return self.scoring.score_mixtures(laws, self.observations.outputs, *self.incumbent)

    def frame(self, points: FloatArray) -> pd.DataFrame:
        """Return the settings at points that are encoded for the model, in this search's context."""
        return self.model_space.decode(points).assign(**self.context)

    def only_new(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """Leave out settings that were measured, are pending, or occur earlier in the table."""
        flags = is_new(self.space, candidates, self.observations.known)
        return candidates[flags].reset_index(drop=True)


def suggest(
    search: Search, n: int, candidates: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, FloatArray]:
    """Return at most `n` new settings and their scores, best first.

    Parameters
    ----------
    search : Search
        Model, objective and space.
    n : int
        Rows wanted, at least 1.
    candidates : DataFrame, optional
        The only settings to choose from; by default the whole space is searched.

    Returns
    -------
    settings : DataFrame of shape (at most n, n_names)
    scores : ndarray of shape (at most n,)
        By moments, each row on its own: not lowered by the rows chosen before it.
    """
    rng = np.random.default_rng(search.seed)
    if candidates is None:
        pool, scores = _searched(search, n, rng)
    else:
        pool = search.only_new(_given(search, candidates))
        scores = search.score(pool)
    if not np.isfinite(scores).any():
        return pool.iloc[:0], scores[:0]
    order = _shortlist(scores, max(N_SHORTLIST, 4 * n))
    pool, scores = pool.iloc[order].reset_index(drop=True), scores[order]
    chosen = [0] if search.needs_no_draws(n) else _filled_up(_batch(search, pool, n), scores, n)
    return pool.iloc[chosen].reset_index(drop=True), scores[chosen]


def _searched(search: Search, n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, FloatArray]:
    """Score the whole space, then look closer around the best, a few times."""
    pool = search.only_new(_first_pool(search, n, rng))
    if len(pool) < n and search.space.n_points is not None and search.space.n_points <= LARGEST_GRID:
        pool = search.only_new(search.space.enumerate_points(LARGEST_GRID, context=search.context))
    scores = search.score(pool)
    if search.space.is_finite:
        return pool, scores
    n_local = max(32, int(search.n_candidates * REFINEMENT_SHARE))
    for _ in range(N_REFINEMENTS):
        centres = pool.iloc[np.argsort(-scores, kind="stable")[:N_CENTRES]]
        near = local_candidates(search.space, centres, n_local, search.context, rng)
        n_scored = len(pool)
        pool = search.only_new(pd.concat([pool, near], ignore_index=True))
        scores = np.concatenate([scores, search.score(pool.iloc[n_scored:])])
    return _climbed(search, pool, scores)


def _climbed(search: Search, pool: pd.DataFrame, scores: FloatArray) -> tuple[pd.DataFrame, FloatArray]:
    """Add where climbs from the best candidates end."""
    order = np.argsort(-scores, kind="stable")[:N_SHORTLIST]
    points = search.model_space.encode(pool.iloc[order])
    chosen = spread_starts(points, scores[order], N_CLIMBS)
    faces = Faces.of(search.space)
    slack = faces.slack(pool.iloc[order[chosen]])

    def is_feasible(points: FloatArray) -> BoolArray:
        if not search.space.constraints:
            return np.ones(len(points), dtype=bool)
        return search.space.is_feasible(search.frame(points))

    ended = search.frame(climb(search.score_points, is_feasible, points[chosen], faces, slack))
    n_scored = len(pool)
    pool = search.only_new(pd.concat([pool, ended[search.space.is_feasible(ended)]], ignore_index=True))
    return pool, np.concatenate([scores, search.score(pool.iloc[n_scored:])])


def _first_pool(search: Search, n: int, rng: np.random.Generator) -> pd.DataFrame:
    n_global = max(search.n_candidates // 2, n)
    everywhere = global_candidates(search.space, n_global, search.context, rng)
    told, outcomes = search.observations.measured
    utility = search.scoring.utility(outcomes, search.observations.outputs)
    feasible = search.scoring.is_feasible(outcomes, search.observations.outputs)
    order = np.lexsort((-utility, ~feasible))[:N_CENTRES]
    n_local = search.n_candidates - len(everywhere)
    near = local_candidates(search.space, told.iloc[order], n_local, search.context, rng)
    return pd.concat([everywhere, near], ignore_index=True)


def _given(search: Search, candidates: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(candidates)
    require_columns(frame, search.space.setting_names, "candidates")
    frame = frame.assign(**search.context)[search.space.names].reset_index(drop=True)
    is_feasible = search.space.is_feasible(frame)
    if not is_feasible.any():
        raise InvalidDataError(
            f"None of the {len(frame)} candidate(s) is inside the bounds and constraints of the space. "
            "Check their units, or loosen the space."
        )
    return frame[is_feasible].reset_index(drop=True)


def _shortlist(scores: FloatArray, size: int) -> Any:
    """Return the positions of the best candidates, and as a quarter of the list some from all ranks."""
    order = np.argsort(-scores, kind="stable")
    if len(order) <= size:
        return order
    n_best = size - size // 4
    others = order[np.linspace(n_best, len(order) - 1, size // 4).astype(int)]
    return np.concatenate([order[:n_best], others])


def _batch(search: Search, pool: pd.DataFrame, n: int) -> Any:
    """Choose different rows greedily, each after conditioning on the ones before and on those pending.

    What is expected of these counts as measured: it lifts the utility to improve on too, else the neighbours
    of a promising row would follow it into the batch.
    """
    pending = search.observations.pending[search.space.names]
    rows = pd.concat([part for part in (pool, pending) if len(part)], ignore_index=True)
    outputs = search.observations.outputs
    best, worst = search.incumbent
    X = search.model_space.encode(rows)
    draws = _with_moments(search.model.draws(X, search.n_draws, search.seed), *search.model.moments(X))
    std = draws.std(axis=1).T

    def score(arrays: list[FloatArray]) -> FloatArray:
        believed = search.scoring.believed_best(arrays, std, outputs)
        return search.scoring.score_draws(arrays, outputs, max(best, believed), worst)

    return greedy_batch(score, list(draws), n, pending=range(len(pool), len(rows)))


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
