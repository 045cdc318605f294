"""The search space: variables and constraints, to and from the unit cube."""

from collections.abc import Mapping, Sequence
from numbers import Real as Number
from typing import Any

import numpy as np
import pandas as pd
from pydantic import model_validator

from bnnopt._plain import is_flag, listed, shown
from bnnopt._tables import with_columns
from bnnopt._typing import ArrayLike, BoolArray, RandomState
from bnnopt._validation import as_generator, refuse_flags
from bnnopt.exceptions import InvalidDataError
from bnnopt.space._constraints import Constraint
from bnnopt.space._context import checked_context, complete_context, observed_range
from bnnopt.space._design import all_rows, design_rows
from bnnopt.space._encoding import Level, RawCodec
from bnnopt.space._region import Region
from bnnopt.space._sampling import sample_rows
from bnnopt.space._summary import as_html, as_text
from bnnopt.space._supports import refuse_no_sum, refuse_no_support
from bnnopt.space._tables import as_frame
from bnnopt.space._variable_set import VariableSet
from bnnopt.space._variables import REQUIRED, Variable, as_context, given, limits_of

__all__ = ["SearchSpace"]


class SearchSpace(VariableSet):
    """What can be set, within which bounds and constraints, and what is recorded besides.

    Tables of settings are in the user's units, one column per variable. `encode` maps them to the unit cube
    that surrogates learn on: numbers to [0, 1] (by their logarithm on a log scale), levels to one column of
    0 and 1 each, or to few columns made of their descriptors.

    Parameters
    ----------
    variables : variable or sequence of Real, Integer, Discrete, Categorical or Context
        At least one that is not a Context; names are unique.
    constraints : constraint or sequence of LinearConstraint, NonlinearConstraint or CardinalityConstraint
        A linear constraint may name numeric variables only, numeric context variables included; a cardinality
        constraint `Real` variables whose bounds begin at 0.

    Raises
    ------
    InvalidDataError
        When names are not unique, a constraint names what is not there or not a number, or
        no setting satisfies the cardinality and linear constraints together.
    InfeasibleSpaceError
        (a `ValueError`) When a linear or integer program proves that no setting satisfies the linear
        constraints.

    Examples
    --------
    >>> import pandas as pd
    >>> from bnnopt.space import Categorical, Real, SearchSpace
    >>> space = SearchSpace([Real("rate", 1, 100, scale="log"), Categorical("ligand", ["OLA", "OA"])])
    >>> space.encode(pd.DataFrame({"rate": [10.0], "ligand": ["OA"]})).tolist()
    [[0.5, 0.0, 1.0]]
    """

    constraints: tuple[Constraint, ...] = ()

    def __init__(self, variables: Any = REQUIRED, constraints: Any = (), **options: Any) -> None:
        several = {"variables": listed(variables), "constraints": listed(constraints)}
        super().__init__(**given(**several, **options))
        refuse_no_sum(self._bound)

    def __str__(self) -> str:
        return as_text(self.variables, self.constraints)

    def _repr_html_(self) -> str:
        return as_html(self.variables, self.constraints)

    @model_validator(mode="after")
    def _check_constraints(self) -> "SearchSpace":
        for constraint in self.constraints:
            constraint.check_variables(self.variables)
        refuse_no_support(self._bound)
        return self

    def with_observed_context(self, frame: pd.DataFrame) -> "SearchSpace":
        """Return a space whose context variables without bounds or levels take those of the rows in `frame`.

        Numbers take their smallest and largest value, a constant v the range [v - 0.5, v + 0.5], and text its
        levels in sorted order.

        Parameters
        ----------
        frame : DataFrame with the columns of these context variables, at least one row
            Observed rows, in the user's units.

        Returns
        -------
        SearchSpace
            A new one; this one stays as it is.

        Raises
        ------
        InvalidDataError
            When a column is missing, has an empty cell, or there is no row.
        """
        unknown = [variable.name for variable in self.variables if isinstance(variable.codec, RawCodec)]
        frame = as_frame(frame, self.variables, unknown)
        if unknown and frame.empty:
            raise InvalidDataError(f"No row to observe the context {unknown} in; give at least one.")
        changes = {name: observed_range(frame, name) for name in unknown}
        return self._changed(changes, self.constraints)

    def restricted(
        self, *, bounds: Mapping[str, Sequence[Any]] | None = None, constraints: Sequence[Constraint] = ()
    ) -> "SearchSpace":
        """Return a space with other bounds for some variables and with more constraints.

        Parameters
        ----------
        bounds : mapping of str to (lower, upper), optional
            New bounds by name, in the user's units; for variables with levels, the levels to keep. A grid of
            steps stays where it is: bounds go inwards to its next values. A part of a cardinality constraint
            whose bounds leave out 0 is then never zero, and one whose upper bound is below the least amount
            always is.
        constraints : sequence of constraints, default=()
            Added to those of this space.

        Returns
        -------
        SearchSpace
            A new one; this one stays as it is.

        Raises
        ------
        InvalidDataError
            When a name is not known.
        InvalidDataError
            When the bounds or constraints are not valid.
        """
        bounds, constraints = bounds or {}, listed(constraints)
        unknown = [name for name in bounds if name not in self.names]
        if unknown:
            raise InvalidDataError(f"bounds: unknown variable(s) {unknown}. Known: {self.names}.")
        changes = {v.name: limits_of(v, bounds[v.name]) for v in self.variables if v.name in bounds}
        if constraints:
            SearchSpace(self.variables, constraints=constraints)  # checks the new ones within the old bounds
        return self._changed(changes, (*self.constraints, *constraints))

    def holding(self, settings: Mapping[str, Level]) -> "SearchSpace":
        """Return a space in which some settings are held: they have become context.

        Parameters
        ----------
        settings : mapping of str to value
            The settings to hold and their values, in the user's units.

        Returns
        -------
        SearchSpace
            `sample(n, context=settings)` and the like draw what is left.

        Raises
        ------
        InvalidDataError
            When a name is not that of a setting, a value is not one that can be set, or no setting is left.
        """
        unknown = [name for name in settings if name not in self.setting_names]
        if unknown:
            raise InvalidDataError(
                f"held: {unknown} are no settings of the space; it has {self.setting_names}."
            )
        row = pd.DataFrame({name: [value] for name, value in settings.items()}, index=["held"])
        for variable in self.settings:
            if variable.name in settings and not variable.codec.is_inside(row, variable.name).all():
                value = settings[variable.name]
                raise InvalidDataError(
                    f"held: {variable.name!r} cannot be set to {shown(value)}; keep to {variable}."
                )
        if len(settings) == self.n_settings:
            raise InvalidDataError("held: all settings are held; leave at least one to be chosen.")
        return self._with([as_context(v) if v.name in settings else v for v in self.variables])

    def is_inside(self, X: pd.DataFrame | ArrayLike) -> BoolArray:
        """Return, for each row, whether the settings are within bounds (whole, on the grid, of known level).

        Context variables are not looked at.

        Parameters
        ----------
        X : DataFrame with the columns `setting_names`, or array of shape (n_rows, n_names)
            Settings in the user's units.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where all settings of a row are within.

        Raises
        ------
        InvalidDataError
            When a column is missing or a number is not finite.
        """
        frame = as_frame(X, self.variables, self.setting_names)
        return np.all([variable.codec.is_inside(frame, variable.name) for variable in self.settings], axis=0)

    def is_feasible(self, X: pd.DataFrame | ArrayLike) -> BoolArray:
        """Return, for each row, whether the settings are within bounds and satisfy all constraints.

        Parameters
        ----------
        X : DataFrame, or array of shape (n_rows, n_names)
            Settings in the user's units; a DataFrame has the columns `setting_names` and those of the
            constraints.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where a row is inside and keeps all constraints.

        Raises
        ------
        InvalidDataError
            When a column is missing or a number is not finite.
        """
        frame = as_frame(X, self.variables, self.setting_names)
        return self.is_inside(frame) & Region(self.variables, self.constraints, {}).is_feasible(frame)

    def sample(
        self, n: int, *, random_state: RandomState = None, context: Mapping[str, Level] | None = None
    ) -> pd.DataFrame:
        """Return settings drawn uniformly within bounds and constraints.

        On a log scale the logarithm is uniform. Linear constraints that leave little room, or none but an
        exact sum (lower == upper), are sampled by hit-and-run (Smith 1984, Operations Research 32,
        1296-1308), sums exact to 1e-9 relative; integers and steps bound by them are rounded, so that their
        distribution is uniform only approximately. What parts of a cardinality constraint are not zero is
        uniform among the choices that it and narrow linear constraints allow; of these one call then meets 64
        at most.

        Parameters
        ----------
        n : int
            Number of rows, >= 0.
        random_state : int, Generator, RandomState or None, default=None
            Seeds the draws.
        context : mapping of str to value, optional
            Values of context variables for all rows. One that is not given is drawn like a setting from its
            bounds or levels, and is an error when it has none.

        Returns
        -------
        DataFrame of shape (n, n_names)
            Settings, and the context that is given, by name in the user's units.

        Raises
        ------
        InvalidDataError
            When context is missing, unknown or not valid, or n is negative.
        InfeasibleSpaceError
            When no setting satisfies the constraints, or none was found within a fixed number of tries.
        """
        return sample_rows(self._region(context), _count(n), as_generator(random_state))

    def design(
        self,
        n: int,
        *,
        method: str = "sobol",
        random_state: RandomState = None,
        context: Mapping[str, Level] | None = None,
    ) -> pd.DataFrame:
        """Return first settings that fill the space evenly, constraints kept.

        Parameters
        ----------
        n : int
            Number of rows, >= 0.
        method : {"sobol", "latin_hypercube", "random"}, default="sobol"
            Scrambled Sobol sequence (Owen 1998), Latin hypercube (McKay, Beckman and Conover 1979) or
            independent uniform points. Discrete variables take equal slices of each coordinate.
        random_state : int, Generator, RandomState or None, default=None
            Seeds the design.
        context : mapping of str to value, optional
            As in `sample`.

        Returns
        -------
        DataFrame of shape (n, n_names)
            Settings are repeated only when the space has fewer than n distinct ones.

        Raises
        ------
        UnknownNameError
            When the method is not known.
        InvalidDataError
            When context is missing, unknown or not valid, or n is negative.
        InfeasibleSpaceError
            When no setting satisfies the constraints, or none was found within a fixed number of tries.
        """
        rng = as_generator(random_state)
        return design_rows(self._region(context), self.setting_names, _count(n), method, rng)

    def enumerate_points(
        self, max_points: int, *, context: Mapping[str, Level] | None = None
    ) -> pd.DataFrame:
        """Return all feasible settings of a finite space, the last variable varying fastest.

        Parameters
        ----------
        max_points : int
            Most settings to enumerate, counted before constraints.
        context : mapping of str to value, optional
            Values of context variables, added as columns; those that constraints name are needed.

        Returns
        -------
        DataFrame of shape (n_feasible, n_settings + number of contexts given)
            Settings by name in the user's units.

        Raises
        ------
        InvalidDataError
            When the space is not finite, has more than `max_points` settings, or a context is missing or
            unknown.
        """
        refuse_flags(max_points=max_points)
        if self.n_points is None or self.n_points > max_points:
            size = "a continuum of" if self.n_points is None else self.n_points
            raise InvalidDataError(
                f"The space has {size} settings, more than {max_points}; sample from it instead."
            )
        region = Region(self.variables, self.constraints, checked_context(self.variables, context))
        order = [name for name in self.names if name in self.setting_names or name in region.fixed]
        grid = with_columns(all_rows(self.settings), region.fixed)[order]
        return grid[region.is_feasible(grid)].reset_index(drop=True)

    @property
    def _bound(self) -> Region:
        """The variables of which something is known, and the constraints on these alone."""
        known = tuple(variable for variable in self.variables if not isinstance(variable.codec, RawCodec))
        names = {variable.name for variable in known}
        bound = tuple(each for each in self.constraints if names.issuperset(getattr(each, "names", ())))
        return Region(known, bound, {})

    def _region(self, context: Mapping[str, Level] | None) -> Region:
        return Region(self.variables, self.constraints, complete_context(self.variables, context))

    def _changed(
        self, changes: Mapping[str, dict[str, Any]], constraints: Sequence[Constraint]
    ) -> "SearchSpace":
        variables = [type(v)(**(v.model_dump() | changes.get(v.name, {}))) for v in self.variables]
        return self._with(variables, constraints)

    def _with(
        self, variables: Sequence[Variable], constraints: Sequence[Constraint] | None = None
    ) -> "SearchSpace":
        """Return a part of this space; its constraints were checked within the bounds of the whole."""
        kept = self.constraints if constraints is None else tuple(constraints)
        return self.model_copy(update={"variables": tuple(variables), "constraints": kept})


def _count(n: Any) -> int:
    is_whole = not is_flag(n) and isinstance(n, Number) and n % 1 == 0
    if not is_whole or n < 0:
        raise InvalidDataError(f"The number of rows must be a whole number >= 0, got {shown(n)}.")
    return int(n)
