"""What is known of the context: its values for the rows to draw, its range in the rows observed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._plain import is_flag
from bnnopt._validation import cells_by_name, numeric_column
from bnnopt.exceptions import InvalidDataError
from bnnopt.space._encoding import TABLE, Level, RawCodec
from bnnopt.space._variables import Variable

__all__ = ["checked_context", "complete_context", "observed_range"]


def checked_context(variables: Sequence[Variable], context: Mapping[str, Level] | None) -> dict[str, Level]:
    """Return the given context values as a dict, or raise `InvalidDataError` for what is not valid."""
    context = cells_by_name(context, "context")
    known = {variable.name: variable for variable in variables if variable.is_context}
    unknown = [name for name in context if name not in known]
    if unknown:
        raise InvalidDataError(f"context: {unknown} are no context variables. Known: {list(known)}.")
    row = pd.DataFrame({name: [value] for name, value in context.items()}, index=["context"])
    for name in context:
        known[name].codec.encode(row, name)
    return context


def complete_context(variables: Sequence[Variable], context: Mapping[str, Level] | None) -> dict[str, Level]:
    """Return the given context values, or raise `InvalidDataError` naming those that cannot be drawn."""
    checked = checked_context(variables, context)
    missing = [v.name for v in variables if isinstance(v.codec, RawCodec) and v.name not in checked]
    if missing:
        raise InvalidDataError(
            f"context: no value for {missing}, which have neither bounds nor levels to be drawn from; "
            f"give context={{{missing[0]!r}: value}}."
        )
    return checked


def observed_range(frame: pd.DataFrame, name: str) -> dict[str, Any]:
    """Return the bounds (of numbers) or the levels (of text) that a column shows."""
    column = frame[name]
    if column.notna().all() and all(map(is_flag, column)):
        return {"levels": (False, True)}
    if pd.to_numeric(column, errors="coerce").notna().any():
        values = numeric_column(frame, name, TABLE)
        lower, upper = float(values.min()), float(values.max())
        half = 0.5 if lower == upper else 0.0
        return {"lower": lower - half, "upper": upper + half}
    if column.isna().any():
        raise InvalidDataError(f"{TABLE}: column {name!r} has an empty cell; correct or remove the row.")
    return {"levels": tuple(np.unique(column.to_numpy(dtype=str)).tolist())}
