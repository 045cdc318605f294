"""What a campaign.toml names by its file: descriptors of levels, runs of earlier campaigns."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bnnopt._tables import read_text
from bnnopt.exceptions import InvalidDataError

__all__ = ["with_descriptor_tables", "with_earlier_files"]


def with_descriptor_tables(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a TOML file holds with the tables in place of the names of their files.

    Parameters
    ----------
    document : dict
        `descriptors` of a variable of the space may be a path, relative to `folder`, of a CSV or xlsx file
        with a header whose first column is the level; rows of other levels are left aside.
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


def with_earlier_files(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what a TOML file holds with the files of `[[earlier]]` found from anywhere.

    Parameters
    ----------
    document : dict
        `file` of each entry of `earlier` is relative to `folder`.
    folder : Path
        Where the TOML file is.
    """
    entries = document.get("earlier")
    if not isinstance(entries, list):
        return document
    return {**document, "earlier": [_with_path(entry, folder) for entry in entries]}


def _with_path(entry: Any, folder: Path) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
        return entry
    return {**entry, "file": str(folder / entry["file"])}


def _with_table(variable: Any, folder: Path) -> Any:
    if not isinstance(variable, dict) or not isinstance(variable.get("descriptors"), str):
        return variable
    levels = variable.get("levels")
    name = str(variable.get("name"))
    known = [level for level in levels if isinstance(level, Hashable)] if isinstance(levels, list) else []
    path = folder / variable["descriptors"]
    if not path.exists():
        raise InvalidDataError(
            f"descriptors of {name!r}: the file {path} is not there; paths are relative to the campaign's "
            "file."
        )
    try:
        return {**variable, "descriptors": _table(path, known)}
    except InvalidDataError as error:
        raise InvalidDataError(f"descriptors of {name!r}: {error}") from error


def _table(path: Path, levels: Sequence[Hashable]) -> pd.DataFrame:
    """Return the rows of levels, indexed by level, their cells as numbers where they are such."""
    text = read_text(path, keeps_units=True)
    if len(text.names) < 2:
        raise InvalidDataError(
            f"{path} has the columns {text.names}; expected the level first, then its descriptors."
        )
    first, *others = text.names
    table = text.converted({first: levels}, others="number")
    is_level = [cell in levels for cell in table[first]]
    return table.loc[is_level, others].astype(object).set_axis(pd.Index(table[first][is_level], dtype=object))
