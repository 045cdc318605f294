"""What weighs the scores of candidates besides their outcomes: the chance of success, and what it costs."""

from dataclasses import dataclass, replace

import numpy as np

from bnnopt._typing import FloatArray, IntArray
from bnnopt.acquisition import Form, per_unit_cost, with_feasibility

__all__ = ["ALIKE", "Factors"]


@dataclass(frozen=True)
class Factors:
    """What weighs the scores of candidates besides their outcomes.

    Attributes
    ----------
    log_success : ndarray of shape (n,) or float
        Logarithm of the weight that a candidate has for its probability not to fail.
    cost : ndarray of shape (n,), optional
        Cost of the experiment, above 0; None where all cost the same.
    """

    log_success: FloatArray | float = 0.0
    cost: FloatArray | None = None

    def take(self, rows: IntArray) -> "Factors":
        """Return those of some candidates, by positions."""
        success = self.log_success if np.ndim(self.log_success) == 0 else np.asarray(self.log_success)[rows]
        return Factors(success, None if self.cost is None else self.cost[rows])

    def with_cost(self, cost: FloatArray) -> "Factors":
        """Return these factors with a cost for each candidate, shape (n,)."""
        return replace(self, cost=cost)

    def weigh(
        self, scores: FloatArray, log_probability: FloatArray, form: Form, floor: float | None = None
    ) -> FloatArray:
        """Return scores weighed by the probability of feasibility and of success, per unit of cost.

        Parameters
        ----------
        scores, log_probability : ndarray of shape (n,)
            See `with_feasibility`.
        form : {"positive", "log", "utility"}
            What the scores are.
        floor : float, optional
            Form "utility" only: what a candidate is worth that is surely infeasible.
        """
        weighed = with_feasibility(
            scores, np.asarray(log_probability) + self.log_success, form=form, floor=floor
        )
        return weighed if self.cost is None else per_unit_cost(weighed, self.cost, form=form, floor=floor)


ALIKE = Factors()
"""Candidates that nothing but their outcomes tells apart."""
