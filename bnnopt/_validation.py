"""Checks at the door that several rooms share: each says what was expected, what came and what to do."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray, RandomState
from bnnopt.exceptions import InvalidDataError, UnknownNameError

__all__ = [
    "N_BOUNDS_OF_SCALES",
    "admissible_scales",
    "as_generator",
    "beyond_bounds",
    "lookup",
    "numeric_column",
    "numeric_frame",
    "refuse_rows",
    "require_columns",
]

Value = TypeVar("Value")

MAX_ROWS_NAMED = 5

N_BOUNDS_OF_SCALES = {"log": (1,), "logit": (2,), "identity": (0, 1, 2)}
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
        raise InvalidDataError(
            f"The scale {scale!r} needs {N_BOUNDS_OF_SCALES[scale][0]} bound(s), got lower={lower} and "
            f"upper={upper}. Use 'auto', or one of {list(fitting)}."
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


def numeric_column(frame: pd.DataFrame, name: str, what: str, *, allow_nan: bool = False) -> FloatArray:
    """Return one column as float64, or raise `InvalidDataError` naming the column and the rows at fault.

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
    values = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=float)
    is_empty = np.asarray(column.isna(), dtype=bool)
    refuse_rows(column, np.isnan(values) & ~is_empty, what, "text where a number is needed")
    refuse_rows(column, np.isinf(values), what, "an infinite value")
    if not allow_nan:
        refuse_rows(column, is_empty, what, "an empty cell")
    return values


def numeric_frame(
    frame: pd.DataFrame, names: Sequence[str], what: str, *, allow_nan: bool = False
) -> FloatArray:
    """Return the columns `names` as a float64 array of shape (n_rows, n_names); see `numeric_column`."""
    require_columns(frame, names, what)
    columns = [numeric_column(frame, name, what, allow_nan=allow_nan) for name in names]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def refuse_rows(column: pd.Series, is_bad: BoolArray, what: str, problem: str) -> None:
    """Raise `InvalidDataError` naming the column, the problem and the rows where `is_bad`, if any."""
    if not is_bad.any():
        return
    rows = column.index[is_bad].tolist()
    named = ", ".join(repr(row) for row in rows[:MAX_ROWS_NAMED])
    more = f" and {len(rows) - MAX_ROWS_NAMED} more" if len(rows) > MAX_ROWS_NAMED else ""
    raise InvalidDataError(
        f"{what}: column {column.name!r} has {problem} in row(s) {named}{more} "
        f"(first: {_plain(column[is_bad].iloc[0])!r}). Correct or remove these rows."
    )


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as Python prints it."""
    return value.item() if isinstance(value, np.generic) else value
