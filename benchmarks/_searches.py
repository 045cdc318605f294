"""Searches on tables of settings, one row at a time, with any number of outcomes; peers are in `_studies`.

A task names its settings and what is wanted of the outcomes; a method makes a search from a task, the number
of rows of the first design, and a seed. `run` tells each search the same first design and then what it asks.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import SearchSpace

__all__ = ["Bnnopt", "Method", "RandomDraws", "Search", "Task", "ratio_of_regrets", "run"]


class Task(Protocol):
    """What is searched, as the toy problems of `bnnopt.testing` say it."""

    def space(self) -> SearchSpace:
        """Return the settings and the constraints between them."""

    def objectives(self) -> Sequence[Any]:
        """Return objectives, each to be minimised, and constraints of outcomes."""

    def outcomes(self, settings: pd.DataFrame) -> pd.DataFrame:
        """Return the outcomes at settings; NaN where an experiment fails."""


class Search(Protocol):
    """Proposes one row after the other."""

    def tell(self, row: pd.DataFrame, outcomes: pd.DataFrame) -> None:
        """Store one row and its outcomes."""

    def ask(self) -> pd.DataFrame:
        """Return the row to run next."""


Method = Callable[[Task, int, int], Search]


class RandomDraws:
    """Draws from the whole space, uniform within its constraints."""

    def __init__(self, task: Task, n_initial: int, seed: int) -> None:
        self._space, self._rng = task.space(), np.random.default_rng([seed, 1])

    def tell(self, row: pd.DataFrame, outcomes: pd.DataFrame) -> None:
        """Learn nothing."""

    def ask(self) -> pd.DataFrame:
        """Draw a row."""
        return self._space.sample(1, random_state=self._rng)


class Bnnopt:
    """`bnnopt.BayesianOptimizer`; `options` are what differs from its defaults."""

    def __init__(self, task: Task, n_initial: int, seed: int, **options: Any) -> None:
        self._names = task.space().names
        self._optimizer = BayesianOptimizer(
            task.space(), task.objectives(), n_initial=n_initial, random_state=seed, **options
        )

    def tell(self, row: pd.DataFrame, outcomes: pd.DataFrame) -> None:
        """Store one row."""
        self._optimizer.tell(row, outcomes)

    def ask(self) -> pd.DataFrame:
        """Return the row of the best score."""
        return self._optimizer.ask(1)[self._names]


def run(task: Task, method: Method, n_initial: int, n_steps: int, seed: int) -> tuple[pd.DataFrame, float]:
    """Search, and return what was run and the processor seconds of a step.

    Parameters
    ----------
    task : Task
        What is searched.
    method : callable
        From the task, `n_initial` and `seed` to a search.
    n_initial : int
        Rows of the first design: scrambled Sobol points, constraints of the space kept.
    n_steps : int
        Rows asked for after it, at least 1.
    seed : int
        Of the design and of the search.

    Returns
    -------
    DataFrame of n_initial + n_steps rows
        Settings and outcomes in the order of the run.
    float
        Processor seconds of the whole run, divided by `n_steps`.
    """
    start = time.process_time()
    search = method(task, n_initial, seed)
    design = task.space().design(n_initial, random_state=seed)
    tables = []
    for step in range(n_initial + n_steps):
        row = design.iloc[[step]] if step < n_initial else search.ask()
        outcomes = task.outcomes(row)
        search.tell(row, outcomes)
        tables.append(pd.concat([row, outcomes], axis=1))
    return pd.concat(tables, ignore_index=True), (time.process_time() - start) / n_steps


def ratio_of_regrets(frame: pd.DataFrame, problem: str, method: str, peer: str) -> str:
    """Return a method's median regret divided by a peer's; empty if one has no rows or the peer's is 0."""
    of_problem = frame[frame["problem"] == problem]
    ours, theirs = (of_problem[of_problem["method"] == name] for name in (method, peer))
    if not len(ours) or not len(theirs) or theirs["regret"].median() == 0:
        return ""
    return f"{ours['regret'].median() / theirs['regret'].median():.2g}"
