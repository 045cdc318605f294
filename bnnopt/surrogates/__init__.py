"""Estimators with `predict(X, return_std=True)`.

TensorFlow is loaded by the first `fit` or `predict` that needs it, not by the import of this room.
"""

from bnnopt.surrogates._ard_gaussian_process import ARDGaussianProcessRegressor
from bnnopt.surrogates._bayesian_stacking import BayesianStackingRegressor
from bnnopt.surrogates._bounded import BoundedRegressor
from bnnopt.surrogates._gaussian_process_ensemble import GaussianProcessEnsembleRegressor
from bnnopt.surrogates._keras_mc_dropout import KerasMCDropoutRegressor
from bnnopt.surrogates._mc_dropout import MCDropoutRegressor
from bnnopt.surrogates._predictive._mixtures import HeldOutPredictions
from bnnopt.surrogates._registry import SURROGATES, make_surrogate
from bnnopt.surrogates._scales._mixture import needs_power_scale
from bnnopt.surrogates._stacking._members import held_out_predictions
from bnnopt.surrogates._transfer import TransferRegressor

__all__ = [
    "SURROGATES",
    "ARDGaussianProcessRegressor",
    "BayesianStackingRegressor",
    "BoundedRegressor",
    "GaussianProcessEnsembleRegressor",
    "HeldOutPredictions",
    "KerasMCDropoutRegressor",
    "MCDropoutRegressor",
    "TransferRegressor",
    "held_out_predictions",
    "make_surrogate",
    "needs_power_scale",
]
