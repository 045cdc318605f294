"""Scoring a stream of candidates, keeping the best and a sample: memory stays flat however many come.

The surrogate scores the first candidates. If more come, a proxy that has learned from these screens the
others, and the surrogate scores those that the proxy likes best.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import pandas as pd

from bnnopt._typing import FloatArray
from bnnopt._validation import require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._proxy import Proxy, fit_proxy
from bnnopt.optimizer._search import Search

__all__ = ["EXACT_ROWS", "Pool", "PoolScan", "blocks_of"]

EXACT_ROWS = 16_384
ROWS_OF_THE_SPACE = 2_048
ROWS_AT_ONCE = 16_384

Pool: TypeAlias = pd.DataFrame | Iterable[pd.DataFrame]


class PoolScan:
    """What is kept of a stream while it goes by.

    Parameters
    ----------
    search : Search
        Surrogate and acquisition.
    n_best, n_sample : int
        Settings to keep: those of highest score, and some drawn from all alike.
    rng : numpy.random.Generator
        Draws the sample and the proxy.
    is_screened : bool, default=True
        Whether a proxy may stand in for the surrogate beyond `EXACT_ROWS` candidates.

    Attributes
    ----------
    n_candidates, n_exact : int
        Candidates that came, and how many of them the surrogate scored.
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
        self._best, self._sample = _Top(n_best), _Top(n_sample)
        self._hopeful = _Top(max(EXACT_ROWS, n_best))
        self._first: list[pd.DataFrame] = []
        self._proxy: Proxy | None = None
        self.n_candidates = self.n_exact = 0

    def run(self, pool: Pool) -> tuple[pd.DataFrame, FloatArray]:
        """Score a pool; return the best of its feasible and new settings, and their scores, best first."""
        for frame in blocks_of(pool, self._search):
            self._add(frame)
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
        for start in range(0, len(frame), ROWS_AT_ONCE):
            part = frame.iloc[start : start + ROWS_AT_ONCE]
            self._best.add(part, self._search.score(part))
        self.n_exact += len(frame)

    def _guess(self, frame: pd.DataFrame) -> FloatArray:
        """Score by the proxy, which learns from the first candidates and some of the whole space."""
        search = self._search
        if self._proxy is None:
            known = pd.concat([*self._first, search.everywhere(ROWS_OF_THE_SPACE, self._rng)])
            points = search.model_space.encode(known)
            self._proxy = fit_proxy(points, *search.moments(points), self._rng)
            self._first = []
        return search.score_moments(*self._proxy.moments(search.model_space.encode(frame)))


def blocks_of(pool: Pool, search: Search) -> Iterator[pd.DataFrame]:
    """Yield the feasible settings of a table or a stream of tables, in small blocks, with the context.

    Raises
    ------
    InvalidDataError
        A part of the stream is no table, misses a column or has a cell that is no setting (the message says
        which part), or nothing in it is feasible.
    """
    n_rows = n_feasible = 0
    for number, table in enumerate([pool] if isinstance(pool, pd.DataFrame) else pool):
        if not isinstance(table, pd.DataFrame):
            raise InvalidDataError(
                f"candidates: part {number} is of type {type(table).__name__}; expected a DataFrame of "
                "settings, or an iterable of them."
            )
        for start in range(0, len(table), ROWS_AT_ONCE):
            frame = _feasible(table.iloc[start : start + ROWS_AT_ONCE], number, search)
            n_rows, n_feasible = n_rows + len(table), n_feasible + len(frame)
            yield frame
    if not n_feasible:
        raise InvalidDataError(
            f"None of the {n_rows} candidate(s) is inside the bounds and constraints of the space. "
            "Check their units, or loosen the space."
        )


def _feasible(table: pd.DataFrame, number: int, search: Search) -> pd.DataFrame:
    try:
        require_columns(table, search.space.setting_names, "candidates")
        frame = table.assign(**search.context)[search.space.names]
        return frame[search.space.is_feasible(frame)].reset_index(drop=True)
    except InvalidDataError as error:
        raise InvalidDataError(f"candidates, part {number}: {error}") from error


class _Top:
    """The rows of the largest keys so far, at most `n` of them; equal keys: the first."""

    def __init__(self, n: int) -> None:
        self._n, self.frame = n, pd.DataFrame()
        self._keys: FloatArray = np.empty(0)

    def add(self, frame: pd.DataFrame, keys: FloatArray) -> None:
        """Take those rows that belong among the largest; a key of -inf never does."""
        least = self._keys.min() if len(self._keys) == self._n else -np.inf
        is_wanted = keys > least
        if not is_wanted.any() or not self._n:
            return
        keys = np.concatenate([self._keys, keys[is_wanted]])
        frame = pd.concat([part for part in (self.frame, frame[is_wanted]) if len(part)], ignore_index=True)
        order = np.sort(np.argsort(-keys, kind="stable")[: self._n])
        self.frame, self._keys = frame.iloc[order].reset_index(drop=True), keys[order]

    def sorted(self) -> tuple[pd.DataFrame, FloatArray]:
        """Return rows and keys, the largest first."""
        order = np.argsort(-self._keys, kind="stable")
        return self.frame.iloc[order].reset_index(drop=True), self._keys[order]
