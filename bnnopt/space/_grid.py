"""Numbers at equal steps as exact decimals, without a table of them."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Self

import numpy as np

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["Grid"]

LARGEST = 2**53  # up to here every whole number is a float
ROUND_OFF = Fraction(1, 10**9)  # of a step: a bound that misses a value by less is meant to have it
SAME = 1e-6  # of a step: what is nearer to a value counts as that value


@dataclass(frozen=True)
class Grid:
    """The numbers (first + k * step) / 10**decimals for k = 0, ..., n_points - 1.

    Each is a quotient of two whole numbers that a float holds exactly, hence the float nearest its decimal:
    0.15, never 0.15000000000000002.

    Attributes
    ----------
    first, step : int
        The first number and the distance of two, in units of the last decimal.
    decimals : int
        Decimal places.
    n_points : int
        How many numbers, at least 2.
    """

    first: int
    step: int
    decimals: int
    n_points: int

    @classmethod
    def counted(cls, name: str, lower: float, upper: float, step: float) -> Self:
        """Return lower, lower + step, ... up to upper, or raise `ValueError` where these make no grid."""
        if not np.isfinite(step) or step <= 0:
            raise ValueError(f"Variable {name!r}: step must be a finite number above 0, got {step}.")
        start, stride = Decimal(repr(float(lower))), Decimal(repr(float(step)))
        decimals = max(0, *(-int(each.normalize().as_tuple().exponent) for each in (start, stride)))
        n_steps = floor((Fraction(repr(float(upper))) - Fraction(start)) / Fraction(stride) + ROUND_OFF)
        if n_steps < 1:
            raise ValueError(
                f"Variable {name!r}: step={step} is larger than the range, got lower={lower} and "
                f"upper={upper}; make the step smaller, or leave the variable out."
            )
        unit = 10**decimals
        grid = cls(int(Fraction(start) * unit), int(Fraction(stride) * unit), decimals, n_steps + 1)
        grid._check_size(name, f"lower={lower} and step={step}")
        return grid

    @classmethod
    def rounded(cls, name: str, lower: float, upper: float, digits: int) -> Self:
        """Return the numbers of so many decimal places between bounds, or raise `ValueError` below two."""
        unit = 10**digits
        first = ceil(Fraction(repr(float(lower))) * unit - ROUND_OFF)
        last = floor(Fraction(repr(float(upper))) * unit + ROUND_OFF)
        if last <= first:
            raise ValueError(
                f"Variable {name!r}: expected at least two numbers of {digits} decimal place(s) between "
                f"lower={lower} and upper={upper}; give more digits, or leave the variable out."
            )
        grid = cls(first, 1, digits, last - first + 1)
        grid._check_size(name, f"digits={digits}")
        return grid

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest number."""
        first, last = self.values(np.array([0.0, self.n_points - 1.0])).tolist()
        return first, last

    @property
    def half_step(self) -> float:
        """Half the distance of two numbers."""
        return self.step / 10**self.decimals / 2

    def values(self, places: FloatArray) -> FloatArray:
        """Return the numbers at whole places k of any shape; beyond the ends the grid goes on."""
        return (self.first + self.step * places) / 10.0**self.decimals + 0.0  # no -0.0

    def places(self, values: FloatArray) -> FloatArray:
        """Return the place of the number nearest to each value, beyond the ends too."""
        return np.rint(self.positions(values))

    def positions(self, values: FloatArray) -> FloatArray:
        """Return where values are on the grid, counted in steps from its first number, between places too."""
        return np.asarray((values * 10.0**self.decimals - self.first) / self.step)

    def inside(self, places: FloatArray) -> FloatArray:
        """Return the nearest places within the ends."""
        return np.clip(places, 0, self.n_points - 1)

    def within(self, lower: float, upper: float) -> tuple[float, float]:
        """Return the smallest and the largest number of the endless grid between two bounds."""
        low, high = self.positions(np.array([lower, upper], dtype=float))
        start, end = self.values(np.array([np.ceil(low - SAME), np.floor(high + SAME)])).tolist()
        return start, end

    def has(self, values: FloatArray) -> BoolArray:
        """Tell which values are numbers of the grid, to a millionth of a step."""
        places = self.places(values)
        is_near = np.abs(values - self.values(places)) <= 2 * SAME * self.half_step
        return np.asarray(is_near & (places >= 0) & (places <= self.n_points - 1))

    def _check_size(self, name: str, came: str) -> None:
        largest = max(abs(self.first), abs(self.first + self.step * (self.n_points - 1)))
        if largest >= LARGEST or self.decimals > 22:
            raise ValueError(
                f"Variable {name!r}: {came} make numbers of more than 15 digits, which no computer writes "
                "exactly; round the step and the lower bound, or give a Discrete its values."
            )
