"""Functions with constraints: the first value is to be minimised, limits hold for the others."""

import numpy as np

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.testing._functions import hartmann6
from bnnopt.testing._problem_parts import as_rows

__all__ = ["flare_mixture", "gramacy", "hartmann6_ball", "pressure_vessel"]

FLARE_LINEAR = np.array([-1558.0, -2351.0, -2426.0, 14358.0])
FLARE_PAIRS = {
    (0, 1): 8300.0,
    (0, 2): 8076.0,
    (0, 3): -6609.0,
    (1, 2): 3214.0,
    (1, 3): -16982.0,
    (2, 3): -17111.0,
}
PLATE = 0.0625


def gramacy(X: ArrayLike) -> FloatArray:
    """Return a sum of two inputs and two constraints on it, one of them wavy.

    f(x) = x1 + x2, c1(x) = 3/2 - x1 - 2 x2 - sin(2π (x1² - 2 x2)) / 2, c2(x) = x1² + x2² - 3/2

    Parameters
    ----------
    X : array-like of shape (n, 2)
        In [0, 1].

    Returns
    -------
    ndarray of shape (n, 3)
        f, c1 and c2; feasible where both c are at most 0.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    R. B. Gramacy et al., "Modeling an augmented Lagrangian for blackbox constrained optimization",
    Technometrics 58 (2016) 1-11.
    """
    x1, x2 = as_rows(X, 2).T
    waves = np.sin(2 * np.pi * (x1**2 - 2 * x2))
    return np.column_stack([x1 + x2, 1.5 - x1 - 2 * x2 - 0.5 * waves, x1**2 + x2**2 - 1.5])


def hartmann6_ball(X: ArrayLike) -> FloatArray:
    """Return Hartmann's function of six inputs and the distance from the origin.

    Parameters
    ----------
    X : array-like of shape (n, 6)
        In [0, 1].

    Returns
    -------
    ndarray of shape (n, 2)
        f and sqrt(sum of x_i²); feasible where the distance is at most 1, as it is at the minimum of f.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    B. Letham, B. Karrer, G. Ottoni, E. Bakshy, "Constrained Bayesian optimization with noisy experiments",
    Bayesian Anal. 14 (2019) 495-519.
    """
    rows = as_rows(X, 6)
    return np.column_stack([hartmann6(rows), np.linalg.norm(rows, axis=1)])


def pressure_vessel(X: ArrayLike) -> FloatArray:
    """Return cost and volume of a cylindrical vessel with half-spheres as heads.

    f = 0.6224 s r l + 1.7781 h r² + 3.1661 s² l + 19.84 s² r, V = π r² l + 4/3 π r³, with s = n_shell / 16
    and h = n_head / 16 inches

    Parameters
    ----------
    X : array-like of shape (n, 4)
        Plates of 1/16 inch in the shell and in the heads, whole numbers; radius and length in inches.

    Returns
    -------
    ndarray of shape (n, 2)
        Cost in dollars and volume in cubic inches; feasible where the volume is at least 1,296,000.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    E. Sandgren, "Nonlinear integer and discrete programming in mechanical design optimization", J. Mech. Des.
    112 (1990) 223-229; as in B. K. Kannan, S. N. Kramer, J. Mech. Des. 116 (1994) 405-411.
    """
    n_shell, n_head, radius, length = as_rows(X, 4).T
    shell, head = PLATE * n_shell, PLATE * n_head
    cylinder, heads = 0.6224 * shell * radius * length, 1.7781 * head * radius**2
    welds = shell**2 * (3.1661 * length + 19.84 * radius)
    volume = np.pi * radius**2 * (length + 4 / 3 * radius)
    return np.column_stack([cylinder + heads + welds, volume])


def flare_mixture(X: ArrayLike) -> FloatArray:
    """Return minus the illumination of flares as a function of what they are mixed of.

    Scheffé's quadratic, f(x) = -(sum of b_i x_i + sum over i < j of b_ij x_i x_j), with the coefficients that
    least squares give for the fifteen flares of the source, in whole numbers.

    Parameters
    ----------
    X : array-like of shape (n, 4)
        Shares of magnesium, sodium nitrate, strontium nitrate and binder, which sum to 1.

    Returns
    -------
    ndarray of shape (n, 1)
        Minus the illumination in 1000 candles.

    Raises
    ------
    InvalidDataError
        The shape is wrong.

    References
    ----------
    R. A. McLean, V. L. Anderson, "Extreme vertices design of mixture experiments", Technometrics 8 (1966)
    447-454.
    """
    rows = as_rows(X, 4)
    pairs = sum(weight * rows[:, i] * rows[:, j] for (i, j), weight in FLARE_PAIRS.items())
    return -(rows @ FLARE_LINEAR + pairs)[:, None]
