"""What all variables share: a name, a unit, and checks of bounds and levels."""

from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import Field

from bnnopt._models import FrozenModel
from bnnopt._plain import plain
from bnnopt._tables import as_level
from bnnopt.space._encoding import Level

__all__ = ["REQUIRED", "BaseVariable", "Scale", "check_interval", "check_levels", "given", "plain_levels"]

REQUIRED: Any = ...

Scale: TypeAlias = Literal["linear", "log"]


def given(**values: Any) -> dict[str, Any]:
    """Return the arguments that were given, so that pydantic names the missing ones."""
    return {key: plain(value) for key, value in values.items() if value is not REQUIRED}


class BaseVariable(FrozenModel):
    """A column of a table of settings."""

    name: str = Field(min_length=1)
    unit: str = ""
    description: str = ""

    is_context: ClassVar[bool] = False


def check_interval(name: str, lower: float, upper: float, scale: str) -> None:
    came = f"got lower={lower!s:.40} and upper={upper!s:.40}"
    if not _is_finite(lower, upper):
        raise ValueError(
            f"Variable {name!r}: the bounds and their difference must be finite numbers, {came}; "
            "give the real limits."
        )
    if lower > upper:
        raise ValueError(f"Variable {name!r}: lower must be below upper, {came}; swap them.")
    if lower == upper:
        raise ValueError(
            f"Variable {name!r}: the bounds are equal, {came}; widen them or leave the variable out."
        )
    if scale == "log" and lower <= 0:
        raise ValueError(
            f"Variable {name!r}: a log scale needs lower > 0, {came}; raise lower or use 'linear'."
        )


def _is_finite(lower: float, upper: float) -> bool:
    try:
        return bool(np.isfinite(float(upper) - float(lower)))
    except OverflowError:  # a whole number of hundreds of digits
        return False


def check_levels(name: str, levels: tuple[Level, ...]) -> None:
    if not levels:
        raise ValueError(f"Variable {name!r}: got no levels; give at least one.")
    doubled = sorted({repr(level) for i, level in enumerate(levels) if level in levels[:i]})
    if doubled:
        raise ValueError(
            f"Variable {name!r}: level(s) {', '.join(doubled)} occur more than once in {list(levels)}; "
            "keep each once (1, 1.0 and True count as the same level)."
        )
    texts = [level for level in levels if isinstance(level, str)]
    alike = [
        f"{level!r} and {text!r}"
        for level in levels
        for text in texts
        if not isinstance(level, str) and as_level(text, [level]) is not None
    ]
    if alike:
        raise ValueError(
            f"Variable {name!r}: no table in a file can tell {', '.join(alike)} apart; make all of them "
            "text, or give them different names."
        )
    if any(isinstance(level, float) and not np.isfinite(level) for level in levels):
        raise ValueError(
            f"Variable {name!r}: levels must be finite or text, got {list(levels)}; remove the others."
        )


def plain_levels(levels: Any) -> Any:
    if isinstance(levels, str) or not hasattr(levels, "__iter__"):
        return levels
    return tuple(level.item() if isinstance(level, np.generic) else level for level in levels)
