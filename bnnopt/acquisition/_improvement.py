"""Improvement over the best utility, under a normal posterior: its probability, mean and log mean."""

import numpy as np
from scipy.special import ndtr

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_best, as_moments, as_non_negative
from bnnopt.acquisition._normal_tails import log_tail, standardise

__all__ = ["expected_improvement", "log_expected_improvement", "probability_of_improvement"]


def probability_of_improvement(
    mean: ArrayLike, std: ArrayLike, *, best: float, xi: float = 0.0
) -> FloatArray:
    """Return the probability that a candidate is better than the best by more than a margin.

    PI = P(u > best + xi) = Φ((mean - best - xi) / std)

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the utility of each candidate; std at least 0. Where std is 0 the result is 1 if
        mean > best + xi and 0 otherwise.
    best : float
        Best utility observed so far, in the unit of the utility.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        Between 0 and 1.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, or std or xi is negative.

    References
    ----------
    H. J. Kushner, "A new method of locating the maximum point of an arbitrary multipeak curve in the
    presence of noise", J. Basic Eng. 86 (1964) 97-106.
    """
    gain, std_array = _gain(mean, std, best, xi)
    return ndtr(standardise(gain, std_array))


def expected_improvement(mean: ArrayLike, std: ArrayLike, *, best: float, xi: float = 0.0) -> FloatArray:
    """Return the expected improvement over the best.

    EI = E max(u - best - xi, 0) = std h(z), with z = (mean - best - xi) / std and h(z) = φ(z) + z Φ(z)

    It is computed as max(mean - best - xi, 0) + std h(-abs(z)), which has no cancellation for z < 0.

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the utility of each candidate; std at least 0. Where std is 0 the result is
        max(mean - best - xi, 0).
    best : float
        Best utility observed so far, in the unit of the utility.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the unit of the utility; it underflows to 0 for z below about -38.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, or std or xi is negative.

    References
    ----------
    D. R. Jones, M. Schonlau, W. J. Welch, "Efficient global optimization of expensive black-box
    functions", J. Global Optim. 13 (1998) 455-492, eq. 15.
    """
    gain, std_array = _gain(mean, std, best, xi)
    tail = np.exp(log_tail(np.abs(standardise(gain, std_array))))
    return np.maximum(gain, 0) + std_array * tail


def log_expected_improvement(mean: ArrayLike, std: ArrayLike, *, best: float, xi: float = 0.0) -> FloatArray:
    """Return the logarithm of the expected improvement, finite where the improvement itself underflows.

    log EI = log std + log h(z), with z = (mean - best - xi) / std and h(z) = φ(z) + z Φ(z)

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the utility of each candidate; std at least 0. Where std is 0 the result is
        log max(mean - best - xi, 0), so -inf where nothing is to be gained.
    best : float
        Best utility observed so far, in the unit of the utility.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        Finite or -inf.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, or std or xi is negative.

    References
    ----------
    S. Ament, S. Daulton, D. Eriksson, M. Balandat, E. Bakshy, "Unexpected improvements to expected
    improvement for Bayesian optimization", NeurIPS 2023, arXiv:2310.20708, section 4.1.
    """
    gain, std_array = _gain(mean, std, best, xi)
    log_improvement = log_tail(np.abs(standardise(gain, std_array)))
    with np.errstate(divide="ignore"):
        unlikely = np.log(std_array) + log_improvement
        likely = np.log(np.maximum(gain, 0) + std_array * np.exp(log_improvement))
    return np.where(gain > 0, likely, unlikely)


def _gain(mean: ArrayLike, std: ArrayLike, best: float, xi: float) -> tuple[FloatArray, FloatArray]:
    mean_array, std_array = as_moments(mean, std)
    return mean_array - as_best(best) - as_non_negative(xi, "xi"), std_array
