"""Acquisition functions of others: by the entry point group `bnnopt.acquisitions`, or by "module:name"."""

import sys
import warnings
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pkgutil import resolve_name
from typing import Any

from bnnopt._imports import import_with
from bnnopt.exceptions import InvalidDataError, ShadowedNameWarning

__all__ = [
    "GROUP",
    "import_acquisition",
    "installed_acquisitions",
    "load_acquisition",
    "warn_of_namesake",
]

GROUP = "bnnopt.acquisitions"


def installed_acquisitions() -> dict[str, EntryPoint]:
    """Return the entry points of the group by name; none is loaded.

    Raises
    ------
    InvalidDataError
        Two of them have one name and lead to different functions.
    """
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        first = found.setdefault(entry.name, entry)
        if first.value != entry.value:
            raise InvalidDataError(
                f"Two packages bring an acquisition {entry.name!r} in the group {GROUP!r}: {first.value!r} "
                f"and {entry.value!r}. Uninstall one, or give the function itself as 'module:function'."
            )
    return found


def warn_of_namesake(name: str) -> None:
    """Warn (`ShadowedNameWarning`) where an installed package has an acquisition of a built-in name."""
    for value in _values_of(name, tuple(sys.path)):
        warnings.warn(
            f"An installed package brings an acquisition {name!r} ({value}), which is a name of bnnopt's "
            f"own: bnnopt's is used. Write {value!r} for that of the package, or have it renamed there.",
            ShadowedNameWarning,
            stacklevel=4,
        )


@lru_cache(maxsize=64)
def _values_of(name: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """Return where entry points of a name lead, as long as modules are found in the same places."""
    return tuple(sorted({entry.value for entry in entry_points(group=GROUP) if entry.name == name}))


def load_acquisition(entry: EntryPoint) -> Any:
    """Load what an entry point names, or raise `InvalidDataError` that says which one cannot be loaded."""
    try:
        return import_with(entry.load)
    except ImportError as error:
        raise InvalidDataError(
            f"The acquisition {entry.name!r} cannot be loaded from {entry.value!r}, its entry point in the "
            f"group {GROUP!r}: {error}. Repair or uninstall its package."
        ) from error


def import_acquisition(path: str) -> Any:
    """Return what "module:name" leads to, or raise `InvalidDataError` that says what cannot be imported."""
    try:
        return import_with(lambda: resolve_name(path))
    except ImportError as error:
        raise InvalidDataError(
            f"The acquisition {path!r} cannot be imported ({error}). Write 'module:function' of a module "
            "that Python finds."
        ) from error
