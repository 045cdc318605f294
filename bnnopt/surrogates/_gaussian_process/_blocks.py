"""Columns that share a length scale: those of the levels of one category, and each number alone.

A category of n levels is n columns, 1 in that of the level and 0 in the others. Two levels differ in two
columns, so that the columns count 1 / sqrt(2) each and any two levels are one unit apart: before the rows all
levels are exchangeable. With one length scale for all of them, what rows say of the levels that were run, how
unlike they are, holds for those that were not, and few rows are enough to say it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.surrogates._gaussian_process._hyperparameters import Anchors, Hyperparameters, Learned, climb

__all__ = ["Blocks"]


@dataclass(frozen=True)
class Blocks:
    """Blocks of columns that share a length scale.

    Attributes
    ----------
    of_columns : ndarray of int, shape (n_inputs,)
        The number of the block of each column, from 0.
    is_level : ndarray of bool, shape (n_inputs,)
        Which columns stand for a level.
    """

    of_columns: IntArray
    is_level: BoolArray

    @classmethod
    def of(cls, n_inputs: int, one_hot_columns: Sequence[Sequence[int]] = ()) -> "Blocks":
        """Make the blocks of so many columns, of which some are levels of a category, the others numbers."""
        first = np.arange(n_inputs)
        for columns in one_hot_columns:
            first[list(columns)] = min(columns)
        is_level = np.isin(np.arange(n_inputs), [column for columns in one_hot_columns for column in columns])
        return cls(np.unique(first, return_inverse=True)[1], is_level)

    @property
    def n_blocks(self) -> int:
        """Number of blocks, and of length scales that are learned."""
        return int(self.of_columns.max()) + 1

    def climb(
        self,
        likelihood: Callable[[Hyperparameters, IntArray], tuple[FloatArray, FloatArray]],
        anchors: Anchors,
        n_steps: int,
        start: Learned | None = None,
    ) -> Learned:
        """Climb as `climb` does, over one length scale for each block.

        Anchors are those of blocks; the likelihood, the start and what is found have a length scale for each
        column.
        """
        if not self.is_level.any():
            return climb(likelihood, anchors, n_steps, start)

        def of_blocks(own: Hyperparameters, places: IntArray) -> tuple[FloatArray, FloatArray]:
            value, slope = likelihood(self._spread(own), places)
            return value, self._summed(slope)

        if start is not None:
            start = replace(start, hyperparameters=self._gathered(start.hyperparameters))
        found = climb(of_blocks, anchors, n_steps, start)
        return replace(found, hyperparameters=self._spread(found.hyperparameters))

    def _spread(self, own: Hyperparameters) -> Hyperparameters:
        """From a length scale for each block to one for each column."""
        return replace(own, log_length_scales=own.log_length_scales[:, self.of_columns])

    def _gathered(self, own: Hyperparameters) -> Hyperparameters:
        first = np.unique(self.of_columns, return_index=True)[1]
        return replace(own, log_length_scales=own.log_length_scales[:, first])

    def _summed(self, gradient: FloatArray) -> FloatArray:
        """From derivatives by the length scales of columns, the others behind them, to those of blocks."""
        n_inputs = len(self.of_columns)
        is_of_block = self.of_columns[:, None] == np.arange(self.n_blocks)
        return np.column_stack([gradient[:, :n_inputs] @ is_of_block, gradient[:, n_inputs:]])

    def are_all(self, is_true: BoolArray) -> BoolArray:
        """Tell for each column whether something is true of all columns of its block, (n_inputs,)."""
        is_false = np.bincount(self.of_columns, weights=~is_true)
        return np.asarray(is_false[self.of_columns] == 0)
