"""Scores of candidates: outcomes to utility, acquisition, probability that the outcome constraints hold."""

from collections.abc import Sequence

import numpy as np

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.acquisition import (
    Acquisition,
    NormalMixture,
    average_scores,
    moments_of_draws,
    upper_confidence_bound,
    with_feasibility,
)
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective, OutcomeConstraint, UtilityObjective, split_objectives

__all__ = ["Scoring"]

BELIEF = 1e-6  # share of its standard deviation that an outcome keeps at most, if it counts as known


class Scoring:
    """One objective and any outcome constraints, applied to moments, draws or measured outcomes.

    Parameters
    ----------
    objectives : sequence of objectives and outcome constraints
        One `Minimize`, `Maximize` or `Target`, and any number of `OutcomeConstraint`.
    acquisition : Acquisition
        What to score with.

    Raises
    ------
    InvalidDataError
        If there is not exactly one objective, or an entry is something else.
    """

    def __init__(self, objectives: Sequence[Objective], acquisition: Acquisition) -> None:
        strangers = [
            entry for entry in objectives if not isinstance(entry, UtilityObjective | OutcomeConstraint)
        ]
        if strangers:
            raise InvalidDataError(
                "Expected a list of Minimize, Maximize, Target and OutcomeConstraint, "
                f"got {strangers[0]!r} in it."
            )
        utilities, self._constraints = split_objectives(objectives)
        if len(utilities) != 1:
            raise InvalidDataError(
                "Expected exactly one of Minimize, Maximize and Target, besides any OutcomeConstraint, got "
                f"{len(utilities)}: {[objective.name for objective in utilities]}. Turn the others into "
                "OutcomeConstraint, or combine the outcomes in a column of their own."
            )
        self._objective: UtilityObjective = utilities[0]
        self._acquisition = acquisition
        names = [self._objective.name, *(constraint.name for constraint in self._constraints)]
        self.outputs = tuple(dict.fromkeys(names))

    @property
    def needs(self) -> str:
        """What the acquisition needs: "moments" or "draws"."""
        return self._acquisition.needs

    def utility(self, outcomes: FloatArray, outputs: Sequence[str]) -> FloatArray:
        """Return the utility of measured outcomes of shape (n, n_outputs), shape (n,)."""
        return self._objective.utility(outcomes[:, outputs.index(self._objective.name)])

    def is_feasible(self, outcomes: FloatArray, outputs: Sequence[str]) -> BoolArray:
        """Return whether measured outcomes of shape (n, n_outputs) satisfy all constraints, shape (n,)."""
        flags = np.ones(len(outcomes), dtype=bool)
        for constraint in self._constraints:
            flags &= constraint.is_satisfied(outcomes[:, outputs.index(constraint.name)])
        return flags

    def incumbent(self, outcomes: FloatArray, outputs: Sequence[str]) -> tuple[float, float]:
        """Return the utility to improve on, and the worst utility, of measured outcomes.

        The first is the best utility among the rows that satisfy the constraints; where none does, it is the
        worst of all, so that any candidate likely to satisfy them counts as an improvement.
        """
        utility = self.utility(outcomes, outputs)
        feasible = utility[self.is_feasible(outcomes, outputs)]
        worst = float(utility.min())
        return (float(feasible.max()) if len(feasible) else worst), worst

    def believed_best(self, draws: Sequence[FloatArray], std: FloatArray, outputs: Sequence[str]) -> float:
        """Return the best utility expected of the feasible rows whose draws were conditioned on them.

        They are those that had a standard deviation, in `std` of shape (n, n_outputs), and lost it; -inf
        without such rows.
        """
        mean = np.column_stack([array.mean(axis=0) for array in draws])
        left = np.column_stack([array.std(axis=0) for array in draws])
        is_known = (left <= BELIEF * std).all(axis=1) & (std > 0).any(axis=1)
        known = mean[is_known]
        feasible = known[self.is_feasible(known, outputs)]
        return float(self.utility(feasible, outputs).max(initial=-np.inf))

    def score_mixtures(
        self, laws: Sequence[NormalMixture], outputs: Sequence[str], best: float, worst: float
    ) -> FloatArray:
        """Score candidates by the law of each output, a mixture of normal laws; shape (n,).

        An acquisition that is an expected value is averaged over the components of the objective's law, any
        other takes the moments of the mixture; probabilities that constraints hold are averaged.
        """
        if not self._acquisition.is_expectation:
            mean, std = (np.column_stack(part) for part in zip(*(law.moments() for law in laws), strict=True))
            return self.score_moments(mean, std, outputs, best, worst)
        law = laws[outputs.index(self._objective.name)]
        moments = self._objective.utility_moments(law.mean.ravel(), law.std.ravel())
        scores = self._acquisition.score(*moments, best=best).reshape(law.mean.shape)
        averaged = average_scores(scores, law.shares, self._acquisition.form)
        return self._weigh(averaged, self._log_probability_of(laws, outputs), worst)

    def _log_probability_of(self, laws: Sequence[NormalMixture], outputs: Sequence[str]) -> FloatArray:
        total = np.zeros(laws[0].mean.shape[1])
        for constraint in self._constraints:
            law = laws[outputs.index(constraint.name)]
            parts = [_log_probability(constraint, *part) for part in zip(law.mean, law.std, strict=True)]
            total = total + np.minimum(average_scores(np.array(parts), law.shares, "log"), 0.0)
        return total

    def score_moments(
        self, mean: FloatArray, std: FloatArray, outputs: Sequence[str], best: float, worst: float
    ) -> FloatArray:
        """Score candidates by moments of shape (n, n_outputs); shape (n,).

        An acquisition that needs joint draws is stood in for by an upper confidence bound, which serves to
        choose the candidates whose draws are worth their cost.
        """
        log_probability = self._log_probability(mean, std, outputs)
        column = outputs.index(self._objective.name)
        utility_mean, utility_std = self._objective.utility_moments(mean[:, column], std[:, column])
        if self._acquisition.needs == "draws":
            bound = upper_confidence_bound(utility_mean, utility_std)
            return with_feasibility(bound, log_probability, form="utility", floor=worst)
        scores = self._acquisition.score(utility_mean, utility_std, best=best)
        return self._weigh(scores, log_probability, worst)

    def score_draws(
        self, draws: Sequence[FloatArray], outputs: Sequence[str], best: float, worst: float
    ) -> FloatArray:
        """Score candidates by joint draws, one array of shape (n_draws, n) for each output; shape (n,)."""
        moments = [moments_of_draws(array) for array in draws]
        mean = np.column_stack([part[0] for part in moments])
        std = np.column_stack([part[1] for part in moments])
        if self._acquisition.needs == "moments":
            return self.score_moments(mean, std, outputs, best, worst)
        utilities = self._objective.utility(draws[outputs.index(self._objective.name)])
        scores = self._acquisition.score(utilities, best=best)
        return self._weigh(scores, self._log_probability(mean, std, outputs), worst)

    def _weigh(self, scores: FloatArray, log_probability: FloatArray, worst: float) -> FloatArray:
        form = self._acquisition.form
        floor = worst if form == "utility" else None
        return with_feasibility(scores, log_probability, form=form, floor=floor)

    def _log_probability(self, mean: FloatArray, std: FloatArray, outputs: Sequence[str]) -> FloatArray:
        total = np.zeros(len(mean))
        for constraint in self._constraints:
            column = outputs.index(constraint.name)
            total = total + _log_probability(constraint, mean[:, column], std[:, column])
        return total


def _log_probability(constraint: OutcomeConstraint, mean: FloatArray, std: FloatArray) -> FloatArray:
    return np.minimum(constraint.log_probability(mean, std), 0.0)
