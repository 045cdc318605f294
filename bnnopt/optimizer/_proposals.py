"""From a request to the rows to run: a first design, or what the model of the rows told suggests."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._dask import is_partitioned
from bnnopt._tables import with_columns, with_names
from bnnopt._threads import one_thread
from bnnopt.acquisition import Acquisition
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective
from bnnopt.optimizer._advice import StoppingAdvice, advise
from bnnopt.optimizer._arguments import cost_of
from bnnopt.optimizer._batch import Batch, Request, Where
from bnnopt.optimizer._elsewhere import is_flat
from bnnopt.optimizer._gains import with_reachable_reference
from bnnopt.optimizer._local_search import places_of, region_of, start_reason
from bnnopt.optimizer._maximum import Pool, PoolScan, PoolScores, blocks_of, scan_partitions
from bnnopt.optimizer._modelling import MIN_MEASURED, Modelling
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._progress import progress
from bnnopt.optimizer._same_settings import is_met, is_new
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search
from bnnopt.optimizer._steps import largest_gain
from bnnopt.optimizer._trust_region import Region, TrustRegion
from bnnopt.space import SearchSpace

__all__ = ["Proposals"]

FIRST = "the first design"
FLAT = "spread out like a design: all outcomes so far are alike"
MOST_ROWS_OF_ONE_THREAD = 512  # told; with more, products with thousands of candidates gain by a second one


class Proposals:
    """Proposes rows from what was told.

    Parameters
    ----------
    observations : Observations
        Rows told and pending.
    modelling : Modelling
        The models of these rows.
    objectives : sequence of objectives
        What is wanted unless a request says otherwise.
    acquisition : Acquisition
        Scores candidates.
    n_initial, initial_design, n_candidates, n_draws
        As in `BayesianOptimizer`.
    cost : callable or str, optional
        Settings to what their experiments cost, or the outcome that tells it.
    reference_point : sequence of float, optional
        As in `BayesianOptimizer`; it holds for the optimizer's own objectives.
    trust_region : TrustRegion, optional
        The rule by which new rows keep to a box.
    """

    def __init__(
        self,
        observations: Observations,
        modelling: Modelling,
        objectives: Sequence[Objective],
        acquisition: Acquisition,
        *,
        n_initial: int,
        initial_design: str,
        n_candidates: int,
        n_draws: int,
        cost: Callable[[pd.DataFrame], Any] | str | None,
        reference_point: Sequence[float] | None,
        trust_region: TrustRegion | None,
    ) -> None:
        self._observations, self._modelling = observations, modelling
        self._objectives, self._acquisition = objectives, acquisition
        self._n_initial, self._initial_design = n_initial, initial_design
        self._n_candidates, self._n_draws = n_candidates, n_draws
        self._cost = None if cost is None or isinstance(cost, str) else cost_of(cost)
        self._cost_output = cost if isinstance(cost, str) else None
        self._reference, self._rule = reference_point, trust_region

    def propose(self, space: SearchSpace, request: Request, candidates: Pool | None) -> pd.DataFrame:
        """Return at most `request.n` rows with predictions and scores, replicates last."""
        batch = Batch(request, self._observations.told.iloc[:0])
        if candidates is None and (self._is_initial() or is_flat(self._observations.measured[1])):
            known = None if self._is_initial() else self.search(space, request)
            region = self._region(space, request, known)
            batch = self._designed(space, batch, region) if request.n_new else batch
            if known is not None and request.n_replicates:
                batch = batch.with_replicates(known)
            return self._table(batch, known)
        search = self.search(space, request)
        region = self._region(space, request, None if self._is_initial() else search)
        with self.threads(), progress(request.n, is_shown=request.is_shown) as tick:
            search = replace(search, tick=tick)
            if request.n_new:
                batch = self._with_new_rows(space, search, batch, region, candidates)
            if request.n_replicates:
                batch = batch.with_replicates(search)
            return self._table(batch, search)

    def search(self, space: SearchSpace, request: Request) -> Search:
        """Fit if there is something new, and return what a search needs."""
        told = self._observations.told
        model_space = space.with_observed_context(told)
        search = Search(
            space=_restricted(space, request).with_observed_context(told),
            model_space=model_space,
            model=self._modelling.of_outcomes(self._observations, model_space),
            scoring=self.scoring(request.objectives),
            observations=self._observations,
            pending=self._observations.pending,
            context=request.context,
            n_candidates=self._n_candidates,
            n_draws=self._n_draws,
            seed=self._modelling.seed_after(len(told), len(self._observations.pending)),
            success=self._modelling.of_success(self._observations, model_space),
            cost=self._cost,
        )
        return search.holding(request.held)

    def scoring(self, objectives: Sequence[Objective] | None) -> Scoring:
        """Return what scores candidates for these objectives, by default for the optimizer's."""
        outputs, cost = self._observations.outputs, self._cost_output
        if objectives is None:
            return Scoring(self._objectives, self._acquisition, outputs, cost, self._reference)
        return Scoring(objectives, self._acquisition, outputs, cost)

    def with_predictions(self, rows: pd.DataFrame, search: Search | None) -> pd.DataFrame:
        """Add the predicted mean and standard deviation of a new observation of each outcome."""
        if search is None or not len(rows):
            return with_columns(rows, self._no_predictions())
        mean, std = search.model.observation_moments(search.model_space.encode(rows))
        columns = [array[:, i] for i in range(mean.shape[1]) for array in (mean, std)]
        return with_columns(rows, dict(zip(self._no_predictions(), columns, strict=True)))

    def intervals(self, space: SearchSpace, settings: pd.DataFrame, level: float) -> pd.DataFrame:
        """Predict the ends of the interval of a new observation of each outcome; NaN in the first design."""
        names = [f"{name}_{end}" for name in self._observations.outputs for end in ("lower", "upper")]
        if self._is_initial() or not len(settings):
            return pd.DataFrame(np.nan, index=settings.index, columns=names)
        model_space = space.with_observed_context(self._observations.told)
        model = self._modelling.of_outcomes(self._observations, model_space)
        with self.threads():
            ends = model.observation_quantiles(
                model_space.encode(settings), [0.5 - 0.5 * level, 0.5 + 0.5 * level]
            )
        return pd.DataFrame(ends.reshape(len(settings), -1), index=settings.index, columns=names)

    def scores_of_pool(
        self,
        space: SearchSpace,
        request: Request,
        candidates: Any,
        n_best: int,
        n_sample: int,
        *,
        is_screened: bool,
    ) -> PoolScores:
        """Score what is feasible of a pool; see `BayesianOptimizer.score_pool`."""
        search = self.search(space, request)
        rng = np.random.default_rng(search.seed)
        scan = PoolScan(search, n_best, n_sample, rng, is_screened=is_screened)
        if is_partitioned(candidates):
            best, scores = scan_partitions(scan, candidates)
        else:
            best, scores = scan.run(blocks_of(with_names(candidates), search))
        sample = self.with_predictions(scan.sample, search).assign(score=search.score(scan.sample))
        best = self.with_predictions(best, search).assign(score=scores)
        return PoolScores(best, sample, scan.n_candidates, scan.n_exact)

    def advice(
        self,
        space: SearchSpace,
        request: Request,
        *,
        min_gain: float | None,
        patience: int,
        budget: int | None,
    ) -> StoppingAdvice:
        """Say whether going on is worth it; see `BayesianOptimizer.advise`."""
        search = self.search(space, request)
        measured, outcomes = self._observations.measured
        noise = search.model.noise_variance(search.model_space.encode(measured))
        with self.threads():
            gain = largest_gain(search)
        goals = search.scoring.goals
        utility = goals.utilities(outcomes)[:, 0]
        return advise(
            np.where(search.kept_limits.is_within, utility, -np.inf),
            len(self._observations.told),
            gain,
            float(np.sqrt(goals.situation(outcomes, noise).noise_variance)),
            min_gain=min_gain,
            patience=patience,
            budget=budget,
        )

    def _table(self, batch: Batch, search: Search | None) -> pd.DataFrame:
        """Return a batch as `ask` does; a search predicts its outcomes."""
        table = self.with_predictions(batch.rows, search)
        return table.assign(score=batch.scores, reason=list(batch.reasons))

    def _region(self, space: SearchSpace, request: Request, search: Search | None) -> Region | None:
        """Return the trust region to which the rows told lead, None without one.

        A search knows which rows keep the limits on outcomes; in the first design there is none.
        """
        if self._rule is None:
            return None
        goals = self.scoring(request.objectives).goals
        counts = search.kept_limits if search is not None and goals.constraints else None
        return region_of(self._rule, self._observations, space, goals, self._n_initial, counts)

    def _with_new_rows(
        self, space: SearchSpace, search: Search, batch: Batch, region: Region | None, pool: Pool | None
    ) -> Batch:
        """Return a batch with new rows and where they come from."""
        if region is None:
            search, reason = with_reachable_reference(search)
            return batch.filled([Where(search, reason) if reason else Where(search)], pool)
        if not self._is_start(region):
            return batch.filled(places_of(search, region, pool), pool)
        if pool is None:
            return self._designed(space, batch, region)
        explored = 1.0 if region.n_restarts else batch.request.exploration
        batch = replace(batch, request=replace(batch.request, exploration=explored))
        return batch.filled([Where(search, start_reason(region))], pool)

    def _is_initial(self) -> bool:
        n_measured = len(self._observations.measured[0])
        return len(self._observations.known) < self._n_initial or n_measured < MIN_MEASURED

    def _is_start(self, region: Region) -> bool:
        """Tell whether rows are missing before there is a box."""
        return region.best is None or len(self._observations.known) - region.start < self._n_initial

    def _designed(self, space: SearchSpace, batch: Batch, region: Region | None) -> Batch:
        """Return a batch with the next rows of the first design or that of a restart."""
        if batch.request.n_replicates and self._is_initial():
            raise InvalidDataError(
                "n_replicates: there is no model yet to say what to repeat; "
                f"tell {self._n_initial} rows first."
            )
        within = _restricted(space, batch.request)
        reason = start_reason(region) if region is not None else FIRST if self._is_initial() else FLAT
        return batch.designed(lambda found: self._design_rows(within, found, region), reason)

    def _design_rows(self, space: SearchSpace, batch: Batch, region: Region | None) -> pd.DataFrame:
        """Return the next new rows of a design that a batch misses."""
        known, seed = self._observations.known, self._modelling.seed
        start = 0
        if region is not None and region.n_restarts:
            start, seed = region.start, self._modelling.seed_after(region.start)
        own = known.iloc[start:]  # rows of this design; those before a restart were no part of its plan
        design = (space.holding(batch.held) if batch.held else space).design(
            max(self._n_initial, len(own) + batch.request.n_new),
            method=self._initial_design,
            random_state=seed,
            context={**batch.request.context, **batch.held},
        )
        is_left = is_new(space, design, _joined(known, batch.rows))
        is_left &= ~is_met(space, design, _joined(own, batch.rows))
        return design[is_left].iloc[: batch.n_missing].reset_index(drop=True)

    def _no_predictions(self) -> dict[str, float]:
        names = self._observations.outputs
        return {f"{name}_{moment}": np.nan for name in names for moment in ("mean", "std")}

    def threads(self) -> AbstractContextManager[None]:
        """Return what keeps small products to one thread."""
        n_told = len(self._observations.told)
        return one_thread() if n_told <= MOST_ROWS_OF_ONE_THREAD else nullcontext()


def _restricted(space: SearchSpace, request: Request) -> SearchSpace:
    """Return a space with the constraints that a request adds."""
    return space.restricted(constraints=tuple(request.constraints)) if request.constraints else space


def _joined(known: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows one after the other; those without any have no types to keep."""
    return pd.concat([part for part in (known, rows) if len(part)] or [known])
