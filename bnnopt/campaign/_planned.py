"""The rows of a table that a batch of suggestions becomes: planned runs with ids of their own."""

from typing import Any

import numpy as np
import pandas as pd

from bnnopt.campaign._experiments import Experiments, next_id
from bnnopt.campaign._readable import settable
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import MEASURED, PLANNED

__all__ = ["planned_rows", "with_ids"]


def with_ids(batch: pd.DataFrame, settings: CampaignSettings, experiments: Experiments) -> pd.DataFrame:
    """Return a batch as it can be set, with ids that no run ever had in front."""
    first = next_id([*experiments.frame["id"], *experiments.used])
    batch = settable(batch, settings.space)
    batch.insert(0, "id", [str(first + number) for number in range(len(batch))])
    return batch


def planned_rows(
    batch: pd.DataFrame, number: int, settings: CampaignSettings, experiments: Experiments
) -> list[dict[str, Any]]:
    """Return the rows of the table for a batch; a repeat says of which run, a target is a note."""
    runs = experiments.frame
    measured = runs[runs["status"] == MEASURED]
    rows = []
    for cells in batch.to_dict("records"):
        names = ("id", *settings.space.names)
        row = {name: cells[name] for name in names} | {"status": PLANNED, "batch": str(number)}
        if "goal" in cells:
            row["note"] = f"for {settings.targets.outcome} = {cells['goal']}" if settings.targets else ""
        same = _ids_of_same(cells, measured, settings)
        rows.append(row if not len(same) else row | {"replicate_of": same[0]})
    return rows


def _ids_of_same(cells: dict[str, Any], measured: pd.DataFrame, settings: CampaignSettings) -> np.ndarray:
    """Return the ids of measured runs with the very settings of a row."""
    names = settings.space.setting_names
    is_same = np.logical_and.reduce([(measured[name] == cells[name]).to_numpy() for name in names])
    return measured["id"].to_numpy()[is_same]
