"""Checks at the door that several rooms share: each says what was expected, what came and what to do."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from bnnopt._tables import as_named, as_number, rows_in_words
from bnnopt._typing import BoolArray, FloatArray, RandomState
from bnnopt.exceptions import InvalidDataError, UnknownNameError

__all__ = [
    "N_BOUNDS_OF_SCALES",
    "admissible_scales",
    "as_floats",
    "as_generator",
    "beyond_bounds",
    "floats_or_nan",
    "gathered",
    "lookup",
    "numeric_column",
    "numeric_frame",
    "refuse_rows",
    "require_columns",
]

Value = TypeVar("Value")

TIMES = (date, time, timedelta, np.datetime64, np.timedelta64, pd.Period)

N_BOUNDS_OF_SCALES = {"log": (1,), "logit": (2,), "identity": (0, 1, 2), "power": (0,)}
"""Scales on which an outcome may be learned, and of how many bounds each makes sense."""


def admissible_scales(lower: float | None, upper: float | None, scale: str = "auto") -> tuple[str, ...]:
    """Return the scales on which an outcome with these bounds may be learned; of "auto" all that fit them.

    Parameters
    ----------
    lower, upper : float or None
        Finite, lower < upper; None where there is no bound.
    scale : str, default="auto"
        "auto" or a key of `N_BOUNDS_OF_SCALES`.

    Returns
    -------
    tuple of str
        At least one.

    Raises
    ------
    InvalidDataError
        A bound is not finite, they are not in order, or the scale is not known or does not fit them.
    """
    bounds = [bound for bound in (lower, upper) if bound is not None]
    if not np.isfinite(bounds).all():
        raise InvalidDataError(f"Bounds must be finite or None, got lower={lower} and upper={upper}.")
    if lower is not None and upper is not None and not lower < upper:
        raise InvalidDataError(f"lower must be below upper, got lower={lower} and upper={upper}.")
    fitting = tuple(name for name, allowed in N_BOUNDS_OF_SCALES.items() if len(bounds) in allowed)
    if scale == "auto":
        return fitting
    if lookup({name: name for name in N_BOUNDS_OF_SCALES}, scale, "scale") not in fitting:
        n_bounds = N_BOUNDS_OF_SCALES[scale][0]
        needs = f"needs {n_bounds} bound(s)" if n_bounds else "is for outcomes without bounds"
        raise InvalidDataError(
            f"The scale {scale!r} {needs}, got lower={lower} and upper={upper}. Use 'auto', or one of "
            f"{list(fitting)}."
        )
    return (scale,)


def as_generator(random_state: RandomState) -> np.random.Generator:
    """Turn a seed, a `RandomState`, a `Generator` or None into a `numpy.random.Generator`.

    A `Generator` is used as it is; a `RandomState` is drawn from once; nothing global is touched.
    """
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(int(random_state.randint(0, 2**31 - 1)))
    return np.random.default_rng(random_state)


def beyond_bounds(
    values: FloatArray, lower: float | None, upper: float | None, closed: str = "both"
) -> Iterator[tuple[BoolArray, str]]:
    """Yield for each bound which values are beyond it, and what is wrong with them in words.

    Parameters
    ----------
    values : ndarray
        NaN is beyond no bound.
    lower, upper : float or None
        The bounds.
    closed : {"both", "left", "right", "neither"}, default="both"
        The bounds that a value may lie on.
    """
    if lower is not None:
        is_open = closed in ("right", "neither")
        is_bad = (values <= lower) if is_open else (values < lower)
        yield np.asarray(is_bad), f"a value {'not above' if is_open else 'below'} its lower bound {lower:g}"
    if upper is not None:
        is_open = closed in ("left", "neither")
        is_bad = (values >= upper) if is_open else (values > upper)
        yield np.asarray(is_bad), f"a value {'not below' if is_open else 'above'} its upper bound {upper:g}"


def lookup(registry: Mapping[str, Value], name: str, kind: str) -> Value:
    """Return `registry[name]`, or raise `UnknownNameError` that lists the known names."""
    if name in registry:
        return registry[name]
    close = get_close_matches(str(name), registry, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise UnknownNameError(f"Unknown {kind} {name!r}. Known: {', '.join(sorted(registry))}.{hint}")


def require_columns(frame: pd.DataFrame, names: Iterable[Hashable], what: str) -> None:
    """Raise `InvalidDataError` naming the columns of `names` that `frame` does not have, or has twice."""
    names = list(names)
    columns = list(frame.columns)
    doubled = [name for name in names if columns.count(name) > 1]
    if doubled:
        raise InvalidDataError(f"{what}: column(s) {doubled} occur more than once; keep one of each.")
    missing = [name for name in names if name not in columns]
    if missing:
        raise InvalidDataError(
            f"{what}: missing column(s) {missing}. The table has {columns}; "
            "add the missing columns or rename the ones that are meant."
        )


def gathered(calls: Iterable[Callable[[], Value]]) -> list[Value]:
    """Return what each call returns, or raise one `InvalidDataError` with what all that fail have to say."""
    values: list[Value] = []
    faults: dict[str, InvalidDataError] = {}
    for call in calls:
        try:
            values.append(call())
        except InvalidDataError as error:
            faults[str(error)] = error
    if len(faults) > 1:
        raise InvalidDataError("\n".join(faults))
    for fault in faults.values():
        raise fault
    return values


def numeric_column(frame: pd.DataFrame, name: str, what: str, *, allow_nan: bool = False) -> FloatArray:
    """Return one column as float64, or raise `InvalidDataError` naming the column and the rows at fault.

    Text is read as people write numbers. Times, dates and durations are refused: in what unit they would
    count, only the caller knows.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
    name : str
        The column.
    what : str
        What the table is, for the message.
    allow_nan : bool, default=False
        Whether an empty cell is allowed (an outcome that was not measured).

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    column = frame[name]
    if column.dtype == np.float64 and np.isfinite(column.to_numpy()).all():
        return column.to_numpy(copy=True)  # by far the most frequent, and asked for thousands of times
    values, is_time, is_text = as_floats(column)
    is_empty = np.isnan(values) & ~is_time & ~is_text
    faults = [
        (
            is_time,
            "a time or date where a number is needed; convert it to numbers of one unit, such as hours,",
        ),
        (is_text, "text where a number is needed"),
        (np.isinf(values), "an infinite value"),
        (is_empty & (not allow_nan), "an empty cell"),
    ]
    gathered(partial(refuse_rows, column, is_bad, what, problem) for is_bad, problem in faults)
    return values


def as_floats(column: pd.Series) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Return a column as float64, where it has times or dates, and where it has text or what is no number."""
    nothing = np.zeros(len(column), dtype=bool)
    if column.dtype == np.float64:
        return column.to_numpy(copy=True), nothing, nothing
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan), nothing, nothing
    numbers = [as_number(cell) for cell in column]
    is_other = np.array([number is None for number in numbers], dtype=bool)
    is_time = is_other & np.array([isinstance(cell, TIMES) for cell in column], dtype=bool)
    if pd.api.types.is_datetime64_any_dtype(column.dtype) or column.dtype.kind == "m":
        is_time = ~nothing  # what is empty among times is no missing number
    values = np.array([np.nan if number is None else number for number in numbers], dtype=float)
    return values, is_time, is_other & ~is_time


def floats_or_nan(values: Any) -> FloatArray:
    """Return values as an array of floats, one NaN where they are no numbers: for the caller to refuse."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return np.array(np.nan)


def numeric_frame(
    frame: pd.DataFrame, names: Sequence[str], what: str, *, allow_nan: bool = False
) -> FloatArray:
    """Return the columns `names` as a float64 array of shape (n_rows, n_names); see `numeric_column`.

    The table may be of any library; its columns go by name.
    """
    table = as_named(frame)
    if table is None:
        raise InvalidDataError(f"{what}: expected a table with the columns {list(names)}, got {frame!r:.80}.")
    require_columns(table, names, what)
    columns = gathered(partial(numeric_column, table, name, what, allow_nan=allow_nan) for name in names)
    return np.column_stack(columns) if columns else np.empty((len(table), 0))


def refuse_rows(column: pd.Series, is_bad: BoolArray, what: str, problem: str) -> None:
    """Raise `InvalidDataError` naming the column, the problem and the rows where `is_bad`, if any."""
    if not is_bad.any():
        return
    raise InvalidDataError(
        f"{what}: column {column.name!r} has {problem} in {rows_in_words(column, is_bad)} "
        f"(first: {_plain(column[is_bad].iloc[0])!r}). Correct or remove these rows."
    )


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as Python prints it."""
    return value.item() if isinstance(value, np.generic) else value
