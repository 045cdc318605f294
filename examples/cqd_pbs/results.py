"""What the steps of the example hand on to tables and figures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from bnnopt.campaign import CampaignSettings

__all__ = ["Results"]


@dataclass(frozen=True)
class Results:
    """All results of a run.

    Attributes
    ----------
    settings : CampaignSettings
        The campaign.
    table : DataFrame
        All rows, failed ones with empty outcomes.
    guided : ndarray of bool, of shape (n_rows,)
        Rows that a model suggested.
    scores : DataFrame
        Figures of the cross-validation, one row for each outcome and model.
    predictions : DataFrame
        Cross-validated predictions of the campaign's surrogate for the rows with outcomes.
    fitted : estimator
        The campaign's surrogate, fitted on all rows with outcomes.
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
    guided: np.ndarray
    scores: pd.DataFrame
    predictions: pd.DataFrame
    fitted: Any
    table1: Bunch
    verified: pd.DataFrame
    pool: pd.DataFrame
    suggestions: pd.DataFrame
