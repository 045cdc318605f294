"""Pairs of rows that a kernel is evaluated at: rows of one table with those of another, or among themselves.

A covariance of n rows has n (n + 1) / 2 different values. Learning, which evaluates it a few hundred times,
makes no more than these: they lie in the order of LAPACK's rectangular full packed format, in which they are
factored and inverted as they are. What all these evaluations share, squared differences of the inputs, is
computed once; times the inverse squares of the length scales they add up to the squared distances.

References
----------
F. G. Gustavson, J. Waśniewski, J. J. Dongarra, J. Langou, "Rectangular full packed format for Cholesky's
algorithm", ACM Trans. Math. Softw. 2010, 37, 18.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from scipy.linalg.lapack import dtrttf

from bnnopt._typing import FloatArray, IntArray

__all__ = ["Among", "Between", "Pairs", "RowsOfMembers"]


class Pairs(Protocol):
    """Pairs of rows of inputs that are divided by their length scales; `...` in shapes are pairs.

    Attributes
    ----------
    n_inputs : int
    axes : str
        One letter for each axis of pairs.
    """

    n_inputs: int
    axes: str

    def squared_distances(self) -> FloatArray:
        """Squared distance of each pair."""
        ...

    def squared_differences(self, place: int) -> FloatArray:
        """Square of the difference of each pair in one input."""
        ...

    def of_both(self, of_rows: Callable[[FloatArray], FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Give each pair what a function of rows says of its first row, and of its second."""
        ...

    def by_distances(self, by_distance: FloatArray) -> FloatArray:
        """From derivatives by the squared distances to those by the logarithms of length scales."""
        ...

    def by_norms(self, by_first: FloatArray, by_second: FloatArray) -> FloatArray:
        """From derivatives by the squared norms of both rows to those by the logarithms of length scales."""
        ...


class Between:
    """Each row of A with each row of B, shapes (..., n, d) and (..., m, d); values have shape (..., n, m)."""

    axes = "ij"

    def __init__(self, A: FloatArray, B: FloatArray) -> None:
        self._A, self._B, self.n_inputs = A, B, A.shape[-1]

    def squared_distances(self) -> FloatArray:
        """Squared distance of each pair."""
        A, B = self._A, self._B
        distances = A @ np.swapaxes(-2.0 * B, -1, -2)
        distances += np.square(A).sum(axis=-1)[..., :, None]
        distances += np.square(B).sum(axis=-1)[..., None, :]
        return np.maximum(distances, 0.0, out=distances)

    def squared_differences(self, place: int) -> FloatArray:
        """Square of the difference of each pair in one input."""
        return np.square(self._A[..., :, None, place] - self._B[..., None, :, place])

    def of_both(self, of_rows: Callable[[FloatArray], FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Give each pair what a function of rows says of its first row, and of its second."""
        return of_rows(self._A)[..., :, None], of_rows(self._B)[..., None, :]

    def by_distances(self, by_distance: FloatArray) -> FloatArray:
        """From derivatives by the squared distances to those by the logarithms of length scales."""
        of_products = (self._A * (by_distance @ self._B)).sum(axis=-2)
        return self.by_norms(by_distance, by_distance) + 4.0 * of_products

    def by_norms(self, by_first: FloatArray, by_second: FloatArray) -> FloatArray:
        """From derivatives by the squared norms of both rows to those by the logarithms of length scales."""
        sums = ((self._A, by_first.sum(axis=-1)), (self._B, by_second.sum(axis=-2)))
        return np.asarray(-2.0 * sum((np.square(rows) * own[..., None]).sum(axis=-2) for rows, own in sums))


@dataclass(frozen=True)
class RowsOfMembers:
    """Rows that several members learn from, before their length scales; tables that are the same, once.

    Attributes
    ----------
    tables : ndarray of shape (n_tables, n_rows, n_inputs)
        Inputs.
    of_members : ndarray of int, shape (n_members,)
        The table of each member.
    first, second : ndarray of int, shape (n_pairs,)
        Rows of the pairs.
    diagonal : ndarray of int, shape (n_rows,)
        Where the pair of each row with itself stands.
    squares : ndarray of shape (n_tables, n_inputs, n_pairs)
        Squared differences of the inputs.
    """

    tables: FloatArray
    of_members: IntArray
    first: IntArray
    second: IntArray
    diagonal: IntArray
    squares: FloatArray

    @classmethod
    def of(cls, X: FloatArray) -> "RowsOfMembers":
        """Take the rows of each member, shape (n_members, n_rows, n_inputs)."""
        numbers: dict[bytes, int] = {}
        of_members = np.array([numbers.setdefault(own.tobytes(), len(numbers)) for own in X])
        tables = X[np.unique(of_members, return_index=True)[1]]
        n_rows = X.shape[1]
        places, _ = dtrttf(np.arange(float(n_rows**2)).reshape(n_rows, n_rows))
        first, second = np.divmod(places.astype(np.intp), n_rows)
        diagonal = np.flatnonzero(first == second)
        diagonal = diagonal[np.argsort(first[diagonal])]
        columns = np.ascontiguousarray(np.swapaxes(tables, 1, 2))
        squares = np.square(columns[:, :, first] - columns[:, :, second])
        return cls(tables, of_members, first, second, diagonal, squares)

    def only(self, members: "list[int] | IntArray") -> "RowsOfMembers":
        """Rows of some of the members."""
        return replace(self, of_members=self.of_members[members])

    def scaled(self, log_length_scales: FloatArray, members: "list[int] | slice" = slice(None)) -> "Among":
        """Divide rows of members by their length scales, given as logarithms, (n_members, n_inputs)."""
        return Among(self, self.of_members[members], log_length_scales)


class Among:
    """Pairs of rows of each member, every pair once; values have shape (n_members, n_pairs)."""

    axes = "p"

    def __init__(self, rows: RowsOfMembers, own: IntArray, log_length_scales: FloatArray) -> None:
        self._rows, self.n_inputs = rows, log_length_scales.shape[1]
        self._shrink = np.exp(-2.0 * log_length_scales)
        chosen = slice(own[0], own[0] + 1) if (own == own[0]).all() else own  # what all share is not copied
        self._tables, self._squares = rows.tables[chosen], rows.squares[chosen]

    def squared_distances(self) -> FloatArray:
        """Squared distance of each pair."""
        return np.asarray((self._shrink[:, None] @ self._squares)[:, 0])

    def squared_differences(self, place: int) -> FloatArray:
        """Square of the difference of each pair in one input."""
        return self._shrink[:, place, None] * self._squares[:, place]

    def of_both(self, of_rows: Callable[[FloatArray], FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Give each pair what a function of rows says of its first row, and of its second."""
        values = of_rows(self._tables * np.sqrt(self._shrink)[:, None])
        return values[:, self._rows.first], values[:, self._rows.second]

    def by_distances(self, by_distance: FloatArray) -> FloatArray:
        """From derivatives by the squared distances to those by the logarithms of length scales."""
        return -2.0 * self._shrink * (self._squares @ by_distance[:, :, None])[:, :, 0]

    def by_norms(self, by_first: FloatArray, by_second: FloatArray) -> FloatArray:
        """From derivatives by the squared norms of both rows to those by the logarithms of length scales."""
        rows, n_rows = self._rows, self._tables.shape[1]
        sums = [
            np.bincount(rows.first, own, n_rows) + np.bincount(rows.second, other, n_rows)
            for own, other in zip(by_first, by_second, strict=True)
        ]
        return -2.0 * self._shrink * (np.array(sums)[:, None] @ np.square(self._tables))[:, 0]
