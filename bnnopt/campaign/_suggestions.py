"""Batches as they were asked: one file for each, so that predictions can be held against what came."""

import hashlib
import json
import platform
import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._plain import plain
from bnnopt.campaign._folder import CampaignFolder
from bnnopt.campaign._statuses import FAILED, MEASURED, PENDING, WITHDRAWN

__all__ = [
    "batch_document",
    "batches",
    "checksum_of",
    "history_of",
    "last_rows",
    "next_number",
    "predictions_of",
    "today",
    "version_of",
    "versions",
]

PACKAGES = ("bnnopt", "numpy", "scipy", "scikit-learn", "pandas", "tensorflow", "keras")


def today() -> str:
    """Return the date as ISO 8601; it orders nothing, clocks may be wrong."""
    return date.today().isoformat()


def batch_document(
    number: int, batch: pd.DataFrame, *, seed: int, options: Mapping[str, Any], units: Mapping[str, str]
) -> dict[str, Any]:
    """Return a batch with all that is needed to know later how it came about, and a checksum of that."""
    document = {
        "format": 1,
        "batch": number,
        "asked": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "versions": versions(),
        "options": {name: _plain(value) for name, value in options.items() if value},
        "units": dict(units),
        "rows": [{name: _plain(cell) for name, cell in row.items()} for row in batch.to_dict("records")],
    }
    return {**document, "checksum": checksum_of(document)}


def batches(folder: CampaignFolder) -> list[dict[str, Any]]:
    """Return all batches ever asked, oldest first; a file that is damaged is left aside with a warning."""
    return [document for path in folder.suggestions() if (document := _read(path))]


def last_rows(folder: CampaignFolder) -> list[dict[str, Any]]:
    """Return the rows of the last batch that was asked, whose ids are the largest."""
    return [row for path in folder.suggestions()[-1:] for row in _read(path).get("rows", [])]


def next_number(folder: CampaignFolder) -> int:
    """Return the number of the next batch: no file of a batch has it or a larger one."""
    return 1 + max((int(path.stem.split("_")[-1]) for path in folder.suggestions()), default=0)


def history_of(asked: Iterable[Mapping[str, Any]], runs: pd.DataFrame) -> pd.DataFrame:
    """Return how each batch came about, and what became of its runs.

    Parameters
    ----------
    asked : iterable of mapping
        From `batches`.
    runs : DataFrame
        The table, with `id` and `status`.

    Returns
    -------
    DataFrame of shape (n_batches, 8)
        batch, asked, version, seed, n_runs, n_measured, n_failed, n_pending.
    """
    known, rows = runs.set_index("id")["status"], []
    for document in asked:
        statuses = [known.get(row.get("id"), WITHDRAWN) for row in document["rows"]]
        counts = [statuses.count(MEASURED), statuses.count(FAILED), sum(s in PENDING for s in statuses)]
        head = [document.get(name) for name in ("batch", "asked")]
        version = document.get("versions", {}).get("bnnopt")
        rows.append([*head, version, document.get("seed"), len(statuses), *counts])
    columns = ["batch", "asked", "version", "seed", "n_runs", "n_measured", "n_failed", "n_pending"]
    return pd.DataFrame(rows, columns=columns)


def predictions_of(
    asked: Iterable[Mapping[str, Any]], runs: pd.DataFrame, outputs: Sequence[str]
) -> pd.DataFrame:
    """Return each prediction of a suggested run beside what came out.

    Parameters
    ----------
    asked : iterable of mapping
        From `batches`.
    runs : DataFrame
        The table, with `id`, `status` and the outcomes.
    outputs : sequence of str
        Names of the outcomes.

    Returns
    -------
    DataFrame of shape (n_runs * n_outputs, 9)
        batch, id, status, outcome, mean, lower, upper, measured, is_inside (None where nothing came yet).
    """
    known = runs.set_index("id")
    rows = []
    for document in asked:
        for row in document["rows"]:
            if row.get("id") not in known.index:
                continue
            run = known.loc[row["id"]]
            for name in outputs:
                rows.append(_prediction(document["batch"], row, run, name))
    columns = ["batch", "id", "status", "outcome", "mean", "lower", "upper", "measured", "is_inside"]
    return pd.DataFrame(rows, columns=columns)


def _prediction(batch: int, row: Mapping[str, Any], run: pd.Series, name: str) -> list[Any]:
    mean, lower, upper = (_number(row.get(f"{name}_{end}")) for end in ("mean", "lower", "upper"))
    measured = float(run[name]) if run["status"] == MEASURED else np.nan
    is_known = not np.isnan(measured) and not np.isnan(lower)
    is_inside = bool(lower <= measured <= upper) if is_known else None
    return [batch, row["id"], run["status"], name, mean, lower, upper, measured, is_inside]


def checksum_of(value: Any) -> str:
    """Return the SHA-256 of what JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """Return what a file of a batch holds, nothing if it is damaged, which a warning says."""
    try:
        document = json.loads(path.read_bytes())
        if not _is_batch(document):
            raise ValueError("it is no batch, or was changed since it was written")
    except (OSError, ValueError, RecursionError) as error:
        warnings.warn(
            f"{path} is damaged ({error!s:.100}) and left aside: nothing is said of what was predicted in "
            "this batch. Take a whole copy of the file, or delete it.",
            UserWarning,
            stacklevel=2,
        )
        return {}
    return dict(document)


def _is_batch(document: Any) -> bool:
    """Tell whether a document is a batch as it was written; the first ones have no checksum."""
    if not isinstance(document, dict) or not isinstance(document.get("batch"), int):
        return False
    rows = document.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return False
    rest = {name: value for name, value in document.items() if name != "checksum"}
    return document.get("checksum", checksum_of(rest)) == checksum_of(rest)


def _number(value: Any) -> float:
    """Return a number of a file, NaN where there is none."""
    return float(value) if isinstance(value, int | float) else np.nan


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    return {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}


def version_of(package: str) -> str:
    """Return the version of an installed package, an empty text if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it, NaN as null."""
    value = plain(value)
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)
