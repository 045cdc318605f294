"""Several outcomes joined by a weighted sum of their utilities."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.objectives._aggregate import Aggregate, Part, Weights
from bnnopt.objectives._base import UNSET, given

__all__ = ["WeightedSum"]


class WeightedSum(Aggregate):
    """Make a weighted sum of utilities as large as possible.

    utility(y) = sum of w_i u_i(y_i)

    The weights carry units: 2 for a width in nm and 1 for a yield in % say that 1 nm is worth 2 %.
    A sum finds no compromise in a dent of the Pareto front; `Chebyshev` does.

    Parameters
    ----------
    parts : sequence of Minimize, Maximize or Target
        At least two, of different outcomes.
    weights : sequence of float, optional
        One for each part, finite, at least 0 and not all 0, in a unit that makes the products alike.
        Default: 1 each.

    Raises
    ------
    InvalidDataError
        A field is missing, out of range or not known, or the lengths do not fit.

    Examples
    --------
    >>> from bnnopt.objectives import Maximize, Minimize
    >>> objective = WeightedSum([Minimize("width"), Maximize("yield")], weights=[2.0, 1.0])
    >>> objective.utility([[3.0, 10.0], [2.0, 5.0]])
    array([4., 1.])
    """

    type: Literal["weighted_sum"] = "weighted_sum"
    weights: Weights | None = None

    def __init__(
        self, parts: Sequence[Part] = UNSET, weights: Sequence[float] | None = None, **fields: Any
    ) -> None:
        super().__init__(**given(parts=parts, weights=weights, **fields))

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_length(weights=self.weights)
        if self.weights is not None and not any(self.weights):
            raise ValueError("weights: at least one must be above 0, got only 0")
        return self

    @property
    def is_linear(self) -> bool:
        """Whether normal outcomes have a normal utility: yes, if all parts are linear."""
        return all(part.is_linear for part in self.parts)

    @property
    def has_moments(self) -> bool:
        """Whether `utility_moments` knows the moments: yes, of independent outcomes."""
        return True

    def utility(self, y: ArrayLike) -> FloatArray:
        """Return the utility of outcomes.

        Parameters
        ----------
        y : array-like of shape (..., n_parts)
            Outcomes in their units, those of `names` in this order on the last axis; NaN stays NaN.

        Returns
        -------
        ndarray of shape (...)
            Utility, larger is better, in the unit of the products of weight and utility.
        """
        return np.asarray(self._part_utilities(y) @ self._weight_array())

    def utility_moments(self, mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the utility of independent y_i ~ Normal(mean_i, std_i²).

        With m_i and s_i the moments of the parts' utilities they are sum of w_i m_i and
        sqrt(sum of w_i² s_i²). Outcomes that are correlated have another standard deviation; use draws.

        Parameters
        ----------
        mean, std : array-like of one shape (..., n_parts)
            Moments of the outcomes, in their units; std at least 0.

        Returns
        -------
        mean, std : ndarray of shape (...)
            Moments of the utility.

        Raises
        ------
        InvalidDataError
            The shapes do not fit, a mean is not finite, or a std is negative or not finite.
        """
        means, stds = self._with_parts(mean, "means"), self._with_parts(std, "standard deviations")
        moments = [part.utility_moments(means[..., i], stds[..., i]) for i, part in enumerate(self.parts)]
        weights = self._weight_array()
        part_means, part_stds = (np.stack(part, axis=-1) for part in zip(*moments, strict=True))
        return np.asarray(part_means @ weights), np.linalg.norm(part_stds * weights, axis=-1)

    def _weight_array(self) -> FloatArray:
        return np.ones(len(self.parts)) if self.weights is None else np.array(self.weights)
