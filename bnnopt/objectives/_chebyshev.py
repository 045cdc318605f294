"""Several outcomes joined by the worst of their distances from the ideal."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives._aggregate import Aggregate, Numbers, Part, Weights
from bnnopt.objectives._base import UNSET, FiniteFloat, given

__all__ = ["Chebyshev"]


class Chebyshev(Aggregate):
    """Bring all utilities close to their best, the one that is farthest off counting most.

    utility(y) = -(max of w_i d_i) - rho (sum of w_i d_i), with d_i = (high_i - u_i(y_i)) / (high_i - low_i)

    It is the augmented Chebyshev function on utilities that are scaled to [0, 1]. Every point of the Pareto
    front, also in its dents, is best for some weights; random weights, one set for each suggestion, spread
    the suggestions over the front (ParEGO).

    Parameters
    ----------
    parts : sequence of Minimize, Maximize or Target
        At least two, of different outcomes.
    weights : sequence of float, optional
        One for each part, finite, at least 0 and not all 0, without unit. Default: 1 / n_parts each.
    rho : float, default=0.05
        Weight of the sum, at least 0 and finite; above 0 the best point is never a dominated one.
    lows, highs : sequence of float, optional
        The utility of each part that counts as 1 off and as ideal, low < high, finite; both or neither.
        A part that is minimised from 10 nm to 5 nm has the low -10 and the high -5. Without them only
        `scaled` gives an objective that has a utility.

    Raises
    ------
    InvalidDataError
        A field is missing, out of range or not known, or the lengths do not fit.

    References
    ----------
    J. Knowles, "ParEGO: a hybrid algorithm with on-line landscape approximation for expensive
    multiobjective optimization problems", IEEE Trans. Evol. Comput. 10 (2006) 50-66, eq. 2.

    Examples
    --------
    >>> from bnnopt.objectives import Maximize, Minimize
    >>> objective = Chebyshev([Minimize("width"), Maximize("yield")], rho=0.0)
    >>> objective.scaled([-10, 0], [-5, 100]).utility([[5, 60], [10, 100]])
    array([-0.2, -0.5])
    """

    type: Literal["chebyshev"] = "chebyshev"
    weights: Weights | None = None
    rho: Annotated[FiniteFloat, Field(ge=0)] = 0.05
    lows: Numbers | None = None
    highs: Numbers | None = None

    def __init__(
        self, parts: Sequence[Part] = UNSET, weights: Sequence[float] | None = None, **fields: Any
    ) -> None:
        super().__init__(**given(parts=parts, weights=weights, **fields))

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_length(weights=self.weights, lows=self.lows, highs=self.highs)
        if self.weights is not None and not any(self.weights):
            raise ValueError("weights: at least one must be above 0, got only 0")
        if (self.lows is None) != (self.highs is None):
            raise ValueError("lows and highs: give both or neither")
        if self.lows is not None and self.highs is not None:
            self._check_limits(self.lows, self.highs)
        return self

    @property
    def is_scaled(self) -> bool:
        """Whether it has `lows` and `highs`, and with them a utility."""
        return self.lows is not None

    def scaled(self, low: ArrayLike, high: ArrayLike) -> Self:
        """Return the same objective with other limits of the parts' utilities.

        Where both limits of a part are equal, as of experiments that do not differ, the lower one is set off
        by abs(high), or by 1 if that is 0, so that the part has a scale.

        Parameters
        ----------
        low, high : array-like of shape (n_parts,)
            Limits of each part's utility, low <= high, finite; such as the smallest and the largest utility
            of the experiments so far.

        Returns
        -------
        Chebyshev
            A new one; this one stays as it is.

        Raises
        ------
        InvalidDataError
            A shape is wrong, a limit is not finite, or a low is above its high.
        """
        lows, highs = self._with_parts(low, "low"), self._with_parts(high, "high")
        is_fine = lows.ndim == highs.ndim == 1 and np.isfinite(lows).all() and np.isfinite(highs).all()
        if not is_fine or (lows > highs).any():
            raise InvalidDataError(
                f"{self.name}: finite limits with low <= high were expected for each part, "
                f"got low={low!r} and high={high!r}."
            )
        size = np.where(highs == 0, 1.0, np.abs(highs))
        lows = np.where(lows == highs, highs - size, lows)
        return self.model_copy(update={"lows": tuple(lows.tolist()), "highs": tuple(highs.tolist())})

    def utility(self, y: ArrayLike) -> FloatArray:
        """Return the utility of outcomes.

        Parameters
        ----------
        y : array-like of shape (..., n_parts)
            Outcomes in their units, those of `names` in this order on the last axis; NaN stays NaN.

        Returns
        -------
        ndarray of shape (...)
            Utility without unit, larger is better; 0 at the ideal, below -max(w_i) where all parts are worse
            than low.

        Raises
        ------
        InvalidDataError
            The limits of the utilities are not known: call `scaled` first; or the shape is wrong.
        """
        if self.lows is None or self.highs is None:
            raise InvalidDataError(
                f"{self.name} needs limits of the parts' utilities: give lows and highs, or call "
                "scaled(low, high) with those of the experiments."
            )
        lows, highs = np.array(self.lows), np.array(self.highs)
        off = self._weight_array() * (highs - self._part_utilities(y)) / (highs - lows)
        return np.asarray(-off.max(axis=-1) - self.rho * off.sum(axis=-1))

    def _weight_array(self) -> FloatArray:
        n = len(self.parts)
        return np.full(n, 1 / n) if self.weights is None else np.array(self.weights)
