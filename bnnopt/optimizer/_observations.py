"""What was told and what is on its way: the only part of the optimizer that grows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.optimizer._same_settings import is_met
from bnnopt.space import SearchSpace

__all__ = ["Earlier", "Observations"]


class Earlier(NamedTuple):
    """Rows of earlier campaigns: settings, outcomes of shape (n_rows, n_outputs), and whose each row is."""

    settings: pd.DataFrame
    outcomes: FloatArray
    campaigns: tuple[str, ...]

    @property
    def measured(self) -> "Earlier":
        """Those with all outcomes."""
        is_measured = ~np.isnan(self.outcomes).any(axis=1)
        campaigns = tuple(np.array(self.campaigns, dtype=object)[is_measured])
        return Earlier(self.settings[is_measured], self.outcomes[is_measured], campaigns)

    @property
    def numbers(self) -> IntArray:
        """Number of the campaign of each row, from 1, in alphabetical order; shape (n_rows,)."""
        return np.unique(np.array(self.campaigns, dtype=str), return_inverse=True)[1].reshape(-1) + 1

    def joined(self, other: "Earlier") -> "Earlier":
        """Return these and further rows."""
        settings = _joined(self.settings, other.settings)
        outcomes = np.concatenate([self.outcomes, other.outcomes])
        return Earlier(settings, outcomes, (*self.campaigns, *other.campaigns))


class Observations:
    """Rows told with their outcomes, and rows asked for whose outcomes are not known yet.

    A row with an outcome that is NaN is a failed experiment: it is kept and counted, and left out where
    outcomes are needed. Repeated rows are kept, they tell the noise.

    Parameters
    ----------
    space : SearchSpace
        Names and checks the settings.
    outputs : sequence of str
        Names of the outcomes.
    """

    def __init__(self, space: SearchSpace, outputs: Sequence[str]) -> None:
        self._space = space
        self.outputs = tuple(outputs)
        self._settings = pd.DataFrame(columns=space.names)
        self._outcomes: FloatArray = np.empty((0, len(outputs)))
        self._noise_std: FloatArray = np.empty((0, len(outputs)))
        self._is_retracted: BoolArray = np.empty(0, dtype=bool)
        self.pending = pd.DataFrame(columns=space.names)
        self.corrections = pd.DataFrame(columns=["row", *outputs])
        self.earlier = Earlier(pd.DataFrame(columns=space.names), np.empty((0, len(outputs))), ())

    @property
    def told(self) -> pd.DataFrame:
        """Settings of the rows told and not retracted; the index is the number of the row as it was told."""
        return self._settings[~self._is_retracted]

    @property
    def outcomes(self) -> FloatArray:
        """Outcomes of the rows told, shape (n_told, n_outputs)."""
        return self._outcomes[~self._is_retracted]

    @property
    def is_failed(self) -> BoolArray:
        """Whether a told row misses an outcome, shape (n_told,)."""
        return np.asarray(np.isnan(self.outcomes).any(axis=1))

    @property
    def measured(self) -> tuple[pd.DataFrame, FloatArray]:
        """Rows with all outcomes, and the outcomes of shape (n_measured, n_outputs)."""
        is_measured = ~self.is_failed
        return self.told[is_measured], self.outcomes[is_measured]

    @property
    def noise_std(self) -> FloatArray:
        """Standard error of the outcomes of the measured rows, 0 where unknown; (n_measured, n_outputs)."""
        return self._noise_std[~self._is_retracted][~self.is_failed]

    @property
    def known(self) -> pd.DataFrame:
        """Rows told or pending."""
        return _joined(self.told, self.pending)

    def add(self, settings: pd.DataFrame, outcomes: FloatArray, noise_std: FloatArray | None = None) -> None:
        """Store rows with outcomes; planned rows that were run stop being pending, see `withdraw`."""
        errors = np.zeros_like(outcomes) if noise_std is None else noise_std
        self._settings = _joined(self._settings, settings)
        self._outcomes = np.concatenate([self._outcomes, outcomes])
        self._noise_std = np.concatenate([self._noise_std, errors])
        self._is_retracted = np.concatenate([self._is_retracted, np.zeros(len(settings), dtype=bool)])
        self.withdraw(settings)

    def add_earlier(self, earlier: Earlier) -> None:
        """Store rows of earlier campaigns, which only models see."""
        self.earlier = self.earlier.joined(earlier)

    def correct(
        self, rows: Sequence[int] | IntArray, outcomes: FloatArray, noise_std: FloatArray | None = None
    ) -> None:
        """Put other outcomes in the place of those told; the former ones go to `corrections`."""
        places = self.places(rows)
        former = pd.DataFrame(self._outcomes[places], columns=list(self.outputs))
        former.insert(0, "row", places)
        self.corrections = _joined(self.corrections, former)
        self._outcomes[places] = outcomes
        self._noise_std[places] = 0.0 if noise_std is None else noise_std

    def retract(self, rows: Sequence[int]) -> None:
        """Leave told rows out of everything from now on; they stay in `retracted`."""
        self._is_retracted[self.places(rows)] = True

    def restore(self, retracted: Sequence[int], corrections: pd.DataFrame) -> None:
        """Take over what was retracted and corrected before."""
        self._is_retracted[list(retracted)] = True
        self.corrections = _joined(self.corrections, corrections)

    def move_to(self, space: SearchSpace) -> None:
        """Take another space of the same variables."""
        space.encode(_joined(_joined(self._settings, self.pending), self.earlier.settings))
        self._space = space

    def add_pending(self, settings: pd.DataFrame) -> None:
        """Store rows whose outcomes are awaited."""
        self.pending = _joined(self.pending, settings)

    def withdraw(self, settings: pd.DataFrame) -> int:
        """Take the pending rows that are meant by these settings off, one for each; return how many.

        A row means the pending one of the same settings, else one that it may be a rounded form of: see
        `is_met`.
        """
        is_kept = ~is_met(self._space, self.pending, settings)
        self.pending = self.pending[is_kept].reset_index(drop=True)
        return int((~is_kept).sum())

    def as_frame(self, *, is_retracted: bool = False) -> pd.DataFrame:
        """Return settings, outcomes and a column `is_failed`, one row for each experiment told."""
        outcomes = pd.DataFrame(self._outcomes, columns=list(self.outputs))
        is_failed = np.isnan(self._outcomes).any(axis=1)
        table = pd.concat([self._settings, outcomes], axis=1).assign(is_failed=is_failed)
        return table[self._is_retracted == is_retracted]

    def error_bars(self) -> pd.DataFrame:
        """Return the standard errors of all rows ever told, 0 where unknown."""
        return pd.DataFrame(self._noise_std, columns=list(self.outputs))

    def places(self, rows: Sequence[int] | IntArray) -> IntArray:
        """Return checked row numbers, one or several, or raise `InvalidDataError`."""
        places = np.atleast_1d(np.asarray(rows))
        is_number = np.issubdtype(places.dtype, np.integer) or not places.size
        is_row = is_number & np.isin(places, np.flatnonzero(~self._is_retracted))
        if places.ndim != 1 or not is_row.all() or len(np.unique(places)) != len(places):
            raise InvalidDataError(
                f"rows: expected different row numbers of `data` (its index), got {places.tolist()!r}; "
                f"there are {len(self.told)} row(s) that were told and not retracted."
            )
        return places.astype(int)


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    parts = [part for part in (first, second) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else first
