"""How close optimizers come to the minimum where 40 inputs are given and five or six of them matter.

Run `python -m benchmarks.many_inputs` (`--short` for CI, without the peers). Levy's function takes five of
the inputs, Hartmann's six, spread over the 40; nobody is told which. At a seed all methods begin with the
same 10 scrambled Sobol points; the regret is the best value found minus the minimum. The bar: the median
regret of bnnopt is less than that of Optuna's tree-structured Parzen estimator. bnnopt is told to use its
model after these 10 points; by default it would run 41. Seconds are processor time of a step; see
`benchmarks.sequential`.
"""

from functools import partial
from typing import Any

import pandas as pd

from benchmarks._embedded import EmbeddedProblem
from benchmarks._results import measure_missing, options_of, print_table, regrets_as_figures, runs_of, spread
from benchmarks._searches import Bnnopt, Method, RandomDraws, ratio_of_regrets, run
from benchmarks._studies import OptunaStudy
from benchmarks._surrogates import COMPARED
from bnnopt.metrics import simple_regret
from bnnopt.testing import make_problem

N_INPUTS = 40
PROBLEMS = {
    "levy5": EmbeddedProblem(make_problem("levy", n_inputs=5), (4, 11, 20, 29, 37), N_INPUTS),
    "hartmann6": EmbeddedProblem(make_problem("hartmann6"), (2, 9, 16, 23, 31, 38), N_INPUTS),
}
METHODS: dict[str, Method] = {
    "random": RandomDraws,
    "optuna_tpe": partial(OptunaStudy, sampler="TPESampler"),
    "optuna_gp": partial(OptunaStudy, sampler="GPSampler"),
    **{name: partial(Bnnopt, surrogate=name) for name in COMPARED},
}
PEER = "optuna_tpe"
SOFTWARE = {"random": "numpy", PEER: "optuna", "optuna_gp": "optuna"}
N_INITIAL, N_STEPS, N_SEEDS = 10, 60, 5
HEADER = ["problem", "method", "regret: median (quartiles)", "worst", f"÷ {PEER}", "seconds a step", "seeds"]
SHORT = {"methods": ["random", "gaussian_process"], "problems": ["levy5"], "seeds": 1}
N_STEPS_SHORT = 3


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("many_inputs", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
    n_steps = N_STEPS_SHORT if options.short else N_STEPS
    frame = measure_missing(options, partial(measure, n_steps=n_steps))
    title = f"regret after {N_INITIAL} Sobol points and {n_steps} steps; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, rows_of(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int, n_steps: int = N_STEPS) -> dict[str, Any]:
    """Run one method on one problem and return the figures of the CSV file."""
    task = PROBLEMS[problem]
    table, seconds = run(task, METHODS[method], N_INITIAL, n_steps, seed)
    regrets = simple_regret(-table["value"], -task.minimum)[N_INITIAL - 1 :]
    return regrets_as_figures(regrets, seconds, SOFTWARE.get(method, "bnnopt"))


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each problem and method the regret and its ratio to the peer's, by medians."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        ratio = ratio_of_regrets(frame, problem, method, PEER)
        worst, seconds = f"{runs['regret'].max():.3g}", f"{runs['seconds_a_step'].median():.2g}"
        rows.append([problem, method, spread(runs["regret"]), worst, ratio, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
