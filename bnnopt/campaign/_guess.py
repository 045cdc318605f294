"""Settings of a campaign guessed from a table of past runs, each guess with its reason."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from math import ceil, floor, gcd, log10
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import ValidationError

from bnnopt._plain import shown
from bnnopt._tables import TextTable, name_and_unit, read_text
from bnnopt._validation import numbers_of, refuse_flags
from bnnopt.campaign._experiments import OWN
from bnnopt.campaign._mistakes import listed
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import STATUS_OF
from bnnopt.exceptions import InvalidDataError

__all__ = ["Guess", "columns_of", "guess_settings"]

FEW_VALUES = 5  # different numbers, each tried several times, that are a list rather than a range
MANY_LEVELS = 30  # different texts beyond which a column is remarks rather than levels
LOG_RATIO = 1000.0  # largest over smallest, from which on ratios matter
MOST_STEPS = 2000
DIGITS_OF_RANGE = 3  # of a setting without a common step: a thousandth of its range can be set
SUM_ERROR = 1e-6
COUNTS = ("entry", "index", "no", "no.", "nr", "number", "run", "experiment", "#", "priority")


class Guess(NamedTuple):
    """Settings that were guessed, and why.

    Parameters
    ----------
    settings : CampaignSettings
        The settings.
    reasons : tuple of str
        What was guessed of each column, and from what.
    """

    settings: CampaignSettings
    reasons: tuple[str, ...]


def columns_of(path: str | Path) -> list[str]:
    """Return the names of the columns of numbers of a table, of which outcomes may be.

    Parameters
    ----------
    path : str or Path
        CSV or xlsx.

    Returns
    -------
    list of str
        In the order of the table.
    """
    frame = _read(path)[0]
    return [str(name) for name in frame if pd.api.types.is_numeric_dtype(frame[name])]


def guess_settings(
    path: str | Path,
    objectives: Sequence[Mapping[str, Any]],
    *,
    name: str = "campaign",
    context: Iterable[str] = (),
    left_out: Iterable[str] = (),
    bounds: Mapping[str, tuple[float, float]] | None = None,
    steps: Mapping[str, float] | None = None,
    **settings: Any,
) -> Guess:
    """Guess the settings of a campaign from a table of past runs.

    Parameters
    ----------
    path : str or Path
        CSV or xlsx, one row a run, with the names of the columns first.
    objectives : sequence of mapping
        What is wanted of which columns, as in a campaign.toml.
    name : str, default="campaign"
        Of the campaign.
    context : iterable of str
        Columns that are recorded and cannot be set.
    left_out : iterable of str
        Columns that are no settings: they stay in the table, and nothing is learned from them.
    bounds : mapping of str to (float, float), optional
        Of settings, in place of those guessed.
    steps : mapping of str to float, optional
        Of settings, in place of those guessed.
    **settings
        Other fields of `CampaignSettings`, such as `surrogate`.

    Returns
    -------
    Guess
        The settings, and the reason of each guess.

    Raises
    ------
    InvalidDataError
        The file cannot be read, a column that is named is not there, or no settings are left.
    """
    bounds = {name: _limits(name, pair) for name, pair in (bounds or {}).items()}
    refuse_flags(steps=steps)
    frame, units = _read(path)
    outputs = [str(each["name"]) for each in objectives]
    steps = dict(steps or {})
    named = [*outputs, *context, *left_out, *bounds, *steps]
    unknown = [each for each in named if each not in frame]
    if unknown:
        raise InvalidDataError(f"{path} has no column(s) {unknown}; it has {list(frame.columns)}.")
    variables, reasons = [], []
    for column in frame.columns:
        if column in (*outputs, *left_out) or _is_own(column, frame[column]):
            continue
        found, reason = _variable(
            frame[column], column in set(context), bounds.get(column), steps.get(column)
        )
        reasons.append(f"{column}: {reason}")
        if found:
            unit = {"unit": units[column]} if units.get(column) else {}
            variables.append({"name": column, **found, **unit})
    if not any(each["type"] != "context" for each in variables):
        raise InvalidDataError(
            f"{path}: no column is left that could be set. The columns are {list(frame.columns)}; name fewer "
            "of them as outcomes, context or left out."
        )
    space: dict[str, Any] = {"variables": variables}
    total, reason = _total(frame, variables)
    if total:
        space["constraints"] = [total]
        reasons.append(reason)
    goals = [
        {**each, **({"unit": units[each["name"]]} if units.get(each["name"]) else {})} for each in objectives
    ]
    outcomes = [
        found for each in outputs if (found := _percentage(frame[each], units.get(each, ""), reasons))
    ]
    document = {"name": name, "space": space, "objectives": goals, "outcomes": outcomes, **settings}
    try:
        return Guess(CampaignSettings.model_validate(document), tuple(reasons))
    except ValidationError as error:
        said = listed(error, {"": CampaignSettings})
        raise InvalidDataError(f"{path}: what was guessed of it is no campaign:\n{said}") from error


def _limits(name: str, pair: Any) -> tuple[float, float]:
    """Return the bounds of a setting, or raise `InvalidDataError` where they are no two numbers."""
    limits = numbers_of(pair, f"bounds of {name!r}")
    if limits.shape != (2,):
        raise InvalidDataError(f"bounds of {name!r}: expected (lower, upper), got {shown(pair)}.")
    return float(limits[0]), float(limits[1])


def _read(path: str | Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the table, words such as failed as empty cells, and the units of its columns."""
    text = read_text(path)
    pairs = [name_and_unit(label) for label in text.header.labels]
    counts = [name for name, _ in pairs]
    names = [
        name if counts.count(name) == 1 else kept for (name, _), kept in zip(pairs, text.names, strict=True)
    ]
    header = text.header.__class__(text.header.row, names, text.header.places, text.header.width, names)
    cells = [["" if cell.strip().casefold() in STATUS_OF else cell for cell in row] for row in text.cells]
    table = TextTable(text.path, text.separator, header, text.rows, cells)
    frame = table.converted({})
    frame.attrs.clear()
    units = {name: unit for name, (_, unit) in zip(names, pairs, strict=True) if unit}
    return frame, units


def _is_own(name: str, column: pd.Series) -> bool:
    """Tell whether a column is one of bnnopt, empty, or counts the runs."""
    is_count = name.casefold() in COUNTS and column.is_unique
    return name in OWN or name.endswith("_error") or not column.notna().any() or is_count


def _variable(
    column: pd.Series, is_context: bool, bounds: tuple[float, float] | None, step: float | None
) -> tuple[dict[str, Any], str]:
    """Return a variable without its name, empty for none, and why."""
    filled = column.dropna()
    is_number = pd.api.types.is_numeric_dtype(column)
    if is_context:
        if is_number:
            return {"type": "context"}, "context, a number that is recorded and not set"
        return {"type": "context", "levels": sorted(map(str, filled.unique()))}, "context, one of a few texts"
    if not is_number:
        return _of_text(filled.astype(str))
    numbers = filled.to_numpy(float)
    if len(np.unique(numbers)) == 1 and bounds is None:
        return (
            {},
            f"always {numbers[0]:g}, so nothing can be learned from it; left as a column of yours (--bounds)",
        )
    return _of_numbers(numbers, bounds, step)


def _of_text(filled: pd.Series) -> tuple[dict[str, Any], str]:
    levels = sorted(filled.unique())
    if len(levels) < 2:
        return {}, "always the same text; left as a column of yours"
    if len(levels) > MANY_LEVELS or (len(levels) > 3 and len(levels) > 0.8 * len(filled)):
        return (
            {},
            f"{len(levels)} different texts in {len(filled)} runs, so remarks; left as a column of yours",
        )
    return {"type": "categorical", "levels": levels}, f"categorical, {len(levels)} levels"


def _of_numbers(
    numbers: np.ndarray, bounds: tuple[float, float] | None, step: float | None
) -> tuple[dict[str, Any], str]:
    values = np.unique(numbers)
    if bounds is None and step is None and len(values) <= FEW_VALUES and len(numbers) >= 3 * len(values):
        listed = [_plain(value) for value in values]
        return {"type": "discrete", "values": listed}, f"discrete, only {listed} in {len(numbers)} runs"
    lower, upper = bounds or (
        _outward(values[0], np.ptp(values), -1),
        _outward(values[-1], np.ptp(values), 1),
    )
    said = "as you said" if bounds else f"the runs span {values[0]:g} to {values[-1]:g}"
    is_log = values[0] > 0 and values[-1] / values[0] >= LOG_RATIO and (bounds is None or lower > 0)
    lower = float(f"{values[0]:.2g}") if is_log and bounds is None else lower
    found: dict[str, Any] = {"type": "real", "lower": float(lower), "upper": float(upper)}
    if is_log:
        return {**found, "scale": "log"}, f"real, {lower:g} to {upper:g} on a log scale ({said})"
    step = step or _common_step(values, lower)
    if step and (upper - lower) / step <= MOST_STEPS:
        return {**found, "step": step}, f"real, {lower:g} to {upper:g} in steps of {step:g} ({said})"
    digits = max(0, DIGITS_OF_RANGE - ceil(log10(upper - lower)))
    return {**found, "digits": digits}, f"real, {lower:g} to {upper:g}, {digits} decimal place(s) ({said})"


def _outward(value: float, width: float, direction: int) -> float:
    """Return a bound at or a little beyond a value: the next tenth of the size of the range, not beyond 0."""
    unit = Decimal(10) ** (floor(log10(width)) - 1)
    exact = Decimal(repr(float(value))) / unit
    rounded = (exact.to_integral_value("ROUND_FLOOR" if direction < 0 else "ROUND_CEILING")) * unit
    return float(rounded)


def _common_step(values: np.ndarray, lower: float) -> float | None:
    """Return the largest decimal step on which all values lie, None where they are as good as continuous."""
    exact = [Decimal(repr(float(value))) for value in (lower, *values)]
    exponents = [each.normalize().as_tuple().exponent for each in exact]
    digits = max((-each for each in exponents if isinstance(each, int)), default=0)
    if digits > 6:
        return None
    scaled = [int(each.scaleb(max(digits, 0))) for each in exact]
    common = gcd(*(after - before for before, after in pairwise(sorted(set(scaled)))))
    return float(Decimal(common).scaleb(-max(digits, 0))) if common else None


def _total(frame: pd.DataFrame, variables: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], str]:
    """Return the constraint that some numbers add up to the same in all runs, empty where none do."""
    numbers = [each["name"] for each in variables if each["type"] in ("real", "discrete")]
    units = {each["name"]: each.get("unit", "") for each in variables}
    groups = [
        numbers,
        *([n for n in numbers if units[n] == unit] for unit in sorted({units[n] for n in numbers})),
    ]
    for group in groups:
        sums = frame[group].sum(axis=1, skipna=False).dropna().to_numpy(float)
        if len(group) > 1 and len(sums) > 2 and np.ptp(sums) <= SUM_ERROR * max(1.0, abs(sums[0])):
            total = float(f"{sums.mean():.9g}")
            constraint = {
                "type": "linear",
                "coefficients": dict.fromkeys(group, 1.0),
                "lower": total,
                "upper": total,
            }
            return constraint, f"{' + '.join(group)} = {total:g} in all runs, and so in all that come"
    return {}, ""


def _percentage(column: pd.Series, unit: str, reasons: list[str]) -> dict[str, Any]:
    """Return the bounds of an outcome that is a share of 100, by its unit or its name."""
    numbers = column.dropna().to_numpy(float) if pd.api.types.is_numeric_dtype(column) else np.empty(0)
    is_share = unit == "%" or "yield" in str(column.name).casefold()
    if not is_share or not len(numbers) or numbers.min() < 0 or numbers.max() > 100 or numbers.max() <= 1.5:
        return {}
    reasons.append(f"{column.name}: an outcome from 0 to 100, as its unit or name says")
    return {"name": str(column.name), "lower": 0.0, "upper": 100.0}


def _plain(value: float) -> int | float:
    return int(value) if float(value).is_integer() else float(value)
