"""Improvement where the utility is minus the distance of a normal outcome from a target, in closed form.

With x normal around mean with standard deviation std, and the utility -abs(x), a candidate improves on `best`
by max(c - abs(x), 0), c = -best - xi: a triangle over the outcomes. With a = abs(mean) / std, w = c / std and
h(z) = φ(z) + z Φ(z), its mean is std (h(w - a) - 2 h(-a) + h(-w - a)). Where the triangle is narrow these
terms cancel, and the same integral is taken by a Gauss-Legendre rule that is exact to rounding there.
"""

import numpy as np
from scipy.special import ndtr

from bnnopt._typing import ArrayLike, BoolArray, FloatArray
from bnnopt.acquisition._arrays import as_best, as_moments, as_non_negative
from bnnopt.acquisition._normal_tails import LOG_SQRT_2PI, improvement, log_tail, mills_gap
from bnnopt.exceptions import InvalidDataError

__all__ = [
    "expected_improvement_to_target",
    "log_expected_improvement_to_target",
    "probability_of_improvement_to_target",
]

N_NODES = 12  # exact to rounding for w max(a, 1) <= 1
CERTAIN = 1e100  # a std by this factor smaller than the distances does not count


def probability_of_improvement_to_target(
    mean: ArrayLike, std: ArrayLike, *, best: float, xi: float = 0.0
) -> FloatArray:
    """Return the probability that an outcome is nearer to its target than the best by more than a margin.

    PI = P(-abs(x) > best + xi) = Φ((c - abs(mean)) / std) - Φ((-c - abs(mean)) / std), c = -best - xi

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the outcome of each candidate, shifted and scaled so that the utility is -abs(x); std at
        least 0. Where std is 0 the result is 1 if abs(mean) < c and 0 otherwise.
    best : float
        Best utility observed so far, at most 0.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        Between 0 and 1.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, std or xi is negative, or best is above 0.

    References
    ----------
    H. J. Kushner, J. Basic Eng. 86 (1964) 97-106, for a utility with the folded normal distribution.
    """
    distance, reach, std_array = _triangle(mean, std, best, xi)
    scores = np.where(distance < reach, 1.0, 0.0)
    rows = _uncertain(distance, reach, std_array)
    scores[rows] = _probability(distance[rows], reach, std_array[rows])
    return scores


def expected_improvement_to_target(
    mean: ArrayLike, std: ArrayLike, *, best: float, xi: float = 0.0
) -> FloatArray:
    """Return the expected improvement over the best where the utility is minus the distance from a target.

    EI = E max(-abs(x) - best - xi, 0) = std (h(w - a) - 2 h(-a) + h(-w - a)), with a = abs(mean) / std,
    w = (-best - xi) / std and h(z) = φ(z) + z Φ(z)

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the outcome of each candidate, shifted and scaled so that the utility is -abs(x); std at
        least 0. Where std is 0 the result is max(-abs(mean) - best - xi, 0).
    best : float
        Best utility observed so far, at most 0.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the unit of the utility.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, std or xi is negative, or best is above 0.

    References
    ----------
    D. R. Jones, M. Schonlau, W. J. Welch, J. Global Optim. 13 (1998) 455-492, eq. 14, for a utility with the
    folded normal distribution.
    """
    distance, reach, std_array = _triangle(mean, std, best, xi)
    scores = np.maximum(reach - distance, 0)
    rows = _uncertain(distance, reach, std_array)
    scores[rows] = std_array[rows] * np.exp(_log_gain(distance[rows], reach, std_array[rows]))
    return scores


def log_expected_improvement_to_target(
    mean: ArrayLike, std: ArrayLike, *, best: float, xi: float = 0.0
) -> FloatArray:
    """Return the logarithm of the expected improvement where the utility is minus the distance from a target.

    log EI = log std + log(h(w - a) - 2 h(-a) + h(-w - a)), with a = abs(mean) / std, w = (-best - xi) / std
    and h(z) = φ(z) + z Φ(z); finite where the improvement itself underflows

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the outcome of each candidate, shifted and scaled so that the utility is -abs(x); std at
        least 0. Where std is 0 the result is log max(-abs(mean) - best - xi, 0).
    best : float
        Best utility observed so far, at most 0.
    xi : float, default=0.0
        Margin, at least 0, in the unit of the utility; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        Finite or -inf; -inf for all candidates if best + xi is at least 0, as nothing is better.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, std or xi is negative, or best is above 0.

    References
    ----------
    S. Ament et al., NeurIPS 2023, arXiv:2310.20708, section 4.1, for a utility with the folded
    normal distribution.
    """
    distance, reach, std_array = _triangle(mean, std, best, xi)
    with np.errstate(divide="ignore"):
        scores = np.log(np.maximum(reach - distance, 0))
    rows = _uncertain(distance, reach, std_array)
    scores[rows] = np.log(std_array[rows]) + _log_gain(distance[rows], reach, std_array[rows])
    return scores


def _triangle(
    mean: ArrayLike, std: ArrayLike, best: float, xi: float
) -> tuple[FloatArray, float, FloatArray]:
    """Return the distance of each mean from the target, the distance to stay below, and std."""
    mean_array, std_array = as_moments(mean, std)
    best_utility = as_best(best)
    if best_utility > 0:
        raise InvalidDataError(
            f"best must be at most 0, got {best_utility}: the utility is minus a distance from a target."
        )
    return np.abs(mean_array), -best_utility - as_non_negative(xi, "xi"), std_array


def _uncertain(distance: FloatArray, reach: float, std: FloatArray) -> BoolArray:
    """Return where std counts and something is to be gained."""
    largest = np.maximum(distance, reach)
    with np.errstate(over="ignore"):
        in_stds = np.divide(largest, std, out=np.full(std.shape, np.inf), where=std > 0)
    return (in_stds < CERTAIN) & (reach > 0)


def _is_narrow(a: FloatArray, w: FloatArray) -> BoolArray:
    return w * np.maximum(a, 1) < 1


def _probability(distance: FloatArray, reach: float, std: FloatArray) -> FloatArray:
    a, w = distance / std, reach / std
    narrow = 2 * w * np.exp(-0.5 * a**2 - LOG_SQRT_2PI) * _integral(a, w, 0.0)
    wide = ndtr((reach - distance) / std) - ndtr(-a - w)
    return np.where(_is_narrow(a, w), narrow, wide)


def _log_gain(distance: FloatArray, reach: float, std: FloatArray) -> FloatArray:
    """Return log(h(w - a) - 2 h(-a) + h(-w - a)), accurate for all a >= 0 and w > 0."""
    a, w, z = distance / std, reach / std, (reach - distance) / std
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        log_square = 2 * (np.log(reach) - np.log(std))
        narrow = np.log(2) + log_square - 0.5 * a**2 - LOG_SQRT_2PI + np.log(_integral(a, w, 1.0))
        inside = np.log(improvement(z) - 2 * improvement(-a) + improvement(-a - w))
        wide = np.where(z < 0, _log_outside(a, w, z), inside)
        return np.where(_is_narrow(a, w), narrow, wide)


def _log_outside(a: FloatArray, w: FloatArray, z: FloatArray) -> FloatArray:
    """Return the same for z = w - a < 0, where all three terms are tails: the largest is taken out."""
    gap = mills_gap(np.abs(z))
    middle = np.exp(w * (0.5 * w - a)) * mills_gap(a) / gap
    far = np.exp(-2 * a * w) * mills_gap(a + w) / gap
    return log_tail(np.abs(z)) + np.log1p(far - 2 * middle)


def _integral(a: FloatArray, w: FloatArray, slope: float) -> FloatArray:
    """Return the integral of (1 - slope y) exp(-w² y² / 2) cosh(a w y) over 0 < y < 1, if w max(a, 1) < 1."""
    nodes, weights = np.polynomial.legendre.leggauss(N_NODES)
    y = 0.5 * (nodes + 1)
    small_w, small_aw = np.minimum(w, 1)[:, None], np.minimum(a * w, 1)[:, None]
    values = np.exp(-0.5 * (small_w * y) ** 2) * np.cosh(small_aw * y)
    return values @ (0.5 * weights * (1 - slope * y))
