"""Descriptors of levels that a campaign.toml names by their file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bnnopt.exceptions import InvalidDataError

__all__ = ["with_descriptor_tables"]


def with_descriptor_tables(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a TOML file holds with the tables in place of the names of their files.

    Parameters
    ----------
    document : dict
        `descriptors` of a variable of the space may be a path, relative to `folder`, of a CSV with a header
        whose first column is the level; rows of other levels are left aside.
    folder : Path
        Where the TOML file is.

    Raises
    ------
    InvalidDataError
        When a file is not there or is no such table.
    """
    space = document.get("space")
    variables = space.get("variables") if isinstance(space, dict) else None
    if not isinstance(space, dict) or not isinstance(variables, list):
        return document
    read = [_with_table(variable, folder) for variable in variables]
    return {**document, "space": {**space, "variables": read}}


def _with_table(variable: Any, folder: Path) -> Any:
    if not isinstance(variable, dict) or not isinstance(variable.get("descriptors"), str):
        return variable
    levels = variable.get("levels")
    table = _table(folder / variable["descriptors"], str(variable.get("name")))
    return {**variable, "descriptors": _of_levels(table, levels if isinstance(levels, list) else [])}


def _table(path: Path, name: str) -> pd.DataFrame:
    """Return a CSV as text."""
    what = f"descriptors of {name!r}: the file {path}"
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidDataError(f"{what} is not there; paths are relative to the campaign's file.") from error
    except OSError as error:
        raise InvalidDataError(f"{what} cannot be read: {error.strerror}.") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InvalidDataError(f"{what} cannot be read as CSV: {error}. Save it as CSV, UTF-8.") from error
    if len(table.columns) < 2:
        raise InvalidDataError(
            f"{what} has the columns {list(table.columns)}; expected the level first, then its descriptors."
        )
    return table


def _of_levels(table: pd.DataFrame, levels: Sequence[Any]) -> pd.DataFrame:
    """Return the rows of levels, indexed by level, their cells as numbers where they are such."""
    found = [_level(text, levels) for text in table.iloc[:, 0]]
    is_level = np.array([level is not None for level in found], dtype=bool)
    kept = [level for level in found if level is not None]
    cells = [[_number(text) for text in row] for row in table.iloc[is_level, 1:].to_numpy().tolist()]
    return pd.DataFrame(cells, columns=table.columns[1:], index=pd.Index(kept, dtype=object), dtype=object)


def _level(text: str, levels: Sequence[Any]) -> Any:
    """Return the level that a text means, None for none: numbers are compared as such."""
    text = text.strip()
    for level in levels:
        is_number = isinstance(level, int | float) and not isinstance(level, bool)
        if str(level) == text or (is_number and _number(text) == level):
            return level
    return None


def _number(text: str) -> float | str:
    """Return a cell as a number, NaN where it is empty, or as the text it is."""
    try:
        return float(text) if text.strip() else float("nan")
    except ValueError:
        return text
