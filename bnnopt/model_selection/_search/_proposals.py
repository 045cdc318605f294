"""Which settings of one search space to try next."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from bnnopt.exceptions import NothingToGainWarning, SpaceExhaustedWarning
from bnnopt.model_selection._search._dimensions import same_value_key
from bnnopt.model_selection._search._parameter_space import Branch, ParameterSpace
from bnnopt.objectives import Maximize
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["Model", "Proposals", "key_of"]

REACH_BELOW = 4.0
"""Scores further below the median than so many times what the best is above it count as if they were there:
a score without a lower end, such as R², would leave no room for what tells good settings apart."""

N_DRAWN = 256  # settings drawn at random where the first design has others only once


class Model(NamedTuple):
    """How settings are chosen: arguments of `BayesianOptimizer`."""

    surrogate: str | BaseEstimator
    acquisition: Any
    initial_design: str
    n_initial: int
    seed: int


def key_of(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what is equal for the same setting, whatever space it comes from."""
    return tuple(sorted((name, same_value_key(value)) for name, value in params.items()))


class Proposals:
    """Proposes settings of one space, none twice.

    Parameters
    ----------
    space : ParameterSpace
        What may be chosen.
    model : Model
        How.
    """

    def __init__(self, space: ParameterSpace, model: Model) -> None:
        self.space, self.model = space, model

    def next(
        self, n: int, settings: Sequence[Mapping[str, Any]], scores: pd.DataFrame
    ) -> list[dict[str, Any]]:
        """Return up to `n` settings to try; fewer at the end of the first design, none where all were tried.

        Parameters
        ----------
        n : int
            Settings wanted, at least 1.
        settings : sequence of dict
            All settings tried, of other spaces too.
        scores : DataFrame of shape (n_settings, n_scores)
            What is to be raised; several scores are traded off against each other. NaN where it failed.
        """
        here, scores = self.rows(settings, scores)
        is_inside = self.space.space.is_inside(self.space.table(here)) if here else np.empty(0)
        tried = [row for row, inside in zip(here, is_inside, strict=True) if inside]
        n = int(min(n, self.space.n_settings - len({key_of(self.space.params(row)) for row in tried})))
        if n <= 0:
            return []
        n_missing = self.model.n_initial - len(here)
        chosen = self._first(min(n, n_missing), tried) if n_missing > 0 else []
        chosen = chosen or self._best(n, tried, self.optimizer(here, scores.apply(reached)))
        return [self.space.params(row) for row in chosen]

    def rows(
        self, settings: Sequence[Mapping[str, Any]], scores: pd.DataFrame
    ) -> tuple[list[dict[str, Any]], pd.DataFrame]:
        """Return the settings that are of this space as rows, and their scores."""
        rows = [self.space.row(params) for params in settings]
        is_here = np.array([row is not None for row in rows], dtype=bool)
        return [row for row in rows if row is not None], scores[is_here]

    def optimizer(self, rows: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> BayesianOptimizer:
        """Return an optimizer that was told rows and their scores."""
        optimizer = BayesianOptimizer(
            self.space.space,
            [Maximize(name) for name in scores.columns],
            surrogate=self.model.surrogate,
            acquisition=self.model.acquisition,
            n_initial=2,  # the first design is chosen here
            initial_design=self.model.initial_design,
            random_state=self.model.seed,
        )
        if len(rows):
            is_finite = np.isfinite(scores).all(axis=1)
            optimizer.tell(self.space.table(rows), scores.where(is_finite, np.nan).reset_index(drop=True))
        return optimizer

    def _first(self, n: int, here: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return settings of the first design that were not tried, then settings drawn at random."""
        space, seed = self.space.space, self.model.seed
        design = space.design(self.model.n_initial, method=self.model.initial_design, random_state=seed)
        drawn = space.sample(N_DRAWN, random_state=seed)
        tried = {key_of(self.space.params(row)) for row in here}
        chosen: list[dict[str, Any]] = []
        for row in [*design.to_dict("records"), *drawn.to_dict("records")]:
            key = key_of(self.space.params(row))
            if len(chosen) < n and key not in tried:
                tried.add(key)
                chosen.append(self.space.settled(row))
        return chosen

    def _best(
        self, n: int, here: Sequence[Mapping[str, Any]], optimizer: BayesianOptimizer
    ) -> list[dict[str, Any]]:
        """Return settings that the optimizer asks for."""
        with warnings.catch_warnings():  # said of rows of an optimizer, which nobody sees here
            warnings.simplefilter("ignore", NothingToGainWarning)
            warnings.simplefilter("ignore", SpaceExhaustedWarning)
            if len(self.space.branches) == 1:
                return optimizer.ask(n)[self.space.space.names].to_dict("records")
            return self._of_branches(n, list(here), optimizer)

    def _of_branches(
        self, n: int, here: list[Mapping[str, Any]], optimizer: BayesianOptimizer
    ) -> list[dict[str, Any]]:
        """Return settings one by one, each from the branch whose best setting has the highest score."""
        chosen: list[dict[str, Any]] = []
        for _ in range(n):
            found = [self._of_branch(branch, here, optimizer) for branch in self.space.branches]
            asked = [each for each in found if each is not None]
            if not asked:
                break
            best = asked[int(np.argmax([score for score, _ in asked]))][1]
            chosen.append(best)
            if len(chosen) < n:
                optimizer.plan(self.space.table([best]))
            here.append(best)
        return chosen

    def _of_branch(
        self, branch: Branch, here: Sequence[Mapping[str, Any]], optimizer: BayesianOptimizer
    ) -> tuple[float, dict[str, Any]] | None:
        """Return the best setting of a branch with its score; None where all were tried."""
        tried = [row for row in here if self.space.branch_of(row) == branch]
        if branch.n_settings <= len(tried):
            return None
        held = self.space.held(branch)
        if len(held) == self.space.space.n_settings:
            batch = optimizer.ask(1, candidates=self.space.table([held]))
        else:
            batch = optimizer.ask(1, held=held)
        if batch.empty:
            return None
        rows = batch[self.space.space.names]
        optimizer.withdraw(rows)
        score = float(batch["score"].iloc[0])
        return (score if np.isfinite(score) else -np.inf), rows.to_dict("records")[0]


def reached(scores: pd.Series) -> pd.Series:
    """Return scores with those far below all others raised to where these begin; NaN where not finite."""
    finite = scores.where(np.isfinite(scores), np.nan)
    middle, best = finite.median(), finite.max()
    return finite.clip(lower=middle - REACH_BELOW * (best - middle)) if best > middle else finite
