"""Functions with two values on which optimizers of several objectives are compared, both to be minimised."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.testing._functions import branin
from bnnopt.testing._problem_parts import as_rows

__all__ = ["branin_currin", "dtlz2", "zdt1"]


def branin_currin(X: ArrayLike) -> FloatArray:
    """Return the functions of Branin and of Currin, two inputs.

    f1(x) = Branin's function at (15 x1 - 5, 15 x2),
    f2(x) = (1 - exp(-1 / (2 x2))) (2300 x1³ + 1900 x1² + 2092 x1 + 60) / (100 x1³ + 500 x1² + 4 x1 + 20)

    Parameters
    ----------
    X : array-like of shape (n, 2)
        In [0, 1]; x2 = 0 stands for the limit there, at which the first factor of f2 is 1.

    Returns
    -------
    ndarray of shape (n, 2)
        Both values of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    C. Currin, T. Mitchell, M. Morris, D. Ylvisaker, "Bayesian prediction of deterministic functions, with
    applications to the design and analysis of computer experiments", JASA 86 (1991) 953-963; the pair in
    S. Belakaria, A. Deshwal, J. R. Doppa, "Max-value entropy search for multi-objective Bayesian
    optimization", NeurIPS 2019.
    """
    rows = as_rows(X, 2)
    x1, x2 = rows.T
    exponent = np.divide(-0.5, x2, out=np.full_like(x2, -np.inf), where=x2 != 0)
    above = 2300 * x1**3 + 1900 * x1**2 + 2092 * x1 + 60
    below = 100 * x1**3 + 500 * x1**2 + 4 * x1 + 20
    return np.column_stack([branin(15 * rows - [5, 0]), -np.expm1(exponent) * above / below])


def zdt1(X: ArrayLike) -> FloatArray:
    """Return the first problem of Zitzler, Deb and Thiele, with a convex front; two or more inputs.

    f1(x) = x1, f2(x) = g (1 - sqrt(x1 / g)), with g = 1 + 9 mean of (x2, ..., xd)

    Parameters
    ----------
    X : array-like of shape (n, d), d at least 2
        In [0, 1]. On the front, f2 = 1 - sqrt(f1), all inputs but the first are 0.

    Returns
    -------
    ndarray of shape (n, 2)
        Both values of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    E. Zitzler, K. Deb, L. Thiele, "Comparison of multiobjective evolutionary algorithms: empirical results",
    Evol. Comput. 8 (2000) 173-195.
    """
    first, others = _first_and_others(X, "zdt1")
    g = 1 + 9 * others.mean(axis=1)
    return np.column_stack([first, g * (1 - np.sqrt(first / g))])


def dtlz2(X: ArrayLike) -> FloatArray:
    """Return the second problem of Deb, Thiele, Laumanns and Zitzler for two objectives; two or more inputs.

    f1(x) = (1 + g) cos(π x1 / 2), f2(x) = (1 + g) sin(π x1 / 2), with g = sum over i >= 2 of (x_i - 1/2)²

    Parameters
    ----------
    X : array-like of shape (n, d), d at least 2
        In [0, 1]. On the front, a quarter of the unit circle, all inputs but the first are 1/2.

    Returns
    -------
    ndarray of shape (n, 2)
        Both values of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    K. Deb, L. Thiele, M. Laumanns, E. Zitzler, "Scalable test problems for evolutionary multiobjective
    optimization", Evolutionary Multiobjective Optimization, Springer 2005, 105-145.
    """
    first, others = _first_and_others(X, "dtlz2")
    radius, angle = 1 + np.sum((others - 0.5) ** 2, axis=1), 0.5 * np.pi * first
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _first_and_others(X: ArrayLike, name: str) -> tuple[FloatArray, FloatArray]:
    rows = as_rows(X)
    if rows.shape[1] < 2:
        raise InvalidDataError(f"{name} needs at least 2 inputs, got 1 column.")
    return rows[:, 0], rows[:, 1:]
