"""The scatter of repeated experiments beside the spread that a model expects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from bnnopt._tables import with_columns, with_names
from bnnopt._typing import IntArray
from bnnopt._validation import numeric_frame, require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection._table_model import NamedModel, as_model
from bnnopt.metrics import replicate_noise

__all__ = ["ReplicateSpread", "replicate_spread"]

LEVEL = 0.95


@dataclass(frozen=True)
class ReplicateSpread:
    """How much repeated experiments scatter, and how much a model expects new ones to.

    Parameters
    ----------
    groups : DataFrame
        A row for each outcome and repeated setting: `outcome`, `group` (from 0), the settings, `n`, `mean`,
        `std` (of the measured values), `model_mean`, `model_std` (of a new observation), `function_std` (of
        the function alone), `lower` and `upper` (between which 95 % of new observations lie), in the unit of
        the outcome.
    values : DataFrame
        Every measured value of these groups: `outcome`, `group`, `value`.
    summary : DataFrame
        A row for each outcome: `std`, the pooled standard deviation of the repeats, with the interval of 95 %
        `std_lower` and `std_upper` of normal noise, `degrees_of_freedom`; `model_std` and `function_std`,
        root mean squares over the groups; `ratio`, model_std / std.
    units : mapping of str to str
        Unit of each setting and outcome.
    """

    groups: pd.DataFrame
    values: pd.DataFrame
    summary: pd.DataFrame
    units: Mapping[str, str]


def replicate_spread(model: Any, data: Any = None) -> ReplicateSpread:
    """Compare the scatter of repeated experiments with the spread that a model expects there.

    A ratio near 1 says that the model knows the noise. Above 1 it expects more than the repeats show: it has
    few rows there, other noise elsewhere, or its repeats were made on one day; below 1 it trusts itself too
    much. With few repeats the noise itself is hardly known: see the interval.

    Parameters
    ----------
    model : BayesianOptimizer or TableModel
        With two measured rows or more, or fitted.
    data : table, optional
        Experiments, settings, context and outcomes by name; an outcome of NaN is left out. Default: the
        measured rows of an optimizer.

    Returns
    -------
    ReplicateSpread
        Both spreads for each outcome and setting that was repeated.

    Raises
    ------
    InvalidDataError
        No settings are repeated, a column is missing, or a TableModel comes without data.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, SI Figure 1 (repeats of one synthesis beside the interval
    of the model).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.linear_model import BayesianRidge
    >>> from bnnopt.inspection import TableModel
    >>> from bnnopt.space import Real, SearchSpace
    >>> rows = pd.DataFrame({"x": [0.0, 0.0, 1.0, 1.0, 0.5], "y": [0.0, 0.2, 1.0, 1.2, 0.6]})
    >>> fitted = BayesianRidge().fit(rows[["x"]], rows["y"])
    >>> found = replicate_spread(TableModel(fitted, SearchSpace([Real("x", 0, 1)]), "y"), rows)
    >>> found.summary[["std", "degrees_of_freedom"]].round(3).iloc[0].tolist()
    [0.141, 2.0]
    """
    known = as_model(model)
    table = _table(known, data)
    group, n_groups = _repeated(table[known.space.setting_names])
    if not n_groups:
        raise InvalidDataError(
            f"No settings are repeated in the {len(table)} row(s), so the noise is not known; run some again."
        )
    rows = table[group >= 0].reset_index(drop=True)
    group = group[group >= 0]
    (mean, std), (_, function) = (
        known.moments(rows[known.space.names], noise=noise) for noise in (True, False)
    )
    lower, upper = known.intervals(rows[known.space.names], LEVEL)
    parts, values, summary = [], [], []
    for place, name in enumerate(known.outputs):
        measured = rows[name]
        arrays = {"mean": mean, "std": std, "function": function, "lower": lower, "upper": upper}
        predicted = pd.DataFrame({key: array[:, place] for key, array in arrays.items()})
        is_there = measured.notna().to_numpy()
        found = _groups(known, name, rows[is_there], group[is_there], predicted[is_there])
        parts.append(found)
        values.append(pd.DataFrame({"outcome": name, "group": group, "value": measured})[is_there])
        summary.append(_summary(known, name, rows, found))
    return ReplicateSpread(
        pd.concat(parts, ignore_index=True),
        pd.concat(values, ignore_index=True),
        pd.DataFrame(summary),
        known.units,
    )


def _table(model: NamedModel, data: Any) -> pd.DataFrame:
    """Return settings, context and outcomes as numbers and levels."""
    given = getattr(model, "data", None) if data is None else with_names(data)
    if not isinstance(given, pd.DataFrame):
        raise InvalidDataError(
            "data: a table of experiments was expected, with settings and outcomes by name."
        )
    require_columns(given, [*model.space.names, *model.outputs], "data")
    outcomes = numeric_frame(given, list(model.outputs), "data", allow_nan=True)
    table = model.space.as_table(given).reset_index(drop=True)
    return with_columns(table, dict(zip(model.outputs, outcomes.T, strict=True)))


def _repeated(settings: pd.DataFrame) -> tuple[IntArray, int]:
    """Return the number of the group of each row, -1 where it is not repeated, and the number of groups."""
    names = list(settings.columns)
    by_settings = settings.groupby(names, dropna=False, sort=False, observed=True)
    size = by_settings[names[0]].transform("size").to_numpy()
    number = pd.Series(by_settings.ngroup().to_numpy()).where(size > 1)
    codes, found = pd.factorize(number)
    return np.asarray(codes), len(found)


def _groups(
    model: NamedModel, name: str, rows: pd.DataFrame, group: IntArray, predicted: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of `ReplicateSpread.groups` of one outcome."""
    measured = rows[name].groupby(group).agg(n="count", mean="mean", std="std")
    by_group = predicted.set_axis(rows.index).groupby(group)
    found = measured.assign(
        model_mean=by_group["mean"].mean(),
        model_std=by_group["std"].agg(_root_mean_square),
        function_std=by_group["function"].agg(_root_mean_square),
        lower=by_group["lower"].mean(),
        upper=by_group["upper"].mean(),
    )
    settings = rows[model.space.setting_names].groupby(group).first()
    table = settings.join(found).rename_axis("group").reset_index()
    table.insert(0, "outcome", name)
    return table


def _summary(model: NamedModel, name: str, rows: pd.DataFrame, groups: pd.DataFrame) -> dict[str, Any]:
    std, freedom = replicate_noise(rows[model.space.setting_names], rows[name].to_numpy())
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = std * np.sqrt(freedom / chi2.ppf([0.5 + LEVEL / 2, 0.5 - LEVEL / 2], max(int(freedom), 1)))
        expected = _root_mean_square(groups["model_std"])
        ratio = np.divide(expected, std)
    return {
        "outcome": name,
        "std": std,
        "std_lower": ends[0],
        "std_upper": ends[1],
        "degrees_of_freedom": freedom,
        "model_std": expected,
        "function_std": _root_mean_square(groups["function_std"]),
        "ratio": float(ratio),
    }


def _root_mean_square(values: pd.Series) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
