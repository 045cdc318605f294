"""Numbers as a laboratory writes them: no more digits than mean something."""

from collections.abc import Callable, Iterable
from math import ceil, floor, isfinite, log10
from typing import Any

import numpy as np
import pandas as pd

from bnnopt.space import Discrete, Integer, Real, Variable

__all__ = [
    "DIGITS",
    "NOTHING",
    "Z95",
    "count",
    "digits_for",
    "interval",
    "is_number",
    "number",
    "rounded",
    "writer_like",
    "writer_of",
    "written",
]

NOTHING = "–"
Z95 = 1.96
"""Half-width of a normal distribution's central 95 % interval, in standard deviations."""
DIGITS = 3  # that tell values apart
FULL = 10  # digits of a setting that has a resolution
DIGITS_OF_POINTS = 5  # of points in a picture, of their range
SMALLEST, LARGEST = 1e-4, 1e7  # between which numbers are written without a power of ten
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: Any, digits: int = DIGITS + 1) -> str:
    """Return a number to so many significant digits; what is none as a dash.

    Parameters
    ----------
    value : float or None
    digits : int, default=4
        At least 1; whole digits of large numbers are kept.
    """
    if value is None or pd.isna(value) or not isfinite(value):
        return NOTHING
    size = abs(float(value))
    if size and not SMALLEST <= size < LARGEST:
        head, _, power = f"{value:.{digits - 1}e}".partition("e")
        return f"{_trimmed(head)} × 10{str(int(power)).translate(SUPERSCRIPTS)}"
    decimals = max(0, digits - 1 - (floor(log10(size)) if size else 0))
    return _trimmed(f"{value:.{decimals}f}")


def interval(middle: Any, lower: Any, upper: Any) -> str:
    """Return a number with an interval, all to two digits of half its width."""
    if middle is None or pd.isna(middle):
        return NOTHING
    half = (float(upper) - float(lower)) / 2
    largest = max(abs(each) for each in (middle, lower, upper))
    if not half > 0 or not half >= SMALLEST or not largest < LARGEST:
        return f"{number(middle)} ({number(lower)} to {number(upper)})"
    decimals = max(0, 1 - floor(log10(half)))
    middle, lower, upper = (f"{each:.{decimals}f}".replace("-", "−") for each in (middle, lower, upper))
    return f"{middle} ({lower} to {upper})"


def digits_for(values: Iterable[Any], digits: int = DIGITS) -> int:
    """Return how many significant digits numbers need so that their range has `digits`."""
    finite = _finite(values)
    spread = float(np.ptp(finite)) if len(finite) else 0.0
    if not spread or not isfinite(spread):
        return digits + 1
    return min(digits + max(0, ceil(log10(np.abs(finite).max() / spread))), 15)


def rounded(values: Iterable[Any]) -> list[float | None]:
    """Return numbers for a picture, to a ten-thousandth of their range; None where there is none."""
    numbers = [float(value) for value in values]
    digits = digits_for(numbers, DIGITS_OF_POINTS)
    return [float(f"{each:.{digits}g}") if isfinite(each) else None for each in numbers]


def writer_of(variable: Variable) -> Callable[[Any], str]:
    """Return how values of a setting are written: in full where it has a resolution.

    Others are written to a thousandth of the range or better, on a log scale to four digits.
    """
    if isinstance(variable, Discrete | Integer) or (isinstance(variable, Real) and variable.grid is not None):
        return lambda cell: written(cell, FULL)
    lower, upper = getattr(variable, "lower", None), getattr(variable, "upper", None)
    if lower is None or upper is None or getattr(variable, "scale", "linear") == "log":
        return lambda cell: written(cell, DIGITS + 1)
    return writer_like([lower, upper], DIGITS + 1)


def writer_like(values: Iterable[Any], digits: int = DIGITS) -> Callable[[Any], str]:
    """Return how numbers are written: to the place that shows so many digits of the range of `values`."""
    finite = _finite(value for value in values if is_number(value))
    spread = float(np.ptp(finite)) if len(finite) else 0.0
    if not spread or not isfinite(spread):
        return lambda cell: written(cell, digits + 1)
    place = floor(log10(spread)) - digits + 1
    return lambda cell: _down_to(cell, place)


def written(cell: Any, digits: int) -> str:
    """Return a cell as text: a number to so many digits, a date as such, what is missing as a dash."""
    if cell is None or cell is pd.NaT or (np.ndim(cell) == 0 and pd.isna(cell)):
        return NOTHING
    if isinstance(cell, pd.Timestamp):
        return str(cell.date()) if cell == cell.normalize() else f"{cell:%Y-%m-%d %H:%M}"
    return number(cell, digits) if is_number(cell) else str(cell)


def is_number(cell: Any) -> bool:
    """Tell whether a cell is a number, truth values not counted."""
    return isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool | np.bool_)


def count(n: int, noun: str, nouns: str = "") -> str:
    """Return a number of things in words, such as "1 run" and "2 runs"."""
    return f"{n} {noun if n == 1 else nouns or noun + 's'}"


def _down_to(cell: Any, place: int) -> str:
    """Return a cell as text, a number down to a power of ten: of what is less, the zeros are shown."""
    if not is_number(cell) or not isfinite(cell) or not cell:
        return written(cell, 1)
    digits = floor(log10(abs(cell))) - place + 1
    return written(cell, digits) if digits > 0 else f"{0:.{max(0, -place)}f}"


def _trimmed(text: str) -> str:
    """Return digits without zeros behind the point, and no minus before nothing."""
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if short == "-0" else short.replace("-", "−")


def _finite(values: Iterable[Any]) -> np.ndarray:
    numbers = np.array([float(value) for value in values], dtype=float)
    return numbers[np.isfinite(numbers)]
