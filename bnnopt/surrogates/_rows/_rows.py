"""Rows with their weights and known noise: all of them, or a sample of rows that are read in blocks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.exceptions import InvalidDataError

__all__ = ["LARGEST_TABLE", "ROWS_AT_ONCE", "Columns", "Rows", "Stream", "check_enough", "check_spans"]

SPANS = (1e-140, 1e140)  # of a column that varies: squares of it and of small parts of it are still numbers

LARGEST_TABLE = 100_000
"""Rows that are sorted and copied at most; more stay where they are and are read in blocks."""

ROWS_AT_ONCE = 4096  # of a block: its products with some hundred inducing points stay within 20 MB


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
        lower, upper = values.min(axis=0), values.max(axis=0)
        with np.errstate(over="ignore"):
            mean = np.average(values, axis=0, weights=weights)
        mean = np.where(lower == upper, lower, mean)  # a constant is itself, however large
        squares = weights @ np.square(values - mean)
        return cls(float(weights.sum()), lower, upper, mean, squares)

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
class Stream:
    """Rows that stay where they are and are read as often as they are needed.

    Attributes
    ----------
    read : callable
        Reads all rows of weight above 0 anew and gives them in blocks of `ROWS_AT_ONCE`.
    n_rows : int
        Their number.
    x, y : Columns
        Of inputs and outputs.
    """

    read: Callable[[], Iterator["Rows"]]
    n_rows: int
    x: Columns
    y: Columns


@dataclass(frozen=True)
class Rows:
    """Rows to learn from.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
        Inputs.
    y : ndarray of shape (n_rows, n_outputs)
        Outputs.
    weights : ndarray of shape (n_rows,)
        How many measurements each row stands for.
    known_noise : ndarray of shape (n_rows, n_outputs)
        Noise variance of one measurement as far as it was given, 0 where it was not.
    places : ndarray of shape (n_rows,), int
        Where each row, or the first of those that it stands for, stood in the order given.
    noise_factors : ndarray of shape (n_rows,)
        Learned noise variance at each row as a multiple of its mean; 1 where it is the same everywhere.
    repeats, given : ndarray of int
        For each row that was joined its row here, -1 for those of weight 0, and where it stood in the order
        given; empty where nothing was joined.
    stream : Stream or None
        All rows, if those at hand are a sample of them.
    """

    X: FloatArray
    y: FloatArray
    weights: FloatArray
    known_noise: FloatArray
    places: IntArray
    noise_factors: FloatArray
    repeats: IntArray = field(default_factory=lambda: np.empty(0, dtype=int))
    given: IntArray = field(default_factory=lambda: np.empty(0, dtype=int))
    stream: Stream | None = None

    @classmethod
    def of(
        cls,
        X: FloatArray,
        y: FloatArray,
        weights: FloatArray | None = None,
        known_noise: FloatArray | None = None,
        *,
        first: int = 0,
    ) -> "Rows":
        """Take rows as they are, counted from `first`; y of shape (n_rows,) or (n_rows, n_outputs)."""
        n_rows = len(X)
        outputs = y.reshape(n_rows, -1) if n_rows else y.reshape(0, 1 if y.ndim == 1 else y.shape[1])
        return cls(
            X=X,
            y=outputs,
            weights=np.ones(n_rows) if weights is None else weights,
            known_noise=np.zeros(outputs.shape)
            if known_noise is None
            else known_noise.reshape(outputs.shape),
            places=first + np.arange(n_rows),
            noise_factors=np.ones(n_rows),
        )

    @classmethod
    def joined(cls, parts: Iterable["Rows"]) -> "Rows":
        """Put rows one below the other."""
        tables = [[getattr(part, name) for name in _OF_ROWS] for part in parts]
        X, y, weights, known_noise, places, factors = map(np.concatenate, zip(*tables, strict=True))
        return cls(X, y, weights, known_noise, places, factors)

    def distinct(self) -> "Rows":
        """Join rows that are equal in everything but their weight, in lexicographic order.

        A row that is repeated and a row of that weight are then the same thing, to the last bit, and the
        order in which rows came does not matter: sums in single precision, random masks and held-out rows all
        start from this table. Equal inputs with unlike outputs are rows of their own; rows of weight 0 go.
        """
        used = np.flatnonzero(self.weights > 0)
        table = np.column_stack([self.X, self.y, self.known_noise])[used] + 0.0  # turns -0.0 into 0.0
        order = np.lexsort((self.weights[used], *table.T[::-1]))
        is_first = _differs_from_above(table[order])
        starts = np.flatnonzero(is_first)
        repeats = np.full(len(self), -1)
        repeats[used[order]] = np.cumsum(is_first) - 1
        firsts = np.minimum.reduceat(used[order], starts)
        d, k = self.X.shape[1], self.y.shape[1]
        table = table[order][starts]
        return Rows(
            X=table[:, :d],
            y=table[:, d : d + k],
            weights=np.add.reduceat(self.weights[used][order], starts),
            known_noise=table[:, d + k :],
            places=self.places[firsts],
            noise_factors=self.noise_factors[firsts],
            repeats=repeats,
            given=self.places,
        )

    def only(self, chosen: IntArray | BoolArray | slice) -> "Rows":
        """Return some of the rows at hand, by number, by a mask of shape (n_rows,) or by a slice."""
        return Rows(*(getattr(self, name)[chosen] for name in _OF_ROWS))

    def repeated(self) -> "Rows":
        """Undo the joining of repeats: each row given, with weight 1, in the order of the rows here."""
        used = np.flatnonzero(self.repeats >= 0)
        used = used[np.argsort(self.repeats[used], kind="stable")]
        rows = self.only(self.repeats[used])
        return replace(rows, weights=np.ones(len(used)), places=self.given[used])

    def detached(self) -> "Rows":
        """Return the rows at hand without what the others are read from, which a fit need not keep."""
        return (
            self if self.stream is None else replace(self, stream=replace(self.stream, read=_refuse_to_read))
        )

    def scaled(self, X: FloatArray, y: FloatArray) -> "Rows":
        """Return the rows at hand with inputs and outputs in other units."""
        return replace(self, X=X, y=y)

    def mapped(self, change: Callable[["Rows"], "Rows"]) -> "Rows":
        """Return the rows in other units, those that are still to be read too.

        Parameters
        ----------
        change : callable
            Takes and returns `Rows` of the same number; the inputs stay in their units.
        """
        here = change(replace(self, stream=None))
        if self.stream is None:
            return here
        stream = self.stream
        return replace(here, stream=replace(stream, read=lambda: map(change, stream.read())))

    def one_output(self, place: int, centre: float, unit: float) -> "Rows":
        """Return the rows of one output, less `centre` and in units of `unit`."""
        return self.mapped(
            lambda rows: replace(
                rows,
                y=(rows.y[:, [place]] - centre) / unit,
                known_noise=rows.known_noise[:, [place]] / unit**2,
            )
        )

    def noise(self, variance: float) -> FloatArray:
        """Noise variance of one measurement of each row of one output, given the learned one; (n_rows,)."""
        return variance * self.noise_factors + self.known_noise[:, 0]

    def blocks(self) -> Iterator["Rows"]:
        """Give all rows, `ROWS_AT_ONCE` at once."""
        if self.stream is not None:
            yield from self.stream.read()
            return
        for start in range(0, len(self), ROWS_AT_ONCE):
            yield self.only(slice(start, start + ROWS_AT_ONCE))

    @cached_property
    def x(self) -> Columns:
        """Ranges, means and variances of the inputs of all rows."""
        return Columns.of(self.X, self.weights) if self.stream is None else self.stream.x

    @cached_property
    def outputs(self) -> Columns:
        """Ranges, means and variances of the outputs of all rows, in the units that they came in."""
        return Columns.of(self.y, self.weights) if self.stream is None else self.stream.y

    @property
    def n_rows(self) -> int:
        """Number of all rows."""
        return len(self) if self.stream is None else self.stream.n_rows

    @property
    def total_weight(self) -> float:
        """Sum of the weights of all rows."""
        return float(self.weights.sum()) if self.stream is None else self.stream.x.weight

    def given_places(self, chosen: IntArray) -> tuple[IntArray, IntArray]:
        """Say for some of the rows where all that they stand for stood in the order given.

        Parameters
        ----------
        chosen : ndarray of int, shape (n_chosen,)
            Rows at hand, in rising order.

        Returns
        -------
        places : ndarray of int
            In the order given, rising.
        sources : ndarray of int
            For each of these its number among the chosen.
        """
        if self.stream is not None or not len(self.repeats):
            order = np.argsort(self.places[chosen])
            return self.places[chosen][order], order
        number = np.full(len(self) + 1, -1)  # one more for rows of weight 0, which have no row here
        number[chosen] = np.arange(len(chosen))
        known = np.flatnonzero(number[self.repeats] >= 0)
        known = known[np.argsort(self.given[known])]
        return self.given[known], number[self.repeats][known]

    @cached_property
    def keys(self) -> IntArray:
        """A hash of each row, by which it is recognised later, shape (n_rows,), uint64."""
        table = pd.DataFrame(np.column_stack([self.X, self.y, self.known_noise]))
        return np.asarray(pd.util.hash_pandas_object(table, index=False).to_numpy())

    @cached_property
    def groups(self) -> IntArray:
        """Number of each row among the distinct inputs, from 0; of rows that are in order (`distinct`)."""
        return np.asarray(np.cumsum(_differs_from_above(self.X)) - 1)

    def __len__(self) -> int:
        return len(self.X)


_OF_ROWS = tuple(each.name for each in fields(Rows))[:6]


def _refuse_to_read() -> Iterator[Rows]:
    raise InvalidDataError("The rows of the fit are not kept. Fit anew.")


def check_spans(lower: FloatArray, upper: FloatArray, name: str) -> None:
    """Refuse ranges of columns, each of shape (n_columns,), whose squares are no numbers any more."""
    with np.errstate(over="ignore"):
        spans = upper - lower
    largest = np.maximum(np.abs(lower), np.abs(upper))
    for is_bad, how, limit, unit in (
        (spans > SPANS[1], "further apart", f"at most {SPANS[1]:.0e}", "larger"),
        (
            (largest > 0) & (np.where(spans > 0, spans, largest) < SPANS[0]),
            "closer together, or to 0,",
            f"at least {SPANS[0]:.0e}",
            "smaller",
        ),
    ):
        if is_bad.any():
            column = int(np.argmax(is_bad))
            raise InvalidDataError(
                f"{name}: the values of column {column} are {how} than can be reckoned with "
                f"({spans[column] or largest[column]:.3g}, {limit}). Use a {unit} unit."
            )


def check_enough(n_rows: int, n_needed: int) -> None:
    """Refuse fewer rows of weight above 0 than are needed."""
    if n_rows < n_needed:
        raise InvalidDataError(f"At least {n_needed} row(s) need a weight above zero, got {n_rows}.")


def _differs_from_above(table: FloatArray) -> BoolArray:
    """Tell for each row of a sorted table whether it differs from the one above."""
    return np.append(True, (table[1:] != table[:-1]).any(axis=1))
