"""A unit behind the name of a column, as people write it: x [mL], x (mL), x {mL}, x <mL>, x / mL."""

import re

__all__ = ["bare_name", "name_and_unit"]

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
