"""An optimizer that is told what is new in a study."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from optuna.study import StudyDirection

from bnnopt.integrations.optuna._parameters import Parameters
from bnnopt.integrations.optuna._trials import Trials
from bnnopt.objectives import Maximize, Minimize, OutcomeConstraint
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["Told"]


class Told:
    """An optimizer, and what it was told, so that it is only told what is new."""

    def __init__(self) -> None:
        self._kind: tuple[Any, ...] = ()
        self._rows: dict[int, tuple[float, ...]] = {}
        self._optimizer: BayesianOptimizer | None = None

    def optimizer_of(
        self,
        trials: Trials,
        parameters: Parameters,
        directions: Sequence[StudyDirection],
        options: Mapping[str, Any],
        seed: int,
    ) -> BayesianOptimizer:
        """Return an optimizer that was told all finished trials, the last one if it can go on."""
        kind = (parameters, tuple(directions), trials.constraint_names)
        rows = trials.finished(parameters)
        is_same = all(
            np.array_equal(row, rows.get(number, ()), equal_nan=True) for number, row in self._rows.items()
        )
        if self._optimizer is None or self._kind != kind or not is_same:
            objectives = _objectives(directions, len(trials.constraint_names))
            optimizer = BayesianOptimizer(parameters.space, objectives, random_state=seed, **options)
            self._kind, self._rows, self._optimizer = kind, {}, optimizer
            _warn_of_missing(trials)
        new = {number: row for number, row in rows.items() if number not in self._rows}
        if new:
            names = [*self._optimizer.space.names, *self._optimizer.outputs]
            table = pd.DataFrame(new.values(), columns=names, dtype=float)
            self._optimizer.tell(table, table)
            self._rows |= new
        return self._optimizer


def _warn_of_missing(trials: Trials) -> None:
    if trials.incomparable:
        warnings.warn(
            f"Trials {trials.incomparable[:10]} are left out: they have no values of some of the constraints "
            f"{list(trials.constraint_names)}, which other trials have. Set each constraint in every trial.",
            stacklevel=2,
        )


def _objectives(directions: Sequence[StudyDirection], n_constraints: int) -> list[Any]:
    goals = [
        (Maximize if direction == StudyDirection.MAXIMIZE else Minimize)(f"value{i}")
        for i, direction in enumerate(directions)
    ]
    return [*goals, *(OutcomeConstraint(f"constraint{i}", upper=0) for i in range(n_constraints))]
