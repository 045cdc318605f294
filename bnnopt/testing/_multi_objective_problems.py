"""Toy problems of several objectives: functions with bounds, a reference point and a known hypervolume."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup
from bnnopt.objectives import Minimize
from bnnopt.space import SearchSpace
from bnnopt.testing._multi_objective_functions import branin_currin, dtlz2, zdt1
from bnnopt.testing._problem_parts import box, outcome_table, whole_number

__all__ = ["MULTI_OBJECTIVE_PROBLEMS", "MultiObjectiveProblem", "make_multi_objective_problem"]


@dataclass(frozen=True)
class MultiObjectiveProblem:
    """A function with several values to be minimised within bounds.

    Parameters
    ----------
    name : str
        As in `MULTI_OBJECTIVE_PROBLEMS`.
    function : callable
        Takes an array of shape (n, n_inputs), in the units of `bounds`, and returns values of shape
        (n, n_objectives).
    bounds : tuple of (float, float)
        Smallest and largest value of each input.
    reference : tuple of float
        The worst value that counts, of each objective.
    maximum_hypervolume : float
        What the Pareto front dominates up to the reference; of "branin_currin" to four digits after the
        point, found with two million points along the front, of the others exact.

    Examples
    --------
    >>> from bnnopt.metrics import hypervolume
    >>> from bnnopt.testing import make_multi_objective_problem
    >>> problem = make_multi_objective_problem("zdt1")
    >>> values = problem.function([[0.0] * 6, [1.0] + [0.0] * 5])
    >>> hypervolume(-values, reference=problem.reference_utilities)
    120.0
    """

    name: str
    function: Callable[[ArrayLike], FloatArray]
    bounds: tuple[tuple[float, float], ...]
    reference: tuple[float, ...]
    maximum_hypervolume: float

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return len(self.bounds)

    @property
    def outcome_names(self) -> tuple[str, ...]:
        """Names of the values, value1, value2, ..."""
        return tuple(f"value{i + 1}" for i in range(len(self.reference)))

    @property
    def reference_utilities(self) -> tuple[float, ...]:
        """The reference as utilities, larger is better: minus the worst values."""
        return tuple(-worst for worst in self.reference)

    def objectives(self) -> list[Minimize]:
        """Return what is wanted: each value as small as possible.

        Returns
        -------
        list of Minimize
            One for each outcome, in their order.
        """
        return [Minimize(name) for name in self.outcome_names]

    def space(self) -> SearchSpace:
        """Return the search space: one `Real` for each input, named x1, x2, ...

        Returns
        -------
        SearchSpace
            Within `bounds`.
        """
        return box(self.bounds)

    def outcomes(self, settings: pd.DataFrame) -> pd.DataFrame:
        """Return the values at settings, as a `BayesianOptimizer` is told them.

        Parameters
        ----------
        settings : DataFrame of shape (n, n_columns)
            With the columns x1, x2 and so on, in the units of `bounds`; others are ignored.

        Returns
        -------
        DataFrame of shape (n, n_objectives)
            The columns are `outcome_names`, the rows those of `settings`.

        Raises
        ------
        InvalidDataError
            A column is missing or holds something else than finite numbers.
        """
        return outcome_table(settings, self.space().names, self.function, self.outcome_names, self.name)


def make_multi_objective_problem(name: str, **parameters: int) -> MultiObjectiveProblem:
    """Make a toy problem of two objectives from its name.

    Parameters
    ----------
    name : str
        A key of `MULTI_OBJECTIVE_PROBLEMS`.
    **parameters
        `n_inputs`, at least 2, by default 6, for "dtlz2" and "zdt1".

    Returns
    -------
    MultiObjectiveProblem
        With its space, its reference point and its hypervolume.

    Raises
    ------
    UnknownNameError
        If the name is not registered; the message lists the names that are.
    InvalidDataError
        If the function does not take so few inputs.
    TypeError
        If the function's number of inputs is fixed.
    """
    return lookup(MULTI_OBJECTIVE_PROBLEMS, name, "problem of several objectives")(**parameters)


def _branin_currin() -> MultiObjectiveProblem:
    """Return it with the reference of Daulton et al. (2020), and the hypervolume of two million points."""
    return MultiObjectiveProblem("branin_currin", branin_currin, ((0.0, 1.0),) * 2, (18.0, 6.0), 59.4066)


def _dtlz2(n_inputs: int = 6) -> MultiObjectiveProblem:
    """Return it with the hypervolume of a square of 1.1 less a quarter of the unit disk."""
    bounds = ((0.0, 1.0),) * whole_number(2, n_inputs, "dtlz2")
    return MultiObjectiveProblem("dtlz2", dtlz2, bounds, (1.1, 1.1), 1.1**2 - np.pi / 4)


def _zdt1(n_inputs: int = 6) -> MultiObjectiveProblem:
    """Return it with the hypervolume of a square of 11 less the integral of 1 - sqrt(f1) from 0 to 1."""
    bounds = ((0.0, 1.0),) * whole_number(2, n_inputs, "zdt1")
    return MultiObjectiveProblem("zdt1", zdt1, bounds, (11.0, 11.0), 121 - 1 / 3)


MULTI_OBJECTIVE_PROBLEMS: dict[str, Callable[..., MultiObjectiveProblem]] = {
    "branin_currin": _branin_currin,
    "dtlz2": _dtlz2,
    "zdt1": _zdt1,
}
"""What makes each toy problem of two objectives, see `make_multi_objective_problem`."""
