"""Conformance checks for surrogates of one's own, and toy problems with known minima or fronts."""

from bnnopt.testing._conformance import (
    ConformanceError,
    ConformanceReport,
    check_surrogate,
    surrogate_checks,
)
from bnnopt.testing._constrained_functions import flare_mixture, gramacy, hartmann6_ball, pressure_vessel
from bnnopt.testing._constrained_problems import (
    CONSTRAINED_PROBLEMS,
    ConstrainedProblem,
    make_constrained_problem,
)
from bnnopt.testing._functions import ackley, branin, hartmann6, levy, rosenbrock, styblinski_tang
from bnnopt.testing._multi_objective_functions import branin_currin, dtlz2, zdt1
from bnnopt.testing._multi_objective_problems import (
    MULTI_OBJECTIVE_PROBLEMS,
    MultiObjectiveProblem,
    make_multi_objective_problem,
)
from bnnopt.testing._problems import PROBLEMS, Problem, make_problem

__all__ = [
    "CONSTRAINED_PROBLEMS",
    "MULTI_OBJECTIVE_PROBLEMS",
    "PROBLEMS",
    "ConformanceError",
    "ConformanceReport",
    "ConstrainedProblem",
    "MultiObjectiveProblem",
    "Problem",
    "ackley",
    "branin",
    "branin_currin",
    "check_surrogate",
    "dtlz2",
    "flare_mixture",
    "gramacy",
    "hartmann6",
    "hartmann6_ball",
    "levy",
    "make_constrained_problem",
    "make_multi_objective_problem",
    "make_problem",
    "pressure_vessel",
    "rosenbrock",
    "styblinski_tang",
    "surrogate_checks",
    "zdt1",
]
