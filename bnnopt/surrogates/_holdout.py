"""Rows held out of each network, and the observation noise that they tell.

Every row is left out by one network of the ensemble. Its error there is an honest one, so that the spread can
be set without a second training (the idea of out-of-bag estimates, Breiman 1996, and of CV+, Barber et al.
2021).
"""

from dataclasses import dataclass

import numpy as np

from bnnopt._typing import BoolArray, FloatArray, IntArray

__all__ = ["SMALLEST_NOISE_SHARE", "HeldOutError", "SeenRows", "assign_holdout", "held_out_mean"]

SMALLEST_NOISE_SHARE = 0.05


def assign_holdout(
    n_rows: int, n_networks: int, rng: np.random.Generator, *, share: float = 0.0
) -> BoolArray:
    """Choose for each row the network that leaves it out, in equal parts.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    n_networks : int
        A single network leaves out a share of the rows, several leave out each row once.
    rng : numpy.random.Generator
        Draws the assignment.
    share : float in [0, 1), default=0.0
        What a single network leaves out: this share of the rows, rounded up, and never all.

    Returns
    -------
    ndarray of shape (n_rows, n_networks), bool
        True where the network does not see the row.
    """
    is_held_out = np.zeros((n_rows, n_networks), dtype=bool)
    if n_networks == 1:
        n_held_out = min(int(np.ceil(share * n_rows)), n_rows - 1)
        is_held_out[rng.permutation(n_rows)[:n_held_out]] = True
    else:
        turns = (rng.integers(n_networks) + np.arange(n_rows)) % n_networks
        is_held_out[rng.permutation(n_rows), turns] = True
    return is_held_out


@dataclass(frozen=True)
class SeenRows:
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
    def none(cls, n_networks: int) -> "SeenRows":
        """Return the state before the first training."""
        return cls(np.zeros(0, dtype=np.uint64), np.zeros((0, n_networks), dtype=bool))

    def assign(
        self, keys: IntArray, groups: IntArray, rng: np.random.Generator, *, share: float = 0.0
    ) -> tuple[BoolArray, "SeenRows"]:
        """Recall the network that leaves each known row out, and choose one for the new rows.

        Parameters
        ----------
        keys : ndarray of shape (n_rows,), uint64
            Hashes of distinct rows.
        groups : ndarray of shape (n_rows,), int
            Rows of one number, counted from 0, are left out together.
        rng, share
            As in `assign_holdout`.

        Returns
        -------
        is_held_out : ndarray of shape (n_rows, n_networks), bool
            For the given rows.
        seen : SeenRows
            With the new rows.
        """
        is_known = np.isin(keys, self.keys)
        recalled = self.is_held_out[np.searchsorted(self.keys, keys[is_known])]
        of_group = assign_holdout(int(groups.max()) + 1, self.is_held_out.shape[1], rng, share=share)
        of_group[groups[is_known]] = recalled
        is_held_out = of_group[groups]
        is_held_out[is_known] = recalled
        return is_held_out, self._with(keys[~is_known], is_held_out[~is_known])

    def _with(self, keys: IntArray, is_held_out: BoolArray) -> "SeenRows":
        all_keys = np.concatenate([self.keys, keys])
        order = np.argsort(all_keys)
        return SeenRows(all_keys[order], np.concatenate([self.is_held_out, is_held_out])[order])


def held_out_mean(draws: FloatArray, is_held_out: BoolArray) -> FloatArray:
    """Predict each row by the network that did not see it; by all networks if nothing was held out.

    Parameters
    ----------
    draws : ndarray of shape (n_rows, n_networks, n_masks, n_outputs)
        Outputs of the thinned networks.
    is_held_out : ndarray of shape (n_rows, n_networks), bool
        From `assign_holdout`.

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
            From `assign_holdout`.
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
