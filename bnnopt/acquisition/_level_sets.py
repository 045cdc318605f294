"""Scores that seek the contour where the utility has a given level."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_moments, as_non_negative, as_number, as_positive
from bnnopt.acquisition._normal_tails import improvement

__all__ = ["expected_feasibility", "straddle"]


def expected_feasibility(
    mean: ArrayLike, std: ArrayLike, *, level: float = 0.0, alpha: float = 2.0
) -> FloatArray:
    """Return how near to a level the utility is expected to be, within a band as wide as its uncertainty.

    EF = E max(alpha std - abs(u - level), 0) = std (h(t + alpha) - 2 h(t) + h(t - alpha)), with
    t = -abs(mean - level) / std and h(z) = φ(z) + z Φ(z)

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the utility of each candidate; std at least 0. Where std is 0 the result is 0.
    level : float, default=0.0
        The level whose contour is sought, finite, in the unit of the utility.
    alpha : float, default=2.0
        Half the width of the band in standard deviations, above 0.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the unit of the utility.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment or the level is not finite, std is negative, or alpha is not above 0.

    References
    ----------
    B. J. Bichon, M. S. Eldred, L. P. Swiler, S. Mahadevan, J. M. McFarland, "Efficient global reliability
    analysis for nonlinear implicit performance functions", AIAA Journal 46 (2008) 2459-2468, eq. 17, in
    another order of the terms, which has no cancellation far from the level.
    """
    mean_array, std_array = as_moments(mean, std)
    distance, width = np.abs(mean_array - as_number(level, "level")), as_positive(alpha, "alpha")
    with np.errstate(over="ignore"):
        t = -np.divide(distance, std_array, out=np.full(std_array.shape, np.inf), where=std_array > 0)
    return std_array * (improvement(t + width) - 2 * improvement(t) + improvement(t - width))


def straddle(mean: ArrayLike, std: ArrayLike, *, level: float = 0.0, kappa: float = 1.96) -> FloatArray:
    """Return how far a confidence interval straddles a level.

    straddle = kappa std - abs(mean - level), positive where the level lies inside the interval

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the utility of each candidate; std at least 0.
    level : float, default=0.0
        The level whose contour is sought, finite, in the unit of the utility.
    kappa : float, default=1.96
        Half the width of the interval in standard deviations, at least 0; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the utility.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment or the level is not finite, or std or kappa is negative.

    References
    ----------
    B. Bryan, J. Schneider, R. C. Nichol, C. J. Miller, C. R. Genovese, L. Wasserman, "Active learning for
    identifying function threshold boundaries", NIPS 2005, section 3.
    """
    mean_array, std_array = as_moments(mean, std)
    half_width = as_non_negative(kappa, "kappa") * std_array
    return half_width - np.abs(mean_array - as_number(level, "level"))
