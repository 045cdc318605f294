"""Rows of a table as the training sees them: distinct, in one order, with the weight of each."""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.surrogates._table import Table

__all__ = ["DistinctRows", "Rows"]


@dataclass(frozen=True)
class DistinctRows:
    """Distinct rows in lexicographic order.

    A row that is repeated and a row of that weight are the same thing here, to the last bit, and the order in
    which rows came does not matter: sums in single precision, random masks and held-out rows all start from
    this table.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
        Inputs.
    y : ndarray of shape (n_rows, n_outputs)
        Outputs; equal inputs with unlike outputs are rows of their own.
    weights : ndarray of shape (n_rows,)
        Sum of the weights of each row's repeats, above 0.
    places : ndarray of shape (n_rows,), int
        Number of the row among the distinct inputs, from 0, never falling.
    keys : ndarray of shape (n_rows,), uint64
        A hash of the row in the units it came in, by which a later table is recognised.
    """

    X: FloatArray
    y: FloatArray
    weights: FloatArray
    places: IntArray
    keys: IntArray

    @classmethod
    def of(cls, X: FloatArray, y: FloatArray, weights: FloatArray) -> "DistinctRows":
        """Join the repeats among rows of weight above 0.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Inputs, finite.
        y : ndarray of shape (n,) or (n, n_outputs)
            Outputs, finite.
        weights : ndarray of shape (n,)
            At least 0, not all 0.
        """
        is_used, n_features = weights > 0, X.shape[1]
        table = np.column_stack([X, y])[is_used] + 0.0  # the sum turns -0.0 into 0.0
        order = np.lexsort((weights[is_used], *table.T[::-1]))
        table, used = table[order], weights[is_used][order]
        starts = np.flatnonzero(_is_new(table))
        table = table[starts]
        return cls(
            X=table[:, :n_features],
            y=table[:, n_features:],
            weights=np.add.reduceat(used, starts),
            places=np.cumsum(_is_new(table[:, :n_features])) - 1,
            keys=pd.util.hash_pandas_object(pd.DataFrame(table), index=False).to_numpy(),
        )

    def scaled(self, X: FloatArray, y: FloatArray) -> "DistinctRows":
        """Return the same rows with X and y in other units."""
        return replace(self, X=X, y=y)

    def only(self, chosen: IntArray | BoolArray) -> "DistinctRows":
        """Return some of the rows, by number or by a mask of shape (n_rows,)."""
        return DistinctRows(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())

    def __len__(self) -> int:
        return len(self.X)


class Rows(NamedTuple):
    """Distinct rows with the noise variance that was given for each, shape (n_rows, n_outputs), 0 if none."""

    distinct: DistinctRows
    known_noise: FloatArray

    @classmethod
    def of(cls, table: Table) -> "Rows":
        """Join repeats; rows of unlike given noise are no repeats of each other."""
        n_outputs = table.y.shape[1]
        joined = DistinctRows.of(table.X, np.column_stack([table.y, table.noise_variance]), table.weights)
        return cls(joined.scaled(joined.X, joined.y[:, :n_outputs]), joined.y[:, n_outputs:])

    def extended(self, table: Table) -> "Rows":
        """Join with the rows of another table."""
        own = self.distinct
        return Rows.of(
            Table(
                np.concatenate([own.X, table.X]),
                np.concatenate([own.y, table.y]),
                np.concatenate([own.weights, table.weights]),
                np.concatenate([self.known_noise, table.noise_variance]),
            )
        )


def _is_new(table: FloatArray) -> np.ndarray:
    """Tell for each row of a sorted table whether it differs from the one above."""
    return np.append(True, (table[1:] != table[:-1]).any(axis=1))
