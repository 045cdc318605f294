"""Turn outcomes into a utility, larger is better: the only room in which a direction flips."""

from bnnopt.objectives._chebyshev import Chebyshev
from bnnopt.objectives._constraint import OutcomeConstraint
from bnnopt.objectives._desirability import Desirability
from bnnopt.objectives._linear import Maximize, Minimize
from bnnopt.objectives._outcome import Outcome
from bnnopt.objectives._target import Target
from bnnopt.objectives._union import Objective, UtilityObjective, split_objectives
from bnnopt.objectives._weighted_sum import WeightedSum
from bnnopt.objectives._words import in_words

__all__ = [
    "Chebyshev",
    "Desirability",
    "Maximize",
    "Minimize",
    "Objective",
    "Outcome",
    "OutcomeConstraint",
    "Target",
    "UtilityObjective",
    "WeightedSum",
    "in_words",
    "split_objectives",
]
