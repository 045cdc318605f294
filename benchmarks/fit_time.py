"""Seconds of a default fit, the first of a process and later ones, at few to a thousand rows.

Run `python -m benchmarks.fit_time` (`--short` for CI). For each number of rows each surrogate has a process
of its own, with the threads that the libraries choose. It fits the first outcome of a synthetic table
(`benchmarks._tables`, nine inputs, seed 0) as the first thing it does: these seconds hold the import of the
libraries, the tracing of graphs and the fit. Then the surrogates fit in turns, five times by default, to
tables of the same shape and the seeds 1, 2, ..., and predict between, which does not count.

Processor time is that of all threads together. The bars: the median processor time of later fits is not
shorter at more rows (a tenth is left to chance), and that of `auto` at 100 rows is at most 3 s.
"""

from contextlib import ExitStack
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._fit_worker import FitWorker, Seconds
from benchmarks._load import add_busy, busy_processes, describe_load
from benchmarks._surrogates import DEFAULT, add_surrogates
from benchmarks._timing import at_least, at_most, parse, repeats_parser
from benchmarks.machine import describe, markdown

N_ROWS = [20, 70, 100, 300, 1000]
RISES, QUICK, ROWS_OF_QUICK = at_least(0.9), at_most(3), 100
HEADER = ["surrogate", "rows", "first fit, import included: processor, s", "wall, s"]
HEADER += ["later fits: processor, s: median (range)", "wall, s: median (range)"]
SHORT = {"rows": [20, 100], "repeats": 2}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = repeats_parser(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=N_ROWS, help="numbers of rows")
    add_surrogates(parser)
    add_busy(parser)
    options = parse(parser, SHORT, arguments)
    with busy_processes(options.busy):
        fits = [fit for n in sorted(options.rows) for fit in measure(options.surrogates, n, options.repeats)]
    frame = pd.DataFrame(fits)
    how = f"{options.repeats} repeats, {describe_load(options.busy)}, threads as the libraries choose"
    print(f"{describe()}\ndefault fit, one outcome; {how}\n")
    print(markdown(HEADER, rows_of(frame, options.surrogates)) + "\n\n" + "\n".join(notes_of(frame)))


def measure(surrogates: list[str], n_rows: int, n_repeats: int) -> list[dict[str, Any]]:
    """Fit each surrogate first and then in turns; return the seconds of each fit, repeat 0 the first."""
    fits = []
    with ExitStack() as stack:
        workers = {name: stack.enter_context(FitWorker(name, n_rows)) for name in surrogates}
        for repeat, (name, worker) in product(range(n_repeats + 1), workers.items()):
            seconds: Seconds = worker.measure(repeat) if repeat else worker.first
            figures = {"processor": seconds.fit_processor, "wall": seconds.fit_wall}
            fits.append({"surrogate": name, "rows": n_rows, "repeat": repeat, **figures})
    return fits


def rows_of(frame: pd.DataFrame, surrogates: list[str]) -> list[list[str]]:
    """Return a row for each surrogate and number of rows."""
    lines = []
    for name, n in product(surrogates, sorted(set(frame["rows"]))):
        fits = frame[(frame["surrogate"] == name) & (frame["rows"] == n)]
        first, later = fits[fits["repeat"] == 0], fits[fits["repeat"] > 0]
        clocks = ["processor", "wall"]
        cells = [f"{first[clock].iloc[0]:.3g}" for clock in clocks]
        lines.append([name, f"{n:,}", *cells, *(_spread(later[clock]) for clock in clocks)])
    return lines


def notes_of(frame: pd.DataFrame) -> list[str]:
    """Hold the processor time of later fits against the bars."""
    later = frame[frame["repeat"] > 0].groupby(["surrogate", "rows"], sort=False)["processor"].median()
    notes = []
    for name in dict.fromkeys(frame["surrogate"]):
        medians = later[name].sort_index()
        smallest = min((more / fewer for fewer, more in pairwise(medians)), default=np.inf)
        verdict = f"bar {RISES}, met: {RISES.verdict(smallest)}"
        notes.append(f"- {name}, more rows ÷ fewer, the smallest ratio: {smallest:.3g} ({verdict})")
    if (DEFAULT, ROWS_OF_QUICK) in later.index:
        quick = later[DEFAULT, ROWS_OF_QUICK]
        verdict = f"bar {QUICK}, met: {QUICK.verdict(quick)}"
        notes.append(f"- {DEFAULT} at {ROWS_OF_QUICK} rows: {quick:.3g} s ({verdict})")
    return notes


def _spread(seconds: pd.Series) -> str:
    return f"{seconds.median():.3g} ({seconds.min():.3g} to {seconds.max():.3g})"


if __name__ == "__main__":
    main()
