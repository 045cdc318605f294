"""Search spaces: variables to and from the unit cube, constraints between variables, first designs."""

from bnnopt.space._cardinality import CardinalityConstraint
from bnnopt.space._constraints import (
    BY_NAME,
    Constraint,
    LinearConstraint,
    NonlinearConstraint,
    name_of_function,
)
from bnnopt.space._design import DESIGN_METHODS
from bnnopt.space._faces import Face, faces_of, support_steps, supports_of
from bnnopt.space._pools import ROWS_OF_A_BLOCK, file_pool, product_pool, random_pool, sobol_pool
from bnnopt.space._space import SearchSpace
from bnnopt.space._summary import values_of
from bnnopt.space._variables import Categorical, Context, Discrete, Integer, Real, Variable

__all__ = [
    "BY_NAME",
    "DESIGN_METHODS",
    "ROWS_OF_A_BLOCK",
    "CardinalityConstraint",
    "Categorical",
    "Constraint",
    "Context",
    "Discrete",
    "Face",
    "Integer",
    "LinearConstraint",
    "NonlinearConstraint",
    "Real",
    "SearchSpace",
    "Variable",
    "faces_of",
    "file_pool",
    "name_of_function",
    "product_pool",
    "random_pool",
    "sobol_pool",
    "support_steps",
    "supports_of",
    "values_of",
]
