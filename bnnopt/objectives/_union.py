"""A list of objectives and outcome constraints, as it stands in a configuration file."""

from collections.abc import Iterable
from typing import Annotated, TypeAlias

from pydantic import Field

from bnnopt.objectives._chebyshev import Chebyshev
from bnnopt.objectives._constraint import OutcomeConstraint
from bnnopt.objectives._desirability import Desirability
from bnnopt.objectives._linear import Maximize, Minimize
from bnnopt.objectives._target import Target
from bnnopt.objectives._weighted_sum import WeightedSum

__all__ = ["Objective", "UtilityObjective", "split_objectives"]

UtilityObjective: TypeAlias = Minimize | Maximize | Target | WeightedSum | Chebyshev | Desirability
"""An objective that has a utility: of the one outcome, or of the several outcomes, that its `names` name."""

Objective: TypeAlias = Annotated[
    Minimize | Maximize | Target | WeightedSum | Chebyshev | Desirability | OutcomeConstraint,
    Field(discriminator="type"),
]
"""One entry of a list of objectives; its `type` says which class it is."""


def split_objectives(
    objectives: Iterable[Objective],
) -> tuple[list[UtilityObjective], list[OutcomeConstraint]]:
    """Part a list into the objectives that have a utility and the outcome constraints, orders kept.

    Parameters
    ----------
    objectives : iterable of objectives and outcome constraints
        As `BayesianOptimizer` takes them, any number of each.

    Returns
    -------
    objectives : list of objectives
        Those that are no outcome constraints.
    constraints : list of OutcomeConstraint
        The others.
    """
    listed = list(objectives)
    constraints = [entry for entry in listed if isinstance(entry, OutcomeConstraint)]
    return [entry for entry in listed if not isinstance(entry, OutcomeConstraint)], constraints
