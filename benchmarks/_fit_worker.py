"""A process that fits and predicts when it is told to, so that its threads and its caches are its own.

`python -m benchmarks._fit_worker KEY ROWS` fits the surrogate KEY to ROWS rows of a synthetic table
(`benchmarks._tables`, first outcome, nine inputs) and predicts 1,000 others; then it does so again for each
number that it reads, the seed of another table and of the surrogate. After each it writes the seconds.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ["ONE_THREAD", "FitWorker", "Seconds"]

N_PREDICTED, SEED_PREDICTED = 1000, 10_000
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


@dataclass(frozen=True)
class Seconds:
    """Seconds of one fit and prediction.

    Attributes
    ----------
    fit_wall, fit_processor : float
        Of the fit, by the clock on the wall and of all threads together.
    wall, processor : float
        Of fit and prediction.
    """

    fit_wall: float
    fit_processor: float
    wall: float
    processor: float


class FitWorker:
    """The side of the process that tells it to fit; a context manager, at whose end the process ends.

    Parameters
    ----------
    surrogate : str
        A key of the registry.
    n_rows : int
        Rows of the table.
    threads : mapping of str to str, default={}
        Environment variables that limit threads; those of `ONE_THREAD` that are not here are not set.

    Attributes
    ----------
    first : Seconds
        Of the first fit of the process, from before anything of bnnopt was imported.
    """

    def __init__(self, surrogate: str, n_rows: int, threads: Mapping[str, str] | None = None) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._fit_worker", surrogate, str(n_rows)],
            cwd=Path(__file__).parents[1],
            env={**kept, **(threads or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Wait for the first fit."""
        try:
            self.first = self._read()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def measure(self, seed: int) -> Seconds:
        """Fit and predict once more, with the table and the random numbers of a seed."""
        self._process.stdin.write(f"{seed}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Seconds:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process that fits ended with status {self._process.wait()}.")
        return Seconds(**json.loads(line))


def main(surrogate: str, n_rows: int) -> None:
    """Fit once, and then for each line of the standard input; seconds go to the standard output."""
    replies, sys.stdout = sys.stdout, sys.stderr
    start, seed = (time.perf_counter(), 0.0), "0"
    while seed:
        print(json.dumps(_one_fit(surrogate, n_rows, int(seed), start)), file=replies, flush=True)
        seed = sys.stdin.readline()
        start = _now()


def _one_fit(surrogate: str, n_rows: int, seed: int, start: tuple[float, float]) -> dict[str, float]:
    """Fit and predict, and return the seconds since the start; the imports are here to count in the first."""
    from benchmarks._surrogates import fitted
    from benchmarks._tables import synthetic_table

    X, y = synthetic_table(n_rows, seed)
    model = fitted(surrogate, X, y[:, 0], random_state=seed)
    after_fit = _now()
    model.predict(synthetic_table(N_PREDICTED, SEED_PREDICTED)[0], return_std=True)
    names, ends = ["fit_wall", "fit_processor", "wall", "processor"], [*after_fit, *_now()]
    return {name: end - begin for name, end, begin in zip(names, ends, [*start, *start], strict=True)}


def _now() -> tuple[float, float]:
    """Return the time on the wall and that of the processor, in seconds."""
    return time.perf_counter(), time.process_time()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
