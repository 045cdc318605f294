"""Rows in blocks: evaluated so that no row depends on its neighbours, and drawn at random as they are read.

What is drawn is a sample to judge by, or the chunks of a training.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._rows._rows import ROWS_AT_ONCE, Columns, Rows, Stream, check_enough, check_spans

__all__ = ["ROWS_PER_BLOCK", "draw_chunks", "in_blocks", "in_stacks", "read_rows"]

# Products work on panels of rows; a block that panels of 1, 2 or 3 registers do not fill rounds its last rows
# differently from the others, and a row would then show where it stood (128 and 512 did).
ROWS_PER_BLOCK = 384
ROWS_PER_STACK = 64 * ROWS_PER_BLOCK

ROWS_OF_A_SAMPLE = 16_384  # for hyperparameters, inducing points and judgement
VALUES_DRAWN_AT_ONCE = 2**23  # 64 MB
SEED = 0  # which rows are drawn hangs on their order alone, so that all members of a stacking draw the same


def in_blocks(evaluate: Callable[[FloatArray], FloatArray], X: FloatArray) -> FloatArray:
    """Evaluate a function of rows block by block, the last one padded; rows are the first axis of the result.

    Parameters
    ----------
    evaluate : callable
        Rows of shape (ROWS_PER_BLOCK, n_columns) to an array of shape (ROWS_PER_BLOCK, ...).
    X : ndarray of shape (n_rows, n_columns)
        At least one row.
    """
    return np.concatenate([evaluate(block) for block in _padded(X, ROWS_PER_BLOCK)])[: len(X)]


def in_stacks(
    evaluate: Callable[[FloatArray], FloatArray], X: FloatArray, rows_per_block: int = ROWS_PER_BLOCK
) -> FloatArray:
    """Evaluate a function that takes many blocks of rows in one call; more than a stack of them never wait.

    Parameters
    ----------
    evaluate : callable
        Blocks of shape (n_blocks, rows_per_block, n_columns) to an array of shape
        (n_blocks, rows_per_block, ...).
    X : ndarray of shape (n_rows, n_columns)
        At least one row.
    rows_per_block : int, default=ROWS_PER_BLOCK
        A divisor of `ROWS_PER_BLOCK`.
    """
    parts = []
    for start in range(0, len(X), ROWS_PER_STACK):
        part = X[start : start + ROWS_PER_STACK]
        values = evaluate(_padded(part, rows_per_block))
        parts.append(values.reshape(-1, *values.shape[2:])[: len(part)])
    return np.concatenate(parts)


def _padded(X: FloatArray, rows_per_block: int) -> FloatArray:
    """Cut rows into blocks, with the first row repeated at the end of the last one."""
    padded = np.concatenate([X, np.repeat(X[:1], -len(X) % rows_per_block, axis=0)])
    return padded.reshape(-1, rows_per_block, X.shape[1])


def read_rows(source: Iterable[Rows], n_needed: int) -> Rows:
    """Read all rows once and return a sample of them, drawn at random by their weights, with their stream.

    Parameters
    ----------
    source : iterable of Rows
        Gives all rows of weight above 0 each time it is gone through, in blocks of any size.
    n_needed : int
        Fewest rows that will do.

    Raises
    ------
    InvalidDataError
        If there are fewer, or the values of a column are too far apart.
    """
    reservoir, n_rows = _Reservoir(ROWS_OF_A_SAMPLE, np.random.default_rng(SEED)), 0
    x: Columns | None = None
    y: Columns | None = None
    with np.errstate(over="ignore", invalid="ignore"):
        for block in _cut_anew(source):
            reservoir.add(block)
            n_rows += len(block)
            x = block.x if x is None else x.joined(block.x)
            y = block.outputs if y is None else y.joined(block.outputs)
        check_enough(n_rows, n_needed)
        assert x is not None  # there were rows
        assert y is not None
        check_spans(x.lower, x.upper, "X")
        check_spans(y.lower, y.upper, "y")

    def read() -> Iterator[Rows]:
        n_again = 0
        for block in _cut_anew(source):
            n_again += len(block)
            yield block
        _check_same_number(n_rows, n_again)

    return replace(reservoir.rows().distinct(), stream=Stream(read, n_rows, x, y))


def draw_chunks(rows: Rows, n_rows: int, n_chunks: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Draw chunks of random rows by their weights; one reading serves as many as memory allows.

    Parameters
    ----------
    rows : Rows
        With a stream.
    n_rows : int
        Rows of a chunk, at most the number of all.
    n_chunks : int
        Number of chunks.
    rng : numpy.random.Generator
        Draws them.
    """
    at_once = max(VALUES_DRAWN_AT_ONCE // (n_rows * (rows.X.shape[1] + 2 * rows.y.shape[1] + 1)), 1)
    while n_chunks > 0:
        reservoir = _Reservoir(n_rows * min(at_once, n_chunks), rng)
        for block in rows.blocks():
            reservoir.add(block)
        drawn = reservoir.rows()
        n_drawn = len(drawn) // n_rows
        if not n_drawn:
            raise InvalidDataError(
                f"The stream gave {len(drawn)} rows where {n_rows} are needed for a chunk."
            )
        yield from (drawn.only(slice(k * n_rows, (k + 1) * n_rows)) for k in range(n_drawn))
        n_chunks -= n_drawn


class _Reservoir:
    """Rows drawn at random while they come by: those of the smallest random numbers.

    A row of weight w is drawn like w rows, the smallest of whose exponential numbers is exponential with rate
    w (Efraimidis and Spirakis 2006). With the limit T below which rows were kept, its weight is how many of
    the w are, on average where any is: `w (1 - exp(-T)) / (1 - exp(-w T))`, which is 1 for a row of weight 1.
    """

    def __init__(self, n_rows: int, rng: np.random.Generator) -> None:
        self._n_rows, self._rng = n_rows, rng
        self._parts: list[Rows] = []
        self._numbers: list[FloatArray] = []
        self._limit, self._n_waiting = np.inf, 0

    def add(self, block: Rows) -> None:
        """Let rows come by."""
        numbers = -np.log1p(-self._rng.random(len(block))) / block.weights
        is_kept = numbers < self._limit
        self._parts.append(block.only(is_kept))
        self._numbers.append(numbers[is_kept])
        self._n_waiting += int(is_kept.sum())
        if self._n_waiting > 2 * self._n_rows:
            self._thin()

    def rows(self) -> Rows:
        """Return the rows drawn, in random order."""
        self._thin()
        rows = self._parts[0]
        if np.isinf(self._limit):
            return rows
        chances = -np.expm1(-rows.weights * self._limit)
        return replace(rows, weights=rows.weights * -np.expm1(-self._limit) / chances)

    def _thin(self) -> None:
        rows, numbers = Rows.joined(self._parts), np.concatenate(self._numbers)
        order = np.argsort(numbers)[: self._n_rows]
        self._parts, self._numbers = [rows.only(order)], [numbers[order]]
        self._n_waiting = len(order)
        if len(numbers) > self._n_rows:
            self._limit = float(numbers[order[-1]])


def _cut_anew(source: Iterable[Rows]) -> Iterator[Rows]:
    """Cut and join rows into blocks of `ROWS_AT_ONCE`: sums do not depend on how rows came."""
    waiting: list[Rows] = []
    for part in source:
        waiting.append(part)
        if sum(map(len, waiting)) < ROWS_AT_ONCE:
            continue
        rows = waiting[0] if len(waiting) == 1 else Rows.joined(waiting)
        n_whole = len(rows) // ROWS_AT_ONCE * ROWS_AT_ONCE
        yield from (
            rows.only(slice(start, start + ROWS_AT_ONCE)) for start in range(0, n_whole, ROWS_AT_ONCE)
        )
        waiting = [rows.only(slice(n_whole, None))]
    last = Rows.joined(waiting) if waiting else None
    if last is not None and len(last):
        yield last


def _check_same_number(n_rows: int, n_again: int) -> None:
    if n_again != n_rows:
        raise InvalidDataError(
            f"The stream gave {n_rows} rows of weight above 0 at first, and {n_again} when it was gone "
            "through again. It must give the same rows each time, in any order."
        )
