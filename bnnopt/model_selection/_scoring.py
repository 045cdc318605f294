"""A score for scikit-learn's searches that looks at the mean together with the standard deviation."""

from typing import Any

import numpy as np

from bnnopt._typing import ArrayLike
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import negative_log_likelihood

__all__ = ["log_predictive_density"]


def log_predictive_density(estimator: Any, X: Any, y: ArrayLike) -> float:
    """Return the mean log density of outcomes under normal predictions; larger is better.

    mean over rows of the sum over outputs of log N(y; mean, std²)

    It is a scorer: pass it as `scoring` to `cross_val_score`, `GridSearchCV` and the like. Unlike R², it
    punishes intervals that are too narrow, and rewards those that are narrow and right.

    Parameters
    ----------
    estimator : fitted regressor
        With `predict(X, return_std=True)`, alone or at the end of a Pipeline; the standard deviation should
        be that of a new observation, noise included.
    X : array-like or DataFrame of shape (n, n_features)
        Rows that the estimator has not seen.
    y : array-like of shape (n,) or (n, n_outputs)
        Their outcomes, finite.

    Returns
    -------
    float
        In nats a row. It depends on the unit of y: compare scores of the same outcomes only.

    Raises
    ------
    InvalidDataError
        `predict` gives no standard deviation, a std is not above 0, or an outcome is not finite.

    References
    ----------
    T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", J. Am. Stat.
    Assoc. 102 (2007) 359-378.
    """
    try:
        mean, std = estimator.predict(X, return_std=True)
    except TypeError as error:
        raise InvalidDataError(
            f"{type(estimator).__name__} gave no standard deviation ({error}). Use a regressor with "
            "predict(X, return_std=True), alone or at the end of a Pipeline."
        ) from error
    tables = (np.asarray(values, dtype=float).reshape(len(X), -1) for values in (y, mean, std))
    return -float(np.sum(negative_log_likelihood(*tables)))
