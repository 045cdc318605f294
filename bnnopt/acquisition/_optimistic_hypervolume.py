"""Gain in hypervolume of optimistic utilities: what searches a space where many objectives need draws."""

from bnnopt._pareto import as_utilities
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.acquisition._arrays import as_moments_of_many, as_non_negative
from bnnopt.acquisition._hypervolume import expected_hypervolume_improvement_of_draws

__all__ = ["optimistic_hypervolume_improvement"]


def optimistic_hypervolume_improvement(
    mean: ArrayLike, std: ArrayLike, *, front: ArrayLike, reference: ArrayLike, kappa: float = 1.0
) -> FloatArray:
    """Return the hypervolume that the upper confidence bounds of several utilities would add to a front.

    HV(front, mean + kappa std) - HV(front)

    Parameters
    ----------
    mean, std : array-like of shape (n, m)
        Moments of the m >= 2 utilities of each candidate; std at least 0.
    front : array-like of shape (k, m)
        Utilities of experiments, k at least 0; dominated ones change nothing.
    reference : array-like of shape (m,)
        The worst utilities that count.
    kappa : float, default=1.0
        How many standard deviations to add, at least 0; larger explores more.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the product of the units of the utilities.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a number is not finite, or std or kappa is negative.

    References
    ----------
    W. Ponweiser, T. Wagner, D. Biermann, M. Vincze, "Multiobjective optimization on a limited budget of
    evaluations using model-assisted S-metric selection", PPSN X (2008) 784-794.
    """
    means, stds = as_moments_of_many(as_utilities(mean, "mean"), std)
    bounds = means + as_non_negative(kappa, "kappa") * stds
    return expected_hypervolume_improvement_of_draws(bounds[None], front=front, reference=reference)
