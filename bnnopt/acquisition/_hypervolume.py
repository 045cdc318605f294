"""Expected gain in hypervolume: in closed form for two utilities, and averaged over draws for any number."""

import numpy as np

from bnnopt._pareto import as_reference, as_utilities
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.acquisition._hypervolume_boxes import added_volumes, carved, free_boxes
from bnnopt.acquisition._improvement import expected_improvement
from bnnopt.exceptions import InvalidDataError

__all__ = [
    "expected_hypervolume_improvement",
    "expected_hypervolume_improvement_of_draws",
    "noisy_hypervolume_improvement",
]


def expected_hypervolume_improvement(
    mean: ArrayLike, std: ArrayLike, *, front: ArrayLike, reference: ArrayLike
) -> FloatArray:
    """Return the expected gain in hypervolume of two independent normal utilities, in closed form.

    EHVI = sum over strips of (e_1(l_i) - e_1(u_i)) e_2(h_i), with e_j(a) = E max(u_j - a, 0)

    The front cuts the region that it does not dominate into k + 1 strips, where the first utility is between
    l_i and u_i and the second above h_i. All terms are at least 0 and h_i falls from strip to strip, so that
    no digits are lost: the relative error is that of the expected improvement, below 1e-12 where the result
    is above 1e-100, and a few k rounding errors. Utilities that are correlated need draws.

    Parameters
    ----------
    mean, std : array-like of shape (n, 2)
        Moments of the utilities of each candidate; std at least 0. Where it is 0 the utility is known.
    front : array-like of shape (k, 2)
        Utilities of experiments, k at least 0; those that are dominated, or not above the reference in both
        utilities, change nothing.
    reference : array-like of shape (2,)
        The worst utilities that count.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the product of the units of the utilities.

    Raises
    ------
    InvalidDataError
        A shape is wrong, a number is not finite, or a std is negative.

    References
    ----------
    M. T. M. Emmerich, A. H. Deutz, J. W. Klinkenberg, "Hypervolume-based expected improvement: monotonicity
    properties and exact computation", IEEE CEC 2011, 2147-2154; K. Yang, M. Emmerich, A. Deutz, T. Bäck,
    "Efficient computation of expected hypervolume improvement using box decomposition algorithms", J. Global
    Optim. 75 (2019) 3-34.
    """
    means, stds = as_utilities(mean, "mean"), as_utilities(std, "std")
    if means.shape[1] != 2 or means.shape != stds.shape:
        raise InvalidDataError(
            f"Expected mean and std of shape (n, 2), got {means.shape} and {stds.shape}; for more than two "
            "utilities use draws: expected_hypervolume_improvement_of_draws."
        )
    lower, _ = free_boxes(_as_front(front, 2), as_reference(reference, 2))
    total: FloatArray = np.zeros(len(means))
    beyond: FloatArray = np.zeros(len(means))
    for left, floor in lower:
        reached = expected_improvement(means[:, 0], stds[:, 0], best=left)
        height = expected_improvement(means[:, 1], stds[:, 1], best=floor)
        total += np.maximum(reached - beyond, 0) * height
        beyond = reached
    return total


def expected_hypervolume_improvement_of_draws(
    draws: ArrayLike, *, front: ArrayLike, reference: ArrayLike, chosen: ArrayLike | None = None
) -> FloatArray:
    """Return the gain in hypervolume over a known front, averaged over joint draws.

    EHVI = mean over draws d of HV(front, chosen_d, u_d) - HV(front, chosen_d)

    Parameters
    ----------
    draws : array-like of shape (n_draws, n, m)
        Joint draws of m >= 2 utilities of each candidate.
    front : array-like of shape (k, m)
        Utilities of experiments, taken as free of noise, k at least 0; dominated ones change nothing.
    reference : array-like of shape (m,)
        The worst utilities that count.
    chosen : array-like of shape (n_draws, n_chosen, m), optional
        The same draws at candidates that are in the batch already or pending. Default: none.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the product of the units of the utilities; exactly 0 where no draw gains anything.

    Raises
    ------
    InvalidDataError
        A shape is wrong or a number is not finite.

    References
    ----------
    S. Daulton, M. Balandat, E. Bakshy, "Differentiable expected hypervolume improvement for parallel
    multi-objective Bayesian optimization", NeurIPS 2020, arXiv:2006.05078, section 3.
    """
    candidates = _as_joint(draws, "draws")
    n_draws, _, m = candidates.shape
    taken = _as_joint(np.empty((n_draws, 0, m)) if chosen is None else chosen, "chosen", candidates.shape)
    free = free_boxes(_as_front(front, m), as_reference(reference, m))
    gains = [added_volumes(u, carved(free, also)) for u, also in zip(candidates, taken, strict=True)]
    return np.mean(gains, axis=0)


def noisy_hypervolume_improvement(
    draws: ArrayLike, *, observed: ArrayLike, reference: ArrayLike, chosen: ArrayLike | None = None
) -> FloatArray:
    """Return the gain in hypervolume where the front is not known but drawn with the candidates.

    NEHVI = mean over draws d of HV(observed_d, chosen_d, u_d) - HV(observed_d, chosen_d)

    With noise the experiments that look best were lucky; each draw has a front of its own, among what the
    model believes of the experiments. Adding the chosen ones serves batches: the gain of a batch is the sum
    of the gains of its candidates, each over those before it.

    Parameters
    ----------
    draws : array-like of shape (n_draws, n, m)
        Joint draws of m >= 2 utilities, without observation noise, of each candidate.
    observed : array-like of shape (n_draws, n_observed, m)
        The same draws at the experiments, n_observed at least 0.
    reference : array-like of shape (m,)
        The worst utilities that count.
    chosen : array-like of shape (n_draws, n_chosen, m), optional
        The same draws at candidates that are in the batch already or pending. Default: none.

    Returns
    -------
    ndarray of shape (n,)
        At least 0, in the product of the units of the utilities; exactly 0 where no draw gains anything.

    Raises
    ------
    InvalidDataError
        A shape is wrong or a number is not finite.

    References
    ----------
    S. Daulton, M. Balandat, E. Bakshy, "Parallel Bayesian optimization of multiple noisy objectives with
    expected hypervolume improvement", NeurIPS 2021, arXiv:2105.08195; the boxes as in
    R. Lacour, K. Klamroth, C. M. Fonseca, "A box decomposition algorithm to compute the hypervolume
    indicator", Comput. Oper. Res. 79 (2017) 347-360, but parted point by point.
    """
    candidates = _as_joint(draws, "draws")
    known = _as_joint(observed, "observed", candidates.shape)
    if chosen is not None:
        known = np.concatenate([known, _as_joint(chosen, "chosen", candidates.shape)], axis=1)
    corner = as_reference(reference, candidates.shape[2])
    gains = [added_volumes(u, free_boxes(k, corner)) for u, k in zip(candidates, known, strict=True)]
    return np.mean(gains, axis=0)


def _as_front(front: ArrayLike, n_objectives: int) -> FloatArray:
    points = numbers_of(front, "front")
    rows = as_utilities(points.reshape(0, n_objectives) if points.size == 0 else points, "front")
    if rows.shape[1] != n_objectives:
        raise InvalidDataError(f"front must have the shape (k, {n_objectives}), got {rows.shape}.")
    return rows


def _as_joint(draws: ArrayLike, name: str, like: tuple[int, ...] | None = None) -> FloatArray:
    """Return finite draws of shape (n_draws, n, m), with the n_draws and m of the shape `like` if given."""
    array = numbers_of(draws, name)
    is_shaped = array.ndim == 3 and array.shape[0] > 0 and array.shape[2] > 1
    if not is_shaped or (like is not None and array.shape[::2] != like[::2]):
        wanted = "(n_draws, n, m) with at least one draw and m >= 2"
        wanted = wanted if like is None else f"({like[0]}, any number, {like[2]})"
        raise InvalidDataError(f"{name} must have the shape {wanted}, got {array.shape}.")
    if not np.isfinite(array).all():
        draw, row = (int(i) for i in np.argwhere(~np.isfinite(array))[0][:2])
        raise InvalidDataError(
            f"{name} must be finite, got {array[draw, row].tolist()} for row {row} in draw {draw}. "
            "Check the surrogate's prediction."
        )
    return array
