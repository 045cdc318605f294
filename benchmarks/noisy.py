"""How good the row is that an optimizer recommends, when all that it measures is noisy.

Run `python -m benchmarks.noisy` (`--short` for CI, without the peers). Functions, first points and seconds
are those of `benchmarks.sequential`; each value told has normal noise, whose standard deviation is 5 % or
20 % of that of the function over the space (`branin_5`, `branin_20`). The noise of the k-th row is the same
for all methods at a seed. BoTorch's acquisition function is `qLogNoisyExpectedImprovement`, all else is as in
`benchmarks.sequential`.

The figure is the true regret, without noise, of the measured row that a method recommends at the end. bnnopt
recommends the row with the smallest posterior mean by its own surrogate. For all others, random search too,
the rule is one: the row with the smallest posterior mean by scikit-learn's Gaussian process (Matérn-5/2, a
length scale for each input, white noise), fitted to all rows of the run. Beside it stand, for every method
alike, the true regret by that Gaussian process, which compares where the rows lie, and the true regret of the
row with the smallest value measured, which is what somebody takes who trusts the measured values.
"""

import time
import warnings
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from benchmarks._functions import std_over
from benchmarks._peers import OPTIMIZERS, SOFTWARE, Bnnopt, BoTorch, SequentialOptimizer
from benchmarks._results import measure_missing, options_of, print_table, runs_of, software, spread
from benchmarks._surrogates import COMPARED
from benchmarks.sequential import N_INITIAL, N_SEEDS, N_STEPS, N_STEPS_SHORT, first_design
from benchmarks.sequential import PROBLEMS as FUNCTIONS
from bnnopt._typing import FloatArray
from bnnopt.testing import Problem

PERCENT = [5, 20]
PROBLEMS = {f"{name}_{percent}": (name, percent / 100) for name in FUNCTIONS for percent in PERCENT}
METHODS: dict[str, Callable[[FloatArray, int, int], SequentialOptimizer]] = {
    "random": OPTIMIZERS["random"],
    "optuna_gp": OPTIMIZERS["optuna_gp"],
    "botorch": partial(BoTorch, is_noisy=True),
    **{name: OPTIMIZERS[name] for name in COMPARED},
}
FIGURES = ["regret", "regret_by_process", "regret_by_value"]
HEADER = [
    "problem",
    "method",
    "true regret of the row recommended: median (quartiles)",
    "worst",
    "by one Gaussian process for all",
    "of the best value measured",
    "seconds a step",
    "seeds",
]
SHORT = {"methods": ["random", "gaussian_process"], "problems": ["branin_20"], "seeds": 1}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("noisy", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
    n_steps = N_STEPS_SHORT if options.short else N_STEPS
    frame = measure_missing(options, partial(measure, n_steps=n_steps))
    title = f"after {N_INITIAL} Sobol points and {n_steps} steps; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, rows_of(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int, n_steps: int = N_STEPS) -> dict[str, Any]:
    """Run one method on one noisy problem and return the figures of the CSV file."""
    name, share = PROBLEMS[problem]
    task = FUNCTIONS[name]
    bounds = np.array(task.bounds)
    noise = share * std_of(name)
    optimizer = METHODS[method](bounds, N_INITIAL, seed)
    start = time.process_time()
    rows, values = run(optimizer, task, first_design(bounds, seed), n_steps, noise, seed)
    seconds = time.process_time() - start
    by_process = rows[smallest_by_process((rows - bounds[:, 0]) / np.ptp(bounds, axis=1), values, seed)]
    recommended = optimizer.recommend() if isinstance(optimizer, Bnnopt) else by_process
    chosen = np.array([recommended, by_process, rows[values.argmin()]])
    regrets = (f"{regret:.6g}" for regret in task.function(chosen) - task.minimum)
    return {
        "n_steps": n_steps,
        "noise": f"{noise:.6g}",
        **dict(zip(FIGURES, regrets, strict=True)),
        "seconds_a_step": f"{seconds / n_steps:.4g}",
        "software": software(SOFTWARE.get(method, "bnnopt")),
    }


@cache
def std_of(name: str) -> float:
    """Return the standard deviation of a function over its space."""
    return std_over(FUNCTIONS[name].function, FUNCTIONS[name].bounds)


def run(
    optimizer: SequentialOptimizer, task: Problem, design: FloatArray, n_steps: int, noise: float, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return the rows run, shape (n_rows, n_dims), and the noisy values that were told."""
    errors = noise * np.random.default_rng([seed, 2]).standard_normal(len(design) + n_steps)
    rows, values = [], []
    for step, error in enumerate(errors):
        rows.append(design[step] if step < len(design) else optimizer.ask())
        values.append(float(task.function(rows[-1][None])[0] + error))
        optimizer.tell(rows[-1], values[-1])
    return np.array(rows), np.array(values)


def smallest_by_process(cube: FloatArray, values: FloatArray, seed: int) -> int:
    """Return the position of the row of the unit cube with the smallest posterior mean of the function."""
    kernel = ConstantKernel() * Matern(np.ones(cube.shape[1]), (1e-2, 1e2), nu=2.5)
    kernel += WhiteKernel(1e-1, (1e-6, 1e1))
    process = GaussianProcessRegressor(kernel, n_restarts_optimizer=4, normalize_y=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return int(process.fit(cube, values).predict(cube).argmin())


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return a row for each problem and method."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        recommended, by_process, by_value = (spread(runs[name]) for name in FIGURES)
        worst, seconds = f"{runs['regret'].max():.3g}", f"{runs['seconds_a_step'].median():.2g}"
        rows.append([problem, method, recommended, worst, by_process, by_value, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
