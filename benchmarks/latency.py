"""Seconds that a user waits: for the import, the help of the command, a first fit, the next setting.

Run `python -m benchmarks.latency` (`--short` for CI). Imports and the command run in fresh processes, from
start to end, in turns, seven times, by the clock on the wall; "import nothing" is the interpreter alone.
Rooms of bnnopt are loaded when one of their names is first used, so the import of an estimator has a row too.
"import and fit" is a fresh process that makes a surrogate by its key and fits it to 20 rows; below the table
stands whether TensorFlow was loaded by the import, by making it and by the fit. The bars: never by the first
two, and not by the fit of `gaussian_process_ensemble`.

The next setting is `ask` on the six-dimensional Hartmann function: bnnopt's `BayesianOptimizer` with the
surrogate `auto` and Optuna's `GPSampler` get the same 20, 100 or 300 Sobol points, make one step that is not
counted, and then ten steps in turns. A step is `ask`, the function, which takes no time, and `tell` with its
value, so that learning counts wherever it happens. Where Optuna is not installed, these rows are left out.

Two kinds of rows are of bnnopt alone. "beside 3 pending" is the same step while three further settings are on
their way, as with four workers, divided by the step with none. A large batch is divided by one of a hundred
rows, after 60 known ones, once each; the bar is time in proportion to the rows, and a quarter more.
"""

import json
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import qmc

from benchmarks._peers import OPTIMIZERS, SequentialOptimizer
from benchmarks._surrogates import DEFAULT, add_surrogates
from benchmarks._timing import (
    Times,
    at_most,
    compare,
    loaded,
    parse,
    print_ratios,
    take_turns,
    timing_parser,
)
from bnnopt._typing import FloatArray
from bnnopt.testing import make_problem

ASK_BARS = {20: at_most(1.5), 100: at_most(3), 300: at_most(3)}
BESIDE_BAR, N_BESIDE = at_most(1.5), 3
BATCHES, N_KNOWN, ROUGHLY = (100, 400), 60, 1.25  # rows at once, rows known before, of the time in proportion
PEER, WITHOUT_TENSORFLOW = "GPSampler", "gaussian_process_ensemble"
PROCESSES = {
    "import nothing": "pass",
    "import sklearn.base": "import sklearn.base",
    "import bnnopt": "import bnnopt",
    "import an estimator": "from bnnopt import MCDropoutRegressor",
    "bnnopt --help": "import sys; sys.argv = ['bnnopt', '--help']; from bnnopt.cli import main; main()",
}
MAKE_AND_FIT = """
import json, sys
import bnnopt.surrogates
loaded = {{"import": "tensorflow" in sys.modules}}
from benchmarks._surrogates import fitted
from benchmarks._tables import synthetic_table
model = bnnopt.surrogates.make_surrogate({key!r})
loaded["make"] = "tensorflow" in sys.modules
X, y = synthetic_table(20, 0)
fitted({key!r}, X, y[:, 0], random_state=0)
loaded["fit"] = "tensorflow" in sys.modules
print(json.dumps(loaded))
"""
SHORT = {"repeats": 3, "asks": 2, "rows": [20], "batches": [2, 4]}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = timing_parser(__doc__)
    parser.set_defaults(repeats=7)
    parser.add_argument("--asks", type=int, default=10, help="settings asked for, each after a tell")
    parser.add_argument("--rows", type=int, nargs="+", default=list(ASK_BARS), help="known before the asks")
    parser.add_argument("--batches", type=int, nargs="*", default=list(BATCHES), help="rows at once")
    parser.add_argument("--asking", default=DEFAULT, help="the surrogate of the asks")
    add_surrogates(parser)
    options = parse(parser, SHORT, arguments)
    codes = PROCESSES | {_fit_of(key): MAKE_AND_FIT.format(key=key) for key in options.surrogates}
    with loaded(options):
        started = take_turns({name: partial(_run, code) for name, code in codes.items()}, options.repeats)
        rows = _process_rows(started, options.surrogates)
        rows += [row for n_rows in options.rows for row in _ask_rows(n_rows, options)]
        rows += [_beside_row(n_rows, options) for n_rows in options.rows]
        rows += _batch_rows(options)
    print_ratios(f"asks: {options.asks}, surrogate {options.asking}", options, rows)
    print("\n".join(_loads(key, started.results[_fit_of(key)]) for key in options.surrogates))


def _process_rows(times: Times, surrogates: list[str]) -> list[list[str]]:
    fits = [
        compare(f"import and fit, {key}", times, _fit_of(key), "import sklearn.base") for key in surrogates
    ]
    return [
        compare("import", times, "import bnnopt", "import sklearn.base", at_most(1.3)),
        compare("import of an estimator", times, "import an estimator", "import sklearn.base"),
        compare("help", times, "bnnopt --help", "import nothing"),
        *fits,
    ]


def _ask_rows(n_rows: int, options: Any) -> list[list[str]]:
    """Return the row of the asks after a number of rows; none where Optuna is not installed."""
    if not find_spec("optuna"):
        return []
    methods = {PEER: "optuna_gp", options.asking: options.asking}
    asking = {name: _Asking(method, n_rows) for name, method in methods.items()}
    times = take_turns(asking, options.asks, clock=options.clock)
    return [compare(f"ask(1) at {n_rows} rows", times, options.asking, PEER, ASK_BARS.get(n_rows))]


def _beside_row(n_rows: int, options: Any) -> list[str]:
    """Return the row of the asks while further rows are pending."""
    asking = {"none": _Asking(options.asking, n_rows), "pending": _Asking(options.asking, n_rows, N_BESIDE)}
    times = take_turns(asking, options.asks, clock=options.clock)
    return compare(f"ask(1) beside {N_BESIDE} pending, {n_rows} rows", times, "pending", "none", BESIDE_BAR)


def _batch_rows(options: Any) -> list[list[str]]:
    """Return a row for each size of a batch but the first, which others are divided by."""
    work = {f"ask({n})": partial(_ask_many, options.asking, n) for n in options.batches}
    times = take_turns(work, 1, clock=options.clock, is_warmed_up=False)
    first, *others = options.batches or [0]
    bars = {n: at_most(ROUGHLY * n / first) for n in others}
    return [compare(f"ask({n}) at once", times, f"ask({n})", f"ask({first})", bars[n]) for n in others]


def _ask_many(method: str, n: int) -> None:
    _Asking(method, N_KNOWN).ask_many(n)


def _loads(key: str, output: str) -> str:
    """Say what of an estimator loads TensorFlow, and whether that meets the bars."""
    is_loaded = json.loads(output.splitlines()[-1])
    said = ", ".join(f"{step} {'yes' if value else 'no'}" for step, value in is_loaded.items())
    without = ["import", "make", *(["fit"] if key == WITHOUT_TENSORFLOW else [])]
    met = "no" if any(is_loaded[step] for step in without) else "yes"
    return f"- TensorFlow loaded, {key}: {said} (bar: not by {', '.join(without)}; met: {met})"


def _fit_of(key: str) -> str:
    return f"import and fit {key}"


def _run(code: str) -> str:
    """Run code in a fresh process, in the folder where bnnopt can be imported; return what it prints."""
    command, folder = [sys.executable, "-c", code], Path(__file__).parents[1]
    return subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True).stdout


class _Asking:
    """An optimizer that knows its first design; each call makes a step, while other rows may be pending."""

    def __init__(self, method: str, n_rows: int, n_pending: int = 0) -> None:
        self._function = make_problem("hartmann6").function
        bounds = np.array(make_problem("hartmann6").bounds)
        self._optimizer: SequentialOptimizer = OPTIMIZERS[method](bounds, n_rows, 0)
        cube = qmc.Sobol(len(bounds), rng=0).random_base2(int(np.ceil(np.log2(n_rows))))[:n_rows]
        for x in bounds[:, 0] + cube * (bounds[:, 1] - bounds[:, 0]):
            self._tell(x)
        self._pending = [self._optimizer.ask() for _ in range(n_pending)]

    def __call__(self) -> None:
        """Ask for a setting, and tell the value of the one that was asked for first."""
        self._pending.append(self._optimizer.ask())
        self._tell(self._pending.pop(0))

    def ask_many(self, n: int) -> None:
        """Ask for many settings at once."""
        optimizer: Any = self._optimizer
        optimizer.ask_many(n)

    def _tell(self, x: FloatArray) -> None:
        self._optimizer.tell(x, float(self._function(x[None])[0]))


if __name__ == "__main__":
    main()
