"""Scoring a stream of candidates, keeping the best and a sample: memory stays flat however many come.

The surrogate scores the first candidates. If more come, a proxy that has learned from these screens the
others, and the surrogate scores those that the proxy likes best.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from bnnopt._tables import as_named, with_columns
from bnnopt._typing import BoolArray, FloatArray
from bnnopt._validation import require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._maximum._proxy import Proxy, fit_proxy
from bnnopt.optimizer._search import Search
from bnnopt.space import SearchSpace

__all__ = ["EXACT_ROWS", "NoCandidateError", "Pool", "PoolScan", "PoolScores", "blocks_of"]

EXACT_ROWS = 16_384  # of a block too
ROWS_OF_THE_SPACE = 2_048

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
    """What is kept of a stream while it goes by.

    Parameters
    ----------
    search : Search
        Surrogate and acquisition.
    n_best, n_sample : int
        Settings to keep: new ones of highest score, and some drawn from all alike.
    rng : numpy.random.Generator
        Draws the sample and the proxy.
    is_screened : bool, default=True
        Whether a proxy may stand in for the surrogate beyond `EXACT_ROWS` candidates.

    Attributes
    ----------
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
        self._search, self._rng, self._is_screened = search, rng, is_screened
        self._best, self._sample = _Top(n_best, search.is_new), _Top(n_sample)
        self._hopeful = _Top(max(EXACT_ROWS, n_best), search.is_new)
        self._first: list[pd.DataFrame] = []
        self._proxy: Proxy | None = None
        self.n_candidates = self.n_exact = 0

    def run(self, blocks: Iterable[pd.DataFrame]) -> tuple[pd.DataFrame, FloatArray]:
        """Score what `blocks_of` yields; return the best of its new settings and their scores, best first."""
        for frame in blocks:
            self._add(frame)
        if self._proxy is not None:
            self._score(self._hopeful.frame)
        return self._best.sorted()

    @property
    def sample(self) -> pd.DataFrame:
        """Settings drawn from all that came, each with the same probability."""
        return self._sample.frame

    def _add(self, frame: pd.DataFrame) -> None:
        self.n_candidates += len(frame)
        self._sample.add(frame, self._rng.random(len(frame)))
        if not self._is_screened:
            self._score(frame)
        elif self.n_exact < EXACT_ROWS:
            self._first.append(frame)
            self._score(frame)
        else:
            self._hopeful.add(frame, self._guess(frame))

    def _score(self, frame: pd.DataFrame) -> None:
        """Score by the surrogate."""
        for start in range(0, len(frame), EXACT_ROWS):
            part = frame.iloc[start : start + EXACT_ROWS]
            self._best.add(part, self._search.score(part))
        self.n_exact += len(frame)

    def _guess(self, frame: pd.DataFrame) -> FloatArray:
        """Score by the proxy, which learns from the first candidates and some of the whole space."""
        search = self._search
        if self._proxy is None:
            known = pd.concat([*self._first, search.everywhere(ROWS_OF_THE_SPACE, self._rng).settings])
            points = search.model_space.encode(known)
            self._proxy = fit_proxy(points, *search.moments(points), self._rng)
            self._first = []
        points = search.model_space.encode(frame)
        return search.score_moments(*self._proxy.moments(points), points)


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
            frame = _feasible(table.iloc[start : start + EXACT_ROWS], number, search)
            n_feasible += len(frame)
            if len(frame):
                yield frame
    if not n_feasible:
        raise NoCandidateError(
            f"None of the {n_rows} candidate(s) is inside the bounds, steps and constraints of the space. "
            "Check their units, or loosen the space."
        )


def _feasible(table: pd.DataFrame, number: int, search: Search) -> pd.DataFrame:
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


class _Top:
    """The rows of the largest keys so far, at most `n` of them; equal keys: the first.

    Rows are sorted out when twice as many have come, or when they are asked for; `is_new`, where it is
    given, says which rows of a table to keep at all.
    """

    def __init__(self, n: int, is_new: Callable[[pd.DataFrame], BoolArray] | None = None) -> None:
        self._n, self._is_new = n, is_new
        self._frames: list[pd.DataFrame] = []
        self._keys: list[FloatArray] = []
        self._least = -np.inf if n else np.inf

    @property
    def frame(self) -> pd.DataFrame:
        """The rows, in the order in which they came."""
        self._sort_out()
        return self._frames[0]

    def add(self, frame: pd.DataFrame, keys: FloatArray) -> None:
        """Take those rows that may belong among the largest; a key of -inf never does."""
        is_wanted = keys > self._least
        if self._frames and not is_wanted.any():
            return
        self._frames.append(frame[is_wanted])
        self._keys.append(keys[is_wanted])
        if sum(map(len, self._keys)) > 2 * self._n:
            self._sort_out()

    def sorted(self) -> tuple[pd.DataFrame, FloatArray]:
        """Return rows and keys, the largest first."""
        self._sort_out()
        order = np.argsort(-self._keys[0], kind="stable")
        return self._frames[0].iloc[order].reset_index(drop=True), self._keys[0][order]

    def _sort_out(self) -> None:
        frame, keys = pd.concat(self._frames, ignore_index=True), np.concatenate(self._keys)
        if self._is_new is not None:
            is_kept = self._is_new(frame)
            frame, keys = frame[is_kept], keys[is_kept]
        order = np.sort(np.argsort(-keys, kind="stable")[: self._n])
        self._frames, self._keys = [frame.iloc[order]], [keys[order]]
        if 0 < self._n == len(order):
            self._least = float(keys[order].min())
