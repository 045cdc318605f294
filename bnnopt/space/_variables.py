"""The variables of a search space: what can be set, and what is only recorded."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bnnopt._plain import plain, shown
from bnnopt.space._descriptors import Descriptors
from bnnopt.space._encoding import Codec, IntervalCodec, Level, ListCodec, RawCodec
from bnnopt.space._grid import Grid
from bnnopt.space._levels import Categorical, codec_of_levels, descriptors_given
from bnnopt.space._numbers import Discrete, Integer, Real
from bnnopt.space._variable import REQUIRED, BaseVariable, check_interval, check_levels, given, plain_levels

__all__ = [
    "REQUIRED",
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


class Context(BaseVariable):
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
    descriptors : DataFrame or mapping, optional
        Numbers that describe each level, as of a `Categorical`; only together with levels.
    unit, description : str, default=""
        Shown in tables and plots.

    Raises
    ------
    InvalidDataError
        When the bounds do not make an interval, bounds and levels are both given, or the
        descriptors do not fit the levels.
    """

    type: Literal["context"] = "context"
    lower: float | None = None
    upper: float | None = None
    levels: tuple[Level, ...] | None = None
    descriptors: Descriptors | None = None

    is_context: ClassVar[bool] = True

    def __init__(self, name: str = REQUIRED, **options: Any) -> None:
        super().__init__(**given(name=name, **options))

    @field_validator("levels", mode="before")
    @classmethod
    def _accept_numpy(cls, levels: Any) -> Any:
        return plain_levels(levels)

    @field_validator("descriptors", mode="before")
    @classmethod
    def _tabulate(cls, table: Any, info: ValidationInfo) -> Any:
        if table is not None and info.data.get("levels", ()) is None:
            raise ValueError(
                f"descriptors of {info.data.get('name')!r}: expected levels beside them, got none."
            )
        return descriptors_given(table, info)

    @model_validator(mode="after")
    def _check(self) -> "Context":
        n_bounds = (self.lower is not None) + (self.upper is not None)
        if n_bounds == 1 or (n_bounds and self.levels is not None):
            raise ValueError(
                f"Context variable {self.name!r}: give both bounds, or levels, or neither; "
                f"got lower={self.lower}, upper={self.upper}, levels={self.levels}."
            )
        if self.lower is not None and self.upper is not None:
            check_interval(self.name, self.lower, self.upper, "linear")
        if self.levels is not None:
            check_levels(self.name, self.levels)
        return self

    @property
    def codec(self) -> Codec:
        """The map to and from the encoded columns: scaled by bounds, one per level, or the raw number."""
        if self.levels is not None:
            return codec_of_levels(self.levels, self.descriptors)
        if self.lower is not None and self.upper is not None:
            return IntervalCodec(self.lower, self.upper)
        return RawCodec()


Variable = Annotated[Real | Integer | Discrete | Categorical | Context, Field(discriminator="type")]
"""A variable of a search space; its `type` says which class it is."""


def limits_of(variable: Variable, limits: Sequence[Any]) -> dict[str, Any]:
    """Return new limits of a variable as its fields: (lower, upper), or the levels to keep."""
    limits = plain(limits)
    if isinstance(variable, Categorical | Context) and variable.levels is not None:
        return _kept_levels(variable.levels, variable.descriptors, tuple(limits))
    if isinstance(variable.codec, ListCodec):
        return {"values": tuple(limits)}
    if len(limits) != 2:
        raise ValueError(f"Variable {variable.name!r}: bounds must be (lower, upper), got {shown(limits)}.")
    if isinstance(variable, Real) and variable.grid is not None:
        limits = _on_grid(variable.name, variable.grid, *limits)
    return {"lower": limits[0], "upper": limits[1]}


def _kept_levels(
    levels: tuple[Level, ...], descriptors: Descriptors | None, kept: tuple[Level, ...]
) -> dict[str, Any]:
    """Return levels to keep with their descriptors; unknown ones have none."""
    if descriptors is None:
        return {"levels": kept}
    unknown = [level for level in kept if level not in levels]
    if unknown:
        raise ValueError(f"There are no descriptors of the levels {unknown}; keep to {list(levels)}.")
    return {"levels": kept, "descriptors": descriptors.taken([levels.index(level) for level in kept])}


def _on_grid(name: str, grid: Grid, lower: float, upper: float) -> tuple[float, float]:
    """Return the smallest and the largest value of a grid between bounds."""
    first, last = grid.within(lower, upper)
    if last <= first:
        raise ValueError(
            f"Variable {name!r}: expected at least two values of the grid between {lower} and {upper}, whose "
            f"step is {2 * grid.half_step:g}; widen these bounds or hold the setting."
        )
    return first, last


def as_context(variable: Variable) -> Context:
    """Return a variable as one that is not controlled, of the same bounds or levels."""
    shared = variable.model_dump(
        include={"name", "unit", "description", "lower", "upper", "levels", "descriptors"}
    )
    if isinstance(variable.codec, ListCodec):
        shared["lower"], shared["upper"] = variable.codec.cells
    return Context(**shared)
