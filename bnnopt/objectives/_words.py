"""Objectives in words."""

from bnnopt.objectives._constraint import OutcomeConstraint
from bnnopt.objectives._target import Target
from bnnopt.objectives._union import Objective

__all__ = ["in_words"]


def in_words(objective: Objective) -> str:
    """Return what is wanted of which outcome.

    Parameters
    ----------
    objective : objective or OutcomeConstraint
        What is wanted.

    Returns
    -------
    str
        Such as "target peak = 950 ± 20".
    """
    said = f"{objective.type.replace('_', ' ')} {', '.join(objective.names)}"
    if isinstance(objective, Target):
        return f"{said} = {objective.value:g} ± {objective.tolerance:g}"
    if not isinstance(objective, OutcomeConstraint):
        return said
    lower = "" if objective.lower is None else f" at least {objective.lower:g}"
    return said + lower + ("" if objective.upper is None else f" at most {objective.upper:g}")
