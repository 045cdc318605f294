"""Ask for the next experiments, tell their results, ask again."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from bnnopt.acquisition import Acquisition, get_acquisition
from bnnopt.exceptions import InvalidDataError, SpaceExhaustedWarning
from bnnopt.objectives import Objective
from bnnopt.optimizer._arguments import at_least, check_names, checked_context
from bnnopt.optimizer._candidates import is_new
from bnnopt.optimizer._observations import Observations, as_outcomes, as_settings
from bnnopt.optimizer._outcome_model import OutcomeModel
from bnnopt.optimizer._pool import Pool, PoolScan, PoolScores, blocks_of
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search
from bnnopt.optimizer._suggestion import suggest
from bnnopt.space import LinearConstraint, NonlinearConstraint, SearchSpace
from bnnopt.surrogates import make_surrogate

__all__ = ["BayesianOptimizer"]

MIN_MEASURED = 2
MAX_SEED = 2**31 - 1


class BayesianOptimizer:
    """Bayesian optimization by ask and tell.

    `tell` only stores; `ask` fits the surrogate when there is something new to learn. The first rows come
    from a space-filling design; afterwards candidates from the whole space and near the best rows are scored
    by the acquisition function, the best are refined, and a batch is chosen greedily: after each choice the
    joint draws are conditioned on its expected outcome, so that the rows of a batch differ. Rows that were
    measured or are pending, and rows outside a constraint, are never proposed.

    Parameters
    ----------
    space : SearchSpace
        The settings, the context, and the constraints between them.
    objectives : sequence of objectives
        One `Minimize`, `Maximize` or `Target`, and any number of `OutcomeConstraint`.
    surrogate : str or estimator, default="mc_dropout"
        A key of `bnnopt.SURROGATES`, or any scikit-learn regressor with `predict(X, return_std=True)`, such
        as a GaussianProcessRegressor, a BayesianRidge or a Pipeline that ends in one. It sees the settings in
        the unit cube and standardised outcomes.
    acquisition : str, callable or Acquisition, default="log_ei"
        A key of `bnnopt.ACQUISITIONS`, a function `f(mean, std, *, best)` or `f(draws, *, best)` of the
        utility (larger is better), or an `Acquisition`.
    n_initial : int or None, default=None
        Rows of the first design, at least 2; by default one more than the settings, and at least 5. Rows told
        from elsewhere count.
    initial_design : {"sobol", "latin_hypercube", "random"}, default="sobol"
        The first design.
    n_candidates : int, default=4096
        Candidates scored before refinement, at least 2.
    n_draws : int, default=256
        Joint draws used to choose a batch, at least 2.
    random_state : int or None, default=None
        Seeds everything. With an integer the next `ask` depends on the seed and the rows told and pending
        only, in this process or a new one.

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
        objectives: Sequence[Objective],
        *,
        surrogate: str | BaseEstimator = "mc_dropout",
        acquisition: str | Callable[..., Any] | Acquisition = "log_ei",
        n_initial: int | None = None,
        initial_design: str = "sobol",
        n_candidates: int = 4096,
        n_draws: int = 256,
        random_state: int | None = None,
    ) -> None:
        self.space = space
        self.objectives = tuple(objectives)
        self.acquisition = get_acquisition(acquisition)
        self.surrogate = make_surrogate(surrogate)
        self.n_initial = at_least(n_initial, "n_initial", 2, default=max(5, space.n_settings + 1))
        self.initial_design = initial_design
        self.n_candidates = at_least(n_candidates, "n_candidates", 2)
        self.n_draws = at_least(n_draws, "n_draws", 2)
        self._seed = int(np.random.default_rng(random_state).integers(MAX_SEED))
        self._scoring = Scoring(self.objectives, self.acquisition)
        self._observations = Observations(space, self._scoring.outputs)
        self._model: OutcomeModel | None = None
        check_names(space, self._scoring.outputs)
        if not space.context_names:
            space.design(1, method=initial_design, random_state=0)  # an infeasible space is told at once

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outcomes to be told."""
        return self._observations.outputs

    @property
    def data(self) -> pd.DataFrame:
        """Every row told: settings, context, outcomes and a column `is_failed`."""
        return self._observations.as_frame()

    @property
    def pending(self) -> pd.DataFrame:
        """Rows asked for and not told yet."""
        return self._observations.pending.copy()

    def summary(self) -> dict[str, int]:
        """Count the rows told, measured, failed, repeated (settings as before) and pending."""
        told = self._observations.told
        n_failed = int(self._observations.is_failed.sum())
        return {
            "n_told": len(told),
            "n_measured": len(told) - n_failed,
            "n_failed": n_failed,
            "n_repeated": int((~is_new(self.space, told, told.iloc[:0])).sum()),
            "n_pending": len(self._observations.pending),
        }

    def tell(self, X: Any, y: Any) -> None:
        """Store results; nothing is stored if anything is wrong with them.

        Parameters
        ----------
        X : DataFrame, or array of shape (n_rows, n_names) in the order of `space.names`
            Settings and context as they were in the experiments; other columns are ignored, rows outside the
            bounds are welcome.
        y : DataFrame, mapping, Series or array of shape (n_rows,) or (n_rows, n_outputs)
            Outcomes, by name or in the order of `outputs`. NaN is a failed experiment: it is kept, left out
            of the regression, counted in `summary`, and not proposed again.

        Raises
        ------
        InvalidDataError
            A column is missing, a cell is not what it should be (the message names column and row), or the
            lengths differ.
        """
        settings = as_settings(self.space, X)
        outcomes = as_outcomes(y, self.outputs, len(settings))
        self._observations.add(settings, outcomes)
        self._model = None

    def withdraw(self, X: Any) -> int:
        """Forget that rows are pending, because they will not be run; return how many were.

        Parameters
        ----------
        X : DataFrame with the columns of the space
            The rows.
        """
        return self._observations.withdraw(as_settings(self.space, X))

    def ask(
        self,
        n: int = 1,
        *,
        context: Mapping[str, Any] | None = None,
        objectives: Sequence[Objective] | None = None,
        constraints: Sequence[LinearConstraint | NonlinearConstraint] = (),
        candidates: Pool | None = None,
    ) -> pd.DataFrame:
        """Propose rows to run; they are pending until told or withdrawn.

        Parameters
        ----------
        n : int, default=1
            Rows wanted, at least 1.
        context : mapping, optional
            The value of each context variable in these experiments; needed if the space has any.
        objectives : sequence of objectives, optional
            In place of those of the optimizer, over the same outcomes: another target, for instance.
        constraints : sequence of constraints, default=()
            On the settings, besides those of the space, for this time.
        candidates : DataFrame or iterable of DataFrame, optional
            The only settings to choose from, by default the whole space: a table, or tables one after the
            other, such as `bnnopt.space.random_pool`, `sobol_pool`, `product_pool` and `file_pool` yield.
            Memory stays flat however many come. Beyond 16,384 a proxy of the surrogate screens them, and the
            surrogate scores the 16,384 that the proxy likes best.

        Returns
        -------
        DataFrame of n rows
            Settings and context, then for each outcome `<name>_mean` and `<name>_std`, the predicted mean and
            standard deviation of a new observation, and `score`. Predictions are NaN for rows of the first
            design. Fewer rows come, with a `SpaceExhaustedWarning`, if no more new ones are left, or the
            acquisition gives all others the score -inf.

        Raises
        ------
        InvalidDataError
            The context is missing or unknown, an objective names an outcome that is not told, no candidate
            is inside the space, or an argument is out of its range.
        InfeasibleSpaceError
            No setting satisfies the constraints.
        """
        n = at_least(n, "n", 1)
        checked = checked_context(self.space, context)
        self._checked_scoring(objectives)
        if candidates is None and self._is_initial():
            space = self.space.restricted(constraints=tuple(constraints)) if constraints else self.space
            batch = self._from_design(space, n, checked)
        else:
            batch = self._from_model(self._search(checked, objectives, constraints), n, candidates)
        if len(batch) < n:
            warnings.warn(
                f"Only {len(batch)} new row(s) are left of the {n} asked for: all others were measured, are "
                "pending, are outside a constraint, or have the score -inf.",
                SpaceExhaustedWarning,
                stacklevel=2,
            )
        self._observations.add_pending(batch[self.space.names])
        return batch

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
        candidates : DataFrame or iterable of DataFrame
            As in `ask`; those outside bounds and constraints are left out, and of the best those measured or
            pending.
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
        search = self._search(context, objectives, ())
        scan = PoolScan(search, *sizes, np.random.default_rng(search.seed), is_screened=is_screened)
        best, scores = scan.run(blocks_of(candidates, search))
        sample = self._with_predictions(scan.sample, search).assign(score=search.score(scan.sample))
        best = self._with_predictions(best, search).assign(score=scores)
        return PoolScores(best, sample, scan.n_candidates, scan.n_exact)

    def best(self) -> pd.Series:
        """Return the measured row with the best utility among those that satisfy the outcome constraints.

        Raises
        ------
        InvalidDataError
            No row was measured, or none satisfies the constraints.
        """
        measured, outcomes = self._observations.measured
        flags = self._scoring.is_feasible(outcomes, self.outputs)
        if not flags.any():
            raise InvalidDataError(
                f"None of the {len(measured)} measured row(s) satisfies the outcome constraints; "
                "tell more rows, or look at `data`."
            )
        utility = np.where(flags, self._scoring.utility(outcomes, self.outputs), -np.inf)
        frame = self.data[~self._observations.is_failed]
        return frame.drop(columns="is_failed").iloc[int(np.argmax(utility))]

    def _is_initial(self) -> bool:
        n_measured = len(self._observations.measured[0])
        return len(self._observations.known) < self.n_initial or n_measured < MIN_MEASURED

    def _from_design(self, space: SearchSpace, n: int, context: Mapping[str, Any]) -> pd.DataFrame:
        known = self._observations.known
        size = max(self.n_initial, len(known) + n)
        design = space.design(size, method=self.initial_design, random_state=self._seed, context=context)
        batch = design[is_new(self.space, design, known)].iloc[:n].reset_index(drop=True)
        missing = [f"{name}_{moment}" for name in self.outputs for moment in ("mean", "std")]
        return batch.assign(**dict.fromkeys([*missing, "score"], np.nan))

    def _from_model(self, search: Search, n: int, candidates: Pool | None) -> pd.DataFrame:
        batch, scores = suggest(search, n, candidates)
        return self._with_predictions(batch, search).assign(score=scores)

    def _search(
        self,
        context: Mapping[str, Any] | None,
        objectives: Sequence[Objective] | None,
        constraints: Sequence[LinearConstraint | NonlinearConstraint],
    ) -> Search:
        """Fit if there is something new, and return what a search needs."""
        told = self._observations.told
        space = self.space.restricted(constraints=tuple(constraints)) if constraints else self.space
        model_space = self.space.with_observed_context(told)
        return Search(
            space=space.with_observed_context(told),
            model_space=model_space,
            model=self._fitted(model_space),
            scoring=self._checked_scoring(objectives),
            observations=self._observations,
            context=checked_context(self.space, context),
            n_candidates=self.n_candidates,
            n_draws=self.n_draws,
            seed=self._next_seed(),
        )

    def _fitted(self, model_space: SearchSpace) -> OutcomeModel:
        if self._model is None:
            measured, outcomes = self._observations.measured
            if len(measured) < MIN_MEASURED:
                raise InvalidDataError(
                    f"A model needs at least {MIN_MEASURED} rows with outcomes, got {len(measured)} "
                    f"({self.summary()['n_failed']} failed). Ask without candidates for a first design."
                )
            model = OutcomeModel(self.surrogate, self._seed_after(len(self._observations.told)))
            self._model = model.fit(model_space.encode(measured), outcomes)
        return self._model

    def _with_predictions(self, batch: pd.DataFrame, search: Search) -> pd.DataFrame:
        if not len(batch):
            empty = [f"{name}_{moment}" for name in self.outputs for moment in ("mean", "std")]
            return batch.assign(**dict.fromkeys(empty, np.nan))
        mean, std = search.model.observation_moments(search.model_space.encode(batch))
        for column, name in enumerate(self.outputs):
            batch = batch.assign(**{f"{name}_mean": mean[:, column], f"{name}_std": std[:, column]})
        return batch

    def _checked_scoring(self, objectives: Sequence[Objective] | None) -> Scoring:
        if objectives is None:
            return self._scoring
        scoring = Scoring(objectives, self.acquisition)
        unknown = [name for name in scoring.outputs if name not in self.outputs]
        if unknown:
            raise InvalidDataError(
                f"objectives: unknown outcome(s) {unknown}; the optimizer is told {list(self.outputs)}."
            )
        return scoring

    def _next_seed(self) -> int:
        return self._seed_after(len(self._observations.told), len(self._observations.pending))

    def _seed_after(self, *counts: int) -> int:
        """Seed of this state: a surrogate that is random anew with each row does not repeat its errors."""
        return int(np.random.default_rng([self._seed, *counts]).integers(MAX_SEED))
