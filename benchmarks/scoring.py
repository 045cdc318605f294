"""Seconds and memory of choosing from a million candidates.

Run `python -m benchmarks.scoring` (`--short` for CI). The table is synthetic, 2,300 rows, nine inputs
(`benchmarks._tables`); the first outcome is to be maximised, by log expected improvement, out of random
candidates.

- "fit and choose": a new optimizer is told the rows, fits, reads 1,000,000 candidates and proposes 8. The
  Gaussian process of scikit-learn (constant · anisotropic RBF + white noise) does the same in the same
  optimizer, without screening: its fit is measured once, its scores on `--process-candidates` of the
  candidates and multiplied up, as cost is in proportion to them.
- "96 together": 96 rows chosen one after the other, each after conditioning on those before, out of as many
  candidates, against choosing one row out of them, which scores the million once.
- "best found": how many of the 8 best candidates by the surrogate's own scores are among the 8 that are
  returned as best when a proxy screens all but the first 16,384. Measured on `--exact-candidates`.
- memory: the largest resident set of a fresh process that reads 10,000,000 candidates, less that of one that
  reads 100,000.
"""

import resource
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from benchmarks._surrogates import DEFAULT
from benchmarks._tables import synthetic_table
from benchmarks._timing import (
    at_least,
    at_most,
    compare,
    loaded,
    parse,
    print_ratios,
    take_turns,
    timing_parser,
)
from bnnopt.objectives import Maximize
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import Real, SearchSpace, random_pool

N_ROWS, N_INPUTS, MEGABYTE = 2300, 9, 1024
SHORT = {
    "repeats": 2,
    "candidates": 50_000,
    "rows": 600,
    "process_candidates": 2_000,
    "exact_candidates": 40_000,
    "memory_candidates": [20_000, 200_000],
}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = timing_parser(__doc__)
    parser.add_argument("--rows", type=int, default=N_ROWS, help="of the table")
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--process-candidates", type=int, default=20_000)
    parser.add_argument("--exact-candidates", type=int, default=200_000)
    parser.add_argument("--memory-candidates", type=int, nargs=2, default=[100_000, 10_000_000])
    parser.add_argument("--surrogate", default=DEFAULT, help="a key of the registry")
    parser.add_argument("--peak-of", type=int, help="print the peak memory of reading so many, and end")
    options = parse(parser, SHORT, arguments)
    if options.peak_of:
        print(_peak_of(options))
        return
    with loaded(options):
        rows = [_whole_way(options), _together(options)]
    title = f"{options.surrogate}, {options.rows} rows, {options.candidates} candidates"
    print_ratios(title, options, rows)
    print(_best_found(options))
    print(_memory(options))


def _optimizer(n_rows: int, surrogate: str | BaseEstimator) -> BayesianOptimizer:
    """Return an optimizer that has been told the rows and has fitted nothing."""
    X, y = synthetic_table(n_rows, 0)
    space = SearchSpace([Real(f"x{place}", 0.0, 1.0) for place in range(N_INPUTS)])
    optimizer = BayesianOptimizer(space, [Maximize("y")], surrogate=surrogate, random_state=0)
    optimizer.tell(pd.DataFrame(X, columns=space.names), y[:, 0])
    return optimizer


def _process() -> GaussianProcessRegressor:
    kernel = ConstantKernel() * RBF(np.ones(N_INPUTS), (1e-2, 1e3)) + WhiteKernel(1e-1, (1e-6, 1e1))
    return GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)


def _chosen(optimizer: BayesianOptimizer, n: int, n_candidates: int) -> pd.DataFrame:
    """Ask for rows and forget them again; the model stays."""
    batch = optimizer.ask(n, candidates=random_pool(optimizer.space, n_candidates, random_state=1))
    optimizer.withdraw(batch)
    return batch


def _whole_way(options: Any) -> list[str]:
    def fit_and_choose(surrogate: str | BaseEstimator, n_candidates: int) -> Callable[[], pd.DataFrame]:
        return lambda: _chosen(_optimizer(options.rows, surrogate), 8, n_candidates)

    few = options.process_candidates
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        process = take_turns(
            {"all": fit_and_choose(_process(), few)}, 1, clock=options.clock, is_warmed_up=False
        )
        fitted = _optimizer(options.rows, _process().set_params(optimizer=None))
        _chosen(fitted, 8, few)
        scores = take_turns({"few": lambda: _chosen(fitted, 8, few)}, 1, clock=options.clock)
    work = {"bnnopt": fit_and_choose(options.surrogate, options.candidates)}
    ours = take_turns(work, options.repeats, clock=options.clock)
    seconds = process.median("all") + scores.median("few") * (options.candidates / few - 1)
    ours.seconds["Gaussian process"] = np.full_like(ours.seconds["bnnopt"], seconds)
    return compare("fit and choose 8", ours, "Gaussian process", "bnnopt", at_least(40))


def _together(options: Any) -> list[str]:
    optimizer = _optimizer(options.rows, options.surrogate)
    work = {
        "96 together": lambda: _chosen(optimizer, 96, options.candidates),
        "score once": lambda: _chosen(optimizer, 1, options.candidates),
    }
    times = take_turns(work, options.repeats, clock=options.clock)
    return compare("96 together", times, "96 together", "score once", at_most(4))


def _best_found(options: Any) -> str:
    n_candidates = options.exact_candidates
    optimizer = _optimizer(options.rows, options.surrogate)
    pool = pd.concat(random_pool(optimizer.space, n_candidates, random_state=1), ignore_index=True)
    found = _best_eight(optimizer, pool, is_screened=True)
    best = _best_eight(optimizer, pool, is_screened=False)
    return f"- best found by screening: {len(found & best)} of the 8 best of {n_candidates} candidates"


def _best_eight(optimizer: BayesianOptimizer, pool: pd.DataFrame, *, is_screened: bool) -> set[float]:
    best = optimizer.score_pool(pool, n_best=8, is_screened=is_screened).best
    return set(best["x0"])


def _memory(options: Any) -> str:
    few, many = options.memory_candidates
    peaks = [_peak_in_a_new_process(options, n_candidates) for n_candidates in (few, many)]
    above = peaks[1] - peaks[0]
    verdict = "yes" if above < 200 else "no"
    return f"- peak memory of {many} candidates above that of {few}: {above:.0f} MB (bar < 200 MB: {verdict})"


def _peak_in_a_new_process(options: Any, n_candidates: int) -> float:
    command = [sys.executable, "-m", "benchmarks.scoring", "--peak-of", str(n_candidates)]
    command += ["--rows", str(options.rows), "--surrogate", options.surrogate]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], check=True, stdout=subprocess.PIPE, text=True
    )
    return float(done.stdout.split()[-1])


def _peak_of(options: Any) -> float:
    """Return the largest resident set so far, in MB, after reading candidates."""
    _chosen(_optimizer(options.rows, options.surrogate), 8, options.peak_of)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE


if __name__ == "__main__":
    main()
