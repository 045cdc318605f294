"""A posterior that takes what it expects of the function at some rows for measured, without noise.

Given that, means stay and variances fall: of a row x with covariances c to these rows, whose covariance is K,
by c K⁻¹ cᵀ. So the best row beside those on their way is found as if there were none.

References
----------
D. Ginsbourger, R. Le Riche, L. Carraro, "Kriging is well-suited to parallelize optimization", in
"Computational Intelligence in Expensive Optimization Problems", Springer 2010 (the kriging believer).
"""

from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from bnnopt._typing import FloatArray
from bnnopt.surrogates._predictive._mixtures import OutputMixture, matched_slopes

__all__ = ["Believed"]

JITTER = 1e-8  # of the mean variance of the rows, which may coincide


class Believed:
    """A posterior, or a member of a stacking, given what it expects of some rows.

    Parameters
    ----------
    posterior : Posterior or Member
        With `covariances`; what does not depend on the rows, such as noise, is asked from it.
    points : ndarray of shape (m, n_inputs)
        The rows, at least one.
    """

    def __init__(self, posterior: Any, points: FloatArray) -> None:
        self._posterior, self._points = posterior, points
        self._factors = [_factor(own.value) for own in posterior.covariances(points, points, slopes=False)]

    def __getattr__(self, name: str) -> Any:
        """Return what does not depend on the rows."""
        if name.startswith("__") or name == "_posterior":
            raise AttributeError(name)
        return getattr(self._posterior, name)

    def mixtures(self, X: FloatArray, **options: Any) -> list[OutputMixture]:
        """Distribution of each output's function, a normal one."""
        between = self._posterior.covariances(X, self._points, slopes=False)
        found = []
        for mixture, own, factor in zip(
            self._posterior.mixtures(X, **options), between, self._factors, strict=True
        ):
            matched = mixture.matched()
            taken = np.einsum("nm,nm->n", own.value, cho_solve(factor, own.value.T).T)
            found.append(matched._replace(variances=np.maximum(matched.variances - taken, 0.0)))
        return found

    def slopes(self, X: FloatArray) -> list[tuple[OutputMixture, FloatArray, FloatArray]]:
        """Distribution of each output; derivatives of its mean and variance by X, 0 where none is left."""
        between = self._posterior.covariances(X, self._points, slopes=True)
        found: list[tuple[OutputMixture, FloatArray, FloatArray]] = []
        for slopes, own, factor in zip(self._posterior.slopes(X), between, self._factors, strict=True):
            mixture, by_mean, by_variance = matched_slopes(*slopes)
            weights = cho_solve(factor, own.value.T).T
            left = mixture.variances[0] - np.einsum("nm,nm->n", own.value, weights)
            change = by_variance[0] - 2.0 * np.einsum("nm,nmd->nd", weights, own.gradient)
            mixture = mixture._replace(variances=np.maximum(left, 0.0)[None])
            found.append((mixture, by_mean, np.where(left[:, None] > 0, change, 0.0)[None]))
        return found


def _factor(between: FloatArray) -> Any:
    """Return the Cholesky factor of a covariance of rows that may coincide, or vary not at all."""
    added = JITTER * float(np.diagonal(between).mean()) + np.finfo(float).tiny
    return cho_factor(between + added * np.eye(len(between)), lower=True)
