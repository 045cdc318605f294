"""What the model of a campaign says of its settings: at one recipe, and over two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from bnnopt._tables import with_columns
from bnnopt._validation import lookup
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._readable import readable
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._shown import shown_interval, shown_number
from bnnopt.campaign._suggest import context_of, with_units
from bnnopt.exceptions import InvalidDataError
from bnnopt.inspection import (
    AttainableMap,
    ImprovingDirection,
    LocalEffects,
    TradeOff,
    attainable_map,
    improving_direction,
    local_effects,
    trade_off,
)
from bnnopt.objectives import in_words
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["CampaignEffects", "CampaignMap", "campaign_effects", "campaign_map"]

N_BEST = 5  # cells of a map whose recipes are listed


@dataclass(frozen=True)
class CampaignEffects:
    """What settings do at one recipe of a campaign.

    Parameters
    ----------
    where : str
        Which recipe, in words.
    effects : LocalEffects
        Of every setting on every outcome.
    direction : ImprovingDirection or None
        Where it was asked for.
    trade : TradeOff or None
        Where it was asked for.
    settings : CampaignSettings
        Of the campaign.
    """

    where: str
    effects: LocalEffects
    direction: ImprovingDirection | None
    trade: TradeOff | None
    settings: CampaignSettings

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all numbers as tables by name, for scripts.

        Returns
        -------
        dict of str to DataFrame
            Numbers in the units of settings and outcomes, by the name of the table.
        """
        found = {"recipe": self.effects.row, "effects": self.effects.table}
        if self.direction is not None:
            found |= {"direction": self.direction.settings, "outcomes": self.direction.outcomes}
        if self.trade is not None:
            found["trade_off"] = self.trade.table
        return found

    def shown(self) -> list[tuple[str, pd.DataFrame]]:
        """Return titles and tables of text, for people.

        Returns
        -------
        list of (str, DataFrame of str)
            The title of each table, and the table as text.
        """
        recipe = with_units(readable(self.effects.row, self.settings.space), self.settings.units)
        parts = [(f"Recipe of {self.where}:", recipe)]
        parts += [self._of_outcome(name) for name in self.effects.outputs]
        parts += self._direction(self.direction) if self.direction is not None else []
        return parts + ([self._trade(self.trade)] if self.trade is not None else [])

    def _of_outcome(self, name: str) -> tuple[str, pd.DataFrame]:
        rows, unit = self.effects.of(name), self.settings.units.get(name, "")
        signs = [
            "may be none" if not row.is_certain else "up" if row.change > 0 else "down"
            for row in rows.itertuples()
        ]
        ends = rows[["change", "change_lower", "change_upper"]].to_numpy(float)
        table = pd.DataFrame(
            {
                "change of one setting": [self._change(row) for row in rows.itertuples()],
                f"change of {name}": [shown_interval(*each) for each in ends],
                "effect": signs,
            }
        )
        return (
            f"\n{name}{f' [{unit}]' if unit else ''}, with {100 * self.effects.level:g} % intervals:",
            table,
        )

    def _change(self, row: Any) -> str:
        cells = self._settable(row.setting, [row.before, row.after])
        unit = self.settings.units.get(row.setting, "")
        return f"{row.setting}: {cells[0]} → {cells[1]} {unit}".rstrip()

    def _direction(self, found: ImprovingDirection) -> list[tuple[str, pd.DataFrame]]:
        if not found.length:
            return [("\nNo step of the settings improves this recipe further by the model.", pd.DataFrame())]
        held = found.outcomes.loc[found.outcomes["role"] == "held", "outcome"].tolist()
        stays = f" while {' and '.join(held)} stay{'s' if len(held) == 1 else ''}" if held else ""
        moved = found.settings[found.settings["share"].abs() > 0.01]
        settings = pd.DataFrame(
            {
                "setting": moved["setting"],
                "from": [self._settable(row.setting, [row.before])[0] for row in moved.itertuples()],
                "to": [self._settable(row.setting, [row.after])[0] for row in moved.itertuples()],
                "unit": [self.settings.units.get(name, "") for name in moved["setting"]],
            }
        )
        outcomes = pd.DataFrame(
            {
                "outcome": found.outcomes["outcome"],
                "": found.outcomes["role"],
                "change": [
                    shown_interval(row.change, row.lower, row.upper) for row in found.outcomes.itertuples()
                ],
                "unit": [self.settings.units.get(name, "") for name in found.outcomes["outcome"]],
            }
        )
        return [(f"\nTo {in_words(found.objective)}{stays}, together:", settings), ("", outcomes)]

    def _trade(self, found: TradeOff) -> tuple[str, pd.DataFrame]:
        unit = self.settings.units.get(found.held, "")
        title = f"\n{found.held} held at {shown_number(found.value)} {unit}".rstrip() + ":"
        there = found.path
        table = readable(there[[found.setting, found.by]], self.settings.space)
        for name in self.effects.outputs:
            ends = there[[f"{name}_mean", f"{name}_lower", f"{name}_upper"]].to_numpy(float)
            table[name] = [shown_interval(*each) for each in ends]
        if len(there) < len(found.table):
            said = found.table.loc[found.table["reason"] != "", "reason"].value_counts()
            gaps = "; ".join(f"at {n} value(s) {reason}" for reason, n in said.items())
            title += f" (of {len(found.table)} values of {found.setting}: {gaps})"
        return title, with_units(table, self.settings.units)

    def _settable(self, name: str, cells: Sequence[Any]) -> list[str]:
        """Return values of a setting at the resolution of the laboratory."""
        table = with_columns(self.effects.row.iloc[[0] * len(cells)], {name: list(cells)})
        return readable(self.settings.space.rounded(table)[[name]], self.settings.space)[name].tolist()


@dataclass(frozen=True)
class CampaignMap:
    """What can be had over two settings of a campaign.

    Parameters
    ----------
    where : str
        Whose context, and in a slice other settings, all recipes have, in words.
    found : AttainableMap
        Cells and recipes.
    reduce : {"best", "mean", "slice"}
        What is shown.
    best : DataFrame
        Recipes of the best cells, with predictions and intervals of a new observation.
    told : DataFrame
        Rows told: both settings and `is_failed`.
    settings : CampaignSettings
        Of the campaign.
    """

    where: str
    found: AttainableMap
    reduce: str
    best: pd.DataFrame
    told: pd.DataFrame
    settings: CampaignSettings

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all numbers as tables by name, for scripts.

        Returns
        -------
        dict of str to DataFrame
            Numbers in the units of settings and outcomes, by the name of the table.
        """
        return {"cells": self._cells(), "best": self.best}

    def shown(self) -> list[tuple[str, pd.DataFrame]]:
        """Return titles and tables of text, for people.

        Returns
        -------
        list of (str, DataFrame of str)
            The title of each table, and the table as text.
        """
        found, units = self.found, self.settings.units
        heads = {"best": "Best predicted", "mean": "Mean predicted", "slice": "Predicted"}
        unit = f" [{found.unit}]" if found.unit else ""
        x, y = (f"{name} [{units[name]}]" if units.get(name) else name for name in (found.x, found.y))
        title = f"{heads[self.reduce]} {found.label}{unit}; {x} across, {y} down, {self.where}:"
        names = [name for name in self.settings.space.names if name in self.best]
        best = readable(self.best[names], self.settings.space)
        for name in found.outputs:
            ends = self.best[[f"{name}_mean", f"{name}_lower", f"{name}_upper"]].to_numpy(float)
            best[name] = [shown_interval(*each) for each in ends]
        shown = [(title, self._grid())]
        if self.reduce == "best" and len(best):
            shown.append(("\nBest cells:", with_units(best, units)))
        return shown

    def _grid(self) -> pd.DataFrame:
        """Return the values of cells as text, the largest y on top."""
        found, values = self.found, self.found.values(self.reduce)
        spread = float(pd.Series(values.ravel()).max() - pd.Series(values.ravel()).min()) / 40
        across, down = (
            self._middles(edges, name) for edges, name in ((found.x_edges, found.x), (found.y_edges, found.y))
        )
        table = pd.DataFrame(
            [[shown_number(cell, spread) or "–" for cell in row] for row in values[::-1]], columns=across
        )
        table.insert(0, found.y, down[::-1])
        return table

    def _cells(self) -> pd.DataFrame:
        found = self.found
        rows = [
            {
                f"{found.x}_from": found.x_edges[i],
                f"{found.x}_to": found.x_edges[i + 1],
                f"{found.y}_from": found.y_edges[j],
                f"{found.y}_to": found.y_edges[j + 1],
                "value": value,
            }
            for j, row in enumerate(found.values(self.reduce))
            for i, value in enumerate(row)
        ]
        return pd.DataFrame(rows)

    def _middles(self, edges: Any, name: str) -> list[str]:
        spread = float(edges[-1] - edges[0]) / 100
        return [shown_number(float(low + high) / 2, spread) for low, high in pairwise(edges)]


def campaign_effects(
    campaign: Campaign,
    *,
    id: str | None = None,
    at: Mapping[str, str] | None = None,
    steps: Mapping[str, float] | None = None,
    improve: str | None = None,
    keep: Sequence[str] | None = None,
    trade: tuple[str, str] | None = None,
    held: str | None = None,
    seed: int = 0,
) -> CampaignEffects:
    """Ask the model of a campaign what settings do at one recipe.

    Parameters
    ----------
    campaign : Campaign
        With a model: the runs of its first design, two of them measured.
    id : str, optional
        A run of the table whose recipe it is. Default: the best one measured.
    at : mapping of str to str, optional
        Settings and context that are to differ from it, as texts.
    steps : mapping of str to float, optional
        How far to move numbers; see `bnnopt.inspection.local_effects`.
    improve : str, optional
        What is to get better together with the settings, such as "min width", or an outcome with an
        objective; see `bnnopt.inspection.improving_direction`.
    keep : sequence of str, optional
        Outcomes that stay meanwhile. Default: all others.
    trade : tuple of 2 str, optional
        A setting to move and one that makes up for it; see `bnnopt.inspection.trade_off`.
    held : str, optional
        The outcome that stays meanwhile. Default: the first.
    seed : int, default=0
        Of the surrogate and the draws.

    Returns
    -------
    CampaignEffects
        With the settings of the campaign, for `tables`, `shown` and pictures.

    Raises
    ------
    InvalidDataError
        There is no model yet, no such run, or a value is not one that can be set.
    UnknownNameError
        A name is not known.
    """
    optimizer = _with_model(campaign, seed)
    row, where = _recipe(campaign, optimizer, id, at or {})
    options: dict[str, Any] = {"random_state": seed}
    effects = local_effects(optimizer, row, steps=steps, **options)
    way = None
    if improve is not None or keep:
        way = improving_direction(optimizer, row, objective=improve, held=keep or None, **options)
    path = None if trade is None else trade_off(optimizer, *trade, held=held, row=row, **options)
    return CampaignEffects(where, effects, way, path, campaign.settings)


def campaign_map(
    campaign: Campaign,
    x: str,
    y: str,
    *,
    reduce: str = "best",
    objective: str | None = None,
    id: str | None = None,
    at: Mapping[str, str] | None = None,
    n_cells: int = 10,
    seed: int = 0,
) -> CampaignMap:
    """Ask the model of a campaign what can be had over two settings.

    Parameters
    ----------
    campaign : Campaign
        With a model: the runs of its first design, two of them measured.
    x, y : str
        Two settings that are numbers.
    reduce : {"best", "mean", "slice"}, default="best"
        Over all other settings the best or the mean, or these as in one recipe.
    objective : str, optional
        What is best: an outcome with an objective, "min NAME" or "max NAME". Default: the first objective.
    id : str, optional
        A run of the table whose recipe, or context, it is. Default: the best one measured.
    at : mapping of str to str, optional
        Settings and context that are to differ from it, as texts.
    n_cells : int, default=10
        Cells along each setting, at least 2.
    seed : int, default=0
        Of the surrogate and the recipes drawn.

    Returns
    -------
    CampaignMap
        With the settings of the campaign, for `tables`, `shown` and pictures.

    Raises
    ------
    InvalidDataError
        There is no model yet, no such run, or a value is not one that can be set.
    UnknownNameError
        A name is not known.
    """
    optimizer = _with_model(campaign, seed)
    row, where = _recipe(campaign, optimizer, id, at or {})
    found = attainable_map(optimizer, x, y, objective=objective, row=row, n_cells=n_cells, random_state=seed)
    found.values(reduce)
    best = found.recipes.sort_values("utility", ascending=False, kind="stable").iloc[:N_BEST]
    best = best.reset_index(drop=True)
    if len(best):
        predicted = pd.concat([optimizer.predict(best), optimizer.intervals(best)], axis=1)
        best = with_columns(best, {name: predicted[name].to_numpy() for name in predicted})
    told = optimizer.data[[x, y, "is_failed"]]
    context = campaign.settings.space.context_names
    said = (
        f"other settings of {where}"
        if reduce == "slice"
        else f"context of {where}"
        if context
        else "all settings"
    )
    return CampaignMap(said, found, reduce, best, told, campaign.settings)


def _with_model(campaign: Campaign, seed: int) -> BayesianOptimizer:
    optimizer = campaign.optimizer(seed=seed)
    if not optimizer.has_model:
        counts = optimizer.summary()
        raise InvalidDataError(
            f"There is no model yet: it begins with {optimizer.n_initial} runs, two of them measured, and "
            f"{counts['n_measured']} of {counts['n_told']} are measured. Record more."
        )
    return optimizer


def _recipe(
    campaign: Campaign, optimizer: BayesianOptimizer, id: str | None, at: Mapping[str, str]
) -> tuple[pd.DataFrame, str]:
    """Return settings and context as a table of one row, and which they are in words."""
    space, runs = campaign.settings.space, campaign.experiments
    if id is None:
        best = optimizer.best()
        told = runs.loc[runs["status"].isin(("measured", "failed")), "id"].reset_index(drop=True)
        name, row = str(told[int(str(best.name))]), best[space.names].to_frame().T
        where = f"run {name}, the best"
    else:
        places = {str(name): place for place, name in enumerate(runs["id"])}
        row = runs[space.names].iloc[[lookup(places, id, "run")]]
        where = f"run {id}"
    known = {name: name for name in space.names}
    cells = {lookup(known, name, "setting"): cell for name, cell in at.items()}
    row = row.reset_index(drop=True).infer_objects()
    for name, value in context_of(campaign.settings, cells).items():
        row[name] = [value]
    return space.as_table(row), f"{where}, with {', '.join(cells)} as given" if cells else where
