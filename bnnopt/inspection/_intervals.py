"""Central intervals of draws."""

from typing import NamedTuple

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import FloatArray

__all__ = ["Interval", "ends", "interval_of"]


class Interval(NamedTuple):
    """The middle of draws and the interval about it.

    Parameters
    ----------
    middle : float
        The median of the draws.
    lower, upper : float
        Ends of the central interval.
    """

    middle: float
    lower: float
    upper: float

    @property
    def is_certain(self) -> bool:
        """Whether 0 lies outside the interval: the sign is known."""
        return self.lower > 0 or self.upper < 0


def ends(draws: FloatArray, level: float, axis: int) -> FloatArray:
    """Return lower end, median and upper end of draws along an axis, which becomes the first one, of 3."""
    require(real(0, 1), level=level)
    return np.quantile(draws, [0.5 - 0.5 * level, 0.5, 0.5 + 0.5 * level], axis=axis)


def interval_of(draws: FloatArray, level: float) -> Interval:
    """Return median and central interval of draws of shape (n_draws,)."""
    lower, middle, upper = ends(draws, level, 0)
    return Interval(float(middle), float(lower), float(upper))
