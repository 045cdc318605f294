"""What a trust region gives where 20 inputs all matter.

Run `python -m benchmarks.trust_region` (`--short` for CI). At a seed all methods begin with the same 10
scrambled Sobol points; the regret is the best value found minus the minimum. There is no bar: the region is
an option, and the table says where it helps. Ackley's function has its minimum in the middle of the usual
box; here it is sought from -5 to 10. bnnopt is told to use its model after these 10 points. Seconds are
processor time of a step; see `benchmarks.sequential`.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from benchmarks._results import measure_missing, options_of, print_table, regrets_as_figures, runs_of, spread
from benchmarks._searches import Bnnopt, Method, RandomDraws, ratio_of_regrets, run
from benchmarks._surrogates import DEFAULT
from bnnopt.metrics import simple_regret
from bnnopt.testing import make_problem

N_INPUTS = 20
PROBLEMS = {
    "levy20": make_problem("levy", n_inputs=N_INPUTS),
    "ackley20": replace(make_problem("ackley", n_inputs=N_INPUTS), bounds=((-5.0, 10.0),) * N_INPUTS),
}
BASE = DEFAULT
METHODS: dict[str, Method] = {
    "random": RandomDraws,
    BASE: partial(Bnnopt, surrogate=BASE),
    f"{BASE}_trust": partial(Bnnopt, surrogate=BASE, trust_region=True),
}
SOFTWARE = {"random": "numpy"}
N_INITIAL, N_STEPS, N_SEEDS = 10, 52, 1
HEADER = ["problem", "method", "regret: median (quartiles)", "worst", f"÷ {BASE}", "seconds a step", "seeds"]
SHORT = {"methods": ["random", f"{BASE}_trust"], "problems": ["levy20"], "seeds": 1}
N_STEPS_SHORT = 3


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("trust_region", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
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
    """Return for each problem and method the regret and its ratio to that without a region, by medians."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        ratio = ratio_of_regrets(frame, problem, method, BASE)
        worst, seconds = f"{runs['regret'].max():.3g}", f"{runs['seconds_a_step'].median():.2g}"
        rows.append([problem, method, spread(runs["regret"]), worst, ratio, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
