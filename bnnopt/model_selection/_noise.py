"""The share of an outcome's variance that is noise, which no model should explain."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from bnnopt._typing import ArrayLike, FloatArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import replicate_noise
from bnnopt.model_selection._sweeps import varying_ranges

__all__ = ["noise_share"]


def noise_share(X: Any, y: Any, noise: float | ArrayLike | None = None) -> FloatArray:
    """Return the variance of the noise over that of each outcome, shape (n_outputs,), 0 to 1.

    The noise is the given standard deviation; by default that of repeated rows, and where there are none an
    upper bound, half the mean square of the difference of the outcomes of nearest neighbours (each column of
    numbers scaled to unit range).
    """
    outcomes = np.asarray(y, dtype=float).reshape(len(y), -1)
    spread = outcomes.var(axis=0)
    variance = _estimated(X, outcomes) if noise is None else _given(noise, outcomes.shape[1])
    share = np.divide(variance, spread, out=np.ones_like(spread), where=spread > 0)
    return np.minimum(share, 1.0)


def _given(noise: float | ArrayLike, n_outputs: int) -> FloatArray:
    std = numbers_of(noise, "noise")
    if std.shape not in ((), (n_outputs,)) or not np.all(np.isfinite(std) & (std >= 0)):
        raise InvalidDataError(
            f"noise must be finite and at least 0, one number or {n_outputs}, got {noise!r}."
        )
    return std**2 * np.ones(n_outputs)


def _estimated(X: Any, outcomes: FloatArray) -> FloatArray:
    std, freedom = replicate_noise(X, outcomes)
    return np.asarray(std) ** 2 if np.all(freedom) else _between_neighbours(pd.DataFrame(X), outcomes)


def _between_neighbours(frame: pd.DataFrame, outcomes: FloatArray) -> FloatArray:
    ranges = varying_ranges(frame)
    if not ranges:
        return np.zeros(outcomes.shape[1])
    columns = [(frame[name].fillna(low) - low) / (high - low) for name, (low, high) in ranges.items()]
    nearest = NearestNeighbors(n_neighbors=1).fit(np.column_stack(columns)).kneighbors(return_distance=False)
    return 0.5 * np.mean((outcomes - outcomes[nearest[:, 0]]) ** 2, axis=0)
