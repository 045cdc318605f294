"""What values an outcome can have at all."""

from collections.abc import Iterator
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from bnnopt._typing import ArrayLike, BoolArray
from bnnopt._validation import admissible_scales, beyond_bounds, numbers_of
from bnnopt.objectives._base import UNSET, FiniteFloat, OutcomeModel, given

__all__ = ["Outcome"]


class Outcome(OutcomeModel):
    """Say between which bounds an outcome lies by its nature, such as a yield from 0 to 100 %.

    lower <= y <= upper

    What is predicted of it then lies within the bounds: means, intervals and draws. An `OutcomeConstraint` is
    something else: limits that an outcome can break, but should not.

    The outcome is learned on a scale without bounds. A measured value on a bound has no finite place there:
    it is learned as a little inside, half as far from the bound as the nearest other value, and at most the
    share 1 / (2 n) of the width (two bounds) or of the largest distance (one bound) among n values.

    Parameters
    ----------
    name : str
        The outcome; the only argument that may be given by position.
    lower, upper : float, optional
        The bounds, finite, lower < upper, in the unit of the outcome; none where it has none.
    scale : {"auto", "identity", "log", "logit", "power"}, default="auto"
        On which scale it is learned: the logarithm of the distance from the one bound ("log"), that of the
        ratio of the distances from both ("logit"), its own, cut off at the bounds ("identity"), or, without
        bounds, a signed root of the distance from one of its values ("power"). "auto" mixes
        those that fit the bounds by what held-out rows say.
    closed : {"both", "left", "right", "neither"}, default="both"
        The bounds that a measured value may lie on: "right" for a polydispersity in (0, 1].
    unit : str, optional
        Unit of the outcome, for tables and plots.

    Raises
    ------
    InvalidDataError
        The bounds are not in order, the scale does not fit them, or a field is not known.

    Examples
    --------
    >>> Outcome("polydispersity", lower=0, upper=1, closed="right").is_possible([-0.1, 0, 0.2, 1])
    array([False, False,  True,  True])
    """

    lower: FiniteFloat | None = None
    upper: FiniteFloat | None = None
    scale: Literal["auto", "identity", "log", "logit", "power"] = "auto"
    closed: Literal["both", "left", "right", "neither"] = "both"

    def __init__(self, name: str = UNSET, **fields: Any) -> None:
        super().__init__(**given(name=name, **fields))

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        try:
            admissible_scales(self.lower, self.upper, self.scale)
        except ValueError as error:
            raise ValueError(f"outcome {self.name!r}: {error}") from error
        return self

    @property
    def is_bounded(self) -> bool:
        """Whether there is a bound."""
        return self.lower is not None or self.upper is not None

    def is_possible(self, y: ArrayLike) -> BoolArray:
        """Return whether values are within the bounds.

        Parameters
        ----------
        y : array-like of any shape
            Values in the unit of the outcome; NaN (not measured) is possible.

        Returns
        -------
        ndarray of bool, of the shape of `y`
            True on a bound that `closed` includes.
        """
        values = numbers_of(y, "y")
        flags = np.ones(values.shape, dtype=bool)
        for is_bad, _ in self.violations(values):
            flags &= ~is_bad
        return flags

    def violations(self, y: ArrayLike) -> Iterator[tuple[BoolArray, str]]:
        """Return for each bound which values are beyond it, and what is wrong with them in words.

        Parameters
        ----------
        y : array-like of any shape
            Values in the unit of the outcome; NaN is beyond no bound.

        Returns
        -------
        iterator of (ndarray of bool, of the shape of `y`, and str)
            Nothing where all values are within the bounds.
        """
        return beyond_bounds(numbers_of(y, "y"), self.lower, self.upper, self.closed)
