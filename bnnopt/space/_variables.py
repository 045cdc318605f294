"""The variables of a search space: what can be set, and what is only recorded."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bnnopt.space._encoding import Codec, IntervalCodec, Level, LevelsCodec, ListCodec, RawCodec

__all__ = [
    "Categorical",
    "Context",
    "Discrete",
    "Integer",
    "Real",
    "Variable",
    "as_context",
    "given",
    "limits_of",
]

REQUIRED: Any = ...
LARGEST_INTEGER = 10**12

Scale: TypeAlias = Literal["linear", "log"]


def given(**values: Any) -> dict[str, Any]:
    """Return the arguments that were given, so that pydantic names the missing ones."""
    return {key: value for key, value in values.items() if value is not REQUIRED}


class _Variable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    unit: str = ""
    description: str = ""

    is_context: ClassVar[bool] = False


class Real(_Variable):
    """A number that can be set anywhere between two bounds.

    Parameters
    ----------
    name : str
        The column in tables of settings.
    lower, upper : float
        Smallest and largest value, in the user's unit; lower < upper, both finite.
    scale : {"linear", "log"}, default="linear"
        "log" when ratios matter more than differences (concentrations, rates); needs lower > 0.
    unit, description : str, default=""
        Shown in tables and plots.

    Raises
    ------
    pydantic.ValidationError
        (a `ValueError`) When the bounds do not make an interval.

    Examples
    --------
    >>> Real("T_inj", 50, 170, unit="°C").upper
    170.0
    """

    type: Literal["real"] = "real"
    lower: float
    upper: float
    scale: Scale = "linear"

    def __init__(
        self, name: str = REQUIRED, lower: float = REQUIRED, upper: float = REQUIRED, **options: Any
    ) -> None:
        super().__init__(**given(name=name, lower=lower, upper=upper), **options)

    @model_validator(mode="after")
    def _check(self) -> "Real":
        _check_interval(self.name, self.lower, self.upper, self.scale)
        return self

    @property
    def codec(self) -> IntervalCodec:
        """The map to and from the unit interval."""
        return IntervalCodec(self.lower, self.upper, is_log=self.scale == "log")


class Integer(_Variable):
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
    pydantic.ValidationError
        (a `ValueError`) When the bounds do not make an interval.
    """

    type: Literal["integer"] = "integer"
    lower: int
    upper: int
    scale: Scale = "linear"

    def __init__(
        self, name: str = REQUIRED, lower: int = REQUIRED, upper: int = REQUIRED, **options: Any
    ) -> None:
        super().__init__(**given(name=name, lower=lower, upper=upper), **options)

    @model_validator(mode="after")
    def _check(self) -> "Integer":
        _check_interval(self.name, self.lower, self.upper, self.scale)
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


class Discrete(_Variable):
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
    pydantic.ValidationError
        (a `ValueError`) When there are fewer than two numbers, or one occurs twice, is not finite, or is not
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
        super().__init__(**given(name=name, values=values), **options)

    @field_validator("values", mode="before")
    @classmethod
    def _sorted(cls, values: Any) -> Any:
        try:
            return tuple(sorted(float(value) for value in values))
        except TypeError as error:
            raise ValueError(f"values: expected a list of numbers, got {values!r}") from error

    @model_validator(mode="after")
    def _check(self) -> "Discrete":
        if len(self.values) < 2 or len(set(self.values)) < len(self.values):
            raise ValueError(
                f"Discrete {self.name!r}: give at least two different values, got {self.values}."
            )
        _check_interval(self.name, self.values[0], self.values[-1], self.scale)
        return self

    @property
    def codec(self) -> ListCodec:
        """The map to and from one column of the unit cube."""
        return ListCodec(self.values, self.scale == "log")


class Categorical(_Variable):
    """A choice between named levels that have no order.

    Parameters
    ----------
    name : str
        The column in tables of settings.
    levels : sequence of str, int, float or bool
        The levels, at least one (two, to have a choice), no two of them equal (1, 1.0 and True are equal).
    unit, description : str, default=""
        Shown in tables and plots.

    Raises
    ------
    pydantic.ValidationError
        (a `ValueError`) When there is no level, or the same level twice.
    """

    type: Literal["categorical"] = "categorical"
    levels: tuple[Level, ...]

    def __init__(self, name: str = REQUIRED, levels: Any = REQUIRED, **options: Any) -> None:
        super().__init__(**given(name=name, levels=levels), **options)

    @field_validator("levels", mode="before")
    @classmethod
    def _accept_numpy(cls, levels: Any) -> Any:
        return _plain_levels(levels)

    @model_validator(mode="after")
    def _check(self) -> "Categorical":
        _check_levels(self.name, self.levels)
        return self

    @property
    def codec(self) -> LevelsCodec:
        """The map to and from one column for each level."""
        return LevelsCodec(self.levels)


class Context(_Variable):
    """A variable that is recorded but not controlled, such as room temperature or a batch of raw material.

    Surrogates learn from it; nothing is ever suggested for it, and values outside its bounds are no error.

    Parameters
    ----------
    name : str
        The column in tables of settings.
    lower, upper : float, optional
        The range it is expected in, in the user's unit; both or none, lower < upper.
    levels : sequence of str, int, float or bool, optional
        The known levels of a context that is not a number; not together with bounds.
    unit, description : str, default=""
        Shown in tables and plots.

    Raises
    ------
    pydantic.ValidationError
        (a `ValueError`) When the bounds do not make an interval, or bounds and levels are both given.
    """

    type: Literal["context"] = "context"
    lower: float | None = None
    upper: float | None = None
    levels: tuple[Level, ...] | None = None

    is_context: ClassVar[bool] = True

    def __init__(self, name: str = REQUIRED, **options: Any) -> None:
        super().__init__(**given(name=name), **options)

    @field_validator("levels", mode="before")
    @classmethod
    def _accept_numpy(cls, levels: Any) -> Any:
        return _plain_levels(levels)

    @model_validator(mode="after")
    def _check(self) -> "Context":
        n_bounds = (self.lower is not None) + (self.upper is not None)
        if n_bounds == 1 or (n_bounds and self.levels is not None):
            raise ValueError(
                f"Context variable {self.name!r}: give both bounds, or levels, or neither; "
                f"got lower={self.lower}, upper={self.upper}, levels={self.levels}."
            )
        if self.lower is not None and self.upper is not None:
            _check_interval(self.name, self.lower, self.upper, "linear")
        if self.levels is not None:
            _check_levels(self.name, self.levels)
        return self

    @property
    def codec(self) -> Codec:
        """The map to and from the encoded columns: scaled by bounds, one per level, or the raw number."""
        if self.levels is not None:
            return LevelsCodec(self.levels)
        if self.lower is not None and self.upper is not None:
            return IntervalCodec(self.lower, self.upper)
        return RawCodec()


Variable = Annotated[Real | Integer | Discrete | Categorical | Context, Field(discriminator="type")]


def limits_of(variable: Variable, limits: Sequence[Any]) -> dict[str, Any]:
    """Return new limits of a variable as its fields: (lower, upper), or the levels to keep."""
    if isinstance(variable.codec, LevelsCodec):
        return {"levels": tuple(limits)}
    if isinstance(variable.codec, ListCodec):
        return {"values": tuple(limits)}
    if len(limits) != 2:
        raise ValueError(f"Variable {variable.name!r}: bounds must be (lower, upper), got {limits!r}.")
    return {"lower": limits[0], "upper": limits[1]}


def as_context(variable: Variable) -> Context:
    """Return a variable as one that is not controlled, of the same bounds or levels."""
    shared = variable.model_dump(include={"name", "unit", "description", "lower", "upper", "levels"})
    if isinstance(variable.codec, ListCodec):
        shared["lower"], shared["upper"] = variable.codec.cells
    return Context.model_validate(shared)


def _check_interval(name: str, lower: float, upper: float, scale: str) -> None:
    came = f"got lower={lower} and upper={upper}"
    if not np.isfinite(float(upper) - float(lower)):
        raise ValueError(
            f"Variable {name!r}: the bounds must be finite numbers, {came}; give the real limits."
        )
    if lower > upper:
        raise ValueError(f"Variable {name!r}: lower must be below upper, {came}; swap them.")
    if lower == upper:
        raise ValueError(
            f"Variable {name!r}: the bounds are equal, {came}; widen them or leave the variable out."
        )
    if scale == "log" and lower <= 0:
        raise ValueError(
            f"Variable {name!r}: a log scale needs lower > 0, {came}; raise lower or use 'linear'."
        )


def _check_levels(name: str, levels: tuple[Level, ...]) -> None:
    if not levels:
        raise ValueError(f"Variable {name!r}: got no levels; give at least one.")
    doubled = sorted({repr(level) for i, level in enumerate(levels) if level in levels[:i]})
    if doubled:
        raise ValueError(
            f"Variable {name!r}: level(s) {', '.join(doubled)} occur more than once in {list(levels)}; "
            "keep each once (1, 1.0 and True count as the same level)."
        )
    if any(isinstance(level, float) and not np.isfinite(level) for level in levels):
        raise ValueError(
            f"Variable {name!r}: levels must be finite or text, got {list(levels)}; remove the others."
        )


def _plain_levels(levels: Any) -> Any:
    if isinstance(levels, str) or not hasattr(levels, "__iter__"):
        return levels
    return tuple(level.item() if isinstance(level, np.generic) else level for level in levels)
