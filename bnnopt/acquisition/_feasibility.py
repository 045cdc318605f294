"""Let the probability that a candidate keeps its outcome constraints enter a score."""

from typing import Literal, TypeAlias, get_args

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup, numbers_of
from bnnopt.acquisition._arrays import as_number
from bnnopt.exceptions import InvalidDataError

__all__ = ["FORMS", "Form", "with_feasibility"]

Form: TypeAlias = Literal["positive", "log", "utility"]
"""How a probability of feasibility enters a score, see `with_feasibility`."""

FORMS: tuple[Form, ...] = get_args(Form)


def with_feasibility(
    scores: ArrayLike, log_probability: ArrayLike, *, form: Form, floor: float | None = None
) -> FloatArray:
    """Weigh scores with the probability of feasibility.

    positive: score p; log: score + log p; utility: floor + p (score - floor)

    A higher probability never lowers a score, and the result is never above the score.

    Parameters
    ----------
    scores : array-like of shape (n,)
        Finite or -inf, larger is better; at least 0 (or -inf) in the form "positive".
    log_probability : array-like of shape (n,)
        Logarithm of the probability of feasibility, at most 0; the sum over several constraints.
    form : {"positive", "log", "utility"}
        What the scores are: at least 0 and proportional to a gain, the logarithm of such a gain, or on the
        scale of a utility, whose 0 means nothing.
    floor : float, optional
        Form "utility" only: the score of a candidate that is surely infeasible, such as the worst utility
        observed. By default, and where scores are below it, the lowest finite score.

    Returns
    -------
    ndarray of shape (n,)
        Finite or -inf.

    Raises
    ------
    InvalidDataError
        The shapes differ, a value is NaN or out of range.
    UnknownNameError
        The form is not known.

    References
    ----------
    J. R. Gardner, M. J. Kusner, Z. Xu, K. Q. Weinberger, J. P. Cunningham, "Bayesian optimization with
    inequality constraints", ICML 2014.
    """
    weigh = lookup({"positive": _positive, "log": _log, "utility": _utility}, form, "form of an acquisition")
    score_array, log_array = _check(scores, log_probability)
    is_open = np.isfinite(score_array)
    weighed = np.full(score_array.shape, -np.inf)
    weighed[is_open] = weigh(score_array[is_open], log_array[is_open], floor)
    return weighed


def _positive(scores: FloatArray, log_probability: FloatArray, floor: float | None) -> FloatArray:
    if np.any(scores < 0):
        raise InvalidDataError(
            f"Scores of the form 'positive' must be at least 0, got {scores.min()}. "
            "Give the acquisition the form 'log' or 'utility'."
        )
    return scores * np.exp(log_probability)


def _log(scores: FloatArray, log_probability: FloatArray, floor: float | None) -> FloatArray:
    return scores + log_probability


def _utility(scores: FloatArray, log_probability: FloatArray, floor: float | None) -> FloatArray:
    lowest = scores.min(initial=np.inf if floor is None else as_number(floor, "floor"))
    return scores + np.expm1(log_probability) * (scores - lowest)


def _check(scores: ArrayLike, log_probability: ArrayLike) -> tuple[FloatArray, FloatArray]:
    score_array, log_array = numbers_of(scores, "scores"), numbers_of(log_probability, "log_probability")
    if score_array.ndim != 1 or score_array.shape != log_array.shape:
        raise InvalidDataError(
            f"Expected scores and log_probability of shape (n,), got {score_array.shape} "
            f"and {log_array.shape}; sum the log probabilities of several constraints first."
        )
    if np.any(np.isnan(score_array) | np.isposinf(score_array)):
        raise InvalidDataError("Scores must be finite or -inf; some are NaN or +inf.")
    if not np.all(log_array <= 0):
        raise InvalidDataError("log_probability must be at most 0; some are above 0 or NaN.")
    return score_array, log_array
