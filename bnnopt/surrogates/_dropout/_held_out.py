"""Which network does not see which row, and what its errors there tell of the observation noise.

Every row is left out by one network of an ensemble: remembered row by row, or, of many rows, by a rule. Its
error there is an honest one, so that the spread can be set without a second training (the idea of out-of-bag
estimates, Breiman 1996, and of CV+, Barber et al. 2021).
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.surrogates._rows import Rows

__all__ = [
    "SMALLEST_NOISE_SHARE",
    "HashedHoldout",
    "HeldOutError",
    "Holdout",
    "KnownHoldout",
    "held_out_mean",
    "hold_out",
]

PLACES_PER_NETWORK = 2  # distinct inputs: with fewer, rows of equal inputs are not left out together
LARGEST_SALT = 2**63 - 1
SMALLEST_NOISE_SHARE = 0.05  # of the squared error: no set of networks agrees with the function to a percent


def hold_out(
    rows: Rows, n_networks: int, rng: np.random.Generator, share: float, before: "Holdout | None"
) -> tuple[BoolArray, "Holdout"]:
    """Choose the network that leaves each row out, or recall it.

    Parameters
    ----------
    rows : Rows
        Distinct ones, or a sample of many.
    n_networks : int
        A single network leaves out a share of the rows, several leave out each row once.
    rng : numpy.random.Generator
        Draws what is not known yet.
    share : float in [0, 1)
        What a single network leaves out.
    before : Holdout or None
        Of the training that goes on.

    Returns
    -------
    is_held_out : ndarray of shape (n_rows, n_networks), bool
        True where the network does not see the row.
    holdout : Holdout
        With the new rows, or the rule for all.
    """
    if rows.stream is not None:
        rule = (
            replace(before, share=share)
            if isinstance(before, HashedHoldout)
            else HashedHoldout.of(rows, n_networks, share, rng)
        )
        return rule(rows.X, rows.y), rule
    known = before if isinstance(before, KnownHoldout) else KnownHoldout.none(n_networks)
    has_places = rows.groups[-1] + 1 >= PLACES_PER_NETWORK * n_networks
    groups = rows.groups if has_places else np.arange(len(rows))
    is_held_out, holdout = known.assign(rows.keys, groups, rng, share=share)
    if before is None and len(rows) == 1:
        is_held_out = np.zeros_like(is_held_out)  # the network would have nothing to learn from
    return is_held_out, holdout


@dataclass(frozen=True)
class KnownHoldout:
    """Which network leaves out which row, for all rows of the trainings so far.

    A training that goes on keeps a row from the network that has never seen it.

    Attributes
    ----------
    keys : ndarray of shape (n_seen,), uint64
        Hashes of the rows, rising.
    is_held_out : ndarray of shape (n_seen, n_networks), bool
        True where the network does not see the row.
    """

    keys: IntArray
    is_held_out: BoolArray

    @classmethod
    def none(cls, n_networks: int) -> "KnownHoldout":
        """Return the state before the first training."""
        return cls(np.zeros(0, dtype=np.uint64), np.zeros((0, n_networks), dtype=bool))

    def assign(
        self, keys: IntArray, groups: IntArray, rng: np.random.Generator, *, share: float = 0.0
    ) -> tuple[BoolArray, "KnownHoldout"]:
        """Recall the network that leaves each known row out, and choose one for the new rows.

        Parameters
        ----------
        keys : ndarray of shape (n_rows,), uint64
            Hashes of distinct rows.
        groups : ndarray of shape (n_rows,), int
            Rows of one number, counted from 0, are left out together.
        rng, share
            As in `hold_out`.

        Returns
        -------
        is_held_out : ndarray of shape (n_rows, n_networks), bool
            For the given rows.
        seen : KnownHoldout
            With the new rows.
        """
        is_known = np.isin(keys, self.keys)
        recalled = self.is_held_out[np.searchsorted(self.keys, keys[is_known])]
        of_group = _assign_parts(int(groups.max()) + 1, self.is_held_out.shape[1], rng, share=share)
        of_group[groups[is_known]] = recalled
        is_held_out = of_group[groups]
        is_held_out[is_known] = recalled
        return is_held_out, self._with(keys[~is_known], is_held_out[~is_known])

    def _with(self, keys: IntArray, is_held_out: BoolArray) -> "KnownHoldout":
        all_keys = np.concatenate([self.keys, keys])
        order = np.argsort(all_keys)
        return KnownHoldout(all_keys[order], np.concatenate([self.is_held_out, is_held_out])[order])


@dataclass(frozen=True)
class HashedHoldout:
    """A rule that says for any row which network leaves it out, the same whenever the row comes by.

    Attributes
    ----------
    n_networks : int
        Several networks leave out each row once, a single one leaves out a share of them.
    share : float in [0, 1)
        What a single network leaves out.
    n_columns : int
        Columns of inputs and outputs that the rule looks at, from the first: rows that are equal in them are
        left out together. 0 holds nothing out.
    salt : int
        Chooses the rule.
    """

    n_networks: int
    share: float
    n_columns: int
    salt: int

    @classmethod
    def of(cls, sample: Rows, n_networks: int, share: float, rng: np.random.Generator) -> "HashedHoldout":
        """Look at inputs, unless few different ones are in the sample, then at outputs too.

        With few different rows among so many, every network has to see each of them.
        """
        fewest, n_inputs = PLACES_PER_NETWORK * n_networks, sample.X.shape[1]
        n_columns = n_inputs if sample.groups[-1] + 1 >= fewest else n_inputs + sample.y.shape[1]
        if len(sample) < fewest:
            n_columns = 0
        return cls(n_networks, share, n_columns, int(rng.integers(LARGEST_SALT)))

    def __call__(self, X: FloatArray, y: FloatArray) -> BoolArray:
        """Tell which network does not see each row.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
            Inputs as the networks see them.
        y : ndarray of shape (n_rows, n_outputs)
            Outputs as the networks see them.

        Returns
        -------
        ndarray of shape (n_rows, n_networks), bool
            True where the network does not see the row.
        """
        if not self.n_columns:
            return np.zeros((len(X), self.n_networks), dtype=bool)
        numbers = self._numbers(np.column_stack([X, y])[:, : self.n_columns] + 0.0)  # -0.0 becomes 0.0
        if self.n_networks == 1:
            return (numbers < self.share)[:, None]
        return np.floor(numbers * self.n_networks)[:, None] == np.arange(self.n_networks)

    def _numbers(self, table: FloatArray) -> FloatArray:
        """Even numbers in [0, 1) from rows and salt, mixed as in SplitMix64 (Steele et al., OOPSLA 2014)."""
        keys = pd.util.hash_pandas_object(pd.DataFrame(table), index=False).to_numpy() ^ np.uint64(self.salt)
        keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return ((keys ^ (keys >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53


Holdout: TypeAlias = KnownHoldout | HashedHoldout


def held_out_mean(draws: FloatArray, is_held_out: BoolArray) -> FloatArray:
    """Predict each row by the network that did not see it; by all networks if nothing was held out.

    Parameters
    ----------
    draws : ndarray of shape (n_rows, n_networks, n_masks, n_outputs)
        Outputs of the thinned networks.
    is_held_out : ndarray of shape (n_rows, n_networks), bool
        From `hold_out`.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
        NaN where other rows are held out but not this one.
    """
    by_network = draws.mean(axis=2)
    if not is_held_out.any():
        return by_network.mean(axis=1)
    mean = (by_network * is_held_out[:, :, None]).sum(axis=1)
    mean[~np.any(is_held_out, axis=1)] = np.nan
    return mean


@dataclass(frozen=True)
class HeldOutError:
    """Error on rows that a network did not see, and what it is compared with, as weighted means over rows.

    Attributes
    ----------
    error : ndarray of shape (n_outputs,)
        Squared error of `held_out_mean`.
    between : ndarray of shape (n_outputs,)
        Variance between networks.
    spread : ndarray of shape (n_outputs,)
        Variance over all networks and masks.
    weight : float
        Sum of the weights of the rows.
    is_honest : bool
        Whether there are several networks and each row was held out of one.
    """

    error: FloatArray
    between: FloatArray
    spread: FloatArray
    weight: float
    is_honest: bool

    @classmethod
    def of(
        cls, y: FloatArray, draws: FloatArray, is_held_out: BoolArray, weights: FloatArray | None = None
    ) -> "HeldOutError":
        """Measure the error.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Measured outputs.
        draws : ndarray of shape (n_rows, n_networks, n_masks, n_outputs)
            Outputs of the thinned networks.
        is_held_out : ndarray of shape (n_rows, n_networks), bool
            From `hold_out`.
        weights : ndarray of shape (n_rows,), default=None
            Weight of each row, above 0; 1 by default.
        """
        squared = np.square(y - held_out_mean(draws, is_held_out))
        is_judged = np.isfinite(squared).all(axis=1)
        of_row = np.ones(len(y)) if weights is None else weights
        used = of_row[is_judged]

        def mean(values: FloatArray) -> FloatArray:
            return np.average(values[is_judged], axis=0, weights=used)

        return cls(
            error=mean(squared),
            between=mean(draws.mean(axis=2).var(axis=1)),
            spread=mean(draws.reshape(len(y), -1, y.shape[1]).var(axis=1)),
            weight=float(used.sum()),
            is_honest=draws.shape[1] > 1 and bool(is_held_out.any()),
        )

    def joined(self, other: "HeldOutError") -> "HeldOutError":
        """Average over the rows of both; if only one of them is honest, it stands alone."""
        if self.is_honest != other.is_honest:
            return self if self.is_honest else other
        weight = self.weight + other.weight
        part = other.weight / weight
        return HeldOutError(
            error=(1 - part) * self.error + part * other.error,
            between=(1 - part) * self.between + part * other.between,
            spread=(1 - part) * self.spread + part * other.spread,
            weight=weight,
            is_honest=self.is_honest,
        )

    def split(self) -> tuple[FloatArray, FloatArray]:
        """Split the error into observation noise and spread of the functions.

        With r the error of the network that left a row out, b the variance between networks and v that over
        all networks and masks, averaged over rows: `noise = r**2 - b`, not below a twentieth of `r**2`, and
        `scale = (r**2 - noise) / v`, at most 1. What networks with other first weights and rows agree on
        against the measurement is noise; what they disagree on, more data would reduce. Dropout adds its own
        spread, which has the right shape, growing away from the data, but a size that the rate sets and not
        the data: scaled, noise and spread together are as large as the error. A single network has no others
        to disagree with: its noise is `r**2 - v`, on the training rows if nothing was held out, and the scale
        is 1.

        Returns
        -------
        noise : ndarray of shape (n_outputs,)
            Variance of the observation noise, in squared units of y.
        scale : ndarray of shape (n_outputs,)
            Factor of the variance over networks and masks, at most 1.
        """
        explained = self.between if self.is_honest else self.spread
        noise = np.maximum(self.error - explained, SMALLEST_NOISE_SHARE * self.error)
        if not self.is_honest:
            return noise, np.ones_like(noise)
        scale = np.ones_like(noise)
        np.divide(self.error - noise, self.spread, out=scale, where=self.spread > 0)
        return noise, np.minimum(scale, 1.0)


def _assign_parts(n_rows: int, n_networks: int, rng: np.random.Generator, *, share: float) -> BoolArray:
    """Choose for each row the network that leaves it out, in equal parts; shape (n_rows, n_networks).

    A single network leaves out a share of the rows, rounded up, and never all.
    """
    is_held_out = np.zeros((n_rows, n_networks), dtype=bool)
    if n_networks == 1:
        n_held_out = min(int(np.ceil(share * n_rows)), n_rows - 1)
        is_held_out[rng.permutation(n_rows)[:n_held_out]] = True
    else:
        turns = (rng.integers(n_networks) + np.arange(n_rows)) % n_networks
        is_held_out[rng.permutation(n_rows), turns] = True
    return is_held_out
