"""Modules of others, which may do anything when they are imported."""

from collections.abc import Callable
from typing import Any

__all__ = ["import_with"]


def import_with(load: Callable[[], Any]) -> Any:
    """Return what a function imports.

    Parameters
    ----------
    load : callable
        Imports a module of others.

    Raises
    ------
    ImportError
        Whatever was raised meanwhile, leaving the process too; the message names it.
    """
    try:
        return load()
    except (Exception, SystemExit) as error:
        said = f": {error}" if str(error) else ""
        raise ImportError(f"{type(error).__name__}{said}") from error
