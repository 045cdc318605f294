"""Columns that share a length scale: those of the levels of one category, and each number alone.

A category of n levels is n columns, 1 in that of the level and 0 in the others. Two levels differ in two
columns, so that the columns count 1 / sqrt(2) each and any two levels are one unit apart: before the rows all
levels are exchangeable. With one length scale for all of them, what rows say of the levels that were run, how
unlike they are, holds for those that were not, and few rows are enough to say it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.surrogates._gaussian_process._hyperparameters import Anchors, Prior

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

    def draw_anchors(self, n_members: int, prior: Prior, rng: np.random.Generator) -> Anchors:
        """Draw the anchors of members: a length scale for each block, which its columns share."""
        n_inputs, n_blocks = len(self.of_columns), int(self.of_columns.max()) + 1
        drawn = Anchors.draw(n_members, n_blocks, prior, rng)
        if n_blocks == n_inputs:
            return drawn
        n_others = len(drawn.std) - n_blocks
        places = np.concatenate([self.of_columns, n_blocks + np.arange(n_others)])
        size = np.bincount(places)[places]
        return replace(
            drawn,
            point=drawn.point[:, places],
            start=drawn.start[:, places],
            std=drawn.std[places],
            counts=1.0 / size,
        )

    def summed(self, gradient: FloatArray) -> FloatArray:
        """Give each column the sum over its block, as the length scales move together.

        From and to shape (n_members, n_inputs + 3), the other hyperparameters behind the length scales.
        """
        n_inputs = len(self.of_columns)
        if not self.is_level.any():
            return gradient
        is_same = self.of_columns[:, None] == self.of_columns
        return np.column_stack([gradient[:, :n_inputs] @ is_same, gradient[:, n_inputs:]])

    def are_all(self, is_true: BoolArray) -> BoolArray:
        """Tell for each column whether something is true of all columns of its block, (n_inputs,)."""
        is_false = np.bincount(self.of_columns, weights=~is_true)
        return np.asarray(is_false[self.of_columns] == 0)
