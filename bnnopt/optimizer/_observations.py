"""What was told and what is on its way: the only part of the optimizer that grows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._typing import BoolArray, FloatArray
from bnnopt._validation import numeric_frame, require_columns
from bnnopt.exceptions import InvalidDataError
from bnnopt.space import SearchSpace

__all__ = ["Observations", "as_outcomes", "as_settings", "settings_keys"]

DIGITS = 9


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
        self.told = pd.DataFrame(columns=space.names)
        self.outcomes: FloatArray = np.empty((0, len(outputs)))
        self.pending = pd.DataFrame(columns=space.names)

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
    def known(self) -> pd.DataFrame:
        """Rows told or pending."""
        return _joined(self.told, self.pending)

    def add(self, settings: pd.DataFrame, outcomes: FloatArray) -> None:
        """Store rows with outcomes; rows of the same settings stop being pending, one for each told."""
        self.told = _joined(self.told, settings)
        self.outcomes = np.concatenate([self.outcomes, outcomes])
        self.withdraw(settings)

    def add_pending(self, settings: pd.DataFrame) -> None:
        """Store rows whose outcomes are awaited."""
        self.pending = _joined(self.pending, settings)

    def withdraw(self, settings: pd.DataFrame) -> int:
        """Take rows of these settings off the pending ones, one for each row given; return how many."""
        remaining = settings_keys(self._space, settings).tolist()
        is_kept = np.ones(len(self.pending), dtype=bool)
        for position, key in enumerate(settings_keys(self._space, self.pending).tolist()):
            if key in remaining:
                remaining.remove(key)
                is_kept[position] = False
        self.pending = self.pending[is_kept].reset_index(drop=True)
        return int((~is_kept).sum())

    def as_frame(self) -> pd.DataFrame:
        """Return settings, outcomes and a column `is_failed`, one row for each experiment told."""
        outcomes = pd.DataFrame(self.outcomes, columns=list(self.outputs))
        return pd.concat([self.told, outcomes], axis=1).assign(is_failed=self.is_failed)


def settings_keys(space: SearchSpace, frame: pd.DataFrame) -> FloatArray:
    """Return for each row a key that is equal for equal settings, numbers compared to 9 digits of the range.

    Context is left out: nobody can ask for it.

    Returns
    -------
    ndarray of shape (n_rows, n_keys)
    """
    if not len(frame):
        return np.empty((0, sum(variable.codec.n_dims for variable in space.settings)))
    columns = [variable.codec.encode(frame, variable.name) for variable in space.settings]
    return np.round(np.hstack(columns), DIGITS) + 0.0  # no -0.0


def as_settings(space: SearchSpace, X: Any) -> pd.DataFrame:
    """Return checked settings, or raise `InvalidDataError` naming the column and the rows at fault."""
    frame = _as_table(X, space.names)
    require_columns(frame, space.names, "settings")
    frame = frame[space.names]
    space.encode(frame)
    numbers = [variable.name for variable in space.variables if getattr(variable, "levels", None) is None]
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers}).reset_index(drop=True)


def as_outcomes(y: Any, outputs: Sequence[str], n_rows: int) -> FloatArray:
    """Return outcomes of shape (n_rows, n_outputs), NaN for what failed, or raise `InvalidDataError`."""
    outcomes = numeric_frame(_as_table(y, outputs), outputs, "outcomes", allow_nan=True)
    if len(outcomes) != n_rows:
        raise InvalidDataError(
            f"Expected one row of outcomes for each of the {n_rows} row(s) of settings, got {len(outcomes)}."
        )
    return outcomes


def _as_table(values: Any, names: Sequence[str]) -> pd.DataFrame:
    """Return values as a table; a mapping or a labelled row by name, an array by the order of its columns."""
    if isinstance(values, pd.DataFrame):
        return values
    if isinstance(values, pd.Series) and set(names) <= set(values.index):
        values = values.to_dict()
    if isinstance(values, Mapping):
        return pd.DataFrame({name: np.atleast_1d(column) for name, column in values.items()})
    if isinstance(values, pd.Series) and len(names) == 1:
        return values.to_frame(names[0])
    return _frame_of(values, names)


def _frame_of(values: Any, names: Sequence[str]) -> pd.DataFrame:
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    if array.ndim < 2:
        array = array.reshape(-1, 1) if len(names) == 1 else array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] != len(names):
        raise InvalidDataError(
            f"Expected a table with the columns {list(names)}, got an array of shape {array.shape}. "
            "Pass a DataFrame, or an array with these columns in this order."
        )
    return pd.DataFrame(array, columns=list(names)).infer_objects()


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    parts = [part for part in (first, second) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else first
