"""Checks at the door that several rooms share: each says what was expected, what came and what to do."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from difflib import get_close_matches
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from bnnopt._plain import flag_in, is_flag, shown
from bnnopt._tables import as_named, as_number, rows_in_words
from bnnopt._typing import BoolArray, FloatArray, RandomState
from bnnopt.exceptions import InvalidDataError, UnknownNameError

__all__ = [
    "N_BOUNDS_OF_SCALES",
    "admissible_scales",
    "as_floats",
    "as_generator",
    "beyond_bounds",
    "cells_by_name",
    "floats_or_nan",
    "gathered",
    "lookup",
    "numbers_of",
    "numeric_column",
    "numeric_frame",
    "refuse_flags",
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

    Raises
    ------
    InvalidDataError
        It is True or False, text, or a number that is no seed.
    """
    refuse_flags(random_state=random_state)
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(int(random_state.randint(0, 2**31 - 1)))
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            "random_state must be None, a Generator, a RandomState or a whole number of at least 0, got "
            f"{shown(random_state)}."
        ) from error


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


def numeric_column(
    frame: pd.DataFrame, name: str, what: str, *, allow_nan: bool = False, allow_flags: bool = False
) -> FloatArray:
    """Return one column as float64, or raise `InvalidDataError` naming the column and the rows at fault.

    Text is read as people write numbers. Times, dates and durations are refused: in what unit they would
    count, only the caller knows. So are True and False, which nobody writes for 1 and 0.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
    name : str
        The column.
    what : str
        What the table is, for the message.
    allow_nan : bool, default=False
        Whether an empty cell is allowed (an outcome that was not measured).
    allow_flags : bool, default=False
        Whether True and False count as 1 and 0, as encoders of levels write them.

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    column = frame[name]
    if column.dtype == np.float64 and np.isfinite(column.to_numpy()).all():
        return column.to_numpy(copy=True)  # by far the most frequent, and asked for thousands of times
    is_flagged = _is_flag(column)
    if allow_flags and is_flagged.any():
        column = column.astype(object).where(~is_flagged, column.astype(object).map(_as_one))
        is_flagged = np.zeros(len(column), dtype=bool)
    values, is_time, is_text = as_floats(column)
    is_text &= ~is_flagged
    is_empty = np.isnan(values) & ~is_time & ~is_text & ~is_flagged
    faults = [
        (is_flagged, "True or False where a number is needed; write the number that is meant,"),
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


def _is_flag(column: pd.Series) -> BoolArray:
    """Tell where a column has True or False."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return np.asarray(column.notna(), dtype=bool)
    if column.dtype != object and not isinstance(column.dtype, pd.CategoricalDtype):
        return np.zeros(len(column), dtype=bool)
    return np.array([is_flag(cell) for cell in column], dtype=bool)


def _as_one(cell: Any) -> Any:
    return float(cell) if is_flag(cell) else cell


def as_floats(column: pd.Series) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Return a column as float64, where it has times or dates, and where it has text or what is no number.

    True and False are no numbers either.
    """
    nothing = np.zeros(len(column), dtype=bool)
    if column.dtype == np.float64:
        return column.to_numpy(copy=True), nothing, nothing
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(column.dtype):
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


def cells_by_name(values: Any, what: str) -> dict[Any, Any]:
    """Return values by name: a mapping, or a Series or a table of one row of whatever library; {} for None.

    Text and decimals that are numbers stay as they are.

    Raises
    ------
    InvalidDataError
        It is neither, or a table of another number of rows.
    """
    if values is None or isinstance(values, Mapping):
        return dict(values or {})
    if isinstance(values, pd.Series):
        return dict(values.to_dict())
    table = as_named(values)
    if table is None or len(table) != 1:
        raise InvalidDataError(
            f"{what}: expected a value by name, such as {{'T': 20.5}}, or a table of one row, got "
            f"{shown(values)}."
        )
    return {name: table[name].iloc[0] for name in table.columns}


def floats_or_nan(values: Any) -> FloatArray:
    """Return values as an array of floats, one NaN where they are no numbers: for the caller to refuse."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return np.array(np.nan)


def numbers_of(values: Any, name: str) -> FloatArray:
    """Return numbers in an array of floats of any shape, or raise `InvalidDataError` that names them.

    Times, text, True and False are refused, and rows of unlike lengths; NaN and infinity are for the caller.
    """
    if type(values) is np.ndarray and values.dtype == np.float64:
        return values
    try:
        array = np.asarray(values)
        is_nested = isinstance(values, list | tuple)  # of which an array hides flags among numbers
        refuse_flags(**{name: np.asarray(values, dtype=object) if is_nested else array})
        if array.dtype.kind in "mMSUc":
            raise TypeError(f"it has {array.dtype}")
        return array.astype(float)
    except InvalidDataError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidDataError(f"{name} must be numbers, got {shown(values)} ({error}).") from error


def refuse_flags(**values: Any) -> None:
    """Raise `InvalidDataError` that names the values which are True or False, or hold one, for numbers."""
    faults = {name: value for name, value in values.items() if flag_in(value) is not None}
    if faults:
        said = "; ".join(f"{name} must be a number, got {shown(value)}" for name, value in faults.items())
        raise InvalidDataError(f"{said}. True and False count as no numbers; write the number that is meant.")


def numeric_frame(
    frame: pd.DataFrame,
    names: Sequence[str],
    what: str,
    *,
    allow_nan: bool = False,
    allow_flags: bool = False,
) -> FloatArray:
    """Return the columns `names` as a float64 array of shape (n_rows, n_names); see `numeric_column`.

    The table may be of any library; its columns go by name.
    """
    table = as_named(frame)
    if table is None:
        raise InvalidDataError(f"{what}: expected a table with the columns {list(names)}, got {frame!r:.80}.")
    require_columns(table, names, what)
    options = {"allow_nan": allow_nan, "allow_flags": allow_flags}
    columns = gathered(partial(numeric_column, table, name, what, **options) for name in names)
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
