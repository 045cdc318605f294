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
        self._frames.append(frame[is_wanted])
        self._keys.append(keys[is_wanted])
        if len(self) > 2 * self._n:
            self._sort_out()

    def sorted(self) -> tuple[pd.DataFrame, FloatArray]:
        """Return rows and keys, the largest first."""
        frame, keys = self.pair
        order = np.argsort(-keys, kind="stable")
        return frame.iloc[order].reset_index(drop=True), keys[order]

    def _sort_out(self) -> None:
        frame, keys = pd.concat(self._frames, ignore_index=True), np.concatenate(self._keys)
        if self._is_new is not None:
            is_kept = self._is_new(frame)
            frame, keys = frame[is_kept], keys[is_kept]
        order = np.sort(np.argsort(-keys, kind="stable")[: self._n])
        self._frames, self._keys = [frame.iloc[order]], [keys[order]]
        if 0 < self._n == len(order):
            self._least = float(keys[order].min())
