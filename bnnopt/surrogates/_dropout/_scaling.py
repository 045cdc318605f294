"""Scaling of columns to [0, 1] by the range they had in fitting, and the centring that networks see."""

from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._rows import Rows

__all__ = ["InputScaler", "RangeScaler", "Scaling"]

STDS_PER_UNIT = 1.4
FARTHEST = 1e9  # that networks look, in these units: squares in their single precision are still numbers


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
        return cls.between(values.min(axis=0), values.max(axis=0))

    @classmethod
    def between(cls, lower: FloatArray, upper: FloatArray) -> "RangeScaler":
        """Take the range from smallest and largest values, each of shape (n_columns,)."""
        with np.errstate(over="ignore"):
            span = upper - lower
        if not np.isfinite(span).all():
            column = int(np.argmin(np.isfinite(span)))
            raise InvalidDataError(
                f"The values of column {column} are further apart than a float can say. Use a larger unit."
            )
        return cls(lower=lower, span=np.where(span > 0, span, 1.0))

    def scale(self, values: FloatArray) -> FloatArray:
        """Map from the columns' units to [0, 1]; values outside the range fall outside [0, 1]."""
        return (values - self.lower) / self.span

    def restore(self, scaled: FloatArray) -> FloatArray:
        """Map from [0, 1] back to the columns' units, along the last axis."""
        return np.asarray(scaled, dtype=float) * self.span + self.lower


@dataclass(frozen=True)
class InputScaler:
    """Inputs as networks see them: scaled to [0, 1] by `RangeScaler`, then centred and spread evenly.

    A column with one extreme row fills little of its range; without the second step the weights of all other
    rows would hang on whether that row is there. The unit is 1.4 standard deviations.

    Attributes
    ----------
    to_unit : RangeScaler
        Scales to [0, 1].
    centre, unit : ndarray of shape (n_columns,)
        Mean and 1.4 standard deviations of the scaled columns; the unit of a constant column is 1.
    """

    to_unit: RangeScaler
    centre: FloatArray
    unit: FloatArray

    @classmethod
    def of(cls, values: FloatArray, weights: FloatArray | None = None) -> "InputScaler":
        """Take ranges, means and spreads from columns.

        Parameters
        ----------
        values : ndarray of shape (n_rows, n_columns)
            The columns.
        weights : ndarray of shape (n_rows,), default=None
            Weight of each row in mean and spread, above 0; 1 by default.
        """
        to_unit = RangeScaler.of(values)
        scaled = to_unit.scale(values)
        centre = np.average(scaled, axis=0, weights=weights)
        variance = np.average(np.square(scaled - centre), axis=0, weights=weights)
        spread = STDS_PER_UNIT * np.sqrt(variance)
        return cls(to_unit=to_unit, centre=centre, unit=np.where(spread > 0, spread, 1.0))

    @classmethod
    def between(
        cls, lower: FloatArray, upper: FloatArray, mean: FloatArray, variance: FloatArray
    ) -> "InputScaler":
        """Take ranges, means and spreads as they are, each of shape (n_columns,)."""
        to_unit = RangeScaler.between(lower, upper)
        spread = STDS_PER_UNIT * np.sqrt(variance) / to_unit.span
        return cls(to_unit=to_unit, centre=to_unit.scale(mean), unit=np.where(spread > 0, spread, 1.0))

    def scale(self, values: FloatArray) -> FloatArray:
        """Map from the columns' units to what the networks see; beyond 1e9 all looks the same to them."""
        scaled = (self.to_unit.scale(values) - self.centre) / self.unit
        return np.clip(scaled, -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class Scaling:
    """Scaling of inputs and outputs, from the rows of the first fit."""

    x: InputScaler
    y: RangeScaler

    @classmethod
    def of(cls, rows: Rows) -> "Scaling":
        """Take ranges, means and spreads from the rows."""
        x, y = rows.x, rows.outputs
        inputs = InputScaler.between(x.lower, x.upper, x.mean, x.variance)
        return cls(inputs, RangeScaler.between(y.lower, y.upper))
