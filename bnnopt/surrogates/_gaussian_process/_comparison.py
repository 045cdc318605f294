"""Families compared by what they say of rows that they have not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.surrogates._gaussian_process._exact import LeftOut
from bnnopt.surrogates._rows import Rows
from bnnopt.surrogates._stacking._shares import HeldOut, stacking_shares

__all__ = ["Comparison", "compare"]

SMALLEST_SHARE = 1e-12  # where all members that may predict a row weigh nothing, they weigh the same


@dataclass(frozen=True)
class Comparison:
    """What families say of rows, each row predicted without it, and the shares that follow.

    Attributes
    ----------
    names : tuple of str
        Of the families.
    held_out : HeldOut
        Predictions of the rows by each family, first axis: families.
    shares : ndarray of shape (n_families,)
        At least 0; the sum is 1.
    rows : Rows
        Those that were predicted.
    places : ndarray of int
        Their places among the rows at hand.
    """

    names: tuple[str, ...]
    held_out: HeldOut
    shares: FloatArray
    rows: Rows
    places: IntArray

    @property
    def kept(self) -> list[int]:
        """Numbers of the families that have a share."""
        return np.flatnonzero(self.shares > 0).tolist()

    def share_of(self, name: str) -> float:
        """Return the share of a family, 0 if it was not compared."""
        return float(self.shares[self.names.index(name)]) if name in self.names else 0.0


def compare(
    names: Sequence[str],
    members: Sequence[Sequence[LeftOut]],
    weights: Sequence[FloatArray],
    rows: Rows,
    places: IntArray,
    is_seen: BoolArray | None = None,
) -> Comparison:
    """Weigh families by the density that they give to rows.

    Parameters
    ----------
    names : sequence of str
        Of the families.
    members : sequence of sequence of LeftOut
        What the members of each family say of the rows.
    weights : sequence of ndarray of shape (n_members,)
        Of the members within each family, with sum 1.
    rows, places
        As in `Comparison`.
    is_seen : ndarray of bool, shape (n_members, n_rows), optional
        Which rows each member of a family learned from, if they learned from different ones.
    """
    if is_seen is None:
        is_seen = np.zeros((1, 1), dtype=bool)
    mixed = [_mixed(own, shares, is_seen) for own, shares in zip(members, weights, strict=True)]
    held_out = HeldOut(*(np.array(each) for each in zip(*mixed, strict=True)))
    shares = stacking_shares(held_out.log_density(rows.y[:, 0]), rows.weights)
    return Comparison(tuple(names), held_out, shares, rows, places)


def _mixed(members: Sequence[LeftOut], shares: FloatArray, is_seen: BoolArray) -> LeftOut:
    """Predict each row without it, by members that did not learn from it if there are any."""
    means, variances = (np.array(each) for each in zip(*members, strict=True))
    weights = (shares[:, None] + SMALLEST_SHARE) * (~is_seen | is_seen.all(axis=0))
    weights /= weights.sum(axis=0)
    mean = (weights * means).sum(axis=0)
    return LeftOut(mean, (weights * (variances + np.square(means - mean))).sum(axis=0))
