"""Rows in blocks of one size, so that a row's result does not depend on which rows stand beside it."""

from collections.abc import Callable

import numpy as np

from bnnopt._typing import FloatArray

__all__ = ["ROWS_PER_BLOCK", "in_blocks", "in_stacks"]

# Products work on panels of rows; a block that panels of 1, 2 or 3 registers do not fill rounds its last rows
# differently from the others, and a row would then show where it stood (128 and 512 did).
ROWS_PER_BLOCK = 384
ROWS_PER_STACK = 64 * ROWS_PER_BLOCK


def in_blocks(evaluate: Callable[[FloatArray], FloatArray], X: FloatArray) -> FloatArray:
    """Evaluate a function of rows block by block, the last one padded; rows are the first axis of the result.

    Parameters
    ----------
    evaluate : callable
        Rows of shape (ROWS_PER_BLOCK, n_columns) to an array of shape (ROWS_PER_BLOCK, ...).
    X : ndarray of shape (n_rows, n_columns)
        At least one row.
    """
    return np.concatenate([evaluate(block) for block in _padded(X, ROWS_PER_BLOCK)])[: len(X)]


def in_stacks(
    evaluate: Callable[[FloatArray], FloatArray], X: FloatArray, rows_per_block: int = ROWS_PER_BLOCK
) -> FloatArray:
    """Evaluate a function that takes many blocks of rows in one call; more than a stack of them never wait.

    Parameters
    ----------
    evaluate : callable
        Blocks of shape (n_blocks, rows_per_block, n_columns) to an array of shape
        (n_blocks, rows_per_block, ...).
    X : ndarray of shape (n_rows, n_columns)
        At least one row.
    rows_per_block : int, default=ROWS_PER_BLOCK
        A divisor of `ROWS_PER_BLOCK`.
    """
    parts = []
    for start in range(0, len(X), ROWS_PER_STACK):
        part = X[start : start + ROWS_PER_STACK]
        values = evaluate(_padded(part, rows_per_block))
        parts.append(values.reshape(-1, *values.shape[2:])[: len(part)])
    return np.concatenate(parts)


def _padded(X: FloatArray, rows_per_block: int) -> FloatArray:
    """Cut rows into blocks, with the first row repeated at the end of the last one."""
    padded = np.concatenate([X, np.repeat(X[:1], -len(X) % rows_per_block, axis=0)])
    return padded.reshape(-1, rows_per_block, X.shape[1])
