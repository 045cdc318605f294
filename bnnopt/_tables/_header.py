"""The names of a table, and its rows brought to one cell for each name."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from bnnopt._tables._cells import cleaned, unescaped
from bnnopt._tables._rows import MAX_ROWS_NAMED
from bnnopt._tables._units import bare_name, factor_between, is_same_unit, name_and_unit
from bnnopt.exceptions import InvalidDataError

__all__ = ["Header", "header_of", "unit_faults"]

ROWS_BEFORE = 20  # in which the names are looked for where the first filled row has none
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
    first = list(islice(source.records, ROWS_BEFORE))
    _refuse_rows_before(source, row, cells, first, known)
    labels = [cells[place] for place in places]
    names = _names(source, labels, known, keeps_units=keeps_units)
    header = Header(row, names, places, places[-1] + 1, labels)
    return header, _rows(replace(source, records=chain(first, source.records)), header, known)


def _refuse_rows_before(
    source: Source, row: int, cells: list[str], first: list[tuple[int, list[str]]], known: Collection[str]
) -> None:
    """Raise `InvalidDataError` where the names that are expected stand below the first filled row."""
    words = [(number, _words(each, known) & set(known)) for number, each in [(row, cells), *first]]
    most = max(words, key=lambda each: len(each[1]))
    if not words[0][1] and most[1]:
        raise source.fault(
            f"row {row} is no row of names; the names stand in row {most[0]}. Delete the rows above."
        )


def _words(cells: list[str], known: Collection[str]) -> set[str]:
    """Return what the cells of a row say, without units."""
    return {_without_unit(_name(cell, known), known) for cell in cells}


def unit_faults(header: Header, units: Mapping[str, str], where: str) -> list[str]:
    """Return what is wrong with the units behind the names of a table, one text for each.

    Parameters
    ----------
    header : Header
        Names, and the labels in which they stand.
    units : mapping of str to str
        What is expected, by name; columns without are not looked at.
    where : str
        What says what is expected, for the message.
    """
    faults = []
    for name, label in zip(header.names, header.labels, strict=True):
        found, expected = name_and_unit(label)[1], units.get(name)
        if label.strip() != name and found and expected and not is_same_unit(found, expected):
            faults.append(
                f"column {name!r} is in {found!r} here and in {expected!r} in "
                f"{where}{factor_between(found, expected)}; convert the numbers and correct the header, or "
                f"correct {where}."
            )
    return faults


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
    if name in known or name != cell:
        return name
    return _as_known(name, known) or name.strip()


def _as_known(name: str, known: Collection[str]) -> str:
    """Return the one name that is known and looks the same, an empty text without one."""
    seen = cleaned(name)
    alike = [each for each in known if seen and cleaned(each) == seen]
    return alike[0] if len(alike) == 1 else ""


def _without_unit(name: str, known: Collection[str]) -> str:
    """Return a name without its unit: in any brackets behind a known name, in square ones behind others."""
    if name in known:
        return name
    stem, _ = name_and_unit(name)
    return stem if stem in known else _as_known(stem, known) or bare_name(name)


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
        raise source.fault(_in_words(header, wrong))


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


def _in_words(header: Header, wrong: list[tuple[int, list[str], str]]) -> str:
    named = "; ".join(f"row {row}: {problem}" for row, _, problem in wrong[:MAX_ROWS_NAMED])
    more = f"; and {len(wrong) - MAX_ROWS_NAMED} row(s) more" if len(wrong) > MAX_ROWS_NAMED else ""
    return (
        f"{named}{more}. Row {header.row} names the columns {header.names}; give each row one cell for each, "
        "empty ones too, put text that holds a separator in quotes, and remarks in a column of their own."
    )


def _is_filled(cells: list[str]) -> bool:
    return any(map(str.strip, cells))
