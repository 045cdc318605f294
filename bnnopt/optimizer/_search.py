"""What a search for the next rows needs, and the ways to look at candidates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.optimizer._candidates import is_new
from bnnopt.optimizer._factors import Factors
from bnnopt.optimizer._goals import Situation
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._outcome_model import OutcomeModel
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._success import SuccessModel
from bnnopt.space import SearchSpace

__all__ = ["Search"]

BLOCK = 65_536


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
        Objectives, outcome constraints and acquisition.
    observations : Observations
        Rows told.
    pending : DataFrame
        Rows whose outcomes are on their way.
    context : mapping
        Values of the context variables, and of settings that are held.
    n_candidates : int
        Candidates to score before refinement.
    n_draws : int
        Joint draws for a batch.
    seed : int
        Seeds candidates and draws.
    success : SuccessModel, optional
        Fitted on the rows told, if some failed.
    cost : callable, optional
        Settings to what their experiments cost.
    held : mapping, default empty
        The settings that are held, by name.
    start : int, optional
        In a trust region the place of the first row told that counts: rows since then are what candidates are
        measured against, and those within the space are what they are near to.
    """

    space: SearchSpace
    model_space: SearchSpace
    model: OutcomeModel
    scoring: Scoring
    observations: Observations
    pending: pd.DataFrame
    context: Mapping[str, Any]
    n_candidates: int
    n_draws: int
    seed: int
    success: SuccessModel | None = None
    cost: Callable[[pd.DataFrame], FloatArray] | None = None
    held: Mapping[str, Any] = field(default_factory=dict)
    start: int | None = None

    @cached_property
    def situation(self) -> Situation:
        """What the rows measured say."""
        measured, outcomes = self.measured
        noise = None
        if self.scoring.acquisition.accepts("noise_variance"):
            noise = self.model.noise_variance(self.model_space.encode(measured))
        return self.scoring.situation(outcomes, noise)

    @cached_property
    def measured(self) -> tuple[pd.DataFrame, FloatArray]:
        """The rows measured that candidates are measured against, and their outcomes."""
        is_measured = ~self.observations.is_failed
        is_measured[: self.start or 0] = False
        return self.observations.told[is_measured], self.observations.outcomes[is_measured]

    def best_settings(self, n: int) -> pd.DataFrame:
        """Return at most `n` of the best settings measured, best first; in a trust region of its box."""
        measured, outcomes = self.measured
        ranked = measured.iloc[self.scoring.goals.best_first(outcomes)]
        return (ranked if self.start is None else ranked[self.space.is_inside(ranked)]).iloc[:n]

    def needs_no_draws(self, n: int) -> bool:
        """Tell whether the best score by moments is the answer: one row wanted and none pending."""
        return n == 1 and not len(self.pending) and self.scoring.acquisition.needs == "moments"

    def score(self, candidates: pd.DataFrame) -> FloatArray:
        """Score candidates by the laws of the outcomes, shape (n,), in blocks so that memory stays flat."""
        blocks = range(0, len(candidates), BLOCK)
        encoded = (self.model_space.encode(candidates.iloc[start : start + BLOCK]) for start in blocks)
        return np.concatenate([np.empty(0), *map(self.score_points, encoded)])

    def score_points(self, points: FloatArray) -> FloatArray:
        """Score points that are encoded for the model, shape (n, n_dims) to (n,)."""
        return self.scoring.score_laws(self.model.mixtures(points), self.situation, self.factors(points))

    def moments(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the outcomes' functions at encoded points, each (n, n_outputs)."""
        return self.model.moments(points)

    def score_moments(self, mean: FloatArray, std: FloatArray, points: FloatArray) -> FloatArray:
        """Score points by given moments of shape (n, n_outputs), shape (n,)."""
        return self.scoring.score_moments(mean, std, self.situation, self.factors(points))

    def factors(self, points: FloatArray) -> Factors:
        """Return what else weighs the scores of encoded points: chance of success and cost."""
        return Factors(
            log_success=0.0 if self.success is None else self.success.log_weight(points),
            cost=None if self.cost is None else self.cost(self.frame(points)),
        )

    def everywhere(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw feasible settings from the whole space, in this search's context."""
        return self.space.sample(n, random_state=rng, context=self.context)

    def frame(self, points: FloatArray) -> pd.DataFrame:
        """Return the settings at points that are encoded for the model, in this search's context."""
        return self.model_space.decode(points).assign(**self.context)

    def is_new(self, candidates: pd.DataFrame) -> BoolArray:
        """Tell which settings were not measured, are not pending and do not occur earlier in the table."""
        known = [part for part in (self.observations.told, self.pending) if len(part)]
        table = pd.concat(known, ignore_index=True) if known else candidates.iloc[:0]
        return is_new(self.model_space, candidates, table)

    def only_new(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """Leave out settings that are not new."""
        return candidates[self.is_new(candidates)].reset_index(drop=True)

    def after(self, rows: pd.DataFrame) -> "Search":
        """Return the search that follows when these rows are on their way too."""
        parts = [part for part in (self.pending, rows[list(self.pending.columns)]) if len(part)]
        return replace(self, pending=pd.concat(parts, ignore_index=True) if parts else self.pending)

    def agrees(self, settings: pd.DataFrame) -> BoolArray:
        """Tell which settings have the values that are held, shape (n,)."""
        is_held = np.ones(len(settings), dtype=bool)
        for name, value in self.held.items():
            is_held &= (settings[name] == value).to_numpy(dtype=bool)
        return is_held

    def holding(self, settings: Mapping[str, Any]) -> "Search":
        """Return the search with some settings held at values."""
        space = self.space.holding(settings)
        context, held = {**self.context, **settings}, {**self.held, **settings}
        return replace(self, space=space, context=context, held=held)
