"""Judge the surrogate: cross-validation beside its peers, and the verified recipes of Table 1."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from preparation import INPUTS
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import Bunch

from bnnopt.metrics import coverage, interval, negative_log_likelihood
from bnnopt.surrogates import ARDGaussianProcessRegressor, MCDropoutRegressor

OUTPUTS = ["polydispersity", "peak_nm"]
PAPER_WEIGHTS = (1 / 9, 1)  # the paper divides polydispersity by 3 in the loss
LABELS = {"auto": "stacking", "mc_dropout": "MC dropout", "mc_dropout_paper": "paper's network"}
N_SPLITS = 5
N_TREES = 500
LEVEL = 0.95

Moments = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
Predictor = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], Moments]


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
    DataFrame of shape (n_rows, 4)
        `<outcome>_mean` and `<outcome>_std`, rows as in `table`.
    """
    folds = KFold(N_SPLITS, shuffle=True, random_state=seed).split(table)
    parts = [_predict_fold(predictor, table.iloc[train], table.iloc[test]) for train, test in folds]
    return pd.concat(parts).loc[table.index]


def score(table: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return mean absolute error, R², coverage of the 95 % interval and mean log density of each outcome."""
    rows = []
    for output in OUTPUTS:
        y = table[output].to_numpy()
        mean, std = predictions[f"{output}_mean"].to_numpy(), predictions[f"{output}_std"].to_numpy()
        rows.append(
            {
                "outcome": output,
                "mean_absolute_error": mean_absolute_error(y, mean),
                "r2": r2_score(y, mean),
                "coverage_95": coverage(y, mean, std, level=LEVEL),
                "mean_log_density": -negative_log_likelihood(y, mean, std),
            }
        )
    return pd.DataFrame(rows)


def judge_table1(fitted: Any, table1: Bunch) -> pd.DataFrame:
    """Predict the six recipes of Table 1 with 95 % intervals, beside what was measured.

    Parameters
    ----------
    fitted : estimator
        Fitted on all rows.
    table1 : Bunch
        From `load_table1`.

    Returns
    -------
    DataFrame of 6 rows
    """
    mean, std = fitted.predict(table1.data[INPUTS], return_std=True)
    lower, upper = interval(mean, std, level=LEVEL)
    measured = np.column_stack([np.exp(-table1.peak_valley), table1.target_nm])
    result = pd.DataFrame({"measured_peak_nm": measured[:, 1]})
    for column, output in reversed(list(enumerate(OUTPUTS))):
        result[f"{output}_measured"] = measured[:, column]
        result[f"{output}_predicted"] = mean[:, column]
        result[f"{output}_lower_95"], result[f"{output}_upper_95"] = lower[:, column], upper[:, column]
        is_inside = (lower[:, column] <= measured[:, column]) & (measured[:, column] <= upper[:, column])
        result[f"{output}_inside"] = is_inside
    return result.drop(columns="measured_peak_nm")


def predictors(
    surrogate: BaseEstimator, name: str, seed: int, max_iter: int | None = None
) -> dict[str, Predictor]:
    """Return for each model a function of training inputs, training outcomes and inputs to predict.

    It returns the mean and the standard deviation of `OUTPUTS`, each of shape (n, 2).

    Parameters
    ----------
    surrogate : estimator
        That of the campaign, which comes first; predicts `OUTPUTS` with a standard deviation; it is cloned.
    name : str
        Its key in the registry of surrogates.
    seed : int
        Seeds the peers.
    max_iter : int, optional
        Updates of networks that stand alone. Default: theirs.
    """
    updates = {} if max_iter is None else {"max_iter": max_iter}
    networks = {
        LABELS.get(name, name): surrogate,
        "MC dropout": MCDropoutRegressor(random_state=seed, **updates),
        "paper's network": MCDropoutRegressor.from_paper(
            output_weights=PAPER_WEIGHTS, random_state=seed, **updates
        ),
    }
    one_by_one = {"Gaussian process": _gaussian_process(seed), "random forest": _forest(seed)}
    return {label: partial(_joint, model) for label, model in networks.items()} | {
        label: partial(_each, model) for label, model in one_by_one.items()
    }


def _predict_fold(predictor: Predictor, train: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    mean, std = predictor(train[INPUTS], train[OUTPUTS], test[INPUTS])
    columns = {f"{output}_mean": mean[:, k] for k, output in enumerate(OUTPUTS)}
    columns |= {f"{output}_std": std[:, k] for k, output in enumerate(OUTPUTS)}
    return pd.DataFrame(columns, index=test.index)


def _joint(model: BaseEstimator, train: pd.DataFrame, y: pd.DataFrame, test: pd.DataFrame) -> Moments:
    return clone(model).fit(train, y).predict(test, return_std=True)


def _each(
    predict_one: Callable[..., Moments], train: pd.DataFrame, y: pd.DataFrame, test: pd.DataFrame
) -> Moments:
    scaler = MinMaxScaler().fit(train)
    X, X_test = scaler.transform(train), scaler.transform(test)
    moments = [predict_one(X, y[output].to_numpy(), X_test) for output in y.columns]
    return np.column_stack([part[0] for part in moments]), np.column_stack([part[1] for part in moments])


def _gaussian_process(seed: int) -> Callable[..., Moments]:
    def predict_one(X: npt.NDArray[Any], y: npt.NDArray[Any], X_test: npt.NDArray[Any]) -> Any:
        return ARDGaussianProcessRegressor(random_state=seed).fit(X, y).predict(X_test, return_std=True)

    return predict_one


def _forest(seed: int) -> Callable[..., Moments]:
    """Take the spread over trees, each grown on a bootstrap of the rows, as the standard deviation."""

    def predict_one(X: npt.NDArray[Any], y: npt.NDArray[Any], X_test: npt.NDArray[Any]) -> Moments:
        forest = RandomForestRegressor(N_TREES, random_state=seed).fit(X, y)
        trees = np.stack([tree.predict(X_test) for tree in forest.estimators_])
        return trees.mean(axis=0), np.maximum(trees.std(axis=0), 1e-9)

    return predict_one
