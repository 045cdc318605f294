"""What objectives that join several outcomes share: parts, checks of their weights, tables of outcomes."""

from collections.abc import Sequence
from typing import Annotated, Any, Self, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bnnopt._models import FrozenModel
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives._base import FiniteFloat
from bnnopt.objectives._linear import Maximize, Minimize
from bnnopt.objectives._target import Target

__all__ = ["Aggregate", "Numbers", "Part", "Weights", "plain"]

Part: TypeAlias = Annotated[Minimize | Maximize | Target, Field(discriminator="type")]


def plain(values: Any) -> Any:
    """Return an array as a list, everything else as it is."""
    return values.tolist() if isinstance(values, np.ndarray) else values


Numbers: TypeAlias = Annotated[tuple[FiniteFloat, ...], BeforeValidator(plain)]
"""One finite number for each part; an array is taken too."""
Weights: TypeAlias = Annotated[
    tuple[Annotated[FiniteFloat, Field(ge=0)], ...], BeforeValidator(plain), Field(min_length=1)
]
"""One number of at least 0 for each part; an array is taken too."""


class Aggregate(FrozenModel):
    """A frozen objective of several outcomes: its parts are objectives of one outcome each."""

    parts: tuple[Part, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        doubled = sorted({name for name in self.names if self.names.count(name) > 1})
        if doubled:
            raise ValueError(f"outcome(s) {doubled} occur in more than one part; give each outcome one part")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The outcomes of the parts, in order."""
        return tuple(part.name for part in self.parts)

    @property
    def name(self) -> str:
        """What to call the utility in tables and plots, such as "weighted_sum(width, peak)"."""
        return f"{type(self).model_fields['type'].default}({', '.join(self.names)})"

    @property
    def unit(self) -> None:
        """Unit of the utility, for tables and plots: none; `units` has those of the outcomes."""
        return None

    @property
    def units(self) -> dict[str, str | None]:
        """Unit of each outcome, by name."""
        return {part.name: part.unit for part in self.parts}

    @property
    def is_linear(self) -> bool:
        """Whether normal outcomes have a normal utility: no."""
        return False

    @property
    def has_moments(self) -> bool:
        """Whether `utility_moments` knows the moments: no, use draws."""
        return False

    def utility_moments(self, mean: ArrayLike, std: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Refuse: the moments of the utility have no closed form; take the utility of draws of the outcomes.

        Parameters
        ----------
        mean, std : array-like of shape (..., n_parts)
            Moments of the outcomes.

        Raises
        ------
        InvalidDataError
            Always.
        """
        raise InvalidDataError(
            f"The moments of {self.name} have no closed form: take its utility of joint draws of the "
            f"outcomes (got moments of shape {np.shape(mean)} and {np.shape(std)})."
        )

    def _part_utilities(self, y: ArrayLike) -> FloatArray:
        """Return the utilities of the parts, shape (..., n_parts), of outcomes of the same shape."""
        outcomes = self._with_parts(y, "outcomes")
        return np.stack([part.utility(outcomes[..., i]) for i, part in enumerate(self.parts)], axis=-1)

    def _with_parts(self, values: ArrayLike, what: str) -> FloatArray:
        array = numbers_of(values, what)
        if array.ndim == 0 or array.shape[-1] != len(self.parts):
            raise InvalidDataError(
                f"{self.name}: {what} must have {len(self.parts)} columns, {list(self.names)} in this order, "
                f"on the last axis, got shape {array.shape}."
            )
        return array

    def _check_length(self, **numbers: Sequence[float] | None) -> None:
        for name, values in numbers.items():
            if values is not None and len(values) != len(self.parts):
                raise ValueError(
                    f"{name}: one number for each of the {len(self.parts)} parts was expected, "
                    f"got {len(values)}"
                )

    def _check_limits(self, lows: Sequence[float], highs: Sequence[float]) -> None:
        for part, low, high in zip(self.parts, lows, highs, strict=True):
            if not low < high:
                raise ValueError(
                    f"part {part.name!r}: low must be below high, got {low} and {high}; both are utilities, "
                    "where larger is better, so an outcome that is minimised enters with its sign changed"
                )
