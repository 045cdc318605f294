"""Scores of candidates: outcomes to utility, acquisition, probability that the outcome constraints hold.

What an acquisition needs stands in its record (`Acquisition`): moments or draws, of one utility or several,
alone or together with the rows chosen, and what stands in for it where a whole space is searched.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.acquisition import (
    Acquisition,
    Form,
    NormalMixture,
    average_scores,
    draws_where_feasible,
    get_acquisition,
    joint_form_of,
    moments_of_draws,
    stand_in_for,
)
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective
from bnnopt.optimizer._factors import ALIKE, Factors
from bnnopt.optimizer._goals import Goals, Situation

__all__ = ["Scoring"]

BELIEF = 1e-6  # share of its standard deviation that an outcome keeps at most, if it counts as known
LEAST_COST = 0.1  # of the lowest cost told: what is predicted below it counts as that
LEAST_KEPT = 16  # draws of some row that keep the constraints, so that a share of draws is known to a quarter


class Scoring:
    """Objectives and constraints with an acquisition, applied to distributions, moments or draws of outcomes.

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
        standing_in = stand_in_for(acquisition, self.goals.n_utilities)
        self._searching = (
            self
            if standing_in is acquisition
            else Scoring(objectives, standing_in, self.goals.outputs, cost_output)
        )

    @property
    def form(self) -> Form:
        """The form of the scores of distributions: of the acquisition, or of what stands in for it."""
        return self._searching.acquisition.form

    def replaced(self, *, objectives: Sequence[Objective] | None = None, acquisition: str = "") -> "Scoring":
        """Return a scoring with other objectives or another acquisition by name, the constraints as here."""
        wanted = [*(self.goals.objectives if objectives is None else objectives), *self.goals.constraints]
        chosen = get_acquisition(acquisition) if acquisition else self.acquisition
        return Scoring(wanted, chosen, self.goals.outputs, self.cost_output)

    def of_batches(self, draws: FloatArray) -> "Scoring":
        """Return the scoring by which rows are chosen together, from draws (n_draws, n, n_outputs) at them.

        A joint score counts what keeps the outcome constraints in each draw. Where they are kept in too few
        draws of every row for that, rows are chosen one after the other.
        """
        chosen = joint_form_of(self.acquisition)
        if chosen is self.acquisition or self.goals.n_utilities > 1 or self._are_few_kept(draws):
            return self
        wanted = [*self.goals.objectives, *self.goals.constraints]
        return Scoring(wanted, chosen, self.goals.outputs, self.cost_output)

    def _are_few_kept(self, draws: FloatArray) -> bool:
        if not self.goals.constraints:
            return False
        return int(self.goals.is_feasible(draws).sum(axis=0).max(initial=0)) < LEAST_KEPT

    def situation(
        self,
        believed: FloatArray,
        noise: FloatArray | None = None,
        is_within: BoolArray | None = None,
        measured: FloatArray | None = None,
    ) -> Situation:
        """Return what outcomes of shape (n_observed, n_outputs) say; see `Goals.situation`.

        Parameters
        ----------
        believed : ndarray of shape (n_observed, n_outputs)
            What the model expects of the function at the rows measured.
        noise : ndarray of shape (n_outputs,), optional
            As in `Goals.situation`.
        is_within : ndarray of bool of shape (n_observed,), optional
            As in `Goals.situation`.
        measured : ndarray of shape (n_observed, n_outputs), optional
            What counts for what experiments cost; as believed by default.
        """
        situation = self.goals.situation(believed, noise, is_within)
        if self.cost_output is None:
            return situation
        told = believed if measured is None else measured
        costs = told[:, self.goals.outputs.index(self.cost_output)]
        if costs.min() <= 0:
            raise InvalidDataError(
                f"The outcome {self.cost_output!r} is the cost of an experiment and must be above 0, got "
                f"{costs.min()}. Correct the row, or add what an experiment costs at least."
            )
        return replace(situation, least_cost=float(costs.min()))

    def score_mixtures(
        self, mixtures: Sequence[NormalMixture], situation: Situation, factors: Factors = ALIKE
    ) -> FloatArray:
        """Score candidates by the distribution of each output, a mixture of normal distributions; shape (n,).

        An acquisition that is an expected value is averaged over the components of the objective's
        distribution, which are slices of an outcome with bounds; any other takes the moments of the mixture.
        Probabilities that constraints hold are averaged. For an acquisition that needs joint draws, one of
        moments stands in (`stand_in_for`) to choose the candidates whose draws are worth their cost.
        """
        if self._searching is not self:
            return self._searching.score_mixtures(mixtures, situation, factors)
        scores = self._scores_of_mixtures(mixtures, situation)
        factors = self._with_cost(factors, lambda column: mixtures[column].moments()[0], situation)
        return self._weigh(scores, self.goals.log_probability(mixtures), situation, factors)

    def score_moments(
        self, mean: FloatArray, std: FloatArray, situation: Situation, factors: Factors = ALIKE
    ) -> FloatArray:
        """Score candidates by moments of shape (n, n_outputs), as if each outcome were normal; shape (n,)."""
        return self.score_mixtures(_normal_mixtures(mean, std), situation, factors)

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
        mixtures = [NormalMixture.normal(*moments_of_draws(array)) for array in draws]
        if self.acquisition.needs == "moments":
            return self.score_mixtures(mixtures, situation, factors)
        known = self._utility_draws(np.stack(observed, axis=-1))
        utilities = self._utility_draws(np.stack(draws, axis=-1))
        scores = self._score(utilities, situation=situation, observed=known)
        factors = self._with_cost(factors, lambda column: mixtures[column].mean[0], situation)
        return self._weigh(scores, self.goals.log_probability(mixtures), situation, factors)

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
        factors = self._with_cost(factors, lambda column: draws[..., column].mean(axis=0), situation)
        if not before.shape[1]:
            return self._weigh(scores, np.zeros(draws.shape[1]), situation, factors)
        alone = self._score(before[:, :1], situation=situation, chosen=before, observed=known)[0]
        form: Form = "log" if self.acquisition.form == "log" else "positive"
        gains = np.maximum(scores - alone, 0.0) if form == "positive" else _log_gain(scores, alone)
        return factors.weigh(gains, np.zeros(draws.shape[1]), form)

    def with_belief(self, draws: Sequence[FloatArray], std: FloatArray, situation: Situation) -> Situation:
        """Return a situation in which what is expected of rows that the draws were conditioned on counts.

        They are those that had a standard deviation, in `std` of shape (n, n_outputs), and lost it.
        """
        mean = np.column_stack([array.mean(axis=0) for array in draws])
        left = np.column_stack([array.std(axis=0) for array in draws])
        is_known = (left <= BELIEF * std).all(axis=1) & (std > 0).any(axis=1)
        return self.with_expected(mean[is_known], situation)

    def with_expected(self, expected: FloatArray, situation: Situation) -> Situation:
        """Return a situation in which outcomes that are expected, (n, n_outputs), count as measured."""
        utilities = self.goals.utilities(expected[self.goals.is_feasible(expected)])
        best = float(utilities[:, 0].max(initial=situation.best))
        return replace(situation, best=best, front=np.concatenate([situation.front, utilities]))

    def _scores_of_mixtures(self, mixtures: Sequence[NormalMixture], situation: Situation) -> FloatArray:
        """Return the scores of the utility or utilities, shape (n,), not weighed yet."""
        objective: Any = self.goals.objectives[0]
        if self.acquisition.takes_many or len(objective.names) > 1:
            means, stds = zip(*(mixture.moments() for mixture in mixtures), strict=True)
            utilities = self.goals.utility_moments(np.column_stack(means), np.column_stack(stds))
            arrays = utilities if self.acquisition.takes_many else [each[:, 0] for each in utilities]
            return self._score(*arrays, situation=situation)
        mixture = mixtures[self.goals.outputs.index(objective.name)]
        if not self.acquisition.is_expectation:
            mixture = NormalMixture.normal(*mixture.moments())
        scores = self._score_normal(mixture.mean.ravel(), mixture.std.ravel(), situation)
        return average_scores(scores.reshape(mixture.mean.shape), mixture.shares, self.acquisition.form)

    def _score_normal(self, mean: FloatArray, std: FloatArray, situation: Situation) -> FloatArray:
        """Score normal distributions of the first objective's outcome, shape (n,)."""
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
        return utilities if self.acquisition.takes_many else utilities[..., 0]

    def _kept_draws(self, draws: FloatArray, situation: Situation) -> FloatArray:
        utilities, is_kept = self._utility_draws(draws), self.goals.is_feasible(draws)
        if not self.acquisition.takes_many:
            return draws_where_feasible(utilities, is_kept, situation.worst)
        pairs = zip(np.moveaxis(utilities, -1, 0), situation.reference, strict=True)
        return np.stack([draws_where_feasible(each, is_kept, floor) for each, floor in pairs], axis=-1)

    def _with_cost(
        self, factors: Factors, predict: Callable[[int], FloatArray], situation: Situation
    ) -> Factors:
        """Add the cost where an outcome tells it: from the place of an outcome to what is predicted, (n,)."""
        if self.cost_output is None:
            return factors
        predicted = predict(self.goals.outputs.index(self.cost_output))
        return factors.with_cost(np.maximum(predicted, LEAST_COST * situation.least_cost))

    def _weigh(
        self, scores: FloatArray, log_probability: FloatArray, situation: Situation, factors: Factors
    ) -> FloatArray:
        form = self.acquisition.form
        return factors.weigh(scores, log_probability, form, situation.worst if form == "utility" else None)


def _normal_mixtures(mean: FloatArray, std: FloatArray) -> list[NormalMixture]:
    """Return normal distributions with moments of shape (n, n_outputs), one for each output."""
    return [NormalMixture.normal(*column) for column in zip(mean.T, std.T, strict=True)]


def _log_gain(scores: FloatArray, alone: float) -> FloatArray:
    """Return log(exp(scores) - exp(alone)), -inf where nothing is gained."""
    if np.isneginf(alone):
        return scores
    gap = np.minimum(alone - scores, 0.0)
    with np.errstate(divide="ignore"):
        return scores + np.log(-np.expm1(gap))


def _check_fit(goals: Goals, acquisition: Acquisition) -> None:
    """Raise `InvalidDataError` where an acquisition cannot weigh so many or such objectives."""
    names = [name for objective in goals.objectives for name in objective.names]
    is_simple = len(names) == len(set(names)) == goals.n_utilities
    if acquisition.takes_many and goals.n_utilities == 1:
        raise InvalidDataError(
            f"The acquisition {acquisition.name!r} weighs several objectives, got one. Use one of a single "
            "utility, such as 'log_ei' or 'q_nei'."
        )
    if acquisition.takes_many and not acquisition.weighs(goals.n_utilities):
        raise InvalidDataError(
            f"The acquisition {acquisition.name!r} weighs {acquisition.n_utilities} objectives, got "
            f"{goals.n_utilities}. Use 'q_nehvi', which weighs any number of them."
        )
    if not acquisition.takes_many and goals.n_utilities > 1 and not is_simple:
        raise InvalidDataError(
            f"The acquisition {acquisition.name!r} takes one utility and can weigh several objectives only "
            "if each is of one outcome and no two of the same. Use 'q_nehvi', or give a single objective."
        )
