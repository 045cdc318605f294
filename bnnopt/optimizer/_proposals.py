"""From a request to the rows to run: a first design, or what the model of the rows told suggests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt.acquisition import Acquisition
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective
from bnnopt.optimizer._arguments import cost_of
from bnnopt.optimizer._local_search import look, places_of, region_of, start_reason
from bnnopt.optimizer._maximum import Pool
from bnnopt.optimizer._modelling import MIN_MEASURED, Modelling
from bnnopt.optimizer._observations import Observations, is_new
from bnnopt.optimizer._request import Request
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search
from bnnopt.optimizer._steps import repeats
from bnnopt.optimizer._trust_region import Region, TrustRegion
from bnnopt.space import SearchSpace

__all__ = ["Proposals"]


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
        n_new = request.n - request.n_replicates
        region = self._region(space, request)
        if candidates is None and self._is_initial():
            return self._from_design(space, request, region)
        search = self.search(space, request)
        parts = []
        if n_new:
            wanted = replace(request, n=n_new)
            parts.append(self._new_rows(space, search, wanted, region, candidates))
        if request.n_replicates:
            agreed = {
                name: parts[0][0][name].iloc[0] for name in request.shared if parts and len(parts[0][0])
            }
            again = repeats(search.holding(agreed) if agreed else search, request.n_replicates)
            parts.append((*again, ["replicate"] * len(again[0])))
        tables, scores, reasons = zip(*parts, strict=True)
        filled = [table for table in tables if len(table)] or [tables[0]]
        batch = self.with_predictions(pd.concat(filled, ignore_index=True), search)
        batch = batch.assign(score=np.concatenate(scores))
        return batch if region is None else batch.assign(reason=list(chain(*reasons)))

    def search(self, space: SearchSpace, request: Request) -> Search:
        """Fit if there is something new, and return what a search needs."""
        told = self._observations.told
        searched = space.restricted(constraints=tuple(request.constraints)) if request.constraints else space
        model_space = space.with_observed_context(told)
        search = Search(
            space=searched.with_observed_context(told),
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
        return search.holding(request.held) if request.held else search

    def scoring(self, objectives: Sequence[Objective] | None) -> Scoring:
        """Return what scores candidates for these objectives, by default for the optimizer's."""
        outputs, cost = self._observations.outputs, self._cost_output
        if objectives is None:
            return Scoring(self._objectives, self._acquisition, outputs, cost, self._reference)
        return Scoring(objectives, self._acquisition, outputs, cost)

    def with_predictions(self, batch: pd.DataFrame, search: Search) -> pd.DataFrame:
        """Add the predicted mean and standard deviation of a new observation of each outcome."""
        if not len(batch):
            return batch.assign(**self._no_predictions())
        mean, std = search.model.observation_moments(search.model_space.encode(batch))
        for column, name in enumerate(self._observations.outputs):
            batch = batch.assign(**{f"{name}_mean": mean[:, column], f"{name}_std": std[:, column]})
        return batch

    def _region(self, space: SearchSpace, request: Request) -> Region | None:
        """Return the trust region to which the rows told lead, None without one."""
        if self._rule is None:
            return None
        goals = self.scoring(request.objectives).goals
        return region_of(self._rule, self._observations, space, goals, self._n_initial)

    def _new_rows(
        self, space: SearchSpace, search: Search, request: Request, region: Region | None, pool: Pool | None
    ) -> tuple[pd.DataFrame, FloatArray, list[str]]:
        """Return `request.n` new rows, their scores and where they come from."""
        if region is None:
            return look([(search, "")], request, pool)
        if not self._is_start(region):
            return look(places_of(search, region, pool), request, pool)
        if pool is not None:
            wanted = replace(request, exploration=1.0) if region.n_restarts else request
            return look([(search, start_reason(region))], wanted, pool)
        rows = self._design(space, request, region)
        return rows, np.full(len(rows), np.nan), [start_reason(region)] * len(rows)

    def _is_initial(self) -> bool:
        n_measured = len(self._observations.measured[0])
        return len(self._observations.known) < self._n_initial or n_measured < MIN_MEASURED

    def _is_start(self, region: Region) -> bool:
        """Tell whether rows are missing before there is a box."""
        return region.best is None or len(self._observations.known) - region.start < self._n_initial

    def _from_design(self, space: SearchSpace, request: Request, region: Region | None) -> pd.DataFrame:
        if request.n_replicates:
            raise InvalidDataError(
                "n_replicates: there is no model yet to say what to repeat; "
                f"tell {self._n_initial} rows first."
            )
        batch = self._design(space, request, region).assign(**self._no_predictions(), score=np.nan)
        return batch if region is None else batch.assign(reason=start_reason(region))

    def _design(self, space: SearchSpace, request: Request, region: Region | None) -> pd.DataFrame:
        """Return the next rows of the first design or that of a restart."""
        within = space.restricted(constraints=tuple(request.constraints)) if request.constraints else space
        batch = self._design_rows(within, request.held, request, region)
        if request.shared and len(batch) > 1:
            agreed = {name: batch[name].iloc[0] for name in request.shared}
            others = self._design_rows(within, {**request.held, **agreed}, request, region)
            others = others[is_new(space, others, batch.iloc[:1])].iloc[: request.n - 1]
            batch = pd.concat([batch.iloc[:1], others], ignore_index=True)
        return batch

    def _design_rows(
        self, space: SearchSpace, held: Mapping[str, Any], request: Request, region: Region | None
    ) -> pd.DataFrame:
        """Return the next new rows of a design, with these settings held."""
        known, seed = self._observations.known, self._modelling.seed
        n_known = len(known)
        if region is not None and region.n_restarts:
            n_known, seed = n_known - region.start, self._modelling.seed_after(region.start)
        context = {**request.context, **held}
        design = (space.holding(held) if held else space).design(
            max(self._n_initial, n_known + request.n),
            method=self._initial_design,
            random_state=seed,
            context=context,
        )
        return design[is_new(space, design, known)].iloc[: request.n].reset_index(drop=True)

    def _no_predictions(self) -> dict[str, float]:
        names = self._observations.outputs
        return {f"{name}_{moment}": np.nan for name in names for moment in ("mean", "std")}
