"""The rows of an optimizer as a frozen model: told, pending, corrected and retracted."""

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import pandas as pd
from pydantic import Field, NonNegativeInt, ValidationInfo, field_validator

from bnnopt._models import FrozenModel
from bnnopt._validation import require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Outcome
from bnnopt.optimizer._observations import Earlier, Observations
from bnnopt.optimizer._tables import as_campaigns, as_noise_std, as_outcomes, as_settings
from bnnopt.space import SearchSpace

__all__ = ["RowsState"]

Cell: TypeAlias = bool | int | float | str | None
Number: TypeAlias = int | float | None


class RowsState(FrozenModel):
    """The rows of an optimizer, each table a list of cells for each column.

    Parameters
    ----------
    told : dict of str to list
        Settings and context of every row ever told, in the user's units.
    outcomes, noise_std : dict of str to list of float or None
        Outcomes of these rows and their standard errors, in the unit of each outcome; None where the
        experiment failed, an error of 0 where it is not known.
    pending : dict of str to list
        Settings and context of the rows asked for and not told yet.
    corrections : dict of str to list
        The column `row` and the former outcomes of rows corrected, oldest first.
    retracted : list of int
        Numbers of the rows retracted, from 0.
    earlier : dict of str to list
        Settings of the rows of earlier campaigns.
    earlier_outcomes : dict of str to list of float or None
        Their outcomes.
    earlier_campaigns : list of str
        The name of the campaign of each.
    """

    told: dict[str, list[Cell]]
    outcomes: dict[str, list[Number]]
    noise_std: dict[str, list[Number]]
    pending: dict[str, list[Cell]]
    corrections: dict[str, list[Number]]
    retracted: tuple[NonNegativeInt, ...] = ()
    earlier: dict[str, list[Cell]] = Field(default_factory=dict)
    earlier_outcomes: dict[str, list[Number]] = Field(default_factory=dict)
    earlier_campaigns: tuple[str, ...] = ()

    @field_validator("told", "outcomes", "noise_std", "pending", "corrections", "earlier", "earlier_outcomes")
    @classmethod
    def _check_lengths(cls, table: dict[str, list[Any]], info: ValidationInfo) -> dict[str, list[Any]]:
        lengths = {name: len(column) for name, column in table.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"expected columns of one length in {info.field_name}, got {lengths}")
        return table

    @classmethod
    def of(cls, observations: Observations) -> Self:
        """Return the rows of observations."""
        retracted = observations.as_frame(is_retracted=True)
        every = pd.concat([observations.as_frame(), retracted]).sort_index()
        outputs = list(observations.outputs)
        return cls(
            told=_columns(every[[name for name in every if name not in (*outputs, "is_failed")]]),
            outcomes=_columns(every[outputs]),
            noise_std=_columns(observations.error_bars()),
            pending=_columns(observations.pending),
            corrections=_columns(observations.corrections),
            retracted=tuple(retracted.index),
            **_earlier_columns(observations),
        )

    def restore(self, space: SearchSpace, observations: Observations, bounds: Sequence[Outcome] = ()) -> None:
        """Give the rows to observations that hold none yet, checked as rows that are told are."""
        outputs = observations.outputs
        told = as_settings(space, _table(self.told, space.names, "told"))
        if len(told):
            table = _table(self.outcomes, outputs, "outcomes")
            outcomes = as_outcomes(table, outputs, len(told), bounds)
            errors = as_noise_std(_table(self.noise_std, outputs, "noise_std"), outputs, len(told))
            observations.add(told, outcomes, errors)
        if self.earlier_campaigns:
            settings = as_settings(space, _table(self.earlier, space.names, "earlier"))
            table = _table(self.earlier_outcomes, outputs, "earlier_outcomes")
            names = as_campaigns(self.earlier_campaigns, len(settings))
            values = as_outcomes(table, outputs, len(settings), bounds)
            observations.add_earlier(Earlier(settings, values, names))
        pending = _table(self.pending, space.names, "pending")
        if len(pending):
            observations.add_pending(as_settings(space, pending))
        corrections = _table(self.corrections, ["row", *outputs], "corrections")
        _refuse_rows_beyond(len(told), "retracted", list(self.retracted))
        _refuse_rows_beyond(len(told), "corrected", corrections["row"].tolist())
        types = {"row": int} | dict.fromkeys(outputs, float)
        observations.restore(self.retracted, corrections.astype(types))


def _earlier_columns(observations: Observations) -> dict[str, Any]:
    settings, outcomes, campaigns = observations.earlier
    if not campaigns:
        return {}
    table = pd.DataFrame(outcomes, columns=list(observations.outputs))
    return {
        "earlier": _columns(settings),
        "earlier_outcomes": _columns(table),
        "earlier_campaigns": campaigns,
    }


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a table as lists of plain values by column, None for NaN."""
    return {str(name): [None if pd.isna(cell) else cell for cell in frame[name].tolist()] for name in frame}


def _refuse_rows_beyond(n_told: int, what: str, rows: Sequence[Any]) -> None:
    """Raise `InvalidDataError` unless these are numbers of rows told."""
    if all(isinstance(row, int) and 0 <= row < n_told for row in rows):
        return
    raise InvalidDataError(
        f"The state names {what} rows {rows} of {n_told} rows told; numbers count from 0. Repair the file, "
        "or take a whole copy of it."
    )


def _table(columns: dict[str, list[Any]], names: Any, what: str) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    require_columns(frame, names, f"rows.{what} of the state")
    return frame[list(names)]
