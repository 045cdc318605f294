"""How well predicted uncertainties fit the outcomes, under a normal predictive distribution."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics._arrays import as_predictions

__all__ = ["calibration_curve", "calibration_error", "coverage", "interval", "negative_log_likelihood"]

LEVELS = tuple(step / 20 for step in range(1, 20))


def interval(mean: ArrayLike, std: ArrayLike, *, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Return the central interval that holds the outcome with a probability.

    mean ± z std, with z = Φ⁻¹((1 + level) / 2)

    Parameters
    ----------
    mean, std : array-like of shape (n,) or (n, n_outputs)
        Predictive moments in the unit of the outcome, finite; std above 0.
    level : float, default=0.95
        The probability, 0 < level < 1.

    Returns
    -------
    lower, upper : ndarray of the shape of `mean`
        In the unit of the outcome.

    Raises
    ------
    InvalidDataError
        The shapes differ, a value is not finite, a std is not above 0 or the level is out of range.
    """
    mean_array, std_array = as_predictions(mean=mean, std=std)
    half_width = _quantile(level) * std_array
    return mean_array - half_width, mean_array + half_width


def coverage(y: ArrayLike, mean: ArrayLike, std: ArrayLike, *, level: float = 0.95) -> float | FloatArray:
    """Return the fraction of outcomes within their central interval, bounds included.

    Parameters
    ----------
    y, mean, std : array-like of shape (n,) or (n, n_outputs)
        Outcomes and predictive moments, in the unit of the outcome, finite; std above 0.
    level : float, default=0.95
        The probability of the interval, 0 < level < 1; a calibrated surrogate covers this fraction.

    Returns
    -------
    float, or ndarray of shape (n_outputs,)
        Between 0 and 1.

    Raises
    ------
    InvalidDataError
        The shapes differ, a value is not finite, a std is not above 0 or the level is out of range.
    """
    return _per_output(_distance(y, mean, std) <= _quantile(level))


def negative_log_likelihood(y: ArrayLike, mean: ArrayLike, std: ArrayLike) -> float | FloatArray:
    """Return the negative log likelihood of normal predictions, averaged over the rows.

    NLL = mean of ½ log(2π std²) + ½ ((y - mean) / std)²

    Parameters
    ----------
    y, mean, std : array-like of shape (n,) or (n, n_outputs)
        Outcomes and predictive moments, in the unit of the outcome, finite; std above 0.

    Returns
    -------
    float, or ndarray of shape (n_outputs,)
        In nats; lower is better. It depends on the unit of the outcome.

    Raises
    ------
    InvalidDataError
        The shapes differ, a value is not finite or a std is not above 0.

    References
    ----------
    T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", J. Am. Stat.
    Assoc. 102 (2007) 359-378, section 4.1.
    """
    distance = _distance(y, mean, std)
    log_scale = np.log(np.asarray(std, dtype=float)) + 0.5 * np.log(2 * np.pi)
    return _per_output(log_scale + 0.5 * distance**2)


def calibration_error(
    y: ArrayLike, mean: ArrayLike, std: ArrayLike, *, levels: Sequence[float] = LEVELS
) -> float | FloatArray:
    """Return how far the coverage is from its nominal level, averaged over levels.

    mean over levels of abs(coverage(level) - level)

    Parameters
    ----------
    y, mean, std : array-like of shape (n,) or (n, n_outputs)
        Outcomes and predictive moments, in the unit of the outcome, finite; std above 0.
    levels : sequence of float, default=0.05, 0.10, ..., 0.95
        The nominal levels, each above 0 and below 1.

    Returns
    -------
    float, or ndarray of shape (n_outputs,)
        0 is best. A finite number of rows alone gives about 0.3 / sqrt(n) for perfect predictions.

    Raises
    ------
    InvalidDataError
        The shapes differ, a value is not finite, a std is not above 0, or a level is missing or out of range.

    References
    ----------
    V. Kuleshov, N. Fenner, S. Ermon, "Accurate uncertainties for deep learning using calibrated
    regression", ICML 2018, arXiv:1807.00263 (here with central intervals and the absolute
    difference).
    """
    nominal, observed = calibration_curve(y, mean, std, levels=levels)
    return _per_output(np.abs(observed.T - nominal).T)


def calibration_curve(
    y: ArrayLike, mean: ArrayLike, std: ArrayLike, *, levels: Sequence[float] = LEVELS
) -> tuple[FloatArray, FloatArray]:
    """Return the share of outcomes within their central interval, for each of several levels.

    Parameters
    ----------
    y, mean, std : array-like of shape (n,) or (n, n_outputs)
        Outcomes and predictive moments, in the unit of the outcome, finite; std above 0.
    levels : sequence of float, default=0.05, 0.10, ..., 0.95
        The nominal levels, each above 0 and below 1.

    Returns
    -------
    levels : ndarray of shape (n_levels,)
        The nominal levels.
    observed : ndarray of shape (n_levels,) or (n_levels, n_outputs)
        Shares between 0 and 1; a calibrated surrogate has its levels, but for chance.

    Raises
    ------
    InvalidDataError
        The shapes differ, a value is not finite, a std is not above 0, or a level is missing or out of range.

    References
    ----------
    As of `calibration_error`.

    Examples
    --------
    >>> y, mean, std = [0.0, 1.0, 3.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]
    >>> levels, observed = calibration_curve(y, mean, std, levels=[0.5, 0.9])
    >>> observed.round(2).tolist()
    [0.33, 0.67]
    """
    if len(levels) == 0:
        raise InvalidDataError("levels must hold at least one level, got none.")
    distance = _distance(y, mean, std)
    shares = [(distance <= _quantile(level)).mean(axis=0) for level in levels]
    return np.array(levels, dtype=float), np.array(shares)


def _quantile(level: float) -> float:
    """Return how many standard deviations each side of the mean hold the probability `level`."""
    require(real(0, 1), level=level)
    return float(ndtri(0.5 + 0.5 * level))


def _distance(y: ArrayLike, mean: ArrayLike, std: ArrayLike) -> FloatArray:
    """Return abs(y - mean) / std."""
    y_array, mean_array, std_array = as_predictions(y=y, mean=mean, std=std)
    return np.abs(y_array - mean_array) / std_array


def _per_output(values: FloatArray | BoolArray) -> float | FloatArray:
    """Return the mean over the first axis, as a float if there is no other."""
    means = values.mean(axis=0)
    return float(means) if means.ndim == 0 else means
