"""What an optimizer is told of the trials of a study."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bnnopt.integrations.optuna._parameters import Parameters

__all__ = ["Trials", "constraints_of"]

LONGEST_ASK = datetime.timedelta(minutes=5)  # from the beginning of a trial to its settings
LARGEST = 1e100  # in size; beyond it a value says that something went wrong, as an infinite one does


def constraints_of(trial: FrozenTrial) -> dict[str, float]:
    """Return the constraint values of a trial by name, violated above 0; none where there are none."""
    if hasattr(trial, "constraints"):  # from Optuna 5 on
        return dict(trial.constraints)
    return {str(i): value for i, value in enumerate(trial.system_attrs.get("constraints") or ())}


@dataclass(frozen=True)
class Trials:
    """The trials of a study as rows of numbers.

    A completed trial has its values; a failed one none, as has one with an infinite value or constraint. A
    pruned one has the last value that it reported, brought between the median and the worst of the completed
    ones: it was stopped because it was no better than these. Without a report it has failed.

    Attributes
    ----------
    trials : sequence of FrozenTrial
        All of the study, in any state.
    directions : sequence of StudyDirection
        One for each value.
    """

    trials: Sequence[FrozenTrial]
    directions: Sequence[StudyDirection]

    @cached_property
    def constraint_names(self) -> tuple[str, ...]:
        """Names of the constraints that completed trials have, sorted."""
        return tuple(sorted({name for trial in self._completed for name in constraints_of(trial)}))

    def finished(self, parameters: Parameters) -> dict[int, tuple[float, ...]]:
        """Return the row of each finished trial by its number: cells, values, then constraints.

        Trials that lack a parameter, or a constraint that others have, are left out.
        """
        rows = {}
        for trial in self.trials:
            cells = parameters.cells(trial.params) if trial.state.is_finished() else None
            outcomes = None if cells is None else self._outcomes(trial)
            if cells is not None and outcomes is not None:
                rows[trial.number] = (*cells, *outcomes)
        return rows

    def running(
        self, parameters: Parameters, proposed: Mapping[int, Mapping[str, Any]], but: int
    ) -> dict[int, list[float]]:
        """Return the cells of trials on their way but one, as far as these are known, by their numbers.

        Parameters
        ----------
        parameters : Parameters
        proposed : mapping of int to mapping
            By the number of a trial what was proposed for it; what it was really given counts more.
        but : int
            The number of the trial that is asked for.
        """
        rows = {}
        for trial in self.trials:
            if trial.state == TrialState.RUNNING and trial.number != but:
                cells = parameters.cells({**proposed.get(trial.number, {}), **trial.params})
                if cells is not None:
                    rows[trial.number] = cells
        return rows

    def begun_before(
        self, parameters: Parameters, proposed: Mapping[int, Mapping[str, Any]], number: int
    ) -> int:
        """Return how many trials that began before one are on their way to settings nobody knows yet.

        They are proposed in this moment by other workers. One that has stayed so for `LONGEST_ASK` has died,
        or does something else first.
        """
        names = {name for name, _ in parameters.distributions}
        since = datetime.datetime.now() - LONGEST_ASK  # without a zone, as Optuna's times are
        return sum(
            trial.state == TrialState.RUNNING
            and trial.number < number
            and not names <= {*trial.params, *proposed.get(trial.number, {})}
            and (trial.datetime_start is None or trial.datetime_start > since)
            for trial in self.trials
        )

    @property
    def incomparable(self) -> list[int]:
        """Numbers of the completed trials that lack a constraint which others have."""
        names = set(self.constraint_names)
        return [each.number for each in self._completed if not names <= set(constraints_of(each))]

    @cached_property
    def _completed(self) -> list[FrozenTrial]:
        return [trial for trial in self.trials if trial.state == TrialState.COMPLETE]

    @cached_property
    def _usual(self) -> tuple[float, float] | None:
        """The median and the worst of the completed values, in ascending order; None while there are none."""
        values = [trial.values[0] for trial in self._completed if trial.values is not None]
        known = [value for value in values if abs(value) <= LARGEST]
        if not known:
            return None
        is_maximized = self.directions[0] == StudyDirection.MAXIMIZE
        ends = float(np.median(known)), min(known) if is_maximized else max(known)
        return min(ends), max(ends)

    def _outcomes(self, trial: FrozenTrial) -> list[float] | None:
        """Return values and constraints of a finished trial, NaN where it failed; None if one is unknown."""
        names, known = self.constraint_names, constraints_of(trial)
        values = [*self._values(trial), *(known.get(name, 0.0) for name in names)]
        if not np.all(np.abs(values) <= LARGEST):
            return [np.nan] * len(values)
        return values if set(names) <= set(known) else None

    def _values(self, trial: FrozenTrial) -> list[float]:
        if trial.state == TrialState.COMPLETE and trial.values is not None:
            return list(trial.values)
        if trial.state == TrialState.PRUNED and trial.last_step is not None:
            return [self._stand_in(trial.intermediate_values[trial.last_step])]
        return [np.nan] * len(self.directions)

    def _stand_in(self, reported: float) -> float:
        return reported if self._usual is None else float(np.clip(reported, *self._usual))
