"""Which rows of a table are meant, as its reader counts them."""

from typing import Any

import pandas as pd

from bnnopt._typing import BoolArray

__all__ = ["as_rows_of", "is_of_file", "rows_in_words"]

ROWS_OF = "bnnopt_rows_of"  # in `attrs`: the name of the file, how many rows came of it, the row of label 0
MAX_ROWS_NAMED = 5


def as_rows_of(frame: pd.DataFrame, file: str, first: int) -> pd.DataFrame:
    """Return a table that knows from which file it came, and which row there its label 0 is."""
    frame.attrs[ROWS_OF] = (file, len(frame), first)
    return frame


def is_of_file(frame: pd.DataFrame) -> bool:
    """Tell whether a table came of a file of text, or was made of one that did."""
    return ROWS_OF in frame.attrs


def rows_in_words(column: pd.Series, is_meant: BoolArray) -> str:
    """Return the rows in words: as the spreadsheet counts them where they come of a file, else by label.

    Parameters
    ----------
    column : Series of shape (n_rows,)
        Of a table from `read_table`, whole, or of any other.
    is_meant : ndarray of bool, shape (n_rows,)
        At least one.
    """
    file, n_rows, first = column.attrs.get(ROWS_OF, ("", -1, 0))
    labels: list[Any] = column.index[is_meant].tolist()
    is_whole = n_rows == len(column) and pd.api.types.is_integer_dtype(column.index)
    if is_whole:
        labels = [label + first for label in labels]
    named = ", ".join(repr(label) for label in labels[:MAX_ROWS_NAMED])
    more = f" and {len(labels) - MAX_ROWS_NAMED} more" if len(labels) > MAX_ROWS_NAMED else ""
    return f"row(s) {named}{more}{f' of {file}' if is_whole else ''}"
