"""The names of a table, and its rows brought to one cell for each name."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bnnopt._tables._cells import unescaped
from bnnopt._tables._rows import MAX_ROWS_NAMED
from bnnopt._tables._units import bare_name, name_and_unit
from bnnopt.exceptions import InvalidDataError

__all__ = ["Header", "header_of"]

ROWS_BEYOND = 100_000  # in which more wrong rows are looked for


@dataclass(frozen=True)
class Source:
    """The rows of a file as text.

    Parameters
    ----------
    path : Path
        For messages.
    form : str
        What the file was recognised as, for messages.
    separator : str
        What separates its cells, an empty text in a workbook.
    records : iterator of (int, list of str)
        The number of each row, as a spreadsheet counts them, and its cells.
    """

    path: Path
    form: str
    separator: str
    records: Iterator[tuple[int, list[str]]]

    def fault(self, problem: str) -> InvalidDataError:
        """Return the error that says what is wrong with the file."""
        return InvalidDataError(f"{self.path} cannot be read as {self.form}: {problem}")


@dataclass(frozen=True)
class Header:
    """Where the names of a table stand, and what they are.

    Parameters
    ----------
    row : int
        Its number, as a spreadsheet counts rows.
    names : list of str
        One for each column that is read.
    places : list of int
        The positions of these columns in the file.
    width : int
        Cells up to the last name.
    labels : list of str
        The cells in which the names stand, with their units.
    """

    row: int
    names: list[str]
    places: list[int]
    width: int
    labels: list[str]


def header_of(
    source: Source, known: Collection[str], *, keeps_units: bool = False
) -> tuple[Header, Iterator[tuple[int, list[str]]]]:
    """Take the names off the head of a file.

    Parameters
    ----------
    source : Source
        All rows of a file.
    known : collection of str
        Names that are expected: they are found with blanks and units behind them.
    keeps_units : bool, default=False
        Whether a unit in square brackets is part of a name.

    Returns
    -------
    header : Header
    records : iterator of (int, list of str)
        The rows that are not blank, with one cell for each name.

    Raises
    ------
    InvalidDataError
        When there are no names, a name occurs twice, or a row has cells without a name or lacks some.
    """
    row, cells = next((record for record in source.records if _is_filled(record[1])), (0, []))
    if not cells:
        raise source.fault("it is empty. The first row names the columns.")
    places = [place for place, cell in enumerate(cells) if cell.strip()]
    labels = [cells[place] for place in places]
    names = _names(source, labels, known, keeps_units=keeps_units)
    header = Header(row, names, places, places[-1] + 1, labels)
    return header, _rows(source, header, known)


def _names(source: Source, cells: list[str], known: Collection[str], *, keeps_units: bool) -> list[str]:
    """Return names without units, with them where two unknown ones would be the same."""
    whole = [_name(cell, known) for cell in cells]
    short = [name if keeps_units else _without_unit(name, known) for name in whole]
    pairs = zip(short, whole, strict=True)
    names = [name if short.count(name) == 1 or name in known else long for name, long in pairs]
    if set(known).isdisjoint(names) and any("\0" in name for name in names):
        raise source.fault("it holds no text. The first row names the columns.")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise source.fault(f"column(s) {doubled} occur more than once; keep one of each.")
    return names


def _name(cell: str, known: Collection[str]) -> str:
    """Return a name without blanks around it, unless it was written or is known with them."""
    name = unescaped(cell)
    return name if name in known or name != cell else name.strip()


def _without_unit(name: str, known: Collection[str]) -> str:
    """Return a name without its unit: in any brackets behind a known name, in square ones behind others."""
    if name in known:
        return name
    stem, _ = name_and_unit(name)
    return stem if stem in known else bare_name(name)


def _rows(source: Source, header: Header, known: Collection[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield rows as long as the header, up to the first that is not; then tell all that are not."""
    wrong: list[tuple[int, list[str], str]] = []
    is_gapless = len(header.places) == header.width
    for row, cells in source.records:
        if not _is_filled(cells):
            continue
        if is_gapless and len(cells) == header.width and not wrong:
            yield row, cells
            continue
        problem = _problem(header, cells, known)
        if problem:
            wrong.append((row, cells, problem))
        if wrong and row > wrong[0][0] + ROWS_BEYOND:
            break
        if not wrong:
            padded = [*cells, *[""] * (header.width - len(cells))]
            yield row, [padded[place] for place in header.places]
    if wrong:
        raise source.fault(_in_words(header, wrong, known))


def _problem(header: Header, cells: list[str], known: Collection[str]) -> str:
    """Return what is wrong with the cells of a row, an empty text for nothing."""
    for place, cell in enumerate(cells):
        if cell.strip() and (place >= header.width or place not in header.places):
            is_number_of_row = place == 0 and cell.strip().isdecimal() and cell.isascii()
            if not is_number_of_row:
                return f"the cell {cell.strip()!r} in column {place + 1} has no name above it"
    lacking = [name for name, place in zip(header.names, header.places, strict=True) if place >= len(cells)]
    if lacking and not (known and set(lacking).isdisjoint(known)):
        return f"it ends before {lacking}"
    return ""


def _in_words(header: Header, wrong: list[tuple[int, list[str], str]], known: Collection[str]) -> str:
    named = "; ".join(f"row {row}: {problem}" for row, _, problem in wrong[:MAX_ROWS_NAMED])
    more = f"; and {len(wrong) - MAX_ROWS_NAMED} row(s) more" if len(wrong) > MAX_ROWS_NAMED else ""
    row, cells, _ = wrong[0]
    words = {_without_unit(unescaped(cell).strip(), known) for cell in cells}
    if words & set(known) and not set(header.names) & set(known):
        return f"row {header.row} is no row of names; the names stand in row {row}. Delete the rows above."
    return (
        f"{named}{more}. Row {header.row} names the columns {header.names}; give each row one cell for each, "
        "empty ones too, put text that holds a separator in quotes, and remarks in a column of their own."
    )


def _is_filled(cells: list[str]) -> bool:
    return any(map(str.strip, cells))
