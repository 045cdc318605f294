"""How close one `ask(1)` comes to the maximum of its acquisition function.

Run `python -m benchmarks.maximum` (`--short` for CI). A problem is a number of inputs: a Gaussian process
learns 10 + 3 n_inputs random rows of a random smooth function on the unit cube, and `BayesianOptimizer` is
asked for one row, as by default. An equal Gaussian process, fitted by itself on the same rows, gives the
value of the acquisition function at this row, and its maximum: the best of 20 L-BFGS-B climbs of the log of
the expected improvement with slopes by central differences. They start from the best of 32,768 Sobol points,
at most one of each 1,024 in sequence, which fill the cube themselves.

The ratio is the expected improvement at the row asked for, divided by that of the best climb; above 1 where
no climb was as good. A method is the acquisition function asked with. The bar: the median for "ei" is at
least 0.99. Seconds are processor time of `ask`, the fit left out.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import qmc

from benchmarks._results import measure_missing, options_of, print_table, runs_of, software
from bnnopt._typing import FloatArray
from bnnopt.acquisition import acquisition_scores
from bnnopt.objectives import Minimize
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import Real, SearchSpace
from bnnopt.surrogates import ARDGaussianProcessRegressor

PROBLEMS = ["2", "3", "4", "6", "8", "10", "15", "20"]
METHODS = ["ei", "log_ei"]
N_SEEDS, BAR = 10, 0.99
N_STARTS, LOG2_BLOCKS, LOG2_BLOCK = 20, 5, 10
N_WAVES, LENGTH_SCALE, HALF_STEP = 128, 0.3, 1e-5
HEADER = ["inputs", "method", "ratio: median (quartiles)", "worst", "seconds", "seeds", "bar", "met"]
SHORT = {"methods": ["ei"], "problems": ["2", "4"], "seeds": 2}

Score = Callable[[FloatArray], FloatArray]


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("maximum", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
    frame = measure_missing(options, measure)
    title = f"expected improvement of one row asked for ÷ that of the best of {N_STARTS} climbs"
    rows = rows_of(frame, options.problems, options.methods)
    print_table(f"{title}; seeds 0 to {options.seeds - 1}", HEADER, rows, busy=options.busy)


def measure(problem: str, method: str, seed: int) -> dict[str, Any]:
    """Ask for one row and climb, and return the figures of the CSV file."""
    n_inputs = int(problem)
    rng = np.random.default_rng([seed, n_inputs])
    X = rng.random((10 + 3 * n_inputs, n_inputs))
    y = random_function(n_inputs, rng)(X)
    asked, score_asked, seconds = asked_row(X, y, method, seed)
    score = log_improvement(X, y, seed)
    log_asked, log_best = float(score(asked[None])[0]), highest(score, n_inputs, seed)
    return {
        "ratio": f"{np.exp(log_asked - log_best):.6g}",
        "log_ei_asked": f"{log_asked:.6g}",
        "log_ei_best": f"{log_best:.6g}",
        "score_asked": f"{score_asked:.6g}",
        "seconds": f"{seconds:.4g}",
        "software": software(),
    }


def random_function(n_inputs: int, rng: np.random.Generator) -> Score:
    """Return a function of unit variance, the sum of 128 waves; close to a draw of a Gaussian process.

    Its covariance is exp(-d² / (2 l²)) with the length l = 0.3 sqrt(n_inputs).
    """
    waves = rng.standard_normal((n_inputs, N_WAVES)) / (LENGTH_SCALE * np.sqrt(n_inputs))
    phases, heights = rng.uniform(0, 2 * np.pi, N_WAVES), rng.standard_normal(N_WAVES)
    return lambda X: np.sqrt(2 / N_WAVES) * (np.cos(X @ waves + phases) @ heights)


def asked_row(X: FloatArray, y: FloatArray, acquisition: str, seed: int) -> tuple[FloatArray, float, float]:
    """Return the row that the optimizer asks for after rows X with outcomes y, its score and the seconds."""
    names = [f"x{position}" for position in range(X.shape[1])]
    optimizer = BayesianOptimizer(
        SearchSpace([Real(name, 0, 1) for name in names]),
        [Minimize("y")],
        surrogate=ARDGaussianProcessRegressor(random_state=seed),
        acquisition=acquisition,
        n_initial=2,
        random_state=seed,
    )
    optimizer.tell(pd.DataFrame(X, columns=names), y)
    optimizer.withdraw(optimizer.ask(1))  # fits, which a second `ask` does not do again
    start = time.process_time()
    row = optimizer.ask(1)
    seconds = time.process_time() - start
    return row[names].to_numpy(dtype=float)[0], float(row["score"].iloc[0]), seconds


def log_improvement(X: FloatArray, y: FloatArray, seed: int) -> Score:
    """Return the log of the expected improvement, in the unit of y, by a Gaussian process of its own."""
    offset, scale = y.mean(), y.std()
    targets = (y - offset) / scale  # as the optimizer does it, so that both fits agree to the last digits
    regressor = ARDGaussianProcessRegressor(random_state=seed).fit(X, targets)
    best = float(targets.min())

    def score(points: FloatArray) -> FloatArray:
        values = acquisition_scores(regressor, points, acquisition="log_ei", best=best, maximize=False)
        return values + np.log(scale)

    return score


def highest(score: Score, n_inputs: int, seed: int) -> float:
    """Return the highest score that 20 climbs from the best Sobol points reach."""
    grid = qmc.Sobol(n_inputs, rng=seed).random_base2(LOG2_BLOCKS + LOG2_BLOCK)
    values = score(grid).reshape(2**LOG2_BLOCKS, -1)
    places = values.argmax(axis=1) + np.arange(len(values)) * values.shape[1]
    starts = places[np.argsort(-values.max(axis=1))[:N_STARTS]]
    return max(climbed(score, grid[start]) for start in starts)


def climbed(score: Score, start: FloatArray) -> float:
    """Return the score where an L-BFGS-B climb within the unit cube ends, of start (n_inputs,)."""

    def descent(x: FloatArray) -> tuple[float, FloatArray]:
        steps = HALF_STEP * np.eye(len(x))
        values = score(np.clip(np.vstack([x[None], x + steps, x - steps]), 0, 1))
        widths = np.minimum(x + HALF_STEP, 1) - np.maximum(x - HALF_STEP, 0)
        ahead, behind = np.split(values[1:], 2)
        return -float(values[0]), (behind - ahead) / widths

    bounds = [(0.0, 1.0)] * len(start)
    return float(-minimize(descent, start, jac=True, bounds=bounds, method="L-BFGS-B").fun)


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return a row for each number of inputs and method, held against the bar."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        low, middle, high = (f"{value:.4f}" for value in runs["ratio"].quantile([0.25, 0.5, 0.75]))
        worst, seconds = f"{runs['ratio'].min():.4f}", f"{runs['seconds'].median():.2g}"
        met = "yes" if runs["ratio"].median() >= BAR else "no"
        middle = f"{middle} ({low} to {high})"
        rows.append([problem, method, middle, worst, seconds, str(len(runs)), f"≥ {BAR:g}", met])
    return rows


if __name__ == "__main__":
    main()
