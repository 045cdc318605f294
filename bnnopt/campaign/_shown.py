"""Runs and predictions as a laboratory writes them: units, intervals, no digit that means nothing."""

from collections.abc import Iterable
from math import floor, isfinite, log10
from typing import Any

import numpy as np
import pandas as pd

from bnnopt.campaign._readable import readable
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._suggest import with_units

__all__ = ["shown_interval", "shown_number", "shown_predictions", "shown_runs", "shown_suggestions"]

DIGITS = 4
LARGEST = 1e7


def shown_number(value: Any, spread: float = np.nan) -> str:
    """Return a number with the digits that mean something.

    Parameters
    ----------
    value : object
        A number; NaN and None are nothing.
    spread : float, optional
        Its standard deviation, of which two digits are shown; without one, four digits of the number.

    Returns
    -------
    str
        Empty for NaN and None.
    """
    if value is None or pd.isna(value):
        return ""
    size = float(spread) if isfinite(spread) and spread > 0 else abs(float(value)) / 10 ** (DIGITS - 2)
    if not size or abs(value) >= LARGEST or size < 1e-6:
        return f"{value:.{DIGITS}g}"
    decimals = max(0, 1 - floor(log10(size)))
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text and not isfinite(spread) else text
    return "0" if not float(text) else text


def shown_suggestions(batch: pd.DataFrame, settings: CampaignSettings) -> pd.DataFrame:
    """Return suggested runs as text: settings, for each outcome its mean with the 95 % interval, and why.

    Parameters
    ----------
    batch : DataFrame
        From `Campaign.suggest`.
    settings : CampaignSettings
        Of the campaign.

    Returns
    -------
    DataFrame of str
        A row for each of `batch`.
    """
    names = [name for name in ("goal", "id", *settings.space.names) if name in batch]
    table = readable(batch[names], settings.space)
    for name in settings.outputs:
        if f"{name}_mean" in batch:
            cells = zip(*(batch[f"{name}_{end}"] for end in ("mean", "lower", "upper")), strict=True)
            table[name] = [shown_interval(*each) for each in cells]
    return _without_zeros(with_units(table.assign(why=batch["reason"]), settings.units))


def shown_runs(runs: pd.DataFrame, settings: CampaignSettings, names: Iterable[str]) -> pd.DataFrame:
    """Return runs of the table as text, with units in the header.

    Parameters
    ----------
    runs : DataFrame
        Such as `Campaign.experiments`.
    settings : CampaignSettings
        Of the campaign.
    names : iterable of str
        The columns to show.

    Returns
    -------
    DataFrame of str, shape (n_runs, n_names)
        A row for each run.
    """
    table = readable(runs[list(names)], settings.space)
    for name in set(settings.outputs) & set(table.columns):
        table[name] = [shown_number(cell) for cell in runs[name]]
    for name in settings.outputs:
        if f"{name}_mean" in table:
            table[f"{name}_mean"] = [shown_number(cell) for cell in runs[f"{name}_mean"]]
    return _without_zeros(with_units(table, settings.units))


def shown_predictions(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions beside what came out, as text.

    Parameters
    ----------
    predictions : DataFrame
        From `Campaign.predictions`.

    Returns
    -------
    DataFrame of str
        A row for each of `predictions`.
    """
    spreads = (predictions["upper"] - predictions["lower"]) / 4
    predicted = [shown_interval(*cells) for cells in predictions[["mean", "lower", "upper"]].to_numpy(float)]
    pairs = zip(predictions["measured"], spreads, strict=True)
    said = {True: "yes", False: "no", None: ""}
    return pd.DataFrame(
        {
            "batch": predictions["batch"].astype(str),
            "id": predictions["id"],
            "outcome": predictions["outcome"],
            "predicted (95 %)": predicted,
            "measured": [shown_number(*pair) for pair in pairs],
            "inside": [said[each] for each in predictions["is_inside"]],
        }
    )


def shown_interval(mean: float, lower: float, upper: float) -> str:
    """Return a number and its interval with the digits that mean something; NaN means no model."""
    if pd.isna(mean):
        return "no model yet"
    spread = (upper - lower) / 4
    return f"{shown_number(mean, spread)} ({shown_number(lower, spread)} to {shown_number(upper, spread)})"


def _without_zeros(table: pd.DataFrame) -> pd.DataFrame:
    """Return cells of text with whole numbers as such: 105, not 105.0; an empty cell stays empty."""

    def shown(cell: Any) -> str:
        text = "" if cell is None or cell == "NaN" else str(cell)
        return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdecimal() else text

    return table.map(shown)
