"""What was recorded of each run, and what reads otherwise since."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from bnnopt.campaign._experiments import Experiments
from bnnopt.campaign._folder import CampaignFolder
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import SETTLED, WITHDRAWN, error_name
from bnnopt.exceptions import InvalidDataError

__all__ = ["Change", "Recorded", "changes_of", "first_outcomes", "listed_changes"]

FORMAT = 1
MOST_NAMED = 10  # changes in a message
SAME = 1e-9  # of a number: spreadsheets do not keep more digits
Cell = bool | int | float | str | None


class Change(NamedTuple):
    """One thing that reads otherwise than it was recorded.

    Parameters
    ----------
    id : str
        Of the run, empty for what concerns all.
    row : int or None
        Of the table, None where there is none.
    column : str
        The setting, context, outcome or status.
    before, after : object
        What was recorded, and what stands there now.
    text : str
        The same in words.
    """

    id: str
    row: int | None
    column: str
    before: Cell
    after: Cell
    text: str


class Recorded(BaseModel):
    """What a campaign has taken over from its table.

    Parameters
    ----------
    format : int
        Version of this form.
    version : str
        Version of bnnopt that wrote it.
    variables : dict of str to list of str
        Type and unit of each setting and context.
    outcomes : dict of str to str
        Unit of each outcome.
    runs : dict of str to dict
        Settings, context, outcomes, error bars and status of each run by its id.
    corrections : list of dict
        Changes that were accepted, oldest first: id, column, before, after, date.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = FORMAT
    version: str = ""
    variables: dict[str, list[str]] = {}
    outcomes: dict[str, str] = {}
    runs: dict[str, dict[str, Cell]] = {}
    corrections: list[dict[str, Cell]] = []

    @classmethod
    def read(cls, folder: CampaignFolder) -> "Recorded":
        """Read what was recorded, nothing if nothing was."""
        content = folder.read(folder.recorded)
        if content is None:
            return cls()
        try:
            document = json.loads(content)
            if (
                isinstance(document, dict)
                and isinstance(document.get("format"), int)
                and document["format"] > FORMAT
            ):
                raise InvalidDataError(
                    f"{folder.path} was written by bnnopt {document.get('version', '')}, which is newer than "
                    "this one and keeps more. Update bnnopt: pip install --upgrade bnnopt."
                )
            return cls.model_validate(document)
        except InvalidDataError:
            raise
        except (ValueError, ValidationError, RecursionError) as error:
            raise InvalidDataError(
                f"{folder.recorded} is damaged ({error}). Take a whole copy of it; or delete it, and the "
                "runs are taken as the table has them."
            ) from error

    def of(self, experiments: Experiments, version: str) -> "Recorded":
        """Return the record of a table, the corrections kept."""
        settings = experiments.settings
        return Recorded(
            version=version,
            variables={v.name: [v.type, v.unit] for v in settings.space.variables},
            outcomes={name: settings.units.get(name, "") for name in settings.outputs},
            runs=_runs(experiments),
            corrections=self.corrections,
        )

    def corrected(self, changes: Iterable[Change], date: str) -> "Recorded":
        """Return the record with changes that were accepted on a date behind the former ones."""
        taken = [
            {"id": c.id, "column": c.column, "before": c.before, "after": c.after, "date": date}
            for c in changes
        ]
        return self.model_copy(update={"corrections": [*self.corrections, *taken]})

    def content(self) -> bytes:
        """Return the content of the file, one line for each run."""
        document = self.model_dump(mode="json")
        runs = document.pop("runs")
        head = json.dumps(document, ensure_ascii=False)[:-1]
        lines = (f"{json.dumps(name)}: {json.dumps(run, ensure_ascii=False)}" for name, run in runs.items())
        return (head + ', "runs": {\n' + ",\n".join(lines) + "\n}}\n").encode()


def changes_of(recorded: Recorded, experiments: Experiments) -> list[Change]:
    """Return what reads otherwise than it was recorded: of the settings, then of the runs, in their order."""
    found = list(_changes_of_settings(recorded, experiments.settings)) if recorded.runs else []
    present = _runs(experiments)
    rows = dict(zip(experiments.frame["id"], experiments.text.rows, strict=True))
    strangers = {name: run for name, run in present.items() if name not in recorded.runs}
    for name, before in recorded.runs.items():
        if name not in present:
            found.append(_gone(name, before, strangers, rows))
            continue
        if before["status"] in SETTLED:
            found += _changes_of_run(name, rows[name], before, present[name])
    return found


def first_outcomes(settings: CampaignSettings) -> list[str]:
    """Return the columns that are compared: settings, context, outcomes and their error bars."""
    return [*settings.space.names, *settings.outputs, *map(error_name, settings.outputs)]


def _runs(experiments: Experiments) -> dict[str, dict[str, Cell]]:
    frame = experiments.frame
    names = [name for name in first_outcomes(experiments.settings) if name in frame]
    columns = {name: [_cell(cell) for cell in frame[name]] for name in (*names, "status")}
    cells = zip(*columns.values(), strict=True)
    return {key: dict(zip(columns, row, strict=True)) for key, row in zip(frame["id"], cells, strict=True)}


def _cell(cell: Any) -> Cell:
    if pd.isna(cell):
        return None
    value = cell.item() if hasattr(cell, "item") else cell
    return value if isinstance(value, bool | int | float) else str(value)


def _changes_of_run(
    name: str, row: int, before: Mapping[str, Cell], after: Mapping[str, Cell]
) -> Iterator[Change]:
    for column in dict.fromkeys([*before, *after]):
        old, new = before.get(column), after.get(column)
        is_known = column in before and column in after
        if not _is_same(old, new) and (is_known or column.endswith("_error")):
            said = f"id {name} (row {row}), column {column!r}: recorded {_shown(old)}, now {_shown(new)}"
            yield Change(name, row, column, old, new, said)


def _gone(
    name: str,
    before: Mapping[str, Cell],
    strangers: Mapping[str, Mapping[str, Cell]],
    rows: Mapping[str, int],
) -> Change:
    def is_same(run: Mapping[str, Cell]) -> bool:
        return all(_is_same(old, run.get(column)) for column, old in before.items())

    alike = [other for other, run in strangers.items() if is_same(run)]
    status = before["status"]
    if alike:
        said = (
            f"id {name} is gone, and row {rows[alike[0]]} has the same run under the id {alike[0]}; write "
            f"{name} there"
        )
        return Change(name, rows[alike[0]], "id", name, alike[0], said)
    remedy = (
        f"withdraw it instead: bnnopt withdraw {name}"
        if status not in (*SETTLED, WITHDRAWN)
        else "put it back"
    )
    return Change(
        name, None, "id", name, None, f"id {name} ({status}) is not in the table any more; {remedy}"
    )


def _changes_of_settings(recorded: Recorded, settings: CampaignSettings) -> Iterator[Change]:
    units = settings.units
    present = {v.name: [v.type, v.unit] for v in settings.space.variables}
    present_units = {name: units.get(name, "") for name in settings.outputs}
    for name, (kind, unit) in recorded.variables.items():
        if name not in present:
            said = (
                f"campaign.toml has no {name!r} any more, in which the {len(recorded.runs)} recorded run(s) "
                "may differ"
            )
            yield Change("", None, name, kind, None, said)
        elif unit and present[name][1] not in ("", unit):
            yield _unit_change(name, unit, present[name][1])
    for name in present:
        if name not in recorded.variables:
            said = f"{name!r} is new in campaign.toml; its column has to say what each recorded run had"
            yield Change("", None, name, None, present[name][0], said)
    for name, unit in recorded.outcomes.items():
        if unit and present_units.get(name, "") not in ("", unit):
            yield _unit_change(name, unit, present_units[name])


def _unit_change(name: str, before: str, after: str) -> Change:
    said = (
        f"the unit of {name!r} was {before!r} and is {after!r} in campaign.toml; the recorded numbers are in "
        f"{before!r}"
    )
    return Change("", None, name, before, after, said)


def _is_same(first: Cell, second: Cell) -> bool:
    numbers = [
        each for each in (first, second) if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    if len(numbers) == 2:
        return abs(numbers[0] - numbers[1]) <= SAME * max(map(abs, numbers))
    return type(first) is type(second) and first == second


def _shown(cell: Cell) -> str:
    return "nothing" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)


def listed_changes(changes: Sequence[Change]) -> list[str]:
    """Return changes in words, of many the first ones and how many more there are."""
    lines, n_more = [change.text for change in changes[:MOST_NAMED]], len(changes) - MOST_NAMED
    return [*lines, f"and {n_more} more"] if n_more > 0 else lines
