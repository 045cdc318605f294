"""The loop alone: one Gaussian process in two loops, that of bnnopt and that of BoTorch.

Run `python -m benchmarks.loop_alone` (`--short` for CI, without BoTorch). Both `botorch` and `bnnopt` fit
BoTorch's `SingleTaskGP` on the unit cube in the same way before each step, and look for the largest log of
the expected improvement: `botorch` by `optimize_acqf` (10 starts out of 512 raw samples), `bnnopt` by
`BayesianOptimizer`, so that what differs is the search for the maximum. `gaussian_process` is the loop of
bnnopt with its own Gaussian process. Problems, first points and figures are those of `benchmarks.sequential`,
and so are the rows of `botorch`.

The bar: the median of the final regret of `bnnopt` is not above that of `botorch` on three problems of four.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from benchmarks._peers import OPTIMIZERS, Bnnopt, SequentialOptimizer
from benchmarks._peers_botorch import BoTorchRegressor
from benchmarks._results import measure_missing, medians_of, options_of, print_table, runs_of, spread
from benchmarks.sequential import N_INITIAL, N_SEEDS, N_STEPS, N_STEPS_SHORT, PROBLEMS, measure_with
from bnnopt._typing import FloatArray

HEADER = ["problem", "method", "regret: median (quartiles)", "worst", "seconds a step", "seeds", "÷ botorch"]
SHORT = {"methods": ["gaussian_process"], "problems": ["branin"], "seeds": 1}
N_PROBLEMS_OF_BAR = 3

METHODS: dict[str, Callable[[FloatArray, int, int], SequentialOptimizer]] = {
    "botorch": OPTIMIZERS["botorch"],
    "bnnopt": partial(Bnnopt, surrogate=BoTorchRegressor()),
    "gaussian_process": OPTIMIZERS["gaussian_process"],
}
PACKAGES = {"botorch": "botorch"}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing, print the table and hold it against the bar."""
    options = options_of("loop_alone", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
    n_steps = N_STEPS_SHORT if options.short else N_STEPS
    frame = measure_missing(options, partial(measure, n_steps=n_steps))
    title = f"regret after {N_INITIAL} Sobol points and {n_steps} steps; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, rows_of(frame, options.problems, options.methods), busy=options.busy)
    print(verdict(frame))


def measure(problem: str, method: str, seed: int, n_steps: int = N_STEPS) -> dict[str, Any]:
    """Run one loop on one problem and return the figures of the CSV file."""
    return measure_with(METHODS[method], PACKAGES.get(method, "bnnopt"), problem, seed, n_steps)


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return a row for each problem and method; the last cell divides the medians of the regret."""
    medians = medians_of(frame, "regret")
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        worst, seconds = f"{runs['regret'].max():.3g}", f"{runs['seconds_a_step'].median():.2g}"
        peer = medians.get((problem, "botorch"))
        ratio = "" if peer is None else f"{medians[problem, method] / peer:.3g}"
        rows.append([problem, method, spread(runs["regret"]), worst, seconds, str(len(runs)), ratio])
    return rows


def verdict(frame: pd.DataFrame) -> str:
    """Say on how many problems, of those that both loops ran on, the median regret is not above BoTorch's."""
    medians = medians_of(frame, "regret")
    both = [p for p in PROBLEMS if (p, "bnnopt") in medians and (p, "botorch") in medians]
    n_met = sum(medians[problem, "bnnopt"] <= medians[problem, "botorch"] for problem in both)
    if not both:
        return "bar: needs rows of bnnopt and of botorch"
    is_met = "yes" if n_met >= N_PROBLEMS_OF_BAR else "no"
    return (
        f"bnnopt is not above botorch on {n_met} of {len(both)} problems; bar: {N_PROBLEMS_OF_BAR} of "
        f"{len(PROBLEMS)}; met: {is_met}"
    )


if __name__ == "__main__":
    main()
