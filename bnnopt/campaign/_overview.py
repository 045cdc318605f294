"""Where a campaign stands."""

from typing import Any, NamedTuple

import pandas as pd

from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._models import best_of
from bnnopt.campaign._statuses import PENDING
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import OutcomeConstraint

__all__ = ["Overview", "overview"]


class Overview(NamedTuple):
    """Where a campaign stands.

    Parameters
    ----------
    counts : dict of str to int
        Runs by status, those that repeat others, and batches asked.
    best : DataFrame
        The best run, with what the model expects there; of several objectives the front. Without rows if
        there is none.
    note : str
        Why there is no best run, empty where there is one.
    pending : DataFrame
        Runs on their way: id, status, settings and context.
    predictions : DataFrame
        Of the last batch of which something came, as `Campaign.predictions`.
    """

    counts: dict[str, int]
    best: pd.DataFrame
    note: str
    pending: pd.DataFrame
    predictions: pd.DataFrame

    def as_dict(self) -> dict[str, Any]:
        """Return the same as plain values.

        Returns
        -------
        dict of str to object
            `counts`, `note`, and each table as a list of one mapping a row, as JSON takes them.
        """
        tables = {
            name: table.to_dict("records")
            for name, table in self._asdict().items()
            if isinstance(table, pd.DataFrame)
        }
        return {"counts": self.counts, "note": self.note, **tables}


def overview(campaign: Campaign, *, seed: int = 0) -> Overview:
    """Return where a campaign stands; fits the surrogate if there is something new to learn.

    Parameters
    ----------
    campaign : Campaign
        Any.
    seed : int, default=0
        Of the optimizer.

    Returns
    -------
    Overview
        Counts of runs, the best one or the front, runs on their way, and the last predictions.
    """
    optimizer = campaign.optimizer(seed=seed)
    runs, predictions = campaign.experiments, campaign.predictions()
    names = ("measured", "failed", "planned", "running", "withdrawn")
    counts = {name: int((runs["status"] == name).sum()) for name in names}
    counts["repeated"] = optimizer.summary()["n_repeated"]
    counts["batches"] = len(campaign.history())
    best, note = runs.iloc[:0], ""
    try:
        is_single = sum(not isinstance(each, OutcomeConstraint) for each in campaign.settings.objectives) == 1
        best = best_of(
            campaign.folder,
            campaign.settings,
            optimizer,
            lambda: optimizer.best().to_frame().T.infer_objects() if is_single else optimizer.front().copy(),
        )
        told = runs.loc[runs["status"].isin(("measured", "failed")), "id"].reset_index(drop=True)
        best.insert(0, "id", [told[place] for place in best.index])
    except InvalidDataError as error:
        note = str(error)
    pending = runs.loc[runs["status"].isin(PENDING), ["id", "status", *campaign.settings.space.names]]
    came = predictions[predictions["measured"].notna() & predictions["mean"].notna()]
    last = came[came["batch"] == came["batch"].max()] if len(came) else came
    return Overview(counts, best, note, pending, last)
