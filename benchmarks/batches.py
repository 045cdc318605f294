"""What is lost by asking for batches: 6 rounds of 8 settings against 48 settings one at a time.

Run `python -m benchmarks.batches` (`--short` for CI, without BoTorch). Problems and first points are those
of `benchmarks.sequential`. A method is a family and how it asks: `single` for one setting at a time, `batch`
for 8 settings whose results are told together, `batch_q_log_ei` for the same with an acquisition that scores
the whole batch. The families are surrogates by their keys (`BayesianOptimizer` with that surrogate and
"log_ei") and `botorch` (`LogExpectedImprovement`, in batches `qLogExpectedImprovement`, maximised by one
setting after the other, otherwise its defaults).

The loss is by how much the median over seeds of the regret by batches is above that of the same family one
at a time, and the ratio of the two. The bar: batches of `auto` lose less than those of `botorch`. Seconds
are processor time of one setting.
"""

import time
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks._peers import BatchOptimizer, Bnnopt
from benchmarks._peers_botorch import BoTorch
from benchmarks._results import (
    measure_missing,
    medians_of,
    options_of,
    print_table,
    runs_of,
    software,
    spread,
)
from benchmarks._surrogates import COMPARED
from benchmarks.sequential import N_INITIAL, N_SEEDS, PROBLEMS, first_design
from bnnopt._typing import FloatArray
from bnnopt.metrics import simple_regret
from bnnopt.testing import Problem

N_ROUNDS, BATCH_SIZE = 6, 8
N_ROUNDS_SHORT, BATCH_SIZE_SHORT = 2, 3
HEADER = ["problem", "method", "regret: median (quartiles)", "worst", "seconds a setting", "seeds"]
HEADER += ["loss: difference", "ratio"]
SHORT = {
    "methods": ["gaussian_process_single", "gaussian_process_batch", "gaussian_process_batch_q_log_ei"],
    "problems": ["branin"],
    "seeds": 1,
}


class Loss(NamedTuple):
    """Median regret by batches less that of single settings, and over it."""

    difference: float
    ratio: float


class Method(NamedTuple):
    """How one asks, and for what.

    Attributes
    ----------
    make : callable
        From bounds, the number of first points and a seed to an optimizer.
    is_batch : bool
        Whether it is asked for batches.
    """

    make: Callable[[FloatArray, int, int], BatchOptimizer]
    is_batch: bool


WAYS = {"single": ("log_ei", False), "batch": ("log_ei", True), "batch_q_log_ei": ("q_log_ei", True)}
METHODS = {
    f"{surrogate}_{way}": Method(partial(Bnnopt, surrogate=surrogate, acquisition=acquisition), is_batch)
    for surrogate, (way, (acquisition, is_batch)) in product(COMPARED, WAYS.items())
}
METHODS |= {
    "botorch_single": Method(BoTorch, is_batch=False),
    "botorch_batch": Method(BoTorch, is_batch=True),
}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing, print the table and hold it against the bar."""
    options = options_of("batches", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
    sizes = (N_ROUNDS_SHORT, BATCH_SIZE_SHORT) if options.short else (N_ROUNDS, BATCH_SIZE)
    frame = measure_missing(options, partial(measure, n_rounds=sizes[0], batch_size=sizes[1]))
    title = f"regret after {N_INITIAL} Sobol points and {sizes[0]} batches of {sizes[1]}, or as many single"
    seeds = f"settings; seeds 0 to {options.seeds - 1}"
    rows = rows_of(frame, options.problems, options.methods)
    print_table(f"{title} {seeds}", HEADER, rows, busy=options.busy)
    print(verdict(frame))


def measure(
    problem: str, method: str, seed: int, n_rounds: int = N_ROUNDS, batch_size: int = BATCH_SIZE
) -> dict[str, Any]:
    """Run one method on one problem and return the figures of the CSV file."""
    task, chosen = PROBLEMS[problem], METHODS[method]
    bounds, n_settings = np.array(task.bounds), n_rounds * batch_size
    optimizer = chosen.make(bounds, N_INITIAL, seed)
    size = batch_size if chosen.is_batch else 1
    start = time.process_time()
    values = run(optimizer, task, first_design(bounds, seed), n_settings // size, size)
    seconds = time.process_time() - start
    regrets = simple_regret(-np.array(values), -task.minimum)[N_INITIAL - 1 :]
    return {
        "n_asks": n_settings // size,
        "batch_size": size,
        "regret": f"{regrets[-1]:.6g}",
        "seconds_a_setting": f"{seconds / n_settings:.4g}",
        "software": software("botorch" if method.startswith("botorch") else "bnnopt"),
        "regrets": " ".join(f"{regret:.4g}" for regret in regrets),
    }


def run(optimizer: BatchOptimizer, task: Problem, design: FloatArray, n_asks: int, size: int) -> list[float]:
    """Tell the first design, then ask, run and tell batches of one size; return all values in order."""
    values: list[float] = []
    for step in range(n_asks + 1):
        settings = optimizer.ask_many(size) if step else design
        results = task.function(settings).tolist()
        for x, y in zip(settings, results, strict=True):
            optimizer.tell(x, y)
        values += results
    return values


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return a row for each problem and method; the last two cells are the loss by batches."""
    losses = losses_of(frame)
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        worst, seconds = f"{runs['regret'].max():.3g}", f"{runs['seconds_a_setting'].median():.2g}"
        loss = losses.get((problem, method))
        cells = ["", ""] if loss is None else [f"{value:.3g}" for value in loss]
        rows.append([problem, method, spread(runs["regret"]), worst, seconds, str(len(runs)), *cells])
    return rows


def losses_of(frame: pd.DataFrame) -> dict[tuple[str, str], Loss]:
    """Return, by problem and method, what batches lose against single settings."""
    medians = medians_of(frame, "regret")
    pairs = {key: (key[0], f"{key[1].split('_batch')[0]}_single") for key in medians if "_batch" in key[1]}
    return {
        key: Loss(medians[key] - medians[single], medians[key] / medians[single])
        for key, single in pairs.items()
        if single in medians
    }


def verdict(frame: pd.DataFrame) -> str:
    """Say for each way to ask for batches on how many problems it loses less than BoTorch."""
    losses = losses_of(frame)
    lines = []
    for method in (name for name in METHODS if METHODS[name].is_batch and name != "botorch_batch"):
        both = [p for p in PROBLEMS if (p, method) in losses and (p, "botorch_batch") in losses]
        pairs = [(losses[problem, method], losses[problem, "botorch_batch"]) for problem in both]
        n_less, n_smaller = (sum(own[part] < peer[part] for own, peer in pairs) for part in range(2))
        if both:
            lines.append(
                f"{method} loses less than botorch_batch on {n_less} of {len(both)} problems, "
                f"by the ratio on {n_smaller}"
            )
    return "\n".join(lines) or "bar: needs rows of batches of botorch and of others"


if __name__ == "__main__":
    main()
