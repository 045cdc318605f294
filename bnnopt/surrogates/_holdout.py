"""Rows held out of each network, and the observation noise that they tell.

Every row is left out by one network of the ensemble. Its error there is an honest one, so that the spread can
be set without a second training (the idea of out-of-bag estimates, Breiman 1996, and of CV+, Barber et al.
2021).
"""

import numpy as np

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["assign_holdout", "noise_variance"]

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


def noise_variance(y: FloatArray, draws: FloatArray, is_held_out: BoolArray) -> FloatArray:
    """Estimate the variance of the observation noise from the rows that each network did not see.

    `noise = mean(error**2) - mean(spread**2)`, with the error of the network that left the row out and the
    spread over all networks and masks, and not less than a twentieth of the first term: what the spread of
    the functions does not explain of the error is noise. With a single network the errors are those of the
    training rows.

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
    ndarray of shape (n_outputs,)
    """
    use = is_held_out if is_held_out.any() else np.ones_like(is_held_out)
    by_network = draws.mean(axis=2)
    error = y - (by_network * use[:, :, None]).sum(axis=1) / use.sum(axis=1)[:, None]
    mean_square = np.mean(np.square(error), axis=0)
    spread = draws.reshape(len(y), -1, y.shape[1]).var(axis=1).mean(axis=0)
    return np.maximum(mean_square - spread, SMALLEST_NOISE_SHARE * mean_square)
