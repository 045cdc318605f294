"""What rows of an earlier campaign give to the present one, whether they are alike or not.

Run `python -m benchmarks.transfer` (`--short` for CI). A seed draws a smooth function of three inputs, a sum
of waves, with standard deviation 1 over the cube, and measures it with noise of 0.05: 60 rows of an earlier
campaign and 4, 8 or 16 of the present one (`same_8`). The function of the earlier campaign is the same, 1.5
times it plus 2 (`stretched`), the same at settings that are a tenth of the range away in each input
(`shifted`), or another draw (`unrelated`).

All methods are Gaussian processes (`GaussianProcessEnsembleRegressor`): `transfer` in a `TransferRegressor`,
`alone` learns from the rows of the present campaign only, `pooled` from all rows as if they were of one. The
figures are the root mean squared error at 500 rows of the present function, the mean log density of what is
measured there, and the share inside 95 % intervals.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks._results import measure_missing, options_of, print_table, runs_of, software, spread
from bnnopt._typing import FloatArray
from bnnopt.metrics import coverage, negative_log_likelihood
from bnnopt.surrogates import GaussianProcessEnsembleRegressor, TransferRegressor

N_SEEDS, N_INPUTS, N_WAVES = 10, 3, 8
N_EARLIER, N_TEST, NOISE = 60, 500, 0.05
AFTER = (4, 8, 16)
STRETCH, OFFSET, SHIFT = 1.5, 2.0, 0.1
HEADER = [
    "earlier rows",
    "method",
    "error: median (quartiles)",
    "worst",
    "log density",
    "95 % covers",
    "seeds",
]
SHORT = {"methods": ["alone", "transfer"], "problems": ["same_8"], "seeds": 1}

Function = Callable[[FloatArray], FloatArray]
Moments = tuple[FloatArray, FloatArray]


class Campaigns(NamedTuple):
    """Inputs and outcomes of the earlier campaign and of the present one."""

    earlier_X: FloatArray
    earlier_y: FloatArray
    X: FloatArray
    y: FloatArray


def drawn(rng: np.random.Generator) -> Function:
    """Draw a sum of waves with standard deviation 1 over the cube."""
    directions, phases = 4.0 * rng.standard_normal((N_WAVES, N_INPUTS)), rng.uniform(0, 2 * np.pi, N_WAVES)
    sizes = rng.standard_normal(N_WAVES)

    def waves(X: FloatArray) -> FloatArray:
        return np.sin(X @ directions.T + phases) @ sizes

    over_cube = waves(rng.random((4096, N_INPUTS)))
    return lambda X: (waves(X) - over_cube.mean()) / over_cube.std()


EARLIER: dict[str, Callable[[Function, np.random.Generator], Function]] = {
    "same": lambda function, rng: function,
    "stretched": lambda function, rng: lambda X: STRETCH * function(X) + OFFSET,
    "shifted": lambda function, rng: lambda X: function(X + SHIFT),
    "unrelated": lambda function, rng: drawn(rng),
}
PROBLEMS = [f"{name}_{n}" for name in EARLIER for n in AFTER]


def transfer(rows: Campaigns, X: FloatArray, seed: int) -> Moments:
    """Learn from both campaigns, the earlier one as far as it helps."""
    marks = np.repeat([0.0, 1.0], [len(rows.X), len(rows.earlier_X)])
    inputs = np.column_stack([np.concatenate([rows.X, rows.earlier_X]), marks])
    model = TransferRegressor(GaussianProcessEnsembleRegressor(), campaign=-1, random_state=seed)
    model.fit(inputs, np.concatenate([rows.y, rows.earlier_y]))
    mean, std = model.predict(np.column_stack([X, np.zeros(len(X))]), return_std=True)
    return mean, std


def alone(rows: Campaigns, X: FloatArray, seed: int) -> Moments:
    """Learn from the present campaign."""
    return _predicted(rows.X, rows.y, X, seed)


def pooled(rows: Campaigns, X: FloatArray, seed: int) -> Moments:
    """Learn from all rows as if they were of one campaign."""
    both = np.concatenate([rows.X, rows.earlier_X]), np.concatenate([rows.y, rows.earlier_y])
    return _predicted(*both, X, seed)


def _predicted(known: FloatArray, y: FloatArray, X: FloatArray, seed: int) -> Moments:
    model = GaussianProcessEnsembleRegressor(random_state=seed).fit(known, y)
    mean, std = model.predict(X, return_std=True)
    return mean, std


METHODS: dict[str, Callable[[Campaigns, FloatArray, int], Moments]] = {
    "alone": alone,
    "transfer": transfer,
    "pooled": pooled,
}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("transfer", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments)
    frame = measure_missing(options, measure)
    title = (
        f"{N_EARLIER} earlier rows, and as many present ones as the name says; seeds 0 to {options.seeds - 1}"
    )
    print_table(title, HEADER, _rows(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int) -> dict[str, Any]:
    """Fit one method on both campaigns of a seed and return the figures of the CSV file."""
    name, n_present = problem.rsplit("_", 1)
    rng = np.random.default_rng([seed, 4])
    function = drawn(rng)
    earlier = EARLIER[name](function, np.random.default_rng([seed, 5]))
    rows, X, y = _measured(function, earlier, int(n_present), rng)
    start = time.process_time()
    mean, std = METHODS[method](rows, X, seed)
    return {
        "error": f"{np.sqrt(np.mean(np.square(function(X) - mean))):.6g}",
        "log_density": f"{-negative_log_likelihood(y, mean, std):.6g}",
        "coverage_95": f"{coverage(y, mean, std):.6g}",
        "seconds": f"{time.process_time() - start:.4g}",
        "software": software(),
    }


def _measured(
    function: Function, earlier: Function, n_present: int, rng: np.random.Generator
) -> tuple[Campaigns, FloatArray, FloatArray]:
    """Return the rows of both campaigns, and further rows of the present function with what is measured."""
    known, X, present = (rng.random((n, N_INPUTS)) for n in (N_EARLIER, N_TEST, max(AFTER)))
    own = present[:n_present]
    errors = [NOISE * rng.standard_normal(n) for n in (N_EARLIER, N_TEST, max(AFTER))]
    rows = Campaigns(known, earlier(known) + errors[0], own, function(own) + errors[2][:n_present])
    return rows, X, function(X) + errors[1]


def _rows(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each problem and method the figures over the seeds; log density and coverage as medians."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        medians = [f"{runs[name].median():.3g}" for name in ("log_density", "coverage_95")]
        errors = runs["error"]
        rows.append([problem, method, spread(errors), f"{errors.max():.3g}", *medians, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
