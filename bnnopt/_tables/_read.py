"""Files of tables: rows of text first, then each column as what the caller says it is."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from bnnopt._tables._cells import Kind, as_level, as_number, mark_of, typed
from bnnopt._tables._csv import csv_source
from bnnopt._tables._header import Header, header_of, unit_faults
from bnnopt._tables._parquet import is_parquet, parquet_blocks
from bnnopt._tables._rows import as_rows_of, rows_in_words
from bnnopt._tables._xlsx import is_workbook, xlsx_source
from bnnopt.exceptions import InvalidDataError

__all__ = ["TextTable", "read_blocks", "read_table", "read_text"]


@dataclass(frozen=True)
class TextTable:
    """The cells of a file as text.

    Parameters
    ----------
    path : Path
        Where it came from.
    separator : str
        What separates cells there, an empty text in a workbook.
    header : Header
        Names of the columns and the row in which they stand.
    rows : list of int
        The number of each row, as a spreadsheet counts them.
    cells : list of list of str
        The cells of each row, one for each name.
    """

    path: Path
    separator: str
    header: Header
    rows: list[int]
    cells: list[list[str]]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return self.header.names

    def columns(self) -> dict[str, list[str]]:
        """Return the cells of each column, by name."""
        by_column = zip(*self.cells, strict=True) if self.cells else ([] for _ in self.names)
        return {name: list(cells) for name, cells in zip(self.names, by_column, strict=True)}

    def converted(
        self, kinds: Mapping[str, Kind], others: Kind = "auto", mark: str | None = None
    ) -> pd.DataFrame:
        """Return a table with each column as what it is; what a cell cannot be stays the text it is.

        Parameters
        ----------
        kinds : mapping of str to kind
            What columns are, see `read_table`; those that are not there are left aside.
        others : kind, default="auto"
            What all other columns are.
        mark : {".", ","}, optional
            The decimal mark, by default what the numbers show.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            Label 0 is the row below the names, blank rows counted.
        """
        columns = self.columns()
        known = {name: kinds.get(name, others) for name in self.names}
        mark = self.decimal_mark(known) if mark is None else mark
        first = self.header.row + 1
        is_gapless = (
            self.rows == list(range(self.rows[0], self.rows[0] + len(self.rows))) if self.rows else True
        )
        start = self.rows[0] - first if self.rows else 0
        index = (
            pd.RangeIndex(start, start + len(self.rows))
            if is_gapless
            else pd.Index([row - first for row in self.rows])
        )
        table = pd.DataFrame(
            {name: typed(cells, known[name], mark).set_axis(index) for name, cells in columns.items()},
            index=index,
        )
        return as_rows_of(table, self.path.name, first)

    def decimal_mark(self, kinds: Mapping[str, Kind]) -> str:
        """Return the decimal mark of the numbers, or raise `InvalidDataError` where it is not clear."""
        seen = self._numbers_with_marks(kinds)
        commas = [each for each in seen if "," in each[2]]
        points = [each for each in seen if "." in each[2]]
        if not commas or (points and self.separator == ","):  # then a comma is a fault of its cell
            return "."
        if points:
            both = " and ".join(_in_words(*each) for each in (points[0], commas[0]))
            raise InvalidDataError(f"{self.path}: {both} have different decimal marks; use one of them.")
        if self.separator != ";" and all(_may_be_thousands(cell) for _, _, cell in commas):
            cell = commas[0][2]
            raise InvalidDataError(
                f"{self.path}: {_in_words(*commas[0])} may be {cell.replace(',', '.')} or "
                f"{cell.replace(',', '')}; write it with a decimal point, or without the comma."
            )
        return ","

    def _numbers_with_marks(self, kinds: Mapping[str, Kind]) -> list[tuple[str, int, str]]:
        """Return column, row and text of the numbers that have a mark, nothing where no cell has a comma."""
        columns = {name: cells for name, cells in self.columns().items() if kinds[name] in ("number", "auto")}
        if not any("," in "".join(cells) for cells in columns.values()):
            return []
        return [
            (name, row, cell.strip())
            for name, cells in columns.items()
            if kinds[name] == "number" or _could_be_numbers(cells)
            for row, cell in zip(self.rows, cells, strict=True)
            if mark_of(cell)
        ]


def read_table(
    path: str | Path,
    kinds: Mapping[str, Kind] | None = None,
    *,
    others: Kind = "auto",
    units: Mapping[str, str] | None = None,
    is_strict: bool = True,
) -> pd.DataFrame:
    """Read a CSV, xlsx or Parquet file, each column as what the caller says it is.

    What separates cells (comma, semicolon, tab, bar), the decimal mark and the encoding (UTF-8, UTF-16,
    Windows-1252) are recognised. Blank rows and columns are left aside, and so is a unit in square brackets
    behind a name. One apostrophe before what a spreadsheet would run is taken away, see `write_table`. No
    cell is ever moved to another column: rows of another length than the names are refused.

    Parameters
    ----------
    path : str or Path
        The file; what it holds counts, not how its name ends.
    kinds : mapping of str to kind, optional
        By name "number", "text", "auto" or the levels that a column may have. A level comes back as it stands
        in the sequence, whatever its text ("1", "007", "True", "1e3", "NaN" or "None").
    others : kind, default="auto"
        What columns not in `kinds` are. "auto" takes for numbers what consists of numbers without a zero at
        the head and of empty cells, and all else for text.
    units : mapping of str to str, optional
        By name the unit that numbers are expected in: a header that says another one is refused.
    is_strict : bool, default=True
        Whether text in a column of numbers and unknown levels are refused, or stay as they are for the caller
        to refuse.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        Empty cells are NaN. Label 0 is the row below the names, blank rows counted; messages of the project
        name the row as the spreadsheet does.

    Raises
    ------
    InvalidDataError
        When the file is not there or is no such table; the message names file, row and column.
    MissingDependencyError
        When the package for this format is not installed.
    """
    kinds = kinds or {}
    if is_parquet(file := _checked(path)):
        table = next(parquet_blocks(file, None))
    else:
        text = read_text(file, kinds)
        _refuse_units(text, units)
        table = text.converted(kinds, others)
    if is_strict:
        _refuse_others(table, kinds, file)
    return table


def read_blocks(
    path: str | Path,
    kinds: Mapping[str, Kind] | None = None,
    *,
    units: Mapping[str, str] | None = None,
    block_size: int,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file in blocks, as `read_table` reads them, so that memory stays flat.

    Parameters
    ----------
    path, kinds, units
        As in `read_table`; the first block shows the decimal mark, and what is neither a number nor a level
        stays text.
    block_size : int
        Rows of a block, at least 1.
    """
    kinds = kinds or {}
    if is_parquet(file := _checked(path)):
        yield from parquet_blocks(file, block_size)
        return
    mark = None
    for table in _blocks(file, kinds, block_size):
        _refuse_units(table, units)
        mark = mark or table.decimal_mark({name: kinds.get(name, "auto") for name in table.names})
        yield table.converted(kinds, mark=mark)


def read_text(path: str | Path, known: Collection[str] = (), *, keeps_units: bool = False) -> TextTable:
    """Read a CSV or xlsx file as text.

    Parameters
    ----------
    path : str or Path
        The file.
    known : collection of str, default=()
        Names of columns that are expected, which may have units behind them in the file.
    keeps_units : bool, default=False
        Whether a unit in square brackets is part of a name.
    """
    return next(_blocks(_checked(path), known, None, keeps_units=keeps_units))


def _blocks(
    path: Path, known: Collection[str], block_size: int | None, *, keeps_units: bool = False
) -> Iterator[TextTable]:
    """Yield the rows of a file in blocks, or all; at least one block, without rows if there are none."""
    source = xlsx_source(path, known) if is_workbook(path) else csv_source(path, known)
    header, records = header_of(source, known, keeps_units=keeps_units)
    is_first = True
    while (block := list(islice(records, block_size))) or is_first:
        cells = [cells for _, cells in block]
        yield TextTable(path, source.separator, header, [row for row, _ in block], cells)
        is_first = False


def _refuse_units(text: TextTable, units: Mapping[str, str] | None) -> None:
    """Raise `InvalidDataError` where the names of a table say other units than are expected."""
    faults = unit_faults(text.header, units or {}, "the settings")
    if faults:
        raise InvalidDataError(f"{text.path}, row {text.header.row}:\n  " + "\n  ".join(faults))


def _checked(path: str | Path) -> Path:
    """Return the path of a file that can be opened."""
    source = Path(path)
    if source.exists() and not source.is_file():
        raise InvalidDataError(
            f"{path} cannot be read: it is no file."
        )  # nor a pipe, which is read only once
    try:
        with open(source, "rb"):
            return source
    except FileNotFoundError as error:
        raise InvalidDataError(f"There is no file {str(path)!r}; check the path.") from error
    except OSError as error:
        raise InvalidDataError(f"{path} cannot be read: {error.strerror}.") from error


def _in_words(name: str, row: int, cell: str) -> str:
    return f"{cell!r} (column {name!r}, row {row})"


def _could_be_numbers(cells: Sequence[str]) -> bool:
    return all(as_number(cell, mark_of(cell) or ".") is not None for cell in cells)


def _may_be_thousands(cell: str) -> bool:
    """Tell whether the comma of a number may separate thousands."""
    whole, _, rest = cell.strip().lstrip("+-").partition(",")
    return len(rest) == 3 and rest.isdecimal() and 0 < len(whole) <= 3 and not whole.startswith("0")


def _refuse_others(table: pd.DataFrame, kinds: Mapping[str, Kind], path: Path) -> None:
    """Name all cells that are not what their column is."""
    faults = []
    for name, kind in kinds.items():
        if name not in table or kind in ("text", "auto"):
            continue
        column = table[name]
        is_filled = column.notna().to_numpy()
        if kind == "number":
            is_bad, problem = [as_number(cell) is None for cell in column], "no number where one is needed"
        else:
            is_bad, problem = (
                [as_level(cell, kind) is None for cell in column],
                f"a level not one of {list(kind)}",
            )
        is_bad = is_filled & is_bad
        if is_bad.any():
            first = column[is_bad].iloc[0]
            faults.append(
                f"column {name!r} has {problem} in {rows_in_words(column, is_bad)} (first: {first!r})"
            )
    if faults:
        raise InvalidDataError(f"{path}: {'; '.join(faults)}. Correct or remove these rows.")
