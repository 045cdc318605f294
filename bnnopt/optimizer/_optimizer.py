"""Ask for the next experiments, tell their results, ask again."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator

from bnnopt._estimators import draw_seed
from bnnopt._plain import listed, shown
from bnnopt._tables import with_names
from bnnopt._validation import lookup
from bnnopt.acquisition import Acquisition
from bnnopt.exceptions import InvalidDataError, SpaceExhaustedWarning
from bnnopt.objectives import Objective, Outcome
from bnnopt.optimizer._advice import StoppingAdvice
from bnnopt.optimizer._arguments import (
    MOST,
    acquisition_for,
    at_least,
    bounds_of,
    check_gain,
    check_names,
    check_same_variables,
    check_savable,
)
from bnnopt.optimizer._batch import Request
from bnnopt.optimizer._gains import warn_of_no_gain
from bnnopt.optimizer._goals import Goals, reference_in_order
from bnnopt.optimizer._local_search import checked_rule
from bnnopt.optimizer._maximum import Pool, PoolScores
from bnnopt.optimizer._modelling import Modelling
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._outcome_scales import wanted_ends
from bnnopt.optimizer._predictions import Predictions
from bnnopt.optimizer._proposals import Proposals
from bnnopt.optimizer._summary import as_html, as_text
from bnnopt.optimizer._trust_region import TrustRegion
from bnnopt.space import DESIGN_METHODS, Constraint, SearchSpace
from bnnopt.surrogates import make_surrogate

__all__ = ["BayesianOptimizer"]


class BayesianOptimizer(Predictions):
    """Bayesian optimization by ask and tell.

    `tell` only stores; `ask` fits the surrogate when there is something new to learn. The first rows come
    from a space-filling design; afterwards candidates from the whole space and near the best rows are scored
    by the acquisition function, the best are refined, and a batch is chosen greedily, each row with those
    before it and those pending in mind, so that the rows of a batch differ. Rows that were measured or are
    pending, and rows outside a constraint, are never proposed, save where replicates are asked for.

    Parameters
    ----------
    space : SearchSpace
        The settings, the context, and the constraints between them.
    objectives : objective or sequence of objectives
        At least one `Minimize`, `Maximize`, `Target`, `WeightedSum`, `Chebyshev` or `Desirability`, and any
        number of `OutcomeConstraint`. Several are traded off against each other: see `acquisition`.
    outcomes : Outcome or sequence of Outcome, default=()
        The bounds between which outcomes lie by their nature, such as `Outcome("yield", lower=0, upper=100)`:
        all that is predicted of them stays within, and what is told beyond is refused. Each has a surrogate
        of its own, on the scale that its `scale` says; outcomes without bounds are learned as ever.
    surrogate : str or estimator, default="auto"
        A key of `bnnopt.SURROGATES`, or any scikit-learn regressor with `predict(X, return_std=True)`, such
        as a GaussianProcessRegressor, a BayesianRidge or a Pipeline that ends in one. It sees the settings in
        the unit cube and standardised outcomes.
    acquisition : str, callable or Acquisition, default=None
        A key of `bnnopt.ACQUISITIONS`, a function `f(mean, std, *, best)` or `f(draws, *, best)` of the
        utility (larger is better), or an `Acquisition`. By default "log_ei" for one objective, "ehvi" for two
        and "q_nehvi" for more. One that takes a single utility scores several objectives by random
        Chebyshev weights, new ones for each row (ParEGO).
    n_initial : int or None, default=None
        Rows of the first design, at least 2; by default one more than the settings, and at least 5. Rows told
        from elsewhere count.
    initial_design : {"sobol", "latin_hypercube", "random"}, default="sobol"
        The first design.
    n_candidates : int, default=2048
        Candidates scored before refinement, at least 2.
    n_draws : int, default=256
        Joint draws used to choose a batch, at least 2.
    success_classifier : estimator or None or "auto", default="auto"
        What learns from failed experiments: a classifier with `predict_proba`, whose probability of success
        weighs the scores as that of an outcome constraint does; "auto" is a Gaussian process (256 rows at
        most) or extremely randomised trees; with None, failed rows are only left out.
    cost : callable or str or None, default=None
        What an experiment costs: a function from a table of settings to costs above 0, or the name of an
        outcome that is told and predicted like the others. Scores are then per unit of cost.
    reference_point : sequence of float, mapping of str to float or None, default=None
        For several objectives: the outcome of each, in their order or by its name, that counts as worthless,
        in its unit (of an objective of several outcomes its utility); by default a little worse than the
        worst of the front so far.
    trust_region : bool or TrustRegion, default=False
        Whether new rows come from a box around the best one that grows and shrinks with success; for one
        objective. True is `TrustRegion()`. A column `reason` of `ask` then says where each row comes from;
        `score_pool` and `advise` look at the whole space as ever.
    random_state : int or None, default=None
        Seeds everything. With an integer the next `ask` depends on the seed and the rows told and pending
        only, in this process or a new one; where a surrogate goes on from its last fit (`fit_after`), as
        `auto` does once dropout networks take part, on the asks before as well.

    Examples
    --------
    >>> from bnnopt import BayesianOptimizer, Minimize, Real, SearchSpace
    >>> space = SearchSpace([Real("x", 0, 1)])
    >>> optimizer = BayesianOptimizer(space, [Minimize("y")], surrogate="gaussian_process", random_state=0)
    >>> rows = optimizer.ask(5)
    >>> optimizer.tell(rows, (rows["x"] - 0.3) ** 2)
    >>> len(optimizer.ask(2))
    2
    """

    def __init__(
        self,
        space: SearchSpace,
        objectives: Objective | Sequence[Objective],
        *,
        outcomes: Outcome | Sequence[Outcome] = (),
        surrogate: str | BaseEstimator = "auto",
        acquisition: str | Callable[..., Any] | Acquisition | None = None,
        n_initial: int | None = None,
        initial_design: str = "sobol",
        n_candidates: int = 2048,
        n_draws: int = 256,
        success_classifier: BaseEstimator | str | None = "auto",
        cost: Callable[[pd.DataFrame], Any] | str | None = None,
        reference_point: Sequence[float] | Mapping[str, float] | None = None,
        trust_region: bool | TrustRegion | None = False,
        random_state: int | None = None,
    ) -> None:
        self.objectives, known = tuple(listed(objectives)), tuple(listed(outcomes))
        named = Goals(self.objectives).outputs
        outputs = list(dict.fromkeys([*named, *([cost] if isinstance(cost, str) else [])]))
        self._goals = Goals(self.objectives, outputs)
        self.acquisition = acquisition_for(self._goals.n_utilities, acquisition)
        self.surrogate = make_surrogate(surrogate)
        usual = max(5, space.n_settings + 1)
        self.n_initial = at_least(n_initial, "n_initial", 2, default=usual, largest=MOST)
        self.initial_design = lookup(DESIGN_METHODS, initial_design, "design method")
        self.n_candidates = at_least(n_candidates, "n_candidates", 2, largest=MOST)
        self.n_draws = at_least(n_draws, "n_draws", 2, largest=MOST)
        self.success_classifier = success_classifier
        self.cost = cost
        self.reference_point = reference_in_order(reference_point, self._goals.objectives)
        self.trust_region = checked_rule(trust_region, space, self._goals)
        bounds = bounds_of(known, outputs)
        wanted = wanted_ends(self._goals.objectives, outputs)
        modelling = Modelling(self.surrogate, success_classifier, draw_seed(random_state), bounds, wanted)
        super().__init__(space, Observations(space, outputs), modelling, self._goals, known, self.n_initial)
        self._proposals = Proposals(
            self._observations,
            modelling,
            self.objectives,
            self.acquisition,
            n_initial=self.n_initial,
            initial_design=initial_design,
            n_candidates=self.n_candidates,
            n_draws=self.n_draws,
            cost=cost,
            reference_point=self.reference_point,
            trust_region=self.trust_region,
        )
        self._proposals.scoring(None)  # an acquisition that cannot weigh the objectives is told at once
        check_names(space, self.outputs)
        check_savable(space)
        if not space.context_names:
            space.design(1, method=initial_design, random_state=0)  # an infeasible space is told at once

    def __repr__(self) -> str:
        return as_text(self.space, self.objectives, self.surrogate, self.acquisition, self.summary())

    def _repr_html_(self) -> str:
        return as_html(self.space, self.objectives, self.surrogate, self.acquisition, self.summary())

    def change_space(self, space: SearchSpace) -> None:
        """Go on in another space of the same variables: other bounds, more levels, other constraints.

        Rows told before are learned from as ever, those outside the new bounds too; only what is proposed
        keeps to the new space.

        Parameters
        ----------
        space : SearchSpace
            Variables of the same names and types.

        Raises
        ------
        InvalidDataError
            The variables are others, or a row told has a level that the new space does not know.
        """
        check_same_variables(self.space, space)
        check_savable(space)
        self._observations.move_to(space)
        self.space = space
        self._modelling.begin_anew()

    def ask(
        self,
        n: int = 1,
        *,
        context: Mapping[str, Any] | None = None,
        objectives: Objective | Sequence[Objective] | None = None,
        constraints: Constraint | Sequence[Constraint] = (),
        candidates: Pool | None = None,
        held: Mapping[str, Any] | None = None,
        shared: str | Sequence[str] = (),
        exploration: float = 0.0,
        n_replicates: int = 0,
        verbose: bool = False,
    ) -> pd.DataFrame:
        """Propose rows to run; they are pending until told or withdrawn.

        Parameters
        ----------
        n : int, default=1
            Rows wanted, at least 1.
        context : mapping, optional
            The value of each context variable in these experiments, by name (a Series or a table of one row
            will do); needed if the space has any.
        objectives : objective or sequence of objectives, optional
            In place of those of the optimizer, over the same outcomes: another target, for instance.
        constraints : constraint or sequence of constraints, default=()
            On the settings, besides those of the space, for this time.
        candidates : table or iterable of tables, optional
            The only settings to choose from, by default the whole space: a table with names, or tables one
            after the other, such as `bnnopt.space.random_pool`, `sobol_pool`, `product_pool` and `file_pool`
            yield. Memory stays flat however many come. Beyond 16,384 a proxy of the surrogate screens them,
            and the surrogate scores the 16,384 that the proxy likes best.
        held : mapping, optional
            Values of settings that are not to be chosen this time.
        shared : str or sequence of str, default=()
            Settings in which all rows agree with the first, such as the temperature of one oven.
        exploration : float, default=0.0
            Share of the rows, rounded, for which the model is least sure instead of most hopeful; 0 to 1.
        n_replicates : int, default=0
            How many of the `n` rows repeat measured settings: those likely to be the best, measured seldom.
        verbose : bool, default=False
            Whether to show on the standard error how many rows of a large batch are found.

        Returns
        -------
        DataFrame of n rows
            Settings and context, then for each outcome `<name>_mean` and `<name>_std`, the predicted mean and
            standard deviation of a new observation, and `score` (of a replicate the probability to be the
            best, divided by its runs; with functions of draws that of the moments that stand in for them).
            Predictions are NaN for rows of the first design. `reason` says where a row comes from. Fewer rows
            come if no more new ones are left, or the acquisition gives all others the score -inf.

        Raises
        ------
        InvalidDataError
            The context is missing or unknown, an objective names an outcome that is not told, no candidate
            is inside the space, or an argument is out of its range.
        InfeasibleSpaceError
            No setting satisfies the constraints.

        Warns
        -----
        SpaceExhaustedWarning
            Fewer new rows are left than were asked for.
        NothingToGainWarning
            All scores are 0, or no outcome is expected to exceed the reference point: rows come from
            elsewhere.
        """
        request = Request.checked(
            self.space,
            n,
            context=context,
            held=held,
            objectives=objectives,
            constraints=constraints,
            shared=shared,
            exploration=exploration,
            n_replicates=n_replicates,
            verbose=verbose,
        )
        self._proposals.scoring(request.objectives)
        batch = self._proposals.propose(self.space, request, with_names(candidates))
        if len(batch) < request.n:
            warnings.warn(
                f"Only {len(batch)} new row(s) are left of the {n} asked for: all others were measured, are "
                "pending, are outside a constraint, or have the score -inf.",
                SpaceExhaustedWarning,
                stacklevel=2,
            )
        warn_of_no_gain(batch, stacklevel=2)
        self._observations.add_pending(batch[self.space.names])
        return batch

    def ask_each(
        self, goals: Mapping[str, Objective | Sequence[Objective]], n: int = 1, **options: Any
    ) -> pd.DataFrame:
        """Propose the next rows for each of several goals, such as a list of targets, in one batch.

        Parameters
        ----------
        goals : mapping of str to sequence of objectives
            Objectives over the same outcomes, by the name of the goal.
        n : int, default=1
            Rows for each goal.
        **options
            As in `ask`.

        Returns
        -------
        DataFrame of n * len(goals) rows
            As of `ask`, with the name of the goal in a first column `goal`; each goal knows of the rows
            proposed for those before it.

        Raises
        ------
        InvalidDataError
            As in `ask`; nothing is pending then.
        """
        if not isinstance(goals, Mapping) or not goals:
            raise InvalidDataError(
                "goals: expected a mapping of names to lists of objectives, at least one, such as "
                f'{{"950 nm": [Target("peak", 950, 5)]}}, got {shown(goals)}.'
            )
        before = self.pending
        pool = with_names(options.get("candidates"))
        if pool is not None and not isinstance(pool, pd.DataFrame):
            options = {**options, "candidates": list(pool)}  # a stream is read once for each goal
        with ExitStack() as undo:
            undo.callback(setattr, self._observations, "pending", before)
            tables = [self.ask(n, objectives=wanted, **options) for wanted in goals.values()]
            undo.pop_all()
        tables = [table.assign(goal=name) for name, table in zip(goals, tables, strict=True) if len(table)]
        batch = pd.concat(tables, ignore_index=True) if tables else before.iloc[:0].assign(goal="")
        return batch[["goal", *(name for name in batch.columns if name != "goal")]]

    def score_pool(
        self,
        candidates: Pool,
        *,
        n_best: int = 100,
        n_sample: int = 10_000,
        context: Mapping[str, Any] | None = None,
        objectives: Sequence[Objective] | None = None,
        is_screened: bool = True,
    ) -> PoolScores:
        """Predict and score a pool of candidates; nothing becomes pending.

        Parameters
        ----------
        candidates : DataFrame, iterable of DataFrame or dask DataFrame
            As in `ask`; those outside bounds and constraints are left out, and of the best those measured or
            pending. Blocks of an iterable are scored through joblib, the partitions of a dask DataFrame where
            they lie.
        n_best : int, default=100
            Candidates of highest score to keep, at least 1.
        n_sample : int, default=10000
            Candidates to keep of all alike, for pictures of the whole pool; at least 0.
        context : mapping, optional
            As in `ask`.
        objectives : sequence of objectives, optional
            As in `ask`.
        is_screened : bool, default=True
            Whether a proxy may screen what comes after the first 16,384; else the surrogate scores all.

        Returns
        -------
        PoolScores
            The best and the sample, each with predictions and scores by the surrogate.

        Raises
        ------
        InvalidDataError
            As in `ask`.
        """
        sizes = at_least(n_best, "n_best", 1), at_least(n_sample, "n_sample", 0)
        request = Request.checked(self.space, 1, context=context, objectives=objectives)
        return self._proposals.scores_of_pool(
            self.space, request, candidates, *sizes, is_screened=is_screened
        )

    def advise(
        self,
        *,
        min_gain: float | None = None,
        patience: int | None = None,
        budget: int | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> StoppingAdvice:
        """Say whether going on is worth it, and why; nothing stops by itself.

        Reasons to stop: the budget is used up; the largest expected improvement is below `min_gain`, or below
        a tenth of the noise; nothing has improved by more than the noise for `patience` rows. The first
        objective counts.

        Parameters
        ----------
        min_gain : float, optional
            Expected improvement of the utility that is still worth a run, in its unit, at least 0; by default
            1 % of the range of the utilities measured.
        patience : int, optional
            Rows without improvement, at least 1; by default the larger of 10 and twice the settings.
        budget : int, optional
            Rows to be told in all, at least 1.
        context : mapping, optional
            As in `ask`.

        Returns
        -------
        StoppingAdvice
            Whether to stop, the reasons, and the figures behind them.

        Raises
        ------
        InvalidDataError
            Fewer than 2 rows were measured, or an argument is out of its range.
        """
        check_gain(min_gain)
        limit = at_least(patience, "patience", 1, default=max(10, 2 * self.space.n_settings))
        rows = None if budget is None else at_least(budget, "budget", 1)
        request = Request.checked(self.space, 1, context=context)
        return self._proposals.advice(self.space, request, min_gain=min_gain, patience=limit, budget=rows)
