"""The table of a campaign: one row a run, read and written without touching what is not bnnopt's."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import Header, Kind, TextTable, as_file, as_number, escaped, read_text, unit_faults
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import FAILED, PLANNED, STATUS_OF, error_name, with_statuses
from bnnopt.exceptions import InvalidDataError

__all__ = ["OWN", "Experiments", "kinds_of_columns", "next_id", "refuse_own_names"]

OWN = ("id", "status", "batch", "replicate_of", "date", "note")
"""Columns of the table besides settings, context and outcomes."""


@dataclass(frozen=True)
class Experiments:
    """The table of a campaign, as text and as runs.

    Parameters
    ----------
    settings : CampaignSettings
        Say what the columns are.
    text : TextTable
        The cells as they stand in the file.
    used : tuple of str, default=()
        Ids of runs that are not in the table any more, which no other run gets.
    """

    settings: CampaignSettings
    text: TextTable
    used: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path, settings: CampaignSettings) -> "Experiments":
        """Read the table, or raise `InvalidDataError` that names file, row, column and remedy."""
        text = read_text(path, known=kinds_of_columns(settings))
        table = cls(settings, text)
        table.check_columns()
        return table

    @classmethod
    def new(cls, path: Path, settings: CampaignSettings) -> "Experiments":
        """Return a table without rows."""
        names = ["id", *settings.space.names, *settings.outputs, *OWN[1:]]
        units = settings.units
        labels = [escaped(f"{name} [{units[name]}]" if units.get(name) else name) for name in names]
        header = Header(1, names, list(range(len(names))), len(names), labels)
        return cls(settings, TextTable(path, ",", header, [], []))

    @property
    def where(self) -> str:
        """The name of the file, for messages."""
        return str(self.text.path)

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """What the columns are."""
        return kinds_of_columns(self.settings)

    @cached_property
    def mark(self) -> str:
        """The decimal mark: what the numbers show, else what goes with the separator."""
        mark = self.text.decimal_mark({name: self.kinds.get(name, "text") for name in self.text.names})
        if mark == "," or self.text.separator != ";":
            return mark
        columns = self.text.columns()
        cells = [
            cell for name, kind in self.kinds.items() if kind == "number" for cell in columns.get(name, [])
        ]
        return "." if any("." in cell and as_number(cell) is not None for cell in cells) else ","

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Runs by the row of the file: id, settings, context, outcomes, error bars, status and all others."""
        table = self.text.converted(self.kinds, others="text", mark=self.mark)
        table.attrs.clear()
        table = table.set_axis(pd.Index(self.text.rows, name="row"))
        runs = with_statuses(table, self.settings.outputs, self.where)
        for name in OWN:
            cells = runs[name] if name in runs else pd.Series("", index=runs.index)
            runs[name] = [_text(cell) for cell in cells]
        runs["id"] = self._ids(runs["id"].tolist())
        return runs

    def check_columns(self) -> None:
        """Raise `InvalidDataError` for missing columns, and units that are not those of the settings."""
        named = (*self.settings.space.names, *self.settings.outputs)
        self._refuse([self._missing(name) for name in named if name not in self.text.names])
        self.check_units()

    def check_units(self) -> None:
        """Raise `InvalidDataError` for a unit in the header that is not that of the settings."""
        self._refuse(unit_faults(self.text.header, self.settings.units, "campaign.toml"))

    def _refuse(self, faults: Sequence[str]) -> None:
        if faults:
            raise InvalidDataError(f"{self.where}, row {self.text.header.row}:\n  " + "\n  ".join(faults))

    def with_rows(self, rows: Sequence[Mapping[str, Any]]) -> "Experiments":
        """Return the table with further rows below; columns that it lacks are added at its right."""
        table = self.with_columns([name for row in rows for name in row])
        names = table.text.names
        cells = [[self._written(row.get(name)) for name in names] for row in rows]
        last = max([self.text.header.row, *self.text.rows])
        numbers = list(range(last + 1, last + 1 + len(rows)))
        return table._with(cells=[*table.text.cells, *cells], rows=[*self.text.rows, *numbers])

    def with_cells(self, changes: Mapping[int, Mapping[str, Any]]) -> "Experiments":
        """Return the table with other cells: by the row of the file, then by the name of the column."""
        table = self.with_columns([name for row in changes.values() for name in row])
        names = table.text.names
        cells = []
        for number, row in zip(table.text.rows, table.text.cells, strict=True):
            new = {name: self._written(value) for name, value in changes.get(number, {}).items()}
            cells.append([new.get(name, cell) for name, cell in zip(names, row, strict=True)])
        return table._with(cells=cells)

    def filled_in(self) -> "Experiments":
        """Return the table with ids and statuses where they are missing, or outcomes say more."""
        columns = self.text.columns()
        runs, changes = self.frame, {}
        raw = {name: columns.get(name, [""] * len(runs)) for name in ("id", "status")}
        statuses = self._statuses_of_cells()
        for place, (row, run) in enumerate(runs.iterrows()):
            change = {} if raw["id"][place].strip() else {"id": run["id"]}
            if statuses[place] != run["status"]:
                change["status"] = run["status"]
            if change:
                changes[int(str(row))] = change
        return self.with_cells(changes) if changes else self

    def with_empties_failed(self) -> "Experiments":
        """Return the table with runs without outcome and without status as failed ones."""
        said, runs = self._statuses_of_cells(), self.frame
        rows = [
            row
            for row, cell, status in zip(self.text.rows, said, runs["status"], strict=True)
            if status == PLANNED and cell in ("", PLANNED)
        ]
        return self.with_cells({row: {"status": FAILED} for row in rows})

    def content(self, before: "Experiments | None") -> bytes:
        """Return the content of the file; `before` is what was read from it."""
        return as_file(self.text, None if before is None else before.text)

    def at(self, path: Path) -> "Experiments":
        """Return the same table for another file, the decimal mark of its numbers as it goes there."""
        if path.suffix.lower() != ".xlsx" or self.mark == ".":
            return self._with(path=path)
        is_number = [self.kinds.get(name) == "number" for name in self.text.names]
        cells = [
            [
                cell.replace(",", ".") if number and as_number(cell, ",") is not None else cell
                for cell, number in zip(row, is_number, strict=True)
            ]
            for row in self.text.cells
        ]
        return self._with(path=path, cells=cells, separator="")

    def _statuses_of_cells(self) -> list[str]:
        """Return what the cells of the status say by themselves, an empty text for nothing."""
        cells = self.text.columns().get("status", [""] * len(self.text.cells))
        return [STATUS_OF.get(cell.strip().casefold(), "") for cell in cells]

    def _with(self, **changes: Any) -> "Experiments":
        return replace(self, text=replace(self.text, **changes))

    def with_columns(self, names: Collection[str]) -> "Experiments":
        """Return the table with those of these columns that it lacks, empty, at its right."""
        new = [name for name in dict.fromkeys(names) if name not in self.text.names]
        if not new:
            return self
        header = self.text.header
        places = [header.width + number for number in range(len(new))]
        wider = Header(
            header.row,
            [*header.names, *new],
            [*header.places, *places],
            header.width + len(new),
            [*header.labels, *map(escaped, new)],
        )
        return self._with(header=wider, cells=[[*row, *[""] * len(new)] for row in self.text.cells])

    def _written(self, value: Any) -> str:
        """Return a cell as text of this file."""
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return ""
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float):
            text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
            return text.replace(".", self.mark)
        return escaped(value) if isinstance(value, str) else str(value)

    def _ids(self, given: Sequence[str]) -> list[str]:
        """Return the ids, those that are missing as the next numbers, or raise for those that occur twice."""
        seen: dict[str, int] = {}
        doubled = []
        for row, name in zip(self.text.rows, given, strict=True):
            if name and name in seen:
                doubled.append(f"id {name!r} stands in row {seen[name]} and in row {row}")
            seen.setdefault(name, row)
        if doubled:
            raise InvalidDataError(
                f"{self.where}: {'; '.join(doubled[:5])}. Each run has an id of its own: empty the id of the "
                "run that is new, and it gets the next one."
            )
        following = next_id([*given, *self.used])
        ids = []
        for name in given:
            ids.append(name or str(following))
            following += not name
        return ids

    def _missing(self, name: str) -> str:
        space, n_rows = self.settings.space, len(self.text.cells)
        what = (
            "outcome"
            if name in self.settings.outputs
            else "setting"
            if name in space.setting_names
            else "context"
        )
        remedy = (
            f"add the column and write in each of the {n_rows} row(s) what it was"
            if what != "outcome"
            else "add the column, empty where nothing was measured"
        )
        return (
            f"there is no column {name!r}, which is a(n) {what} in campaign.toml; {remedy}, or correct the "
            "name."
        )


def next_id(ids: Collection[str]) -> int:
    """Return the number after the largest id that is one."""
    return 1 + max((int(name) for name in ids if name.isascii() and name.isdecimal()), default=0)


def kinds_of_columns(settings: CampaignSettings) -> dict[str, Kind]:
    """Return what the columns of the table are."""
    outputs = settings.outputs
    own: dict[str, Kind] = dict.fromkeys(OWN, "text")
    errors: dict[str, Kind] = dict.fromkeys(map(error_name, outputs), "number")
    return {**own, **errors, **dict.fromkeys(outputs, "number"), **settings.space.kinds()}


def refuse_own_names(settings: CampaignSettings) -> None:
    """Raise `InvalidDataError` for settings and outcomes that are called as other columns of the table."""
    own = {*OWN, *map(error_name, settings.outputs)}
    taken = [name for name in (*settings.space.names, *settings.outputs) if name in own]
    if taken:
        raise InvalidDataError(
            f"{taken} are columns that the table has for itself; give these settings or outcomes other "
            "names, such as 'lot' for 'batch'."
        )


def _text(cell: Any) -> str:
    """Return a cell as text, a whole number as such, as workbooks may hold ids."""
    if pd.isna(cell):
        return ""
    text = str(cell).strip()
    return text[:-2] if re.fullmatch(r"[0-9]+\.0", text) else text
