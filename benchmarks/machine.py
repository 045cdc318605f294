"""The machine and the versions that a table was made with."""

import os
import platform
from importlib.metadata import version

__all__ = ["describe", "markdown", "markdown_line"]

PACKAGES = ("bnnopt", "numpy", "scikit-learn", "scipy", "tensorflow", "keras", "scikeras")


def describe() -> str:
    """Return cores, processor, Python and package versions on one line."""
    packages = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, {packages}"


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(markdown_line(cells) for cells in [header, ["---"] * len(header), *rows])


def markdown_line(cells: list[str]) -> str:
    """Return one line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return "not installed"
