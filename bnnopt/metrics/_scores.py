"""How good predictions are, in the figures that every validation shows."""

from typing import NamedTuple

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics._arrays import as_predictions
from bnnopt.metrics._calibration import calibration_error, interval, negative_log_likelihood

__all__ = ["PredictionScores", "prediction_scores"]


class PredictionScores(NamedTuple):
    """Figures of the predictions of one outcome.

    Parameters
    ----------
    n : int
        Rows.
    rmse, mae : float
        Root of the mean squared error and mean absolute error, in the unit of the outcome.
    r2 : float
        Coefficient of determination, at most 1; NaN where all outcomes are equal.
    inside : float
        Share of the outcomes inside their interval of 95 %, 0 to 1.
    half_width : float
        Median of half the width of these intervals, in the unit of the outcome.
    calibration_error : float
        See `bnnopt.metrics.calibration_error`, 0 to 1.
    log_density : float
        Mean log density of the outcomes under normal predictions, in nats a row; larger is better.
    """

    n: int
    rmse: float
    mae: float
    r2: float
    inside: float
    half_width: float
    calibration_error: float
    log_density: float


def prediction_scores(
    y: ArrayLike,
    mean: ArrayLike,
    std: ArrayLike,
    *,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
) -> PredictionScores:
    """Return the figures of the predictions of one outcome.

    Parameters
    ----------
    y, mean, std : array-like of shape (n,)
        Outcomes and predictive moments, in the unit of the outcome, finite; std above 0.
    lower, upper : array-like of shape (n,), optional
        Ends of the intervals of 95 %, both or none. Default: those of normal predictions.

    Returns
    -------
    PredictionScores
        Errors in the unit of the outcome, shares of intervals that hold, and the log density in nats.

    Raises
    ------
    InvalidDataError
        The shapes differ, a value is not finite, a std is not above 0, or one end of the intervals is
        missing.

    Examples
    --------
    >>> scores = prediction_scores([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], [0.1, 0.1, 0.1])
    >>> scores.n, round(scores.mae, 3), round(scores.inside, 3)
    (3, 0.333, 0.667)
    """
    if (lower is None) != (upper is None):
        raise InvalidDataError(
            "lower and upper: both ends of the intervals were expected, or none; one came."
        )
    ends = interval(mean, std) if lower is None or upper is None else (lower, upper)
    arrays = as_predictions(y=y, mean=mean, std=std, lower=ends[0], upper=ends[1])
    outcomes, means, stds, low, high = arrays
    if outcomes.ndim != 1:
        raise InvalidDataError(f"One outcome, shape (n,), was expected; {outcomes.shape} came.")
    error = outcomes - means
    return PredictionScores(
        n=len(outcomes),
        rmse=float(np.sqrt(np.mean(error**2))),
        mae=float(np.mean(np.abs(error))),
        r2=_r2(outcomes, error),
        inside=float(np.mean((low <= outcomes) & (outcomes <= high))),
        half_width=float(np.median(high - low) / 2),
        calibration_error=float(calibration_error(outcomes, means, stds)),
        log_density=-float(negative_log_likelihood(outcomes, means, stds)),
    )


def _r2(outcomes: FloatArray, error: FloatArray) -> float:
    spread = float(np.sum((outcomes - outcomes.mean()) ** 2))
    return 1 - float(np.sum(error**2)) / spread if spread > 0 else float("nan")
