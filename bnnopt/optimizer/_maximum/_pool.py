"""Scoring a stream of candidates, keeping the best and a sample: memory stays flat however many come.

The surrogate scores the first candidates. If more come, a proxy that has learned from these screens the
others, and the surrogate scores those that the proxy likes best.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import numpy as np
import pandas as pd

from bnnopt._parallel import n_at_once, spread
from bnnopt._tables import as_named, with_columns
from bnnopt._typing import FloatArray
from bnnopt._validation import require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._maximum._proxy import Proxy, fit_proxy
from bnnopt.optimizer._maximum._top import Top
from bnnopt.optimizer._search import Search
from bnnopt.space import SearchSpace

__all__ = [
    "EXACT_ROWS",
    "NoCandidateError",
    "Pool",
    "PoolScan",
    "PoolScores",
    "blocks_of",
    "feasible",
    "nothing_feasible",
    "scores_of",
]

EXACT_ROWS = 16_384  # of a block too
ROWS_OF_THE_SPACE = 2_048
BLOCKS_AHEAD = 4  # for each of the workers of joblib, where there are several

Keyed: TypeAlias = tuple[pd.DataFrame, FloatArray]
Pool: TypeAlias = pd.DataFrame | Iterable[pd.DataFrame]


class NoCandidateError(InvalidDataError):
    """No candidate of a pool is where the search may choose."""


@dataclass(frozen=True)
class PoolScores:
    """What `BayesianOptimizer.score_pool` returns.

    Parameters
    ----------
    best : DataFrame of at most `n_best` rows
        Settings, predictions and scores as `ask` gives them, best first.
    sample : DataFrame of at most `n_sample` rows
        The same for candidates drawn from all, each with the same probability.
    n_candidates : int
        Feasible candidates that came.
    n_exact : int
        How many of them the surrogate scored; a proxy screened the others.
    """

    best: pd.DataFrame
    sample: pd.DataFrame
    n_candidates: int
    n_exact: int


class PoolScan:
    """What is kept of a pool while it goes by.

    Parameters
    ----------
    search : Search
        Surrogate and acquisition.
    n_best, n_sample : int
        Settings to keep: new ones of highest score, and some drawn from all alike.
    rng : numpy.random.Generator
        Its children draw the sample and the proxy.
    is_screened : bool, default=True
        Whether a proxy may stand in for the surrogate beyond `EXACT_ROWS` candidates.

    Attributes
    ----------
    search, n_sample, is_screened
        As given.
    seed : int
        Seeds the samples of candidates that are scored elsewhere.
    n_candidates, n_exact : int
        Feasible candidates that came, and how many of them the surrogate scored.
    """

    def __init__(
        self,
        search: Search,
        n_best: int,
        n_sample: int,
        rng: np.random.Generator,
        *,
        is_screened: bool = True,
    ) -> None:
        self.search, self.n_sample, self.is_screened = search, n_sample, is_screened
        self._sample_rng, self._proxy_rng, seeds = rng.spawn(3)
        self.seed = int(seeds.integers(2**32))
        self._best, self._sample = Top(n_best, search.is_new), Top(n_sample)
        self._n_best, self._n_hopeful = n_best, max(EXACT_ROWS, n_best)
        self._hopeful = Top(self._n_hopeful, search.is_new)
        self._first: list[pd.DataFrame] = []
        self._proxy: Proxy | None = None
        self.n_candidates = self.n_exact = 0

    def run(self, blocks: Iterable[pd.DataFrame]) -> tuple[pd.DataFrame, FloatArray]:
        """Score what `blocks_of` yields; return the best of its new settings and their scores, best first."""
        n, blocks = n_at_once(), iter(blocks)
        size = 1 if n == 1 else BLOCKS_AHEAD * n
        while group := list(islice(blocks, size)):
            self.add(group)
        return self.finished()

    def add(self, group: list[pd.DataFrame]) -> None:
        """Score blocks side by side and keep what is good of them, in their order."""
        proxies = [self._counted(frame) for frame in group]
        calls = [(self.search, proxy, frame) for proxy, frame in zip(proxies, group, strict=True)]
        for (_, proxy, frame), keys in zip(calls, spread(scores_of, calls), strict=True):
            (self._best if proxy is None else self._hopeful).add(frame, keys)

    def add_kept(self, n: int, best: Keyed, sample: Keyed) -> None:
        """Take the best and the sample of `n` candidates that were scored elsewhere, by `proxy`."""
        self.n_candidates += n
        self.n_exact += 0 if self.is_full else n
        self._sample.add(*sample)
        (self._hopeful if self.is_full else self._best).add(*best)

    def finished(self) -> tuple[pd.DataFrame, FloatArray]:
        """Let the surrogate score what the proxy liked best; return the best settings and scores."""
        if self._proxy is not None:
            hopeful = self._hopeful.frame
            self._best.add(hopeful, scores_of(self.search, None, hopeful))
            self.n_exact += len(hopeful)
        return self._best.sorted()

    @property
    def sample(self) -> pd.DataFrame:
        """Settings drawn from all that came, each with the same probability."""
        return self._sample.frame

    @property
    def is_full(self) -> bool:
        """Whether the surrogate has scored what it scores of a screened pool, and a proxy the rest."""
        return self.is_screened and (self._proxy is not None or self.n_exact >= EXACT_ROWS)

    @property
    def n_kept(self) -> int:
        """How many of those scored elsewhere to keep."""
        return self._n_hopeful if self.is_full else self._n_best

    @property
    def proxy(self) -> Proxy | None:
        """What scores further candidates: None is the surrogate.

        The proxy learns from the first candidates and some of the whole space.
        """
        if self._proxy is None and self.is_full:
            search, rng = self.search, self._proxy_rng
            known = pd.concat([*self._first, search.everywhere(ROWS_OF_THE_SPACE, rng).settings])
            points = search.model_space.encode(known)
            self._proxy, self._first = fit_proxy(points, *search.moments(points), rng), []
        return self._proxy

    def _counted(self, frame: pd.DataFrame) -> Proxy | None:
        """Count a block, draw from it, and say what scores it."""
        self.n_candidates += len(frame)
        self._sample.add(frame, self._sample_rng.random(len(frame)))
        if not self.is_full:
            self.n_exact += len(frame)
            self._first += [frame] if self.is_screened else []
            return None
        return self.proxy


def scores_of(search: Search, proxy: Proxy | None, frame: pd.DataFrame) -> FloatArray:
    """Score settings by the surrogate, or by a proxy that stands in for it; shape (n,)."""
    parts = [frame.iloc[start : start + EXACT_ROWS] for start in range(0, len(frame), EXACT_ROWS)]
    if proxy is None:
        return np.concatenate([np.empty(0), *map(search.score, parts)])
    return np.concatenate([np.empty(0), *(_guessed(search, proxy, part) for part in parts)])


def _guessed(search: Search, proxy: Proxy, frame: pd.DataFrame) -> FloatArray:
    """Score settings by a proxy."""
    points = search.model_space.encode(frame)
    return search.score_moments(*proxy.moments(points), points)


def blocks_of(pool: Pool, search: Search) -> Iterator[pd.DataFrame]:
    """Yield the feasible settings of a table or a stream of tables, with the context, at least one block.

    However the stream is cut into tables, the blocks are the same: of `EXACT_ROWS` rows, the last of fewer.

    Raises
    ------
    InvalidDataError
        A part of the stream is no table, misses a column or has a cell that is no setting (the message says
        which part), or nothing in it is feasible.
    """
    held: list[pd.DataFrame] = []
    n_held = 0
    for part in _feasible_parts(pool, search):
        held.append(part)
        n_held += len(part)
        if n_held >= EXACT_ROWS:
            frame = pd.concat(held, ignore_index=True)
            yield frame.iloc[:EXACT_ROWS]
            held, n_held = [frame.iloc[EXACT_ROWS:]], n_held - EXACT_ROWS
    if n_held:
        yield pd.concat(held, ignore_index=True)


def _feasible_parts(pool: Pool, search: Search) -> Iterator[pd.DataFrame]:
    n_rows = n_feasible = 0
    for number, part in enumerate([pool] if isinstance(pool, pd.DataFrame) else pool):
        table = as_named(part)
        if table is None:
            raise InvalidDataError(
                f"candidates: part {number} is of type {type(part).__name__}; expected a DataFrame of "
                "settings, or an iterable of them."
            )
        n_rows += len(table)
        for start in range(0, len(table), EXACT_ROWS):
            frame = feasible(table.iloc[start : start + EXACT_ROWS], number, search)
            n_feasible += len(frame)
            if len(frame):
                yield frame
    if not n_feasible:
        raise nothing_feasible(n_rows)


def nothing_feasible(n_rows: int) -> NoCandidateError:
    """Return the error of a pool in which no row is feasible."""
    return NoCandidateError(
        f"None of the {n_rows} candidate(s) is inside the bounds, steps and constraints of the space. "
        "Check their units, or loosen the space."
    )


def feasible(table: pd.DataFrame, number: int, search: Search) -> pd.DataFrame:
    """Return the feasible settings of a part of a pool, with the context."""
    try:
        require_columns(table, search.model_space.setting_names, "candidates")
        table = _settable(search.space.with_levels(table), search.model_space)
        frame = with_columns(table[search.agrees(table)], search.context)[search.space.names]
        return frame[search.space.is_feasible(frame)].reset_index(drop=True)
    except InvalidDataError as error:
        raise InvalidDataError(f"candidates, part {number}: {error}") from error


def _settable(table: pd.DataFrame, space: SearchSpace) -> pd.DataFrame:
    """Return the rows on the grids of a space, without their round-off; all rows where there are no grids."""
    stepped = [each for each in space.settings if each.name in space.stepped_names]
    if not stepped:
        return table
    is_kept = np.all([each.codec.is_inside(table, each.name) for each in stepped], axis=0)
    return space.rounded(table[is_kept])
