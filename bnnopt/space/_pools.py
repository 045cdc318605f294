"""Pools: streams of candidate settings in blocks, so that memory stays flat however many there are."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import qmc

from bnnopt._plain import is_flag
from bnnopt._tables import read_blocks, with_columns
from bnnopt._typing import RandomState
from bnnopt._validation import as_generator
from bnnopt.exceptions import InvalidDataError
from bnnopt.space._context import complete_context
from bnnopt.space._encoding import Level
from bnnopt.space._region import Region
from bnnopt.space._space import SearchSpace
from bnnopt.space._tables import kinds_of

__all__ = ["ROWS_OF_A_BLOCK", "file_pool", "product_pool", "random_pool", "sobol_pool"]

ROWS_OF_A_BLOCK = 65_536
"""Rows of each table that a pool yields by default."""

LARGEST_SEQUENCE = 2**30  # different points that a Sobol sequence of scipy has


def random_pool(
    space: SearchSpace,
    n: int,
    *,
    random_state: RandomState = None,
    context: Mapping[str, Level] | None = None,
    block_size: int = ROWS_OF_A_BLOCK,
) -> Iterator[pd.DataFrame]:
    """Yield `n` settings drawn uniformly within bounds and constraints.

    Parameters
    ----------
    space : SearchSpace
        Where to draw.
    n : int
        Settings in all, at least 1.
    random_state : int, Generator, RandomState or None, default=None
        The seed.
    context : mapping of str to value, optional
        As in `SearchSpace.sample`.
    block_size : int, default=65536
        Settings in a block, at least 1.

    Yields
    ------
    DataFrame of shape (at most block_size, n_names)

    Raises
    ------
    InvalidDataError
        When a number is out of its range, or the context is missing or not valid.
    InfeasibleSpaceError
        When no setting satisfies the constraints, or none was found.
    """
    rng = as_generator(random_state)
    for start, stop in _blocks(n, block_size):
        yield space.sample(stop - start, random_state=rng, context=context)


def sobol_pool(
    space: SearchSpace,
    n: int,
    *,
    random_state: RandomState = None,
    context: Mapping[str, Level] | None = None,
    block_size: int = ROWS_OF_A_BLOCK,
) -> Iterator[pd.DataFrame]:
    """Yield the feasible ones among the first `n` points of a scrambled Sobol sequence (Owen 1998).

    Parameters
    ----------
    space : SearchSpace
        Whose cube the sequence fills.
    n : int
        Points of the sequence, 1 to 2**30; constraints take some of them away.
    random_state : int, Generator, RandomState or None, default=None
        Scrambles the sequence.
    context : mapping of str to value, optional
        As in `SearchSpace.sample`.
    block_size : int, default=65536
        Points in a block, at least 1.

    Yields
    ------
    DataFrame of shape (at most block_size, n_names)

    Raises
    ------
    InvalidDataError
        When a number is out of its range, or the context is missing or not valid.
    """
    if _positive(n, "n") > LARGEST_SEQUENCE:
        raise InvalidDataError(
            f"n: a Sobol sequence has {LARGEST_SEQUENCE} points, got {n}; use random_pool."
        )
    region = Region(space.variables, space.constraints, complete_context(space.variables, context))
    sequence = qmc.Sobol(region.n_coordinates, rng=int(as_generator(random_state).integers(2**31)))
    for start, stop in _blocks(n, block_size):
        frame = region.frame(_next_points(sequence, stop - start))
        yield frame[region.is_feasible(frame)].reset_index(drop=True)


def product_pool(
    space: SearchSpace,
    values: Mapping[str, Sequence[Any]],
    *,
    context: Mapping[str, Level] | None = None,
    block_size: int = ROWS_OF_A_BLOCK,
) -> Iterator[pd.DataFrame]:
    """Yield the feasible combinations of values, the last variable varying fastest; never all at once.

    Parameters
    ----------
    space : SearchSpace
        Whose constraints to keep.
    values : mapping of str to sequence
        For each setting, the values to combine, in the user's units.
    context : mapping of str to value, optional
        The value of each context variable, for all rows.
    block_size : int, default=65536
        Combinations in a block, at least 1.

    Yields
    ------
    DataFrame of shape (at most block_size, n_names)

    Raises
    ------
    InvalidDataError
        When a setting has no values, a name is unknown, or the context is missing or not valid.
    """
    _check_values(space, values)
    fixed = _whole_context(space, context)
    columns = {name: pd.Series(list(values[name])) for name in space.setting_names}
    counts = [len(column) for column in columns.values()]
    for start, stop in _blocks(prod(counts), block_size):
        places = zip(columns.items(), _places(start, stop, counts), strict=True)
        chosen = {name: column.iloc[place].reset_index(drop=True) for (name, column), place in places}
        frame = with_columns(pd.DataFrame(chosen), fixed)[space.names]
        yield space.rounded(frame[space.is_feasible(frame)]).reset_index(drop=True)


def file_pool(
    path: str | Path, space: SearchSpace | None = None, *, block_size: int = ROWS_OF_A_BLOCK
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file of candidates, all columns of it.

    Parameters
    ----------
    path : str or Path
        A CSV (or what a spreadsheet calls one: semicolons, decimal commas, UTF-16), an Excel workbook, which
        needs the package openpyxl, or a Parquet file, which needs pyarrow.
    space : SearchSpace, optional
        Says which columns are numbers and what levels there are, so that a level such as "007" or "NaN" comes
        as it stands there. By default a column of numbers holds numbers, and all others text.
    block_size : int, default=65536
        Rows in a block, at least 1.

    Yields
    ------
    DataFrame of shape (at most block_size, n_columns)

    Raises
    ------
    InvalidDataError
        When there is no such file, it cannot be read as a table, or pyarrow is missing.
    MissingDependencyError
        When openpyxl is missing.
    """
    file = Path(path)
    if not file.is_file():
        raise InvalidDataError(f"There is no file {file} to read candidates from; check the path.")
    size = _positive(block_size, "block_size")
    kinds, units = ({}, {}) if space is None else (kinds_of(space.variables), space.units)
    yield from read_blocks(file, kinds, units=units, block_size=size)


def _blocks(n: int, block_size: int) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each block, one at a time: there may be billions."""
    n, block_size = _positive(n, "n"), _positive(block_size, "block_size")
    for start in range(0, n, block_size):
        yield start, min(start + block_size, n)


def _places(start: int, stop: int, counts: Sequence[int]) -> list[np.ndarray]:
    """Digits of the numbers from start to stop in the mixed base of the counts, however large they are."""
    carried = np.arange(stop - start)
    places = []
    for count in reversed(counts):
        start, digit = divmod(start, count)
        carried, place = np.divmod(carried + digit, count)
        places.append(place)
    return places[::-1]


def _positive(value: Any, name: str) -> int:
    is_whole = not is_flag(value) and isinstance(value, Real) and value % 1 == 0
    if not is_whole or value < 1:
        raise InvalidDataError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def _whole_context(space: SearchSpace, context: Mapping[str, Level] | None) -> dict[str, Level]:
    given = complete_context(space.variables, context)
    missing = [name for name in space.context_names if name not in given]
    if missing:
        raise InvalidDataError(f"context: no value for {missing}; give context={{{missing[0]!r}: value}}.")
    return given


def _check_values(space: SearchSpace, values: Mapping[str, Sequence[Any]]) -> None:
    missing = [name for name in space.setting_names if not len(values.get(name, ()))]
    unknown = [name for name in values if name not in space.setting_names]
    if missing or unknown:
        raise InvalidDataError(
            f"values: expected at least one value for each of {space.setting_names}; none for {missing}"
            f"{f', and {unknown} are no settings' if unknown else ''}."
        )


def _next_points(sequence: qmc.Sobol, n: int) -> np.ndarray:
    """Go on with a sequence; scipy warns of a first block that is not a power of two."""
    if sequence.num_generated:
        return sequence.random(n)
    points = sequence.random_base2((n - 1).bit_length())
    sequence.reset()
    sequence.fast_forward(n)
    return points[:n]
