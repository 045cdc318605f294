"""What settings do, over the rows measured and around the best one, with intervals from draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import with_columns
from bnnopt._typing import FloatArray
from bnnopt.inspection import local_effects
from bnnopt.report._asked import writers
from bnnopt.report._blocks import Cell, Column, Figure, Group, Section, Table
from bnnopt.report._data import ReportData
from bnnopt.report._figures import axis, hover, layout, line, shortened, shown, with_unit
from bnnopt.report._quality import NO_MODEL
from bnnopt.report._words import interval, rounded

__all__ = ["Effects", "effects", "important_numbers"]

N_DRAWS = 64
MOST_ROWS = 100  # measured rows over which a setting is shuffled
MOST_DRAWN = 1500  # rows of one draw: the cost of a joint draw grows with their cube
LEVELS = (2.5, 50.0, 97.5)


@dataclass(frozen=True)
class Effects:
    """What each variable does to each outcome.

    Parameters
    ----------
    importances : DataFrame
        The columns outcome, name, lower, middle, upper: the share of the variation of the outcome that is
        lost when the variable is shuffled over the rows measured, between 0 and 1.
    local : DataFrame
        The columns outcome, name, change, lower, middle, upper: by how much the outcome changes with a change
        of one variable of the best row, in the unit of the outcome.
    """

    importances: pd.DataFrame
    local: pd.DataFrame

    @classmethod
    def of(cls, data: ReportData) -> "Effects":
        """Ask the model, which has to be there."""
        return cls(_importances(data), _local_effects(data))

    def order(self, outcome: str | None = None) -> list[str]:
        """Return the names of the variables, first what matters most for an outcome, or on average."""
        shares = self.importances
        chosen = shares if outcome is None else shares[shares["outcome"] == outcome]
        means = chosen.groupby("name", sort=False)["middle"].mean()
        return means.sort_values(ascending=False, kind="stable").index.tolist()


def important_numbers(data: ReportData, found: Effects | None, outcome: str | None = None) -> list[str]:
    """Return the settings that are numbers, the most important first; in order where there is no model."""
    if found is None:
        return data.numbers
    return [name for name in found.order(outcome) if name in data.numbers]


def effects(data: ReportData, found: Effects | None) -> Section:
    """Return the section on sensitivities."""
    title = "What the settings do"
    if found is None:
        return Section("effects", title, [NO_MODEL.format(n=data.optimizer.n_initial)])
    text = (
        "Shares say how much of the variation of an outcome the model loses when one setting is shuffled "
        "over the measured runs. Changes say what happens when one setting of the best run moves and all "
        "others stay. Both come with 95 % intervals from functions that the model believes in."
    )
    groups = [_group(data, found, name) for name in data.optimizer.outputs]
    return Section("effects", title, [text], groups=groups)


def _importances(data: ReportData) -> pd.DataFrame:
    names = data.space.names
    measured = data.optimizer.data.loc[lambda rows: ~rows["is_failed"], names].reset_index(drop=True)
    n_rows = min(MOST_ROWS, MOST_DRAWN // (len(names) + 1), len(measured))
    rng = np.random.default_rng(0)
    base = measured.iloc[np.sort(rng.permutation(len(measured))[:n_rows])].reset_index(drop=True)
    shuffled = [with_columns(base, {name: rng.permutation(base[name].to_numpy())}) for name in names]
    draws = data.optimizer.sample_y(pd.concat([base, *shuffled], ignore_index=True), N_DRAWS)
    parts = draws.reshape(len(draws), N_DRAWS, len(names) + 1, n_rows)
    lost = np.square(parts[:, :, 1:] - parts[:, :, :1]).mean(axis=3) / 2
    spread = parts[:, :, 0].var(axis=2)
    shares = np.minimum(lost / np.where(spread > 0, spread, np.inf)[..., None], 1.0)
    return _table(data, shares, [{"name": name} for name in names])


def _local_effects(data: ReportData) -> pd.DataFrame:
    """Return the effects at the best run, each change in words."""
    found = local_effects(data.optimizer, data.centre, n_draws=N_DRAWS).table
    write = writers(data)
    said = [_in_words(data, row, write) for row in found.itertuples(index=False)]
    middle = {"change": "middle", "change_lower": "lower", "change_upper": "upper", "setting": "name"}
    kept = found[["outcome", *middle]].rename(columns=middle)
    return kept.assign(change=said)


def _in_words(data: ReportData, row: Any, write: Mapping[str, Any]) -> str:
    if row.setting not in data.space.ranges:
        return f"{row.setting}: {row.before} → {row.after}"
    ends = f"{write[row.setting](row.before)} → {write[row.setting](row.after)}"
    return f"{row.setting}: {ends} {data.optimizer.units[row.setting]}".rstrip()


def _table(data: ReportData, values: FloatArray, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return lower, middle and upper values over draws (n_outputs, n_draws, n_rows), a row for each."""
    ends = np.percentile(values, LEVELS, axis=1)
    tables = [
        pd.DataFrame(rows).assign(
            outcome=name, **dict(zip(("lower", "middle", "upper"), ends[:, place], strict=True))
        )
        for place, name in enumerate(data.optimizer.outputs)
    ]
    return pd.concat(tables, ignore_index=True)


def _group(data: ReportData, found: Effects, name: str) -> Group:
    unit = data.optimizer.units[name]
    shares = found.importances[found.importances["outcome"] == name].sort_values("middle", ascending=False)
    local = found.local[found.local["outcome"] == name]
    local = local.iloc[np.argsort(-local["middle"].abs().to_numpy(), kind="stable")]
    percent = shares.assign(**{end: 100 * shares[end] for end in ("lower", "middle", "upper")})
    return Group(
        with_unit(name, unit),
        figures=[
            _forest(
                percent,
                "name",
                f"{name}: what each setting accounts for",
                "share of variation",
                "%",
                _most(percent),
            ),
            _forest(
                local,
                "change",
                f"{name}: changes around the best run",
                f"change of {name}",
                unit,
                _strongest(local),
            ),
        ],
    )


def _most(shares: pd.DataFrame) -> str:
    weighty = shares[shares["middle"] >= 1].head(3)
    first = [f"{row.name} ({row.middle:.0f} %)" for row in weighty.itertuples(index=False)]
    return f"Of most weight: {', '.join(first)}." if first else "No setting accounts for anything yet."


def _strongest(local: pd.DataFrame) -> str:
    sure = local[(local["lower"] > 0) | (local["upper"] < 0)]
    if not len(sure):
        return "No change around the best run has an effect that can be told from none."
    said = [
        f"{row.change} ({'up' if row.middle > 0 else 'down'})" for row in sure.head(3).itertuples(index=False)
    ]
    return f"{len(sure)} of {len(local)} changes can be told from none; the strongest: {'; '.join(said)}."


def _forest(rows: pd.DataFrame, key: str, title: str, label: str, unit: str, message: str) -> Figure:
    """Return intervals below each other, with a line at 0."""
    names = rows[key].astype(str).tolist()
    places = list(range(len(names)))
    bars = {
        "type": "data",
        "array": rounded(rows["upper"] - rows["middle"]),
        "arrayminus": rounded(rows["middle"] - rows["lower"]),
        "color": "--sky",
        "thickness": 2,
        "width": 0,
    }
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": rounded(rows["middle"]),
        "y": places,
        "text": [shown(name) for name in names],
        "hovertemplate": hover((label, "x", unit)),
        "error_x": bars,
        "marker": {"color": "--blue", "size": 9},
        "showlegend": False,
    }
    zero = line([0, 0], [-0.5, len(names) - 0.5], line={"color": "--muted", "width": 1})
    ticks = axis(
        tickvals=places, ticktext=[shown(shortened(name)) for name in names], range=[len(names) - 0.4, -0.6]
    )
    cells = [
        [Cell(name), Cell(interval(row.middle, row.lower, row.upper), float(f"{row.middle:.6g}"))]
        for name, row in zip(names, rows.itertuples(), strict=True)
    ]
    table = Table(title, [Column(key), Column(f"{label}, 95 % interval", unit, True)], cells)
    return Figure(
        title, message, [zero, trace], layout(axis(label, unit), ticks), 130 + 26 * len(names), table=table
    )
