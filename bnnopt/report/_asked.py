"""What was asked and what came: the goals, the settings, and every run."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from bnnopt.objectives import in_words
from bnnopt.report._blocks import Section, Table
from bnnopt.report._data import AWAITED, ENDS, ReportData
from bnnopt.report._units import units_of
from bnnopt.report._words import DIGITS, count, writer_like, writer_of
from bnnopt.space import values_of

__all__ = ["asked_and_came", "counts", "runs_table"]

SHORT = 12  # rows of a table that is not folded away


def asked_and_came(data: ReportData) -> Section:
    """Return the section on goals, settings and runs."""
    tables = [_goals(data), _settings(data), runs_table(data, data.runs, "All runs")]
    bound = [f"Between settings: {constraint}." for constraint in data.optimizer.space.constraints]
    return Section("asked", "What was asked, and what came", [_came(data), *bound], tables=tables)


def counts(data: ReportData) -> dict[str, int]:
    """Return how many runs have each status, those that were told by what came of them."""
    n_failed = int(data.told["is_failed"].sum())
    found = {"measured": len(data.ids) - n_failed, "failed": n_failed}
    others = data.runs["status"][~data.is_told].value_counts()
    known = {status: int(others.get(status, 0)) for status in AWAITED}
    return {**found, **known, **{str(k): int(n) for k, n in others.items() if k not in known}}


def runs_table(data: ReportData, runs: pd.DataFrame, caption: str) -> Table:
    """Return a table of runs, as they stand in the experiments."""
    others = [name for name in runs.columns if name != "id"]
    return Table.of(
        caption,
        runs[["id", *others]],
        units=units_of(data.optimizer),
        writers=writers(data),
        is_folded=len(runs) > SHORT,
    )


def writers(data: ReportData) -> dict[str, Callable[[Any], str]]:
    """Return how settings, outcomes and what is predicted of outcomes are written, by name of column."""
    found = {variable.name: writer_of(variable) for variable in data.space.variables}
    for name in data.optimizer.outputs:
        values = data.told[name].tolist()
        found[name] = writer_like(values, DIGITS + 1)
        found |= {f"{name}{end}": writer_like(values) for end in ENDS}
    return found


def _came(data: ReportData) -> str:
    n_batches = len(data.suggestions)
    said = [f"{n} {status or 'without a status'}" for status, n in counts(data).items() if n]
    batches = f"; {count(n_batches, 'batch', 'batches')} were suggested" if n_batches else ""
    return f"{count(len(data.runs), 'run')}: {', '.join(said) or 'none yet'}{batches}."


def _goals(data: ReportData) -> Table:
    units = units_of(data.optimizer)
    rows = [
        {
            "goal": in_words(each),
            "unit": ", ".join(dict.fromkeys(units.get(name, "") for name in each.names)).strip(", "),
            "kind": "limit" if each.type == "outcome_constraint" else "objective",
        }
        for each in data.optimizer.objectives
    ]
    table = pd.DataFrame(rows, dtype=object)
    return Table.of("Goals", table.loc[:, (table != "").any()])


def _settings(data: ReportData) -> Table:
    rows = [
        {
            "name": each.name,
            "kind": each.type,
            "values": values_of(each),
            "unit": each.unit,
            "description": each.description,
        }
        for each in data.optimizer.space.variables
    ]
    table = pd.DataFrame(rows, dtype=object)
    return Table.of("Settings and context", table.loc[:, (table != "").any()])
