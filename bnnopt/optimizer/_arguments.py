"""Checks of what an optimizer is given."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from bnnopt.exceptions import InvalidDataError
from bnnopt.space import SearchSpace

__all__ = ["at_least", "check_names", "checked_context"]


def checked_context(space: SearchSpace, context: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the context of experiments, or raise `InvalidDataError` for what is missing or unknown."""
    given = dict(context or {})
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
    return given


def check_names(space: SearchSpace, outputs: Sequence[str]) -> None:
    """Raise `InvalidDataError` where columns of settings, outcomes and predictions would get mixed up."""
    doubled = sorted(set(space.names) & set(outputs))
    if doubled:
        raise InvalidDataError(f"{doubled} are both settings and outcomes; give them different names.")
    added = {"score", *(f"{name}_{moment}" for name in outputs for moment in ("mean", "std"))}
    reserved = sorted((added | {"is_failed"}) & set(space.names) | {"is_failed"} & set(outputs))
    if reserved:
        raise InvalidDataError(
            f"{reserved} are columns that the optimizer adds to its tables; give the variables other names."
        )


def at_least(value: Any, name: str, smallest: int, default: int | None = None) -> int:
    """Return a whole number of at least `smallest`, the default for None, or raise `InvalidDataError`."""
    if value is None and default is not None:
        return default
    is_whole = isinstance(value, Real) and value % 1 == 0
    if not is_whole or value < smallest:
        raise InvalidDataError(f"{name} must be a whole number of at least {smallest}, got {value!r}.")
    return int(value)
