"""Errors of rows that a network did not see, and the observation noise that they tell."""

from dataclasses import dataclass

import numpy as np

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["SMALLEST_NOISE_SHARE", "HeldOutError", "held_out_mean"]

SMALLEST_NOISE_SHARE = 0.05  # of the squared error: no set of networks agrees with the function to a percent


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
