"""A model that takes what it expects of rows on their way for measured.

Given that, means stay and variances fall: of a row x with covariances c to the rows on their way, whose
covariance is K, by c K⁻¹ cᵀ. So the best row beside those on their way is found as if there were none.

References
----------
D. Ginsbourger, R. Le Riche, L. Carraro, "Kriging is well-suited to parallelize optimization", in
"Computational Intelligence in Expensive Optimization Problems", Springer 2010 (the kriging believer).
"""

from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from bnnopt._typing import FloatArray
from bnnopt.acquisition import MixtureWithGradients, NormalMixture
from bnnopt.optimizer._outcome_model import OutcomeModel

__all__ = ["BelievedModel"]

JITTER = 1e-8  # of the mean variance of the rows on their way, which may coincide


class BelievedModel:
    """The model of the outcomes, given what it expects of some rows.

    Parameters
    ----------
    model : OutcomeModel
        One that `has_covariances`.
    points : ndarray of shape (m, n_dims)
        Encoded rows on their way, at least one.
    """

    def __init__(self, model: OutcomeModel, points: FloatArray) -> None:
        self._model, self._points = model, points
        self.expected = model.moments(points)[0]
        self._factors = [_factor(between) for between in model.covariances(points, points)]

    def __getattr__(self, name: str) -> Any:
        """Return what does not depend on the rows on their way, such as means of observations."""
        return getattr(self._model, name)

    @property
    def has_gradients(self) -> bool:
        """Whether `mixtures_with_gradients` can be asked for."""
        return self._model.has_gradients

    def moments(self, X: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the functions, each of shape (n, n_outputs)."""
        mean, std = self._model.moments(X)
        taken = [
            _taken(*pair)[0]
            for pair in zip(self._factors, self._model.covariances(X, self._points), strict=True)
        ]
        return mean, np.sqrt(np.maximum(np.square(std) - np.column_stack(taken), 0.0))

    def mixtures(self, X: FloatArray) -> list[NormalMixture]:
        """Return the law of each outcome's function, one normal law."""
        return [
            NormalMixture.normal(*column)
            for column in zip(*(each.T for each in self.moments(X)), strict=True)
        ]

    def mixtures_with_gradients(self, X: FloatArray) -> list[MixtureWithGradients]:
        """Return the law of each outcome's function, and its derivatives by the columns of the rows."""
        laws = self._model.mixtures_with_gradients(X)
        between = self._model.covariances_with_gradients(X, self._points)
        return [self._given(*each) for each in zip(laws, self._factors, between, strict=True)]

    @staticmethod
    def _given(law: MixtureWithGradients, factor: Any, between: tuple[FloatArray, FloatArray]) -> Any:
        value, slope = between
        std = law.law.std[0]
        taken, weights = _taken(factor, value)
        left = np.sqrt(np.maximum(np.square(std) - taken, 0.0))
        half = std[:, None] * law.std_gradient[0] - np.einsum("nm,nmd->nd", weights, slope)
        by_std = np.divide(half, left[:, None], out=np.zeros_like(half), where=left[:, None] > 0)
        return MixtureWithGradients(
            NormalMixture.normal(law.law.mean[0], left), law.mean_gradient, by_std[None]
        )


def _factor(between: FloatArray) -> Any:
    """Return the Cholesky factor of a covariance of rows that may coincide, or vary not at all."""
    added = JITTER * float(np.diagonal(between).mean()) + np.finfo(float).tiny
    return cho_factor(between + added * np.eye(len(between)), lower=True)


def _taken(factor: Any, value: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what the rows on their way take from the variance, (n,), and the weights K⁻¹ c, (n, m)."""
    weights = cho_solve(factor, value.T).T
    return np.einsum("nm,nm->n", value, weights), weights
