"""How good the best result is that keeps all constraints, one setting at a time.

Run `python -m benchmarks.constrained` (`--short` for CI, without the peers). At a seed all methods begin with
the same scrambled Sobol points, within the constraints that are known beforehand. The regret is the least
value so far where all constraints hold minus the feasible minimum; "none" is a run that found no such row.
The bar: the median regret of bnnopt is at most that of Optuna's Gaussian process.

Constraints between settings are known to bnnopt and to random draws. To Optuna, the two of the pressure
vessel are two more outcomes with limits, so that it may run vessels whose plates are too thin, and the
mixture of flares is a cube: each share is its position between the limits that the shares before it leave
(`benchmarks._studies.MixtureBox`), so that each trial is a mixture. Seconds are processor time of a step; see
`benchmarks.sequential`.
"""

import re
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._results import measure_missing, options_of, print_table, regrets_as_figures, runs_of, spread
from benchmarks._searches import Bnnopt, Method, RandomDraws, ratio_of_regrets, run
from benchmarks._studies import OptunaStudy
from benchmarks._surrogates import COMPARED
from bnnopt._typing import BoolArray
from bnnopt.metrics import simple_regret
from bnnopt.testing import ConstrainedProblem, make_constrained_problem

NAMES = ["gramacy", "hartmann6_ball", "pressure_vessel", "flare_mixture"]
PROBLEMS = {name: make_constrained_problem(name) for name in NAMES}
METHODS: dict[str, Method] = {
    "random": RandomDraws,
    "optuna_gp": partial(OptunaStudy, sampler="GPSampler"),
    **{name: partial(Bnnopt, surrogate=name) for name in COMPARED},
}
PEER = "optuna_gp"
SOFTWARE = {"random": "numpy", PEER: "optuna"}
N_INITIAL, N_STEPS, N_SEEDS = 10, 40, 10
NONE = 1e300  # stands for the regret of a run without a feasible row
HEADER = ["problem", "method", "feasible regret: median (quartiles)", "worst", f"÷ {PEER}"]
HEADER += ["feasible rows", "seconds a step", "seeds"]
SHORT = {"methods": ["random", "gaussian_process"], "problems": ["gramacy"], "seeds": 1}
N_STEPS_SHORT = 4


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("constrained", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
    n_steps = N_STEPS_SHORT if options.short else N_STEPS
    frame = measure_missing(options, partial(measure, n_steps=n_steps))
    title = f"regret after {N_INITIAL} Sobol points and {n_steps} steps; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, rows_of(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int, n_steps: int = N_STEPS) -> dict[str, Any]:
    """Run one method on one problem and return the figures of the CSV file."""
    task = PROBLEMS[problem]
    table, seconds = run(task, METHODS[method], N_INITIAL, n_steps, seed)
    flags = is_feasible(task, table)
    utilities = np.where(flags, -table["value"], np.nan)
    regrets = simple_regret(utilities, -task.minimum)[N_INITIAL - 1 :]
    regrets = np.where(np.isnan(regrets), NONE, regrets)
    n_feasible = int(flags[N_INITIAL:].sum())
    package = SOFTWARE.get(method, "bnnopt")
    return {"n_feasible": n_feasible, **regrets_as_figures(regrets, seconds, package)}


def is_feasible(task: ConstrainedProblem, table: pd.DataFrame) -> BoolArray:
    """Return whether rows keep the constraints of settings and of outcomes."""
    flags = np.asarray(task.space().is_feasible(table[task.space().names]))
    for limit in task.constraints:
        flags = flags & limit.is_satisfied(table[limit.name])
    return flags


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each problem and method the regret, its ratio to the peer's, and the feasible rows."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        ratio = ratio_of_regrets(frame, problem, method, PEER)
        share = f"{100 * runs['n_feasible'].sum() / runs['n_steps'].sum():.0f} %"
        texts = [spread(runs["regret"]), f"{runs['regret'].max():.3g}", ratio]
        texts = [re.sub(r"[\d.]+e[+-](29|30)\d", "none", text) for text in texts]
        seconds = f"{runs['seconds_a_step'].median():.2g}"
        rows.append([problem, method, *texts, share, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
