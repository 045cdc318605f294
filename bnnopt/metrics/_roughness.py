"""How jagged predictions are along single inputs."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.metrics._stacks import as_stack, per_output

__all__ = ["sweep_roughness"]


def sweep_roughness(predictions: ArrayLike) -> float | FloatArray:
    """Return how much further predictions travel along sweeps than from their lowest to their highest value.

    R = (sum over sweeps of V) / (sum over sweeps of S) - 1, with the total variation
    V = sum over neighbouring points of abs(difference) and the span S = max - min of a sweep

    Sums come before the quotient, so that small ripples along an input without effect do not count. R does
    not depend on the unit of the output, nor on the scale of the swept input, linear or logarithmic, and
    hardly on the number of points once they resolve the curve.

    Parameters
    ----------
    predictions : array-like of shape (n_sweeps, n_points) or (n_sweeps, n_points, n_outputs)
        Predictions in any unit, finite, in the order of the swept input; at least 1 sweep of 3 points.

    Returns
    -------
    float, or ndarray of shape (n_outputs,)
        At least 0, without a unit. 0: every sweep is monotone or flat; up to 1: one optimum within each
        sweep; 2 k - 1: k whole periods of a sine. A high value is a sign of overfitting. 0 alone is no
        fault, as a straight line has it; with predictions that span far less than the outcomes it is
        underfitting.

    Raises
    ------
    InvalidDataError
        The shape is wrong or a prediction is not finite.

    References
    ----------
    O. Voznyy et al., ACS Nano 2019, 13, 11122, Methods (a jagged shape of the prediction curves is a strong
    sign of overfitting).
    """
    stack = as_stack(predictions, "predictions", ("n_sweeps", "n_points"), (1, 3))
    travelled = np.abs(np.diff(stack, axis=1)).sum(axis=(0, 1))
    span = np.ptp(stack, axis=1).sum(axis=0)
    is_flat = span == 0
    ratio = np.where(is_flat, 1.0, travelled) / np.where(is_flat, 1.0, span)
    return per_output(np.maximum(ratio - 1, 0.0))
