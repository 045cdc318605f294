"""Scoring a dask DataFrame: each partition where it lies, and only what is good of it comes back.

It is the scan of a stream (`_pool`) cut otherwise. The first candidates are scored here; from them the proxy
is learned, and model and proxy go to each worker once. A partition gives its best settings and a sample, and
these are joined in the order of the partitions, so that the order of arrival decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._dask import check_workers, shared
from bnnopt._tables import as_named
from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._maximum._pool import EXACT_ROWS, PoolScan, feasible, nothing_feasible, scores_of
from bnnopt.optimizer._maximum._proxy import Proxy
from bnnopt.optimizer._maximum._top import Top
from bnnopt.optimizer._search import Search

__all__ = ["scan_partitions"]

JOINED_AT_ONCE = 16  # partitions, then what was joined of as many, and so on


@dataclass(frozen=True)
class Kept:
    """What is kept of some partitions.

    Attributes
    ----------
    n_rows, n_feasible : int
        Rows looked at, and how many of them are feasible and were scored.
    best, sample : tuple of DataFrame and ndarray
        Settings and their keys, in the order in which they came.
    """

    n_rows: int
    n_feasible: int
    best: tuple[pd.DataFrame, FloatArray]
    sample: tuple[pd.DataFrame, FloatArray]


@dataclass(frozen=True)
class Scorer:
    """What a worker needs to score a partition: model, proxy or None, how many rows to keep, a seed."""

    search: Search
    proxy: Proxy | None
    n_best: int
    n_sample: int
    seed: int

    def of(self, table: Any, number: int, n_skipped: int) -> Kept:
        """Score a partition but for its first feasible rows, which were scored before."""
        left = feasible(_as_table(table, number), number, self.search).iloc[n_skipped:]
        best, sample = self._empty()
        sample.add(left, np.random.default_rng([self.seed, number]).random(len(left)))
        best.add(left, scores_of(self.search, self.proxy, left))
        return Kept(len(table), len(left), best.pair, sample.pair)

    def joined(self, parts: Sequence[Kept]) -> Kept:
        """Join what is kept of several, in their order."""
        best, sample = self._empty()
        for part in parts:
            best.add(*part.best)
            sample.add(*part.sample)
        counts = sum(part.n_rows for part in parts), sum(part.n_feasible for part in parts)
        return Kept(*counts, best.pair, sample.pair)

    def _empty(self) -> tuple[Top, Top]:
        return Top(self.n_best, self.search.is_new), Top(self.n_sample)


def scan_partitions(scan: PoolScan, table: Any) -> tuple[pd.DataFrame, FloatArray]:
    """Score a dask DataFrame; return the best new settings and their scores, best first.

    Raises
    ------
    InvalidDataError
        A partition misses a column or has a cell that is no setting (the message says which), or nothing is
        feasible.
    MissingDependencyError
        A worker cannot import bnnopt.
    """
    check_workers()
    parts = table.to_delayed()
    first, n_skipped = _first_rows(scan, parts)
    if len(first):
        scan.add([first])
    if len(n_skipped) < len(parts) or scan.is_full:
        scorer = Scorer(scan.search, scan.proxy, scan.n_kept, scan.n_sample, scan.seed)
        kept = _scored(scorer, parts, n_skipped)
        if not scan.n_candidates + kept.n_feasible:
            raise nothing_feasible(kept.n_rows)
        scan.add_kept(kept.n_feasible, kept.best, kept.sample)
    elif not len(first):
        raise nothing_feasible(len(table))
    return scan.finished()


def _first_rows(scan: PoolScan, parts: Sequence[Any]) -> tuple[pd.DataFrame, list[int]]:
    """Return the first feasible rows, which the surrogate scores, and how many each partition gave."""
    frames: list[pd.DataFrame] = []
    missing = EXACT_ROWS if scan.is_screened else 0
    for number, part in enumerate(parts if missing else []):
        table = _as_table(part.compute(), number)
        frames.append(feasible(table, number, scan.search).iloc[:missing])
        missing -= len(frames[-1])
        if not missing:
            break
    return pd.concat([pd.DataFrame(), *frames], ignore_index=True), [len(frame) for frame in frames]


def _scored(scorer: Scorer, parts: Sequence[Any], n_skipped: Sequence[int]) -> Kept:
    """Score all partitions by the workers and join what they keep, a few at a time."""
    from dask.delayed import delayed

    there = shared(scorer)
    score, join = delayed(Scorer.of), delayed(Scorer.joined)
    level = [
        score(there, part, number, skipped)
        for number, (part, skipped) in enumerate(zip_longest(parts, n_skipped, fillvalue=0))
    ]
    while len(level) > 1:
        groups = [level[start : start + JOINED_AT_ONCE] for start in range(0, len(level), JOINED_AT_ONCE)]
        level = [join(there, group) for group in groups]
    kept: Kept = level[0].compute()
    return kept


def _as_table(part: Any, number: int) -> pd.DataFrame:
    table = as_named(part)
    if table is None:
        raise InvalidDataError(
            f"candidates: partition {number} is of type {type(part).__name__}; expected a dask DataFrame, "
            "whose partitions are tables."
        )
    return table
