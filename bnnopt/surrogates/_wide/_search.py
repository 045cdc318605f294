"""Maximise many functions side by side by the signs of their gradients."""

from collections.abc import Callable

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["SHORT_STEP", "maximise"]

FIRST_STEP, SMALLEST_STEP, LARGEST_STEP = 0.1, 1e-6, 1.0
GROWTH, SHRINKAGE = 1.2, 0.5
SHORT_STEP = 0.03  # a first step from where little is left to climb


def maximise(
    gradient: Callable[[FloatArray], FloatArray],
    start: FloatArray,
    n_steps: int,
    first_step: float = FIRST_STEP,
) -> FloatArray:
    """Climb with Rprop: each coordinate has its own step, longer while the slope keeps its sign.

    On the evidence of a few dozen rows, 40 such steps come as far as 200 of Adam. A coordinate whose slope
    turned around stays where it is for one step.

    Parameters
    ----------
    gradient : callable
        Points of shape (n_functions, n_coordinates) to the gradient of each function at its point.
    start : ndarray of shape (n_functions, n_coordinates)
        Where to begin.
    n_steps : int
        Steps to make.
    first_step : float, default=0.1
        Length of the first, in each coordinate; shorter where the start is a good one.

    Returns
    -------
    ndarray of shape (n_functions, n_coordinates)
        Where the climb ended.

    References
    ----------
    M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm", ICNN 1993. M. Blum, M. Riedmiller, "Optimization of Gaussian process hyperparameters using
    Rprop", ESANN 2013.
    """
    point, step, before = start.copy(), np.full_like(start, first_step), np.zeros_like(start)
    for _ in range(n_steps):
        slope = gradient(point)
        turn = np.sign(slope * before)
        step *= np.where(turn > 0, GROWTH, np.where(turn < 0, SHRINKAGE, 1.0))
        np.clip(step, SMALLEST_STEP, LARGEST_STEP, out=step)
        before = np.where(turn < 0, 0.0, slope)
        point += np.sign(before) * step
    return point
