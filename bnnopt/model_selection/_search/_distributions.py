"""Distributions of scipy.stats as ranges, or as quantiles of one."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bnnopt.exceptions import InvalidDataError

__all__ = ["DistributionValues", "Limits", "counted_values", "is_distribution", "range_of"]

OPEN_END = 1e-3  # probability left out at an end that is infinite
PRIORS = {"uniform": "uniform", "loguniform": "log-uniform", "reciprocal": "log-uniform"}


class Limits(NamedTuple):
    """A range, and how its values are spaced."""

    lower: float
    upper: float
    prior: str
    is_whole: bool


@dataclass(frozen=True)
class DistributionValues:
    """Values of a continuous distribution by their probability, so that what is likely has more room.

    Attributes
    ----------
    frozen : frozen distribution of scipy.stats
    lowest, highest : float
        Probabilities between which values are taken: 0 and 1, or 0.001 less where an end is infinite.
    """

    frozen: Any
    lowest: float
    highest: float

    @classmethod
    def of(cls, frozen: Any) -> "DistributionValues":
        """Return the values of a frozen distribution."""
        start, end = np.isfinite(frozen.support())
        return cls(frozen, 0.0 if start else OPEN_END, 1.0 if end else 1 - OPEN_END)

    def value(self, probability: float) -> float:
        """Return the quantile of a probability."""
        return float(self.frozen.ppf(probability))

    def cell(self, value: Any) -> float | None:
        """Return the probability of a value; None for what is no number or outside."""
        if not isinstance(value, int | float | np.number):
            return None
        probability = float(self.frozen.cdf(value))
        return probability if self.lowest <= probability <= self.highest else None


def is_distribution(given: Any) -> bool:
    """Tell whether something can be drawn from."""
    return callable(getattr(given, "rvs", None))


def counted_values(frozen: Any) -> list[Any]:
    """Return the values of a distribution that lists them, such as `rv_discrete(values=...)`; none if not."""
    listed = getattr(getattr(frozen, "dist", frozen), "xk", None)
    if listed is None:
        return []
    values = np.asarray(listed) + (frozen.support()[0] - np.min(listed))  # a frozen one may be moved
    return values[frozen.pmf(values) > 0].tolist()


def range_of(frozen: Any) -> Limits | None:
    """Return a distribution as a range: uniform, log-uniform, or whole numbers; None for any other.

    Raises
    ------
    InvalidDataError
        It has no quantiles.
    """
    if not all(callable(getattr(frozen, each, None)) for each in ("ppf", "cdf", "support")):
        raise InvalidDataError(
            "expected a frozen distribution of scipy.stats with ppf, cdf and support, such as "
            f"scipy.stats.loguniform(1e-3, 1e3); got {frozen!r:.80}, which can only be drawn from. Give its "
            "range or its choices."
        )
    if callable(getattr(frozen, "pmf", None)):
        start, end = frozen.support()
        lower = start if np.isfinite(start) else frozen.ppf(OPEN_END)
        upper = end if np.isfinite(end) else frozen.ppf(1 - OPEN_END)
        return Limits(int(lower), int(upper), "uniform", is_whole=True)
    prior = PRIORS.get(getattr(getattr(frozen, "dist", None), "name", ""))
    if prior is None:
        return None
    lower, upper = frozen.support()
    return Limits(float(lower), float(upper), prior, is_whole=False)
