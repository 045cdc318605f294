"""Choose several candidates at once: after each choice the draws are conditioned on its expected outcome."""

from collections.abc import Callable, Iterable, Sequence
from operator import index as as_index

import numpy as np

from bnnopt._estimators import require, whole
from bnnopt._typing import ArrayLike, BoolArray, FloatArray, IntArray
from bnnopt._validation import refuse_flags
from bnnopt.acquisition._arrays import as_draws, as_non_negative
from bnnopt.exceptions import InvalidDataError

__all__ = ["condition_draws", "greedy_batch", "moments_of_draws"]


def moments_of_draws(draws: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation over draws.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        In any unit, finite.

    Returns
    -------
    mean, std : ndarray of shape (n,)
        In the unit of the draws; the variance is the mean squared deviation (divided by n_draws), and
        exactly 0 where all draws are equal.

    Raises
    ------
    InvalidDataError
        The shape is wrong or a draw is not finite.
    """
    array = as_draws(draws)
    std = np.where(np.ptp(array, axis=0) == 0, 0.0, array.std(axis=0))
    return array.mean(axis=0), std


def condition_draws(draws: ArrayLike, index: int, *, noise_variance: float = 0.0) -> FloatArray:
    """Condition joint draws on observing, at one candidate, just what is expected there.

    f_j <- f_j - g cov(f_j, f_p) / (v + s) (f_p - mean_p), with p the candidate, v = var(f_p), s the noise
    variance and g = 1 / (1 + sqrt(s / (v + s)))

    The means stay and the empirical covariances become cov_jk - cov_jp cov_kp / (v + s), exactly. Without
    noise g is 1 and all draws agree at p. The covariances are those of the draws, so with few draws they are
    noisy: unrelated candidates seem correlated by about 1 / sqrt(n_draws), and each condition takes
    away one of the n_draws - 1 directions in which the draws differ. Use many more draws than conditions.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n)
        Joint draws of one output.
    index : int
        The candidate that is supposed to be observed, 0 <= index < n.
    noise_variance : float, default=0.0
        Variance of the observation noise, at least 0, in the squared unit of the draws.

    Returns
    -------
    ndarray of shape (n_draws, n)
        A new array; equal to the draws if they all agree at the candidate already.

    Raises
    ------
    InvalidDataError
        The shape, the index or the noise variance is out of range, or a draw is not finite.

    References
    ----------
    T. Desautels, A. Krause, J. W. Burdick, "Parallelizing exploration-exploitation tradeoffs in Gaussian
    process bandit optimization", JMLR 15 (2014) 4053-4103 (the expected outcome as observation);
    J. T. Wilson et al., "Efficiently sampling functions from Gaussian process posteriors", ICML 2020,
    arXiv:2002.09309 (conditioning draw by draw); J. S. Whitaker, T. M. Hamill, Mon. Weather Rev.
    130 (2002) 1913-1924, eq. 13 (g, which keeps the covariance exact with noise).
    """
    array = as_draws(draws)
    position = _as_candidate(index, array.shape[1])
    noise = as_non_negative(noise_variance, "noise_variance")
    if np.ptp(array[:, position]) == 0:
        return array.copy()
    deviations = array - array.mean(axis=0)
    at_index = deviations[:, position]
    total = at_index @ at_index + noise * len(array)
    gain = 1 / (1 + np.sqrt(noise * len(array) / total))
    return array - np.outer(at_index, gain * (at_index @ deviations) / total)


def greedy_batch(
    score: Callable[[list[FloatArray]], ArrayLike],
    outputs: Sequence[ArrayLike],
    n: int,
    *,
    is_taken: ArrayLike | None = None,
    pending: Iterable[int] = (),
) -> IntArray:
    """Choose a batch, one candidate after the other.

    Each step takes the candidate with the highest score (of equals the first), conditions the draws of each
    output on its expected outcome with `condition_draws`, and brings the next draw to the front, so that a
    score which reads only the first draw (Thompson sampling) meets a further one for each point.

    Parameters
    ----------
    score : callable
        `score(draws)`: from the list of the outputs' draws, each of shape (n_draws, n_candidates), to scores
        of shape (n_candidates,), finite or -inf (not to be chosen), larger is better.
    outputs : sequence of array-like of shape (n_draws, n_candidates)
        Joint draws of each output.
    n : int
        How many candidates to choose, at least 1.
    is_taken : array-like of bool, of shape (n_candidates,), optional
        Candidates that must not be chosen.
    pending : iterable of int, optional
        Candidates whose outcome is on its way: the draws are conditioned on them first, and they are not
        chosen.

    Returns
    -------
    ndarray of int, of shape (n_chosen,)
        Different candidates in the order of choice; fewer than `n` if no more have a finite score.

    Raises
    ------
    InvalidDataError
        A shape or an index is wrong, n is below 1, a draw is not finite, or a score is NaN or +inf.
    """
    draws = _as_outputs(outputs)
    is_open = ~_as_mask(is_taken, draws[0].shape[1])
    require(whole(1), n=n)
    for index in pending:
        draws = [condition_draws(array, index) for array in draws]
        is_open[index] = False
    chosen: list[int] = []
    while len(chosen) < n:
        scores = np.where(is_open, _as_scores(score(draws), len(is_open)), -np.inf)
        if not np.isfinite(scores).any():
            break
        chosen.append(int(np.argmax(scores)))
        is_open[chosen[-1]] = False
        draws = [np.roll(condition_draws(array, chosen[-1]), -1, axis=0) for array in draws]
    return np.array(chosen, dtype=int)


def _as_candidate(index: int, n_candidates: int) -> int:
    refuse_flags(index=index)
    position = as_index(index)
    if not 0 <= position < n_candidates:
        raise InvalidDataError(
            f"A candidate must have an index from 0 to {n_candidates - 1}, got {position}."
        )
    return position


def _as_outputs(outputs: Sequence[ArrayLike]) -> list[FloatArray]:
    draws = [as_draws(output) for output in outputs]
    shapes = {array.shape for array in draws}
    if len(shapes) != 1:
        raise InvalidDataError(
            "Expected the draws of at least one output, all of one shape (n_draws, n_candidates), "
            f"got {[array.shape for array in draws]}."
        )
    return draws


def _as_mask(is_taken: ArrayLike | None, n_candidates: int) -> BoolArray:
    if is_taken is None:
        return np.zeros(n_candidates, dtype=bool)
    mask = np.asarray(is_taken)
    if mask.shape != (n_candidates,) or mask.dtype != bool:
        raise InvalidDataError(
            f"is_taken must hold a bool for each of the {n_candidates} candidates, "
            f"got {mask.dtype} of shape {mask.shape}."
        )
    return mask


def _as_scores(scores: ArrayLike, n_candidates: int) -> FloatArray:
    array = np.asarray(scores, dtype=float)
    if array.shape != (n_candidates,):
        raise InvalidDataError(f"score must return shape ({n_candidates},), got {array.shape}.")
    if np.any(np.isnan(array) | np.isposinf(array)):
        raise InvalidDataError("score must return finite values or -inf; some are NaN or +inf.")
    return array
