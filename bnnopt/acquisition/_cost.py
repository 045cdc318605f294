"""Let what a candidate costs enter its score."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup, numbers_of
from bnnopt.acquisition._arrays import as_non_negative, as_number
from bnnopt.acquisition._feasibility import Form
from bnnopt.exceptions import InvalidDataError

__all__ = ["per_unit_cost"]


def per_unit_cost(
    scores: ArrayLike, cost: ArrayLike, form: Form, exponent: float = 1.0, *, floor: float | None = None
) -> FloatArray:
    """Return scores per unit of cost.

    positive: score / cost^a; log: score - a log cost; utility: floor + (score - floor) / cost^a

    At equal cost a higher score stays the higher one, and at equal score the cheaper candidate is never the
    lower one; the unit of the cost does not change the order. Utilities count above a floor, because half of
    a negative utility would be more than it.

    Parameters
    ----------
    scores : array-like of shape (n,)
        Finite or -inf (stays -inf), larger is better; at least 0 in the form "positive".
    cost : array-like of shape (n,)
        Cost of each candidate in any unit, finite and above 0.
    form : {"positive", "log", "utility"}
        What the scores are; see `with_feasibility`.
    exponent : float, default=1.0
        The power a, at least 0: how much the cost counts; 0 leaves the scores as they are.
    floor : float, optional
        Form "utility" only: the score of a candidate that is worth nothing, such as the worst utility
        observed. By default, and where scores are below it, the lowest finite score.

    Returns
    -------
    ndarray of shape (n,)
        Finite or -inf.

    Raises
    ------
    InvalidDataError
        The shapes differ, a value is out of range, or cost^a is too large or too small for a float.
    UnknownNameError
        The form is not known.

    References
    ----------
    J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian optimization of machine learning algorithms",
    NIPS 2012, arXiv:1206.2944, section 3.2.
    """
    divide = lookup({"positive": _positive, "log": _log, "utility": _utility}, form, "form of an acquisition")
    score_array, log_cost = _check(scores, cost)
    is_open = np.isfinite(score_array)
    log_price = as_non_negative(exponent, "exponent") * log_cost[is_open]
    divided = np.full(score_array.shape, -np.inf)
    with np.errstate(over="ignore"):
        divided[is_open] = divide(score_array[is_open], log_price, floor)
    if not np.isfinite(divided[is_open]).all():
        raise InvalidDataError(
            f"Scores per unit of cost leave the range of floats with the exponent {exponent!r}. "
            "Give the cost in another unit, or a smaller exponent."
        )
    return divided


def _positive(scores: FloatArray, log_price: FloatArray, floor: float | None) -> FloatArray:
    if np.any(scores < 0):
        raise InvalidDataError(
            f"Scores of the form 'positive' must be at least 0, got {scores.min()}. "
            "Give the acquisition the form 'log' or 'utility'."
        )
    return scores * np.exp(-log_price)


def _log(scores: FloatArray, log_price: FloatArray, floor: float | None) -> FloatArray:
    return scores - log_price


def _utility(scores: FloatArray, log_price: FloatArray, floor: float | None) -> FloatArray:
    lowest = scores.min(initial=np.inf if floor is None else as_number(floor, "floor"))
    return lowest + (scores - lowest) * np.exp(-log_price)


def _check(scores: ArrayLike, cost: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the scores and the logarithm of the cost."""
    score_array, cost_array = numbers_of(scores, "scores"), numbers_of(cost, "cost")
    if score_array.ndim != 1 or score_array.shape != cost_array.shape:
        raise InvalidDataError(
            f"Expected scores and cost of shape (n,), got {score_array.shape} and {cost_array.shape}; "
            "give one cost for each candidate."
        )
    if np.any(np.isnan(score_array) | np.isposinf(score_array)):
        raise InvalidDataError("Scores must be finite or -inf; some are NaN or +inf.")
    is_bad = ~(np.isfinite(cost_array) & (cost_array > 0))
    if is_bad.any():
        row = int(np.flatnonzero(is_bad)[0])
        raise InvalidDataError(
            f"The cost must be finite and above 0, got {cost_array[row]} for candidate {row}. "
            "Give what costs nothing a small cost, such as that of the handling."
        )
    return score_array, np.log(cost_array)
