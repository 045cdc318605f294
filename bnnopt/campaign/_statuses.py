"""What became of each run: planned, running, measured, failed or withdrawn, as status and outcomes say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import as_number
from bnnopt.exceptions import InvalidDataError

__all__ = [
    "FAILED",
    "MEASURED",
    "PENDING",
    "PLANNED",
    "RUNNING",
    "SETTLED",
    "STATUS_OF",
    "WITHDRAWN",
    "error_name",
    "with_statuses",
]

PLANNED, RUNNING, MEASURED, FAILED, WITHDRAWN = "planned", "running", "measured", "failed", "withdrawn"
PENDING, SETTLED = (PLANNED, RUNNING), (MEASURED, FAILED)
MEANT = {
    PLANNED: ("planned", "plan", "pending", "open", "to do", "todo", "suggested"),
    RUNNING: ("running", "started", "in progress"),
    MEASURED: ("measured", "done", "ok", "finished", "completed", "complete"),
    FAILED: ("failed", "fail", "failure"),
    WITHDRAWN: ("withdrawn", "cancelled", "canceled"),
}
"""Words that people write, by the status that they mean."""

STATUS_OF = {word: status for status, words in MEANT.items() for word in words}
MAX_FAULTS = 10


def error_name(outcome: str) -> str:
    """Return the name of the column with the standard error of an outcome."""
    return f"{outcome}_error"


def with_statuses(frame: pd.DataFrame, outputs: Sequence[str], where: str) -> pd.DataFrame:
    """Return runs with outcomes as numbers, NaN for those that are not there, and the status of each run.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Runs; outcomes are numbers, empty cells or words such as "failed"; `status` may be there. The labels
        are the rows as messages name them.
    outputs : sequence of str
        Names of the outcomes; those that are not there are empty.
    where : str
        The name of the file, for messages.

    Raises
    ------
    InvalidDataError
        A word is unknown, or a run said to be measured has no outcome; all such cells are named.
    """
    faults: list[str] = []
    frame = frame.copy()
    for name in outputs:
        cells = frame[name] if name in frame else pd.Series(np.nan, index=frame.index)
        frame[name] = [_outcome(row, name, cell, faults) for row, cell in cells.items()]
    for name in filter(frame.columns.__contains__, map(error_name, outputs)):
        frame[name] = [_error(row, name, cell, faults) for row, cell in frame[name].items()]
    said = frame["status"] if "status" in frame else pd.Series("", index=frame.index)
    has_failed = (frame[list(outputs)] == FAILED).any(axis=1)
    for name in outputs:
        frame[name] = np.array([np.nan if cell == FAILED else cell for cell in frame[name]], dtype=float)
    is_full = frame[list(outputs)].notna().all(axis=1)
    frame["status"] = [
        _status(row, said[row], has_failed=has_failed[row], is_full=is_full[row], faults=faults)
        for row in frame.index
    ]
    if faults:
        more = f"\n  and {len(faults) - MAX_FAULTS} more" if len(faults) > MAX_FAULTS else ""
        raise InvalidDataError(f"{where}:\n  " + "\n  ".join(faults[:MAX_FAULTS]) + more)
    frame.loc[frame["status"] == FAILED, list(outputs)] = np.nan
    return frame


def _outcome(row: Any, name: str, cell: Any, faults: list[str]) -> Any:
    """Return an outcome as a number, NaN where it is awaited, or `FAILED`."""
    number = as_number(cell)
    if number is not None:
        return number
    status = STATUS_OF.get(str(cell).strip().casefold())
    if status == FAILED:
        return FAILED
    if status in PENDING:
        return np.nan
    faults.append(
        f"row {row}, column {name!r}: {cell!r} is no number; write the number, nothing while it is awaited, "
        "or failed."
    )
    return np.nan


def _error(row: Any, name: str, cell: Any, faults: list[str]) -> float:
    number = as_number(cell)
    if number is None or number < 0:
        faults.append(
            f"row {row}, column {name!r}: {cell!r} is no standard error; write a number of at least 0."
        )
        return np.nan
    return number


def _status(row: Any, cell: Any, *, has_failed: bool, is_full: bool, faults: list[str]) -> str:
    """Return the status of a run: what stands in the cell, unless outcomes say that it is over."""
    word = "" if pd.isna(cell) else str(cell).strip().casefold()
    status = STATUS_OF.get(word, PLANNED if not word else "")
    if not status:
        faults.append(f"row {row}, column 'status': {cell!r} is none of {list(MEANT)}.")
    if status == MEASURED and not is_full and not has_failed:
        faults.append(
            f"row {row}, column 'status': {cell!r}, but an outcome is empty; write it, or failed as the "
            "status."
        )
    if status in PENDING and has_failed:
        return FAILED
    if status == MEASURED and has_failed:
        return FAILED
    return MEASURED if status in PENDING and is_full else status
