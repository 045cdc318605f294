"""Scores made of the mean and the standard deviation themselves."""

import numpy as np

from bnnopt._plain import shown
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_count, as_moments, as_non_negative
from bnnopt.exceptions import InvalidDataError

__all__ = ["posterior_standard_deviation", "scheduled_upper_confidence_bound", "upper_confidence_bound"]


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


def scheduled_upper_confidence_bound(
    mean: ArrayLike,
    std: ArrayLike,
    *,
    n_observed: int,
    delta: float = 0.1,
    n_candidates: int = 1000,
    scale: float = 1.0,
) -> FloatArray:
    """Return the upper confidence bound whose width grows with the number of measured rows.

    GP-UCB = mean + sqrt(scale beta) std, with beta = 2 log(n_candidates t² π² / (6 delta)) and
    t = n_observed + 1

    This is the schedule for a finite set of candidates: with `scale` 1 and a Gaussian process that is true,
    the utility of all candidates stays below the bound at all times with probability 1 - delta. That for a
    continuous space needs constants of the process that nobody knows. The bound is a cautious one; the
    experiments of the source use a scale of 1/5.

    Parameters
    ----------
    mean, std : array-like of shape (n,)
        Moments of the utility of each candidate; std at least 0.
    n_observed : int
        Number of rows measured so far, at least 0.
    delta : float, default=0.1
        Probability that the bound may fail, above 0 and below 1; smaller explores more.
    n_candidates : int, default=1000
        Number of candidates that count as different, at least 1; larger explores more. It is a parameter,
        not the length of `mean`, so that a score does not depend on how many are scored together.
    scale : float, default=1.0
        Factor of beta, at least 0; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the utility.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a moment is not finite, std is negative, or a parameter is out of range.

    References
    ----------
    N. Srinivas, A. Krause, S. M. Kakade, M. Seeger, "Gaussian process optimization in the bandit
    setting", ICML 2010, arXiv:0912.3995, theorem 1 and section 6.
    """
    if not 0 < delta < 1:
        raise InvalidDataError(f"delta must be above 0 and below 1, got {shown(delta)}.")
    mean_array, std_array = as_moments(mean, std)
    t, n = as_count(n_observed, "n_observed") + 1, as_count(n_candidates, "n_candidates", lowest=1)
    beta = 2 * np.log(n * t**2 * np.pi**2 / (6 * delta))
    return mean_array + np.sqrt(as_non_negative(scale, "scale") * beta) * std_array


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
