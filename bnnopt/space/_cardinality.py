"""At most k of n: how many parts of a mixture are not zero, and how little of one is worth weighing out.

A *part* is a variable that such a constraint names; the *support* of a row are its parts that are not zero;
the *face* of a support are all settings that have it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from bnnopt._models import FrozenModel
from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt._validation import numeric_frame
from bnnopt.space._encoding import BOUND_TOLERANCE, Level
from bnnopt.space._grid import Grid
from bnnopt.space._variables import REQUIRED, Real, Variable, given

__all__ = ["CardinalityConstraint", "Parts"]

BELOW_ONE = float(np.nextafter(1.0, 0.0))
ENTRY = 0.01  # of the largest amount, with which a part comes in where no least amount is asked for


class CardinalityConstraint(FrozenModel):
    """Limits on how many variables are not zero: lower <= number of x_i other than 0 <= upper.

    Each that is not zero is at least a least amount: x_i = 0 or x_i >= least.

    Parameters
    ----------
    variables : sequence of str
        The parts: at least one, no name twice; each a `Real` of the space, of which the lower bound is 0. The
        least amount of a part with a step or digits must be among the values that can be set; where none is
        asked for it is one step.
    upper : int, optional
        Most parts that are not zero, from 1 to their number, which is also the default.
    lower : int, default=0
        Fewest parts that are not zero, from 0 to `upper`; above 0 it needs a least amount above 0.
    least : float, default=0.0
        Least amount of a part that is not zero, at least 0, in the unit of the parts. An amount counts as
        zero up to 1e-9 of it, and as enough where it misses no more than that, which is round-off.

    Raises
    ------
    InvalidDataError
        When a name occurs twice or a number is out of its range.

    Examples
    --------
    >>> constraint = CardinalityConstraint(["A", "B", "C"], upper=2, least=0.1)
    >>> rows = pd.DataFrame({"A": [0.5, 0.5, 0.4], "B": [0.5, 0.45, 0.6], "C": [0.0, 0.05, 0.0]})
    >>> constraint.is_satisfied(rows).tolist()
    [True, False, True]
    """

    type: Literal["cardinality"] = "cardinality"
    variables: tuple[str, ...] = Field(min_length=1)
    upper: int | None = None
    lower: int = 0
    least: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    def __init__(self, variables: Sequence[str] = REQUIRED, upper: int | None = None, **options: Any) -> None:
        super().__init__(**given(variables=variables, upper=upper, **options))

    @model_validator(mode="after")
    def _check(self) -> "CardinalityConstraint":
        doubled = sorted({name for name in self.variables if self.variables.count(name) > 1})
        if doubled:
            raise ValueError(f"Constraint {self}: {doubled} occur more than once; name each part once.")
        lower, upper = self.limits
        if not 1 <= upper <= len(self.variables) or not 0 <= lower <= upper:
            raise ValueError(
                f"Constraint {self}: of {len(self.variables)} parts, upper must be from 1 to "
                f"{len(self.variables)} and lower from 0 to upper, got lower={lower} and upper={upper}."
            )
        if lower and not self.least:
            raise ValueError(
                f"Constraint {self}: lower={lower} needs a least amount above 0, for what counts as a part."
            )
        return self

    @property
    def limits(self) -> tuple[int, int]:
        """Fewest and most parts that are not zero."""
        return self.lower, len(self.variables) if self.upper is None else self.upper

    @property
    def names(self) -> tuple[str, ...]:
        """The variables it binds."""
        return self.variables

    def check_variables(self, variables: Sequence[Variable]) -> None:
        """Check that the parts are variables of a space, and can be parts.

        Parameters
        ----------
        variables : sequence of Variable
            Those of the space.

        Raises
        ------
        ValueError
            A part is not among them, is no `Real`, has a lower bound other than 0, or cannot be set to the
            least amount; the message names it.
        """
        known = {variable.name: variable for variable in variables}
        unknown = [name for name in self.names if name not in known]
        if unknown:
            raise ValueError(f"Constraint {self}: unknown variable(s) {unknown}. Known: {list(known)}.")
        for name in self.names:
            self._check_part(known[name])

    def is_satisfied(self, frame: pd.DataFrame) -> BoolArray:
        """Return, for each row, whether so many parts are not zero, and there is enough of each.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            Settings in the user's units, with the columns of `names`.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where a row keeps the constraint.

        Raises
        ------
        InvalidDataError
            When a column is missing or is not made of finite numbers.
        """
        amounts = numeric_frame(frame, self.names, f"constraint {self}")
        is_in = _is_in(amounts, self.least)
        is_enough = amounts >= self.least * (1 - BOUND_TOLERANCE)
        lower, upper = self.limits
        n_in = is_in.sum(axis=1)
        return (is_enough | ~is_in).all(axis=1) & (n_in >= lower) & (n_in <= upper)

    def __str__(self) -> str:
        lower, upper = self.lower, self.upper
        many = f"{lower} to {upper}" if lower and upper else f"at least {lower}" if lower else ""
        many = many or ("any" if upper is None else f"at most {upper}")
        least = f", each at least {self.least:g}" if self.least else ""
        return f"{many} of {', '.join(self.names)} not zero{least}"

    def _check_part(self, variable: Variable) -> None:
        if not isinstance(variable, Real):
            raise ValueError(
                f"Constraint {self}: {variable.name!r} is of type {variable.type!r}; parts are amounts, Real "
                "variables."
            )
        if variable.lower != 0:
            raise ValueError(
                f"Constraint {self}: the bounds of {variable.name!r} are [{variable.lower:g}, "
                f"{variable.upper:g}]; the amount of a part begins at 0, so set lower=0 or leave it out."
            )
        largest = variable.upper if variable.grid is None else variable.grid.ends[1]
        if largest < self.least:
            raise ValueError(
                f"Constraint {self}: {variable.name!r} cannot be more than {largest:g}, which is less than "
                f"the least amount {self.least:g}; widen its bounds or leave it out."
            )
        if variable.grid is not None:
            self._check_least(variable.name, variable.grid)

    def _check_least(self, name: str, grid: Grid) -> None:
        """Raise `ValueError` where the least amount cannot be set, but would be rounded to another."""
        place = grid.positions(np.array(self.least))
        nearest, above = grid.values(np.array([np.rint(place), np.ceil(place)]))
        if abs(nearest - self.least) > BOUND_TOLERANCE * self.least:
            raise ValueError(
                f"Constraint {self}: {name!r} has a step of {2 * grid.half_step:g} and cannot be set to the "
                f"least amount {self.least:g}; make that {above:g}, or the step smaller."
            )


class Fixed(NamedTuple):
    """Variables of which some have one value only."""

    variables: tuple[Variable, ...]
    values: dict[str, float]


@dataclass(frozen=True)
class Parts:
    """The parts that cardinality constraints name, and which supports are allowed within some bounds.

    Attributes
    ----------
    names : tuple of str
        The parts of all constraints, each once.
    least, most : ndarray of shape (n_parts,)
        Bounds of an amount that is not zero, in the user's units, on its grid if it has one.
    may_be_in, may_be_out : ndarray of bool, shape (n_parts,)
        Whether a part can be other than zero, and whether it can be zero.
    is_bound : ndarray of bool, shape (n_constraints, n_parts)
        Which parts a constraint names.
    limits : ndarray of int, shape (n_constraints, 2)
        Fewest and most parts of each constraint.
    thresholds : ndarray of shape (n_parts,)
        The least amount that is asked for, of which a billionth counts as zero.
    grids : tuple of Grid or None, length n_parts
        The values of parts that have steps.
    """

    names: tuple[str, ...]
    least: FloatArray
    most: FloatArray
    may_be_in: BoolArray
    may_be_out: BoolArray
    is_bound: BoolArray
    limits: IntArray
    thresholds: FloatArray
    grids: tuple[Grid | None, ...]

    @classmethod
    def of(
        cls, variables: Sequence[Variable], constraints: Sequence[Any], fixed: Mapping[str, Level]
    ) -> "Parts":
        """Find them among constraints of all kinds; a fixed variable is in or out by its value."""
        bounding = [each for each in constraints if isinstance(each, CardinalityConstraint)]
        names = tuple(dict.fromkeys(name for each in bounding for name in each.names))
        is_bound = np.array([[name in each.names for name in names] for each in bounding], dtype=bool)
        is_bound = is_bound.reshape(len(bounding), len(names))
        asked = np.array([each.least for each in bounding])
        thresholds = np.where(is_bound, asked[:, np.newaxis], 0.0).max(axis=0, initial=0.0)
        known = {variable.name: variable for variable in variables}
        ends = np.array([_ends(known[name], fixed) for name in names], dtype=float).reshape(len(names), 2)
        grids = tuple(None if name in fixed else _grid(known[name]) for name in names)
        least = np.maximum(ends[:, 0], thresholds)
        for place, grid in enumerate(grids):
            least[place] = least[place] if grid is None else _first_above_zero(grid, least[place])
        return cls(
            names,
            least,
            ends[:, 1],
            (ends[:, 1] >= least * (1 - BOUND_TOLERANCE)) & (ends[:, 1] > 0),
            ends[:, 0] <= BOUND_TOLERANCE * thresholds,
            is_bound,
            np.array([each.limits for each in bounding], dtype=int).reshape(len(bounding), 2),
            thresholds,
            grids,
        )

    @property
    def n_constraints(self) -> int:
        """Number of cardinality constraints."""
        return len(self.limits)

    def supports(self, frame: pd.DataFrame) -> BoolArray:
        """Return which parts are not zero in each row, shape (n_rows, n_parts)."""
        return _is_in(numeric_frame(frame, self.names, "settings"), self.thresholds)

    def allowed(self, supports: BoolArray) -> BoolArray:
        """Return which of the supports, shape (n, n_parts), keep all limits and bounds; shape (n,)."""
        counts = supports @ self.is_bound.T.astype(int)
        is_counted = (counts >= self.limits[:, 0]) & (counts <= self.limits[:, 1])
        return is_counted.all(axis=1) & np.where(supports, self.may_be_in, self.may_be_out).all(axis=1)

    def supports_at(self, u: FloatArray) -> BoolArray:
        """Return the supports at points of a cube, so that uniform points give uniform supports.

        A coordinate is read as the place of a support in a list of all, part by part: whether the next part
        is out is a matter of how many supports begin like that. Where constraints share parts, the later ones
        choose among what the earlier ones left, and may find nothing: see `allowed`.

        Parameters
        ----------
        u : ndarray of shape (n, n_constraints)
            From 0 to 1.

        Returns
        -------
        ndarray of bool, shape (n, n_parts)
        """
        supports = np.zeros((len(u), len(self.names)), dtype=bool)
        is_open = np.ones(len(self.names), dtype=bool)
        for place, is_bound in enumerate(self.is_bound):
            self._choose(supports, np.flatnonzero(is_bound & is_open), u[:, place].copy(), place)
            is_open &= ~is_bound
        return supports

    def amounts(self, supports: BoolArray, drawn: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return the amounts of parts at u of shape (n_rows,) in [0, 1], exactly 0 outside the supports."""
        return {
            name: np.where(supports[:, place], self._amount(place, drawn[name]), 0.0)
            for place, name in enumerate(self.names)
            if name in drawn
        }

    def _amount(self, place: int, u: FloatArray) -> FloatArray:
        """Return amounts of a part that are not zero at u in [0, 1]; those of a grid own equal slices."""
        least, most, grid = self.least[place], self.most[place], self.grids[place]
        if grid is None:
            return np.asarray(least + u * (most - least))
        first, last = grid.places(np.array([least, most]))
        return grid.values(np.minimum(first + np.floor(u * (last - first + 1)), last))

    def on_face(self, support: BoolArray, variables: Sequence[Variable]) -> Fixed:
        """Return variables of which those in the support have their least amount as lower bound.

        The others, and those that have one value left, are fixed. A context keeps its bounds.
        """
        bounds = dict(zip(self.names, zip(support, self.least, self.most, strict=True), strict=True))
        values: dict[str, float] = {}
        own = []
        for variable in variables:
            is_in, least, most = bounds.get(variable.name, (True, 0.0, 0.0))
            if variable.name in bounds and not variable.is_context:
                if not is_in or least >= most:
                    values[variable.name] = float(most) if is_in else 0.0
                else:
                    variable = variable.model_copy(update={"lower": float(least)})
            own.append(variable)
        return Fixed(tuple(own), values)

    def steps(self, support: BoolArray, row: Mapping[str, Any]) -> list[dict[str, float]]:
        """Return changes of a row that lead to another support: a part in, out, or in the place of another.

        A part that comes in takes over the amount of the one that goes, within its own bounds and to its own
        step, else it comes in with its least amount.
        """
        inside, outside = np.flatnonzero(support).tolist(), np.flatnonzero(~support).tolist()
        entry = np.where(self.least > 0, self.least, ENTRY * self.most)
        steps = [
            *({gone: 0.0} for gone in inside),
            *({new: float(entry[new])} for new in outside),
            *(
                {gone: 0.0, new: self._taken_over(new, float(row[self.names[gone]]), entry[new])}
                for gone in inside
                for new in outside
            ),
        ]
        after = np.repeat(support[np.newaxis], len(steps), axis=0)
        for reached, step in zip(after, steps, strict=True):
            reached[list(step)] ^= True
        kept = np.flatnonzero(self.allowed(after))
        return [{self.names[part]: amount for part, amount in steps[each].items()} for each in kept]

    def _taken_over(self, place: int, amount: float, entry: float) -> float:
        """Return the amount of a part nearest to that of another."""
        within = np.clip(amount, entry, self.most[place])
        grid = self.grids[place]
        return float(within if grid is None else grid.values(grid.places(within)))

    def _choose(self, supports: BoolArray, parts: IntArray, u: FloatArray, place: int) -> None:
        """Say which of the parts that are still open are in, in each row of `supports`."""
        n_in = (supports & self.is_bound[place]).sum(axis=1)
        ways = self._ways(parts, *self.limits[place])
        for number, part in enumerate(parts):
            n_out = self.may_be_out[part] * ways[number + 1, n_in]
            n_any = n_out + self.may_be_in[part] * ways[number + 1, n_in + 1]
            share = np.divide(n_out, n_any, out=np.zeros(len(u)), where=n_any > 0)
            is_in = u >= share
            rest = np.where(is_in, (u - share), u)
            width = np.where(is_in, 1 - share, share)
            u = np.minimum(np.divide(rest, width, out=np.zeros(len(u)), where=width > 0), BELOW_ONE)
            supports[:, part] = is_in
            n_in = n_in + is_in

    def _ways(self, parts: IntArray, lower: int, upper: int) -> FloatArray:
        """Return in how many ways the parts from one on can be chosen, given how many are in already.

        Of shape (n_chosen_from + 1, n_parts + 2).
        """
        counts = np.arange(len(self.names) + 2)
        ways = np.zeros((len(parts) + 1, len(counts)))
        ways[-1] = (counts >= lower) & (counts <= upper)
        for number in range(len(parts) - 1, -1, -1):
            part = parts[number]
            ways[number] = self.may_be_out[part] * ways[number + 1]
            ways[number, :-1] += self.may_be_in[part] * ways[number + 1, 1:]
        return ways


def _is_in(amounts: FloatArray, least: FloatArray | float) -> BoolArray:
    """Return which amounts of shape (n_rows, n_parts) are not zero."""
    return np.abs(amounts) > BOUND_TOLERANCE * np.asarray(least)


def _ends(variable: Variable, fixed: Mapping[str, Level]) -> tuple[float, float]:
    """Return the bounds of a part, twice its value where it is fixed."""
    if variable.name in fixed:
        value = float(fixed[variable.name])
        return value, value
    grid = _grid(variable)
    if grid is not None:
        return grid.ends
    return float(variable.codec.lower), float(variable.codec.upper)  # type: ignore[union-attr]


def _grid(variable: Variable) -> Grid | None:
    return variable.grid if isinstance(variable, Real) else None


def _first_above_zero(grid: Grid, least: float) -> float:
    """Return the smallest number of an endless grid that is a least amount or more, and more than zero."""
    place = np.ceil(grid.positions(np.array(least * (1 - BOUND_TOLERANCE))))
    return float(grid.values(place if grid.values(place) > 0 else place + 1.0))
