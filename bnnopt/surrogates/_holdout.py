"""Rows held out of each network, and the observation noise that they tell.

Every row is left out by one network of the ensemble. Its error there is an honest one, so that the spread can
be set without a second training (the idea of out-of-bag estimates, Breiman 1996, and of CV+, Barber et al.
2021).
"""

import numpy as np

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["assign_holdout", "split_error"]

SMALLEST_NOISE_SHARE = 0.05


def assign_holdout(n_rows: int, n_networks: int, rng: np.random.Generator) -> BoolArray:
    """Choose for each row the network that leaves it out, in equal parts.

    Parameters
    ----------
    n_rows : int
        At least 2.
    n_networks : int
        A single network leaves nothing out.
    rng : numpy.random.Generator
        Draws the assignment.

    Returns
    -------
    ndarray of shape (n_rows, n_networks), bool
        True where the network does not see the row.
    """
    is_held_out = np.zeros((n_rows, n_networks), dtype=bool)
    if n_networks > 1:
        is_held_out[rng.permutation(n_rows), np.arange(n_rows) % n_networks] = True
    return is_held_out


def split_error(y: FloatArray, draws: FloatArray, is_held_out: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Split the error on rows that a network did not see into observation noise and spread of the functions.

    With r the error of the network that left a row out, b the variance between networks and v that over all
    networks and masks, averaged over rows: `noise = r**2 - b`, not below a twentieth of `r**2`, and
    `scale = (r**2 - noise) / v`. What networks with other first weights and rows agree on against the
    measurement is noise; what they disagree on, more data would reduce. Dropout adds its own spread, which
    has the right shape, growing away from the data, but a size that the rate sets and not the data: scaled,
    noise and spread together are as large as the error. A single network has nothing held out and no others
    to disagree with: its noise is `r**2 - v` on the training rows, and the scale is 1.

    Parameters
    ----------
    y : ndarray of shape (n_rows, n_outputs)
        Measured outputs.
    draws : ndarray of shape (n_rows, n_networks, n_masks, n_outputs)
        Outputs of the thinned networks.
    is_held_out : ndarray of shape (n_rows, n_networks), bool
        From `assign_holdout`.

    Returns
    -------
    noise : ndarray of shape (n_outputs,)
        Variance of the observation noise, in squared units of y.
    scale : ndarray of shape (n_outputs,)
        Factor of the variance over networks and masks, at most 1.
    """
    by_network = draws.mean(axis=2)
    spread = draws.reshape(len(y), -1, y.shape[1]).var(axis=1).mean(axis=0)
    if draws.shape[1] == 1:
        error = np.mean(np.square(y - by_network[:, 0]), axis=0)
        return _at_least_a_share(error - spread, error), np.ones(y.shape[1])
    held_out = (by_network * is_held_out[:, :, None]).sum(axis=1)
    error = np.mean(np.square(y - held_out), axis=0)
    noise = _at_least_a_share(error - by_network.var(axis=1).mean(axis=0), error)
    scale = np.divide(error - noise, spread, out=np.ones_like(spread), where=spread > 0)
    return noise, np.minimum(scale, 1.0)


def _at_least_a_share(noise: FloatArray, error: FloatArray) -> FloatArray:
    return np.maximum(noise, SMALLEST_NOISE_SHARE * error)
