"""How many of the 95 PbS rows must be measured until the best one for a wavelength is found.

Run `python -m benchmarks.pool` (`--short` for CI). For each of the six wavelengths of Table 1, the goal is
the row of least polydispersity whose peak is within 50 nm. Five random rows, the same for all methods at a
seed and never the goal itself, are known at the start. Then the optimizer, with one surrogate for each
outcome or one for both, as the surrogate says, proposes the next row out of those that are left, until it
proposes the goal: the row of the CSV file says how many rows were measured by then, the five included. To
draw rows at random takes 6 to 95, with the mean 50.5.

A run ends with the goal, so a method costs as much as it needs rows. Seconds are processor time of a step;
see `benchmarks.sequential`.
"""

import time
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._pbs import INPUTS, pbs_table, pbs_wavelengths
from benchmarks._peers_regression import ForestRegressor
from benchmarks._results import measure_missing, options_of, print_table, runs_of, software, spread
from benchmarks._surrogates import COMPARED
from bnnopt.exceptions import SpaceExhaustedWarning
from bnnopt.objectives import Minimize, OutcomeConstraint
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import Real, SearchSpace

N_INITIAL, N_SEEDS, TOLERANCE_NM = 5, 20, 50.0
HEADER = ["problem", "method", "rows needed: median (quartiles)", "worst", "seconds a step", "runs"]
SHORT = {"methods": ["random", "forest"], "problems": ["1150"], "seeds": 1}

METHODS: dict[str, Any] = {"random": None, "forest": ForestRegressor(n_trees=100)}
METHODS |= {name: name for name in COMPARED}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    problems = [str(wavelength) for wavelength in pbs_wavelengths()]
    options = options_of("pool", __doc__, METHODS, problems, N_SEEDS, SHORT, arguments)
    frame = measure_missing(options, measure)
    title = (
        f"rows measured until the best within {TOLERANCE_NM:g} nm is found; seeds 0 to {options.seeds - 1}"
    )
    print_table(title, HEADER, _rows(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int) -> dict[str, Any]:
    """Search for the best row at one wavelength, in nm, and return the figures of the CSV file."""
    wavelength = int(problem)
    table = pbs_table()
    goal = _goal(table, wavelength)
    first = np.random.default_rng([seed, wavelength]).choice(table.index.drop(goal), N_INITIAL, replace=False)
    start = time.process_time()
    proposals = _proposals(table, first, wavelength, method, seed)
    n_steps = 1 + next(step for step, row in enumerate(proposals) if row == goal)
    seconds = time.process_time() - start
    return {
        "n_rows": N_INITIAL + n_steps,
        "seconds_a_step": f"{seconds / n_steps:.4g}",
        "software": software(),
    }


def _goal(table: pd.DataFrame, wavelength: int) -> int:
    """Return the position of the row of least polydispersity near the wavelength."""
    near = table[(table["peak_nm"] - wavelength).abs() <= TOLERANCE_NM]
    return int(near["polydispersity"].idxmin())


def _proposals(table: pd.DataFrame, start: Any, wavelength: int, method: str, seed: int) -> Iterator[int]:
    """Yield positions of rows as the method wants them measured after those of the start."""
    surrogate = METHODS[method]
    if surrogate is None:
        yield from np.random.default_rng([seed, wavelength, 1]).permutation(table.index.drop(start))
        return
    optimizer = BayesianOptimizer(
        _space(),
        [
            Minimize("polydispersity"),
            OutcomeConstraint("peak_nm", wavelength - TOLERANCE_NM, wavelength + TOLERANCE_NM),
        ],
        surrogate=surrogate,
        n_initial=N_INITIAL,
        random_state=seed,
    )
    optimizer.tell(table.loc[start], table.loc[start, list(optimizer.outputs)])
    pool = table.drop(index=start).sample(frac=1, random_state=seed)
    while len(pool):
        row = _next_row(optimizer, pool)
        yield row
        optimizer.tell(pool.loc[[row]], pool.loc[[row], list(optimizer.outputs)])
        pool = pool.drop(index=row)


def _next_row(optimizer: BayesianOptimizer, pool: pd.DataFrame) -> int:
    """Return the position of the row that is asked for, or the first if none has a finite score."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpaceExhaustedWarning)
        asked = optimizer.ask(1, candidates=pool)[INPUTS].to_numpy()
    is_asked = (pool[INPUTS].to_numpy() == asked).all(axis=1) if len(asked) else np.ones(len(pool), bool)
    return int(pool.index[is_asked][0])


@cache
def _space() -> SearchSpace:
    """Return the ranges of the nine inputs over all rows; the outdoor temperature counts as a setting."""
    table = pbs_table()[INPUTS]
    return SearchSpace([Real(name, table[name].min(), table[name].max()) for name in INPUTS])


def _rows(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for all wavelengths together, then for each, a row for each method."""
    everywhere = frame.assign(problem="all")
    rows = []
    for problem, method, runs in runs_of(pd.concat([everywhere, frame]), ["all", *problems], methods):
        worst, seconds = str(runs["n_rows"].max()), f"{runs['seconds_a_step'].median():.2g}"
        rows.append([problem, method, spread(runs["n_rows"]), worst, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
