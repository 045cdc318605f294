"""How much of what can be had of two objectives is found within 60 runs, one at a time.

Run `python -m benchmarks.several_objectives` (`--short` for CI, without the peers). At a seed all methods
begin with the same scrambled Sobol points, twice the inputs plus two and at least 10. The figure is the
hypervolume that all 60 results dominate above the problem's reference point, which BoTorch is told and the
others are not. The bar: a method of bnnopt comes to 95 % of the best method's median. The reference point of
ZDT1, (11, 11), is so far off that nearly all methods do; the column "missing", the share of the largest
hypervolume that the median lacks, tells more.

`q_nehvi` and `parego` (the acquisition "log_ei" on random Chebyshev weights) take the Gaussian process.
Seconds are processor time of a step; see `benchmarks.sequential`.
"""

from functools import partial
from typing import Any

import pandas as pd

from benchmarks._results import measure_missing, options_of, print_table, runs_of, software, spread
from benchmarks._searches import Bnnopt, Method, RandomDraws, run
from benchmarks._studies import BoTorchFront, OptunaStudy
from benchmarks._surrogates import COMPARED
from bnnopt.metrics import hypervolume
from bnnopt.testing import MultiObjectiveProblem, make_multi_objective_problem

PROBLEMS = {name: make_multi_objective_problem(name) for name in ["branin_currin", "dtlz2", "zdt1"]}
METHODS: dict[str, Method] = {
    "random": RandomDraws,
    "optuna_nsga2": partial(OptunaStudy, sampler="NSGAIISampler"),
    "optuna_gp": partial(OptunaStudy, sampler="GPSampler"),
    "botorch": BoTorchFront,
    **{name: partial(Bnnopt, surrogate=name) for name in COMPARED},
    "q_nehvi": partial(Bnnopt, surrogate="gaussian_process", acquisition="q_nehvi"),
    "parego": partial(Bnnopt, surrogate="gaussian_process", acquisition="log_ei"),
}
SOFTWARE = {"random": "numpy", "optuna_nsga2": "optuna", "optuna_gp": "optuna", "botorch": "botorch"}
N_RUNS, N_SEEDS = 60, 5
HEADER = ["problem", "method", "hypervolume: median (quartiles)", "worst", "missing", "of the best"]
HEADER += ["seconds a step", "seeds"]
SHORT = {"methods": ["random", "gaussian_process"], "problems": ["branin_currin"], "seeds": 1}
N_RUNS_SHORT = 13


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("several_objectives", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
    n_runs = N_RUNS_SHORT if options.short else N_RUNS
    frame = measure_missing(options, partial(measure, n_runs=n_runs))
    title = f"hypervolume after {n_runs} runs, the first design included; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, rows_of(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int, n_runs: int = N_RUNS) -> dict[str, Any]:
    """Run one method on one problem and return the figures of the CSV file."""
    task = PROBLEMS[problem]
    n_initial = n_initial_of(task)
    table, seconds = run(task, METHODS[method], n_initial, n_runs - n_initial, seed)
    utilities = -table[list(task.outcome_names)].to_numpy()
    volumes = [hypervolume(utilities[:n], task.reference_utilities) for n in range(n_initial, n_runs + 1)]
    return {
        "n_runs": n_runs,
        "hypervolume": f"{volumes[-1]:.8g}",
        "seconds_a_step": f"{seconds:.4g}",
        "software": software(SOFTWARE.get(method, "bnnopt")),
        "hypervolumes": " ".join(f"{volume:.6g}" for volume in volumes),
    }


def n_initial_of(task: MultiObjectiveProblem) -> int:
    """Return the rows of the first design."""
    return max(10, 2 * (task.n_inputs + 1))


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each problem and method the hypervolume, what is missing, and its ratio to the best."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        of_problem = frame[frame["problem"] == problem]
        best = of_problem.groupby("method")["hypervolume"].median().max()
        volumes, largest = runs["hypervolume"], PROBLEMS[problem].maximum_hypervolume
        missing, ratio = 1 - volumes.median() / largest, volumes.median() / best
        shares = [f"{volumes.min():.4g}", f"{100 * missing:.2g} %", f"{100 * ratio:.4g} %"]
        seconds = f"{runs['seconds_a_step'].median():.2g}"
        rows.append([problem, method, spread(volumes), *shares, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
