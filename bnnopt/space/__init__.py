"""Search spaces: variables to and from the unit cube, constraints between variables, first designs."""

from bnnopt.space._constraints import Constraint, LinearConstraint, NonlinearConstraint
from bnnopt.space._pools import ROWS_OF_A_BLOCK, file_pool, product_pool, random_pool, sobol_pool
from bnnopt.space._space import SearchSpace
from bnnopt.space._variables import Categorical, Context, Discrete, Integer, Real, Variable

__all__ = [
    "ROWS_OF_A_BLOCK",
    "Categorical",
    "Constraint",
    "Context",
    "Discrete",
    "Integer",
    "LinearConstraint",
    "NonlinearConstraint",
    "Real",
    "SearchSpace",
    "Variable",
    "file_pool",
    "product_pool",
    "random_pool",
    "sobol_pool",
]
