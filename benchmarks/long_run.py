"""A long run: whether memory and the time of an ask stay as they are, ask after ask.

Run `python -m benchmarks.long_run` (`--short` for CI). On the four-dimensional Rosenbrock function a
`BayesianOptimizer` with the default surrogate is asked for one setting and told its value, 150 times. Noted
after each ask are its seconds and the memory that the process holds then (resident, not its peak). What comes
before the first ask that trains networks, which loads TensorFlow, is not counted.

The bars: memory grows by less than 20 MB from that ask to the last, and no later ask takes more than twice
the median of them.
"""

import argparse
import gc
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks._peers import OPTIMIZERS, SequentialOptimizer
from benchmarks._surrogates import DEFAULT
from benchmarks._timing import CLOCKS, Bar, at_most, threads
from benchmarks.machine import describe, markdown
from bnnopt.testing import make_problem

PROBLEM, N_INITIAL, N_ASKS, N_ASKS_SHORT = "rosenbrock", 8, 150, 20
MEGABYTE = 2**20
GROWTH_BAR, TIME_BAR = at_most(20), at_most(2)
HEADER = ["asks", "seconds an ask: median (largest)", "memory at the end, MB"]
N_PARTS = 5  # rows of the table


class Ask(NamedTuple):
    """One ask of the run.

    Attributes
    ----------
    seconds : float
        Of `ask` alone.
    megabytes : float
        That the process holds after it.
    has_networks : bool
        Whether TensorFlow is loaded.
    """

    seconds: float
    megabytes: float
    has_networks: bool


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table and hold it against the bars."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--short", action="store_true", help="20 asks")
    parser.add_argument("--asks", type=int, help="settings asked for, each told before the next")
    parser.add_argument("--asking", default=DEFAULT, choices=list(OPTIMIZERS), help="a method of `_peers`")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="processor on a busy machine")
    options = parser.parse_args(arguments)
    asks = run(options.asking, options.asks or (N_ASKS_SHORT if options.short else N_ASKS), options.clock)
    how = f"{options.clock} time, threads {threads()}"
    print(f"{describe()}\n{options.asking} on {PROBLEM}, {len(asks)} asks; {how}\n")
    print(f"{markdown(HEADER, rows_of(asks))}\n\n{verdict(asks)}")


def run(method: str, n_asks: int, clock: str = "wall") -> list[Ask]:
    """Ask and tell, one setting at a time; `clock` is a key of `CLOCKS`."""
    problem = make_problem(PROBLEM)
    optimizer: SequentialOptimizer = OPTIMIZERS[method](np.array(problem.bounds), N_INITIAL, 0)
    return [_ask(optimizer, problem.function, CLOCKS[clock]) for _ in range(n_asks)]


def _ask(optimizer: SequentialOptimizer, function: object, now: Callable[[], float]) -> Ask:
    start = now()
    x = optimizer.ask()
    seconds = now() - start
    optimizer.tell(x, float(function(x[None])[0]))  # type: ignore[operator]
    gc.collect()
    return Ask(seconds, memory() / MEGABYTE, "tensorflow" in sys.modules)


def memory() -> float:
    """Return the bytes that this process holds; where that is not known, the most that it held."""
    file = Path("/proc/self/statm")
    if file.exists():
        return int(file.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def counted(asks: list[Ask]) -> list[Ask]:
    """Return the asks from the first with networks on, that one too; all if there is none."""
    first = next((number for number, ask in enumerate(asks) if ask.has_networks), 0)
    return asks[first:]


def rows_of(asks: list[Ask]) -> list[list[str]]:
    """Return a row for each fifth of the run."""
    parts = [part.tolist() for part in np.array_split(np.arange(len(asks)), N_PARTS) if len(part)]
    rows = []
    for numbers in parts:
        seconds = [asks[number].seconds for number in numbers]
        times = f"{np.median(seconds):.2g} ({max(seconds):.2g})"
        rows.append([f"{numbers[0] + 1} to {numbers[-1] + 1}", times, f"{asks[numbers[-1]].megabytes:.0f}"])
    return rows


def verdict(asks: list[Ask]) -> str:
    """Say how memory and time went after the first ask with networks, and whether that meets the bars."""
    first, *later = counted(asks)
    if not later:
        return "bars: need an ask after the first with networks"
    growth = later[-1].megabytes - first.megabytes
    seconds = [ask.seconds for ask in later]
    ratio = max(seconds) / float(np.median(seconds))
    return "\n".join(
        [
            f"- memory grew by {growth:.1f} MB over {len(later)} asks {_against(GROWTH_BAR, growth)}",
            f"- largest ÷ median of the seconds of an ask: {ratio:.2f} {_against(TIME_BAR, ratio)}",
        ]
    )


def _against(bar: Bar, value: float) -> str:
    return f"(bar {bar}; met: {bar.verdict(value)})"


if __name__ == "__main__":
    main()
