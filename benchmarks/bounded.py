"""How well intervals of an outcome between 0 and 100 hold after 40 rows, with its bounds told and without.

Run `python -m benchmarks.bounded --data FOLDER` (`--short` for CI, without the reactions). `arylation` and
`arylation_described` are the measured yields of `benchmarks.reactions`, levels bare or with descriptors. The
others are drawn from a smooth function h of four inputs: a logit with normal noise, small (`smooth`) or not
(`logit_normal`), a beta distribution around a logit (`beta`), a normal distribution cut off at the bounds
(`cut_off`), and a logit that is 0 in a fifth of the cube (`zeros`). Each seed draws 40 rows to learn from and
400 to judge.

`bounded` is a `BoundedRegressor` of Gaussian processes, `gaussian_process_ensemble` the same ones without
bounds; the others are those of `benchmarks.regression`. The figures, of the rows that were not learned from:
the mean log density under a normal distribution with the predicted mean and standard deviation, in units of
the standard deviation of these rows, and the share inside 95 % intervals, below and above. Intervals are from
quantiles where a method has them, and otherwise 1.96 standard deviations around the mean.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from benchmarks._peers_regression import ForestRegressor, RBFProcessRegressor
from benchmarks._results import measure_missing, options_of, print_table, runs_of, software, spread
from benchmarks.reactions import DEFAULT_DATA, LEVELS, NUMBERS, Reactions
from bnnopt._typing import FloatArray
from bnnopt.metrics import negative_log_likelihood
from bnnopt.surrogates import BoundedRegressor, GaussianProcessEnsembleRegressor

N_SEEDS, N_LEARNED, N_JUDGED, N_INPUTS = 24, 40, 400, 4
LEVEL, WIDTH = (0.025, 0.975), 1.96
HEADER = [
    "table",
    "method",
    "log density: median (quartiles)",
    "95 % covers: mean",
    "below",
    "above",
    "seconds",
]
SHORT = {"methods": ["bounded", "gaussian_process_ensemble"], "problems": ["cut_off"], "seeds": 1}

Table = tuple[FloatArray, FloatArray]


def _height(X: FloatArray) -> FloatArray:
    return np.asarray(3 * np.sin(3 * X[:, 0] + X[:, 1]) + 2 * np.cos(4 * X[:, 2]) - 1.5 * X[:, 3])


def _logit_normal(X: FloatArray, rng: np.random.Generator, noise: float) -> FloatArray:
    return np.asarray(100 * expit(_height(X) + noise * rng.standard_normal(len(X))))


def _beta(X: FloatArray, rng: np.random.Generator) -> FloatArray:
    mean = np.clip(expit(_height(X) - 0.5), 0.01, 0.99)
    return 100 * rng.beta(20 * mean, 20 * (1 - mean))


def _cut_off(X: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.clip(30 + 15 * _height(X) + 8 * rng.standard_normal(len(X)), 0, 100)


def _zeros(X: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.where(X[:, 0] * X[:, 3] > 0.35, 0.0, _logit_normal(X, rng, 0.4))


DRAWN: dict[str, Callable[[FloatArray, np.random.Generator], FloatArray]] = {
    "smooth": partial(_logit_normal, noise=0.05),
    "logit_normal": partial(_logit_normal, noise=0.5),
    "beta": _beta,
    "cut_off": _cut_off,
    "zeros": _zeros,
}
REACTIONS = {"arylation": False, "arylation_described": True}
PROBLEMS = [*REACTIONS, *DRAWN]

METHODS: dict[str, Callable[[int], Any]] = {
    "bounded": lambda seed: BoundedRegressor(GaussianProcessEnsembleRegressor(), 0, 100, random_state=seed),
    "gaussian_process_ensemble": lambda seed: GaussianProcessEnsembleRegressor(random_state=seed),
    "gaussian_process_rbf": lambda seed: RBFProcessRegressor(random_state=seed),
    "forest": lambda seed: ForestRegressor(random_state=seed),
}
SOFTWARE = {"gaussian_process_rbf": "scikit-learn", "forest": "scikit-learn"}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("bounded", __doc__, METHODS, PROBLEMS, N_SEEDS, SHORT, arguments, add=_add_data)
    frame = measure_missing(options, partial(measure, data=Reactions(options.data)))
    title = f"{N_LEARNED} rows learned, {N_JUDGED} judged; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, _rows(frame, options.problems, options.methods), busy=options.busy)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the reactions")


def measure(problem: str, method: str, seed: int, *, data: Reactions) -> dict[str, Any]:
    """Fit one method on 40 rows and return the figures of the CSV file."""
    X, y = table_of(problem, seed, data)
    judged, y_judged = X[N_LEARNED:], y[N_LEARNED:]
    start = time.process_time()
    model = METHODS[method](seed).fit(X[:N_LEARNED], y[:N_LEARNED])
    mean, std = model.predict(judged, return_std=True)
    low, high = _interval(model, judged, mean, std)
    unit = y_judged.std()
    return {
        "log_density": f"{-negative_log_likelihood(y_judged / unit, mean / unit, std / unit):.6g}",
        "below": f"{np.mean(y_judged < low):.6g}",
        "above": f"{np.mean(y_judged > high):.6g}",
        "seconds": f"{time.process_time() - start:.4g}",
        "software": software(SOFTWARE.get(method, "bnnopt")),
    }


def table_of(problem: str, seed: int, data: Reactions) -> Table:
    """Draw the rows of a seed: inputs, and outcomes from 0 to 100."""
    rng = np.random.default_rng([seed, 5])
    n = N_LEARNED + N_JUDGED
    if problem in DRAWN:
        X = rng.random((n, N_INPUTS))
        return X, DRAWN[problem](X, rng)
    table = data.measured.iloc[rng.permutation(len(data.measured))[:n]]
    space = data.space(is_described=REACTIONS[problem])
    return space.encode(table[[*LEVELS, *NUMBERS]]), table["yield"].to_numpy(float)


def _interval(model: Any, X: FloatArray, mean: FloatArray, std: FloatArray) -> Any:
    if hasattr(model, "predict_quantiles"):
        return model.predict_quantiles(X, LEVEL).T
    return mean - WIDTH * std, mean + WIDTH * std


def _rows(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each table and method the figures over the seeds."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        below, above = runs["below"].mean(), runs["above"].mean()
        shares = [f"{share:.3g}" for share in (1 - below - above, below, above)]
        rows.append(
            [problem, method, spread(runs["log_density"]), *shares, f"{runs['seconds'].median():.2g}"]
        )
    return rows


if __name__ == "__main__":
    main()
