"""Whether surrogates tell noise from function.

Run `python -m benchmarks.noise_split` (`--short` for CI). Tables of 20, 60, 200 and 600 random rows of the
unit cube: pure noise of standard deviation 1 (2, 5 and 20 inputs), and a smooth function, a step and a fast
wave, each with normal noise of a fifth of the function's standard deviation over the cube; the smooth
function once more with noise that grows elevenfold along the first input (`heteroscedastic`).

A row of the CSV file has the standard deviation of the noise that a surrogate learned, the root of
`noise_variance_`, divided by the true one, which for `heteroscedastic` is the root of the mean square over
the cube; the share of 2,000 other rows, noisy too, inside the 95 % intervals of a normal distribution with
the predicted mean and standard deviation; and the processor seconds of the fit. The five seeds draw the rows
and the noise and seed the surrogate.

The table has the median of the ratio over the seeds, and the factor by which the worst seed is off, the
larger of the ratio and its inverse. The bars, from 60 rows on: a factor of at most 1.5 for the median and of
at most 2 for the worst. Of 20 rows the figures are shown and not judged.
"""

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._functions import Function, std_over
from benchmarks._results import measure_missing, options_of, print_table, runs_of, software
from benchmarks._surrogates import COMPARED, fitted
from bnnopt._typing import FloatArray
from bnnopt.metrics import coverage

N_ROWS, N_SEEDS, N_JUDGED = [20, 60, 200, 600], 5, 2000
SHARE_OF_NOISE, N_PERIODS = 0.2, 5
LEAST_ROWS_OF_BAR, BAR_MEDIAN, BAR_WORST = 60, 1.5, 2.0
HEADER = ["table", "rows", "surrogate", "learned ÷ true: median", "worst factor", "met", "95 % covers"]
HEADER += ["seconds", "seeds"]
SHORT = {"methods": ["gaussian_process"], "problems": ["noise_2", "step"], "seeds": 1, "rows": [20, 60]}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing, print the table and count where the bars are met."""
    options = options_of(
        "noise_split", __doc__, COMPARED, TABLES, N_SEEDS, SHORT, arguments, add=_add_options
    )
    options.problems = [f"{name} @ {n}" for name in options.problems for n in options.rows]
    frame = measure_missing(options, measure)
    title = f"learned noise ÷ true noise; {N_JUDGED} other rows; seeds 0 to {options.seeds - 1}"
    rows = rows_of(frame, options.problems, options.methods)
    print_table(title, HEADER, rows, busy=options.busy)
    print("\n".join(verdicts(rows, options.methods)))


def measure(problem: str, method: str, seed: int) -> dict[str, Any]:
    """Fit a surrogate to a table of a number of rows and return the figures of the CSV file."""
    name, n_rows = problem.split(" @ ")
    X, y = drawn(name, int(n_rows), seed)
    start = time.process_time()
    model = fitted(method, X, y, random_state=seed)
    seconds = time.process_time() - start
    rows, outcomes = drawn(name, N_JUDGED, seed, stream=1)
    mean, std = model.predict(rows, return_std=True)
    return {
        "ratio": f"{np.sqrt(model.noise_variance_) / TABLES[name].noise:.6g}",
        "coverage_95": f"{coverage(outcomes, mean, std):.6g}",
        "seconds": f"{seconds:.4g}",
        "software": software(),
    }


def drawn(name: str, n_rows: int, seed: int, stream: int = 0) -> tuple[FloatArray, FloatArray]:
    """Return rows X of shape (n_rows, n_inputs) of a table and the outcomes y measured there.

    Rows of another stream of the same seed have nothing to do with these.
    """
    table = TABLES[name]
    X = np.random.default_rng([seed, stream, 0]).random((n_rows, table.n_inputs))
    noise = np.random.default_rng([seed, stream, 1]).standard_normal(n_rows)
    scale = _rising(X) if name == "heteroscedastic" else 1.0
    return X, table.values(X) + table.noise * scale * noise


def factor(ratio: Any) -> Any:
    """Return by which factor a ratio, or each of several, is off: the larger of it and its inverse."""
    with np.errstate(divide="ignore"):
        return np.maximum(ratio, np.divide(1.0, ratio))


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return a row for each table, number of rows and surrogate, held against the bars."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        middle, worst = runs["ratio"].median(), factor(runs["ratio"]).max()
        is_met = factor(middle) <= BAR_MEDIAN and worst <= BAR_WORST
        name, n_rows = problem.split(" @ ")
        met = "" if int(n_rows) < LEAST_ROWS_OF_BAR else "yes" if is_met else "no"
        covers, seconds = f"{runs['coverage_95'].median():.3g}", f"{runs['seconds'].median():.2g}"
        figures = [f"{middle:.3g}", f"{worst:.3g}", met, covers, seconds, str(len(runs))]
        rows.append([name, n_rows, method, *figures])
    return rows


def verdicts(rows: list[list[str]], methods: list[str]) -> list[str]:
    """Say for each surrogate in how many of the cells that are judged it meets the bars."""
    lines = []
    for method in methods:
        judged = [row[5] for row in rows if row[2] == method and row[5]]
        if judged:
            n_met = judged.count("yes")
            lines.append(f"- {method} meets the bars in {n_met} of {len(judged)} (bar: all)")
    return lines


def _smooth(X: FloatArray) -> FloatArray:
    return np.sin(4 * X[:, 0]) + np.square(X[:, 1])


def _step(X: FloatArray) -> FloatArray:
    return (X[:, 0] > 0.4) + 0.5 * X[:, 1]


def _wave(X: FloatArray) -> FloatArray:
    return np.sin(2 * np.pi * N_PERIODS * X[:, 0])


def _rising(X: FloatArray) -> FloatArray:
    """Return how large noise is that grows along the first input; its mean square over the cube is 1."""
    return (0.1 + X[:, 0]) / np.sqrt(0.01 + 0.1 + 1 / 3)


def _pure_noise(n_inputs: int) -> Function:
    return Function(n_inputs, lambda X: np.zeros(len(X)), 1.0)


def _with_noise(n_inputs: int, values: Any) -> Function:
    bounds = np.tile([0.0, 1.0], (n_inputs, 1))
    return Function(n_inputs, values, SHARE_OF_NOISE * std_over(values, bounds))


TABLES = {
    "noise_2": _pure_noise(2),
    "noise_5": _pure_noise(5),
    "noise_20": _pure_noise(20),
    "smooth": _with_noise(2, _smooth),
    "step": _with_noise(2, _step),
    "wave": _with_noise(1, _wave),
    "heteroscedastic": _with_noise(2, _smooth),
}


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, nargs="+", default=N_ROWS, help="numbers of rows")


if __name__ == "__main__":
    main()
