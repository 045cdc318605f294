"""Objective that brings an outcome to a value."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from scipy.special import ndtr

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.objectives._base import UNSET, FiniteFloat, SingleObjective, given
from bnnopt.objectives._moments import as_moments

__all__ = ["Target"]

SQRT_2PI = np.sqrt(2 * np.pi)
FAR = 50.0  # standard deviations from which on nothing is folded in float64


class Target(SingleObjective):
    """Bring an outcome to a value.

    utility(y) = -abs(y - value) / tolerance

    The utility is 0 at the value, and at least -1 exactly where the outcome is within the tolerance.

    Parameters
    ----------
    name : str
        The outcome.
    value : float
        The wanted outcome, finite, in the unit of the outcome.
    tolerance : float
        The distance from the value that is still good enough, > 0 and finite, in the unit of the outcome.
    unit : str, optional
        Unit of the outcome, for tables and plots.

    Raises
    ------
    InvalidDataError
        A field is missing, out of range or not known.

    Examples
    --------
    >>> Target("peak", 950, 20, unit="nm").utility([950, 960, 910])
    array([-0. , -0.5, -2. ])
    """

    type: Literal["target"] = "target"
    value: FiniteFloat
    tolerance: Annotated[FiniteFloat, Field(gt=0)]

    def __init__(
        self, name: str = UNSET, value: float = UNSET, tolerance: float = UNSET, **fields: Any
    ) -> None:
        super().__init__(**given(name=name, value=value, tolerance=tolerance, **fields))

    @property
    def is_linear(self) -> bool:
        """Whether a normal outcome has a normal utility: no, it is folded at the value."""
        return False

    def utility(self, y: ArrayLike) -> FloatArray:
        """Return the utility of outcomes: minus the distance from the value, in tolerances.

        Parameters
        ----------
        y : array-like of any shape
            Outcomes in their unit; NaN stays NaN.

        Returns
        -------
        ndarray of the shape of `y`
            Utility without unit, at most 0; at least -1 inside the tolerance.
        """
        return -np.abs(numbers_of(y, "y") - self.value) / self.tolerance

    def utility_moments(self, mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the utility of y ~ Normal(mean, std²).

        They are those of the folded normal distribution. With d = abs(mean - value), a = d / std and
        e = φ(a) - a Φ(-a), the distance from the value has mean d + 2 std e and variance
        std² (1 - 4 e (a + e)): a form without cancellation far from the value.

        Parameters
        ----------
        mean, std : array-like of one shape
            Moments of the outcome, in its unit; std at least 0.

        Returns
        -------
        mean, std : ndarray of the same shape
            Moments of the utility, without unit.

        Raises
        ------
        InvalidDataError
            The shapes differ, a mean is not finite, or a std is negative or not finite.

        References
        ----------
        F. C. Leone, L. S. Nelson, R. B. Nottingham, "The folded normal distribution", Technometrics 3
        (1961) 543-550.
        """
        mean_array, std_array = as_moments(mean, std, self.name)
        distance = np.abs(mean_array - self.value)
        ratio = _ratio(distance, std_array)
        excess = _folded_excess(ratio)
        relative_variance = np.maximum(1 - 4 * excess * (ratio + excess), 0)
        utility_mean = -(distance + 2 * std_array * excess) / self.tolerance
        return utility_mean, std_array * np.sqrt(relative_variance) / self.tolerance

    def folded_moments(self, mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of x = (y - value) / tolerance for y ~ Normal(mean, std²).

        x is normal, and the utility is -abs(x): what is needed to treat the utility as the folded normal
        variable that it is, where `utility_moments` gives its moments only.

        Parameters
        ----------
        mean, std : array-like of one shape
            Moments of the outcome, in its unit; std at least 0.

        Returns
        -------
        mean, std : ndarray of the same shape
            Moments of x, without unit; the mean has the sign of mean - value.

        Raises
        ------
        InvalidDataError
            The shapes differ, a mean is not finite, or a std is negative or not finite.
        """
        mean_array, std_array = as_moments(mean, std, self.name)
        return (mean_array - self.value) / self.tolerance, std_array / self.tolerance


def _ratio(distance: FloatArray, std: FloatArray) -> FloatArray:
    """Return distance / std, at most `FAR`, which is also the value where std is 0."""
    with np.errstate(over="ignore"):
        return np.minimum(np.divide(distance, std, out=np.full_like(std, FAR), where=std > 0), FAR)


def _folded_excess(ratio: FloatArray) -> FloatArray:
    """Return φ(a) - a Φ(-a), the mean of max(-x, 0) for x ~ Normal(a, 1), with a >= 0."""
    return np.maximum(np.exp(-0.5 * ratio**2) / SQRT_2PI - ratio * ndtr(-ratio), 0)
