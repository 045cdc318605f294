"""Tables as people read them: settings as they are set, no more digits than mean something."""

from collections.abc import Callable
from math import floor, log10
from typing import Any

import pandas as pd

from bnnopt._tables import with_columns
from bnnopt.space import Discrete, Real, SearchSpace, Variable

__all__ = ["readable", "settable"]

N_DIGITS = 6
DIGITS_OF_RANGE = 4  # decimals of a setting: those of its range divided by 10,000


def readable(table: pd.DataFrame, space: SearchSpace) -> pd.DataFrame:
    """Return a table as text for people; what is stored or told again should be the table itself.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        Settings and whatever stands beside them. Settings with steps, digits or a list are written in full,
        others to a ten-thousandth of their range, on a log scale and all other numbers to six digits.
    space : SearchSpace
        Whose settings they are.

    Returns
    -------
    DataFrame of str, shape (n_rows, n_columns)
        Rows and columns as in the table.
    """
    known = {variable.name: variable for variable in space.variables}
    columns = {name: [_writer(known.get(name))(cell) for cell in table[name]] for name in table.columns}
    return pd.DataFrame(columns, index=table.index, dtype=object)


def settable(batch: pd.DataFrame, space: SearchSpace) -> pd.DataFrame:
    """Return suggested runs with settings in the digits that a laboratory sets, as `readable` shows them.

    Numbers that a linear constraint binds keep nine digits, so that sums stay what they are.

    Parameters
    ----------
    batch : DataFrame of shape (n_rows, n_columns)
        Settings and whatever stands beside them.
    space : SearchSpace
        Whose settings they are.
    """
    bound = {name for each in space.constraints for name in getattr(each, "names", ())}
    columns = {
        v.name: [_set(cell, v, is_bound=v.name in bound) for cell in batch[v.name]]
        for v in space.settings
        if isinstance(v, Real) and v.grid is None
    }
    return with_columns(batch, columns)


def _set(cell: float, variable: Real, *, is_bound: bool) -> float:
    exact = float(f"{cell:.9g}")
    value = exact if is_bound else float(_writer(variable)(float(cell)))
    return min(max(value, variable.lower), variable.upper)


def _writer(variable: Variable | None) -> Callable[[Any], str]:
    """Return how values of a variable, or of what is none, are written."""
    if isinstance(variable, Discrete) or (isinstance(variable, Real) and variable.grid is not None):
        return str
    lower, upper = getattr(variable, "lower", None), getattr(variable, "upper", None)
    if lower is None or upper is None or getattr(variable, "scale", "linear") == "log":
        return lambda cell: _rounded(cell, f".{N_DIGITS}g")
    decimals = max(0, DIGITS_OF_RANGE - floor(log10(upper - lower)))
    return lambda cell: _rounded(cell, f".{decimals}f")


def _rounded(cell: Any, form: str) -> str:
    """Return a number in a form, without zeros at its end; other cells as they are."""
    if not isinstance(cell, float):
        return str(cell)
    return "NaN" if pd.isna(cell) else str(float(format(cell, form)))
