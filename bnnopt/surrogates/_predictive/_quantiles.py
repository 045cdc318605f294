"""Quantiles of normal distributions and their mixtures, at levels that rows tell which a fit has not seen.

A fit with few rows is too sure: its hyperparameters are the likeliest ones, and its kernels are those that
are there. What it predicts of unseen rows says by how much. Let z be the standard normal number of the level
that such a row has in its predictive distribution. Of a model that is right z is standard normal. Here it has
a Student-t distribution: its scale says how far rows fall in general, its degrees of freedom how much farther
than that a few of them do. Both are posterior means over a grid, with a log-normal prior of the scale.

References
----------
V. Kuleshov, N. Fenner, S. Ermon, "Accurate uncertainties for deep learning using calibrated regression", ICML
2018 (levels from levels of held-out rows).
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, softmax, stdtr, stdtrit
from scipy.stats import t as student_t

from bnnopt._plain import shown
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import floats_or_nan
from bnnopt.exceptions import InvalidDataError

__all__ = ["Calibration", "NormalQuantiles", "as_levels", "calibrated", "calibration_of", "mixture_quantiles"]

MOST_STEPS = 200
TOLERANCE = 1e-13  # of the distance between the outermost quantiles of the components
LEAST_STD = 1e-9  # in the same unit: a component without spread is a steep step

PRIOR_STD = 0.25  # of the logarithm of the scale
SCALES = np.exp(np.linspace(-4.0, 4.0, 41) * PRIOR_STD)
DEGREES = np.array([4.0, 8.0, 16.0, 1e6])  # alike likely before the rows; the last is the normal distribution
FARTHEST = 7.0  # standard deviations: farther off than that is all the same
FARTHEST_QUANTILE = 8.0  # standard deviations: the probability of more is still told from 0
LEAST_TAIL = 1e-15
POINT = 1e-9  # of probability: an outcome of more is an atom


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


class Calibration(NamedTuple):
    """Distribution of the standard normal numbers of the levels of unseen rows.

    Attributes
    ----------
    scale : float
        Of the Student-t distribution, above 0.
    degrees : float
        Its degrees of freedom, above 0.
    """

    scale: float
    degrees: float

    def levels(self, levels: FloatArray) -> FloatArray:
        """Return the levels at which a predictive distribution has the quantiles that are meant by levels."""
        tail = np.maximum(np.minimum(levels, 1.0 - levels), LEAST_TAIL)
        quantiles = np.where(tail < 0.5, stdtrit(self.degrees, tail), 0.0)  # SciPy may miss 0 by rounding
        size = np.minimum(-self.scale * quantiles, FARTHEST_QUANTILE)
        return np.asarray(ndtr(np.where(levels < 0.5, -size, size)))


def calibration_of(below: FloatArray, up_to: FloatArray, weights: FloatArray) -> Calibration:
    """Learn from unseen rows.

    Parameters
    ----------
    below, up_to : ndarray of shape (n_rows,)
        Predicted probability that an outcome is less than that of the row, and at most that. They differ
        where the outcome has a probability of its own, as on a bound: of z only the ends are known then.
    weights : ndarray of shape (n_rows,)
        How many times each row counts.

    Returns
    -------
    Calibration
    """
    ends = np.clip(ndtri(np.stack([below, up_to])), -FARTHEST, FARTHEST)
    is_point = up_to - below <= POINT
    densities = _of_points(ends[1, is_point]) @ weights[is_point]
    densities += _of_atoms(ends[:, ~is_point]) @ weights[~is_point]
    densities -= 0.5 * np.square(np.log(SCALES) / PRIOR_STD)[:, None]
    shares = softmax(densities)
    scale = np.exp(shares.sum(axis=1) @ np.log(SCALES))
    return Calibration(float(scale), 1.0 / float(shares.sum(axis=0) @ (1.0 / DEGREES)))


def calibrated(posterior: Any, levels: FloatArray) -> list[FloatArray]:
    """Return for each output the levels at which its predictive distribution has the quantiles.

    Parameters
    ----------
    posterior : Posterior
        With a list of `calibrations`, one for each output, where it has learned what levels mean.
    levels : ndarray of shape (n_levels,)
    """
    known = getattr(posterior, "calibrations", None)
    return [levels] * len(posterior.noise) if known is None else [own.levels(levels) for own in known]


def _of_points(z: FloatArray) -> FloatArray:
    """Log density of each z for all scales and degrees, shape (n_scales, n_degrees, n)."""
    scales, degrees = SCALES[:, None, None], DEGREES[:, None]
    return np.asarray(student_t.logpdf(z / scales, degrees) - np.log(scales))


def _of_atoms(ends: FloatArray) -> FloatArray:
    """Log probability of a z between two ends, (2, n), likewise; the farthest ends stand for infinity."""
    ends = np.where(np.abs(ends) >= FARTHEST, np.copysign(np.inf, ends), ends)
    below, up_to = stdtr(DEGREES[:, None], ends[:, None, None] / SCALES[:, None, None])
    return np.asarray(np.log(np.maximum(up_to - below, np.finfo(float).tiny)))
