"""Checks of what an optimizer is given."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._estimators import real
from bnnopt._plain import plain, shown
from bnnopt._tables import as_number
from bnnopt._typing import FloatArray
from bnnopt._validation import cells_by_name, numbers_of
from bnnopt.acquisition import Acquisition, get_acquisition
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Outcome
from bnnopt.space import Categorical, NonlinearConstraint, SearchSpace, name_of_function

__all__ = [
    "MOST",
    "acquisition_for",
    "as_held",
    "at_least",
    "bounds_of",
    "check_gain",
    "check_names",
    "check_same_variables",
    "check_savable",
    "checked_context",
    "cost_of",
]

ADDED = ("score", "reason", "goal", "is_failed", "row", "is_measured_within")
"""Columns that tables of the project have besides settings, context and outcomes."""

ENDS = ("mean", "std", "lower", "upper")
"""What stands behind the name of an outcome, and `_`, in the columns of its predictions."""

MOST = 2**20  # rows or draws of one call: what memory holds
DEFAULTS = {1: "log_ei", 2: "ehvi"}


def checked_context(space: SearchSpace, context: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the context of experiments, or raise `InvalidDataError` for what is missing or unknown."""
    given = cells_by_name(context, "context")
    missing = [name for name in space.context_names if name not in given]
    if missing:
        raise InvalidDataError(
            f"context: no value for {missing}. Give what holds for these experiments: "
            f"ask(context={{{missing[0]!r}: value}}), in a shell --context {missing[0]}=value."
        )
    unknown = [name for name in given if name not in space.context_names]
    if unknown:
        raise InvalidDataError(
            f"context: {unknown} are not context variables of the space; it has {space.context_names}."
        )
    has_levels = {each.name: getattr(each, "levels", None) is not None for each in space.variables}
    return {name: plain(value) if has_levels[name] else _number(value) for name, value in given.items()}


def _number(value: Any) -> Any:
    """Return the number that a text or a decimal is, everything else as a plain value of Python."""
    number = as_number(value) if isinstance(value, str | Decimal) else None
    return plain(value) if number is None else number


def as_held(space: SearchSpace, held: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return settings that are held, numbers of a list or a grid as they stand there, without round-off."""
    values = cells_by_name(held, "held")
    for variable in space.settings:
        codec, has_levels = variable.codec, isinstance(variable, Categorical)
        if variable.name in values and codec.n_points is not None and not has_levels:
            row = pd.DataFrame({variable.name: [values[variable.name]]})
            if codec.is_inside(row, variable.name).all():
                values[variable.name] = plain(codec.decode(codec.encode(row, variable.name))[0])
    return values


def check_names(space: SearchSpace, outputs: Sequence[str]) -> None:
    """Raise `InvalidDataError` where columns of settings, outcomes and predictions would get mixed up."""
    doubled = sorted(set(space.names) & set(outputs))
    if doubled:
        raise InvalidDataError(f"{doubled} are both settings and outcomes; give them different names.")
    added = {*ADDED, *(f"{name}_{end}" for name in outputs for end in ENDS)}
    reserved = sorted(added & set(space.names) | added & set(outputs))
    if reserved:
        raise InvalidDataError(
            f"{reserved} are columns that the optimizer adds to its tables; give these variables or outcomes "
            "other names."
        )


def check_savable(space: SearchSpace) -> None:
    """Raise `InvalidDataError` where a saved state could not tell two functions of constraints apart."""
    functions = [each for each in space.constraints if isinstance(each, NonlinearConstraint)]
    named = [(name_of_function(each.function), each.name) for each in functions]
    for place, name in enumerate(named):
        if name in named[:place] and functions[place].function is not functions[named.index(name)].function:
            raise InvalidDataError(
                f"Two constraints hold functions that are both called {name[0]!r}, and no file could tell "
                "them apart. Give each a name: NonlinearConstraint(function, name='cold enough')."
            )


def bounds_of(outcomes: Sequence[Outcome], outputs: Sequence[str]) -> list[Outcome | None]:
    """Return what is known of each output, None where nothing is, or raise `InvalidDataError`."""
    strangers = [each for each in outcomes if not isinstance(each, Outcome)]
    if strangers:
        raise InvalidDataError(f"outcomes: expected a list of Outcome, got {strangers[0]!r} in it.")
    names = [outcome.name for outcome in outcomes]
    unknown = [name for name in names if name not in outputs]
    if unknown or len(set(names)) < len(names):
        raise InvalidDataError(
            f"outcomes: expected each of {list(outputs)} at most once, got {names}. The names are those of "
            "the objectives."
        )
    known = {outcome.name: outcome for outcome in outcomes}
    return [known.get(name) for name in outputs]


def acquisition_for(
    n_utilities: int, acquisition: str | Callable[..., Any] | Acquisition | None
) -> Acquisition:
    """Return the acquisition that is meant, by default the one for so many utilities."""
    if acquisition is not None:
        return get_acquisition(acquisition)
    return get_acquisition(DEFAULTS.get(n_utilities, "q_nehvi"))


def check_gain(min_gain: float | None) -> None:
    """Raise `InvalidDataError` for an expected gain that no run can have."""
    if min_gain is not None and not real(0, closed="left").accepts(min_gain):
        raise InvalidDataError(f"min_gain must be finite and at least 0, got {shown(min_gain)}.")


def check_same_variables(old: SearchSpace, new: SearchSpace) -> None:
    """Raise `InvalidDataError` unless two spaces have the same variables of the same types."""
    if not isinstance(new, SearchSpace):
        raise InvalidDataError(f"Expected a SearchSpace, got {new!r}.")
    before, after = ({v.name: v.type for v in space.variables} for space in (old, new))
    if before != after:
        raise InvalidDataError(
            f"The new space must have the variables {before}, got {after}. Change bounds, levels and "
            "constraints only; for other variables begin a new optimizer and tell it the rows."
        )


def cost_of(function: Callable[[pd.DataFrame], Any]) -> Callable[[pd.DataFrame], FloatArray]:
    """Return a function of settings whose costs are checked: one finite number above 0 for each row."""
    if not callable(function):
        raise InvalidDataError(
            f"cost must be a function of settings, the name of an outcome or None, got {function!r}."
        )

    def checked(settings: pd.DataFrame) -> FloatArray:
        costs = numbers_of(function(settings), "cost")
        if costs.shape != (len(settings),) or not np.all(np.isfinite(costs) & (costs > 0)):
            raise InvalidDataError(
                f"cost must return one finite number above 0 for each of the {len(settings)} rows, got "
                f"shape {costs.shape} with the values {costs.ravel()[:5].tolist()} first."
            )
        return costs

    return checked


def at_least(
    value: Any, name: str, smallest: int, default: int | None = None, largest: float = np.inf
) -> int:
    """Return a whole number between two limits, the default for None, or raise `InvalidDataError`."""
    if value is None and default is not None:
        return default
    is_whole = not isinstance(value, bool) and isinstance(value, Real) and value % 1 == 0
    if not is_whole or not smallest <= value <= largest:
        most = "" if largest == np.inf else f" and at most {largest:,}"
        raise InvalidDataError(
            f"{name} must be a whole number of at least {smallest}{most}, got {shown(value)}."
        )
    return int(value)
