"""Posterior covariances between rows of a member, and how they change with the rows.

References
----------
R&W equation 2.24 (the covariance after the rows; here of the function, without noise).
"""

from typing import NamedTuple

import numpy as np

from bnnopt._typing import FloatArray
from bnnopt.surrogates._gaussian_process._kernels import KERNELS
from bnnopt.surrogates._gaussian_process._process import GaussianProcess
from bnnopt.surrogates._predictive._mixtures import Covariances

__all__ = ["AtRows", "covariances"]


class AtRows(NamedTuple):
    """What a member says of rows X, with derivatives by their columns where these are wanted.

    Attributes
    ----------
    covariances : Covariances
        With the rows Z.
    mean : ndarray of shape (n,)
    slope : ndarray of shape (n, n_inputs) or None
        Of the mean.
    """

    covariances: Covariances
    mean: FloatArray
    slope: FloatArray | None


def covariances(member: GaussianProcess, X: FloatArray, Z: FloatArray, *, slopes: bool) -> AtRows:
    """Covariance of the function at rows X (n, n_inputs) with that at rows Z (m, n_inputs), given the rows.

    Of the prior covariance k and what the rows explain, E: k(x, z) - c(x)ᵀ E Eᵀ c(z), with c the covariances
    with the inducing points.
    """
    own, kernel = member.hyperparameters, KERNELS[member.kernel]
    signal, offset = float(own.signal_variance[0]), float(own.offset_variance[0])
    places, others = (own.scaled(member.input_map(rows)[None])[0] for rows in (X, Z))
    every = np.concatenate([member.inducing, others])
    explained, weights = member.posterior.explained, member.posterior.weights
    taken = explained @ ((signal * kernel(others, member.inducing) + offset) @ explained).T
    if not slopes:
        after, mean = _after(signal * kernel(places, every) + offset, weights, taken)
        return AtRows(Covariances(after), mean, None)
    value, by_rows = kernel.gradient(places, every)
    after, mean = _after(signal * value + offset, weights, taken)
    # what stands before the covariances with the inducing points and Z, of the mean and of each covariance
    shares = np.block([[weights, np.zeros(len(Z))], [-taken.T, np.eye(len(Z))]])
    shape = (len(shares), *value.shape)
    found = by_rows(np.broadcast_to(shares[:, None], shape))
    found *= signal * member.input_map.slope(X) * np.exp(-own.log_length_scales)
    return AtRows(Covariances(after, np.moveaxis(found[1:], 0, 1)), mean, found[0])


def _after(before: FloatArray, weights: FloatArray, taken: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the covariances with Z given the rows, and the mean, of those with the inducing points and Z."""
    n_inducing = len(weights)
    return before[:, n_inducing:] - before[:, :n_inducing] @ taken, before[:, :n_inducing] @ weights
