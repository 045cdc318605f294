"""How the model of a campaign gets better with runs, and what it says of later batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin

from bnnopt._estimators import require, whole
from bnnopt._typing import FloatArray, IntArray
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._shown import shown_number
from bnnopt.campaign._suggest import resume
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection import LearningCurve, compare_splits, learning_curve

__all__ = ["CampaignLearning", "campaign_learning", "compare_batches", "shown_splits"]

FEWEST = 10  # measured runs of a curve
MOST_LATER = 5  # batches that are predicted from all before them


@dataclass(frozen=True)
class CampaignLearning:
    """Predictions of held-out runs by the number of runs of the training.

    Parameters
    ----------
    curve : LearningCurve
        At random and, where there are batches, in time.
    settings : CampaignSettings
        Of the campaign.
    """

    curve: LearningCurve
    settings: CampaignSettings

    def shown(self) -> list[tuple[str, pd.DataFrame]]:
        """Return a title and a table of text for each outcome and kind, for people.

        Returns
        -------
        list of (str, DataFrame of str)
            The title of each table, and the table as text, with a row for each number of runs.
        """
        parts = []
        for name in self.curve.outputs:
            unit = self.settings.units.get(name, "")
            for kind in dict.fromkeys(self.curve.table["kind"]):
                rows = self.curve.table.query("outcome == @name and kind == @kind")
                medians = rows.groupby("n_rows")[["rmse", "r2", "inside", "log_density"]].median()
                title = f"\n{name}, {'random runs' if kind == 'random' else 'as they came'}:"
                parts.append((title, _shown(medians, unit)))
        return parts


def campaign_learning(campaign: Campaign, *, n_repeats: int = 3, seed: int = 0) -> CampaignLearning:
    """Fit the model of a campaign to more and more of its runs, and predict others.

    Parameters
    ----------
    campaign : Campaign
        With at least 10 measured runs.
    n_repeats : int, default=3
        Times that it is done with other runs, at least 1.
    seed : int, default=0
        Of the choice of runs and of the surrogate.

    Returns
    -------
    CampaignLearning
        At most 6 sizes; 12 * n_repeats fits where there are batches, else half as many.

    Raises
    ------
    InvalidDataError
        Fewer than 10 runs were measured.
    """
    require(whole(1), n_repeats=n_repeats)
    require(whole(0), seed=seed)
    rows, batches = _measured(campaign, FEWEST)
    space, outputs = campaign.settings.space, list(campaign.settings.outputs)
    curve = learning_curve(
        _CampaignModel(campaign.settings),
        rows[space.names],
        rows[outputs],
        n_repeats=n_repeats,
        order=batches if len(np.unique(batches)) > 1 else None,
        random_state=seed,
    )
    return CampaignLearning(curve, campaign.settings)


def compare_batches(campaign: Campaign, *, n_folds: int = 5, seed: int = 0) -> pd.DataFrame:
    """Predict later batches from all before them, beside the same runs shuffled.

    Parameters
    ----------
    campaign : Campaign
        With at least 10 measured runs, in two batches or more; past runs are the first one.
    n_folds : int, default=5
        Parts into which the runs are shuffled, at least 2.
    seed : int, default=0
        Of the parts and of the surrogate.

    Returns
    -------
    DataFrame
        See `bnnopt.model_selection.compare_splits`; at most 5 later batches are predicted.

    Raises
    ------
    InvalidDataError
        Fewer than 10 runs were measured, or all in one batch.
    """
    require(whole(2), n_folds=n_folds)
    require(whole(0), seed=seed)
    rows, batches = _measured(campaign, FEWEST)
    n_batches = len(np.unique(batches))
    if n_batches < 2:
        raise InvalidDataError(
            "All measured runs are of one batch, so none came later; runs of a suggested batch have its "
            "number in the column 'batch'."
        )
    space, outputs = campaign.settings.space, list(campaign.settings.outputs)
    return compare_splits(
        _CampaignModel(campaign.settings),
        rows[space.names],
        rows[outputs],
        batches,
        n_folds=n_folds,
        n_splits=min(MOST_LATER, n_batches - 1),
        random_state=seed,
    )


def shown_splits(table: pd.DataFrame, settings: CampaignSettings) -> pd.DataFrame:
    """Return later batches beside shuffled runs as text.

    Parameters
    ----------
    table : DataFrame
        Of `compare_batches`.
    settings : CampaignSettings
        Of the campaign.

    Returns
    -------
    DataFrame of str
        A row for each of `table`.
    """
    units = [settings.units.get(name, "") for name in table["outcome"]]
    return pd.DataFrame(
        {
            "outcome": table["outcome"],
            "runs": table["split"],
            "n": table["n"].astype(str),
            "error": [f"{shown_number(v)} {u}".rstrip() for v, u in zip(table["rmse"], units, strict=True)],
            "R²": [f"{value:.2f}" for value in table["r2"]],
            "inside 95 %": [f"{value:.0%}" for value in table["inside"]],
            "beyond the training": [f"{value:.0%}" for value in table["beyond"]],
        }
    )


class _CampaignModel(RegressorMixin, BaseEstimator):
    """The model of a campaign as a regressor of tables with names."""

    def __init__(self, settings: CampaignSettings, random_state: int | None = 0) -> None:
        self.settings = settings
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: pd.DataFrame) -> Self:
        """Tell an optimizer the runs."""
        self.optimizer_ = resume(self.settings, X.join(y), seed=self.random_state or 0, n_initial=2)
        return self

    def predict(
        self, X: pd.DataFrame, return_std: bool = False
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Predict new observations."""
        table, outputs = self.optimizer_.predict(X), self.optimizer_.outputs
        mean, std = (table[[f"{name}_{end}" for name in outputs]].to_numpy() for end in ("mean", "std"))
        return (mean, std) if return_std else mean

    def predict_quantiles(self, X: pd.DataFrame, quantiles: Sequence[float]) -> FloatArray:
        """Predict two quantiles as far from the median."""
        table = self.optimizer_.intervals(X, level=float(quantiles[1] - quantiles[0]))
        ends = [
            table[[f"{name}_{end}" for name in self.optimizer_.outputs]].to_numpy()
            for end in ("lower", "upper")
        ]
        return np.stack(ends, axis=-1)


def _measured(campaign: Campaign, fewest: int) -> tuple[pd.DataFrame, IntArray]:
    """Return the measured runs in the order of the table, and the batch of each, 0 of runs of no batch."""
    data, runs = campaign.optimizer().data, campaign.experiments
    told = runs[runs["status"].isin(("measured", "failed"))]
    batches = pd.to_numeric(told["batch"], errors="coerce").fillna(0).to_numpy(int)
    is_measured = ~data["is_failed"].to_numpy(bool)
    if int(is_measured.sum()) < fewest:
        raise InvalidDataError(
            f"At least {fewest} measured runs are needed, got {int(is_measured.sum())}; record more."
        )
    return data[is_measured].reset_index(drop=True), batches[is_measured]


def _shown(medians: pd.DataFrame, unit: str) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "runs": str(n_rows),
            "error": f"{shown_number(row['rmse'])} {unit}".rstrip(),
            "R²": f"{row['r2']:.2f}",
            "inside 95 %": f"{row['inside']:.0%}",
            "log density": f"{row['log_density']:.2f}",
        }
        for n_rows, row in medians.to_dict("index").items()
    ]
    return pd.DataFrame(rows)
