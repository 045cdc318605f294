"""What the steps of the example hand on to tables and figures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from models import OutcomeModels
from sklearn.utils import Bunch

from bnnopt.campaign import CampaignSettings
from bnnopt.inspection import ReplicateSpread, TableModel
from bnnopt.model_selection import LearningCurve

__all__ = ["Results", "Trust"]


@dataclass(frozen=True)
class Trust:
    """What says how far a surrogate is to be believed, besides its cross-validation.

    Attributes
    ----------
    later : DataFrame
        Scores of shuffled rows and of the later ones, from `compare_splits`.
    curve : LearningCurve
        Scores by the number of rows.
    repeats : ReplicateSpread
        How much repeated syntheses scatter, and how much the surrogate expects them to.
    agreement : DataFrame
        How far models trained again from scratch agree.
    retrained : dict of str to ndarray of shape (n_retrainings, n_recipes, 2)
        What they predict, by model.
    """

    later: pd.DataFrame
    curve: LearningCurve
    repeats: ReplicateSpread
    agreement: pd.DataFrame
    retrained: dict[str, Any]


@dataclass(frozen=True)
class Results:
    """All results of a run.

    Attributes
    ----------
    settings : CampaignSettings
        The campaign.
    table : DataFrame
        All rows, failed ones with empty outcomes.
    cohort : ndarray of str, of shape (n_rows,)
        "historical" or "ml_guided" of each row.
    scores : DataFrame
        Figures of the cross-validation, one row for each outcome and model.
    predictions : DataFrame
        Cross-validated predictions of the campaign's surrogate for the rows with outcomes.
    trust : Trust
        What else says how far the surrogate is to be believed.
    fitted : OutcomeModels
        The campaign's surrogate, fitted on all rows with outcomes.
    model : TableModel
        The same, to be asked by names.
    success : estimator
        The classifier of success, fitted on all rows.
    table1 : Bunch
        The recipes of Table 1.
    verified : DataFrame
        Predicted and measured outcomes of these recipes.
    pool : DataFrame
        The scored random recipes.
    suggestions : DataFrame
        Suggested recipes with predictions and intervals.
    """

    settings: CampaignSettings
    table: pd.DataFrame
    cohort: np.ndarray
    scores: pd.DataFrame
    predictions: pd.DataFrame
    trust: Trust
    fitted: OutcomeModels
    model: TableModel
    success: Any
    table1: Bunch
    verified: pd.DataFrame
    pool: pd.DataFrame
    suggestions: pd.DataFrame

    @property
    def guided(self) -> np.ndarray:
        """Which rows a model suggested."""
        return self.cohort == "ml_guided"

    @property
    def failed(self) -> np.ndarray:
        """Which rows failed."""
        return self.table["peak_nm"].isna().to_numpy()
