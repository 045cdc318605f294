"""Whether linear constraints can be kept by numbers that are counted: whole, of a grid or of a list."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, milp
from scipy.optimize import LinearConstraint as Limits

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space._constraints import RELATIVE_TOLERANCE, LinearConstraint
from bnnopt.space._encoding import Codec, IntervalCodec, ListCodec
from bnnopt.space._region import Region

__all__ = ["refuse_no_whole_number"]

MOST_STEPS = 10**7  # more values of one variable are as good as a continuum
SECONDS = 2.0
MILP_INFEASIBLE = 2


class Column(NamedTuple):
    """Unknowns that make the value of one variable: offset + weights @ unknowns."""

    offset: float
    weights: FloatArray
    lower: FloatArray
    upper: FloatArray
    is_whole: bool
    is_choice: bool = False


def refuse_no_whole_number(region: Region) -> None:
    """Raise `InfeasibleSpaceError` when integer programming proves that linear constraints cannot be kept.

    Where that takes long nothing is said: whoever draws from the space will see.
    """
    linear = [each for each in region.constraints if isinstance(each, LinearConstraint)]
    named = {name for each in linear for name in each.names}
    columns = {each.name: _column(each.codec) for each in region.free if each.name in named}
    if not any(column.is_whole for column in columns.values()):
        return
    each = list(columns.values())
    result = milp(
        np.zeros(sum(len(column.weights) for column in each)),
        integrality=np.concatenate([np.full(len(column.weights), int(column.is_whole)) for column in each]),
        bounds=Bounds(*(np.concatenate([getattr(c, end) for c in each]) for end in ("lower", "upper"))),
        constraints=[*_sums(linear, columns, region), *_choices(columns)],
        options={"time_limit": SECONDS},
    )
    if result.status == MILP_INFEASIBLE:
        raise InfeasibleSpaceError(
            f"No setting within the bounds satisfies {' and '.join(f'({each})' for each in linear)}"
            f"{f' with {dict(region.fixed)}' if region.fixed else ''}: there are numbers between those that "
            "can be set, but none that can. Loosen a constraint, or allow other numbers."
        )


def _column(codec: Codec) -> Column:
    """Return what makes the value of a variable."""
    one = np.ones(1)
    if isinstance(codec, ListCodec):
        values = np.array(codec.values)
        return Column(0.0, values, np.zeros(len(values)), np.ones(len(values)), True, True)
    if not isinstance(codec, IntervalCodec):
        raise TypeError(f"expected a number, got {codec!r}")
    lower, upper = np.array([codec.lower]), np.array([codec.upper])
    if (codec.n_points or MOST_STEPS) >= MOST_STEPS:
        return Column(0.0, one, lower, upper, False)
    if codec.grid is None:
        return Column(0.0, one, lower, upper, True)
    step = 2 * codec.grid.half_step * one
    return Column(codec.grid.ends[0], step, 0 * one, (codec.grid.n_points - 1) * one, True)


def _sums(linear: list[LinearConstraint], columns: dict[str, Column], region: Region) -> Iterator[Limits]:
    """Yield the limits of the sums, in units of their terms, with the round-off that a sum may have."""
    for constraint in linear:
        terms = {name: weight for name, weight in constraint.coefficients.items() if name in columns}
        row = [terms.get(name, 0.0) * column.weights for name, column in columns.items()]
        given = {name: weight for name, weight in constraint.coefficients.items() if name in region.fixed}
        fixed = sum(weight * float(region.fixed[name]) for name, weight in given.items())
        offset = fixed + sum(weight * columns[name].offset for name, weight in terms.items())
        size = abs(fixed) + sum(abs(weight) * _size(columns[name]) for name, weight in terms.items())
        lower, upper = (np.array(constraint.limits) - offset) / (size or 1.0)
        matrix = np.concatenate(row)[np.newaxis] / (size or 1.0)
        yield Limits(matrix, lower - RELATIVE_TOLERANCE, upper + RELATIVE_TOLERANCE)


def _size(column: Column) -> float:
    """Return the largest size of a value."""
    ends = np.concatenate([column.weights * column.lower, column.weights * column.upper])
    return float(np.abs(column.offset + ends).max())


def _choices(columns: dict[str, Column]) -> Iterator[Limits]:
    """Yield that of each list one value is taken."""
    place, n = 0, sum(len(column.weights) for column in columns.values())
    for column in columns.values():
        row = np.zeros((1, n))
        row[0, place : place + len(column.weights)] = 1.0
        place += len(column.weights)
        if column.is_choice:
            yield Limits(row, 1.0, 1.0)
