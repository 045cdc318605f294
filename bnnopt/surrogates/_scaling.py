"""Scaling of columns to [0, 1] by the range they had in fitting, and back."""

from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["RangeScaler"]


@dataclass(frozen=True)
class RangeScaler:
    """Column-wise map of [lower, lower + span] to [0, 1].

    Attributes
    ----------
    lower, span : ndarray of shape (n_columns,)
        Smallest value and range of each column; the span of a constant column is 1.
    """

    lower: FloatArray
    span: FloatArray

    @classmethod
    def of(cls, values: FloatArray) -> "RangeScaler":
        """Take the range from the columns of `values`, shape (n_rows, n_columns)."""
        lower = values.min(axis=0)
        span = values.max(axis=0) - lower
        return cls(lower=lower, span=np.where(span > 0, span, 1.0))

    def scale(self, values: FloatArray) -> FloatArray:
        """Map from the columns' units to [0, 1]; values outside the range fall outside [0, 1]."""
        return (values - self.lower) / self.span

    def restore(self, scaled: FloatArray) -> FloatArray:
        """Map from [0, 1] back to the columns' units, along the last axis."""
        return np.asarray(scaled, dtype=float) * self.span + self.lower
