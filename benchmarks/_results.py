"""Rows of a benchmark kept in a CSV file, so that an interrupted run goes on and methods can join later."""

import argparse
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

import bnnopt
from benchmarks._load import add_busy, busy_processes, describe_load
from benchmarks.machine import describe, markdown
from bnnopt._typing import FloatArray

__all__ = [
    "Results",
    "measure_missing",
    "medians_of",
    "options_of",
    "print_table",
    "regrets_as_figures",
    "runs_of",
    "software",
    "spread",
]

FOLDER = Path(__file__).parent / "results"
KEYS = ["problem", "method", "seed"]


class Results:
    """Measured rows in a CSV file, one for each problem, method and seed, written when they are measured.

    Parameters
    ----------
    file : Path
        Made with the first row.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _keys(self.frame())

    def frame(self) -> pd.DataFrame:
        """Return the rows; "problem" and "method" are text."""
        if not self._file.exists():
            return pd.DataFrame(columns=KEYS)
        return pd.read_csv(self._file, dtype={"problem": str, "method": str})

    def has(self, problem: str, method: str, seed: int) -> bool:
        """Tell whether this was measured."""
        return (problem, method, seed) in self._known

    def add(self, row: Mapping[str, Any]) -> None:
        """Write one row at the end of the file."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._file.exists()
        columns = list(row) if is_new else pd.read_csv(self._file, nrows=0).columns
        pd.DataFrame([row], columns=columns).to_csv(self._file, mode="a", header=is_new, index=False)
        self._known.add((row["problem"], row["method"], row["seed"]))

    def drop(self, options: argparse.Namespace) -> None:
        """Take the rows that are asked for out of the file."""
        if self._known:
            rows = self.frame()
            rows = rows[~_is_asked(rows, options)]
            rows.to_csv(self._file, index=False)
            self._known = _keys(rows)


def regrets_as_figures(regrets: FloatArray, seconds_a_step: float, package: str) -> dict[str, Any]:
    """Return the figures of a search for the file.

    Parameters
    ----------
    regrets : ndarray of shape (n_steps + 1,)
        After the first design, and after each step.
    seconds_a_step : float
        Processor time.
    package : str
        What searched; its version is kept.
    """
    return {
        "n_steps": len(regrets) - 1,
        "regret": f"{regrets[-1]:.6g}",
        "seconds_a_step": f"{seconds_a_step:.4g}",
        "software": software(package),
        "regrets": " ".join(f"{regret:.4g}" for regret in regrets),
    }


def options_of(
    name: str,
    about: str | None,
    methods: Iterable[str],
    problems: Iterable[str],
    n_seeds: int,
    short: Mapping[str, Any],
    arguments: list[str] | None,
    *,
    add: Callable[[argparse.ArgumentParser], None] | None = None,
) -> argparse.Namespace:
    """Return the options that all benchmarks of kept rows share.

    Parameters
    ----------
    name : str
        Of the benchmark, and of its CSV file.
    about : str or None
        The module's docstring.
    methods, problems : iterable of str
        Those there are; all are measured by default.
    n_seeds : int
        Default number of seeds.
    short : mapping
        Defaults that `--short` puts in place of these.
    arguments : list of str or None
        As given, by default those of the command line.
    add : callable, optional
        Adds options of one benchmark.

    Returns
    -------
    Namespace
        short, methods, problems, seeds (the number), busy (the number), again, show, results (the file; rows
        measured beside busy processes have one of their own).
    """
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--short", action="store_true", help="under a minute; the CSV file is left alone")
    parser.add_argument("--methods", nargs="+", choices=list(methods), default=list(methods))
    parser.add_argument("--problems", nargs="+", choices=list(problems), default=list(problems))
    parser.add_argument("--seeds", type=int, default=n_seeds, help="number of seeds, counted from 0")
    add_busy(parser)
    parser.add_argument("--again", action="store_true", help="measure again what the file has")
    parser.add_argument("--show", action="store_true", help="measure nothing, print what the file has")
    parser.add_argument("--results", type=Path, help="the CSV file")
    if add is not None:
        add(parser)
    first = parser.parse_args(arguments)
    beside = f"_busy{first.busy}" if first.busy else ""
    folder = Path(tempfile.mkdtemp()) if first.short else FOLDER
    parser.set_defaults(results=folder / f"{name}{beside}.csv", **(short if first.short else {}))
    return parser.parse_args(arguments)


def measure_missing(
    options: argparse.Namespace, measure: Callable[[str, str, int], dict[str, Any]]
) -> pd.DataFrame:
    """Measure what is asked for and not in the file, method by method, and return all rows asked for.

    Parameters
    ----------
    options : Namespace
        From `options_of`.
    measure : callable
        From a problem, a method and a seed to the figures of a row.

    Returns
    -------
    DataFrame
        The columns problem, method, seed, and the figures.
    """
    results = Results(options.results)
    if options.again and not options.show:
        results.drop(options)
    keys = product(options.problems, options.methods, range(0 if options.show else options.seeds))
    missing = [key for key in keys if not results.has(*key)]
    with busy_processes(options.busy if missing else 0):
        for key in sorted(missing, key=lambda key: options.methods.index(key[1])):
            results.add(dict(zip(KEYS, key, strict=True)) | measure(*key))
    rows = results.frame()
    return rows[_is_asked(rows, options)]


def runs_of(
    frame: pd.DataFrame, problems: Iterable[str], methods: Iterable[str]
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield each problem and method with their rows over the seeds, where there are any."""
    for problem, method in product(problems, methods):
        runs = frame[(frame["problem"] == problem) & (frame["method"] == method)]
        if len(runs):
            yield problem, method, runs


def medians_of(frame: pd.DataFrame, column: str) -> dict[tuple[str, str], float]:
    """Return the median of a column over the seeds, by problem and method."""
    keys = frame[["problem", "method"]].drop_duplicates().itertuples(index=False, name=None)
    return {
        (problem, method): float(runs[column].median())
        for key in keys
        for problem, method, runs in runs_of(frame, key[:1], key[1:])
    }


def print_table(title: str, header: list[str], rows: list[list[str]], *, busy: int = 0) -> None:
    """Print the machine, what the figures are, how many processes ran beside, and the table."""
    beside = f"; {describe_load(busy)}" if busy else ""
    print(f"{describe()}\n{title}{beside}\n\n{markdown(header, rows)}\n")


def spread(values: pd.Series) -> str:
    """Return the median and, in parentheses, the quartiles."""
    low, middle, high = (f"{value:.3g}" for value in values.quantile([0.25, 0.5, 0.75]))
    return middle if low == high else f"{middle} ({low} to {high})"


def software(package: str = "bnnopt") -> str:
    """Return the name of a package and its version; bnnopt need not be installed."""
    return f"{package} {bnnopt.__version__ if package == 'bnnopt' else version(package)}"


def _keys(rows: pd.DataFrame) -> set[tuple[Any, ...]]:
    return set(rows[KEYS].itertuples(index=False, name=None))


def _is_asked(rows: pd.DataFrame, options: argparse.Namespace) -> pd.Series:
    is_asked = rows["method"].isin(options.methods) & rows["problem"].isin(options.problems)
    return is_asked & (rows["seed"] < options.seeds)
