"""Judge a surrogate, a run and the noise of an experiment."""

from bnnopt.metrics._calibration import (
    calibration_error,
    coverage,
    interval,
    negative_log_likelihood,
)
from bnnopt.metrics._regret import simple_regret
from bnnopt.metrics._replicates import replicate_noise

__all__ = [
    "calibration_error",
    "coverage",
    "interval",
    "negative_log_likelihood",
    "replicate_noise",
    "simple_regret",
]
