"""Processes that keep cores busy beside a measurement, as other work on a machine in use does."""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

__all__ = ["add_busy", "busy_processes", "can_pin", "describe_load", "first_core"]

LONGEST_SECONDS = 4 * 3600.0  # after which a busy process ends whatever happens
SPIN = """
import os, sys, time
parent, core, end = int(sys.argv[1]), sys.argv[2], time.monotonic() + float(sys.argv[3])
if core != "any":
    os.sched_setaffinity(0, {int(core)})
print("busy", flush=True)
while time.monotonic() < end and os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


def add_busy(parser: argparse.ArgumentParser) -> None:
    """Add the option `--busy`, how many processes keep cores busy beside a measurement."""
    about = "processes that keep cores busy beside the measurement"
    parser.add_argument("--busy", type=_count, default=0, metavar="N", help=about)


@contextmanager
def busy_processes(
    n: int, pinned_to: int | None = None, *, longest_seconds: float = LONGEST_SECONDS
) -> Iterator[list[int]]:
    """Keep cores busy within the block, and end the processes that do it whatever happens there.

    Each process counts without a pause. It ends by itself when the process that started it is gone, and
    after `longest_seconds`.

    Parameters
    ----------
    n : int
        Number of processes, at least 0.
    pinned_to : int or None, default=None
        The core that all of them stay on; by default the operating system places them.
    longest_seconds : float, default=14400
        Seconds after which they end by themselves.

    Yields
    ------
    list of int
        Their process ids; all of them are busy already.

    Raises
    ------
    RuntimeError
        One of them ended before the block did, so that what was measured had less beside it; or
        the system cannot keep a process on a core.
    """
    if pinned_to is not None and not can_pin():
        raise RuntimeError("this system has no os.sched_setaffinity to keep a process on one core.")
    core = "any" if pinned_to is None else str(pinned_to)
    with ExitStack() as stack:
        running = [stack.enter_context(_ended(_start(core, longest_seconds))) for _ in range(n)]
        for process in running:
            process.stdout.readline()
        yield [process.pid for process in running]
        if any(process.poll() is not None for process in running):
            raise RuntimeError(f"a busy process ended before the measurement (limit {longest_seconds:g} s).")


def can_pin() -> bool:
    """Tell whether the system can keep a process on one core."""
    return hasattr(os, "sched_setaffinity")


def first_core() -> int:
    """Return the number of the first core that this process may run on."""
    return min(os.sched_getaffinity(0))


def describe_load(n: int, *, is_pinned: bool = False) -> str:
    """Say what runs beside a measurement."""
    if not n:
        return "idle"
    processes = "1 busy process" if n == 1 else f"{n} busy processes"
    return f"beside {processes}{' on one core' if is_pinned else ''}"


def _count(text: str) -> int:
    """Read a whole number of at least 0."""
    if (n := int(text)) < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, got {n}")
    return n


def _start(core: str, longest_seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SPIN, str(os.getpid()), core, str(longest_seconds)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End a process when the block ends."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
