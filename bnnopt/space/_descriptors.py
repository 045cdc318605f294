"""Descriptors of levels: numbers that say how levels differ, and the few columns made of them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from numbers import Real as Number
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from bnnopt._models import FrozenModel
from bnnopt._typing import FloatArray
from bnnopt.space._encoding import Level

__all__ = ["Descriptors", "as_descriptors"]

MOST_CORRELATED = 0.95
EXPLAINED = 0.75  # of the variance of the columns, by the principal components in their place
APART = 0.1  # of the range of the widest component: more of them are taken until levels differ by that
CONSTANT = 1e-9  # of the size of a column
SAME = 1e-4  # of the range of each column: levels that differ by less cannot be told apart
STORED = {"names", "values"}


class Descriptors(FrozenModel):
    """Numbers that describe levels, and the columns of the unit cube made of them.

    Columns are scaled to [0, 1]. Constant ones are dropped, and those whose correlation with a column kept
    before exceeds 0.95 in size (Shields et al., Nature 2021, 590, 89-96). If as many columns as levels or
    more remain, or two levels cannot be told apart by them, their leading principal components take their
    place (Hotelling 1933, J. Educ. Psychol. 24, 417-441), all on the scale of the widest: as few as explain
    75 % of the variance and keep levels a tenth of that scale apart. n levels never need more than n - 1.

    Parameters
    ----------
    names : sequence of str
        Of the descriptors, at least one.
    values : sequence of sequences of float, one of each level, in the order of the levels
        Finite; one number of each descriptor.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    def taken(self, rows: Sequence[int]) -> "Descriptors":
        """Return those of some levels."""
        return Descriptors(names=self.names, values=tuple(self.values[row] for row in rows))

    @cached_property
    def encoded(self) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]:
        """Names of the columns of the unit cube, and for each level its place in [0, 1] in each of them."""
        scaled, varying = _scaled(np.array(self.values))
        if not varying:
            return self.names[:1], ((0.0,),) * len(self.values)
        kept = _uncorrelated(scaled)
        names, points = tuple(self.names[varying[place]] for place in kept), scaled[:, kept]
        if len(kept) >= len(points) or smallest_distance(points) <= SAME:
            points = _principal(points if smallest_distance(points) > SAME else scaled)
            names = tuple(f"component {number + 1}" for number in range(points.shape[1]))
        return names, tuple(map(tuple, points.tolist()))

    def most_alike(self) -> tuple[int, int] | None:
        """Return two levels that cannot be told apart, by position; None where there are none."""
        scaled, _ = _scaled(np.array(self.values))
        distances = _distances(scaled)
        first, second = np.unravel_index(np.argmin(distances), distances.shape)
        return (int(first), int(second)) if distances[first, second] <= SAME else None


def as_descriptors(variable: str, levels: Sequence[Level], table: Any) -> Descriptors | None:
    """Return the descriptors of levels as a checked model.

    Parameters
    ----------
    variable : str
        Its name, for messages.
    levels : sequence
        Each needs one row, no other has one.
    table : DataFrame indexed by level, mapping of level to numbers, Descriptors or its JSON form, or None
        Numbers of a level are a number, a sequence, or a mapping by name.

    Raises
    ------
    ValueError
        When a level is missing, unknown or described twice, a cell is no finite number, or two levels have
        the same descriptors.
    """
    if table is None:
        return None
    names, rows = _rows_by_level(variable, levels, table)
    values = [
        [_number(variable, level, *cell) for cell in zip(names, rows[level], strict=True)] for level in levels
    ]
    found = Descriptors(names=tuple(names), values=tuple(map(tuple, values)))
    alike = found.most_alike() if len(set(levels)) == len(levels) > 1 else None
    if alike is not None:
        raise ValueError(
            f"descriptors of {variable!r}: {levels[alike[0]]!r} and {levels[alike[1]]!r} have the same "
            "numbers (to 1/10,000 of the range of each column), so that no model can tell them apart; add a "
            "descriptor in which they differ, or leave the descriptors out."
        )
    return found


def smallest_distance(points: FloatArray) -> float:
    """Return the least distance of two rows, that of two being their largest difference in a column."""
    return float(_distances(points).min())


def _rows_by_level(variable: str, levels: Sequence[Level], table: Any) -> tuple[list[str], dict[Any, Any]]:
    """Return the names of descriptors, and their cells by level."""
    if isinstance(table, Descriptors) or (isinstance(table, Mapping) and set(table) == STORED):
        stored = Descriptors.model_validate(table)
        table = pd.DataFrame(stored.values, columns=list(stored.names))
        _refuse(
            variable, len(table) != len(levels), f"{len(levels)} rows, one for each level, got {len(table)}"
        )
        table.index = pd.Index(levels, dtype=object)
    if isinstance(table, Mapping):
        table = _frame_of(variable, table)
    is_table = isinstance(table, pd.DataFrame)
    _refuse(variable, not is_table, f"a DataFrame indexed by level or a mapping of levels, got {table!r:.80}")
    _refuse(variable, not len(table.columns), "at least one column of numbers, got none")
    known = table.index.tolist()
    doubled = [level for place, level in enumerate(known) if level in known[:place]]
    _refuse(variable, bool(doubled), f"one row for each level, got several for {doubled}")
    missing = [level for level in levels if level not in known]
    _refuse(variable, bool(missing), f"a row for each level, got none for {missing}; there are {known}")
    unknown = [level for level in known if level not in levels]
    _refuse(
        variable, bool(unknown), f"rows for the levels {list(levels)} only, got {unknown}; leave them out"
    )
    names = [str(name) for name in table.columns]
    _refuse(variable, len(set(names)) < len(names), f"columns of different names, got {names}")
    return names, dict(zip(known, table.to_numpy(dtype=object).tolist(), strict=True))


def _frame_of(variable: str, table: Mapping[Any, Any]) -> pd.DataFrame:
    """Return a mapping of levels to numbers as a table of one row for each level."""
    rows = [cells if isinstance(cells, Mapping) else _numbered(cells) for cells in table.values()]
    names = list(rows[0]) if rows else []
    for level, row in zip(table, rows, strict=True):
        _refuse(
            variable,
            set(row) != set(names),
            f"the numbers {names} of each level, got {list(row)} of {level!r}",
        )
    cells = [[row[name] for name in names] for row in rows]
    return pd.DataFrame(cells, columns=names, index=pd.Index(list(table), dtype=object), dtype=object)


def _numbered(cells: Any) -> dict[str, Any]:
    """Return cells without names with their numbers as names."""
    is_one = isinstance(cells, str) or not hasattr(cells, "__iter__")
    return {f"descriptor {place + 1}": cell for place, cell in enumerate([cells] if is_one else cells)}


def _number(variable: str, level: Level, name: str, cell: Any) -> float:
    is_number = isinstance(cell, Number | np.bool_) and bool(np.isfinite(float(cell)))
    _refuse(
        variable,
        not is_number,
        f"finite numbers, got {cell!r} of level {level!r} in column {name!r}; correct it or drop the column",
    )
    return float(cell)


def _refuse(variable: str, is_wrong: bool, expected: str) -> None:
    if is_wrong:
        raise ValueError(f"descriptors of {variable!r}: expected {expected}.")


def _scaled(values: FloatArray) -> tuple[FloatArray, list[int]]:
    """Return the columns that vary, scaled to [0, 1], and their positions."""
    spread = np.ptp(values, axis=0)
    varying = np.flatnonzero(spread > CONSTANT * np.abs(values).max(axis=0))
    return (values[:, varying] - values[:, varying].min(axis=0)) / spread[varying], varying.tolist()


def _uncorrelated(scaled: FloatArray) -> list[int]:
    """Return the columns whose correlation with those kept before is at most 0.95 in size."""
    unit = scaled - scaled.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=0)
    kept: list[int] = []
    for place in range(unit.shape[1]):
        if (np.abs(unit[:, kept].T @ unit[:, place]) <= MOST_CORRELATED).all():
            kept.append(place)
    return kept


def _principal(scaled: FloatArray) -> FloatArray:
    """Return leading principal components, all divided by the widest range, as few as will do."""
    left, sizes, _ = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    most = min(len(scaled) - 1, int((sizes > CONSTANT * sizes[0]).sum()))
    components = left[:, :most] * sizes[:most]
    components *= np.sign(components[np.abs(components).argmax(axis=0), np.arange(most)])
    components = (components - components.min(axis=0)) / np.ptp(components, axis=0).max()
    explained = np.cumsum(sizes[:most] ** 2) / np.sum(sizes**2)
    n = int(np.argmax(explained >= EXPLAINED)) + 1
    while n < most and smallest_distance(components[:, :n]) < APART:
        n += 1
    return components[:, :n]


def _distances(points: FloatArray) -> FloatArray:
    """Return the largest differences of two rows in a column, infinite of a row with itself."""
    n_rows, n_columns = points.shape
    distances = squareform(pdist(points, "chebyshev")) if n_columns else np.zeros((n_rows, n_rows))
    np.fill_diagonal(distances, np.inf)
    return distances
