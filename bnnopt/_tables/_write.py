"""Files written whole or not at all, and never in the place of another one unasked."""

import os
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from shutil import copymode
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables._cells import escaped
from bnnopt.exceptions import InvalidDataError

__all__ = ["csv_bytes", "refuse_existing", "write_file", "write_table"]

QUOTED = set(',;\t|"\r\n')
"""Characters for which a cell stands in quotes, whatever separates cells where it is read."""


def write_table(table: pd.DataFrame, path: str | Path, *, replace: bool = False) -> None:
    """Write a table so that `read_table` gives it back equal and a spreadsheet runs none of its cells.

    Text at whose head a spreadsheet looks for a formula or a command (=, +, -, @, |, %), and text with blanks
    or tabs at an end, gets one apostrophe more before it, unless it is a number; the reader takes it away.
    Numbers are written in full, truth values as True and False, and an empty cell is NaN, None or the like.
    The index is not written.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        Names of columns are different texts; a row without any content is not read back.
    path : str or Path
        Ends in ".csv" (commas, UTF-8, with a byte order mark unless all is ASCII) or ".parquet".
    replace : bool, default=False
        Whether a file of this name may be replaced.

    Raises
    ------
    InvalidDataError
        When there is such a file already, the ending is another, or a text cannot stand in this format.
    MissingDependencyError
        When the package for this format is not installed.
    OSError
        When the file cannot be written; what was there stays.
    """
    target = Path(path)
    refuse_existing(target, replace=replace)
    write = WRITERS.get(target.suffix.lower())
    if write is None:
        raise InvalidDataError(f"{path}: expected a name that ends in one of {list(WRITERS)}.")
    write_file(target, write(table, target), replace=replace)


def write_file(path: str | Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file whole or not at all: to a new file beside it, which then takes its name.

    Parameters
    ----------
    path : str or Path
        Its folder exists. A symbolic link stays one: the file that it means is written.
    content : bytes
        All that the file holds.
    replace : bool, default=False
        Whether a file of this name may be replaced; it keeps its permissions.

    Raises
    ------
    InvalidDataError
        When there is such a file already, or something that is no file.
    OSError
        When the file cannot be written; what was there stays.
    """
    target = Path(os.path.realpath(path))
    refuse_existing(target, replace=replace)
    beside = target.with_name(f".{target.name[:100]}.{token_hex(4)}.tmp")
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _take_name(beside, target, replace=replace)
    finally:
        beside.unlink(missing_ok=True)
    _store_folder(target.parent)


def refuse_existing(path: str | Path, *, replace: bool = False) -> None:
    """Raise `InvalidDataError` if a file is there that may not be replaced, or something that is no file."""
    target = Path(path)
    if target.exists() and not target.is_file():
        raise InvalidDataError(f"{path} is there and is no file; give another name.")
    if target.exists() and not replace:
        raise InvalidDataError(f"The file {path} is there already and is not replaced; give another name.")


def _take_name(beside: Path, target: Path, *, replace: bool) -> None:
    """Give a new file its name, which is free unless it may be replaced."""
    if replace:
        if target.exists():
            copymode(target, beside)
        os.replace(beside, target)
        return
    try:
        os.link(beside, target)  # unlike a renaming, it never replaces a file that came in the meantime
    except FileExistsError:
        refuse_existing(target)
        raise
    except OSError:  # a file system without links
        refuse_existing(target)
        os.replace(beside, target)


def _store_folder(folder: Path) -> None:
    """Have the names of a folder stored, where the system can be asked for that."""
    if os.name != "posix":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _as_csv(table: pd.DataFrame, path: Path) -> bytes:
    return csv_bytes([[_written(cell) for cell in row] for row in _rows_of(table)])


def csv_bytes(rows: Iterable[Sequence[str]], separator: str = ",") -> bytes:
    """Return cells as a CSV: UTF-8, with a byte order mark unless all is ASCII."""
    text = "".join(separator.join(map(_quoted, row)) + "\n" for row in rows)
    return text.encode("utf-8" if text.isascii() else "utf-8-sig")  # a spreadsheet needs the mark for °C


def _as_parquet(table: pd.DataFrame, path: Path) -> bytes:
    stream = BytesIO()
    try:
        table.to_parquet(stream, index=False)
    except ImportError as error:
        raise InvalidDataError(
            f"Writing {path} needs the package pyarrow: pip install pyarrow, or write a CSV."
        ) from error
    except (ValueError, TypeError) as error:
        raise InvalidDataError(f"{path} cannot be written as Parquet: {error}. Write a CSV.") from error
    return stream.getvalue()


WRITERS: dict[str, Callable[[pd.DataFrame, Path], bytes]] = {
    ".csv": _as_csv,
    ".parquet": _as_parquet,
}


def _rows_of(table: pd.DataFrame) -> list[list[Any]]:
    """Return names and rows, with an empty cell as None and numbers as Python has them."""
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        raise InvalidDataError(f"Expected different names of columns, none of them blank, got {names}.")
    columns = [[_plain(cell) for cell in table.iloc[:, place]] for place in range(len(names))]
    return [names, *(list(row) for row in zip(*columns, strict=True))]


def _plain(cell: Any) -> Any:
    value = cell.item() if isinstance(cell, np.generic) else cell
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value


def _written(cell: Any) -> str:
    """Return a cell as text: numbers in full, text so that no spreadsheet runs it."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return repr(cell)
    return escaped(cell) if isinstance(cell, str) else str(cell)


def _quoted(text: str) -> str:
    is_plain = QUOTED.isdisjoint(text) and text == text.strip()
    return text if is_plain else '"' + text.replace('"', '""') + '"'
