"""How close a study of Optuna comes to the minimum of test functions, by bnnopt's sampler and Optuna's own.

Run `python -m benchmarks.optuna_study` (`--short` for CI). Each study is one of 40 trials by `study.optimize`
with the defaults of its sampler, the first trials too. The regret is the best value found minus the minimum.
Runs that the CSV file has are not made again. Seconds are processor time of all threads together, divided by
the trials.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pandas as pd

from benchmarks._results import measure_missing, options_of, print_table, runs_of, software, spread
from benchmarks._searches import ratio_of_regrets
from benchmarks.sequential import PROBLEMS
from bnnopt.integrations.optuna import BnnSampler
from bnnopt.testing import Problem

SAMPLERS: dict[str, Callable[[int], optuna.samplers.BaseSampler]] = {
    "BnnSampler": lambda seed: BnnSampler(seed=seed),
    "GPSampler": lambda seed: optuna.samplers.GPSampler(seed=seed),
    "TPESampler": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "RandomSampler": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}
N_TRIALS, N_TRIALS_SHORT, N_SEEDS = 40, 10, 10
PEER = "GPSampler"
HEADER = [
    "problem",
    "sampler",
    "regret: median (quartiles)",
    "worst",
    f"÷ {PEER}",
    "seconds a trial",
    "seeds",
]
SHORT = {"methods": ["BnnSampler", "TPESampler"], "problems": ["branin"], "seeds": 1}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    options = options_of("optuna_study", __doc__, SAMPLERS, PROBLEMS, N_SEEDS, SHORT, arguments)
    n_trials = N_TRIALS_SHORT if options.short else N_TRIALS
    frame = measure_missing(options, lambda *key: measure(*key, n_trials=n_trials))
    title = f"regret after {n_trials} trials; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, rows_of(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int, n_trials: int = N_TRIALS) -> dict[str, Any]:
    """Run one study and return the figures of the CSV file."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    task = PROBLEMS[problem]
    start = time.process_time()
    study = optuna.create_study(sampler=SAMPLERS[method](seed))
    study.optimize(lambda trial: value_of(task, trial), n_trials=n_trials)
    seconds = time.process_time() - start
    return {
        "n_trials": n_trials,
        "regret": f"{study.best_value - task.minimum:.6g}",
        "seconds_a_trial": f"{seconds / n_trials:.4g}",
        "software": software("bnnopt" if method == "BnnSampler" else "optuna"),
    }


def value_of(task: Problem, trial: optuna.Trial) -> float:
    """Return the value of a function at the parameters of a trial."""
    x = [trial.suggest_float(f"x{place}", *limits) for place, limits in enumerate(task.bounds)]
    return float(task.function(np.array([x]))[0])


def rows_of(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each problem and sampler the regret's median, quartiles and worst, and the seconds."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        ratio = ratio_of_regrets(frame, problem, method, PEER)
        figures = [spread(runs["regret"]), f"{runs['regret'].max():.3g}", ratio]
        seconds = f"{runs['seconds_a_trial'].median():.2g}"
        rows.append([problem, method, *figures, seconds, str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
