"""Points and weights that several objectives need: a reference for hypervolumes, random scalarisations."""

import numpy as np

from bnnopt._estimators import require, whole
from bnnopt._pareto import as_utilities, non_dominated
from bnnopt._typing import ArrayLike, FloatArray, RandomState
from bnnopt._validation import as_generator
from bnnopt.exceptions import InvalidDataError

__all__ = ["chebyshev_weights", "reference_point"]

MARGIN = 0.1


def reference_point(utilities: ArrayLike, front: ArrayLike | None = None) -> FloatArray:
    """Return a reference point for hypervolumes, a little worse than the front.

    r_j = min_j - 0.1 (max_j - min_j), both over the front

    Where the front has one value only in an objective (one row, or equal ones), minimum and maximum of all
    utilities are taken there; where these are equal too, the range counts as abs(min_j), or as 1 if that
    is 0.
    The margin gives the ends of the front a share of the hypervolume that is neither nothing nor most of it.

    Parameters
    ----------
    utilities : array-like of shape (n, m)
        Utilities of m >= 2 objectives of all experiments, at least one, larger is better, finite.
    front : array-like of shape (k, m), optional
        The rows that are not dominated. Default: found among the utilities.

    Returns
    -------
    ndarray of shape (m,)
        Below every row of the front in every objective, in the units of the utilities.

    Raises
    ------
    InvalidDataError
        A shape is wrong, there is no row, or a utility is NaN or infinite.

    References
    ----------
    H. Ishibuchi, R. Imada, Y. Setoguchi, Y. Nojima, "How to specify a reference point in hypervolume
    calculation for fair performance comparison", Evol. Comput. 26 (2018) 411-440.
    """
    rows = _with_rows(utilities, "utilities")
    best = rows[non_dominated(rows)] if front is None else _with_rows(front, "front")
    if best.shape[1] != rows.shape[1]:
        raise InvalidDataError(f"utilities have {rows.shape[1]} objectives and the front {best.shape[1]}.")
    is_flat = np.ptp(best, axis=0) == 0
    low = np.where(is_flat, np.minimum(rows.min(axis=0), best[0]), best.min(axis=0))
    high = np.where(is_flat, np.maximum(rows.max(axis=0), best[0]), best.max(axis=0))
    size = np.where(low == 0, 1.0, np.abs(low))
    return low - MARGIN * np.where(high > low, high - low, size)


def chebyshev_weights(m: int, rng: RandomState) -> FloatArray:
    """Return random weights of objectives, uniform on the simplex.

    w_j >= 0, sum of w_j = 1, by the flat Dirichlet distribution

    Parameters
    ----------
    m : int
        Number of objectives, at least 1.
    rng : int, Generator, RandomState or None
        The randomness.

    Returns
    -------
    ndarray of shape (m,)
        Without unit; for utilities that are scaled alike, such as those inside `Chebyshev`.

    Raises
    ------
    InvalidDataError
        m is below 1.

    References
    ----------
    J. Knowles, "ParEGO: a hybrid algorithm with on-line landscape approximation for expensive
    multiobjective optimization problems", IEEE Trans. Evol. Comput. 10 (2006) 50-66, section III.
    """
    require(whole(1), m=m)
    return as_generator(rng).dirichlet(np.ones(m))


def _with_rows(values: ArrayLike, name: str) -> FloatArray:
    rows = as_utilities(values, name)
    if len(rows) == 0:
        raise InvalidDataError(f"{name}: at least one row is needed to infer a reference point, got none.")
    return rows
