"""Wall time of several pieces of work measured in turns, and the ratios between them."""

import argparse
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks._load import add_busy, busy_processes, describe_load
from benchmarks.machine import describe, markdown
from bnnopt._typing import FloatArray

__all__ = [
    "CLOCKS",
    "Bar",
    "Ratio",
    "Times",
    "at_least",
    "at_most",
    "compare",
    "how",
    "loaded",
    "parse",
    "print_ratios",
    "repeats_parser",
    "take_turns",
    "threads",
    "timing_parser",
]

HEADER = ["work", "medians", "ratio (range over repeats)", "bar", "met"]
N_REPEATS = 5
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@dataclass(frozen=True)
class Ratio:
    """Ratio of two medians, with the smallest and the largest ratio over the repeats."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.median:.3g}"
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True)
class Bar:
    """What a ratio is held against.

    Attributes
    ----------
    limit : float
        The largest ratio that meets the bar, or the smallest.
    is_upper : bool
        Whether it is the largest.
    """

    limit: float
    is_upper: bool

    def is_met(self, ratio: float) -> bool:
        """Tell whether a ratio meets the bar."""
        return ratio <= self.limit if self.is_upper else ratio >= self.limit

    def verdict(self, ratio: float) -> str:
        """Say whether a ratio meets the bar: yes or no."""
        return "yes" if self.is_met(ratio) else "no"

    def __str__(self) -> str:
        return f"{'≤' if self.is_upper else '≥'} {self.limit:g}"


def at_least(limit: float) -> Bar:
    """Return the bar for ratios that should be large."""
    return Bar(limit, is_upper=False)


def at_most(limit: float) -> Bar:
    """Return the bar for ratios that should be small."""
    return Bar(limit, is_upper=True)


@dataclass(frozen=True)
class Times:
    """Seconds of pieces of work, by name.

    Attributes
    ----------
    seconds : dict of str to ndarray of shape (n_repeats,)
        In the order of the repeats: those of one repeat were measured one after the other.
    first : dict of str to float
        Of the first call of each, which is in no median; empty if there was no warm-up.
    results : dict of str to object
        What the last call of each returned.
    """

    seconds: dict[str, FloatArray]
    first: dict[str, float]
    results: dict[str, Any]

    def median(self, name: str) -> float:
        """Median seconds of one piece of work."""
        return float(np.median(self.seconds[name]))

    def ratio(self, above: str, below: str) -> Ratio:
        """Divide the medians of two pieces of work; the range is that of the ratios within a repeat."""
        ratios = self.seconds[above] / self.seconds[below]
        return Ratio(self.median(above) / self.median(below), float(ratios.min()), float(ratios.max()))

    def scaled(self, name: str, factor: float) -> "Times":
        """Multiply the seconds of a piece of work that was measured on a part of its rows."""
        return replace(self, seconds=self.seconds | {name: factor * self.seconds[name]})


def take_turns(
    work: Mapping[str, Callable[[], Any]],
    n_repeats: int,
    *,
    clock: str = "wall",
    is_warmed_up: bool = True,
) -> Times:
    """Call pieces of work in turns (A, B, C, A, B, C, ...), so that what else the machine does meets all.

    Parameters
    ----------
    work : mapping of str to callable
        Each must have finished when it returns.
    n_repeats : int
        Measured calls of each, at least 1.
    clock : {"wall", "processor"}, default="wall"
        A key of `CLOCKS`.
    is_warmed_up : bool, default=True
        Whether to make a first round that is kept apart.
    """
    results: dict[str, Any] = {}
    now = CLOCKS[clock]

    def one_round() -> dict[str, float]:
        seconds = {}
        for name, function in work.items():
            start = now()
            results[name] = function()
            seconds[name] = now() - start
        return seconds

    first = one_round() if is_warmed_up else {}
    rounds = [one_round() for _ in range(n_repeats)]
    return Times({name: np.array([one[name] for one in rounds]) for name in work}, first, results)


def compare(work: str, times: Times, above: str, below: str, bar: Bar | None = None) -> list[str]:
    """Return a row of the table: what is done, both medians in seconds, their ratio and its bar."""
    ratio = times.ratio(above, below)
    medians = f"{above} {times.median(above):.3g} s ÷ {below} {times.median(below):.3g} s"
    against = ["", ""] if bar is None else [str(bar), bar.verdict(ratio.median)]
    return [work, medians, str(ratio), *against]


def print_ratios(title: str, options: argparse.Namespace, rows: list[list[str]]) -> None:
    """Print the machine, what was measured and how, and rows from `compare`."""
    print(f"{describe()}\n{title}; {how(options)}\n\n{markdown(HEADER, rows)}\n")


def how(options: argparse.Namespace) -> str:
    """Say how often, by which clock, beside what and with how many threads something was measured."""
    load = describe_load(options.busy)
    return f"{options.repeats} repeats, {options.clock} time, {load}, threads {threads()}"


def loaded(options: argparse.Namespace) -> AbstractContextManager[object]:
    """Keep as many processes busy within the block as `--busy` asks for."""
    return busy_processes(options.busy)


def repeats_parser(about: str | None) -> argparse.ArgumentParser:
    """Return a parser of `--short` and `--repeats`; `about` is the docstring."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--short", action="store_true", help="under a minute: less work, two repeats")
    parser.add_argument("--repeats", type=int, default=N_REPEATS, help="measured calls of each")
    return parser


def timing_parser(about: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that all measurements of time share; `about` is the docstring."""
    parser = repeats_parser(about)
    add_busy(parser)
    about_clock = "processor time is that of all threads, and leaves out what else the machine does"
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help=about_clock)
    return parser


def parse(
    parser: argparse.ArgumentParser, short: Mapping[str, Any], arguments: list[str] | None
) -> argparse.Namespace:
    """Parse arguments, by default those of the command line; `--short` puts other defaults in place."""
    if parser.parse_args(arguments).short:
        parser.set_defaults(**short)
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {options.repeats}")
    return options


def threads() -> str:
    """Say which limits are set for the threads of NumPy and TensorFlow."""
    limits = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    return ", ".join(limits) if limits else "as the libraries choose"
