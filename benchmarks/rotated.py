"""How close optimizers come to the minimum of hard functions whose place and axes a seed draws.

Run `python -m benchmarks.rotated` (`--short` for CI, without the peers). Ackley's function of ten inputs has
a plateau of shallow waves around one steep funnel, Rosenbrock's of four a bent valley, Michalewicz's of five
narrow valleys along the axes. The minimum of the first two is moved to a point of the inner three fifths of
each range, and their axes are turned at random, both drawn by the seed; Michalewicz's stays as it is, for its
minimum lies in valleys along the axes by its definition. Form of the run and of the CSV file as in
`benchmarks.sequential`.

References
----------
Z. Michalewicz, "Genetic Algorithms + Data Structures = Evolution Programs", Springer 1996 (function; the
minimum for five inputs, -4.687658, is the sum of those of each input).
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import ortho_group

from benchmarks._peers import OPTIMIZERS, SOFTWARE
from benchmarks._results import measure_missing, options_of, print_table, regrets_as_figures
from benchmarks.sequential import HEADER, N_INITIAL, first_design, loop, rows_of_regrets
from bnnopt._typing import FloatArray
from bnnopt.metrics import simple_regret
from bnnopt.testing import make_problem

N_SEEDS = 10
INNER = 0.6  # of each range, where the minimum may lie
SHORT = {"methods": ["random", "gaussian_process"], "problems": ["rosenbrock4"], "seeds": 1}
N_STEPS_SHORT = 5


class Task(NamedTuple):
    """A function, its bounds (n_inputs, 2), its minimum, and the steps a run takes."""

    function: Callable[[FloatArray], FloatArray]
    bounds: FloatArray
    minimum: float
    n_steps: int


def turned(name: str, n_inputs: int, n_steps: int) -> Callable[[int], Task]:
    """Return what makes a task of a seed: the function with its minimum moved and its axes turned."""
    problem = make_problem(name, n_inputs=n_inputs)
    bounds, lowest = np.array(problem.bounds), np.array(problem.minimizers[0])

    def of(seed: int) -> Task:
        rng = np.random.default_rng([seed, n_inputs])
        middle, half = bounds.mean(axis=1), INNER * np.ptp(bounds, axis=1) / 2
        centre = middle + half * rng.uniform(-1, 1, n_inputs)
        axes = ortho_group.rvs(n_inputs, random_state=rng)
        return Task(
            lambda X: problem.function((X - centre) @ axes.T + lowest), bounds, problem.minimum, n_steps
        )

    return of


def michalewicz(X: FloatArray) -> FloatArray:
    """Return -sum_i sin(x_i) sin(i x_i² / pi)^20, 0 <= x_i <= pi, of rows (n, n_inputs); shape (n,)."""
    places = np.arange(1, X.shape[1] + 1)
    return -(np.sin(X) * np.sin(places * np.square(X) / np.pi) ** 20).sum(axis=1)


TASKS: dict[str, Callable[[int], Task]] = {
    "ackley10": turned("ackley", 10, 100),
    "rosenbrock4": turned("rosenbrock", 4, 60),
    "michalewicz5": lambda seed: Task(michalewicz, np.array([(0.0, np.pi)] * 5), -4.687658, 60),
}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("rotated", __doc__, OPTIMIZERS, TASKS, N_SEEDS, SHORT, arguments)
    frame = measure_missing(options, short if options.short else measure)
    title = (
        f"regret after {N_INITIAL} Sobol points; 100 steps (ackley10) or 60; seeds 0 to {options.seeds - 1}"
    )
    rows = rows_of_regrets(frame, options.problems, options.methods)
    print_table(title, HEADER, rows, busy=options.busy)


def short(problem: str, method: str, seed: int) -> dict[str, Any]:
    """Run one method for a few steps; see `measure`."""
    return measure(problem, method, seed, N_STEPS_SHORT)


def measure(problem: str, method: str, seed: int, n_steps: int | None = None) -> dict[str, Any]:
    """Run one method on one function and return the figures of the CSV file."""
    task = TASKS[problem](seed)
    n_steps = n_steps or task.n_steps
    start = time.process_time()
    optimizer = OPTIMIZERS[method](task.bounds, N_INITIAL, seed)
    values = loop(optimizer, task.function, first_design(task.bounds, seed), n_steps)
    seconds = time.process_time() - start
    regrets = simple_regret(-np.array(values), -task.minimum)[N_INITIAL - 1 :]
    return regrets_as_figures(regrets, seconds / n_steps, SOFTWARE.get(method, "bnnopt"))


if __name__ == "__main__":
    main()
