"""A table of text written back as it was read: what nobody changed stays as it stands."""

from io import BytesIO
from typing import Any

from bnnopt._tables._cells import LEADING_ZERO, number_of, unescaped
from bnnopt._tables._read import TextTable
from bnnopt._tables._write import csv_bytes
from bnnopt._tables._xlsx import loaded_workbook, new_workbook, sheet_of
from bnnopt.exceptions import InvalidDataError

__all__ = ["as_file"]

EXACT_DIGITS = 15  # more of them a workbook does not keep


def as_file(table: TextTable, before: TextTable | None = None) -> bytes:
    """Return the content of the file of a table, CSV or Excel as the name of its path says.

    Parameters
    ----------
    table : TextTable
        Cells as they stand in a file; its separator is kept.
    before : TextTable, optional
        What was read from the path, of which `table` is an edited copy: same rows first, then new ones, the
        same columns first, then new ones. In a workbook only what differs is touched.

    Raises
    ------
    InvalidDataError
        The workbook has formulas, whose values would be lost, or a text cannot stand in it.
    MissingDependencyError
        openpyxl is not installed.
    """
    if table.path.suffix.lower() != ".xlsx":
        return csv_bytes([table.header.labels, *table.cells], table.separator or ",")
    try:
        return _new_workbook(table) if before is None else _edited_workbook(table, before)
    except ValueError as error:
        raise InvalidDataError(
            f"{table.path} cannot be written as a workbook: {error} Write a CSV."
        ) from error


def _new_workbook(table: TextTable) -> bytes:
    workbook = new_workbook(table.path)
    sheet = workbook.active
    for row, cells in enumerate([table.header.labels, *table.cells], start=1):
        for column, cell in enumerate(cells, start=1):
            _put(sheet, row, column, cell, is_number=row > 1)
    sheet.freeze_panes = "A2"
    return _saved(workbook)


def _edited_workbook(table: TextTable, before: TextTable) -> bytes:
    workbook = loaded_workbook(table.path)
    sheet = sheet_of(table.path, workbook, before.names)
    _refuse_formulas(table, workbook)
    places = [place + 1 for place in before.header.places]
    n_new = len(table.names) - len(before.names)
    columns = [*places, *range(before.header.width + 1, before.header.width + 1 + n_new)]
    last = max([before.header.row, *before.rows])
    rows = [*before.rows, *range(last + 1, last + 1 + len(table.cells) - len(before.cells))]
    for column, label in zip(columns[len(places) :], table.header.labels[len(places) :], strict=True):
        _put(sheet, before.header.row, column, label, is_number=False)
    for place, (row, cells) in enumerate(zip(rows, table.cells, strict=True)):
        old = before.cells[place] if place < len(before.cells) else []
        for number, (column, cell) in enumerate(zip(columns, cells, strict=True)):
            if cell != (old[number] if number < len(old) else ""):
                _put(sheet, row, column, cell, is_number=True)
    return _saved(workbook)


def _refuse_formulas(table: TextTable, workbook: Any) -> None:
    found = [
        f"{sheet.title}!{cell.coordinate}"
        for sheet in workbook.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    if found:
        raise InvalidDataError(
            f"{table.path} has formulas in {found[:5]}, whose values would be lost if it were written. Put "
            "their values in their place, or keep them in a file of their own."
        )


def _put(sheet: Any, row: int, column: int, text: str, *, is_number: bool) -> None:
    cell = sheet.cell(row=row, column=column)
    number = number_of(text) if is_number else None
    digits = sum(map(str.isdigit, text))
    if (
        number is not None
        and abs(number) < 1e300
        and not LEADING_ZERO.match(text)
        and digits <= EXACT_DIGITS + 2
    ):
        cell.value = int(text) if text.lstrip("+-").isdecimal() else number
        return
    cell.value = unescaped(text) or None
    if cell.data_type == "f":
        cell.data_type = "s"  # text, not a formula


def _saved(workbook: Any) -> bytes:
    stream = BytesIO()
    workbook.save(stream)
    return stream.getvalue()
