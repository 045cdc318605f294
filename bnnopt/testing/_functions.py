"""Functions on which optimizers are compared, all to be minimised; settings and values have no units."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.testing._problem_parts import as_rows

__all__ = ["ackley", "branin", "hartmann6", "levy", "rosenbrock", "styblinski_tang"]

HARTMANN6_WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN6_SCALES = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
HARTMANN6_CENTRES = np.array(
    [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ]
)


def branin(X: ArrayLike) -> FloatArray:
    """Return Branin's function, which has three equal minima.

    f(x) = (x2 - 5.1 x1² / (4 π²) + 5 x1 / π - 6)² + 10 (1 - 1 / (8 π)) cos(x1) + 10

    Parameters
    ----------
    X : array-like of shape (n, 2)
        Usually in [-5, 10] x [0, 15].

    Returns
    -------
    ndarray of shape (n,)
        The value of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    L. C. W. Dixon, G. P. Szegö, "The global optimization problem: an introduction", Towards Global
    Optimization 2, 1978, 1-15.
    """
    x1, x2 = as_rows(X, 2).T
    valley = x2 - 5.1 / (4 * np.pi**2) * x1**2 + 5 / np.pi * x1 - 6
    return valley**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x1) + 10


def hartmann6(X: ArrayLike) -> FloatArray:
    """Return Hartmann's function of six inputs, which has six local minima.

    f(x) = -Σ_i a_i exp(-Σ_j A_ij (x_j - P_ij)²)

    Parameters
    ----------
    X : array-like of shape (n, 6)
        Usually in [0, 1].

    Returns
    -------
    ndarray of shape (n,)
        The value of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    L. C. W. Dixon, G. P. Szegö, "The global optimization problem: an introduction", Towards Global
    Optimization 2, 1978, 1-15.
    """
    offsets = as_rows(X, 6)[:, None, :] - HARTMANN6_CENTRES
    return -np.exp(-np.sum(HARTMANN6_SCALES * offsets**2, axis=2)) @ HARTMANN6_WEIGHTS


def ackley(X: ArrayLike) -> FloatArray:
    """Return Ackley's function: a funnel under many small waves, of any number d of inputs.

    f(x) = -20 exp(-0.2 sqrt(Σ x_i² / d)) - exp(Σ cos(2 π x_i) / d) + 20 + e

    Parameters
    ----------
    X : array-like of shape (n, d)
        Usually in [-32.768, 32.768].

    Returns
    -------
    ndarray of shape (n,)
        The value of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    D. H. Ackley, "A connectionist machine for genetic hillclimbing", Kluwer, 1987.
    """
    rows = as_rows(X)
    funnel = 20 * (1 - np.exp(-0.2 * np.sqrt(np.mean(rows**2, axis=1))))
    return funnel + np.e - np.exp(np.mean(np.cos(2 * np.pi * rows), axis=1))


def levy(X: ArrayLike) -> FloatArray:
    """Return Levy's function: waves in a bowl, of any number d of inputs.

    With w = 1 + (x - 1) / 4,
    f(x) = sin²(π w_1) + Σ_{i<d} (w_i - 1)² (1 + 10 sin²(π w_i + 1)) + (w_d - 1)² (1 + sin²(2 π w_d))

    Parameters
    ----------
    X : array-like of shape (n, d)
        Usually in [-10, 10].

    Returns
    -------
    ndarray of shape (n,)
        The value of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    M. Laguna, R. Martí, "Experimental testing of advanced scatter search designs for global optimization of
    multimodal functions", Journal of Global Optimization 33, 2005, 235-255.
    """
    w = 1 + (as_rows(X) - 1) / 4
    inner, last = w[:, :-1], w[:, -1]
    waves = np.sum((inner - 1) ** 2 * (1 + 10 * np.sin(np.pi * inner + 1) ** 2), axis=1)
    return np.sin(np.pi * w[:, 0]) ** 2 + waves + (last - 1) ** 2 * (1 + np.sin(2 * np.pi * last) ** 2)


def rosenbrock(X: ArrayLike) -> FloatArray:
    """Return Rosenbrock's function: a curved valley, of two or more inputs.

    f(x) = Σ_{i<d} 100 (x_{i+1} - x_i²)² + (1 - x_i)²

    Parameters
    ----------
    X : array-like of shape (n, d), d at least 2
        Usually in [-5, 10].

    Returns
    -------
    ndarray of shape (n,)
        The value of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    H. H. Rosenbrock, "An automatic method for finding the greatest or least value of a function", The
    Computer Journal 3, 1960, 175-184.
    """
    rows = as_rows(X)
    if rows.shape[1] < 2:
        raise InvalidDataError("Rosenbrock's function needs at least 2 inputs, got 1 column.")
    left, right = rows[:, :-1], rows[:, 1:]
    return np.sum(100 * (right - left**2) ** 2 + (1 - left) ** 2, axis=1)


def styblinski_tang(X: ArrayLike) -> FloatArray:
    """Return the function of Styblinski and Tang: 2^d minima of unlike depth, of any number d of inputs.

    f(x) = Σ (x_i⁴ - 16 x_i² + 5 x_i) / 2

    Parameters
    ----------
    X : array-like of shape (n, d)
        Usually in [-5, 5].

    Returns
    -------
    ndarray of shape (n,)
        The value of each row, without a unit.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    M. A. Styblinski, T.-S. Tang, "Experiments in nonconvex optimization: stochastic approximation with
    function smoothing and simulated annealing", Neural Networks 3, 1990, 467-483.
    """
    rows = as_rows(X)
    return np.sum(rows**4 - 16 * rows**2 + 5 * rows, axis=1) / 2
