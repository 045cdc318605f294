"""Conformance checks for surrogates of one's own, and toy problems with known minima."""

from bnnopt.testing._conformance import (
    ConformanceError,
    ConformanceReport,
    check_surrogate,
    surrogate_checks,
)
from bnnopt.testing._functions import ackley, branin, hartmann6, levy, rosenbrock, styblinski_tang
from bnnopt.testing._problems import PROBLEMS, Problem, make_problem

__all__ = [
    "PROBLEMS",
    "ConformanceError",
    "ConformanceReport",
    "Problem",
    "ackley",
    "branin",
    "check_surrogate",
    "hartmann6",
    "levy",
    "make_problem",
    "rosenbrock",
    "styblinski_tang",
    "surrogate_checks",
]
