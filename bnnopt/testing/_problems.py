"""Toy problems: a function with its bounds, its known minimum and its search space."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup
from bnnopt.objectives import Minimize
from bnnopt.space import SearchSpace
from bnnopt.testing._functions import ackley, branin, hartmann6, levy, rosenbrock, styblinski_tang
from bnnopt.testing._problem_parts import box, outcome_table, whole_number

__all__ = ["PROBLEMS", "Problem", "make_problem"]

HARTMANN6_MINIMIZER = (0.2016895108, 0.1500106914, 0.4768739754, 0.2753324306, 0.3116516166, 0.6573005339)
STYBLINSKI_TANG_MINIMIZER = -2.903534027771177  # the least root of 4 x³ - 32 x + 5
STYBLINSKI_TANG_DEPTH = -39.16616570377142  # the value there, for each input


@dataclass(frozen=True)
class Problem:
    """A function to be minimised within bounds, with its known minimum.

    Parameters
    ----------
    name : str
        As in `PROBLEMS`.
    function : callable
        Takes an array of shape (n, n_inputs), in the units of `bounds`, and returns values of shape (n,).
    bounds : tuple of (float, float)
        Smallest and largest value of each input.
    minimum : float
        The least value within the bounds.
    minimizers : tuple of tuple of float
        All points, of `n_inputs` numbers each, where the function has its minimum.

    Examples
    --------
    >>> from bnnopt import BayesianOptimizer
    >>> from bnnopt.testing import make_problem
    >>> problem = make_problem("branin")
    >>> optimizer = BayesianOptimizer(problem.space(), problem.objectives(), random_state=0)
    >>> runs = optimizer.ask(4)
    >>> optimizer.tell(runs, problem.outcomes(runs))
    """

    name: str
    function: Callable[[ArrayLike], FloatArray]
    bounds: tuple[tuple[float, float], ...]
    minimum: float
    minimizers: tuple[tuple[float, ...], ...]

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return len(self.bounds)

    def space(self) -> SearchSpace:
        """Return the search space: one `Real` for each input, named x1, x2, ...

        Returns
        -------
        SearchSpace
            Within `bounds`.
        """
        return box(self.bounds)

    def objectives(self) -> list[Minimize]:
        """Return what is wanted: a small value.

        Returns
        -------
        list of Minimize
            One, of the outcome `value`.
        """
        return [Minimize("value")]

    def outcomes(self, settings: pd.DataFrame) -> pd.DataFrame:
        """Return the values at settings, as a `BayesianOptimizer` is told them.

        Parameters
        ----------
        settings : DataFrame of shape (n, n_columns)
            With the columns x1, x2 and so on, in the units of `bounds`; others are ignored.

        Returns
        -------
        DataFrame of shape (n, 1)
            The column is "value", the rows are those of `settings`.

        Raises
        ------
        InvalidDataError
            A column is missing or holds something else than finite numbers.
        """
        return outcome_table(settings, self.space().names, self.function, ["value"], self.name)


def make_problem(name: str, **parameters: int) -> Problem:
    """Make a toy problem from its name.

    Parameters
    ----------
    name : str
        A key of `PROBLEMS`.
    **parameters
        `n_inputs`, at least 1, for the functions of any number of inputs: by default 5 for "ackley" and
        "styblinski_tang", 8 for "levy", and 4 for "rosenbrock", which needs at least 2.

    Returns
    -------
    Problem
        With its space and its least value.

    Raises
    ------
    UnknownNameError
        If the name is not registered; the message lists the names that are.
    InvalidDataError
        If the function does not take so few inputs.
    TypeError
        If the function's number of inputs is fixed.
    """
    return lookup(PROBLEMS, name, "problem")(**parameters)


def _branin() -> Problem:
    minimizers = ((-np.pi, 12.275), (np.pi, 2.275), (3 * np.pi, 2.475))
    return Problem("branin", branin, ((-5.0, 10.0), (0.0, 15.0)), 5 / (4 * np.pi), minimizers)


def _hartmann6() -> Problem:
    return Problem("hartmann6", hartmann6, ((0.0, 1.0),) * 6, -3.322368011415515, (HARTMANN6_MINIMIZER,))


def _ackley(n_inputs: int = 5) -> Problem:
    d = whole_number(1, n_inputs, "ackley")
    return Problem("ackley", ackley, ((-32.768, 32.768),) * d, 0.0, ((0.0,) * d,))


def _levy(n_inputs: int = 8) -> Problem:
    d = whole_number(1, n_inputs, "levy")
    return Problem("levy", levy, ((-10.0, 10.0),) * d, 0.0, ((1.0,) * d,))


def _rosenbrock(n_inputs: int = 4) -> Problem:
    d = whole_number(2, n_inputs, "rosenbrock")
    return Problem("rosenbrock", rosenbrock, ((-5.0, 10.0),) * d, 0.0, ((1.0,) * d,))


def _styblinski_tang(n_inputs: int = 5) -> Problem:
    d = whole_number(1, n_inputs, "styblinski_tang")
    minimizer = (STYBLINSKI_TANG_MINIMIZER,) * d
    return Problem(
        "styblinski_tang", styblinski_tang, ((-5.0, 5.0),) * d, STYBLINSKI_TANG_DEPTH * d, (minimizer,)
    )


PROBLEMS: dict[str, Callable[..., Problem]] = {
    "ackley": _ackley,
    "branin": _branin,
    "hartmann6": _hartmann6,
    "levy": _levy,
    "rosenbrock": _rosenbrock,
    "styblinski_tang": _styblinski_tang,
}
"""What makes each toy problem, see `make_problem`."""
