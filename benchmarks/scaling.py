"""Seconds, error and memory of the default fit against the number of rows.

Run `python -m benchmarks.scaling` (`--short` for CI, up to 10,000 rows; `--plot FILE` for a figure). Each fit
of a surrogate, `auto` by default, to the first outcome of a synthetic table (`benchmarks._tables`) has a
process of its own, which loads the table from a file, notes its memory, fits 1,100 of the rows to load
libraries and trace graphs, and then fits all: the seconds are those of this fit alone, the memory is the peak
above what was noted, libraries and graphs included. The error is the root mean square difference of the
predicted mean from 2,000 other measurements, in units of the noise: 1 is all that can be known. The slope is
that of a straight line through the logarithms of median seconds and rows, from 10,000 rows on.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._surrogates import DEFAULT, fitted
from benchmarks._tables import NOISE, synthetic_table
from benchmarks._timing import CLOCKS, at_most, how, loaded, parse, timing_parser
from benchmarks.machine import describe, markdown
from bnnopt._typing import FloatArray

N_ROWS = [1_000, 10_000, 100_000, 1_000_000]
N_HELD_OUT, SEED_HELD_OUT, N_WARM_UP = 2000, 10_000, 1100
ROWS_OF_SLOPE = 10_000
SLOPE_BAR, MEGABYTES_BAR = at_most(1.05), at_most(2000)
SHORT = {"rows": [1_000, 10_000], "repeats": 1}
KIBIBYTE = 1 if sys.platform == "darwin" else 1024  # unit of ru_maxrss in bytes
HEADER = ["rows", "seconds: median (range)", "error, in units of the noise", "peak memory above the data, MB"]


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table, or measure one fit for it."""
    parser = timing_parser(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=N_ROWS, help="numbers of rows")
    parser.add_argument("--plot", type=Path, help="draw seconds against rows into this file")
    parser.add_argument("--surrogate", default=DEFAULT, help="a key of the registry")
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)
    options = parse(parser, SHORT, arguments)
    if options.table is not None:
        print(json.dumps(_measure(options)))
        return
    with loaded(options):
        turns = product(range(options.repeats), options.rows)
        frame = pd.DataFrame([_one_fit(*turn, options) for turn in turns])
    title = f"default fit of {options.surrogate}, one outcome, each repeat with a table of its own"
    print(f"{describe()}\n{title}; {how(options)}\n")
    print(markdown(HEADER, _rows(frame)) + "\n\n" + "\n".join(_notes(frame)))
    if options.plot is not None:
        _plot(frame, options.plot)


def slope(rows: Any, seconds: Any) -> float:
    """Slope of a straight line through the logarithms of two rising series of the same length."""
    return float(np.polyfit(np.log(rows), np.log(seconds), 1)[0])


def _one_fit(seed: int, n_rows: int, options: argparse.Namespace) -> dict[str, float]:
    """Measure one fit in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.npy"
        X, y = synthetic_table(n_rows, seed)
        np.save(file, np.column_stack([X, y[:, 0]]))
        command = [sys.executable, "-m", "benchmarks.scaling", "--table", str(file)]
        command += ["--clock", options.clock, "--surrogate", options.surrogate]
        done = subprocess.run(
            command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True, check=True
        )
    return {"rows": n_rows, **json.loads(done.stdout.splitlines()[-1])}


def _measure(options: argparse.Namespace) -> dict[str, float]:
    """Fit to the table in a file; only in a process that has not held more memory before."""
    table = np.load(options.table)
    before = _peak_bytes()
    _fit(options.surrogate, table[:N_WARM_UP])
    now = CLOCKS[options.clock]
    start = now()
    model = _fit(options.surrogate, table)
    seconds = now() - start
    peak = _peak_bytes()
    X, y = synthetic_table(N_HELD_OUT, SEED_HELD_OUT)
    error = np.sqrt(np.mean(np.square(y[:, 0] - model.predict(X)))) / NOISE[0]
    return {"seconds": seconds, "error": float(error), "megabytes": (peak - before) / 1e6}


def _fit(surrogate: str, table: FloatArray) -> Any:
    return fitted(surrogate, table[:, :-1], table[:, -1], random_state=0)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE


def _rows(frame: pd.DataFrame) -> list[list[str]]:
    """Return a row for each number of rows: medians over the repeats, and the range of the seconds."""
    rows = []
    for n_rows, fits in frame.groupby("rows"):
        seconds, middle = fits["seconds"], fits.median()
        spread = f"{middle['seconds']:.3g} ({seconds.min():.3g} to {seconds.max():.3g})"
        rows.append([f"{n_rows:,}", spread, f"{middle['error']:.3f}", f"{middle['megabytes']:.0f}"])
    return rows


def _notes(frame: pd.DataFrame) -> list[str]:
    """Hold the slope and the memory of the largest table against their bars."""
    medians = frame.groupby("rows").median()
    notes = []
    for first in {ROWS_OF_SLOPE, frame["rows"].min()}:
        of_slope = medians.loc[first:, "seconds"]
        if len(of_slope) > 1:
            steepness = slope(of_slope.index, of_slope)
            against = (
                f"bar {SLOPE_BAR}, met: {SLOPE_BAR.verdict(steepness)}"
                if first == ROWS_OF_SLOPE
                else "no bar"
            )
            notes.append(f"- slope from {first:,} rows on: {steepness:.3f} ({against})")
    most = medians["megabytes"].max()
    return [*notes, f"- peak memory: {most:.0f} MB (bar {MEGABYTES_BAR}, met: {MEGABYTES_BAR.verdict(most)})"]


def _plot(frame: pd.DataFrame, file: Path) -> None:
    """Draw the seconds of all fits, their medians, and a line of slope 1 through the last."""
    from matplotlib.figure import Figure

    medians = frame.groupby("rows")["seconds"].median()
    figure = Figure(figsize=(5, 3.6), layout="constrained")
    ax = figure.subplots()
    ax.loglog(frame["rows"], frame["seconds"], "o", color="#56B4E9", label="fits")
    ax.loglog(medians.index, medians, color="#0072B2", label="median")
    n_rows = medians.index.to_numpy()
    ax.loglog(n_rows, medians.iloc[-1] * n_rows / n_rows[-1], "--", color="black", label="proportional")
    ax.set_xlabel("rows")
    ax.set_ylabel("default fit (s)")
    ax.legend()
    figure.savefig(file, dpi=150)


if __name__ == "__main__":
    main()
