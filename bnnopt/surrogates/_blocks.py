"""Rows in blocks of one size, so that a row's result does not depend on which rows stand beside it."""

from collections.abc import Callable

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["ROWS_PER_BLOCK", "in_blocks"]

# Products work on panels of rows; a block that panels of 1, 2 or 3 registers do not fill rounds its last rows
# differently from the others, and a row would then show where it stood (128 and 512 did).
ROWS_PER_BLOCK = 384


def in_blocks(evaluate: Callable[[FloatArray], FloatArray], X: FloatArray) -> FloatArray:
    """Evaluate a function of rows block by block, the last one padded; rows are the first axis of the result.

    Parameters
    ----------
    evaluate : callable
        Rows of shape (ROWS_PER_BLOCK, n_columns) to an array of shape (ROWS_PER_BLOCK, ...).
    X : ndarray of shape (n_rows, n_columns)
        At least one row.
    """
    n_rows = len(X)
    padded = np.concatenate([X, np.repeat(X[:1], -n_rows % ROWS_PER_BLOCK, axis=0)])
    blocks = padded.reshape(-1, ROWS_PER_BLOCK, X.shape[1])
    return np.concatenate([evaluate(block) for block in blocks])[:n_rows]
