"""Search spaces: variables to and from the unit cube, constraints between variables, first designs."""

from bnnopt.space._constraints import Constraint, LinearConstraint, NonlinearConstraint
from bnnopt.space._space import SearchSpace
from bnnopt.space._variables import Categorical, Context, Integer, Real, Variable

__all__ = [
    "Categorical",
    "Constraint",
    "Context",
    "Integer",
    "LinearConstraint",
    "NonlinearConstraint",
    "Real",
    "SearchSpace",
    "Variable",
]
