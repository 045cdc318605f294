"""What threads cost or gain: fit and prediction with the threads that libraries choose against one thread.

Run `python -m benchmarks.threads` (`--short` for CI). For each surrogate and number of rows there are two
processes, one with the threads that the libraries choose and one with `OMP_NUM_THREADS`,
`OPENBLAS_NUM_THREADS`, `TF_NUM_INTRAOP_THREADS` and `TF_NUM_INTEROP_THREADS` set to 1. In turns each fits the
surrogate to the first outcome of a synthetic table (`benchmarks._tables`, nine inputs, a smooth function with
noise) and predicts 1,000 rows; the other waits meanwhile. Repeat k has the table of seed k, and the surrogate
has that seed too. A first fit of the same shape (seed 0) imports the libraries and traces graphs; it is
printed below the table and is in no median.

The loads are an idle machine, one busy process, and three busy processes that stay on one core, which is what
threads that wait for each other stand worst. Where a process cannot be kept on a core (it takes
`os.sched_setaffinity`), that load is left out, and the output says so.

Seconds are medians of fit and prediction; the ratio is that of the wall times. The bars: threads cost at most
a tenth on an idle machine, three tenths beside one busy process, a half beside three on one core.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from benchmarks._fit_worker import ONE_THREAD, FitWorker, Seconds
from benchmarks._load import busy_processes, can_pin, first_core
from benchmarks._surrogates import add_surrogates
from benchmarks._timing import Bar, Times, at_most, parse, repeats_parser
from benchmarks.machine import describe, markdown, markdown_line

N_ROWS = [20, 70, 100, 300, 2300]
DEFAULT, ONE = "default", "one thread"
HEADER = ["surrogate", "rows", "load", "default: wall (processor)", "one thread: wall (processor)"]
HEADER += ["default ÷ one thread, wall", "bar", "met"]
SHORT = {"rows": [20, 70], "repeats": 2}

Workers = dict[str, FitWorker]


class Load(NamedTuple):
    """What runs beside a measurement, and how large the ratio may be there."""

    start: Callable[[], AbstractContextManager[Any]]
    bar: Bar


LOADS = {
    "idle": Load(nullcontext, at_most(1.1)),
    "one busy": Load(lambda: busy_processes(1), at_most(1.3)),
    "three on one core": Load(lambda: busy_processes(3, pinned_to=first_core()), at_most(1.5)),
}
PINNED = "three on one core"


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = repeats_parser(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=N_ROWS, help="numbers of rows")
    parser.add_argument("--loads", nargs="+", choices=list(LOADS), default=list(LOADS))
    add_surrogates(parser)
    options = parse(parser, SHORT, arguments)
    loads = [load for load in options.loads if load != PINNED or can_pin()]
    title = f"fit and prediction of 1,000 rows; {options.repeats} repeats, seeds 1 to {options.repeats}"
    print(f"{describe()}\n{title}\n\n{markdown(HEADER, [])}", flush=True)
    notes = [measure(*each, loads, options.repeats) for each in product(options.surrogates, options.rows)]
    print("\n" + "\n".join(notes))
    if len(loads) < len(options.loads):
        print(f"- {PINNED}: left out, since this system cannot keep a process on one core")


def measure(surrogate: str, n_rows: int, loads: list[str], n_repeats: int) -> str:
    """Print a row of the table for each load as soon as it is there; return what the first fits took."""
    with FitWorker(surrogate, n_rows) as default, FitWorker(surrogate, n_rows, ONE_THREAD) as one:
        workers = {DEFAULT: default, ONE: one}
        for load in loads:
            with LOADS[load].start():
                seconds = in_turns(workers, n_repeats)
            cells = [surrogate, f"{n_rows:,}", load, *row_of(seconds, LOADS[load].bar)]
            print(markdown_line(cells), flush=True)
        return f"- first fit, {surrogate}, {n_rows:,} rows: {_first(workers)}"


def in_turns(workers: Workers, n_repeats: int) -> dict[str, list[Seconds]]:
    """Let each worker fit, one after the other, as often as asked for."""
    rounds = [{name: worker.measure(seed) for name, worker in workers.items()} for seed in _seeds(n_repeats)]
    return {name: [one[name] for one in rounds] for name in workers}


def row_of(seconds: dict[str, list[Seconds]], bar: Bar) -> list[str]:
    """Return the cells of medians, ratio and bar."""
    wall, processor = (_times(seconds, clock) for clock in ["wall", "processor"])
    cells = [f"{wall.median(name):.3g} s ({processor.median(name):.3g} s)" for name in [DEFAULT, ONE]]
    ratio = wall.ratio(DEFAULT, ONE)
    return [*cells, str(ratio), str(bar), bar.verdict(ratio.median)]


def _times(seconds: dict[str, list[Seconds]], clock: str) -> Times:
    arrays = {name: np.array([getattr(one, clock) for one in fits]) for name, fits in seconds.items()}
    return Times(arrays, first={}, results={})


def _first(workers: Workers) -> str:
    return ", ".join(f"{name} {worker.first.wall:.3g} s" for name, worker in workers.items())


def _seeds(n_repeats: int) -> range:
    return range(1, n_repeats + 1)


if __name__ == "__main__":
    main()
