"""Limits that an outcome must keep to be of use."""

from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator
from scipy.special import log_ndtr

from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.objectives._base import UNSET, FiniteFloat, OutcomeModel, given
from bnnopt.objectives._moments import as_moments

__all__ = ["OutcomeConstraint"]

LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
NARROW = 0.01


class OutcomeConstraint(OutcomeModel):
    """Keep an outcome between two limits, both included.

    lower <= y <= upper

    Parameters
    ----------
    name : str
        The outcome.
    lower, upper : float, optional
        The limits, finite, lower < upper, in the unit of the outcome; at least one must be given.
    unit : str, optional
        Unit of the outcome, for tables and plots.

    Raises
    ------
    InvalidDataError
        No limit is given, the limits are not in order, or a field is not known.

    Examples
    --------
    >>> OutcomeConstraint("peak", lower=930, upper=970, unit="nm").is_satisfied([925, 930, 950])
    array([False,  True,  True])
    """

    type: Literal["outcome_constraint"] = "outcome_constraint"
    lower: FiniteFloat | None = None
    upper: FiniteFloat | None = None

    def __init__(
        self, name: str = UNSET, lower: float | None = UNSET, upper: float | None = UNSET, **fields: Any
    ) -> None:
        super().__init__(**given(name=name, lower=lower, upper=upper, **fields))

    @model_validator(mode="after")
    def _check_limits(self) -> Self:
        if self.lower is None and self.upper is None:
            raise ValueError(f"outcome {self.name!r} needs a lower or an upper limit, got neither")
        if self.lower is not None and self.upper is not None and not self.lower < self.upper:
            raise ValueError(
                f"outcome {self.name!r}: lower must be below upper, "
                f"got lower={self.lower} and upper={self.upper}"
            )
        return self

    @property
    def limits(self) -> tuple[float, float]:
        """Lower and upper limit, infinite where there is none, in the unit of the outcome."""
        lower = -np.inf if self.lower is None else self.lower
        return lower, np.inf if self.upper is None else self.upper

    def is_satisfied(self, y: ArrayLike) -> BoolArray:
        """Return whether outcomes are within the limits.

        Parameters
        ----------
        y : array-like of any shape
            Outcomes in their unit; NaN (not measured) is not within the limits.

        Returns
        -------
        ndarray of bool, of the shape of `y`
            True on a limit too; False for NaN.
        """
        lower, upper = self.limits
        values = numbers_of(y, "y")
        return np.asarray((values >= lower) & (values <= upper))

    def log_probability(self, mean: ArrayLike, std: ArrayLike) -> FloatArray:
        """Return log P(lower <= y <= upper) for y ~ Normal(mean, std²), accurate in both tails.

        With a = (lower - mean) / std, b = (upper - mean) / std, mirrored so that a <= 0:
        log Φ(b) + log(1 - Φ(a) / Φ(b)), the quotient taken as a difference of logarithms. Limits that are
        close in units of std would cancel; there a series about the middle of a and b takes its place.

        Parameters
        ----------
        mean, std : array-like of one shape
            Moments of the outcome, in its unit; std at least 0. Where std is 0 the result is 0 if the mean
            is within the limits and -inf if it is not.

        Returns
        -------
        ndarray of the same shape
            At most 0; -inf where the probability is 0.

        Raises
        ------
        InvalidDataError
            The shapes differ, a mean is not finite, or a std is negative or not finite.
        """
        mean_array, std_array = as_moments(mean, std, self.name)
        lower, upper = self.limits
        is_exact = std_array == 0
        scale = np.where(is_exact, 1.0, std_array)
        with np.errstate(over="ignore"):
            a, b = (lower - mean_array) / scale, (upper - mean_array) / scale
            log_mass = _log_normal_mass(a, b, (upper - lower) / scale)
        return np.where(is_exact, np.where(self.is_satisfied(mean_array), 0.0, -np.inf), log_mass)

    def probability(self, mean: ArrayLike, std: ArrayLike) -> FloatArray:
        """Return P(lower <= y <= upper) for y ~ Normal(mean, std²).

        Parameters
        ----------
        mean, std : array-like of one shape
            Moments of the outcome, in its unit; std at least 0.

        Returns
        -------
        ndarray of the same shape
            Between 0 and 1.

        Raises
        ------
        InvalidDataError
            The shapes differ, a mean is not finite, or a std is negative or not finite.
        """
        return np.exp(self.log_probability(mean, std))


def _log_normal_mass(a: FloatArray, b: FloatArray, width: FloatArray) -> FloatArray:
    """Return log(Φ(b) - Φ(a)) for a <= b; width is b - a before it is rounded."""
    with np.errstate(invalid="ignore", over="ignore"):
        middle = (a + b) / 2
        is_narrow = width * (1 + np.abs(middle)) < NARROW
    if not is_narrow.any():
        return _log_wide_mass(a, b)
    narrow = _log_narrow_mass(np.where(is_narrow, middle, 0.0), np.where(is_narrow, width, 1.0))
    return np.where(is_narrow, narrow, _log_wide_mass(a, b))


def _log_narrow_mass(m: FloatArray, w: FloatArray) -> FloatArray:
    """Return the log of the normal mass within w / 2 of m.

    It is φ(m) w (1 + w² He₂(m) / 24 + w⁴ He₄(m) / 1920), the integral of the Taylor series of φ; the next
    term is below 1e-15 for w (1 + abs(m)) < 0.01.
    """
    second, fourth = m**2 - 1, m**4 - 6 * m**2 + 3
    series = w**2 * (second / 24 + w**2 * fourth / 1920)
    return -0.5 * m**2 - LOG_SQRT_2PI + np.log(w) + np.log1p(series)


def _log_wide_mass(a: FloatArray, b: FloatArray) -> FloatArray:
    is_mirrored = a > 0
    log_low = log_ndtr(np.where(is_mirrored, -b, a))
    log_high = log_ndtr(np.where(is_mirrored, -a, b))
    reach = np.where(np.isneginf(log_high), 0.0, log_high)  # no mass within reach of float64
    return log_high + _log1mexp(np.minimum(log_low - reach, 0.0))


def _log1mexp(x: FloatArray) -> FloatArray:
    """Return log(1 - exp(x)) for x <= 0, accurate near 0 and far from it (M. Mächler, Rmpfr, 2012)."""
    is_near = x > -np.log(2)
    with np.errstate(divide="ignore"):
        near = np.log(-np.expm1(np.where(is_near, x, -1.0)))
    return np.where(is_near, near, np.log1p(-np.exp(np.where(is_near, -1.0, x))))
