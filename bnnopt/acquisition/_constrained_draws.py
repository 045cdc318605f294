"""Outcome constraints in draws: how many keep them, and what a draw is worth that does not."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.acquisition._arrays import as_flags, as_non_negative, as_number
from bnnopt.exceptions import InvalidDataError

__all__ = ["draws_where_feasible", "probability_of_draws"]


def draws_where_feasible(draws: ArrayLike, is_satisfied: ArrayLike, floor: float) -> FloatArray:
    """Return draws of the utility in which a row that breaks a constraint is worth only the floor.

    u where the constraints are satisfied in that draw, floor elsewhere

    In this way constraints enter scores of a batch, whose rows cannot be weighed one by one; outcomes that
    depend on each other are treated right, as long as utility and flags are of the same draws.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Joint draws of the utility at rows: candidates, rows chosen or rows measured.
    is_satisfied : array-like of bool, of shape (n_draws, n)
        Whether the outcomes of that draw and row keep all constraints.
    floor : float
        The utility of a row that breaks a constraint, such as the worst utility observed, finite.

    Returns
    -------
    ndarray of shape (n_draws, n)
        A new array in the unit of the utility.

    Raises
    ------
    InvalidDataError
        The shapes differ, the flags are not bool, or the floor is not finite.

    References
    ----------
    B. Letham, B. Karrer, G. Ottoni, E. Bakshy, "Constrained Bayesian optimization with noisy experiments",
    Bayesian Analysis 14 (2019) 495-519, arXiv:1706.07094, section 3.2.
    """
    array, flags = numbers_of(draws, "draws"), as_flags(is_satisfied)
    if array.shape != flags.shape:
        raise InvalidDataError(
            f"Expected draws and is_satisfied of one shape (n_draws, n), got {array.shape} and {flags.shape}."
        )
    return np.where(flags, array, as_number(floor, "floor"))


def probability_of_draws(is_satisfied: ArrayLike, *, prior: float = 0.0) -> FloatArray:
    """Return the share of draws whose outcomes keep the constraints.

    P = (k + prior) / (n_draws + 2 prior), with k the number of draws that keep them

    It is for outcomes that are not normal, and for constraints that hold or break together: combine the flags
    of several constraints with `&` first.

    Parameters
    ----------
    is_satisfied : array-like of bool, of shape (n_draws, n)
        Whether the outcomes of that draw and candidate keep all constraints.
    prior : float, default=0.0
        How many draws of each kind are imagined, at least 0. With 0 it is the plain share; with 1/2
        (Jeffreys' prior) or 1 (Laplace's) it is never 0 or 1, so its logarithm is finite.

    Returns
    -------
    ndarray of shape (n,)
        Between 0 and 1.

    Raises
    ------
    InvalidDataError
        The shape is wrong, the flags are not bool, or the prior is negative.

    References
    ----------
    L. D. Brown, T. T. Cai, A. DasGupta, "Interval estimation for a binomial proportion", Stat. Sci. 16 (2001)
    101-133 (the prior of 1/2).
    """
    flags, imagined = as_flags(is_satisfied), as_non_negative(prior, "prior")
    return (flags.sum(axis=0) + imagined) / (len(flags) + 2 * imagined)
