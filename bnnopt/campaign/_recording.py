"""Results that come in: which run each row is, and what is written where."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bnnopt._tables import as_named, read_text
from bnnopt.campaign._experiments import OWN, Experiments, kinds_of_columns, next_id
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import (
    FAILED,
    MEASURED,
    PENDING,
    PLANNED,
    RUNNING,
    SETTLED,
    error_name,
    with_statuses,
)
from bnnopt.campaign._suggestions import today
from bnnopt.exceptions import ChangedRowsError, InvalidDataError
from bnnopt.optimizer import is_met

__all__ = ["Recording", "given_runs"]


def given_runs(results: Any, settings: CampaignSettings) -> tuple[pd.DataFrame, str]:
    """Return results as a table labelled by row, with the status of each, and the name of their source.

    Parameters
    ----------
    results : path of a CSV or xlsx file, table, or mapping of names to cells
        Ids, settings and context (or some), outcomes, and other columns of the table.
    settings : CampaignSettings
        Say what the columns are.
    """
    if isinstance(results, str | Path):
        experiments = Experiments(settings, read_text(results, known=kinds_of_columns(settings)))
        table = experiments.text.converted(experiments.kinds, others="text", mark=experiments.mark)
        table.attrs.clear()
        table, where = table.set_axis(pd.Index(experiments.text.rows)), str(results)
        experiments.check_units()
    else:
        named = as_named(results)
        if named is None:
            raise InvalidDataError(
                "Results: expected a table with names, a mapping such as {'id': 7, 'yield': 81.2}, or the "
                f"path of a CSV or xlsx file, got {type(results).__name__}."
            )
        table, where = named.reset_index(drop=True), "results"
    if not len(table):
        raise InvalidDataError(f"{where}: there is no run in it; give at least one row below the names.")
    known = {*settings.space.names, *settings.outputs, "id", "status"}
    if not known & set(table.columns):
        raise InvalidDataError(
            f"{where}: none of its columns {list(table.columns)} is known; expected 'id', "
            f"{list(settings.outputs)} and, for runs without id, {settings.space.names}."
        )
    return with_statuses(table, settings.outputs, where), where


class Recording:
    """One table of results on its way into the table of the campaign.

    Parameters
    ----------
    experiments : Experiments
        The table as it stands.
    results : DataFrame
        From `given_runs`.
    where : str
        Where they come from, for messages.
    accept_changes : bool
        Whether a run that has outcomes may get others.
    repeats : bool
        Whether runs that are there with the same outcomes may be recorded once more.
    """

    def __init__(
        self,
        experiments: Experiments,
        results: pd.DataFrame,
        where: str,
        *,
        accept_changes: bool,
        repeats: bool,
    ) -> None:
        self.settings = experiments.settings
        self._experiments, self._results, self._where = experiments, results, where
        self._accepts, self._repeats = accept_changes, repeats
        self._runs = experiments.frame
        self._names = [*self.settings.space.names, *self.settings.outputs]
        self._names += [name for name in map(error_name, self.settings.outputs) if name in results]
        own = [name for name in OWN if name != "id"]
        extra = [name for name in results.columns if name in experiments.text.names and name not in own]
        self._columns = list(dict.fromkeys([*self._names, *own, *extra]))

    def run(self) -> tuple[Experiments, list[str]]:
        """Return the table with the results, and the ids of the runs they are, in their order."""
        places = self._places()
        merged = self._merged(places)
        self._check(merged)
        cells: dict[int, dict[str, Any]] = {}
        new: list[dict[str, Any]] = []
        ids, faults = [], []
        following = next_id([*self._runs["id"], *self._given_ids()])
        for (row, result), place in zip(self._results.iterrows(), places, strict=True):
            values = self._values(result)
            if place is None:
                name = self._id_of(result) or str(following)
                following += not self._id_of(result)
                values = {"id": name, **values, "status": result["status"]}
                new.append(values | ({} if values.get("date") else {"date": today()}))
                ids.append(name)
                continue
            run = self._runs.loc[place]
            ids.append(run["id"])
            differing = self._differing(run, result, values)
            if run["status"] in SETTLED and differing and not self._accepts:
                faults.append(f"row {row}: id {run['id']} has {differing[0]}")
            cells[place] = self._cells(run, result, values)
        if faults:
            raise ChangedRowsError(
                f"{self._where}:\n  " + "\n  ".join(faults[:10]) + "\nNothing was recorded. --accept-changes "
                "(accept_changes=True) records them as corrections."
            )
        return self._experiments.with_cells(cells).with_rows(new) if new else self._experiments.with_cells(
            cells
        ), ids

    def _given_ids(self) -> list[str]:
        return [self._id_of(result) for _, result in self._results.iterrows()]

    def _id_of(self, result: pd.Series) -> str:
        given = result.get("id")
        if given is None or pd.isna(given):
            return ""
        text = str(given).strip()
        return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text

    def _places(self) -> list[int | None]:
        """Return the row of the table that each result is, None for a new run."""
        by_id = dict(zip(self._runs["id"], self._runs.index, strict=True))
        given = self._given_ids()
        doubled = sorted({name for name in given if name and given.count(name) > 1})
        if doubled:
            raise InvalidDataError(
                f"{self._where}: the id(s) {doubled[:5]} occur more than once; keep one row of each."
            )
        if any(not name for name in given):
            self._refuse_missing_settings(given)
        is_open = (self._runs["status"].isin(PENDING) & ~self._runs["id"].isin(given)).to_numpy(copy=True)
        places: list[int | None] = []
        for name, (_, result) in zip(given, self._results.iterrows(), strict=True):
            if name:
                places.append(by_id.get(name))
                continue
            planned = self._runs[is_open]
            row = pd.DataFrame([result[self.settings.space.names]]).infer_objects()
            flags = is_met(self.settings.space, planned, self._checked(row))
            place = int(planned.index[flags.argmax()]) if flags.any() else None
            if place is not None:
                is_open &= self._runs.index != place
            places.append(place)
        self._refuse_repeats(places, given)
        return places

    def _refuse_missing_settings(self, given: list[str]) -> None:
        missing = [name for name in self.settings.space.names if name not in self._results]
        if missing:
            rows = [row for row, name in zip(self._results.index, given, strict=True) if not name]
            raise InvalidDataError(
                f"{self._where}: row(s) {rows[:5]} have no id, and there are no columns {missing} to tell "
                "which run they are. Give the id of each run (bnnopt status lists them), or all its "
                "settings."
            )

    def _refuse_repeats(self, places: list[int | None], given: list[str]) -> None:
        """Refuse what looks like a table that was recorded before."""
        if self._repeats:
            return
        settled = self._runs[self._runs["status"].isin(SETTLED)]
        known = {self._key(run): run["id"] for _, run in settled.iterrows()}
        faults = []
        for (row, result), place, name in zip(self._results.iterrows(), places, given, strict=True):
            if place is None and not name and result["status"] in SETTLED and self._key(result) in known:
                faults.append(f"row {row} is id {known[self._key(result)]}")
        if faults:
            raise InvalidDataError(
                f"{self._where}: {', '.join(faults[:5])}, with the same settings and outcomes. Nothing was "
                "recorded. If they were run once more, say so: --repeats (repeats=True), or give them ids "
                "of their own."
            )

    def _key(self, run: pd.Series) -> tuple[Any, ...]:
        cells = [run.get(name) for name in (*self.settings.space.names, *self.settings.outputs)]
        return (run["status"], *(None if pd.isna(cell) else cell for cell in cells))

    def _merged(self, places: list[int | None]) -> pd.DataFrame:
        """Return the results with the settings of the runs that they are, where they give none."""
        rows = []
        for (_, result), place in zip(self._results.iterrows(), places, strict=True):
            base = {} if place is None else self._runs.loc[place, self._names_there()].to_dict()
            given = {name: result.get(name) for name in self._names if not _is_empty(result.get(name))}
            rows.append(base | given)
        merged = pd.DataFrame(
            rows, index=self._results.index, columns=list(dict.fromkeys([*self._names, *self._names_there()]))
        )
        is_full = merged[list(self.settings.outputs)].notna().all(axis=1)
        pairs = zip(self._results["status"], is_full, strict=True)
        statuses = [MEASURED if said == PLANNED and full else said for said, full in pairs]
        return merged.infer_objects().assign(status=statuses)

    def _names_there(self) -> list[str]:
        return [name for name in self._names if name in self._runs]

    def _check(self, merged: pd.DataFrame) -> None:
        """Raise `InvalidDataError` if an optimizer would not take these runs."""
        for name, status in zip(self._given_ids(), merged["status"], strict=True):
            if (
                name
                and name not in set(self._runs["id"])
                and merged[self.settings.space.names].isna().any(axis=None)
            ):
                empty = merged.columns[merged.isna().any()].tolist()
                raise InvalidDataError(
                    f"{self._where}: there is no run with the id {name!r}, and a new one ({status}) needs "
                    f"{[each for each in empty if each in self.settings.space.names]}. bnnopt status lists "
                    "the ids."
                )
        settled = merged[merged["status"].isin(SETTLED)]
        outcomes = settled[list(self.settings.outputs)].astype(float)
        outcomes[(settled["status"] == FAILED).to_numpy()] = float("nan")
        try:
            self.settings.make_optimizer().tell(settled, outcomes)
            self.settings.make_optimizer().plan(merged[merged["status"].isin(PENDING)])
        except InvalidDataError as error:
            raise InvalidDataError(f"{self._where}: {error}") from error

    def _checked(self, row: pd.DataFrame) -> pd.DataFrame:
        try:
            checked = self.settings.space.as_table(row)
            self.settings.space.encode(checked)
        except InvalidDataError as error:
            raise InvalidDataError(f"{self._where}: {error}") from error
        return checked

    def _values(self, result: pd.Series) -> dict[str, Any]:
        """Return the cells of a result that are not empty, of the columns that are taken over."""
        return {
            name: result[name]
            for name in self._columns
            if name in result and name != "status" and not _is_empty(result[name])
        }

    def _differing(self, run: pd.Series, result: pd.Series, values: Mapping[str, Any]) -> list[str]:
        """Return in words what of a run that has outcomes would read otherwise."""
        found = []
        if result["status"] in SETTLED and result["status"] != run["status"]:
            found.append(f"the status {run['status']}, and would get {result['status']}")
        for name in self._names:
            if name in values and (name not in run or not _is_same(run[name], values[name])):
                found.append(f"{name} = {run.get(name)}, and would get {values[name]}")
        return found

    def _cells(self, run: pd.Series, result: pd.Series, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the cells of the table to write for a run that is there."""
        changed = {
            name: value for name, value in values.items() if name not in run or not _is_same(run[name], value)
        }
        dated = (
            {} if "date" in values or run["date"] or result["status"] not in SETTLED else {"date": today()}
        )
        is_said = result["status"] in (*SETTLED, RUNNING) and result["status"] != run["status"]
        return changed | dated | ({"status": result["status"]} if is_said else {})


def _is_empty(cell: Any) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and pd.isna(cell)) or cell == ""


def _is_same(first: Any, second: Any) -> bool:
    try:
        return float(first) == float(second)
    except (TypeError, ValueError):
        return str(first).strip() == str(second).strip()
