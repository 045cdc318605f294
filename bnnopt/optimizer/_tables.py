"""Tables that are told: settings, outcomes and error bars, checked."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._plain import shown
from bnnopt._tables import as_named, inferred, with_columns
from bnnopt._typing import FloatArray
from bnnopt._validation import gathered, numeric_column, numeric_frame, refuse_rows, require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Outcome
from bnnopt.space import SearchSpace

__all__ = ["as_campaigns", "as_noise_std", "as_outcomes", "as_settings", "as_told"]

LARGEST = 1e140  # of an outcome: squares of it, summed over rows, are numbers


def as_told(
    space: SearchSpace, X: Any, y: Any, noise_std: Any, outputs: Sequence[str], bounds: Sequence[Outcome]
) -> tuple[pd.DataFrame, FloatArray, FloatArray | None]:
    """Return checked settings, outcomes and error bars, or raise one error that names all that is wrong."""
    table = _as_table(X, space.names)
    n_rows = len(table)
    settings, outcomes, errors = gathered(
        (
            partial(as_settings, space, table),
            partial(as_outcomes, y, outputs, n_rows, bounds),
            partial(as_noise_std, noise_std, outputs, n_rows),
        )
    )
    return settings, outcomes, errors


def as_settings(space: SearchSpace, X: Any) -> pd.DataFrame:
    """Return checked settings, or raise `InvalidDataError` naming the column and the rows at fault."""
    frame = space.as_table(_as_table(X, space.names))
    space.encode(frame)
    numbers = [variable.name for variable in space.variables if getattr(variable, "levels", None) is None]
    settings = with_columns(frame, {name: _as_numbers(frame, name) for name in numbers}).reset_index(
        drop=True
    )
    settings.attrs.clear()  # of which file they are rows does not matter any more
    return settings


def as_outcomes(y: Any, outputs: Sequence[str], n_rows: int, bounds: Sequence[Outcome] = ()) -> FloatArray:
    """Return outcomes of shape (n_rows, n_outputs), NaN for what failed, or raise `InvalidDataError`.

    The message names column, rows, value and bound where an outcome is not possible.
    """
    table = _as_table(y, outputs)
    outcomes = numeric_frame(table, outputs, "outcomes", allow_nan=True)
    _refuse_length(outcomes, n_rows, "outcomes")
    faults = [_too_large(table, name, outcomes[:, place]) for place, name in enumerate(outputs)]
    for outcome in bounds:
        column = pd.Series(outcomes[:, list(outputs).index(outcome.name)], table.index, name=outcome.name)
        column.attrs = table.attrs
        for is_bad, problem in outcome.violations(column.to_numpy()):
            faults.append(partial(refuse_rows, column, is_bad, "outcomes", problem))
    gathered(faults)
    return outcomes


def as_campaigns(campaign: Any, n_rows: int) -> tuple[str, ...]:
    """Return the name of the campaign of each row, from one name for all or one for each."""
    is_many = not isinstance(campaign, str) and isinstance(campaign, Iterable)
    names = list(campaign) if is_many else [campaign] * n_rows
    if len(names) != n_rows or not all(isinstance(name, str) and name for name in names):
        raise InvalidDataError(
            f"campaign: expected the name of the campaign as text, or one for each of the {n_rows} row(s), "
            f"got {shown(campaign)}."
        )
    return tuple(names)


def as_noise_std(noise_std: Any, outputs: Sequence[str], n_rows: int) -> FloatArray | None:
    """Return standard errors of shape (n_rows, n_outputs), 0 for what is not known (NaN), None for None."""
    if noise_std is None:
        return None
    errors = numeric_frame(_as_table(noise_std, outputs), outputs, "noise_std", allow_nan=True)
    _refuse_length(errors, n_rows, "noise_std")
    table = pd.DataFrame(errors, columns=list(outputs))
    gathered(_too_large(table, name, errors[:, place], "noise_std") for place, name in enumerate(outputs))
    if (errors < 0).any():
        raise InvalidDataError(
            f"noise_std must be at least 0, got {float(np.nanmin(errors))}; give the standard error of each "
            "outcome in its unit, or NaN where it is not known."
        )
    return np.nan_to_num(errors, nan=0.0)


def _too_large(
    table: pd.DataFrame, name: str, values: FloatArray, what: str = "outcomes"
) -> Callable[[], None]:
    """Return a call that refuses numbers whose squares are none any more."""
    column = pd.Series(values, table.index, name=name)
    column.attrs = table.attrs
    problem = f"a number of a size beyond {LARGEST:.0e}, which no model can square; use a larger unit,"
    return partial(refuse_rows, column, np.abs(values) > LARGEST, what, problem)


def _refuse_length(values: FloatArray, n_rows: int, what: str) -> None:
    if len(values) != n_rows:
        raise InvalidDataError(
            f"Expected one row of {what} for each of the {n_rows} row(s) of settings, got {len(values)}."
        )


def _as_numbers(frame: pd.DataFrame, name: str) -> Any:
    """Return a checked column as numbers, whole ones as such."""
    column = frame[name]
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    return numeric_column(frame, name, "settings")


def _as_table(values: Any, names: Sequence[str]) -> pd.DataFrame:
    """Return values as a table; whatever has names goes by name, an array by the order of its columns.

    A Series is one row where its labels are names, a column where there is one name and its labels are none.
    """
    if isinstance(values, pd.Series) and set(names) <= set(values.index):
        return inferred(values.to_frame().T)
    if isinstance(values, pd.Series) and len(names) == 1:
        return values.to_frame(names[0])
    if isinstance(values, pd.Series) and values.index.dtype.kind not in "iu":
        require_columns(values.to_frame().T, names, "a row")
    named = as_named(values)
    return _frame_of(values, names) if named is None else named


def _frame_of(values: Any, names: Sequence[str]) -> pd.DataFrame:
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    if array.ndim < 2:
        array = array.reshape(-1, 1) if len(names) == 1 else array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] != len(names):
        raise InvalidDataError(
            f"Expected a table with the columns {list(names)}, got an array of shape {array.shape}. "
            "Pass a DataFrame, or an array with these columns in this order."
        )
    return inferred(pd.DataFrame(array, columns=list(names), dtype=object if array.dtype == object else None))
