"""Choose a model: over- and underfitting, validation on later experiments, what to search, how to score."""

from bnnopt.model_selection._cohorts import LaterCohortSplit
from bnnopt.model_selection._fit_check import FitCheck, check_fit
from bnnopt.model_selection._later import compare_splits
from bnnopt.model_selection._learning import LearningCurve, learning_curve
from bnnopt.model_selection._network_grid import network_grid
from bnnopt.model_selection._retraining import retrain, retrained_predictions
from bnnopt.model_selection._scoring import log_predictive_density
from bnnopt.model_selection._search import BayesSearchCV, KilledWorkerError
from bnnopt.model_selection._sweeps import Sweep, input_sweeps
from bnnopt.model_selection._verdict import Finding, FitVerdict, judge_fit

__all__ = [
    "BayesSearchCV",
    "Finding",
    "FitCheck",
    "FitVerdict",
    "KilledWorkerError",
    "LaterCohortSplit",
    "LearningCurve",
    "Sweep",
    "check_fit",
    "compare_splits",
    "input_sweeps",
    "judge_fit",
    "learning_curve",
    "log_predictive_density",
    "network_grid",
    "retrain",
    "retrained_predictions",
]
