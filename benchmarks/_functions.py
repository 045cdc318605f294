"""Functions of one to nine inputs, smooth and not, with noise and without, to fit surrogates to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from benchmarks._tables import NOISE
from bnnopt._typing import ArrayLike, FloatArray
from bnnopt.testing import make_problem

__all__ = ["FUNCTIONS", "Function", "std_over"]

LOG2_ROWS_OF_STD = 14


@dataclass(frozen=True)
class Function:
    """A function on the unit cube, and the noise of its measurements.

    Attributes
    ----------
    n_inputs : int
        Number of inputs.
    values : callable
        From rows of shape (n, n_inputs) to values of shape (n,).
    noise : float
        Standard deviation of the noise, in the unit of the values.
    """

    n_inputs: int
    values: Callable[[FloatArray], FloatArray]
    noise: float

    def measured(self, n_rows: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Draw rows and measure; fewer rows of the same seed are the first of more.

        Returns
        -------
        X : ndarray of shape (n_rows, n_inputs)
        y : ndarray of shape (n_rows,)
        """
        X = np.random.default_rng([seed, 0]).random((n_rows, self.n_inputs))
        noise = np.random.default_rng([seed, 1]).normal(0, 1, n_rows)
        return X, self.values(X) + self.noise * noise


def std_over(function: Callable[[FloatArray], FloatArray], bounds: ArrayLike) -> float:
    """Return the standard deviation of a function over a box, from 16,384 Sobol points.

    Parameters
    ----------
    function : callable
        From rows of shape (n, n_inputs) to values of shape (n,).
    bounds : array-like of shape (n_inputs, 2)
        Lower and upper limit of each input.
    """
    low, high = np.asarray(bounds, dtype=float).T
    cube = qmc.Sobol(len(low), rng=0).random_base2(LOG2_ROWS_OF_STD)
    return float(np.std(function(low + cube * (high - low))))


def _problem(name: str, noise: float = 0.0, **parameters: int) -> Function:
    problem = make_problem(name, **parameters)
    low, high = np.array(problem.bounds).T
    return Function(problem.n_inputs, lambda X: problem.function(low + X * (high - low)), noise)


def _friedman(X: FloatArray) -> FloatArray:
    x = X.T
    return 10 * np.sin(np.pi * x[0] * x[1]) + 20 * np.square(x[2] - 0.5) + 10 * x[3] + 5 * x[4]


FUNCTIONS = {
    "sine": Function(1, lambda X: np.sin(6 * X[:, 0]), 0.0),
    "sine, noisy": Function(1, lambda X: np.sin(6 * X[:, 0]), 0.2),
    "branin": _problem("branin"),
    "step, noisy": Function(2, lambda X: (X[:, 0] > 0.4) + 0.5 * X[:, 1], 0.05),
    "one of three idle, noisy": Function(3, lambda X: np.sin(5 * X[:, 0]) + np.square(X[:, 1]), 0.1),
    "rosenbrock4": _problem("rosenbrock"),
    "hartmann6": _problem("hartmann6"),
    "friedman, four of nine idle, noisy": Function(9, _friedman, NOISE[0]),
}
