"""Variables that are numbers: between bounds, whole, or out of a list."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from bnnopt.space._encoding import IntervalCodec, ListCodec
from bnnopt.space._grid import Grid
from bnnopt.space._variable import REQUIRED, BaseVariable, Scale, check_interval, given

__all__ = ["Discrete", "Integer", "Real"]

LARGEST_INTEGER = 10**12


class Real(BaseVariable):
    """A number that can be set anywhere between two bounds, or there at the resolution of a laboratory.

    With `step` or `digits` all that is suggested lies on a grid of exact decimals, while surrogates see the
    continuous input that it is without. Rows told off the grid are learned from as they were measured, and
    count as the setting that they round to where rows are compared, by `tell` as by `ask`.

    Parameters
    ----------
    name : str
        The column in tables of settings.
    lower, upper : float
        Smallest and largest value, in the user's unit; lower < upper, both finite.
    scale : {"linear", "log"}, default="linear"
        "log" when ratios matter more than differences (concentrations, rates); needs lower > 0.
    step : float, optional
        The smallest change that can be set, in the user's unit on a log scale too; above 0, at most
        upper - lower. Values count from the lower bound: lower, lower + step, and so on; an upper bound that
        is not among them is never reached.
    digits : int, optional
        In place of a step, the decimal places that can be set, 0 to 15: with 2 all multiples of 0.01 within
        the bounds, whatever these are.
    unit, description : str, default=""
        Shown in tables and plots.

    Raises
    ------
    InvalidDataError
        When the bounds do not make an interval, a step is not above 0 or larger than the
        range, digits leave fewer than two values, both are given, or values would have more than 15 digits.

    Examples
    --------
    >>> Real("T_inj", 50, 170, unit="°C").upper
    170.0
    >>> import pandas as pd
    >>> from bnnopt import SearchSpace
    >>> space = SearchSpace([Real("x", 0, 1, step=0.05)])
    >>> space.decode([[0.16]])["x"].tolist()
    [0.15]
    """

    type: Literal["real"] = "real"
    lower: float
    upper: float
    scale: Scale = "linear"
    step: float | None = None
    digits: int | None = Field(default=None, ge=0, le=15)

    def __init__(
        self, name: str = REQUIRED, lower: float = REQUIRED, upper: float = REQUIRED, **options: Any
    ) -> None:
        super().__init__(**given(name=name, lower=lower, upper=upper, **options))

    @model_validator(mode="after")
    def _check(self) -> "Real":
        check_interval(self.name, self.lower, self.upper, self.scale)
        if self.step is not None and self.digits is not None:
            raise ValueError(
                f"Variable {self.name!r}: got step={self.step} and digits={self.digits}; give one of them."
            )
        _ = self.grid  # what makes none is told at once
        return self

    @property
    def grid(self) -> Grid | None:
        """The values that can be set; None for a continuum."""
        return _grid(self.name, self.lower, self.upper, self.step, self.digits)

    @property
    def codec(self) -> IntervalCodec:
        """The map to and from the unit interval."""
        return IntervalCodec(self.lower, self.upper, is_log=self.scale == "log", grid=self.grid)


class Integer(BaseVariable):
    """A whole number that can be set between two bounds, both included.

    Parameters
    ----------
    name : str
        The column in tables of settings.
    lower, upper : int
        Smallest and largest value, in the user's unit; lower < upper, neither beyond 10**12 in size.
    scale : {"linear", "log"}, default="linear"
        "log" when ratios matter more than differences; needs lower >= 1.
    unit, description : str, default=""
        Shown in tables and plots.

    Raises
    ------
    InvalidDataError
        When the bounds do not make an interval.
    """

    type: Literal["integer"] = "integer"
    lower: int
    upper: int
    scale: Scale = "linear"

    def __init__(
        self, name: str = REQUIRED, lower: int = REQUIRED, upper: int = REQUIRED, **options: Any
    ) -> None:
        super().__init__(**given(name=name, lower=lower, upper=upper, **options))

    @model_validator(mode="after")
    def _check(self) -> "Integer":
        check_interval(self.name, self.lower, self.upper, self.scale)
        if max(abs(self.lower), abs(self.upper)) > LARGEST_INTEGER:
            raise ValueError(
                f"Variable {self.name!r}: the bounds of an Integer are at most {LARGEST_INTEGER} in size, "
                f"got lower={self.lower} and upper={self.upper}; use a Real."
            )
        return self

    @property
    def codec(self) -> IntervalCodec:
        """The map to and from the unit interval."""
        return IntervalCodec(self.lower, self.upper, is_log=self.scale == "log", is_integer=True)


class Discrete(BaseVariable):
    """A number out of a list, such as the sizes in which something is sold.

    Its order and its distances count: it is one column of the unit cube, unlike a `Categorical`.

    Parameters
    ----------
    name : str
        The column in tables of settings.
    values : sequence of float
        At least two different finite numbers, in the user's unit; they are kept in ascending order.
    scale : {"linear", "log"}, default="linear"
        Whether distances are those of the numbers or of their logarithms (all above 0 then).
    unit, description : str, default=""
        Shown in tables and plots.

    Raises
    ------
    InvalidDataError
        When there are fewer than two numbers, or one occurs twice, is not finite, or is not
        above 0 on a log scale.

    Examples
    --------
    >>> Discrete("flask", [250, 50, 100], unit="mL").values
    (50.0, 100.0, 250.0)
    """

    type: Literal["discrete"] = "discrete"
    values: tuple[float, ...]
    scale: Scale = "linear"

    def __init__(self, name: str = REQUIRED, values: Any = REQUIRED, **options: Any) -> None:
        super().__init__(**given(name=name, values=values, **options))

    @field_validator("values", mode="before")
    @classmethod
    def _sorted(cls, values: Any) -> Any:
        try:
            listed = list(values)
            if isinstance(values, str | Mapping) or any(isinstance(each, str) for each in listed):
                raise TypeError("text")
            return tuple(sorted(float(value) for value in listed))
        except (TypeError, OverflowError) as error:
            raise ValueError(f"values: expected a list of numbers, got {values!r:.80}") from error

    @model_validator(mode="after")
    def _check(self) -> "Discrete":
        if len(self.values) < 2 or len(set(self.values)) < len(self.values):
            raise ValueError(
                f"Discrete {self.name!r}: give at least two different values, got {self.values}."
            )
        check_interval(self.name, self.values[0], self.values[-1], self.scale)
        return self

    @property
    def codec(self) -> ListCodec:
        """The map to and from one column of the unit cube."""
        return ListCodec(self.values, self.scale == "log")


@lru_cache(maxsize=256)
def _grid(name: str, lower: float, upper: float, step: float | None, digits: int | None) -> Grid | None:
    """Return the grid of a step or of digits; it is asked for often."""
    if step is not None:
        return Grid.counted(name, lower, upper, step)
    return None if digits is None else Grid.rounded(name, lower, upper, digits)
