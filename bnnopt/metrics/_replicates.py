"""The noise of an experiment, from rows that repeat the same settings."""

from typing import Any

import numpy as np
import pandas as pd

from bnnopt._tables import as_named, with_names
from bnnopt._typing import ArrayLike, FloatArray, IntArray
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError

__all__ = ["replicate_noise"]


def replicate_noise(X: Any, y: ArrayLike) -> tuple[float, int] | tuple[FloatArray, IntArray]:
    """Return the standard deviation of repeated experiments, pooled over the settings.

    s² = sum over groups g and their rows i of (y_gi - mean_g)² / sum over groups of (n_g - 1)

    Parameters
    ----------
    X : array-like or DataFrame of shape (n, n_features)
        Settings; rows that are identical in every column form a group. Numbers or text.
    y : array-like of shape (n,) or (n, n_outputs)
        Outcomes; NaN (not measured) is left out.

    Returns
    -------
    std : float, or ndarray of shape (n_outputs,)
        Pooled standard deviation in the unit of the outcome; NaN where nothing is repeated.
    degrees_of_freedom : int, or ndarray of int of shape (n_outputs,)
        Number of outcomes minus number of groups; 0 where nothing is repeated.

    Raises
    ------
    InvalidDataError
        X is not a table with at least one column, y does not have one row for each of X, or an outcome is
        infinite.

    References
    ----------
    G. E. P. Box, J. S. Hunter, W. G. Hunter, "Statistics for Experimenters", 2nd ed., Wiley 2005 (pooled
    estimate of variance from replicates).
    """
    y = with_names(y)
    group, outcomes = _groups(X), pd.DataFrame(_outcomes(y))
    if len(group) != len(outcomes):
        raise InvalidDataError(
            f"X has {len(group)} rows and y {len(outcomes)}; give one outcome for each row."
        )
    by_group = outcomes.groupby(group)
    deviations = (outcomes - by_group.transform("mean")).to_numpy()
    freedom = (by_group.count() - 1).clip(lower=0).sum().to_numpy()
    squares = np.nansum(deviations**2, axis=0)
    variance = np.divide(squares, freedom, out=np.full(len(freedom), np.nan), where=freedom > 0)
    if np.ndim(y) == 1:
        return float(np.sqrt(variance[0])), int(freedom[0])
    return np.sqrt(variance), freedom


def _groups(X: Any) -> IntArray:
    """Return a number for each row of X, equal for identical rows."""
    table = as_named(X)
    if table is None and np.ndim(X) == 2:
        table = pd.DataFrame(X)
    if table is None or table.shape[1] == 0:
        raise InvalidDataError(
            f"X must have shape (n, n_features) with at least one column, got {np.shape(X)}."
        )
    table = table.set_axis(range(table.shape[1]), axis=1)
    return table.groupby(list(table.columns), dropna=False, sort=False, observed=True).ngroup().to_numpy()


def _outcomes(y: ArrayLike) -> FloatArray:
    outcomes = numbers_of(y, "y")
    if outcomes.ndim not in (1, 2) or np.isinf(outcomes).any():
        raise InvalidDataError(
            f"y must have shape (n,) or (n, n_outputs) and hold finite values or NaN, got shape "
            f"{outcomes.shape} with {int(np.isinf(outcomes).sum())} infinite value(s)."
        )
    return outcomes
