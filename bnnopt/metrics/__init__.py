"""Measure a surrogate, a run and the noise of an experiment."""

from bnnopt._pareto import non_dominated
from bnnopt.metrics._agreement import retraining_agreement
from bnnopt.metrics._calibration import (
    calibration_curve,
    calibration_error,
    coverage,
    interval,
    negative_log_likelihood,
)
from bnnopt.metrics._hypervolume import hypervolume
from bnnopt.metrics._regret import simple_regret
from bnnopt.metrics._replicates import replicate_noise
from bnnopt.metrics._roughness import sweep_roughness
from bnnopt.metrics._scores import PredictionScores, prediction_scores

__all__ = [
    "PredictionScores",
    "calibration_curve",
    "calibration_error",
    "coverage",
    "hypervolume",
    "interval",
    "negative_log_likelihood",
    "non_dominated",
    "prediction_scores",
    "replicate_noise",
    "retraining_agreement",
    "simple_regret",
    "sweep_roughness",
]
