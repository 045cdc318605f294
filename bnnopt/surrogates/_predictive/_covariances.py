"""Covariances of a function at some rows with the same at others, and those of mixtures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["Covariances", "mixed_covariances"]


class Covariances(NamedTuple):
    """Covariances of a function at rows X with the same function at rows Z, noise not included.

    Parameters
    ----------
    value : ndarray of shape (n, m)
        In the squared unit of the output.
    gradient : ndarray of shape (n, m, n_inputs) or None
        Derivatives by the columns of X, where they were asked for.
    """

    value: FloatArray
    gradient: FloatArray | None = None

    def times(self, factor: float) -> "Covariances":
        """Return them multiplied by a factor."""
        return Covariances(factor * self.value, None if self.gradient is None else factor * self.gradient)


def mixed_covariances(
    shares: FloatArray,
    parts: Sequence[Covariances],
    means: FloatArray,
    others: FloatArray,
    slopes: FloatArray | None = None,
) -> Covariances:
    """Return the covariances of a mixture from those of its k components (law of total covariance).

    Parameters
    ----------
    shares : ndarray of shape (k,)
        With sum 1.
    parts : sequence of Covariances
        Of the components.
    means : ndarray of shape (k, n)
        Of the components at X.
    others : ndarray of shape (k, m)
        Of the components at Z.
    slopes : ndarray of shape (k, n, n_inputs), optional
        Derivatives of the means at X, where gradients are wanted.
    """
    away, beside = (each - np.tensordot(shares, each, 1) for each in (means, others))
    weighed = shares[:, None] * beside
    value = np.einsum("kn,km->nm", away, weighed)
    value += sum(share * part.value for share, part in zip(shares, parts, strict=True))
    if slopes is None:
        return Covariances(value)
    gradient = np.einsum("knd,km->nmd", slopes - np.tensordot(shares, slopes, 1), weighed)
    return Covariances(
        value, gradient + sum(s * part.gradient for s, part in zip(shares, parts, strict=True))
    )
