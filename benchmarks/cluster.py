"""A pool of candidates scored by two workers of a dask cluster on this machine, against one process.

Run `python -m benchmarks.cluster` (`--short` for CI). A model of 100 rows and six inputs
(`gaussian_process_ensemble` by default) scores `--candidates` random settings.

- "screened": beyond 16,384 candidates a proxy says which of them the model has to score. One process reads
  the same partitions as a stream; the workers get the dask DataFrame, and draw the settings themselves. Bar:
  at least 1.6 times as fast on two cores.
- "by the model alone": `is_screened=False`, for `--exact-candidates`.
- "through joblib": the stream once more, under `joblib.parallel_config(backend="dask")`. Settings are drawn
  by the one process and sent, so less is gained.
- "identical": whether the best 100 of all ways are the same to the last bit.

The cluster is started before anything is measured. Workers have one thread each, and give memory back to the
system as any process does: dask sets `MALLOC_TRIM_THRESHOLD_` for them, so that they do it at every chance,
which makes arrays of a few hundred kilobytes several times as dear (`--trim` leaves that as it is).
"""

import argparse
from collections.abc import Callable
from typing import Any

import joblib
import pandas as pd

from benchmarks._tables import synthetic_table
from benchmarks._timing import (
    Times,
    at_least,
    compare,
    loaded,
    parse,
    print_ratios,
    take_turns,
    timing_parser,
)
from bnnopt.integrations.dask import random_partitions
from bnnopt.objectives import Maximize
from bnnopt.optimizer import BayesianOptimizer, PoolScores
from bnnopt.space import Real, SearchSpace

N_ROWS, N_INPUTS, N_WORKERS = 100, 6, 2
DEFAULT = "gaussian_process_ensemble"
SHORT = {"repeats": 1, "candidates": 60_000, "exact_candidates": 30_000}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
ONE, CLUSTER, JOBLIB = "1 process", f"{N_WORKERS} workers", f"{N_WORKERS} workers through joblib"


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    import dask
    from dask.distributed import Client, LocalCluster

    parser = timing_parser(__doc__)
    parser.set_defaults(repeats=3)
    parser.add_argument("--rows", type=int, default=N_ROWS, help="told to the optimizer")
    parser.add_argument("--candidates", type=int, default=10_000_000)
    parser.add_argument("--exact-candidates", type=int, default=500_000)
    parser.add_argument("--surrogate", default=DEFAULT, help="a key of the registry")
    parser.add_argument("--trim", action="store_true", help="leave dask's MALLOC_TRIM_THRESHOLD_ in place")
    options = parse(parser, SHORT, arguments)
    environ = {} if options.trim else {"distributed.nanny.pre-spawn-environ": ONE_THREAD}
    optimizer = _told(options)
    with dask.config.set(environ):
        cluster = LocalCluster(n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=None)
    with loaded(options), cluster, Client(cluster):
        screened = _measured(optimizer, options.candidates, options, is_screened=True)
        exact = _measured(optimizer, options.exact_candidates, options, is_screened=False)
    rows = [
        compare("screened", screened, ONE, CLUSTER, at_least(1.6)),
        compare("screened", screened, ONE, JOBLIB),
        compare("by the model alone", exact, ONE, CLUSTER),
        compare("by the model alone", exact, ONE, JOBLIB),
    ]
    title = f"{options.surrogate}, {options.rows} rows, {options.candidates:,} candidates screened, "
    print_ratios(title + f"{options.exact_candidates:,} by the model alone", options, rows)
    print(_per_million(screened, options.candidates, "screened"))
    print(_per_million(exact, options.exact_candidates, "by the model alone"))
    print(f"- best 100 identical: {_identical(screened)} screened, {_identical(exact)} by the model alone")


def _told(options: argparse.Namespace) -> BayesianOptimizer:
    """Return an optimizer that has been told the rows, and has fitted."""
    X, y = synthetic_table(options.rows, 0)
    space = SearchSpace([Real(f"x{place}", 0.0, 1.0) for place in range(N_INPUTS)])
    optimizer = BayesianOptimizer(space, [Maximize("y")], surrogate=options.surrogate, random_state=0)
    optimizer.tell(pd.DataFrame(X[:, :N_INPUTS], columns=space.names), y[:, 0])
    optimizer.score_pool(space.sample(10, random_state=0))
    return optimizer


def _measured(
    optimizer: BayesianOptimizer, n: int, options: argparse.Namespace, *, is_screened: bool
) -> Times:
    """Measure the ways in turns."""
    pool = random_partitions(optimizer.space, n, random_state=1)

    def stream() -> PoolScores:
        parts = (part.compute(scheduler="synchronous") for part in pool.partitions)
        return optimizer.score_pool(parts, is_screened=is_screened)

    def through_joblib() -> PoolScores:
        with joblib.parallel_config(backend="dask"):
            return stream()

    work: dict[str, Callable[[], Any]] = {
        ONE: stream,
        CLUSTER: lambda: optimizer.score_pool(pool, is_screened=is_screened),
        JOBLIB: through_joblib,
    }
    return take_turns(work, options.repeats, clock=options.clock)


def _per_million(times: Times, n: int, way: str) -> str:
    """Say what a million candidates cost."""
    one, two = (times.median(name) * 1e6 / n for name in (ONE, CLUSTER))
    return f"- a million {way}: {one:.3g} s by {ONE}, {two:.3g} s by {CLUSTER}"


def _identical(times: Times) -> str:
    best = [found.best for found in times.results.values()]
    return "yes" if all(best[0].equals(other) for other in best[1:]) else "no"


if __name__ == "__main__":
    main()
