"""Between tables of settings and the arrays that test functions take and return."""

from collections.abc import Callable, Sequence

import pandas as pd

from bnnopt._estimators import whole
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of, numeric_frame
from bnnopt.exceptions import InvalidDataError
from bnnopt.space import Real, SearchSpace

__all__ = ["as_rows", "box", "outcome_table", "whole_number"]


def as_rows(X: ArrayLike, n_inputs: int | None = None) -> FloatArray:
    """Return X as a float array of shape (n, n_inputs), or (n, at least 1)."""
    rows = numbers_of(X, "X")
    if rows.ndim == 2 and rows.shape[1] > 0 and n_inputs in (None, rows.shape[1]):
        return rows
    wanted = "d), d at least 1" if n_inputs is None else f"{n_inputs})"
    raise InvalidDataError(f"X must have the shape (n, {wanted}, got {rows.shape}; one row is [[...]].")


def box(bounds: Sequence[tuple[float, float]]) -> SearchSpace:
    """Return the space of one `Real` for each input, named x1, x2, ..."""
    return SearchSpace([Real(f"x{i}", *limits) for i, limits in enumerate(bounds, start=1)])


def outcome_table(
    settings: pd.DataFrame,
    inputs: Sequence[str],
    function: Callable[[ArrayLike], FloatArray],
    outcomes: Sequence[str],
    name: str,
) -> pd.DataFrame:
    """Return the values of a function at a table of settings, a column for each outcome, rows kept."""
    values = function(numeric_frame(settings, inputs, f"settings of {name}"))
    columns = values.reshape(len(settings), len(outcomes))
    return pd.DataFrame(columns, columns=list(outcomes), index=settings.index)


def whole_number(least: int, n_inputs: int, name: str) -> int:
    """Return a number of inputs, at least `least`, or raise `InvalidDataError`."""
    if not whole(least).accepts(n_inputs):
        raise InvalidDataError(f"{name}: n_inputs must be a whole number >= {least}, got {n_inputs!r}.")
    return int(n_inputs)
