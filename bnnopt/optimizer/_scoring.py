"""Scores of candidates: outcomes to utility, acquisition, probability that the outcome constraints hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.acquisition import (
    Acquisition,
    Form,
    NormalMixture,
    average_scores,
    draws_where_feasible,
    expected_hypervolume_improvement_of_draws,
    get_acquisition,
    moments_of_draws,
    per_unit_cost,
    with_feasibility,
)
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective
from bnnopt.optimizer._goals import Goals, Situation

__all__ = ["Factors", "Scoring"]

N_OF_CLOSED_FORM = 2  # utilities
BELIEF = 1e-6  # share of its standard deviation that an outcome keeps at most, if it counts as known


@dataclass(frozen=True)
class Factors:
    """What weighs the scores of candidates besides their outcomes.

    Attributes
    ----------
    log_success : ndarray of shape (n,) or float
        Logarithm of the weight that a candidate has for its probability not to fail.
    cost : ndarray of shape (n,), optional
        Cost of the experiment, above 0; None where all cost the same.
    """

    log_success: FloatArray | float = 0.0
    cost: FloatArray | None = None


ALIKE = Factors()
"""Candidates that nothing but their outcomes tells apart."""


class Scoring:
    """Objectives and outcome constraints with an acquisition, applied to laws, moments or draws of outcomes.

    Parameters
    ----------
    objectives : sequence of objectives and outcome constraints
        See `Goals`.
    acquisition : Acquisition
        What to score with. If it takes one utility and there are several objectives, it sees the first.
    outputs : sequence of str, optional
        Names of the outcomes, by default those that the objectives name.
    cost_output : str, optional
        The outcome that tells what an experiment costs, if one does.
    reference : sequence of float, optional
        As in `Goals`.
    """

    def __init__(
        self,
        objectives: Sequence[Objective],
        acquisition: Acquisition,
        outputs: Sequence[str] | None = None,
        cost_output: str | None = None,
        reference: Sequence[float] | None = None,
    ) -> None:
        self.goals = Goals(objectives, outputs, reference)
        self.acquisition = acquisition
        self.cost_output = cost_output
        _check_fit(self.goals, acquisition)
        self._stand_in = self._stand_in_scoring(objectives)

    def _stand_in_scoring(self, objectives: Sequence[Objective]) -> "Scoring | None":
        """Return what searches a space in the place of a function of draws, if it is one of moments."""
        if self.acquisition.needs == "moments":
            return None
        if self.takes_many and self.goals.n_utilities > N_OF_CLOSED_FORM:
            return None
        default = None if self.takes_many else get_acquisition("ucb")
        chosen = self.acquisition.stand_in or default
        return None if chosen is None else Scoring(objectives, chosen, self.goals.outputs, self.cost_output)

    def replaced(self, *, objectives: Sequence[Objective] | None = None, acquisition: str = "") -> "Scoring":
        """Return a scoring with other objectives or another acquisition by name, the constraints as here."""
        wanted = [*(self.goals.objectives if objectives is None else objectives), *self.goals.constraints]
        chosen = get_acquisition(acquisition) if acquisition else self.acquisition
        return Scoring(wanted, chosen, self.goals.outputs, self.cost_output)

    def situation(self, outcomes: FloatArray, noise: FloatArray | None = None) -> Situation:
        """Return what measured outcomes of shape (n_observed, n_outputs) say; see `Goals.situation`."""
        situation = self.goals.situation(outcomes, noise)
        if self.cost_output is None:
            return situation
        costs = outcomes[:, self.goals.outputs.index(self.cost_output)]
        if costs.min() <= 0:
            raise InvalidDataError(
                f"The outcome {self.cost_output!r} is the cost of an experiment and must be above 0, got "
                f"{costs.min()}. Correct the row, or add what an experiment costs at least."
            )
        return replace(situation, least_cost=float(costs.min()))

    @property
    def takes_many(self) -> bool:
        """Whether the acquisition looks at all utilities at once."""
        return self.acquisition.n_utilities == "many"

    def score_laws(
        self, laws: Sequence[NormalMixture], situation: Situation, factors: Factors = ALIKE
    ) -> FloatArray:
        """Score candidates by the law of each output, a mixture of normal laws; shape (n,).

        An acquisition that is an expected value is averaged over the components of the objective's law, any
        other takes the moments of the mixture; probabilities that constraints hold are averaged.
        """
        if self._stand_in is not None:
            return self._stand_in.score_laws(laws, situation, factors)
        objective = self.goals.objectives[0]
        if not self.acquisition.is_expectation or self.takes_many or len(objective.names) > 1:
            mean, std = (np.column_stack(part) for part in zip(*(law.moments() for law in laws), strict=True))
            return self.score_moments(mean, std, situation, factors)
        law = laws[self.goals.outputs.index(objective.name)]
        scores = self._score_normal(law.mean.ravel(), law.std.ravel(), situation).reshape(law.mean.shape)
        averaged = average_scores(scores, law.shares, self.acquisition.form)
        if self.cost_output is not None:
            mean = np.column_stack([each.moments()[0] for each in laws])
            factors = self._with_cost(factors, mean, situation)
        return self._weigh(averaged, self.goals.log_probability_of(laws), situation, factors)

    def score_moments(
        self, mean: FloatArray, std: FloatArray, situation: Situation, factors: Factors = ALIKE
    ) -> FloatArray:
        """Score candidates by moments of shape (n, n_outputs); shape (n,).

        An acquisition that needs joint draws is stood in for by another (`Acquisition.stand_in`), which
        serves to choose the candidates whose draws are worth their cost.
        """
        if self._stand_in is not None:
            return self._stand_in.score_moments(mean, std, situation, factors)
        log_probability = self.goals.log_probability(mean, std)
        factors = self._with_cost(factors, mean, situation)
        if self.acquisition.needs == "draws":
            return self._optimistic(mean, std, log_probability, situation, factors)
        objective = self.goals.objectives[0]
        if self.takes_many:
            scores = self._score(*self.goals.utility_moments(mean, std), situation=situation)
        elif len(objective.names) > 1:
            moments = self.goals.utility_moments(mean, std)
            scores = self._score(moments[0][:, 0], moments[1][:, 0], situation=situation)
        else:
            column = self.goals.outputs.index(objective.name)
            scores = self._score_normal(mean[:, column], std[:, column], situation)
        return self._weigh(scores, log_probability, situation, factors)

    def score_draws(
        self,
        draws: Sequence[FloatArray],
        observed: Sequence[FloatArray],
        situation: Situation,
        factors: Factors = ALIKE,
    ) -> FloatArray:
        """Score candidates by draws that were conditioned on the rows before; shape (n,).

        Parameters
        ----------
        draws, observed : sequence of ndarray of shape (n_draws, n or n_observed)
            For each output, at the candidates and at rows that were measured.
        """
        moments = [moments_of_draws(array) for array in draws]
        mean, std = (np.column_stack(part) for part in zip(*moments, strict=True))
        if self.acquisition.needs == "moments":
            return self.score_moments(mean, std, situation, factors)
        known = self._utility_draws(np.stack(observed, axis=-1))
        utilities = self._utility_draws(np.stack(draws, axis=-1))
        scores = self._score(utilities, situation=situation, observed=known)
        factors = self._with_cost(factors, mean, situation)
        return self._weigh(scores, self.goals.log_probability(mean, std), situation, factors)

    def score_jointly(
        self,
        draws: FloatArray,
        chosen: FloatArray,
        observed: FloatArray,
        situation: Situation,
        factors: Factors = ALIKE,
    ) -> FloatArray:
        """Score candidates together with rows chosen before, all by joint draws; shape (n,).

        What counts is what a candidate adds to the score of the rows chosen before, which a row that is in
        the batch already does not change.
        The outcome constraints count inside the draws: a draw that breaks one is worth no more than the worst
        row, or the reference point.

        Parameters
        ----------
        draws, chosen, observed : ndarray of shape (n_draws, n or n_chosen or n_observed, n_outputs)
            Outcomes of the candidates, of rows in the batch or on their way, and of the rows measured.
        """
        utilities, before, known = (self._kept_draws(each, situation) for each in (draws, chosen, observed))
        scores = self._score(utilities, situation=situation, chosen=before, observed=known)
        factors = self._with_cost(factors, draws.mean(axis=0), situation)
        if not before.shape[1]:
            return self._weigh(scores, np.zeros(draws.shape[1]), situation, factors)
        alone = self._score(before[:, :1], situation=situation, chosen=before, observed=known)[0]
        form: Form = "log" if self.acquisition.form == "log" else "positive"
        gains = np.maximum(scores - alone, 0.0) if form == "positive" else _log_gain(scores, alone)
        weight = np.zeros(draws.shape[1]) + factors.log_success
        return _per_cost(with_feasibility(gains, weight, form=form), factors, form, None)

    def with_belief(self, draws: Sequence[FloatArray], std: FloatArray, situation: Situation) -> Situation:
        """Return a situation in which what is expected of rows that the draws were conditioned on counts.

        They are those that had a standard deviation, in `std` of shape (n, n_outputs), and lost it.
        """
        mean = np.column_stack([array.mean(axis=0) for array in draws])
        left = np.column_stack([array.std(axis=0) for array in draws])
        is_known = (left <= BELIEF * std).all(axis=1) & (std > 0).any(axis=1)
        known = mean[is_known]
        utilities = self.goals.utilities(known[self.goals.is_feasible(known)])
        best = float(utilities[:, 0].max(initial=situation.best))
        return replace(situation, best=best, front=np.concatenate([situation.front, utilities]))

    def _score_normal(self, mean: FloatArray, std: FloatArray, situation: Situation) -> FloatArray:
        """Score normal laws of the first objective's outcome, shape (n,)."""
        objective: Any = self.goals.objectives[0]
        if self.acquisition.folded is not None and not objective.is_linear:
            return self.acquisition.score_folded(*objective.folded_moments(mean, std), best=situation.best)
        return self._score(*objective.utility_moments(mean, std), situation=situation)

    def _score(self, *arrays: FloatArray, situation: Situation, **others: FloatArray) -> FloatArray:
        known: dict[str, Any] = {**situation.known(), **others}
        return self.acquisition.score(*arrays, **known)

    def _utility_draws(self, draws: FloatArray) -> FloatArray:
        """Utilities of draws (n_draws, n, n_outputs): (n_draws, n), with a third axis if there are many."""
        utilities = self.goals.utilities(draws)
        return utilities if self.takes_many else utilities[..., 0]

    def _kept_draws(self, draws: FloatArray, situation: Situation) -> FloatArray:
        utilities, is_kept = self._utility_draws(draws), self.goals.is_feasible(draws)
        if not self.takes_many:
            return draws_where_feasible(utilities, is_kept, situation.worst)
        pairs = zip(np.moveaxis(utilities, -1, 0), situation.reference, strict=True)
        return np.stack([draws_where_feasible(each, is_kept, floor) for each, floor in pairs], axis=-1)

    def _with_cost(self, factors: Factors, mean: FloatArray, situation: Situation) -> Factors:
        """Add the cost that is predicted, where an outcome tells it; mean of shape (n, n_outputs)."""
        if self.cost_output is None:
            return factors
        predicted = mean[:, self.goals.outputs.index(self.cost_output)]
        return replace(factors, cost=np.maximum(predicted, situation.least_cost / 10))

    def _optimistic(
        self,
        mean: FloatArray,
        std: FloatArray,
        log_probability: FloatArray,
        situation: Situation,
        factors: Factors,
    ) -> FloatArray:
        """Score by the hypervolume that the upper confidence bounds of several utilities would add."""
        utility_mean, utility_std = self.goals.utility_moments(mean, std)
        gain = expected_hypervolume_improvement_of_draws(
            (utility_mean + utility_std)[None], front=situation.front, reference=situation.reference
        )
        weighed = with_feasibility(gain, log_probability + factors.log_success, form="positive")
        return _per_cost(weighed, factors, "positive", None)

    def _weigh(
        self, scores: FloatArray, log_probability: FloatArray, situation: Situation, factors: Factors
    ) -> FloatArray:
        form = self.acquisition.form
        floor = situation.worst if form == "utility" else None
        weighed = with_feasibility(scores, log_probability + factors.log_success, form=form, floor=floor)
        return _per_cost(weighed, factors, form, floor)


def _log_gain(scores: FloatArray, alone: float) -> FloatArray:
    """Return log(exp(scores) - exp(alone)), -inf where nothing is gained."""
    gap = np.minimum(alone - scores, 0.0)
    with np.errstate(divide="ignore"):
        return scores + np.log(-np.expm1(gap))


def _per_cost(scores: FloatArray, factors: Factors, form: Form, floor: float | None) -> FloatArray:
    return scores if factors.cost is None else per_unit_cost(scores, factors.cost, form=form, floor=floor)


def _check_fit(goals: Goals, acquisition: Acquisition) -> None:
    """Raise `InvalidDataError` where an acquisition cannot weigh so many or such objectives."""
    names = [name for objective in goals.objectives for name in objective.names]
    is_simple = len(names) == len(set(names)) == goals.n_utilities
    if acquisition.n_utilities == "many" and goals.n_utilities == 1:
        raise InvalidDataError(
            f"The acquisition {acquisition.name!r} weighs several objectives, got one. Use one of a single "
            "utility, such as 'log_ei' or 'q_nei'."
        )
    if acquisition.name == "ehvi" and goals.n_utilities > N_OF_CLOSED_FORM:
        raise InvalidDataError(
            f"The acquisition 'ehvi' has a closed form for two objectives, got {goals.n_utilities}. "
            "Use 'q_nehvi'."
        )
    if acquisition.n_utilities == "one" and goals.n_utilities > 1 and not is_simple:
        raise InvalidDataError(
            f"The acquisition {acquisition.name!r} takes one utility and can weigh several objectives only "
            "if each is of one outcome and no two of the same. Use 'q_nehvi', or give a single objective."
        )
