"""More rows than are sorted and copied: what one reading tells of them, and random ones of each later one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._table import Table, check_span

__all__ = ["Columns", "ManyRows", "collected", "is_many", "rows_of_a_chunk"]

LARGEST_TABLE = 100_000
"""Rows that are sorted and copied at most; more stay where they are and are read in blocks."""

ROWS_OF_A_SAMPLE = 16_384  # for scales, centres and judgement
ROWS_AT_ONCE = 4096
VALUES_DRAWN_AT_ONCE = 2**23  # 64 MB


@dataclass(frozen=True)
class Columns:
    """Weight of some rows, and of each column range, mean and sum of squared deviations.

    Attributes
    ----------
    weight : float
        Sum of the weights of the rows.
    lower, upper, mean, squares : ndarray of shape (n_columns,)
        Smallest and largest values, weighted means, and weighted sums of squares around them.
    """

    weight: float
    lower: FloatArray
    upper: FloatArray
    mean: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, values: FloatArray, weights: FloatArray) -> "Columns":
        """Take them from rows of shape (n_rows, n_columns)."""
        mean = np.average(values, axis=0, weights=weights)
        squares = weights @ np.square(values - mean)
        return cls(float(weights.sum()), values.min(axis=0), values.max(axis=0), mean, squares)

    def joined(self, other: "Columns") -> "Columns":
        """Add further rows (Chan, Golub, LeVeque 1979, equation 2.1)."""
        weight = self.weight + other.weight
        part, gap = other.weight / weight, other.mean - self.mean
        return Columns(
            weight,
            np.minimum(self.lower, other.lower),
            np.maximum(self.upper, other.upper),
            self.mean + part * gap,
            self.squares + other.squares + self.weight * part * np.square(gap),
        )

    @property
    def variance(self) -> FloatArray:
        """Weighted variance, shape (n_columns,)."""
        return self.squares / self.weight


@dataclass(frozen=True)
class ManyRows:
    """Rows that are read block by block, as often as they are needed.

    Attributes
    ----------
    source : iterable of Table
        Gives all rows of weight above 0 each time it is gone through, in blocks of any size.
    n_rows : int
        Their number.
    x, y : Columns
        Of the inputs and outputs.
    sample : Table
        `ROWS_OF_A_SAMPLE` of them, drawn at random by their weights, or all if they are fewer.
    """

    source: Iterable[Table]
    n_rows: int
    x: Columns
    y: Columns
    sample: Table

    @classmethod
    def read(cls, source: Iterable[Table], rng: np.random.Generator) -> "ManyRows":
        """Read all rows once.

        Raises
        ------
        InvalidDataError
            If there are fewer than 2 rows, or the values of a column are too far apart.
        """
        reservoir, n_rows = _Reservoir(ROWS_OF_A_SAMPLE, rng), 0
        x: Columns | None = None
        y: Columns | None = None
        with np.errstate(over="ignore", invalid="ignore"):
            for block in _in_blocks(source):
                reservoir.add(block)
                n_rows += len(block.X)
                of_x, of_y = Columns.of(block.X, block.weights), Columns.of(block.y, block.weights)
                x, y = (x.joined(of_x), y.joined(of_y)) if x and y else (of_x, of_y)
            if x is None or y is None or n_rows < 2:
                raise InvalidDataError(f"At least 2 rows need a weight above zero, got {n_rows}.")
            check_span(x.upper - x.lower, "X")
            check_span(y.upper - y.lower, "y")
        return cls(source, n_rows, x, y, reservoir.rows())

    @property
    def total_weight(self) -> float:
        """Sum of the weights of all rows."""
        return self.x.weight

    def blocks(self) -> Iterator[Table]:
        """Read all rows again, `ROWS_AT_ONCE` at once.

        Raises
        ------
        InvalidDataError
            If there are more or fewer than at the first time.
        """
        n_rows = 0
        for block in _in_blocks(self.source):
            n_rows += len(block.X)
            yield block
        if n_rows != self.n_rows:
            raise InvalidDataError(
                f"The stream gave {self.n_rows} rows of weight above 0 at first, and {n_rows} when it was "
                "gone through again. It must give the same rows each time, in any order."
            )

    def chunks(self, n_rows: int, n_chunks: int, rng: np.random.Generator) -> Iterator[Table]:
        """Draw chunks of random rows by their weights; one reading serves as many as memory allows.

        Parameters
        ----------
        n_rows : int
            Rows of a chunk, at most the number of all.
        n_chunks : int
            Number of chunks.
        rng : numpy.random.Generator
            Draws them.
        """
        n_columns = len(self.x.mean) + 2 * len(self.y.mean) + 1
        at_once = max(VALUES_DRAWN_AT_ONCE // (n_rows * n_columns), 1)
        while n_chunks > 0:
            reservoir = _Reservoir(n_rows * min(at_once, n_chunks), rng)
            for block in self.blocks():
                reservoir.add(block)
            drawn = reservoir.rows()
            n_drawn = len(drawn.X) // n_rows
            yield from (_part(drawn, number * n_rows, n_rows) for number in range(n_drawn))
            n_chunks -= n_drawn


def is_many(n_rows: int) -> bool:
    """Tell whether so many rows are to stay where they are."""
    return n_rows > LARGEST_TABLE


def rows_of_a_chunk(batch_size: int, n_updates: int, n_rows: int) -> int:
    """Rows that a chunk of updates draws its mini-batches from, `n_rows` in all."""
    return min(batch_size * n_updates, LARGEST_TABLE, n_rows)


def collected(source: Iterable[Table]) -> Table | None:
    """Collect all rows; None if they are to stay where they are."""
    tables, n_rows = [], 0
    for table in source:
        tables.append(table)
        n_rows += len(table.X)
        if is_many(n_rows):
            return None
    return _joined(tables)


class _Reservoir:
    """Rows drawn at random while they come by: those of the smallest random numbers.

    A row of weight w is drawn like w rows, whose smallest number is `1 - (1 - u)**(1 / w)` with u uniform.
    With the limit L below which rows were kept, its weight is how many of the w are, on average where any
    is: `w L / (1 - (1 - L)**w)`, which is 1 for a row of weight 1.
    """

    def __init__(self, n_rows: int, rng: np.random.Generator) -> None:
        self._n_rows, self._rng = n_rows, rng
        self._tables: list[Table] = []
        self._numbers: list[FloatArray] = []
        self._limit, self._n_waiting = 1.0, 0

    def add(self, block: Table) -> None:
        """Let rows come by."""
        numbers = -np.expm1(np.log1p(-self._rng.random(len(block.X))) / block.weights)
        is_kept = numbers < self._limit
        self._tables.append(Table(*(column[is_kept] for column in block)))
        self._numbers.append(numbers[is_kept])
        self._n_waiting += int(is_kept.sum())
        if self._n_waiting > 2 * self._n_rows:
            self._thin()

    def rows(self) -> Table:
        """Return the rows drawn, in random order."""
        self._thin()
        table = self._tables[0]
        if self._limit == 1.0:
            return table
        chances = -np.expm1(table.weights * np.log1p(-self._limit))
        return table._replace(weights=table.weights * self._limit / chances)

    def _thin(self) -> None:
        table, numbers = _joined(self._tables), np.concatenate(self._numbers)
        order = np.argsort(numbers)[: self._n_rows]
        self._tables, self._numbers = [Table(*(column[order] for column in table))], [numbers[order]]
        self._n_waiting = len(order)
        if len(numbers) > self._n_rows:
            self._limit = float(numbers[order[-1]])


def _joined(tables: list[Table]) -> Table:
    return Table(*(np.concatenate(columns) for columns in zip(*tables, strict=True)))


def _part(table: Table, start: int, n_rows: int) -> Table:
    return Table(*(column[start : start + n_rows] for column in table))


def _in_blocks(source: Iterable[Table]) -> Iterator[Table]:
    """Cut and join tables into blocks of `ROWS_AT_ONCE`: sums do not depend on how rows came."""
    waiting: list[Table] = []
    for table in source:
        waiting.append(table)
        if sum(len(each.X) for each in waiting) < ROWS_AT_ONCE:
            continue
        joined = waiting[0] if len(waiting) == 1 else _joined(waiting)
        n_whole = len(joined.X) // ROWS_AT_ONCE * ROWS_AT_ONCE
        yield from (_part(joined, start, ROWS_AT_ONCE) for start in range(0, n_whole, ROWS_AT_ONCE))
        waiting = [_part(joined, n_whole, ROWS_AT_ONCE)]
    last = _joined(waiting) if waiting else None
    if last is not None and len(last.X):
        yield last
