"""How often experiments fail, and how good the best of the others is, where part of the space cannot be run.

Run `python -m benchmarks.failures` (`--short` for CI). Of Branin's function, 29.5 % of the square fail: a
disk around the middle one of its three minima. Of Hartmann's, 29.7 % of the cube: where x1 + x4 + x6 < 1.22,
with its minimum -3.322 inside and -3.278 as the least value outside, on the plane itself, so that a good
model of the values leads into what fails. At a seed all methods begin with the same scrambled Sobol points,
of which some fail too. The first figure is the number of failed runs after these; the regret is the least
value measured minus the least value where experiments do not fail.

"_unaware" is the same with `success_classifier=None`, which only leaves failed rows out. The bar: fails less
than half as often as that, and the median regret is not larger. Seconds are processor time of a step; see
`benchmarks.sequential`.
"""

from functools import partial
from typing import Any

import pandas as pd

from benchmarks._failing import FAILING_PROBLEMS
from benchmarks._results import measure_missing, options_of, print_table, regrets_as_figures, runs_of, spread
from benchmarks._searches import Bnnopt, Method, RandomDraws, run
from benchmarks._surrogates import COMPARED
from bnnopt.metrics import simple_regret

UNAWARE = "_unaware"
METHODS: dict[str, Method] = {"random": RandomDraws}
for surrogate in COMPARED:
    METHODS[surrogate] = partial(Bnnopt, surrogate=surrogate, success_classifier="auto")
    METHODS[surrogate + UNAWARE] = partial(Bnnopt, surrogate=surrogate, success_classifier=None)
N_INITIAL, N_STEPS, N_SEEDS = 5, 30, 10
HEADER = ["problem", "method", "failed runs: median (quartiles)", "of unaware, means", "regret", "worst"]
HEADER += ["minus unaware, medians", "seconds a step", "seeds"]
SHORT = {"methods": ["random", "gaussian_process"], "problems": ["branin"], "seeds": 1}
N_STEPS_SHORT = 5


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("failures", __doc__, METHODS, FAILING_PROBLEMS, N_SEEDS, SHORT, arguments)
    n_steps = N_STEPS_SHORT if options.short else N_STEPS
    frame = measure_missing(options, partial(measure, n_steps=n_steps))
    title = f"{n_steps} steps after {N_INITIAL} Sobol points; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, rows_of(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int, n_steps: int = N_STEPS) -> dict[str, Any]:
    """Run one method on one problem and return the figures of the CSV file."""
    task = FAILING_PROBLEMS[problem]
    table, seconds = run(task, METHODS[method], N_INITIAL, n_steps, seed)
    regrets = simple_regret(-table["value"], -task.minimum)[N_INITIAL - 1 :]
    n_failed = int(table["value"].isna()[N_INITIAL:].sum())
    package = "numpy" if method == "random" else "bnnopt"
    return {"n_failed": n_failed, **regrets_as_figures(regrets, seconds, package)}


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each problem and method the failed runs and the regret, next to those of the unaware."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        unaware = frame[(frame["problem"] == problem) & (frame["method"] == method + UNAWARE)]
        ratio, difference = _compare(runs, unaware) if len(unaware) else ("", "")
        regret, worst = spread(runs["regret"]), f"{runs['regret'].max():.3g}"
        seconds, n_seeds = f"{runs['seconds_a_step'].median():.2g}", str(len(runs))
        failed = spread(runs["n_failed"])
        rows.append([problem, method, failed, ratio, regret, worst, difference, seconds, n_seeds])
    return rows


def _compare(runs: pd.DataFrame, unaware: pd.DataFrame) -> tuple[str, str]:
    """Return the ratio of the mean numbers of failed runs, and the difference of the median regrets."""
    failed, failed_unaware = runs["n_failed"].mean(), unaware["n_failed"].mean()
    ratio = f"{failed / failed_unaware:.2g}" if failed_unaware else ""
    return ratio, f"{runs['regret'].median() - unaware['regret'].median():+.2g}"


if __name__ == "__main__":
    main()
