"""What the text of a cell means: a number, a level or text, as the caller says of the column."""

import re
from collections.abc import Hashable, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

__all__ = ["Kind", "as_level", "as_number", "escaped", "mark_of", "number_of", "typed", "unescaped"]

Kind: TypeAlias = Literal["number", "text", "auto"] | Sequence[Hashable]
"""What a column is: numbers, text, the levels that it may have, or what its cells look like."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?P<mark>[.,])?[0-9]*|(?P<head>[.,])[0-9]+)(?:[eE][+-]?[0-9]+)?")
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
MISSING = ("", "nan")
LEADING_ZERO = re.compile(r"[+-]?0[0-9]")
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
        Text is read as people write numbers; times and dates are no numbers.
    mark : {".", ","}, default="."
        The decimal mark of text.
    """
    if isinstance(cell, str):
        return np.nan if cell.strip().casefold() in MISSING else number_of(cell, mark)
    if isinstance(cell, date | time | timedelta | np.datetime64 | np.timedelta64):
        return np.nan if pd.isna(cell) and cell is pd.NaT else None
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return np.nan
    return float(cell) if isinstance(cell, Real | Decimal | np.bool_) else None


def as_level(cell: Any, levels: Sequence[Hashable], mark: str = ".") -> Hashable:
    """Return the level that a cell means, None where it means none, or several.

    A text is that level which is written so; else the only one that is so without blanks around it, that is
    the same number ("007" for 7, as spreadsheets write it), or the same truth value (TRUE for "True").

    Parameters
    ----------
    cell : object
        Text, or a number or truth value that took the place of one.
    levels : sequence of levels
        What is possible.
    mark : {".", ","}, default="."
        The decimal mark of numbers in text.
    """
    text = cell if isinstance(cell, str) else repr(cell.item() if isinstance(cell, np.generic) else cell)
    number = as_number(text, mark)
    for is_meant in (
        lambda level: str(level) == unescaped(text),
        lambda level: str(level) == text,
        lambda level: str(level).strip() == text.strip() != "",
        lambda level: number is not None and not isinstance(level, bool) and as_number(level) == number,
        lambda level: (
            text.strip().casefold() in ("true", "false") and str(level).casefold() == text.strip().casefold()
        ),
    ):
        found = [level for level in levels if is_meant(level)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def typed(cells: Sequence[str], kind: Kind = "auto", mark: str = ".") -> pd.Series:
    """Return the cells of a column as what it is; what cannot be that stays the text it is.

    Parameters
    ----------
    cells : sequence of str
        As they stand in the file.
    kind : {"number", "text", "auto"} or sequence of levels, default="auto"
        Numbers are whole (int64) where all are; an empty cell is NaN. "auto" takes a column for numbers where
        all its cells are such, without a zero at the head.
    mark : {".", ","}, default="."
        The decimal mark of numbers.
    """
    if kind == "number":
        return _numbers(cells, mark)
    if kind == "auto":
        return _numbers(cells, mark) if _looks_numeric(cells, mark) else _text(cells)
    return _text(cells) if isinstance(kind, str) else _levels(cells, kind, mark)


def _numbers(cells: Sequence[str], mark: str) -> pd.Series:
    numbers = [as_number(cell, mark) for cell in cells]
    if None in numbers:
        mixed = [cell if number is None else number for cell, number in zip(cells, numbers, strict=True)]
        return pd.Series(mixed, dtype=object)
    if cells and all(cell.strip().lstrip("+-").isdecimal() for cell in cells):
        whole = [int(cell) for cell in cells]
        if max(map(abs, whole)) <= EXACT:
            return pd.Series(whole, dtype=np.int64)
    return pd.Series(numbers, dtype=float if cells else object)


def _looks_numeric(cells: Sequence[str], mark: str) -> bool:
    """Tell whether cells are numbers, none of which would lose what it looks like."""
    for cell in cells:
        number = as_number(cell, mark)
        if number is None or LEADING_ZERO.match(cell.strip()):
            return False
        if abs(number) > EXACT and cell.strip().lstrip("+-").isdecimal():
            return False
    return True


def _text(cells: Sequence[str]) -> pd.Series:
    return _inferred([unescaped(cell) if cell.strip() else np.nan for cell in cells])


def _levels(cells: Sequence[str], levels: Sequence[Hashable], mark: str) -> pd.Series:
    meant = {cell: as_level(cell, levels, mark) for cell in set(cells)}
    unknown = {cell: unescaped(cell) if cell.strip() else np.nan for cell in set(cells)}
    return _inferred([unknown[cell] if meant[cell] is None else meant[cell] for cell in cells])


def _inferred(values: list[Any]) -> pd.Series:
    """Return values as pandas holds them by itself: text as its own type, numbers as numbers."""
    return pd.Series(values, dtype=object).infer_objects() if values else pd.Series(values, dtype=object)
