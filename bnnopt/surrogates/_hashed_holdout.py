"""Rows held out of each network by what stands in them, where they are too many to be remembered."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.surrogates._rows import DistinctRows

__all__ = ["HashedRows"]

PLACES_PER_NETWORK = 2
LARGEST_SALT = 2**63 - 1


@dataclass(frozen=True)
class HashedRows:
    """A rule that says for any row which network leaves it out, the same whenever the row comes by.

    Attributes
    ----------
    n_networks : int
        Several networks leave out each row once, a single one leaves out a share of them.
    share : float in [0, 1)
        What a single network leaves out.
    n_columns : int
        Columns of inputs and outputs that the rule looks at, from the first: rows that are equal in them are
        left out together. 0 holds nothing out.
    salt : int
        Chooses the rule.
    """

    n_networks: int
    share: float
    n_columns: int
    salt: int

    @classmethod
    def of(
        cls, sample: DistinctRows, n_networks: int, share: float, rng: np.random.Generator
    ) -> "HashedRows":
        """Look at inputs, unless few different ones are in the sample, then at outputs too.

        With few different rows among so many, every network has to see each of them.
        """
        fewest, n_inputs = PLACES_PER_NETWORK * n_networks, sample.X.shape[1]
        n_columns = n_inputs if sample.places[-1] + 1 >= fewest else n_inputs + sample.y.shape[1]
        if len(sample) < fewest:
            n_columns = 0
        return cls(n_networks, share, n_columns, int(rng.integers(LARGEST_SALT)))

    def __call__(self, X: FloatArray, y: FloatArray) -> BoolArray:
        """Tell which network does not see each row.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
            Inputs as the networks see them.
        y : ndarray of shape (n_rows, n_outputs)
            Outputs as the networks see them.

        Returns
        -------
        ndarray of shape (n_rows, n_networks), bool
            True where the network does not see the row.
        """
        if not self.n_columns:
            return np.zeros((len(X), self.n_networks), dtype=bool)
        numbers = self._numbers(np.column_stack([X, y])[:, : self.n_columns] + 0.0)  # -0.0 becomes 0.0
        if self.n_networks == 1:
            return (numbers < self.share)[:, None]
        return np.floor(numbers * self.n_networks)[:, None] == np.arange(self.n_networks)

    def _numbers(self, table: FloatArray) -> FloatArray:
        """Even numbers in [0, 1) from rows and salt, mixed as in SplitMix64 (Steele et al., OOPSLA 2014)."""
        keys = pd.util.hash_pandas_object(pd.DataFrame(table), index=False).to_numpy() ^ np.uint64(self.salt)
        keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return ((keys ^ (keys >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
