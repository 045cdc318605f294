"""Acquisition functions of others: by the entry point group `bnnopt.acquisitions`, or by "module:name"."""

from importlib.metadata import EntryPoint, entry_points
from pkgutil import resolve_name
from typing import Any

from bnnopt.exceptions import InvalidDataError

__all__ = ["GROUP", "import_acquisition", "installed_acquisitions", "load_acquisition"]

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


def import_acquisition(path: str) -> Any:
    """Return what "module:name" leads to, or raise `InvalidDataError` that says what cannot be imported."""
    try:
        return resolve_name(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidDataError(
            f"The acquisition {path!r} cannot be imported ({error}). Write 'module:function' of a module "
            "that Python finds."
        ) from error
