"""How well predictive distributions fit held-out rows of regression tables, at one setting for all tables.

Run `python -m benchmarks.regression` (`--short` for CI). Each table is split 80 to 20 by each of five seeds,
which seed the models too; all methods see the same splits. A row of the CSV file holds, of the held-out
rows, the mean log density under a normal distribution with the predicted mean and standard deviation (in
nats, with the outcome in units of its standard deviation over the table; larger is better), the share inside
95 % intervals, the root mean squared error in the same units, and the seconds of fit and prediction, which
are processor time (see `benchmarks.sequential`).

friedman1, 2 and 3 are scikit-learn's functions, with noise of standard deviation 1 for the first and a tenth
of the standard deviation of the function for the others.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes, make_friedman1, make_friedman2, make_friedman3
from sklearn.model_selection import train_test_split

from benchmarks._pbs import INPUTS, pbs_table
from benchmarks._peers_regression import ForestRegressor, KerasDropoutRegressor, RBFProcessRegressor
from benchmarks._results import measure_missing, options_of, print_table, runs_of, software, spread
from benchmarks._surrogates import OWN
from bnnopt._typing import FloatArray
from bnnopt.metrics import coverage, negative_log_likelihood
from bnnopt.surrogates import make_surrogate

N_SEEDS = 5
HEADER = ["table", "method", "log density: median (quartiles)", "worst", "95 % covers", "error", "seconds"]
SHORT = {"methods": ["forest", "gaussian_process_rbf"], "problems": ["diabetes", "pbs_peak"], "seeds": 1}

Table = tuple[FloatArray, FloatArray]


def _friedman1(n_rows: int) -> Table:
    return make_friedman1(n_rows, noise=1.0, random_state=0)


def _friedman(make: Callable[..., Table], n_rows: int) -> Table:
    return make(n_rows, noise=0.1 * make(n_rows, random_state=0)[1].std(), random_state=0)


def _pbs(outcome: str) -> Table:
    table = pbs_table()
    return table[INPUTS].to_numpy(), table[outcome].to_numpy()


TABLES: dict[str, Callable[[], Table]] = {
    "diabetes": partial(load_diabetes, return_X_y=True),
    "friedman1_300": partial(_friedman1, 300),
    "friedman2_300": partial(_friedman, make_friedman2, 300),
    "friedman3_300": partial(_friedman, make_friedman3, 300),
    "pbs_peak": partial(_pbs, "peak_nm"),
    "pbs_polydispersity": partial(_pbs, "polydispersity"),
    "friedman1_3000": partial(_friedman1, 3000),
    "friedman2_3000": partial(_friedman, make_friedman2, 3000),
    "friedman3_3000": partial(_friedman, make_friedman3, 3000),
}

METHODS: dict[str, Callable[..., Any]] = {
    **{name: partial(make_surrogate, name) for name in OWN},
    "gaussian_process_rbf": RBFProcessRegressor,
    "forest": ForestRegressor,
    "keras_paper": KerasDropoutRegressor,
    "mc_dropout_paper": partial(make_surrogate, "mc_dropout_paper"),
}

SOFTWARE = {"gaussian_process_rbf": "scikit-learn", "forest": "scikit-learn", "keras_paper": "keras"}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("regression", __doc__, METHODS, TABLES, N_SEEDS, SHORT, arguments)
    frame = measure_missing(options, measure)
    title = f"held-out fifths; splits by seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, _rows(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int) -> dict[str, Any]:
    """Fit on four fifths of a table and return the figures of the CSV file."""
    X, y = TABLES[problem]()
    y = y / y.std()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=seed)
    start = time.process_time()
    model = METHODS[method](random_state=seed).fit(X_train, y_train)
    mean, std = model.predict(X_test, return_std=True)
    seconds = time.process_time() - start
    return {
        "log_density": f"{-negative_log_likelihood(y_test, mean, std):.6g}",
        "coverage_95": f"{coverage(y_test, mean, std):.6g}",
        "error": f"{np.sqrt(np.mean((y_test - mean) ** 2)):.6g}",
        "seconds": f"{seconds:.4g}",
        "software": software(SOFTWARE.get(method, "bnnopt")),
    }


def _rows(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each table and method the figures over the splits; coverage and seconds as medians."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        density, covers = runs["log_density"], f"{runs['coverage_95'].median():.3g}"
        figures = [spread(density), f"{density.min():.3g}", covers, spread(runs["error"])]
        rows.append([problem, method, *figures, f"{runs['seconds'].median():.2g}"])
    return rows


if __name__ == "__main__":
    main()
