"""From a request to the rows to run: a first design, or what the model of the rows told suggests."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt.acquisition import Acquisition
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective
from bnnopt.optimizer._arguments import cost_of
from bnnopt.optimizer._candidates import is_new
from bnnopt.optimizer._modelling import MIN_MEASURED, Modelling
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._pool import Pool
from bnnopt.optimizer._request import Request
from bnnopt.optimizer._scoring import Scoring
from bnnopt.optimizer._search import Search
from bnnopt.optimizer._steps import repeats, run_steps, steps_of
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
    ) -> None:
        self._observations, self._modelling = observations, modelling
        self._objectives, self._acquisition = objectives, acquisition
        self._n_initial, self._initial_design = n_initial, initial_design
        self._n_candidates, self._n_draws = n_candidates, n_draws
        self._cost = None if cost is None or isinstance(cost, str) else cost_of(cost)
        self._cost_output = cost if isinstance(cost, str) else None
        self._reference = reference_point

    def propose(self, space: SearchSpace, request: Request, candidates: Pool | None) -> pd.DataFrame:
        """Return at most `request.n` rows with predictions and scores, replicates last."""
        n_new = request.n - request.n_replicates
        if candidates is None and self._is_initial():
            return self._from_design(space, request)
        search = self.search(space, request)
        parts = []
        if n_new:
            parts.append(run_steps(steps_of(search, n_new, request.exploration), candidates, request.shared))
        if request.n_replicates:
            agreed = {
                name: parts[0][0][name].iloc[0] for name in request.shared if parts and len(parts[0][0])
            }
            parts.append(repeats(search.holding(agreed) if agreed else search, request.n_replicates))
        tables, scores = zip(*parts, strict=True)
        filled = [table for table in tables if len(table)] or [tables[0]]
        batch = self.with_predictions(pd.concat(filled, ignore_index=True), search)
        return batch.assign(score=np.concatenate(scores))

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

    def _is_initial(self) -> bool:
        n_measured = len(self._observations.measured[0])
        return len(self._observations.known) < self._n_initial or n_measured < MIN_MEASURED

    def _from_design(self, space: SearchSpace, request: Request) -> pd.DataFrame:
        if request.n_replicates:
            raise InvalidDataError(
                "n_replicates: there is no model yet to say what to repeat; "
                f"tell {self._n_initial} rows first."
            )
        within = space.restricted(constraints=tuple(request.constraints)) if request.constraints else space
        batch = self._design_rows(within, request.held, request)
        if request.shared and len(batch) > 1:
            agreed = {name: batch[name].iloc[0] for name in request.shared}
            others = self._design_rows(within, {**request.held, **agreed}, request)
            others = others[is_new(space, others, batch.iloc[:1])].iloc[: request.n - 1]
            batch = pd.concat([batch.iloc[:1], others], ignore_index=True)
        return batch.assign(**self._no_predictions(), score=np.nan)

    def _design_rows(self, space: SearchSpace, held: Mapping[str, Any], request: Request) -> pd.DataFrame:
        """Return the next new rows of the first design, with these settings held."""
        known = self._observations.known
        context = {**request.context, **held}
        design = (space.holding(held) if held else space).design(
            max(self._n_initial, len(known) + request.n),
            method=self._initial_design,
            random_state=self._modelling.seed,
            context=context,
        )
        return design[is_new(space, design, known)].iloc[: request.n].reset_index(drop=True)

    def _no_predictions(self) -> dict[str, float]:
        names = self._observations.outputs
        return {f"{name}_{moment}": np.nan for name in names for moment in ("mean", "std")}
