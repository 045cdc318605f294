"""Rows with weights: equal rows joined into one, and noise that weighs rows.

A row of weight 2 and a row that stands there twice become the same row here, in the same place whatever the
order they came in. What is trained on the joined rows therefore treats weights and repetitions alike, to the
last digit, even where training draws random numbers for each row.
"""

from typing import NamedTuple

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["WeightedRows", "join_equal_rows", "split_judged_error"]

SMALLEST_NOISE_SHARE = 0.05


class WeightedRows(NamedTuple):
    """Distinct rows in lexicographic order.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
    y : ndarray of shape (n_rows, n_outputs)
    weights : ndarray of shape (n_rows,)
        Above 0.
    """

    X: FloatArray
    y: FloatArray
    weights: FloatArray

    def take(self, chosen: np.ndarray) -> "WeightedRows":
        """Return the chosen rows, by number or by a mask of shape (n_rows,)."""
        return WeightedRows(self.X[chosen], self.y[chosen], self.weights[chosen])


def join_equal_rows(X: FloatArray, y: FloatArray, weights: FloatArray) -> WeightedRows:
    """Join rows that agree in all inputs and outputs, add their weights, leave out rows of weight 0.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
    y : ndarray of shape (n_rows, n_outputs)
    weights : ndarray of shape (n_rows,)
        At least 0, not all 0.
    """
    has_weight = weights > 0
    table = np.column_stack([X, y])[has_weight] + 0.0  # the sum turns -0.0 into 0.0
    distinct, number = np.unique(table, axis=0, return_inverse=True)
    total = np.bincount(number.reshape(-1), weights=weights[has_weight]).astype(np.float64)
    return WeightedRows(distinct[:, : X.shape[1]], distinct[:, X.shape[1] :], total)


def split_judged_error(
    rows: WeightedRows, mean: FloatArray, variance: FloatArray, is_held_out: bool
) -> tuple[FloatArray, FloatArray]:
    """Split the squared error on the judged rows into observation noise and spread of the function.

    With r the error of the mean and v the variance over masks, both averaged over rows: `noise = r**2 - v`,
    not below a twentieth of `r**2`. On held-out rows the spread is scaled by `(r**2 - noise) / v`, at most 1,
    so that noise and spread together are as large as the error. Training rows tell less than the true error,
    there the spread stays as it is.

    Parameters
    ----------
    rows : WeightedRows
        The rows that are judged.
    mean, variance : ndarray of shape (n_rows, n_outputs)
        Over masks, in the unit of `rows.y` and its square.
    is_held_out : bool
        Whether the network has not seen the rows.

    Returns
    -------
    noise : ndarray of shape (n_outputs,)
        Variance of the observation noise.
    scale : ndarray of shape (n_outputs,)
        Factor of the variance over masks.
    """
    error = np.average((rows.y - mean) ** 2, axis=0, weights=rows.weights)
    spread = np.average(variance, axis=0, weights=rows.weights)
    noise = np.maximum(error - spread, SMALLEST_NOISE_SHARE * error)
    if not is_held_out:
        return noise, np.ones_like(noise)
    scale = np.divide(error - noise, spread, out=np.ones_like(spread), where=spread > 0)
    return noise, np.minimum(scale, 1.0)
