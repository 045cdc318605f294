"""What every statement about an outcome shares: a frozen model with a name and a unit."""

from typing import Annotated, Any

from pydantic import Field

from bnnopt._models import FrozenModel
from bnnopt._plain import plain

__all__ = ["UNSET", "FiniteFloat", "OutcomeModel", "SingleObjective", "given"]

FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]

UNSET: Any = ...
"""Default of an argument that was not given: pydantic then says which field is missing."""


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that were given."""
    return {name: plain(value) for name, value in fields.items() if value is not UNSET}


class OutcomeModel(FrozenModel):
    """A frozen statement about the outcome `name`, measured in `unit`."""

    name: Annotated[str, Field(min_length=1)]
    unit: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The outcomes it speaks of, here one."""
        return (self.name,)

    @property
    def units(self) -> dict[str, str | None]:
        """Unit of each of these outcomes, by name."""
        return {self.name: self.unit}


class SingleObjective(OutcomeModel):
    """An objective of one outcome; those of several outcomes are made of them."""

    @property
    def has_moments(self) -> bool:
        """Whether `utility_moments` knows the moments: yes."""
        return True
