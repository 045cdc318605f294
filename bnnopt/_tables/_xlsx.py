"""Rows of text out of an Excel workbook."""

import warnings
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from bnnopt._tables._cells import unescaped
from bnnopt._tables._header import Source
from bnnopt._tables._units import bare_name, name_and_unit
from bnnopt.exceptions import InvalidDataError, MissingDependencyError

__all__ = ["is_workbook", "loaded_workbook", "new_workbook", "sheet_of", "xlsx_source"]

UNREADABLE = (BadZipFile, AttributeError, EOFError, IndexError, KeyError, SyntaxError, TypeError, zlib.error)
MAGIC = b"PK\x03\x04"  # of all archives of this kind


def is_workbook(path: Path) -> bool:
    """Tell whether a file is packed as workbooks are, whatever its name."""
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def xlsx_source(path: Path, known: Collection[str]) -> Source:
    """Return the rows of the sheet that holds the table.

    Parameters
    ----------
    path : Path
        Values as they were last stored; formulas are not computed.
    known : collection of str
        Names of columns that are expected, by which the sheet is found where several are filled.

    Raises
    ------
    InvalidDataError
        When the file is no workbook, several sheets may be meant, cells are merged, or the value of a formula
        is not stored.
    MissingDependencyError
        When openpyxl is not installed.
    """
    values, written = loaded_workbook(path, data_only=True), loaded_workbook(path)
    sheet = sheet_of(path, values, known)
    _refuse_unknown_values(path, sheet, written[sheet.title])
    rows = enumerate(sheet.iter_rows(), start=1)
    records = ((number, [_shown(cell) for cell in row]) for number, row in rows)
    return Source(path, "an Excel workbook", "", records)


def _openpyxl(path: Path) -> Any:
    """Return the package for workbooks, or raise `MissingDependencyError` that says what to install."""
    try:
        import openpyxl as package
    except ImportError as error:
        raise MissingDependencyError(
            f"{path} is an Excel workbook, which needs the package openpyxl: pip install openpyxl, or save "
            "it as CSV."
        ) from error
    return package


def new_workbook(path: Path) -> Any:
    """Return a workbook with one empty sheet."""
    return _openpyxl(path).Workbook()


def loaded_workbook(path: Path, *, data_only: bool = False) -> Any:
    """Return a workbook with its formulas, or with the values that were last stored of them."""
    package = _openpyxl(path)
    try:
        with open(path, "rb") as file, ZipFile(file) as archive, warnings.catch_warnings():
            if "[Content_Types].xml" not in archive.namelist():
                raise InvalidDataError(
                    f"{path} is an archive but no Excel workbook; save the table as .xlsx or CSV."
                )
            warnings.simplefilter("ignore")  # of styles and validations that are not read
            return package.load_workbook(file, data_only=data_only)
    except InvalidDataError:
        raise
    except (*UNREADABLE, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        said = " ".join(str(error).split())
        raise InvalidDataError(
            f"{path} cannot be read as an Excel workbook: it is damaged ({said:.200}). Save it as .xlsx or "
            "CSV again."
        ) from error


def sheet_of(path: Path, workbook: Any, known: Collection[str]) -> Any:
    """Return the sheet that holds the table: the one filled, or the one with the most names expected."""
    filled = [
        sheet for sheet in workbook.worksheets if any(map(_is_filled, sheet.iter_rows(values_only=True)))
    ]
    filled = [sheet for sheet in filled if sheet.sheet_state == "visible"] or filled
    n_known = [len(_names(sheet) & set(known)) for sheet in filled]
    likely = [sheet for sheet, n in zip(filled, n_known, strict=True) if n == max(n_known)]
    if not filled:
        raise InvalidDataError(f"{path} cannot be read as an Excel workbook: no sheet has any cell.")
    if len(likely) > 1:
        raise InvalidDataError(
            f"{path}: the sheets {[sheet.title for sheet in likely]} may all be meant; keep one, or save "
            "it as CSV."
        )
    return likely[0]


def _names(sheet: Any) -> set[str]:
    """Return what the first filled row says, with and without units."""
    rows = sheet.iter_rows(values_only=True)
    cells = next(([_text(cell) for cell in row] for row in rows if _is_filled(row)), [])
    names = [unescaped(cell).strip() for cell in cells]
    return {*names, *(bare_name(name) for name in names), *(name_and_unit(name)[0] for name in names)}


def _refuse_unknown_values(path: Path, sheet: Any, written: Any) -> None:
    merged = [str(cells) for cells in sheet.merged_cells.ranges]
    if merged:
        raise InvalidDataError(
            f"{path}: cells {merged[:5]} are merged, so that only the first has a value; split them and "
            "fill each."
        )
    unknown = [
        cell.coordinate
        for row in written.iter_rows()
        for cell in row
        if cell.data_type == "f" and sheet[cell.coordinate].value is None
    ]
    if unknown:
        raise InvalidDataError(
            f"{path}: the formula(s) in {unknown[:5]} have no stored value; open and save the file in a "
            "spreadsheet program, or put numbers in their place."
        )


def _is_filled(row: tuple[Any, ...]) -> bool:
    return any(_text(cell).strip() for cell in row)


def _shown(cell: Any) -> str:
    """Return a cell as text; a number that is shown as a percentage as such, 0.81 as 81%.

    It stands there as "81%" for those who look at it, and in a CSV; which of both is meant, nobody knows.
    """
    value = cell.value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{100 * value:.15g}%" if is_number and "%" in cell.number_format else _text(value)


def _text(cell: Any) -> str:
    """Return a cell as it would stand in a CSV, an empty text for none."""
    return "" if cell is None else repr(cell) if isinstance(cell, float) else str(cell)
