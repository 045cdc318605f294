"""One round of a campaign on a table: past runs in, next runs out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import Kind, read_table, typed
from bnnopt._validation import require_columns
from bnnopt.campaign._settings import CampaignSettings, EarlierRuns
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["context_of", "read_runs", "resume", "with_intervals", "with_units"]


def read_runs(path: str | Path, settings: CampaignSettings | None = None) -> pd.DataFrame:
    """Read past runs from a CSV, xlsx or Parquet file; an empty outcome, or NaN, is a failed experiment.

    Separators, decimal commas and encodings of spreadsheets are recognised; no cell is ever moved to another
    column, and blank rows and columns are left aside.

    Parameters
    ----------
    path : str or Path
        The file, with the names of the columns first; a unit in square brackets behind a name, as
        `with_units` writes it, is left aside.
    settings : CampaignSettings, optional
        Say which columns are numbers and what levels there are. By default a column of numbers holds numbers,
        and all others text; `resume` finds the levels that are meant.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)
        What is not what the settings say stays text, and is told with all else that is wrong by `resume`.

    Raises
    ------
    InvalidDataError
        The file is not there or cannot be read as a table; the message says where, and what to do.
    MissingDependencyError
        The package that an xlsx file needs is not installed.
    """
    kinds, units = ({}, {}) if settings is None else (_kinds(settings), settings.units)
    return read_table(path, kinds, units=units, is_strict=False)


def resume(settings: CampaignSettings, runs: Any, *, seed: int = 0, **parameters: Any) -> BayesianOptimizer:
    """Return an optimizer of the campaign that was told all past runs, those of earlier campaigns apart.

    Parameters
    ----------
    settings : CampaignSettings
        The campaign.
    runs : table with the columns of the space and of the outcomes
        Past runs, at least none.
    seed : int, default=0
        Seeds the optimizer.
    **parameters
        As in `CampaignSettings.make_optimizer`.

    Returns
    -------
    BayesianOptimizer
        Not fitted yet.
    """
    optimizer = settings.make_optimizer(random_state=seed, **parameters)
    optimizer.tell(runs, runs)
    for each in settings.earlier:
        _tell_earlier(optimizer, settings, each)
    return optimizer


def _tell_earlier(optimizer: BayesianOptimizer, settings: CampaignSettings, earlier: EarlierRuns) -> None:
    kinds: dict[str, Kind] = {} if earlier.column is None else {earlier.column: "text"}
    table = read_table(earlier.file, kinds | _kinds(settings), units=settings.units, is_strict=False)
    if earlier.column is not None:
        require_columns(table, [earlier.column], earlier.file)
    names = earlier.campaign if earlier.column is None else table[earlier.column].astype(str).tolist()
    optimizer.tell_earlier(table, table, names or "")


def context_of(settings: CampaignSettings, cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of context variables that texts mean: numbers, or the levels of the campaign.

    Parameters
    ----------
    settings : CampaignSettings
        Say what each variable is.
    cells : mapping of str to str
        Text by name of variable; what it cannot be stays text, for `ask` to refuse.

    Returns
    -------
    dict
        A number or a level by name of variable.
    """
    kinds = settings.space.kinds()
    return {name: typed([cell], kinds.get(name, "auto")).tolist()[0] for name, cell in cells.items()}


def _kinds(settings: CampaignSettings) -> dict[str, Kind]:
    """Return what the columns of past runs are."""
    return {**dict.fromkeys(settings.outputs, "number"), **settings.space.kinds()}


def with_intervals(batch: pd.DataFrame, optimizer: BayesianOptimizer, level: float = 0.95) -> pd.DataFrame:
    """Return suggested runs with an interval of each outcome behind its mean and standard deviation.

    Parameters
    ----------
    batch : DataFrame
        From `ask` of the optimizer.
    optimizer : BayesianOptimizer
        Predicts the ends, which are quantiles, see `BayesianOptimizer.intervals`.
    level : float, default=0.95
        Probability of the interval, above 0 and below 1.

    Returns
    -------
    DataFrame
        With columns `<name>_lower` and `<name>_upper`; NaN for rows of the first design, as their means are.
    """
    intervals = optimizer.intervals(batch, level).set_axis(batch.index)
    intervals[batch[[f"{name}_mean" for name in optimizer.outputs]].isna().any(axis=1)] = np.nan
    columns: list[str] = []
    for name in batch.columns:
        outcome = str(name).removesuffix("_std")
        is_std = name != outcome and outcome in optimizer.outputs
        columns += [name, f"{outcome}_lower", f"{outcome}_upper"] if is_std else [name]
    return pd.concat([batch, intervals], axis=1)[columns]


def with_units(table: pd.DataFrame, units: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table with units in square brackets behind the names of its columns.

    Parameters
    ----------
    table : DataFrame
        Any table.
    units : mapping of str to str
        Units by name of column; columns `<name>_mean`, `<name>_std`, `<name>_lower` and `<name>_upper` have
        the unit of `<name>`.

    Returns
    -------
    DataFrame
        A copy with other names of columns.
    """

    def label(name: str) -> str:
        stem, _, end = name.rpartition("_")
        unit = units.get(name) or (units.get(stem) if end in ("mean", "std", "lower", "upper") else None)
        return f"{name} [{unit}]" if unit else name

    return table.rename(columns={name: label(str(name)) for name in table.columns})
