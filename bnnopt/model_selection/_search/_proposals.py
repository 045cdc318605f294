"""Which settings of one search space to try next."""

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from bnnopt.exceptions import NothingToGainWarning, SpaceExhaustedWarning
from bnnopt.model_selection._search._dimensions import same_value_key
from bnnopt.model_selection._search._parameter_space import ParameterSpace
from bnnopt.objectives import Maximize, Outcome
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["Model", "Proposals", "key_of"]

SCALE = "identity"  # of scores as they are learned: no trial of others, which took a sixth of the time

REACH_BELOW, REACH_BELOW_QUARTER = 4.0, 100.0
"""Scores further below the median than so many times what the best is above it count as if they were there:
a score without a lower end, such as R², would leave no room for what tells good settings apart. Where more
than half are far below, so many times what the best is above the upper quartile decide."""

FEWEST_SCORED = 2  # settings without which there is no model

N_DRAWN = 256  # settings drawn at random where the first design has others only once

N_EVERYWHERE, N_NEAR = 1024, 384  # settings to choose from
N_BEST = 4  # settings from which steps are taken
STEPS = (0.01, 0.05, 0.2)  # standard deviations of steps, in units of the range

SMALLEST_BLOCK = 4
"""Settings chosen together, however few of them run at a time, so that results do not depend on how many do.
Four found as good scores as one after the other (docs/experiments.md), with a quarter of the fits."""

N_DRAWS_OF_A_SETTING = 8  # joint draws by which a block is chosen, for each of its settings


class Model(NamedTuple):
    """How settings are chosen: arguments of `BayesianOptimizer`."""

    surrogate: str | BaseEstimator
    acquisition: Any
    initial_design: str
    n_initial: int
    seed: int
    n_points: int

    @property
    def n_block(self) -> int:
        """How many settings are chosen together."""
        return max(SMALLEST_BLOCK, self.n_points)


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
        self._untold: dict[tuple[str, ...], BayesianOptimizer] = {}

    def next(
        self, n: int, settings: Sequence[Mapping[str, Any]], scores: pd.DataFrame, *, goes_on: bool = False
    ) -> list[dict[str, Any]]:
        """Return up to `n` settings to try: the rest of the first design, later a block; none are left: none.

        Parameters
        ----------
        n : int
            Settings wanted at most, at least 1.
        settings : sequence of dict
            All settings tried, of other spaces too.
        scores : DataFrame of shape (n_settings, n_scores)
            What is to be raised; several scores are traded off against each other. NaN where it failed.
        goes_on : bool, default=False
            Whether the last settings may be the beginning of a block, of which the rest is then returned.
        """
        here, scores = self.rows(settings, scores)
        is_inside = self.space.space.is_inside(self.space.table(here)) if here else np.empty(0)
        tried = [row for row, inside in zip(here, is_inside, strict=True) if inside]
        n = min(n, self._n_left(tried))
        if n <= 0:
            return []
        n_first = max(0, self.model.n_initial - len(here))
        if np.isfinite(scores).all(axis=1).sum() < FEWEST_SCORED:
            n_first = n_first or self.model.n_block
        chosen = self._first(min(n, n_first), tried) if n_first else []
        if not chosen and goes_on:
            chosen = self._begun(here, scores)
        chosen = chosen or self._best(here, scores)
        return [self.space.params(row) for row in chosen[:n]]

    def _n_left(self, tried: Sequence[Mapping[str, Any]]) -> int:
        """Return how many settings are left, no less than that."""
        if np.isinf(self.space.n_settings):
            return sys.maxsize
        return int(self.space.n_settings) - len(set(self._keys(tried)))

    def rows(
        self, settings: Sequence[Mapping[str, Any]], scores: pd.DataFrame
    ) -> tuple[list[dict[str, Any]], pd.DataFrame]:
        """Return the settings that are of this space as rows, and their scores."""
        rows = [self.space.row(params) for params in settings]
        is_here = np.array([row is not None for row in rows], dtype=bool)
        return [row for row in rows if row is not None], scores[is_here]

    def optimizer(self, rows: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> BayesianOptimizer:
        """Return an optimizer that was told rows and their scores."""
        names = tuple(scores.columns)
        if names not in self._untold:
            self._untold[names] = self._new_optimizer(names)
        optimizer = deepcopy(self._untold[names])
        if len(rows):
            finite = scores[np.isfinite(scores).all(axis=1)].reindex(scores.index)
            optimizer.tell(self.space.table(rows), finite.reset_index(drop=True))
        return optimizer

    def _new_optimizer(self, names: Sequence[str]) -> BayesianOptimizer:
        """Return an optimizer of scores that was told nothing; making one costs more than a copy."""
        return BayesianOptimizer(
            self.space.space,
            [Maximize(name) for name in names],
            outcomes=[Outcome(name, scale=SCALE) for name in names],
            surrogate=self.model.surrogate,
            acquisition=self.model.acquisition,
            n_initial=2,  # the first design is chosen here
            initial_design=self.model.initial_design,
            random_state=self.model.seed,
            n_draws=N_DRAWS_OF_A_SETTING * self.model.n_block,
        )

    def _first(self, n: int, here: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return settings of the first design that were not tried, then settings drawn at random."""
        tried = set(self._keys(here))
        chosen: list[dict[str, Any]] = []
        for row in self._spread_out():
            key = key_of(self.space.params(row))
            if key not in tried:
                tried.add(key)
                chosen.append(row)
            if len(chosen) == n:
                break
        return chosen

    def _spread_out(self) -> Iterator[dict[str, Any]]:
        """Yield the settings of the first design, then others at random."""
        space, seed = self.space.space, self.model.seed
        design = space.design(self.model.n_initial, method=self.model.initial_design, random_state=seed)
        yield from self.space.settled(design).to_dict("records")
        yield from self.space.settled(space.sample(N_DRAWN, random_state=seed)).to_dict("records")

    def _begun(self, here: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> list[dict[str, Any]]:
        """Return what is left of the block in which an earlier search ended, if the last settings are one."""
        n_begun = (len(here) - self.model.n_initial) % self.model.n_block
        n_before = len(here) - n_begun
        if not n_begun or np.isfinite(scores[:n_before]).all(axis=1).sum() < FEWEST_SCORED:
            return []
        block = self._best(here[:n_before], scores[:n_before])
        is_same = self._keys(block[:n_begun]) == self._keys(here[n_before:])
        return block[n_begun:] if is_same else []

    def _keys(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        return [key_of(self.space.params(row)) for row in rows]

    def _best(self, here: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> list[dict[str, Any]]:
        """Return settings that the optimizer chooses among some from everywhere and some near the best."""
        optimizer, names = self.optimizer(here, scores.apply(reached)), self.space.space.names
        with warnings.catch_warnings():  # said of rows of an optimizer, which nobody sees here
            warnings.simplefilter("ignore", NothingToGainWarning)
            warnings.simplefilter("ignore", SpaceExhaustedWarning)
            rows = optimizer.ask(self.model.n_block, candidates=self._candidates(here, scores))[names]
        return rows.to_dict("records")

    def _candidates(self, here: Sequence[Mapping[str, Any]], scores: pd.DataFrame) -> pd.DataFrame:
        """Return settings to choose from: all of a small space, else some drawn and steps from the best."""
        space, rng = self.space.space, np.random.default_rng([self.model.seed, len(here)])
        if space.n_points is not None and space.n_points <= N_EVERYWHERE:
            found = space.enumerate_points(N_EVERYWHERE)
        else:
            best = np.argsort(-scores.rank(pct=True).mean(axis=1).fillna(0).to_numpy(), kind="stable")[
                :N_BEST
            ]
            places = np.clip(space.encode(self.space.table([here[place] for place in best])), 0, 1)
            steps = rng.normal(size=(N_NEAR, space.n_dims)) * rng.choice(STEPS, size=(N_NEAR, 1))
            near = space.decode(np.clip(np.resize(places, steps.shape) + steps, 0, 1))
            found = pd.concat([space.sample(N_EVERYWHERE, random_state=rng), near], ignore_index=True)
        return self.space.settled(found)


def reached(scores: pd.Series) -> pd.Series:
    """Return scores with those far below all others raised to where these begin; NaN where not finite."""
    finite = scores.where(np.isfinite(scores), np.nan)
    best = finite.max()
    for share, reach in ((0.5, REACH_BELOW), (0.75, REACH_BELOW_QUARTER)):
        level = finite.quantile(share)
        finite = finite.clip(lower=level - reach * (best - level)) if best > level else finite
    return finite
