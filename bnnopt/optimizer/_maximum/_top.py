"""The rows of the largest keys of a stream."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["Top"]


class Top:
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
        return self.pair[0]

    @property
    def pair(self) -> tuple[pd.DataFrame, FloatArray]:
        """The rows and their keys, in the order in which they came; of no rows at all where none came."""
        if not self._frames:
            return pd.DataFrame(), np.empty(0)
        self._sort_out()
        return self._frames[0], self._keys[0]

    def __len__(self) -> int:
        return sum(map(len, self._keys))

    def add(self, frame: pd.DataFrame, keys: FloatArray) -> None:
        """Take those rows that may belong among the largest; a key of -inf never does."""
        if not len(frame.columns):
            return
        is_wanted = keys > self._least
        if self._frames and not is_wanted.any():
            return
        self._frames.append(frame if is_wanted.all() else frame[is_wanted])
        self._keys.append(keys[is_wanted])
        if len(self) > 2 * self._n:
            self._sort_out()

    def sorted(self) -> tuple[pd.DataFrame, FloatArray]:
        """Return rows and keys, the largest first."""
        frame, keys = self.pair
        order = np.argsort(-keys, kind="stable")
        return frame.iloc[order].reset_index(drop=True), keys[order]

    def _sort_out(self) -> None:
        frame = self._frames[0] if len(self._frames) == 1 else pd.concat(self._frames, ignore_index=True)
        frame, keys = self._highest(frame, np.concatenate(self._keys))
        order = np.sort(np.argsort(-keys, kind="stable")[: self._n])
        self._frames, self._keys = [frame.iloc[order]], [keys[order]]
        if 0 < self._n == len(order):
            self._least = float(keys[order].min())

    def _highest(self, frame: pd.DataFrame, keys: FloatArray) -> tuple[pd.DataFrame, FloatArray]:
        """Return new rows with their keys, in order, the `n` of highest keys among them.

        Equal rows have equal keys, so that whether a row is new is seen among those of highest keys alone.
        """
        n_seen = 2 * self._n
        while True:
            is_seen = _are_highest(keys, n_seen)
            seen, own = frame[is_seen], keys[is_seen]
            if self._is_new is not None:
                is_new = self._is_new(seen)
                seen, own = seen[is_new], own[is_new]
            if len(own) >= self._n or n_seen >= len(keys):
                return seen, own
            n_seen *= 4


def _are_highest(keys: FloatArray, n: int) -> BoolArray:
    """Tell which keys are among the `n` highest, with those that are equal to the last of them."""
    if n >= len(keys):
        return np.ones(len(keys), dtype=bool)
    return keys >= np.partition(keys, len(keys) - n)[len(keys) - n] if n else np.zeros(len(keys), dtype=bool)
