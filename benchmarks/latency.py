"""Seconds that a user waits: for the import, for the help of the command, for the next setting.

Run `python -m benchmarks.latency` (`--short` for CI). Imports and the command run in fresh processes, from
start to end, in turns, seven times, by the clock on the wall; "import nothing" is the interpreter alone.
Rooms of bnnopt are loaded when one of their names is first used, so the import of an estimator has a row too.

The next setting is `ask` on the six-dimensional Hartmann function: bnnopt's `BayesianOptimizer` with the
surrogate `mc_dropout` and Optuna's `GPSampler` get the same 20 Sobol points, make one step that is not
counted, and then ten steps in turns. A step is `ask`, the function, which takes no time, and `tell` with its
value, so that learning counts wherever it happens. Where Optuna is not installed, the row is left out.
"""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import qmc

from benchmarks._peers import OPTIMIZERS, SequentialOptimizer
from benchmarks._timing import Times, at_most, compare, parse, print_ratios, take_turns, timing_parser
from bnnopt._typing import FloatArray
from bnnopt.testing import make_problem

N_ROWS = 20
PROCESSES = {
    "import nothing": "pass",
    "import sklearn.base": "import sklearn.base",
    "import bnnopt": "import bnnopt",
    "import its estimator": "from bnnopt import MCDropoutRegressor",
    "bnnopt --help": "import sys; sys.argv = ['bnnopt', '--help']; from bnnopt.cli import main; main()",
}
PEERS = {"GPSampler": "optuna_gp", "bnnopt": "mc_dropout"}
SHORT = {"repeats": 3, "asks": 2}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = timing_parser(__doc__)
    parser.set_defaults(repeats=7)
    parser.add_argument("--asks", type=int, default=10, help="settings asked for, each after a tell")
    options = parse(parser, SHORT, arguments)
    started = take_turns({name: _process(code) for name, code in PROCESSES.items()}, options.repeats)
    names = [name for name in PEERS if name == "bnnopt" or find_spec("optuna")]
    asked = take_turns({name: _Asking(PEERS[name]) for name in names}, options.asks, clock=options.clock)
    print_ratios(f"asks: {options.asks}", options, _process_rows(started) + _ask_rows(asked))


def _process_rows(times: Times) -> list[list[str]]:
    return [
        compare("import", times, "import bnnopt", "import sklearn.base", at_most(1.3)),
        compare("import of an estimator", times, "import its estimator", "import sklearn.base"),
        compare("help", times, "bnnopt --help", "import nothing"),
    ]


def _ask_rows(times: Times) -> list[list[str]]:
    if "GPSampler" not in times.seconds:
        return []
    return [compare(f"ask(1) at {N_ROWS} rows", times, "bnnopt", "GPSampler", at_most(0.5))]


def _process(code: str) -> Callable[[], Any]:
    """Return what runs code in a fresh process, in the folder where bnnopt can be imported."""
    command = [sys.executable, "-c", code]
    folder = Path(__file__).parents[1]
    return lambda: subprocess.run(command, cwd=folder, capture_output=True, check=True)


class _Asking:
    """An optimizer that knows its first design; each call makes a step."""

    def __init__(self, method: str) -> None:
        self._function = make_problem("hartmann6").function
        bounds = np.array(make_problem("hartmann6").bounds)
        self._optimizer: SequentialOptimizer = OPTIMIZERS[method](bounds, N_ROWS, 0)
        cube = qmc.Sobol(len(bounds), rng=0).random_base2(5)[:N_ROWS]
        for x in bounds[:, 0] + cube * (bounds[:, 1] - bounds[:, 0]):
            self._tell(x)

    def __call__(self) -> None:
        """Ask for a setting and tell its value."""
        self._tell(self._optimizer.ask())

    def _tell(self, x: FloatArray) -> None:
        self._optimizer.tell(x, float(self._function(x[None])[0]))


if __name__ == "__main__":
    main()
