"""The rows of a table that a batch of suggestions becomes: planned runs, and what is withdrawn of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt.campaign._experiments import Experiments, next_id
from bnnopt.campaign._readable import settable
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import MEASURED, PENDING, PLANNED, WITHDRAWN
from bnnopt.exceptions import InvalidDataError

__all__ = ["planned_rows", "with_ids", "without_planned"]


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


def without_planned(experiments: Experiments, ids: Sequence[str]) -> Experiments:
    """Return the table with runs that are on their way as withdrawn ones.

    Raises
    ------
    InvalidDataError
        One of the ids is that of no run on its way.
    """
    runs = experiments.frame
    on_their_way = runs.loc[runs["status"].isin(PENDING), "id"].tolist()
    unknown = [name for name in ids if name not in on_their_way]
    if unknown:
        raise InvalidDataError(
            f"No run with the id(s) {unknown} is planned or running; on their way are {on_their_way}. "
            "What was measured is not withdrawn: correct it in the table."
        )
    rows = [int(row) for row in runs.index[runs["id"].isin(ids)]]
    return experiments.with_cells({row: {"status": WITHDRAWN} for row in rows})
