"""Whether one row more changes a surrogate by no more than one row should.

Run `python -m benchmarks.continuity` (`--short` for CI). Each surrogate is fitted to n rows and to the same
and one more, for n = 32, 63, 64, 128, 511, 512 and 513, where methods might change over, on eight functions
of one to nine inputs (`benchmarks._functions`) and five seeds, which draw the rows and seed the surrogate. At
500 other rows, the same at any n, a row of the CSV file has the median standard deviation of the function
(`noise=False`; the whole one where a surrogate has no such keyword), the root mean squared error against the
function, both in units of the function's standard deviation there, and the processor seconds of the fit. A
first fit of the same shape is not counted.

The first table divides what n + 1 rows give by what n rows give: the median of the ratios over functions and
seeds, and their range. The bars: 0.85 to 1.2 for standard deviation and error, at most 1.5 for seconds. The
second shows each number of rows by itself, as medians over functions and seeds, so that a jump is seen.
"""

import argparse
import time
from collections.abc import Iterable
from functools import cache
from inspect import signature
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._functions import FUNCTIONS
from benchmarks._results import measure_missing, options_of, print_table, software
from benchmarks._surrogates import OWN, fitted
from benchmarks.machine import markdown
from bnnopt._typing import FloatArray
from bnnopt.surrogates import SURROGATES

N_ROWS, N_SEEDS = [32, 63, 64, 128, 511, 512, 513], 5
N_JUDGED, SEED_JUDGED, SEED_WARM_UP = 500, 10_000, 20_000
LIMITS = {"std": (0.85, 1.2), "error": (0.85, 1.2), "seconds": (0.0, 1.5)}
OF_RATIOS = ["surrogate", "rows", "std: median ratio (range)", "met", "error", "met", "fit seconds", "met"]
OF_ROWS = ["surrogate", "rows", "std", "error", "fit, processor s"]
SHORT = {"problems": ["sine, noisy", "branin"], "seeds": 1, "rows": [32]}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print both tables."""
    options = options_of(
        "continuity", __doc__, SURROGATES, FUNCTIONS, N_SEEDS, SHORT, arguments, add=_add_options
    )
    options.problems = [f"{name} @ {n}" for n in sizes_of(options.rows) for name in options.problems]
    frame = measure_missing(options, measure)
    title = f"one row more ÷ without it; {N_JUDGED} other rows; seeds 0 to {options.seeds - 1}"
    print_table(title, OF_RATIOS, ratio_rows(frame, options.rows, options.methods), busy=options.busy)
    print(markdown(OF_ROWS, size_rows(frame, options.methods)))


def sizes_of(rows: Iterable[int]) -> list[int]:
    """Return each number of rows and the next, once."""
    return sorted({n + more for n in rows for more in (0, 1)})


def measure(problem: str, method: str, seed: int) -> dict[str, Any]:
    """Fit a surrogate to a function at a number of rows and return the figures of the CSV file."""
    name, n_rows = problem.split(" @ ")
    function = FUNCTIONS[name]
    _warm_up(method, name, int(n_rows))
    X, y = function.measured(int(n_rows), seed)
    start = time.process_time()
    model = fitted(method, X, y, random_state=seed)
    seconds = time.process_time() - start
    rows = np.random.default_rng(SEED_JUDGED).random((N_JUDGED, function.n_inputs))
    values = function.values(rows)
    mean, std = _of_function(model, rows)
    return {
        "std": f"{np.median(std) / values.std():.6g}",
        "error": f"{np.sqrt(np.mean(np.square(mean - values))) / values.std():.6g}",
        "seconds": f"{seconds:.4g}",
        "software": software(),
    }


def ratio_rows(frame: pd.DataFrame, rows: list[int], methods: list[str]) -> list[list[str]]:
    """Return a row for each surrogate and n: what n + 1 rows give, divided by what n rows give."""
    figures = _by_rows(frame)
    lines = []
    for method, n in product(methods, rows):
        if {(method, n), (method, n + 1)} <= set(figures.index.droplevel(["function", "seed"])):
            ratios = figures.loc[method, n + 1] / figures.loc[method, n]
            cells = [cell for name in LIMITS for cell in _judged(ratios[name].dropna(), *LIMITS[name])]
            lines.append([method, f"{n} → {n + 1}", *cells])
    return lines


def size_rows(frame: pd.DataFrame, methods: list[str]) -> list[list[str]]:
    """Return a row for each surrogate and number of rows: medians over functions and seeds."""
    medians = _by_rows(frame).groupby(level=["method", "rows"]).median()
    lines = sorted(medians.iterrows(), key=lambda line: (methods.index(line[0][0]), line[0][1]))
    return [[method, str(n), *(f"{each:.3g}" for each in figures)] for (method, n), figures in lines]


def _by_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the figures, indexed by method, rows, function and seed."""
    parts = [problem.split(" @ ") for problem in frame["problem"]]
    keyed = frame.assign(function=[part[0] for part in parts], rows=[int(part[1]) for part in parts])
    figures = keyed.set_index(["method", "rows", "function", "seed"]).sort_index()
    return figures.reindex(columns=list(LIMITS)).astype(float)


def _judged(ratios: pd.Series, low: float, high: float) -> list[str]:
    middle = ratios.median()
    spread = f"{middle:.3g} ({ratios.min():.3g} to {ratios.max():.3g})"
    return [spread, "yes" if low <= middle <= high else "no"]


def _of_function(model: Any, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the function at rows."""
    knows_noise = "noise" in signature(model.predict).parameters
    return model.predict(rows, return_std=True, **({"noise": False} if knows_noise else {}))


@cache
def _warm_up(method: str, name: str, n_rows: int) -> None:
    """Load libraries and trace graphs for tables of this shape, once in a process."""
    fitted(method, *FUNCTIONS[name].measured(n_rows, SEED_WARM_UP), random_state=0)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(methods=list(OWN))
    parser.add_argument("--rows", type=int, nargs="+", default=N_ROWS, help="each, and one more")


if __name__ == "__main__":
    main()
