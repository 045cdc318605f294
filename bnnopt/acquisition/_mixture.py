"""Predictions that are mixtures of normal laws, and scores averaged over their components."""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from bnnopt._typing import FloatArray
from bnnopt.acquisition._feasibility import Form
from bnnopt.acquisition._posterior import last_step, posterior_moments

__all__ = ["NormalMixture", "average_scores", "posterior_mixtures"]


class NormalMixture(NamedTuple):
    """Law of one output at n rows: component k, with probability `shares[k]`, is normal.

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

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the mixture, each of shape (n,) (law of total variance)."""
        mean = self.shares @ self.mean
        variance = self.shares @ (np.square(self.std) + np.square(self.mean - mean))
        return mean, np.sqrt(variance)


def posterior_mixtures(regressor: Any, X: Any) -> list[NormalMixture]:
    """Return the law of each output at rows.

    It comes from `predict_mixture` where the regressor has it; otherwise it is one normal law with the
    regressor's moments.

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
        laws = model.predict_mixture(rows)
        return [NormalMixture(*law) for law in (laws if isinstance(laws, list) else [laws])]
    mean, std = posterior_moments(model, rows)
    columns = zip(mean.reshape(len(mean), -1).T, std.reshape(len(std), -1).T, strict=True)
    return [NormalMixture(np.ones(1), one[None], other[None]) for one, other in columns]


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
    """
    if form == "log":
        return logsumexp(scores, axis=0, b=shares[:, None])
    return shares @ scores
