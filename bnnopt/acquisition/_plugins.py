"""Acquisition functions that other packages bring along, in the entry point group `bnnopt.acquisitions`."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bnnopt.exceptions import InvalidDataError

__all__ = ["GROUP", "installed_acquisitions", "load_acquisition"]

GROUP = "bnnopt.acquisitions"


def installed_acquisitions() -> dict[str, EntryPoint]:
    """Return the entry points of the group by name; none is loaded."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load_acquisition(entry: EntryPoint) -> Any:
    """Load what an entry point names, or raise `InvalidDataError` that says which one cannot be loaded."""
    try:
        return entry.load()
    except Exception as error:
        raise InvalidDataError(
            f"The acquisition {entry.name!r} cannot be loaded from {entry.value!r}, its entry point in the "
            f"group {GROUP!r}: {type(error).__name__}: {error}. Repair or uninstall its package."
        ) from error
