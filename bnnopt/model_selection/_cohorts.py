"""Validation on experiments that came later than those of the training."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator

from bnnopt._estimators import require, whole
from bnnopt._typing import ArrayLike, IntArray
from bnnopt.exceptions import InvalidDataError

__all__ = ["LaterCohortSplit"]


class LaterCohortSplit(BaseCrossValidator):
    """Splitter that trains on earlier cohorts of experiments and validates on later ones.

    A cohort is what was made together: a batch, a day, the experiments before and after a model was used.
    It is given as `groups`, one for each row, and never cut in two. Of the cohorts in their order, the last
    `n_splits * n_later` are validated, `n_later` at a time; each training has all cohorts before them. Rows
    need not be sorted. scikit-learn's `TimeSeriesSplit` counts rows and cuts cohorts, its `PredefinedSplit`
    trains on later rows too unless there is one split only.

    Parameters
    ----------
    n_splits : int, default=1
        Number of splits, at least 1.
    n_later : int, default=1
        Cohorts in a validation, at least 1.
    order : sequence, optional
        All cohorts from the earliest to the latest. Default: sorted, which is right for numbers, dates and
        text such as "2019-05-18".

    References
    ----------
    O. Voznyy et al., ACS Nano 2019, 13, 11122, Methods (experiments that the model suggested validate a
    model that was trained on all earlier ones).

    Examples
    --------
    >>> batch = [1, 1, 2, 3, 3, 2]
    >>> for train, validation in LaterCohortSplit(n_splits=2).split(batch, groups=batch):
    ...     print(train, validation)
    [0 1] [2 5]
    [0 1 2 5] [3 4]
    """

    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self, n_splits: int = 1, *, n_later: int = 1, order: Sequence[Hashable] | None = None
    ) -> None:
        self.n_splits = n_splits
        self.n_later = n_later
        self.order = order

    def get_n_splits(self, X: Any = None, y: Any = None, groups: ArrayLike | None = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : object
            Not used; scikit-learn passes them.

        Returns
        -------
        int
            The parameter `n_splits`.
        """
        return self.n_splits

    def split(
        self, X: Any, y: Any = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Return the row numbers of each training and validation, the earliest split first.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Its length is compared with that of the groups.
        y : object
            Not used; scikit-learn passes it.
        groups : array-like of shape (n,)
            The cohort of each row: numbers, dates or text.

        Returns
        -------
        iterator of (ndarray of int, ndarray of int)
            Row numbers of training and validation, increasing.

        Raises
        ------
        InvalidDataError
            There are no groups, or not one for each row; a row has none, or one that `order` does not have;
            there are too few cohorts, or n_splits or n_later is below 1.
        """
        rank, n_cohorts = self._ranks(groups, len(X))
        first = n_cohorts - self.n_splits * self.n_later
        require(whole(1), n_splits=self.n_splits, n_later=self.n_later)
        if first < 1:
            raise InvalidDataError(
                f"n_splits={self.n_splits!r} and n_later={self.n_later!r} must be at least 1 and leave a "
                f"cohort to train on: their product must be below the number of cohorts, {n_cohorts}."
            )
        return self._pairs(rank, range(first, n_cohorts, self.n_later))

    def _pairs(self, rank: IntArray, starts: range) -> Iterator[tuple[IntArray, IntArray]]:
        for start in starts:
            is_later = (rank >= start) & (rank < start + self.n_later)
            yield np.flatnonzero(rank < start), np.flatnonzero(is_later)

    def _ranks(self, groups: ArrayLike | None, n_rows: int) -> tuple[IntArray, int]:
        """Return the place of each row's cohort in the order, from 0, and the number of cohorts."""
        if groups is None:
            raise InvalidDataError("The cohort of each row was expected as groups; pass groups=....")
        cohort = pd.Series(np.asarray(groups), name="groups")
        if len(cohort) != n_rows:
            raise InvalidDataError(f"One cohort for each of {n_rows} rows was expected, got {len(cohort)}.")
        _refuse(cohort, cohort.isna().to_numpy(), "no cohort")
        order = sorted(cohort.unique()) if self.order is None else list(self.order)
        rank = pd.Index(order).get_indexer(cohort)
        _refuse(cohort, rank < 0, f"a cohort that order={order} does not have")
        present = np.unique(rank)
        return np.searchsorted(present, rank), len(present)


def _refuse(cohort: pd.Series, is_bad: Any, problem: str) -> None:
    if is_bad.any():
        row = int(np.flatnonzero(is_bad)[0])
        raise InvalidDataError(f"groups: row {row} has {problem}: {cohort.iloc[row]!r}.")
