"""Judge the surrogate: cross-validation beside its peers, retraining, and Table 1."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from models import LEARNED, OUTPUTS, OutcomeModels
from preparation import INPUTS, chemical_inputs, polydispersity
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch

from bnnopt.metrics import interval, negative_log_likelihood, retraining_agreement
from bnnopt.model_selection import retrained_predictions
from bnnopt.surrogates import ARDGaussianProcessRegressor, MCDropoutRegressor

__all__ = [
    "LEVEL",
    "MOST_ROWS_OF_EXACT_PROCESS",
    "OUTPUTS",
    "agreement",
    "cross_validate",
    "judge_table1",
    "predicted",
    "predictors",
    "score",
]

PAPER_WEIGHTS = (1 / 9, 1)  # the paper divides polydispersity by 3 in the loss
LABELS = {"auto": "stacking", "mc_dropout": "MC dropout", "mc_dropout_paper": "paper's network"}
N_SPLITS = 5
N_TREES = 500
N_RETRAININGS = 3
MOST_ROWS_OF_EXACT_PROCESS = 500
LEVEL = 0.95

Array = npt.NDArray[np.float64]
Predictor = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], pd.DataFrame]


def cross_validate(table: pd.DataFrame, predictor: Predictor, seed: int) -> pd.DataFrame:
    """Predict held-out rows with one model.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        Rows with outcomes.
    predictor : callable
        From `predictors`.
    seed : int
        Shuffles the rows into 5 folds, the same for all models.

    Returns
    -------
    DataFrame
        As from `predicted`, rows as in `table`.
    """
    folds = KFold(N_SPLITS, shuffle=True, random_state=seed).split(table)
    parts = [_predict_fold(predictor, table.iloc[train], table.iloc[test]) for train, test in folds]
    return pd.concat(parts).loc[table.index]


def score(table: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Score predictions of some rows of a table.

    Returns
    -------
    DataFrame with a row for each outcome that was predicted
        mean_absolute_error of the predicted median and mean width of the 95 % interval, in the unit of the
        outcome; r2 of the predicted mean; coverage_95, the share of rows inside the interval; and
        mean_log_density of the normal distribution with the predicted moments, in the unit of the outcome.
    """
    rows = []
    for output in LEARNED:
        if f"{output}_mean" not in predictions:
            continue
        y = table.loc[predictions.index, output].to_numpy()
        mean, std, median, lower, upper = (
            predictions[f"{output}_{name}"].to_numpy() for name in ("mean", "std", "median", "lower", "upper")
        )
        rows.append(
            {
                "outcome": output,
                "mean_absolute_error": mean_absolute_error(y, median),
                "r2": r2_score(y, mean),
                "coverage_95": float(np.mean((lower <= y) & (y <= upper))),
                "width_95": float(np.mean(upper - lower)),
                "mean_log_density": -negative_log_likelihood(y, mean, std),
            }
        )
    return pd.DataFrame(rows)


def predicted(fitted: Any, X: pd.DataFrame, outputs: Iterable[str]) -> pd.DataFrame:
    """Return what a model predicts of new observations.

    Parameters
    ----------
    fitted : estimator
        With `predict(X, return_std=True)`; quantiles come from its `predict_quantiles`, which keep to the
        bounds of an outcome, or are those of a normal distribution where it has none.
    X : DataFrame of n rows
        With the columns of `INPUTS`.
    outputs : iterable of str
        Names of its outcomes, in their order.

    Returns
    -------
    DataFrame of n rows
        `<outcome>_mean`, `_std`, `_median`, `_lower` and `_upper` (of the 95 % interval) in its unit.
    """
    mean, std = fitted.predict(X[INPUTS], return_std=True)
    if hasattr(fitted, "predict_quantiles"):
        tails = (1 - LEVEL) / 2
        lower, median, upper = np.moveaxis(
            fitted.predict_quantiles(X[INPUTS], [tails, 0.5, 1 - tails]), -1, 0
        )
    else:
        median, (lower, upper) = mean, interval(mean, std, level=LEVEL)
    parts = {"mean": mean, "std": std, "median": median, "lower": lower, "upper": upper}
    columns = {
        f"{output}_{name}": values[:, k] for k, output in enumerate(outputs) for name, values in parts.items()
    }
    return pd.DataFrame(columns, index=X.index)


def judge_table1(fitted: Any, table1: Bunch, outputs: Iterable[str] = OUTPUTS) -> pd.DataFrame:
    """Predict the six recipes of Table 1 with 95 % intervals, beside what was measured.

    Parameters
    ----------
    fitted : estimator
        Fitted on all rows.
    table1 : Bunch
        From `load_table1`.
    outputs : iterable of str
        The outcomes that it predicts.

    Returns
    -------
    DataFrame of 6 rows
    """
    found = predicted(fitted, table1.data, outputs)
    measured = {
        "peak_nm": table1.target_nm,
        "polydispersity": polydispersity(table1.peak_valley),
        "hwhm_meV": table1.hwhm_meV,
    }
    columns: dict[str, Any] = {}
    for output in reversed(list(outputs)):
        lower, upper = found[f"{output}_lower"], found[f"{output}_upper"]
        columns[f"{output}_measured"] = measured[output]
        columns[f"{output}_predicted"] = found[f"{output}_median"]
        columns[f"{output}_lower_95"], columns[f"{output}_upper_95"] = lower, upper
        columns[f"{output}_inside"] = (lower <= measured[output]) & (measured[output] <= upper)
    return pd.DataFrame(columns)


def agreement(
    models: dict[str, BaseEstimator], table: pd.DataFrame, recipes: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, dict[str, Array]]:
    """Train each model three times from scratch on the same rows, and compare what they predict elsewhere.

    Parameters
    ----------
    models : dict of str to estimator
        Each learns `OUTPUTS` from `INPUTS`.
    table : DataFrame
        Rows with outcomes.
    recipes : DataFrame
        Where to compare.
    seed : int

    Returns
    -------
    table : DataFrame
        Model, outcome and agreement: 1 minus the variance between retrainings over that between recipes.
    predictions : dict of str to ndarray of shape (3, n_recipes, 2)
        By model.
    """
    found = {
        name: retrained_predictions(
            model,
            table[INPUTS],
            table[OUTPUTS],
            recipes[INPUTS],
            n_retrainings=N_RETRAININGS,
            random_state=seed,
        )
        for name, model in models.items()
    }
    rows = [
        {"model": name, "outcome": output, "agreement": value}
        for name, predictions in found.items()
        for output, value in zip(OUTPUTS, np.atleast_1d(retraining_agreement(predictions)), strict=True)
    ]
    return pd.DataFrame(rows), found


def predictors(
    models: BaseEstimator, name: str, seed: int, max_iter: int | None = None, n_rows: int = 0
) -> dict[str, Predictor]:
    """Return for each model a function of training inputs, training outcomes and inputs to predict.

    It returns what `predicted` does. All models see the chemical inputs of a recipe.

    Parameters
    ----------
    models : estimator
        Those of the campaign, which come first: predicts each outcome that it is given; it is cloned.
    name : str
        The key of its surrogate in the registry.
    seed : int
        Seeds the peers.
    max_iter : int, optional
        Updates of networks that stand alone. Default: theirs.
    n_rows : int, default=0
        Rows that there are: of more than 500, scikit-learn's exact Gaussian process would take hours, and is
        left out.
    """
    alone: dict[str, BaseEstimator] = networks(seed, max_iter)
    if n_rows <= MOST_ROWS_OF_EXACT_PROCESS:
        alone["Gaussian process"] = OutcomeModels(ARDGaussianProcessRegressor(), random_state=seed)
    alone["random forest"] = OutcomeModels(Forest(), random_state=seed)
    return {LABELS.get(name, name): partial(_predict, models, LEARNED)} | {
        label: partial(_predict, model, OUTPUTS) for label, model in alone.items()
    }


def networks(seed: int, max_iter: int | None = None) -> dict[str, BaseEstimator]:
    """Return the dropout networks that stand alone, on the chemical inputs, not fitted."""
    updates = {} if max_iter is None else {"max_iter": max_iter}
    paper = MCDropoutRegressor.from_paper(output_weights=PAPER_WEIGHTS, random_state=seed, **updates)
    return {
        "MC dropout": _on_chemical_inputs(MCDropoutRegressor(random_state=seed, **updates)),
        "paper's network": _on_chemical_inputs(paper),
    }


class Forest(RegressorMixin, BaseEstimator):
    """Scikit-learn's random forest; the spread over its trees is the standard deviation.

    Parameters
    ----------
    random_state : int, optional
        Seeds the trees.
    """

    def __init__(self, random_state: int | None = None) -> None:
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "Forest":
        """Grow `N_TREES` trees on X of shape (n, n_features) and y of shape (n,)."""
        self.forest_ = RandomForestRegressor(N_TREES, random_state=self.random_state)
        self.forest_.fit(np.asarray(X), np.ravel(y))
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean over trees and, on request, their standard deviation, each of shape (n,)."""
        trees = np.stack([tree.predict(np.asarray(X)) for tree in self.forest_.estimators_])
        return (trees.mean(axis=0), np.maximum(trees.std(axis=0), 1e-9)) if return_std else trees.mean(axis=0)


def _on_chemical_inputs(model: BaseEstimator) -> BaseEstimator:
    return make_pipeline(FunctionTransformer(chemical_inputs), model)


def _predict_fold(predictor: Predictor, train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    return predictor(train[INPUTS], train.drop(columns=INPUTS), test[INPUTS])


def _predict(
    model: BaseEstimator, outputs: list[str], X: pd.DataFrame, y: pd.DataFrame, test: pd.DataFrame
) -> pd.DataFrame:
    known = [output for output in outputs if output in y]
    return predicted(clone(model).fit(X, y[known]), test, known)
