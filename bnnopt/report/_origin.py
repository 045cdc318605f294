"""Whether to go on, and what it takes to get the same numbers again."""

import hashlib
import json
import platform
from importlib import metadata
from typing import Any

import pandas as pd

from bnnopt.exceptions import InvalidDataError
from bnnopt.report._blocks import Cell, Column, Section, Table
from bnnopt.report._data import ReportData
from bnnopt.report._progress import goals_of
from bnnopt.report._words import count, number

__all__ = ["advice", "advice_in_words", "origin"]

PACKAGES = ("bnnopt", "numpy", "scipy", "pandas", "scikit-learn", "tensorflow", "keras", "plotly")


def advice(data: ReportData) -> Section:
    """Return the section on stopping."""
    return Section("advice", "Go on or stop", advice_in_words(data))


def advice_in_words(data: ReportData) -> list[str]:
    """Return what the optimizer advises, and why, a sentence each."""
    if not data.optimizer.has_model:
        return ["Go on: there is no model yet that could say what is to be gained."]
    try:
        found = data.optimizer.advise(context=_context(data))
    except InvalidDataError as error:
        return [f"No advice: {error}"]
    goal = goals_of(data)[0]
    unit = goal.unit or "" if goal.type in ("minimize", "maximize") else "in units of utility"
    return [
        ("Stop: " if found.is_stop else "Go on: ") + "; ".join(found.reasons) + ".",
        f"The next run is expected to improve {goal.name} by {number(found.expected_gain, 2)} {unit}".rstrip()
        + f"; the noise of a measurement is {number(found.noise_std, 2)} {unit}".rstrip()
        + f"; {count(found.n_since_best, 'run')} since the last improvement beyond the noise.",
        *(["Of several goals the first counts here."] if len(goals_of(data)) > 1 else []),
        *_context_in_words(data),
    ]


def origin(data: ReportData) -> Section:
    """Return the section on versions, seed and hashes."""
    text = [
        f"Surrogate {type(data.optimizer.surrogate).__name__}, acquisition function "
        f"{data.optimizer.acquisition.name}, seed {_seed(data)}. The same runs, settings, seed and "
        "versions give the same model and the same next runs."
    ]
    versions = {**_installed(), **data.versions}
    hashes = {**_hashes(data), **data.hashes}
    return Section(
        "origin",
        "How to reproduce this",
        text,
        tables=[
            _pairs("Versions", "package", "version", versions),
            _pairs("Hashes", "of", "SHA-256", hashes),
        ],
    )


def _pairs(caption: str, key: str, value: str, values: Any) -> Table:
    rows = [[Cell(str(name)), Cell(str(said))] for name, said in values.items()]
    return Table(caption, [Column(key), Column(value)], rows)


def _context(data: ReportData) -> dict[str, Any]:
    """Return the context of the last row told."""
    return {name: data.told[name].tolist()[-1] for name in data.optimizer.space.context_names}


def _context_in_words(data: ReportData) -> list[str]:
    units = data.optimizer.units
    said = [
        f"{name} {number(value) if isinstance(value, int | float) else value} {units[name]}".rstrip()
        for name, value in _context(data).items()
    ]
    return [f"This is for the context of the last run: {', '.join(said)}."] if said else []


def _seed(data: ReportData) -> int:
    return data.optimizer.state().seed if data.seed is None else data.seed


def _installed() -> dict[str, str]:
    found = {"Python": f"{platform.python_version()} ({platform.system()}, {platform.machine()})"}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _hashes(data: ReportData) -> dict[str, str]:
    settings = json.loads(data.optimizer.state().model_dump_json())
    settings.pop("rows", None)
    tables = {"table of runs": [data.runs], "suggestions": list(data.suggestions)}
    found = {name: _digest("".join(map(_as_text, each))) for name, each in tables.items() if each}
    return {**found, "settings of the optimizer": _digest(json.dumps(settings, sort_keys=True))}


def _as_text(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, lineterminator="\n"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
