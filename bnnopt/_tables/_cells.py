"""What the text of a cell means: a number, a level or text, as the caller says of the column."""

import re
import unicodedata
from collections.abc import Callable, Hashable, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import pandas as pd

__all__ = [
    "Kind",
    "as_level",
    "as_number",
    "cleaned",
    "escaped",
    "inferred",
    "mark_of",
    "number_of",
    "typed",
    "unescaped",
]

Frame = TypeVar("Frame", pd.Series, pd.DataFrame)

Kind: TypeAlias = Literal["number", "text", "auto"] | Sequence[Hashable]
"""What a column is: numbers, text, the levels that it may have, or what its cells look like."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?P<mark>[.,])?[0-9]*|(?P<head>[.,])[0-9]+)(?:[eE][+-]?[0-9]+)?")
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
MISSING = ("", "nan")
LEADING_ZERO = re.compile(r"(?:\A|\n)[+-]?0[0-9]")
POINT_CELLS, COMMA_CELLS = re.compile(r"[0-9.eE+\-\n]*"), re.compile(r"[0-9,eE+\-\n]*")
EXACT = 2**53  # whole numbers up to here are exact in float64

RUN = re.compile(r"'*(?:\Z|\s|[=+\-@|%＝＋－＠]|.*\s\Z)", re.DOTALL)
"""Text that a spreadsheet may run, or of which it may trim blanks, behind any number of apostrophes."""


def escaped(text: str) -> str:
    """Return text with one apostrophe more at its head where a spreadsheet might run or trim it.

    `unescaped` takes it away again; an apostrophe before any other text is left as it is by both.
    """
    is_number = number_of(text) is not None and text == text.strip()
    return f"'{text}" if RUN.match(text) and not is_number else text


def unescaped(text: str) -> str:
    """Return text without the apostrophe that `escaped` has put before it."""
    return text[1:] if text.startswith("'") and RUN.match(text) else text


def cleaned(text: str) -> str:
    """Return text as it is seen: letters in one form, without marks that nobody sees and blanks around it."""
    seen = [each for each in unicodedata.normalize("NFC", text) if unicodedata.category(each) != "Cf"]
    return "".join(seen).strip()


def number_of(text: str, mark: str = ".") -> float | None:
    """Return the number that a text is, None if it is none; `mark` is the decimal mark."""
    found = NUMBER.fullmatch(text := text.strip())
    if found is not None and (found["mark"] or found["head"] or mark) == mark:
        return float(text.replace(",", "."))
    return float(text) if INFINITE.fullmatch(text) else None


def mark_of(text: str) -> str:
    """Return the decimal mark of a number, an empty text where there is none."""
    found = NUMBER.fullmatch(text.strip())
    return (found["mark"] or found["head"] or "") if found else ""


def as_number(cell: Any, mark: str = ".") -> float | None:
    """Return a cell as a number, NaN where it is empty ("" and "nan" are), None where it is none.

    Parameters
    ----------
    cell : object
        Text is read as people write numbers; times, dates, True and False are no numbers.
    mark : {".", ","}, default="."
        The decimal mark of text.
    """
    if isinstance(cell, str):
        return np.nan if cell.strip().casefold() in MISSING else number_of(cell, mark)
    if isinstance(cell, date | time | timedelta | np.datetime64 | np.timedelta64):
        return np.nan if pd.isna(cell) and cell is pd.NaT else None
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return np.nan
    if isinstance(cell, bool):
        return None
    return _as_float(cell) if isinstance(cell, Real | Decimal) else None


def _as_float(number: Any) -> float:
    """Return a number in double precision, one that is too large for it as infinite."""
    try:
        return float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf


def inferred(values: Frame) -> Frame:
    """Return columns of objects in the types that they have; as they are where a number is beyond all floats.

    pandas 2.2 raises an OverflowError there.
    """
    try:
        return values.infer_objects()
    except OverflowError:
        return values


def as_level(cell: Any, levels: Sequence[Hashable], mark: str = ".") -> Hashable:
    """Return the level that a cell means, None where it means none, or may mean several.

    A text is that level which is written so; else the only one that looks so but for blanks around it, that
    is the same number ("007" for 7, as spreadsheets write it), or the same truth value (TRUE for "True").
    What is no text is the only level that is the same number or truth value.

    Parameters
    ----------
    cell : object
        Text, or a number or truth value that took the place of one.
    levels : sequence of levels
        What is possible.
    mark : {".", ","}, default="."
        The decimal mark of numbers in text.
    """
    is_text = isinstance(cell, str)
    text = cell if is_text else str(cell)
    number = None if isinstance(cell, bool | np.bool_) else as_number(cell, mark)
    tests: list[Callable[[Hashable], bool]] = [
        lambda level: number is not None and _number_of_level(level) == number,
        lambda level: text.strip().casefold() == str(level).casefold() in ("true", "false"),
    ]
    if is_text:
        tests[:0] = [
            lambda level: str(level) == unescaped(text),
            lambda level: str(level) == text,
            lambda level: str(level).strip() == text.strip() != "",
            lambda level: cleaned(str(level)) == cleaned(text) != "",
        ]
    for is_meant in tests:
        found = [level for level in levels if is_meant(level)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _number_of_level(level: Hashable) -> float | None:
    """Return a level as a number, None for what is none; in text either mark may be the decimal one."""
    if isinstance(level, bool | np.bool_):
        return None
    return as_number(level, mark_of(level) or "." if isinstance(level, str) else ".")


def typed(cells: Sequence[str], kind: Kind = "auto", mark: str = ".") -> pd.Series:
    """Return the cells of a column as what it is; what cannot be that stays the text it is.

    Parameters
    ----------
    cells : sequence of str
        As they stand in the file.
    kind : {"number", "text", "auto"} or sequence of levels, default="auto"
        Numbers are whole (int64) where all are; an empty cell is NaN. "auto" takes a column for numbers
        where all its cells are such, without a zero at the head, or empty; where "NaN" is written it may be
        a level, and the cells stay text.
    mark : {".", ","}, default="."
        The decimal mark of numbers.
    """
    if kind == "text":
        return _text(cells)
    if not isinstance(kind, str):
        return _levels(cells, kind, mark)
    stripped = [cell.strip() for cell in cells]
    plain = _plain_numbers(stripped, mark)
    if kind == "auto":
        return _text(cells) if plain is None or _loses(stripped, plain) else plain
    return _numbers(cells, mark) if plain is None else plain


def _plain_numbers(cells: Sequence[str], mark: str) -> pd.Series | None:
    """Return cells that are all numbers or empty as such, None where one is not; all at once, for speed."""
    joined = "\n".join(cells)
    is_comma = mark == ","
    if not (COMMA_CELLS if is_comma else POINT_CELLS).fullmatch(joined):
        return None
    if is_comma:
        joined = joined.replace(",", ".")
    texts = joined.split("\n") if cells else []
    if len(texts) != len(cells):
        return None
    try:
        numbers = np.array(list(map(float, texts if all(texts) else [text or "nan" for text in texts])))
    except ValueError:
        return None
    is_whole = "." not in joined and "e" not in joined.casefold() and not np.isnan(numbers).any()
    if is_whole and len(cells) and np.abs(numbers).max() <= EXACT:
        return pd.Series(numbers.astype(np.int64))
    return pd.Series(numbers, dtype=float if cells else object)


def _numbers(cells: Sequence[str], mark: str) -> pd.Series:
    """Return cells as numbers one by one, those that are none as the text they are."""
    numbers = [as_number(cell, mark) for cell in cells]
    if None in numbers:
        mixed = [cell if number is None else number for cell, number in zip(cells, numbers, strict=True)]
        return pd.Series(mixed, dtype=object)
    return pd.Series(numbers, dtype=float)


def _loses(cells: Sequence[str], numbers: pd.Series) -> bool:
    """Tell whether a cell would lose a zero at its head, or digits, as a number."""
    if LEADING_ZERO.search("\n".join(cells)):
        return True
    is_large = np.abs(numbers.to_numpy(dtype=float)) > EXACT
    return any(cells[place].lstrip("+-").isdecimal() for place in np.flatnonzero(is_large).tolist())


def _text(cells: Sequence[str]) -> pd.Series:
    return _inferred([unescaped(cell) if cell.strip() else np.nan for cell in cells])


def _levels(cells: Sequence[str], levels: Sequence[Hashable], mark: str) -> pd.Series:
    meant = {cell: as_level(cell, levels, mark) for cell in set(cells)}
    unknown = {cell: unescaped(cell) if cell.strip() else np.nan for cell in set(cells)}
    return _inferred([unknown[cell] if meant[cell] is None else meant[cell] for cell in cells])


def _inferred(values: list[Any]) -> pd.Series:
    """Return values as pandas holds them by itself: text as its own type, numbers as numbers."""
    column = pd.Series(values, dtype=object)
    return inferred(column) if values else column
