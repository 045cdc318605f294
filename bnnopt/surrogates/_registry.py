"""Surrogates by name: a new one is one line here."""

from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator, clone

from bnnopt._estimators import check_all_parameters
from bnnopt._validation import lookup
from bnnopt.surrogates._ard_gaussian_process import ARDGaussianProcessRegressor
from bnnopt.surrogates._bayesian_stacking import BayesianStackingRegressor
from bnnopt.surrogates._gaussian_process_ensemble import GaussianProcessEnsembleRegressor
from bnnopt.surrogates._keras_mc_dropout import KerasMCDropoutRegressor
from bnnopt.surrogates._mc_dropout import MCDropoutRegressor

__all__ = ["SURROGATES", "make_surrogate"]

SURROGATES: dict[str, Callable[..., BaseEstimator]] = {
    "auto": BayesianStackingRegressor,
    "gaussian_process": ARDGaussianProcessRegressor,
    "gaussian_process_ensemble": GaussianProcessEnsembleRegressor,
    "keras_mc_dropout": KerasMCDropoutRegressor,
    "mc_dropout": MCDropoutRegressor,
    "mc_dropout_paper": MCDropoutRegressor.from_paper,
}
"""What makes each surrogate that has a name; an entry added here is known everywhere."""


def make_surrogate(surrogate: str | BaseEstimator, **parameters: Any) -> BaseEstimator:
    """Make an unfitted surrogate from its name, or a clone of an estimator.

    Parameters
    ----------
    surrogate : str or estimator
        A key of `SURROGATES`, or any regressor with scikit-learn's `fit` and `predict(X, return_std=True)`.
    **parameters
        Passed to the surrogate.

    Returns
    -------
    estimator
        Not fitted.

    Raises
    ------
    UnknownNameError
        If the name is not registered; the message lists the names that are.
    TypeError
        If it is neither a name nor an estimator.
    InvalidDataError
        If a parameter of an estimator of bnnopt is out of its range.
    """
    made = _made(surrogate, parameters)
    check_all_parameters(made)
    return made


def _made(surrogate: str | BaseEstimator, parameters: dict[str, Any]) -> BaseEstimator:
    if isinstance(surrogate, str):
        return lookup(SURROGATES, surrogate, "surrogate")(**parameters)
    if not hasattr(surrogate, "fit") or not hasattr(surrogate, "predict"):
        raise TypeError(
            f"surrogate must be one of {sorted(SURROGATES)} or an estimator with fit and "
            f"predict(X, return_std=True), got {surrogate!r}."
        )
    return clone(surrogate).set_params(**parameters)
