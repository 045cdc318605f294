"""What is wanted of the outcomes: utilities, outcome constraints, and what they are measured against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import qmc

from bnnopt._plain import flag_in, shown
from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt._validation import floats_or_nan
from bnnopt.acquisition import NormalMixture, average_scores, non_dominated, reference_point
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective, OutcomeConstraint, UtilityObjective, split_objectives

__all__ = ["Goals", "Situation", "reference_in_order"]

LOG2_SAMPLES = 6
LARGEST_VOLUME = 1e140  # that a front may dominate, in the units of the utilities: squares of it are numbers


@dataclass(frozen=True)
class Situation:
    """What the rows measured so far say, as acquisition functions may ask for it.

    Attributes
    ----------
    best, worst : float
        Utility to improve on, and the worst one; of the first utility where there are several.
    n_observed : int
        Rows measured.
    noise_variance : float
        Variance of the observation noise, in squared units of the utility.
    least_cost : float
        Lowest cost so far, where an outcome tells it; what is predicted below a tenth of it counts as that.
    front : ndarray of shape (n_front, n_utilities)
        The feasible rows that no other feasible row dominates.
    reference : ndarray of shape (n_utilities,)
        What a utility must exceed to count; a little worse than the worst of the front.
    """

    best: float
    worst: float
    n_observed: int = 0
    noise_variance: float = 0.0
    least_cost: float = 0.0
    front: FloatArray = field(default_factory=lambda: np.empty((0, 1)))
    reference: FloatArray = field(default_factory=lambda: np.zeros(1))

    def known(self) -> dict[str, Any]:
        """Return what an acquisition function may ask for, by name."""
        return {
            "best": self.best,
            "n_observed": self.n_observed,
            "noise_variance": self.noise_variance,
            "front": self.front if self.front.shape[1] > 1 else None,
            "reference": self.reference if self.front.shape[1] > 1 else None,
        }


class Goals:
    """Objectives and outcome constraints, applied to outcomes, moments or distributions of outcomes.

    Parameters
    ----------
    objectives : sequence of objectives and outcome constraints
        At least one objective, and any number of `OutcomeConstraint`.
    outputs : sequence of str, optional
        Names of the outcomes, the last axis of all arrays; by default those that the objectives name.
    reference : sequence of float, optional
        What each of several objectives must exceed to count, as outcomes in their units, of objectives of
        several outcomes as utilities; by default it is inferred from the rows.

    Raises
    ------
    InvalidDataError
        There is no objective, an entry is something else, or an outcome is not among the outputs.
    """

    def __init__(
        self,
        objectives: Sequence[Objective],
        outputs: Sequence[str] | None = None,
        reference: Sequence[float] | None = None,
    ) -> None:
        _refuse_strangers(objectives)
        self.objectives, self.constraints = split_objectives(objectives)
        if not self.objectives:
            raise InvalidDataError(
                "Expected at least one objective, such as Minimize, Maximize or Target, besides any "
                "OutcomeConstraint; got none."
            )
        doubled = [each for place, each in enumerate(self.objectives) if each in self.objectives[:place]]
        if doubled:
            raise InvalidDataError(
                f"objectives: {doubled[0].type} {doubled[0].name!r} occurs twice; keep it once, or give it "
                "the weight that it is to have in a WeightedSum."
            )
        without = [each.name for each in self.objectives if not getattr(each, "is_scaled", True)]
        if without:
            raise InvalidDataError(
                f"objectives: {without} has no limits of its parts' utilities. Give lows and highs, or call "
                "scaled(low, high) with those of your rows."
            )
        named = [name for each in (*self.objectives, *self.constraints) for name in each.names]
        self.outputs = tuple(dict.fromkeys(named)) if outputs is None else tuple(outputs)
        unknown = [name for name in dict.fromkeys(named) if name not in self.outputs]
        if unknown:
            raise InvalidDataError(
                f"objectives: unknown outcome(s) {unknown}; the optimizer is told {list(self.outputs)}."
            )
        self.reference = None if reference is None else self._as_utilities(reference)

    @property
    def n_utilities(self) -> int:
        """Number of objectives."""
        return len(self.objectives)

    def utilities(self, outcomes: FloatArray) -> FloatArray:
        """Return the utilities of outcomes of shape (..., n_outputs), shape (..., n_utilities)."""
        return np.stack([self._utility(each, outcomes) for each in self.objectives], axis=-1)

    def is_feasible(self, outcomes: FloatArray) -> BoolArray:
        """Return whether outcomes of shape (..., n_outputs) satisfy all constraints, shape (...)."""
        flags = np.ones(outcomes.shape[:-1], dtype=bool)
        for constraint in self.constraints:
            flags &= constraint.is_satisfied(outcomes[..., self.outputs.index(constraint.name)])
        return flags

    def best_first(self, outcomes: FloatArray, is_within: BoolArray) -> IntArray:
        """Return the order of outcomes (n, n_outputs): those within limits, the front, the utilities; (n,).

        Several utilities are added up, each in units of its range.
        """
        utilities = self.utilities(outcomes)
        spread = np.ptp(utilities, axis=0)
        total = (utilities / np.where(spread > 0, spread, 1.0)).sum(axis=1)
        is_front = non_dominated(utilities) if self.n_utilities > 1 else np.zeros(len(total), dtype=bool)
        return np.lexsort((-total, ~is_front, ~is_within))

    def ranks(self, outcomes: FloatArray, compared: FloatArray | None = None) -> IntArray:
        """Return dense ranks of outcomes (n, n_outputs), from 0, larger is better, equal where none is; (n,).

        Rows that keep the constraints are ranked by the first utility, above the others. These are ranked by
        how far they are beyond the limits, added up in units of the range of each outcome (as in SCBO;
        Eriksson and Poloczek, AISTATS 2021). `compared` is what limits are held against (`KeptLimits`), by
        default the outcomes.
        """
        if not len(outcomes):
            return np.empty(0, dtype=np.intp)
        beyond = self._beyond(outcomes if compared is None else compared)
        utility = np.where(beyond > 0, 0.0, self.utilities(outcomes)[:, 0])
        _, ranks = np.unique(np.column_stack([0.0 - beyond, utility]), axis=0, return_inverse=True)
        return ranks.reshape(-1)

    def utility_moments(self, mean: FloatArray, std: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return moments of the utilities from those of the outcomes, (n, n_outputs) to (n, n_utilities)."""
        moments = [self._moments(each, mean, std) for each in self.objectives]
        means, stds = zip(*moments, strict=True)
        return np.column_stack(means), np.column_stack(stds)

    def log_probability(self, mixtures: Sequence[NormalMixture]) -> FloatArray:
        """Return the log probability that all constraints hold, by each output's distribution; shape (n,)."""
        total = np.zeros(mixtures[0].mean.shape[1])
        for constraint in self.constraints:
            mixture = mixtures[self.outputs.index(constraint.name)]
            parts = [
                constraint.log_probability(*part) for part in zip(mixture.mean, mixture.std, strict=True)
            ]
            total = total + np.minimum(average_scores(np.array(parts), mixture.shares, "log"), 0.0)
        return total

    def situation(
        self, outcomes: FloatArray, noise: FloatArray | None = None, is_within: BoolArray | None = None
    ) -> Situation:
        """Return what outcomes of shape (n_observed, n_outputs) say, as measured or as a model believes them.

        The utility to improve on is the best among the rows that satisfy the constraints; where none does, it
        is the worst of all, so that any candidate likely to satisfy them counts as an improvement.

        Parameters
        ----------
        outcomes : ndarray of shape (n_observed, n_outputs)
        noise : ndarray of shape (n_outputs,), optional
            Variance of the observation noise of each outcome; 0 if it is not given.
        is_within : ndarray of bool of shape (n_observed,), optional
            Which rows count as keeping the constraints (`KeptLimits`); by default what the outcomes say.
        """
        utilities = self.utilities(outcomes)
        is_feasible = self.is_feasible(outcomes) if is_within is None else is_within
        first, feasible = utilities[:, 0], utilities[is_feasible]
        worst = float(first.min())
        situation = Situation(
            best=float(feasible[:, 0].max()) if len(feasible) else worst,
            worst=worst,
            n_observed=len(outcomes),
            noise_variance=0.0 if noise is None else self._noise_of_utility(outcomes, noise),
        )
        if self.n_utilities == 1:
            return situation
        self._refuse_volumes(utilities)
        front = feasible[non_dominated(feasible)] if len(feasible) else feasible
        reference = self.reference
        if reference is None:
            reference = reference_point(utilities, front if len(front) else None)
        return replace(situation, front=front, reference=reference)

    def _beyond(self, outcomes: FloatArray) -> FloatArray:
        """Return how far outcomes (n, n_outputs) are beyond the limits of all constraints together, (n,)."""
        total = np.zeros(len(outcomes))
        for constraint in self.constraints:
            values = outcomes[:, self.outputs.index(constraint.name)]
            spread = float(np.ptp(values)) or 1.0
            total += (
                np.maximum(np.maximum(constraint.limits[0] - values, values - constraint.limits[1]), 0)
                / spread
            )
        return total

    def _as_utilities(self, reference: Sequence[float]) -> FloatArray:
        given = list(reference) if isinstance(reference, Iterable) else [reference]
        has_flags = flag_in(given) is not None
        values = np.array(np.nan) if has_flags else floats_or_nan(given)
        if self.n_utilities < 2 or values.shape != (self.n_utilities,) or not np.isfinite(values).all():
            raise InvalidDataError(
                "reference_point: expected a finite number for each of several objectives, "
                f"got {shown(reference)} for {[objective.name for objective in self.objectives]}."
            )
        largest = self._largest
        if (np.abs(values) > largest).any():
            raise InvalidDataError(
                f"reference_point: expected numbers of a size up to {largest:.0e}, so that the volume above "
                f"them is a number, got {shown(reference)}. Give outcomes that are just worthless."
            )
        pairs = zip(self.objectives, values, strict=True)
        return np.array([v if len(each.names) > 1 else float(each.utility(v)) for each, v in pairs])

    @property
    def _largest(self) -> float:
        """The size of utilities up to which the volumes that they span are numbers."""
        return float(LARGEST_VOLUME ** (1 / self.n_utilities))

    def _refuse_volumes(self, utilities: FloatArray) -> None:
        """Raise `InvalidDataError` where no float holds the volumes that utilities (n, m) span."""
        sizes = np.abs(utilities).max(axis=0, initial=0.0)
        if (sizes > self._largest).any():
            place = int(np.argmax(sizes))
            raise InvalidDataError(
                f"objectives: those of {self.objectives[place].name!r} are of a size of {sizes[place]:.1e}; "
                f"beyond {self._largest:.0e} the volume that {self.n_utilities} objectives span is no "
                "number; tell the outcomes in a larger unit."
            )

    def _noise_of_utility(self, outcomes: FloatArray, noise: FloatArray) -> float:
        """Variance of the first utility under the noise of the outcomes, averaged over measured rows."""
        spread = np.broadcast_to(np.sqrt(noise), outcomes.shape)
        return float(np.square(self._moments(self.objectives[0], outcomes, spread)[1]).mean())

    def _utility(self, objective: UtilityObjective, outcomes: FloatArray) -> FloatArray:
        values = outcomes[..., [self.outputs.index(name) for name in objective.names]]
        return objective.utility(values if len(objective.names) > 1 else values[..., 0])

    def _moments(
        self, objective: UtilityObjective, mean: FloatArray, std: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        columns = [self.outputs.index(name) for name in objective.names]
        if not objective.has_moments:
            return _sampled_moments(objective, mean[:, columns], std[:, columns])
        if len(columns) > 1:
            return objective.utility_moments(mean[:, columns], std[:, columns])
        return objective.utility_moments(mean[:, columns[0]], std[:, columns[0]])


def _sampled_moments(
    objective: UtilityObjective, mean: FloatArray, std: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Moments of a utility that bends or mixes outcomes, over 64 quasi-random normal outcomes.

    They are the same standard normals for all candidates, so that the moments are smooth in the candidates.
    """
    points = qmc.Sobol(mean.shape[1], scramble=True, rng=0).random_base2(LOG2_SAMPLES)
    draws = mean + std * ndtri(points)[:, None, :]
    utility = objective.utility(draws)
    return utility.mean(axis=0), utility.std(axis=0)


def _refuse_strangers(objectives: Sequence[Objective]) -> None:
    known = (UtilityObjective, OutcomeConstraint)
    strangers = [entry for entry in objectives if not isinstance(entry, known)]
    if strangers:
        raise InvalidDataError(
            "Expected a list of Minimize, Maximize, Target, other objectives and OutcomeConstraint, "
            f"got {strangers[0]!r} in it."
        )


def reference_in_order(reference: Any, objectives: Sequence[UtilityObjective]) -> Any:
    """Return a reference point in the order of the objectives, where it has their names; else as it is.

    Raises
    ------
    InvalidDataError
        Its names are others.
    """
    if isinstance(reference, pd.Series) and reference.index.inferred_type == "string":
        reference = reference.to_dict()
    if not isinstance(reference, Mapping):
        return reference
    names = [each.name for each in objectives]
    if set(reference) != set(names) or len(names) != len(set(names)):
        raise InvalidDataError(
            f"reference_point: expected a number for each of {names}, got {shown(dict(reference))}. Give "
            "one for each objective by its name, or a list in their order."
        )
    return [reference[name] for name in names]
