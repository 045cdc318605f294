"""One search space: parameters, some of them of one choice only, to rows of a table and back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._plain import shown
from bnnopt._validation import gathered
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection._search._dimensions import Dimension, dimension_of
from bnnopt.space import Categorical, SearchSpace

__all__ = ["Branch", "ParameterSpace"]

LARGEST_NUMBER_OF_BRANCHES = 64


@dataclass(frozen=True)
class Parameter:
    """A parameter of the estimator in a search space.

    Attributes
    ----------
    name : str
        As `set_params` of the estimator knows it.
    column : str
        In tables of settings; another one than the name where several choices have a parameter of one name.
    dimension : Dimension
        Its values.
    condition : tuple of (column, cell)
        It takes part only where these columns have these cells.
    """

    name: str
    column: str
    dimension: Dimension
    condition: tuple[tuple[str, Any], ...] = ()

    def takes_part(self, cells: Mapping[str, Any]) -> bool:
        """Tell whether the parameter is one of a row."""
        return all(cells.get(column) == cell for column, cell in self.condition)

    def takes_part_in(self, cells: Mapping[str, Any]) -> Any:
        """Tell of which rows the parameter is one, given the cells of each column."""
        return np.logical_and.reduce([cells[column] == cell for column, cell in self.condition])


@dataclass(frozen=True)
class Branch:
    """One way to choose what other parameters hang on.

    Attributes
    ----------
    chosen : dict
        The cell of each column of a choice that others hang on.
    parameters : tuple of Parameter
        Those that take part, these choices included.
    """

    chosen: dict[str, Any]
    parameters: tuple[Parameter, ...]

    @property
    def n_settings(self) -> float:
        """Number of different settings, infinite where there is a continuum."""
        return prod(each.dimension.n_values for each in self.parameters if each.column not in self.chosen)


class ParameterSpace:
    """The parameters of one search space, and the table of settings that the optimizer sees.

    Parameters
    ----------
    given : dict or SearchSpace
        By name of the parameter: a variable, a distribution, bounds or choices (`dimension_of`). A choice of
        a list may be a pair of the choice and a dict of parameters that it alone has.

    Raises
    ------
    InvalidDataError
        The space is empty, or something is no dimension; all faults are told at once.
    """

    def __init__(self, given: Any) -> None:
        if isinstance(given, SearchSpace):
            self.parameters, constraints = _of_variables(given), given.constraints
        else:
            self.parameters, constraints = tuple(_parameters(given, (), set())), ()
        self.branches = tuple(_branches(self.parameters, {}))
        if len(self.branches) > LARGEST_NUMBER_OF_BRANCHES:
            raise InvalidDataError(
                f"search_spaces: choices that others hang on make {len(self.branches)} combinations, "
                f"more than {LARGEST_NUMBER_OF_BRANCHES}; split the space, or leave some out."
            )
        free = [each.dimension.variable for each in self.parameters if each.dimension.n_values > 1]
        self.space = SearchSpace(free or [_nothing_to_choose()], constraints)

    @property
    def n_settings(self) -> float:
        """Number of different settings, infinite where there is a continuum."""
        return sum(branch.n_settings for branch in self.branches)

    def params(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that a row stands for, by name."""
        cells = {**self._fixed, **{str(column): cell for column, cell in row.items()}}
        return {
            each.name: each.dimension.value(cells[each.column])
            for each in self.parameters
            if each.takes_part(cells)
        }

    def row(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the row of parameters, None where they are no setting of this space.

        What takes no part has the same cell in all rows, in the middle of its range.
        """
        cells: dict[str, Any] = {}
        names = set()
        for each in self.parameters:
            if each.takes_part(cells):
                cell = each.dimension.cell(params[each.name]) if each.name in params else None
                if cell is None:
                    return None
                cells[each.column] = cell
                names.add(each.name)
        if names != set(params):
            return None
        return {column: cells.get(column, self.idle[column]) for column in self.space.names}

    def settled(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table of rows with the cells of what takes no part as all rows have them."""
        cells = {**self._fixed, **{name: table[name].to_numpy() for name in self.space.names}}
        conditional = [each for each in self.parameters if each.condition and each.column in table]
        return table.assign(
            **{
                each.column: table[each.column].where(each.takes_part_in(cells), self.idle[each.column])
                for each in conditional
            }
        )

    @cached_property
    def idle(self) -> dict[str, Any]:
        """The cell of each column where it takes no part."""
        return self.space.decode([[0.5] * self.space.n_dims]).to_dict("records")[0]

    @cached_property
    def _fixed(self) -> dict[str, Any]:
        """The cells of parameters that have one value."""
        return {
            each.column: _only_cell(each.dimension)
            for each in self.parameters
            if each.dimension.n_values == 1
        }

    def table(self, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
        """Return rows as a table with the columns of the space."""
        return pd.DataFrame(list(rows), columns=self.space.names)


def _only_cell(dimension: Dimension) -> Any:
    return dimension.variable.levels[0] if isinstance(dimension.variable, Categorical) else None


def _nothing_to_choose() -> Categorical:
    return Categorical("nothing to choose", ["all parameters have one value"])


def _of_variables(space: SearchSpace) -> tuple[Parameter, ...]:
    found = gathered(partial(dimension_of, variable.name, variable) for variable in space.variables)
    return tuple(Parameter(each.variable.name, each.variable.name, each) for each in found)


def _parameters(given: Any, condition: tuple[tuple[str, Any], ...], columns: set[str]) -> Iterator[Parameter]:
    """Yield the parameters of a dict, each choice before what hangs on it."""
    if not isinstance(given, Mapping) or (not given and not condition):
        raise InvalidDataError(
            "search_spaces: expected a dict of at least one parameter of the estimator to what it may be, "
            f'such as {{"C": (1e-3, 1e3, "log-uniform")}}, got {shown(given)}.'
        )
    wrong = [name for name in given if not isinstance(name, str)]
    if wrong:
        raise InvalidDataError(f"search_spaces: names of parameters must be text, got {shown(wrong)}.")
    for found in gathered(partial(_with_own, name, each, condition, columns) for name, each in given.items()):
        yield from found


def _with_own(
    name: str, given: Any, condition: tuple[tuple[str, Any], ...], columns: set[str]
) -> list[Parameter]:
    """Return a parameter, and after it those that hang on one of its choices."""
    column = name
    while column in columns:
        column = f"{name} of {condition[-1][1]}" if column == name else f"{column}'"
    columns.add(column)
    choices, own = _split(given)
    parameter = Parameter(name, column, dimension_of(column, choices), condition)
    found = [parameter]
    for choice, parameters in own:
        here = (*condition, (column, parameter.dimension.cell(choice)))
        found += _parameters(parameters, here, columns)
    return found


def _split(given: Any) -> tuple[Any, list[tuple[Any, Mapping[str, Any]]]]:
    """Return choices alone, and the parameters that some of them have of their own."""
    if not isinstance(given, list) or not any(map(_has_own, given)):
        return given, []
    own = [each for each in given if _has_own(each)]
    return [each[0] if _has_own(each) else each for each in given], own


def _has_own(choice: Any) -> bool:
    return isinstance(choice, tuple) and len(choice) == 2 and isinstance(choice[1], Mapping)


def _branches(parameters: Sequence[Parameter], chosen: dict[str, Any]) -> Iterator[Branch]:
    """Yield all ways to choose what others hang on, given some of these choices."""
    taking = [each for each in parameters if each.takes_part(chosen)]
    parents = {column for each in parameters for column, _ in each.condition}
    for each in taking:
        if each.column in parents and each.column not in chosen:
            for cell in each.dimension.choices or {}:
                yield from _branches(parameters, {**chosen, each.column: cell})
            return
    yield Branch(chosen, tuple(taking))
