"""What a search for the next rows needs, and the ways to look at candidates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bnnopt._tables import with_columns
from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.optimizer._factors import Factors
from bnnopt.optimizer._goals import Situation
from bnnopt.optimizer._kept_limits import KeptLimits, kept_limits
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._outcome_model import OutcomeModel
from bnnopt.optimizer._progress import Tick, unseen
from bnnopt.optimizer._same_settings import keys_of, settings_keys
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._success import SuccessModel
from bnnopt.space import Face, Real, SearchSpace, Variable

__all__ = ["Places", "Search"]

BLOCK = 65_536
MOST_BELIEVED = 512  # rows pending, of which the covariance is inverted


class Places(NamedTuple):
    """Settings in the user's units, and the same as points of the model's cube."""

    settings: pd.DataFrame
    points: FloatArray

    def take(self, rows: Any) -> "Places":
        """Return some of them, by a mask or by positions."""
        return Places(self.settings[rows] if _is_mask(rows) else self.settings.iloc[rows], self.points[rows])

    @classmethod
    def joined(cls, parts: Sequence["Places"]) -> "Places":
        """Return several in one, at least one; those of no rows have no say in types of columns."""
        tables = [part.settings for part in parts if len(part.settings)] or [parts[0].settings]
        return cls(pd.concat(tables, ignore_index=True), np.concatenate([part.points for part in parts]))


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
    tick : callable, optional
        Told how many rows further the search is.
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
    tick: Tick = unseen

    @cached_property
    def situation(self) -> Situation:
        """What the model believes of the rows measured: the best value measured may be the luckiest."""
        measured, outcomes = self.measured
        noise = None
        if self.scoring.acquisition.accepts("noise_variance"):
            noise = self.model.noise_variance(self.model_space.encode(measured))
        situation = self.scoring.situation(
            self.kept_limits.believed, noise, self.kept_limits.is_within, outcomes
        )
        expected = self.model.expected
        return situation if expected is None else self.scoring.with_expected(expected, situation)

    @cached_property
    def kept_limits(self) -> KeptLimits:
        """What is believed of the rows measured, and which of them keep the outcome constraints."""
        measured, outcomes = self.measured
        return kept_limits(self.scoring.goals, self.model, self.model_space.encode(measured), outcomes)

    @cached_property
    def measured(self) -> tuple[pd.DataFrame, FloatArray]:
        """The rows measured that candidates are measured against, and their outcomes."""
        is_measured = ~self.observations.is_failed
        is_measured[: self.start or 0] = False
        return self.observations.told[is_measured], self.observations.outcomes[is_measured]

    def best_settings(self, n: int) -> pd.DataFrame:
        """Return at most `n` of the best settings measured, best first; in a trust region of its box."""
        measured, outcomes = self.measured
        ranked = measured.iloc[self.scoring.goals.best_first(outcomes, self.kept_limits.is_within)]
        if self.start is not None:
            ranked = ranked[self.space.is_inside(self.space.rounded(ranked))]
        return ranked.iloc[:n]

    def needs_no_draws(self, n: int) -> bool:
        """Tell whether the best score by moments is the answer: one row wanted, what is pending believed."""
        is_alone = not len(self.pending) or self.model.expected is not None
        return n == 1 and is_alone and self.scoring.acquisition.needs == "moments"

    def believing(self, n: int) -> "Search":
        """Return the search for `n` rows in which the pending ones count as measured as expected, if it can.

        It can for one row, where the model can count them as known and the acquisition takes moments; else
        they enter by joint draws.
        """
        is_moments = n == 1 and self.scoring.acquisition.needs == "moments"
        if not is_moments or not 0 < len(self.pending) <= MOST_BELIEVED:
            return self
        if self.model.expected is not None or not self.model.can_believe:
            return self
        return replace(self, model=self.model.given_expected(self.model_space.encode(self.pending)))

    def score(self, candidates: pd.DataFrame) -> FloatArray:
        """Score candidates by the outcomes' distributions, shape (n,); in blocks, so memory stays flat."""
        blocks = range(0, len(candidates), BLOCK)
        encoded = (self.model_space.encode(candidates.iloc[start : start + BLOCK]) for start in blocks)
        return np.concatenate([np.empty(0), *map(self.score_points, encoded)])

    def score_points(self, points: FloatArray) -> FloatArray:
        """Score points that are encoded for the model, shape (n, n_dims) to (n,)."""
        if not len(points):
            return np.empty(0)
        return self.scoring.score_mixtures(self.model.mixtures(points), self.situation, self.factors(points))

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

    def places(self, settings: pd.DataFrame) -> Places:
        """Return settings with their points."""
        return Places(settings, self.model_space.encode(settings))

    def everywhere(self, n: int, rng: np.random.Generator) -> Places:
        """Draw feasible settings from the whole space, in this search's context."""
        return self.places(self.space.sample(n, random_state=rng, context=self.context))

    def frame(self, points: FloatArray) -> pd.DataFrame:
        """Return the settings at points that are encoded for the model, in this search's context."""
        settings = self.model_space.decode(points)
        return with_columns(settings, self.context) if self.context else settings

    def in_own_cube(self, places: Places) -> FloatArray:
        """Return the points of places in the cube of the search's own bounds, which may be narrower."""
        return places.points if self._is_whole else self.space.encode(places.settings)

    def at_own(self, points: FloatArray) -> Places:
        """Return the feasible places at points of the cube of the search's own bounds."""
        settings = self.space.decode(points)
        if self._is_plain:
            return Places(settings, points)
        settings = with_columns(settings, self.context)
        if self.space.constraints:
            settings = settings[self.space.is_feasible(settings)].reset_index(drop=True)
        return self.places(settings)

    def is_new(self, settings: pd.DataFrame) -> BoolArray:
        """Tell which settings were not measured, are not pending and do not occur earlier in the table."""
        return self.is_new_key(settings_keys(self.model_space, settings))

    def is_new_key(self, keys: IntArray, beside: IntArray | None = None) -> BoolArray:
        """Tell which keys are not those of rows told or pending, nor beside them, nor occur earlier."""
        known = [self._known_keys] if beside is None else [self._known_keys, beside]
        every = pd.Series(np.concatenate([*known, keys]))
        return ~every.duplicated().to_numpy()[len(every) - len(keys) :]

    def keys(self, points: FloatArray) -> IntArray:
        """Return the keys of the settings at encoded points, shape (n,)."""
        return keys_of(self.model_space, points[:, self._is_of_setting])

    def without_steps(self) -> "Search":
        """Return the search among all numbers between those that can be set."""
        spaces = self.space.without_steps(), self.model_space.without_steps()
        return replace(self, space=spaces[0], model_space=spaces[1])

    def after(self, rows: pd.DataFrame) -> "Search":
        """Return the search that follows when these rows are on their way too."""
        if not len(rows):
            return self
        parts = [part for part in (self.pending, rows[list(self.pending.columns)]) if len(part)]
        return replace(self, pending=pd.concat(parts, ignore_index=True))

    def agrees(self, settings: pd.DataFrame) -> BoolArray:
        """Tell which settings have the values that are held, shape (n,)."""
        is_held = np.ones(len(settings), dtype=bool)
        for variable in self.model_space.variables:
            if variable.name in self.held:
                value = pd.DataFrame({variable.name: [self.held[variable.name]]})
                is_held &= (_keys(variable, settings) == _keys(variable, value)).all(axis=1)
        return is_held

    def holding(self, settings: Mapping[str, Any]) -> "Search":
        """Return the search with some settings held at values."""
        if not settings:
            return self
        space = self.space.holding(settings)
        context, held = {**self.context, **settings}, {**self.held, **settings}
        return replace(self, space=space, context=context, held=held)

    @property
    def has_reals(self) -> bool:
        """Whether some settings lie between others, so that climbs and looks from nearer may find more."""
        return any(isinstance(variable, Real) for variable in self.space.settings)

    def on(self, face: Face) -> "Search":
        """Return the search on a face of its space; where that is the whole space, this one."""
        if face.is_whole:
            return self
        return replace(self, space=face.space, context={**self.context, **face.values})

    @cached_property
    def _known_keys(self) -> IntArray:
        parts = [part for part in (self.observations.told, self.pending) if len(part)]
        return np.concatenate([np.empty(0, np.uint64), *(settings_keys(self.model_space, p) for p in parts)])

    @cached_property
    def _is_of_setting(self) -> BoolArray:
        """Which columns of a point belong to settings, context left out; shape (n_dims,)."""
        names = self.model_space.setting_names
        variables = self.model_space.variables
        return np.concatenate([np.full(each.codec.n_dims, each.name in names) for each in variables])

    @cached_property
    def _is_whole(self) -> bool:
        """Whether the search's own cube is that of the model."""
        pairs = zip(self.space.variables, self.model_space.variables, strict=True)
        return all(own.codec == wide.codec for own, wide in pairs)

    @cached_property
    def _is_plain(self) -> bool:
        """Whether each point of the cube is a setting that may be chosen, as it is."""
        is_real = all(isinstance(variable, Real) for variable in self.space.variables)
        return is_real and not self.space.stepped_names and self._is_whole and not self.space.constraints


def _keys(variable: Variable, settings: pd.DataFrame) -> FloatArray:
    """Return what values are compared by."""
    return variable.codec.keys(variable.codec.encode(settings, variable.name))


def _is_mask(rows: Any) -> bool:
    return isinstance(rows, np.ndarray) and rows.dtype == bool
