"""Several outcomes joined by the geometric mean of their desirabilities."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.objectives._aggregate import Aggregate, Numbers, Part, plain
from bnnopt.objectives._base import UNSET, FiniteFloat, given

__all__ = ["Desirability"]

Exponents = Annotated[tuple[Annotated[FiniteFloat, Field(gt=0)], ...], BeforeValidator(plain)]


class Desirability(Aggregate):
    """Make all outcomes acceptable, and as desirable as possible together.

    utility(y) = (product of d_i^r_i)^(1 / n_parts), d_i = (u_i(y_i) - low_i) / (high_i - low_i) cut to [0, 1]

    One outcome that is not acceptable (utility at most low) makes the whole 0, and being better than high
    gains nothing.

    Parameters
    ----------
    parts : sequence of Minimize, Maximize or Target
        At least two, of different outcomes.
    lows, highs : sequence of float
        The utility of each part up to which it is not acceptable, and from which on it is perfect;
        low < high, finite. A part that is minimised, not acceptable from 10 nm and perfect at 5 nm, has the
        low -10 and the high -5; of a `Target` -1 is the end of the tolerance and 0 the value.
    exponents : sequence of float, optional
        How steeply each desirability rises, above 0 and finite: above 1 only values close to high are
        desirable, below 1 all that are acceptable. Default: 1 each.

    Raises
    ------
    InvalidDataError
        A field is missing, out of range or not known, or the lengths do not fit.

    References
    ----------
    G. Derringer, R. Suich, "Simultaneous optimization of several response variables", J. Qual. Technol. 12
    (1980) 214-219, eqs. 1 to 3.

    Examples
    --------
    >>> from bnnopt.objectives import Maximize, Minimize
    >>> objective = Desirability([Minimize("width"), Maximize("yield")], lows=[-10, 0], highs=[-5, 100])
    >>> objective.utility([[6, 20], [4, 25], [11, 100]])
    array([0.4, 0.5, 0. ])
    """

    type: Literal["desirability"] = "desirability"
    lows: Numbers
    highs: Numbers
    exponents: Exponents | None = None

    def __init__(
        self,
        parts: Sequence[Part] = UNSET,
        lows: Sequence[float] = UNSET,
        highs: Sequence[float] = UNSET,
        exponents: Sequence[float] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(**given(parts=parts, lows=lows, highs=highs, exponents=exponents, **fields))

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_length(lows=self.lows, highs=self.highs, exponents=self.exponents)
        self._check_limits(self.lows, self.highs)
        return self

    def utility(self, y: ArrayLike) -> FloatArray:
        """Return the overall desirability of outcomes.

        Parameters
        ----------
        y : array-like of shape (..., n_parts)
            Outcomes in their units, those of `names` in this order on the last axis; NaN stays NaN.

        Returns
        -------
        ndarray of shape (...)
            Between 0 and 1, without unit.

        Raises
        ------
        InvalidDataError
            The shape is wrong.
        """
        lows, highs = np.array(self.lows), np.array(self.highs)
        powers = np.ones(len(self.parts)) if self.exponents is None else np.array(self.exponents)
        desirability = np.clip((self._part_utilities(y) - lows) / (highs - lows), 0, 1)
        return np.asarray(np.prod(desirability ** (powers / len(powers)), axis=-1))
