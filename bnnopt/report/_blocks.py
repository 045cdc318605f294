"""What a page is made of: sections of text, tables and figures, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from bnnopt.report._words import DIGITS, NOTHING, is_number, writer_like

__all__ = ["Cell", "Column", "Figure", "Group", "Section", "Table"]


@dataclass(frozen=True)
class Cell:
    """Text of a cell, and the number by which it is sorted where the text does not say it."""

    text: str
    sort: float | None = None


@dataclass(frozen=True)
class Column:
    """Head of a column; numbers stand on the right."""

    name: str
    unit: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """A table that can be sorted; a long one is folded away until it is asked for."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    is_folded: bool = False

    @classmethod
    def of(
        cls,
        caption: str,
        frame: pd.DataFrame,
        *,
        units: Mapping[str, str] | None = None,
        writers: Mapping[str, Callable[[Any], str]] | None = None,
        is_folded: bool = False,
    ) -> "Table":
        """Show the columns of a DataFrame, each number to the digits that tell its column apart."""
        columns, cells = [], []
        for place, name in enumerate(map(str, frame.columns)):
            values = frame.iloc[:, place].tolist()
            write = (writers or {}).get(name) or writer_like(values, DIGITS + 1)
            are_numbers = any(map(is_number, values)) and all(
                is_number(value) or write(value) == NOTHING for value in values
            )
            columns.append(Column(name, (units or {}).get(name, ""), are_numbers))
            cells.append([_cell(value, write, are_numbers=are_numbers) for value in values])
        return cls(caption, columns, list(zip(*cells, strict=True)), is_folded)


@dataclass(frozen=True)
class Figure:
    """A picture: what it says, as text for those who do not see it, and what plotly draws.

    Parameters
    ----------
    title : str
        What is shown.
    message : str
        What it says, in a sentence or two.
    data : sequence of dict
        The traces of plotly.
    layout : dict
        Its layout; colours that begin with "--" are variables of the page.
    height : int
        Pixels.
    is_wide : bool
        Whether it takes the whole width.
    table : Table, optional
        The same numbers, where they are few.
    """

    title: str
    message: str
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    height: int = 340
    is_wide: bool = False
    table: Table | None = None


@dataclass(frozen=True)
class Group:
    """Figures that belong together, under a heading of their own; three beside each other where dense."""

    title: str
    figures: Sequence[Figure] = ()
    is_dense: bool = False


@dataclass(frozen=True)
class Section:
    """One part of the page."""

    anchor: str
    title: str
    text: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    groups: Sequence[Group] = field(default_factory=tuple)


def _cell(value: Any, write: Callable[[Any], str], *, are_numbers: bool) -> Cell:
    text = write(value)
    if not are_numbers or text == NOTHING:
        return Cell(text)
    try:
        return Cell(text) if float(text) == float(f"{value:.6g}") else Cell(text, float(f"{value:.6g}"))
    except ValueError:  # a typographic minus or a power of ten
        return Cell(text, float(f"{value:.6g}"))
