"""What a search for the next rows needs, and the ways to look at candidates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.optimizer._candidates import is_new
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._outcome_model import OutcomeModel
from bnnopt.optimizer._scoring import Scoring
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

    def moments(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the outcomes' functions at encoded points, each (n, n_outputs)."""
        return self.model.moments(points)

    def score_moments(self, mean: FloatArray, std: FloatArray) -> FloatArray:
        """Score by moments of shape (n, n_outputs) alone, shape (n,)."""
        return self.scoring.score_moments(mean, std, self.observations.outputs, *self.incumbent)

    def everywhere(self, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Draw feasible settings from the whole space, in this search's context."""
        return self.space.sample(n, random_state=rng, context=self.context)

    def frame(self, points: FloatArray) -> pd.DataFrame:
        """Return the settings at points that are encoded for the model, in this search's context."""
        return self.model_space.decode(points).assign(**self.context)

    def is_new(self, candidates: pd.DataFrame) -> BoolArray:
        """Tell which settings were not measured, are not pending and do not occur earlier in the table."""
        return is_new(self.space, candidates, self.observations.known)

    def only_new(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """Leave out settings that are not new."""
        return candidates[self.is_new(candidates)].reset_index(drop=True)
