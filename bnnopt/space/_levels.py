"""Variables that are a choice between levels."""

from typing import Any, Literal

from pydantic import field_validator, model_validator

from bnnopt.space._encoding import Level, LevelsCodec
from bnnopt.space._variable import REQUIRED, BaseVariable, check_levels, given, plain_levels

__all__ = ["Categorical"]


class Categorical(BaseVariable):
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
        return plain_levels(levels)

    @model_validator(mode="after")
    def _check(self) -> "Categorical":
        check_levels(self.name, self.levels)
        return self

    @property
    def codec(self) -> LevelsCodec:
        """The map to and from one column for each level."""
        return LevelsCodec(self.levels)
