"""Quantiles of normal distributions and of their mixtures."""

from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from bnnopt._plain import shown
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import floats_or_nan
from bnnopt.exceptions import InvalidDataError

__all__ = ["NormalQuantiles", "as_levels", "mixture_quantiles"]

MOST_STEPS = 200
TOLERANCE = 1e-13  # of the distance between the outermost quantiles of the components
LEAST_STD = 1e-9  # in the same unit: a component without spread is a steep step


class NormalQuantiles:
    """Adds `predict_quantiles` to an estimator whose predictive distribution is normal."""

    predict: Any

    def predict_quantiles(self, X: ArrayLike, quantiles: ArrayLike, *, noise: bool = True) -> FloatArray:
        """Predict quantiles of each output, those of a normal distribution with the moments of `predict`.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Inputs.
        quantiles : array-like of shape (n_quantiles,)
            Levels, above 0 and below 1, in any order.
        noise : bool, default=True
            Whether the quantiles are those of a new observation (True) or of the function alone (False).

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or (n_samples, n_outputs, n_quantiles)
            In the units of y.

        Raises
        ------
        InvalidDataError
            If a level is out of range.
        """
        levels = as_levels(quantiles)
        mean, std = self.predict(X, return_std=True, noise=noise)
        return mean[..., None] + std[..., None] * ndtri(levels)


def as_levels(quantiles: ArrayLike) -> FloatArray:
    """Return levels of quantiles as an array of shape (n_quantiles,), or raise `InvalidDataError`."""
    levels = floats_or_nan(quantiles)
    if levels.ndim != 1 or not levels.size or not np.all((levels > 0) & (levels < 1)):
        raise InvalidDataError(
            "quantiles must be a list of numbers above 0 and below 1, such as [0.025, 0.975], got "
            f"{shown(quantiles)}."
        )
    return levels


def mixture_quantiles(
    shares: FloatArray, means: FloatArray, stds: FloatArray, levels: FloatArray
) -> FloatArray:
    """Return quantiles of mixtures of normal distributions: roots of their distribution function.

    They lie between the smallest and the largest quantile of the components. The root is found by Newton's
    steps, by halves where a step would leave the bracket or hardly shrinks; above the median in the upper
    tail, so that no digit is lost.

    Parameters
    ----------
    shares : ndarray of shape (k,)
        At least 0, with sum 1.
    means, stds : ndarray of shape (k, n)
        Of the components; a std of 0 is a component without spread.
    levels : ndarray of shape (n_levels,) or (n, n_levels)
        Above 0 and below 1; those of each row where there are n.

    Returns
    -------
    ndarray of shape (n, n_levels)
        In the unit of the means.
    """
    of_components = means[..., None] + stds[..., None] * ndtri(levels)
    if len(shares) == 1:
        return of_components[0]
    low, high = of_components.min(axis=0), of_components.max(axis=0)
    width = high - low
    spread = np.maximum(stds[..., None], LEAST_STD * width)
    spread = np.where(spread > 0, spread, 1.0)  # all quantiles agree: the bracket is the answer
    sign = np.where(levels > 0.5, -1.0, 1.0)
    tail = np.minimum(levels, 1.0 - levels)

    def excess(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Tail probability beyond its level, rising with x, and its slope."""
        away = sign * (x - means[..., None]) / spread
        density = np.exp(-0.5 * np.square(away)) / (np.sqrt(2.0 * np.pi) * spread)
        probability = np.einsum("k,k...->...", shares, ndtr(away))
        return sign * (probability - tail), np.einsum("k,k...->...", shares, density)

    return _root(excess, low, high, TOLERANCE * width)


def _root(excess: Any, low: FloatArray, high: FloatArray, tolerance: FloatArray) -> FloatArray:
    """Find where a rising function is 0, elementwise, from brackets."""
    x, last = 0.5 * (low + high), high - low
    for _ in range(MOST_STEPS):
        value, slope = excess(x)
        low, high = np.where(value < 0, x, low), np.where(value > 0, x, high)
        newton = x - np.divide(value, slope, out=np.full_like(x, np.inf), where=slope > 0)
        is_good = (newton >= low) & (newton <= high) & (np.abs(newton - x) <= 0.5 * last)
        following = np.where(is_good, newton, 0.5 * (low + high))
        last, x = np.abs(following - x), following
        if (last <= tolerance).all():
            break
    return x
