"""A unit behind the name of a column, as people write it: x [mL], x (mL), x {mL}, x <mL>, x / mL."""

import re
from collections.abc import Callable
from typing import Any

__all__ = ["bare_name", "factor_between", "is_same_unit", "name_and_unit"]

SAME_UNITS = {
    "ml": "mL",
    "ul": "uL",
    "l": "L",
    "degc": "°C",
    "deg c": "°C",
    "oc": "°C",
    "percent": "%",
    "pct": "%",
}

BEHIND = re.compile(
    r"(?P<name>.*?\S)(?:\s*(?:\[([^\[\]]*)\]|\(([^()]*)\)|\{([^{}]*)\}|<([^<>]*)>)|\s+/\s*(\S[^/]*))\s*",
    re.DOTALL,
)


def name_and_unit(label: str) -> tuple[str, str]:
    """Return the name of a column and the unit behind it, an empty text where there is none."""
    found = BEHIND.fullmatch(label.strip())
    if found is None:
        return label.strip(), ""
    return found["name"], next(part.strip() for part in found.groups()[1:] if part is not None)


def bare_name(label: str) -> str:
    """Return a name without a unit in square brackets, which stand behind no name for another reason."""
    return label.split(" [")[0]


def is_same_unit(first: str, second: str) -> bool:
    """Tell whether two units are one, as people write it."""
    return _compared(first) == _compared(second)


def factor_between(found: str, expected: str) -> str:
    """Return how to convert one unit to another, an empty text unless pint is installed and knows both."""
    try:
        import pint
    except ImportError:
        return ""
    registry: Callable[..., Any] = pint.UnitRegistry()
    try:
        factor = (
            registry(found.replace("°C", "degC")).to(registry(expected.replace("°C", "degC")).units).magnitude
        )
    except (pint.PintError, ArithmeticError, AttributeError, SyntaxError, TypeError, ValueError):
        return ""
    return f" (1 {found} = {factor:.6g} {expected})"


def _compared(unit: str) -> str:
    """Return a unit in the form by which units are compared."""
    plain = unit.strip().replace("µ", "u").replace("μ", "u").replace("℃", "°C")
    return SAME_UNITS.get(plain.casefold(), plain)
