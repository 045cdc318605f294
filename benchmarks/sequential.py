"""How close optimizers come to the minimum of test functions, one setting at a time.

Run `python -m benchmarks.sequential` (`--short` for CI, without the peers). At a seed all methods begin with
the same scrambled Sobol points; the regret is the best value found minus the minimum. Each run is a row of
the CSV file, with the regret after the first design and after each step; runs that the file has are not made
again. Seconds are processor time of `tell` and `ask`, that of all threads together, with the threads that
libraries choose. Other work on the machine leaves them alone, unless threads wait for each other: `--busy 1`
measures that, into a file of its own.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import qmc

from benchmarks._peers import OPTIMIZERS, SOFTWARE, SequentialOptimizer
from benchmarks._results import measure_missing, options_of, print_table, regrets_as_figures, runs_of, spread
from bnnopt._typing import FloatArray
from bnnopt.metrics import simple_regret
from bnnopt.testing import make_problem

PROBLEMS = {
    "branin": make_problem("branin"),
    "hartmann6": make_problem("hartmann6"),
    "ackley5": make_problem("ackley", n_inputs=5),
    "levy8": make_problem("levy", n_inputs=8),
}
N_INITIAL, N_STEPS, N_SEEDS = 5, 40, 10
HEADER = ["problem", "method", "regret: median (quartiles)", "worst", "seconds a step", "seeds"]
SHORT = {"methods": ["random", "gaussian_process"], "problems": ["branin"], "seeds": 1}
N_STEPS_SHORT = 5


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("sequential", __doc__, OPTIMIZERS, PROBLEMS, N_SEEDS, SHORT, arguments)
    n_steps = N_STEPS_SHORT if options.short else N_STEPS
    frame = measure_missing(options, partial(measure, n_steps=n_steps))
    title = f"regret after {N_INITIAL} Sobol points and {n_steps} steps; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, rows_of_regrets(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int, n_steps: int = N_STEPS) -> dict[str, Any]:
    """Run one method on one problem and return the figures of the CSV file."""
    return measure_with(OPTIMIZERS[method], SOFTWARE.get(method, "bnnopt"), problem, seed, n_steps)


def measure_with(
    make: Callable[[FloatArray, int, int], SequentialOptimizer],
    package: str,
    problem: str,
    seed: int,
    n_steps: int,
) -> dict[str, Any]:
    """Run the optimizer that bounds, the number of first points and a seed make; see `measure`."""
    task = PROBLEMS[problem]
    bounds = np.array(task.bounds)
    optimizer = make(bounds, N_INITIAL, seed)
    start = time.process_time()
    values = loop(optimizer, task.function, first_design(bounds, seed), n_steps)
    seconds = time.process_time() - start
    regrets = simple_regret(-np.array(values), -task.minimum)[N_INITIAL - 1 :]
    return regrets_as_figures(regrets, seconds / n_steps, package)


def first_design(bounds: FloatArray, seed: int) -> FloatArray:
    """Return the scrambled Sobol points that all methods begin with, shape (N_INITIAL, n_dims)."""
    cube = qmc.Sobol(len(bounds), rng=seed).random_base2(3)[:N_INITIAL]
    return bounds[:, 0] + cube * (bounds[:, 1] - bounds[:, 0])


def loop(
    optimizer: SequentialOptimizer,
    function: Callable[[FloatArray], FloatArray],
    design: FloatArray,
    n_steps: int,
) -> list[float]:
    """Return the values of a first design and of so many steps, which the optimizer is told one by one."""
    values = []
    for step in range(len(design) + n_steps):
        x = design[step] if step < len(design) else optimizer.ask()
        values.append(float(function(x[None])[0]))
        optimizer.tell(x, values[-1])
    return values


def rows_of_regrets(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each problem and method the regret's median, quartiles and worst, and the seconds."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        worst, seconds = f"{runs['regret'].max():.3g}", f"{runs['seconds_a_step'].median():.2g}"
        rows.append([problem, method, spread(runs["regret"]), worst, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
