"""Scores made of the mean and the standard deviation themselves."""

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_moments, as_non_negative

__all__ = ["posterior_standard_deviation", "upper_confidence_bound"]


def upper_confidence_bound(
    mean: ArrayLike, std: ArrayLike, *, best: float | None = None, kappa: float = 2.0
) -> FloatArray:
    """Return the upper confidence bound of the utility.

    UCB = mean + kappa std

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the utility of each candidate; std at least 0.
    best : float, optional
        Not used; every acquisition function takes it.
    kappa : float, default=2.0
        How many standard deviations to add, at least 0; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the utility.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, or std or kappa is negative.

    References
    ----------
    N. Srinivas, A. Krause, S. M. Kakade, M. Seeger, "Gaussian process optimization in the bandit
    setting", ICML 2010, arXiv:0912.3995, eq. 6.
    """
    mean_array, std_array = as_moments(mean, std)
    return mean_array + as_non_negative(kappa, "kappa") * std_array


def posterior_standard_deviation(mean: ArrayLike, std: ArrayLike, *, best: float | None = None) -> FloatArray:
    """Return the standard deviation of the utility: pure exploration.

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the utility of each candidate; std at least 0.
    best : float, optional
        Not used; every acquisition function takes it.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the utility.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, or std is negative.
    """
    return as_moments(mean, std)[1].copy()
