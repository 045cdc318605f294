"""How far a run is from the optimum of a problem whose optimum is known."""

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError

__all__ = ["simple_regret"]


def simple_regret(utilities: ArrayLike, optimum: float) -> FloatArray:
    """Return the distance of the best utility so far from the optimum, after each experiment.

    r_t = optimum - max(u_1, ..., u_t)

    Parameters
    ----------
    utilities : array-like of shape (n,)
        Utility of each experiment in the order of the run, larger is better; NaN for a failed experiment.
    optimum : float
        The largest utility there is, in the same unit, finite.

    Returns
    -------
    ndarray of shape (n,)
        Never increasing; NaN before the first experiment that did not fail. At least 0, unless noise lifts
        a utility above the optimum.

    Raises
    ------
    InvalidDataError
        The utilities are not one-dimensional or hold an infinite value, or the optimum is not finite.
    """
    values = numbers_of(utilities, "utilities")
    if values.ndim != 1 or np.isinf(values).any():
        raise InvalidDataError(
            f"utilities must have shape (n,) and hold finite values or NaN, got shape {values.shape} "
            f"with {int(np.isinf(values).sum())} infinite value(s)."
        )
    require(real(-np.inf), optimum=optimum)
    return optimum - np.fmax.accumulate(values)
