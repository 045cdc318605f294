"""What was told and what is on its way: the only part of the optimizer that grows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from bnnopt._typing import BoolArray, FloatArray, IntArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.space import Categorical, SearchSpace

__all__ = ["Observations", "is_new", "is_open", "keys_of", "settings_keys"]

NEARBY = 0.01  # of the range of each number: what is run is a rounded plan, or missed it a little


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
        space.encode(_joined(self._settings, self.pending))
        self._space = space

    def add_pending(self, settings: pd.DataFrame) -> None:
        """Store rows whose outcomes are awaited."""
        self.pending = _joined(self.pending, settings)

    def withdraw(self, settings: pd.DataFrame) -> int:
        """Take the pending rows that are meant by these settings off, one for each; return how many.

        A row means the pending one of the same settings, else one that is nearby in every number, as settings
        are that were rounded on the way to the laboratory.
        """
        is_kept = ~_is_met(self._space, self.pending, settings)
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


def settings_keys(space: SearchSpace, frame: pd.DataFrame) -> IntArray:
    """Return for each row a number that is equal for equal settings, see `keys_of`.

    Context is left out: nobody can ask for it.
    """
    return keys_of(space, _settings_points(space, frame)) if len(frame) else np.empty(0, dtype=np.uint64)


def keys_of(space: SearchSpace, points: FloatArray) -> IntArray:
    """Return for each point a number of 64 bits, equal for equal settings, shape (n,).

    Whole numbers and those of a grid are counted, others compared to 9 digits of the range; different
    settings share a number once in 10**19 pairs.

    Parameters
    ----------
    space : SearchSpace
        Of the points.
    points : ndarray of shape (n, n_dims of the settings)
        Without the columns of context variables.
    """
    codecs = [variable.codec for variable in space.settings]
    blocks = np.split(points, np.cumsum([codec.n_dims for codec in codecs])[:-1], axis=1)
    keys = np.hstack([codec.keys(block) for codec, block in zip(codecs, blocks, strict=True)])
    return hash_pandas_object(pd.DataFrame(keys), index=False).to_numpy()


def is_new(space: SearchSpace, candidates: pd.DataFrame, known: pd.DataFrame) -> BoolArray:
    """Return whether settings are neither among the known ones nor earlier in the table, shape (n,)."""
    keys = np.concatenate([settings_keys(space, known), settings_keys(space, candidates)])
    return ~pd.Series(keys).duplicated().to_numpy()[len(known) :]


def is_open(space: SearchSpace, planned: pd.DataFrame, known: pd.DataFrame) -> BoolArray:
    """Return which rows of a plan are new and not met by a known row nearby, shape (n_planned,)."""
    return is_new(space, planned, known) & ~_is_met(space, planned, known)


def _is_met(space: SearchSpace, planned: pd.DataFrame, run: pd.DataFrame) -> BoolArray:
    """Tell which planned rows are met by rows run, one by each: of equal settings, else of those nearby."""
    is_met = np.zeros(len(planned), dtype=bool)
    if not len(planned) or not len(run):
        return is_met
    is_left = np.ones(len(run), dtype=bool)
    numbers: dict[int, list[int]] = {}
    for number, key in enumerate(settings_keys(space, run).tolist()):
        numbers.setdefault(key, []).append(number)
    for place, key in enumerate(settings_keys(space, planned).tolist()):
        if numbers.get(key):
            is_left[numbers[key].pop()], is_met[place] = False, True
    if is_met.all() or not is_left.any():
        return is_met
    here, there = _nearness_points(space, planned), _nearness_points(space, run)
    for place in np.flatnonzero(~is_met).tolist():
        distances = np.where(is_left, np.abs(there - here[place]).max(axis=1), np.inf)
        nearest = int(np.argmin(distances))
        if distances[nearest] <= NEARBY:
            is_left[nearest], is_met[place] = False, True
    return is_met


def _settings_points(space: SearchSpace, frame: pd.DataFrame) -> FloatArray:
    """Return settings in the unit cube, without context, shape (n, n_dims of the settings)."""
    return np.hstack([variable.codec.encode(frame, variable.name) for variable in space.settings])


def _nearness_points(space: SearchSpace, frame: pd.DataFrame) -> FloatArray:
    """Return settings as one column each: numbers in the unit cube at their resolution, levels counted."""
    frame = space.rounded(frame)
    columns = []
    for variable in space.settings:
        if isinstance(variable, Categorical):
            columns.append(
                pd.Index(variable.levels, dtype=object).get_indexer(
                    pd.Index(frame[variable.name], dtype=object)
                )
            )
        else:
            columns.append(variable.codec.encode(frame, variable.name)[:, 0])
    return np.column_stack(columns).astype(float)


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    parts = [part for part in (first, second) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else first
