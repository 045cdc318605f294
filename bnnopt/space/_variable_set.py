"""Variables in order: their names, and tables of them to and from the unit cube."""

from functools import partial
from itertools import chain
from math import prod
from typing import Any, Self

import numpy as np
import pandas as pd
from pydantic import model_validator

from bnnopt._models import FrozenModel
from bnnopt._tables import Kind, with_columns
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import gathered, numeric_column
from bnnopt.space._encoding import TABLE, LevelsCodec
from bnnopt.space._numbers import Real
from bnnopt.space._tables import as_frame, as_matrix, kinds_of, with_levels
from bnnopt.space._variables import Variable

__all__ = ["VariableSet"]


class VariableSet(FrozenModel):
    """The part of a search space that does not know of constraints; see `SearchSpace`."""

    variables: tuple[Variable, ...]

    @model_validator(mode="after")
    def _check_variables(self) -> "VariableSet":
        doubled = sorted({name for name in self.names if self.names.count(name) > 1})
        if doubled:
            raise ValueError(f"Variable name(s) {doubled} occur more than once; make names unique.")
        if not self.setting_names:
            raise ValueError("No variable can be set; give at least one Real, Integer or Categorical.")
        return self

    @property
    def names(self) -> list[str]:
        """Names of all variables, in order."""
        return [variable.name for variable in self.variables]

    @property
    def settings(self) -> list[Variable]:
        """The variables that can be set, in order."""
        return [variable for variable in self.variables if not variable.is_context]

    @property
    def setting_names(self) -> list[str]:
        """Names of the variables that can be set, in order."""
        return [variable.name for variable in self.settings]

    @property
    def stepped_names(self) -> list[str]:
        """Names of the settings that are a `Real` with a step or digits, in order."""
        return [each.name for each in self.settings if isinstance(each, Real) and each.grid is not None]

    @property
    def context_names(self) -> list[str]:
        """Names of the variables that are only recorded, in order."""
        return [variable.name for variable in self.variables if variable.is_context]

    @property
    def units(self) -> dict[str, str]:
        """Unit of each variable, by name."""
        return {variable.name: variable.unit for variable in self.variables}

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest value of each variable that is a number, by name; a context may have none."""
        found = {}
        for each in self.variables:
            ends = getattr(each, "values", None) or (
                getattr(each, "lower", None),
                getattr(each, "upper", None),
            )
            if None not in ends:
                found[each.name] = (float(min(ends)), float(max(ends)))
        return found

    @property
    def n_settings(self) -> int:
        """Number of variables that can be set."""
        return len(self.settings)

    @property
    def n_dims(self) -> int:
        """Number of encoded columns."""
        return sum(variable.codec.n_dims for variable in self.variables)

    @property
    def one_hot_columns(self) -> list[list[int]]:
        """Positions of the encoded columns of each category that has one for each of its levels."""
        ends = np.cumsum([variable.codec.n_dims for variable in self.variables]).tolist()
        pairs = zip(self.variables, ends, strict=True)
        found = [(variable.codec, end) for variable, end in pairs if isinstance(variable.codec, LevelsCodec)]
        return [
            list(range(end - codec.n_dims, end))
            for codec, end in found
            if codec.places is None and codec.n_dims > 1
        ]

    @property
    def encoded_names(self) -> list[str]:
        """One name per encoded column, such as "solvent=toluene"."""
        return list(chain.from_iterable(variable.codec.labels(variable.name) for variable in self.variables))

    @property
    def n_points(self) -> int | None:
        """Number of distinct settings, constraints ignored; None when there is a continuum."""
        counts = [variable.codec.n_points for variable in self.settings]
        return prod(count for count in counts if count) if None not in counts else None

    @property
    def is_finite(self) -> bool:
        """Whether all settings are discrete."""
        return self.n_points is not None

    def without_steps(self) -> Self:
        """Return the same with each `Real` a continuum; points of the unit cube stay where they are.

        Returns
        -------
        VariableSet
            A new one of the same class; this one stays as it is.
        """
        free = {"step": None, "digits": None}
        variables = [
            type(each)(**(each.model_dump() | free)) if each.name in self.stepped_names else each
            for each in self.variables
        ]
        return self.model_copy(update={"variables": tuple(variables)})

    def as_table(self, X: Any) -> pd.DataFrame:
        """Return settings and context by name, each level as it stands in the space.

        Parameters
        ----------
        X : table, mapping, Series or array of shape (n_rows, n_names)
            Whatever has names goes by name: tables of pandas, polars, pyarrow and the like, structured
            arrays, a mapping, a Series as one row. An array has its columns in the order of `names`. A number
            that stands for one level of text ("007" is 7 in some files) is taken for it.

        Returns
        -------
        DataFrame of shape (n_rows, n_names)
            In the order of `names`, in the user's units.

        Raises
        ------
        InvalidDataError
            When a column is missing or occurs twice, or an array has another shape.
        """
        return as_frame(X, self.variables, self.names)[self.names]

    def kinds(self) -> dict[str, Kind]:
        """Return by name what the column of each variable in a file is: its levels, numbers, or unknown.

        Returns
        -------
        dict of str to ("number", "text", "auto" or sequence of levels)
            One for each variable.
        """
        return kinds_of(self.variables)

    def with_levels(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return a table in which numbers that stand for one level of text are that level; see `as_table`.

        Parameters
        ----------
        X : DataFrame
            Settings by name; other columns stay as they are.

        Returns
        -------
        DataFrame of the shape of X
            A new table where anything changes.
        """
        return with_levels(X, self.variables)

    def rounded(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return settings at the resolution of the space: each `Real` with a step at its nearest value.

        Parameters
        ----------
        X : DataFrame with the columns `stepped_names`
            In the user's units; other columns, and spaces without steps, come back as they are. Beyond the
            bounds a grid goes on.

        Returns
        -------
        DataFrame of the shape of X
            Columns that are no `Real` with a step stay as they are.

        Raises
        ------
        InvalidDataError
            When a column is missing or a number is not finite.
        """
        if not self.stepped_names and isinstance(X, pd.DataFrame):
            return X
        frame = as_frame(X, self.variables, self.stepped_names)
        grids = {each.name: each.grid for each in self.settings if isinstance(each, Real) and each.grid}
        values = {name: numeric_column(frame, name, TABLE) for name in grids}
        return with_columns(
            frame, {name: grid.values(grid.places(values[name])) for name, grid in grids.items()}
        )

    def encode(self, X: pd.DataFrame | ArrayLike) -> FloatArray:
        """Return settings as points of the unit cube.

        Values outside the bounds, as old rows may have, land outside the cube. A context without bounds or
        levels passes through as it is.

        Parameters
        ----------
        X : table with the columns `names` (others are ignored), or array of shape (n_rows, n_names)
            Settings in the user's units, see `as_table`; an array has its columns in the order of `names`.

        Returns
        -------
        ndarray of float64, shape (n_rows, n_dims)
            One point a row; columns as in `encoded_names`.

        Raises
        ------
        InvalidDataError
            When a column is missing, or a cell is empty, infinite, of the wrong type, an unknown level, not
            whole for an Integer or not positive on a log scale; the message names the column and the rows.
        """
        frame = as_frame(X, self.variables, self.names)
        return np.hstack(gathered(partial(each.codec.encode, frame, each.name) for each in self.variables))

    def decode(self, X: ArrayLike) -> pd.DataFrame:
        """Return the settings at points of the unit cube, in the user's units.

        `decode(encode(frame))` is the frame again: integers, levels and numbers of a grid exactly, numbers to
        round-off, bounds exactly. Integers are rounded, and so is a `Real` with a step; of the levels the one
        with the largest entry is taken.

        Parameters
        ----------
        X : array of shape (n_rows, n_dims)
            Points of the unit cube, finite; columns as in `encoded_names`.

        Returns
        -------
        DataFrame of shape (n_rows, n_names)
            Settings by name, in the user's units.

        Raises
        ------
        InvalidDataError
            When the shape is another or a value is not finite.
        """
        matrix = as_matrix(X, self.encoded_names)
        ends = np.cumsum([variable.codec.n_dims for variable in self.variables])
        blocks = np.split(matrix, ends[:-1], axis=1)
        pairs = zip(self.variables, blocks, strict=True)
        return pd.DataFrame({variable.name: variable.codec.decode(block) for variable, block in pairs})
