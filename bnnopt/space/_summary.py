"""A search space at a glance, as text and as HTML for notebooks."""

from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from bnnopt.space._variables import Variable

__all__ = ["as_html", "as_text", "values_of"]

MOST_ROWS = 30
MOST_WORDS = 60  # characters of a list of values


def as_text(variables: Sequence[Variable], constraints: Sequence[Any]) -> str:
    """Return a line on the whole, one for each variable, and one for each constraint."""
    table = _table(variables)
    for name in table:
        table[name] = table[name].str.ljust(table[name].str.len().max())
    lines = ["  " + "  ".join(row).rstrip() for row in table.to_numpy().tolist()]
    lines += [f"  and {len(variables) - MOST_ROWS} more"] if len(variables) > MOST_ROWS else []
    bound = [f"  {constraint}" for constraint in constraints]
    return "\n".join([f"SearchSpace: {_counts(variables, constraints)}", *lines, *bound])


def as_html(variables: Sequence[Variable], constraints: Sequence[Any]) -> str:
    """Return a table of the variables with a line on the whole, and a list of the constraints."""
    bound = "".join(f"<li>{escape(str(constraint))}</li>" for constraint in constraints)
    return (
        f"<p><b>SearchSpace</b>: {_counts(variables, constraints)}</p>"
        f"{_table(variables).to_html(index=False, border=0)}{f'<ul>{bound}</ul>' if bound else ''}"
    )


def values_of(variable: Variable) -> str:
    """Return in words which values a variable can take.

    Parameters
    ----------
    variable : Variable
        Of a search space.

    Returns
    -------
    str
        Such as "50 to 170 in steps of 5".
    """
    values = getattr(variable, "levels", None) or getattr(variable, "values", None)
    if values is not None:
        listed = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
        return listed if len(listed) <= MOST_WORDS else f"{len(values)} values: {listed[:MOST_WORDS]}…"
    parts = ("lower", "upper", "step", "digits")
    lower, upper, step, digits = (getattr(variable, part, None) for part in parts)
    if lower is None or upper is None:
        return "as recorded"
    grid = "" if step is None else f" in steps of {step:g}"
    grid = grid if digits is None else f" to {digits} digits"
    scale = ", log scale" if getattr(variable, "scale", "linear") == "log" else ""
    return f"{lower:g} to {upper:g}{grid}{scale}"


def _table(variables: Sequence[Variable]) -> pd.DataFrame:
    shown = variables[:MOST_ROWS]
    columns = {
        "name": [each.name for each in shown],
        "type": [each.type for each in shown],
        "values": [values_of(each) for each in shown],
        "unit": [each.unit for each in shown],
    }
    return pd.DataFrame(columns, dtype=object)


def _counts(variables: Sequence[Variable], constraints: Sequence[Any]) -> str:
    n_context = sum(variable.is_context for variable in variables)
    counts = {
        "setting": len(variables) - n_context,
        "context variable": n_context,
        "constraint": len(constraints),
    }
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in counts.items() if n)
