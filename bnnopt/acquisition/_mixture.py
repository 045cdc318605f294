"""Predictions that are mixtures of normal distributions, their derivatives, and scores averaged over them."""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp
from sklearn.pipeline import Pipeline

from bnnopt._estimators import last_step
from bnnopt._typing import FloatArray
from bnnopt.acquisition._feasibility import Form
from bnnopt.acquisition._posterior import accepts, posterior_moments

__all__ = [
    "MixtureWithGradients",
    "NormalMixture",
    "average_scores",
    "has_gradients",
    "posterior_mixtures",
    "posterior_mixtures_with_gradients",
]


class NormalMixture(NamedTuple):
    """Distribution of one output at n rows: component k, with probability `shares[k]`, is normal.

    Parameters
    ----------
    shares : ndarray of shape (k,)
        At least 0, with sum 1.
    mean, std : ndarray of shape (k, n)
        Moments of the components, in the unit of the output.
    """

    shares: FloatArray
    mean: FloatArray
    std: FloatArray

    @classmethod
    def normal(cls, mean: FloatArray, std: FloatArray) -> "NormalMixture":
        """Return the distribution of one component.

        Parameters
        ----------
        mean, std : ndarray of shape (n,)
            Its moments, in the unit of the output.

        Returns
        -------
        NormalMixture
            Of one component, with the share 1.
        """
        return cls(np.ones(1), mean[None], std[None])

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the mixture, each of shape (n,) (law of total variance).

        Returns
        -------
        mean, std : ndarray of shape (n,)
            In the unit of the distribution; the standard deviation is that of the mixture as a whole.
        """
        if len(self.shares) == 1:
            return self.mean[0], self.std[0]
        mean = self.shares @ self.mean
        variance = self.shares @ (np.square(self.std) + np.square(self.mean - mean))
        return mean, np.sqrt(variance)

    def matched(self) -> "NormalMixture":
        """Return the distribution of one component with the moments of the mixture.

        Returns
        -------
        NormalMixture
            Of one component, with the mean and the standard deviation of `moments`.
        """
        return NormalMixture.normal(*self.moments())


class MixtureWithGradients(NamedTuple):
    """Distribution of one output at n rows, and how its components change with the d columns of the rows.

    Parameters
    ----------
    mixture : NormalMixture
        At the rows.
    mean_gradient, std_gradient : ndarray of shape (k, n, d)
        Derivatives of the moments of the components, in the unit of the output per unit of the column.
    """

    mixture: NormalMixture
    mean_gradient: FloatArray
    std_gradient: FloatArray

    def matched(self) -> "MixtureWithGradients":
        """Return the distribution of one component with the moments of the mixture, and how they change.

        Returns
        -------
        MixtureWithGradients
            The standard deviation of a distribution that has none does not change.
        """
        shares, means, stds = self.mixture
        mean, std = self.mixture.moments()
        by_mean = np.einsum("k,knd->nd", shares, self.mean_gradient)
        half = np.einsum("k,kn,knd->nd", shares, stds, self.std_gradient)
        half += np.einsum("k,kn,knd->nd", shares, means - mean, self.mean_gradient)
        by_std = np.divide(half, std[:, None], out=np.zeros_like(half), where=std[:, None] > 0)
        return MixtureWithGradients(NormalMixture.normal(mean, std), by_mean[None], by_std[None])

    def moved(self, steps: FloatArray) -> NormalMixture:
        """Return the distribution, to first order, at points beside the rows.

        Parameters
        ----------
        steps : ndarray of shape (n, m, d)
            From each row to its m points, in units of the columns.

        Returns
        -------
        NormalMixture
            At n m points, those of one row together; no std is below 0.
        """
        shares, mean, std = self.mixture
        by_column = np.moveaxis(steps, 1, 2)
        means = mean[:, :, None] + np.matmul(self.mean_gradient[:, :, None], by_column)[:, :, 0]
        stds = std[:, :, None] + np.matmul(self.std_gradient[:, :, None], by_column)[:, :, 0]
        n_points = steps.shape[0] * steps.shape[1]
        flat = (len(shares), n_points)
        return NormalMixture(shares, means.reshape(flat), np.maximum(stds, 0.0).reshape(flat))


def posterior_mixtures(regressor: Any, X: Any) -> list[NormalMixture]:
    """Return the distribution of each output at rows.

    It comes from `predict_mixture` where the regressor has it; otherwise it is one normal distribution with
    the regressor's moments.

    Parameters
    ----------
    regressor : estimator
        Fitted; see `posterior_moments`.
    X : array-like or DataFrame of shape (n, n_features)
        The rows.

    Returns
    -------
    list of NormalMixture
        One for each output.
    """
    model, rows = last_step(regressor, X)
    if hasattr(model, "predict_mixture"):
        return [NormalMixture(*mixture) for mixture in _listed(model.predict_mixture(rows))]
    mean, std = posterior_moments(model, rows)
    columns = zip(mean.reshape(len(mean), -1).T, std.reshape(len(std), -1).T, strict=True)
    return [NormalMixture.normal(*column) for column in columns]


def has_gradients(regressor: Any) -> bool:
    """Tell whether a fitted regressor gives the derivatives of its distribution by the columns of the rows.

    It does if `predict_mixture` has a parameter `return_gradient`, unless an attribute `has_gradients_` of
    the fitted regressor is False. A step of a Pipeline in front of it would change the columns.

    Parameters
    ----------
    regressor : estimator
        Fitted.

    Returns
    -------
    bool
        Whether it does.
    """
    model = regressor
    while isinstance(model, Pipeline):
        if len(model) > 1:
            return False
        model = model[-1]
    is_offered = accepts(getattr(model, "predict_mixture", None), "return_gradient")
    return is_offered and bool(getattr(model, "has_gradients_", True))


def posterior_mixtures_with_gradients(regressor: Any, X: Any) -> list[MixtureWithGradients]:
    """Return the distribution of each output at rows, and how it changes with their columns.

    Parameters
    ----------
    regressor : estimator
        Fitted, one that `has_gradients`: its `predict_mixture(X, return_gradient=True)` returns shares (k,),
        means and standard deviations (k, n) and their derivatives (k, n, n_features), for several outputs a
        list of such tuples.
    X : array-like of shape (n, n_features)
        The rows.

    Returns
    -------
    list of MixtureWithGradients
        One for each output.
    """
    model, rows = last_step(regressor, X)
    found = _listed(model.predict_mixture(rows, return_gradient=True))
    return [
        MixtureWithGradients(NormalMixture(shares, mean, std), *slopes)
        for shares, mean, std, *slopes in found
    ]


def average_scores(scores: FloatArray, shares: FloatArray, form: Form) -> FloatArray:
    """Average the scores of components, shape (k, n), by their shares; shape (n,).

    Scores of the form "log" are averaged as the logarithm of the mean of what they are logarithms of.

    Parameters
    ----------
    scores : ndarray of shape (k, n)
        Scores of each component.
    shares : ndarray of shape (k,)
        At least 0, with sum 1.
    form : {"positive", "log", "utility"}
        What the scores are; see `with_feasibility`.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the scores.
    """
    if len(shares) == 1:
        return scores[0]
    if form == "log":
        return logsumexp(scores, axis=0, b=shares[:, None])
    return shares @ scores


def _listed(mixtures: Any) -> list[Any]:
    """Return the distributions of several outputs as they are, that of one in a list."""
    return mixtures if isinstance(mixtures, list) else [mixtures]
