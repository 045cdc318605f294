"""Synthetic tables of any length."""

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["NOISE", "synthetic_table"]

NOISE = (0.5, 0.05)


def synthetic_table(n_rows: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw rows of nine inputs and two outcomes, smooth functions of them with constant noise.

    With x uniform in [0, 1], the first outcome is Friedman's function of five inputs,
    `10 sin(pi x0 x1) + 20 (x2 - 1/2)**2 + 10 x3 + 5 x4`, and the second a function of the other four and x0,
    `exp(-2 x5) cos(2 pi x6) + x7 x8 + x0 / 2`. The standard deviations of the noise, `NOISE`, are a tenth of
    those of the functions.

    Parameters
    ----------
    n_rows : int
        Number of rows.
    seed : int
        Seeds inputs and noise; the functions are always the same.

    Returns
    -------
    X : ndarray of shape (n_rows, 9)
    y : ndarray of shape (n_rows, 2)
    """
    rng = np.random.default_rng(seed)
    X = rng.random((n_rows, 9))
    x = X.T
    first = 10 * np.sin(np.pi * x[0] * x[1]) + 20 * np.square(x[2] - 0.5) + 10 * x[3] + 5 * x[4]
    second = np.exp(-2 * x[5]) * np.cos(2 * np.pi * x[6]) + x[7] * x[8] + x[0] / 2
    return X, np.column_stack([first, second]) + rng.normal(0, NOISE, (n_rows, 2))
