"""One round of a campaign on a table: past runs in, next runs out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bnnopt.campaign._settings import CampaignSettings
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["read_runs", "resume", "with_intervals", "with_units"]


def read_runs(path: str | Path) -> pd.DataFrame:
    """Read past runs from a CSV file; an empty outcome, or NaN, is a failed experiment.

    Parameters
    ----------
    path : str or Path
        The file, with a header line; a unit in square brackets behind a name, as `with_units` writes it, is
        left aside.

    Raises
    ------
    InvalidDataError
        The file is not there or cannot be read as a table.
    """
    try:
        # "None" and "NA" are levels that people use
        table = pd.read_csv(path, keep_default_na=False, na_values=["", "NaN", "nan"])
    except FileNotFoundError as error:
        raise InvalidDataError(
            f"There is no file {str(path)!r}; give the path of a CSV of past runs."
        ) from error
    except OSError as error:
        raise InvalidDataError(f"{path} cannot be read: {error.strerror}.") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InvalidDataError(f"{path} cannot be read as CSV: {error}. Save it as CSV, UTF-8.") from error
    return table.rename(columns=lambda name: str(name).split(" [")[0])


def resume(settings: CampaignSettings, runs: pd.DataFrame, *, seed: int = 0) -> BayesianOptimizer:
    """Return an optimizer of the campaign that was told all past runs.

    Parameters
    ----------
    settings : CampaignSettings
        The campaign.
    runs : DataFrame with the columns of the space and of the outcomes
        Past runs, at least none.
    seed : int, default=0
        Seeds the optimizer.
    """
    optimizer = settings.make_optimizer(random_state=seed)
    if len(runs):
        optimizer.tell(runs, runs)
    return optimizer


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
    """

    def label(name: str) -> str:
        stem, _, end = name.rpartition("_")
        unit = units.get(name) or (units.get(stem) if end in ("mean", "std", "lower", "upper") else None)
        return f"{name} [{unit}]" if unit else name

    return table.rename(columns={name: label(str(name)) for name in table.columns})
