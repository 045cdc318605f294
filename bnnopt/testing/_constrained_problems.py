"""Toy problems with constraints on outcomes or settings, and known feasible minima."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import lookup
from bnnopt.objectives import Minimize, OutcomeConstraint
from bnnopt.space import Integer, LinearConstraint, Real, SearchSpace
from bnnopt.testing._constrained_functions import (
    PLATE,
    flare_mixture,
    gramacy,
    hartmann6_ball,
    pressure_vessel,
)
from bnnopt.testing._problem_parts import box, outcome_table
from bnnopt.testing._problems import make_problem

__all__ = ["CONSTRAINED_PROBLEMS", "ConstrainedProblem", "make_constrained_problem"]

GRAMACY_MINIMIZER = (0.19512268347207176, 0.4046653685379958)
VESSEL_MINIMIZER = (13.0, 7.0, 42.09844559585492, 176.63659584243945)
FLARE_MINIMIZER = (0.5231956922654841, 0.22990741756785975, 0.16689689016665613, 0.08)


@dataclass(frozen=True)
class ConstrainedProblem:
    """A function to be minimised where its constraints hold, with its known feasible minimum.

    Parameters
    ----------
    name : str
        As in `CONSTRAINED_PROBLEMS`.
    function : callable
        Takes an array of shape (n, n_inputs), the settings in the order and the units of the space, and
        returns an array of shape (n, 1 + n_constraints): the value and the outcomes that are constrained.
    settings : SearchSpace
        Variables, bounds, and constraints that are known before an experiment.
    constraints : tuple of OutcomeConstraint
        Limits of the outcomes, in the order of the function's columns.
    minimum : float
        The least value where all constraints hold.
    minimizers : tuple of tuple of float
        All settings, of `n_inputs` numbers each, with that value.

    Examples
    --------
    >>> from bnnopt import BayesianOptimizer
    >>> from bnnopt.testing import make_constrained_problem
    >>> problem = make_constrained_problem("gramacy")
    >>> optimizer = BayesianOptimizer(problem.space(), problem.objectives(), random_state=0)
    >>> runs = optimizer.ask(4)
    >>> optimizer.tell(runs, problem.outcomes(runs))
    """

    name: str
    function: Callable[[ArrayLike], FloatArray]
    settings: SearchSpace
    constraints: tuple[OutcomeConstraint, ...]
    minimum: float
    minimizers: tuple[tuple[float, ...], ...]

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return self.settings.n_settings

    @property
    def outcome_names(self) -> tuple[str, ...]:
        """Names of the outcomes: "value", and those that are constrained."""
        return ("value", *(constraint.name for constraint in self.constraints))

    def objectives(self) -> list[Minimize | OutcomeConstraint]:
        """Return what is wanted: a small value, and all constraints of outcomes kept.

        Returns
        -------
        list of Minimize and OutcomeConstraint
            As `BayesianOptimizer` takes them.
        """
        return [Minimize("value"), *self.constraints]

    def space(self) -> SearchSpace:
        """Return the search space.

        Returns
        -------
        SearchSpace
            With the constraints on settings, where the problem has some.
        """
        return self.settings

    def outcomes(self, settings: pd.DataFrame) -> pd.DataFrame:
        """Return value and constrained outcomes at settings, as a `BayesianOptimizer` is told them.

        Parameters
        ----------
        settings : DataFrame with the columns of the space
            Other columns are ignored.

        Returns
        -------
        DataFrame of shape (n, 1 + n_constraints)
            The columns are `outcome_names`, the rows those of `settings`.

        Raises
        ------
        InvalidDataError
            A column is missing or holds something else than finite numbers.
        """
        return outcome_table(settings, self.settings.names, self.function, self.outcome_names, self.name)


def make_constrained_problem(name: str) -> ConstrainedProblem:
    """Make a toy problem with constraints from its name.

    Parameters
    ----------
    name : str
        A key of `CONSTRAINED_PROBLEMS`.

    Returns
    -------
    ConstrainedProblem
        With its space, its constraints, and the least feasible value where it is known.

    Raises
    ------
    UnknownNameError
        If the name is not registered; the message lists the names that are.
    """
    return lookup(CONSTRAINED_PROBLEMS, name, "problem with constraints")()


def _gramacy() -> ConstrainedProblem:
    """Return the problem whose minimum is where the wavy constraint touches a line of equal sums."""
    constraints = OutcomeConstraint("c1", upper=0), OutcomeConstraint("c2", upper=0)
    space = box([(0.0, 1.0)] * 2)
    return ConstrainedProblem(
        "gramacy", gramacy, space, constraints, 0.5997880520100676, (GRAMACY_MINIMIZER,)
    )


def _hartmann6_ball() -> ConstrainedProblem:
    """Return the problem whose minimum is that without the constraint."""
    free, limit = make_problem("hartmann6"), OutcomeConstraint("norm", upper=1)
    return ConstrainedProblem(
        "hartmann6_ball", hartmann6_ball, free.space(), (limit,), free.minimum, free.minimizers
    )


def _pressure_vessel() -> ConstrainedProblem:
    """Return the vessel, with the minimum that X.-S. Yang et al. proved, IJBIC 5 (2013) 329-335."""
    inch = {"unit": "inch"}
    variables = [
        Integer("n_shell", 1, 99),
        Integer("n_head", 1, 99),
        Real("radius", 10, 200, **inch),
        Real("length", 10, 200, **inch),
    ]
    thick = [
        LinearConstraint({"n_shell": PLATE, "radius": -0.0193}, lower=0),
        LinearConstraint({"n_head": PLATE, "radius": -0.00954}, lower=0),
    ]
    limit = OutcomeConstraint("volume", lower=1_296_000, unit="inch³")
    space = SearchSpace(variables, thick)
    return ConstrainedProblem(
        "pressure_vessel", pressure_vessel, space, (limit,), 6059.714335048436, (VESSEL_MINIMIZER,)
    )


def _flare_mixture() -> ConstrainedProblem:
    """Return the mixture; at its minimum the binder is at its upper bound."""
    limits = {
        "magnesium": (0.4, 0.6),
        "sodium_nitrate": (0.1, 0.5),
        "strontium_nitrate": (0.1, 0.5),
        "binder": (0.03, 0.08),
    }
    whole = LinearConstraint(dict.fromkeys(limits, 1.0), lower=1, upper=1)
    space = SearchSpace([Real(name, *bounds) for name, bounds in limits.items()], [whole])
    return ConstrainedProblem(
        "flare_mixture", flare_mixture, space, (), -397.564618651159, (FLARE_MINIMIZER,)
    )


CONSTRAINED_PROBLEMS: dict[str, Callable[[], ConstrainedProblem]] = {
    "flare_mixture": _flare_mixture,
    "gramacy": _gramacy,
    "hartmann6_ball": _hartmann6_ball,
    "pressure_vessel": _pressure_vessel,
}
"""What makes each toy problem with constraints, see `make_constrained_problem`."""
