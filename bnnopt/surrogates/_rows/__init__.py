"""Rows to learn from: checked, joined where they repeat, in memory or read in blocks.

`Rows` is what every estimator of this package learns from. The files around it: `_checks` says what may come
in, `_numbers` which cells are numbers, `_sources` reads arrays and batches block by block, `_blocks` draws
rows while they are read and evaluates them so that no row depends on its neighbours.
"""

from bnnopt.surrogates._rows._blocks import ROWS_PER_BLOCK, draw_chunks, in_blocks, in_stacks
from bnnopt.surrogates._rows._checks import (
    check_arrays,
    check_fit_data,
    check_number_of_outputs,
    check_rows,
    checked_noise,
    checked_weights,
    number_of_axes,
    open_batches,
    output_names,
)
from bnnopt.surrogates._rows._numbers import LARGEST_DENSE, as_dense, numbers
from bnnopt.surrogates._rows._rows import LARGEST_TABLE, Columns, Rows

__all__ = [
    "LARGEST_DENSE",
    "LARGEST_TABLE",
    "ROWS_PER_BLOCK",
    "Columns",
    "Rows",
    "as_dense",
    "check_arrays",
    "check_fit_data",
    "check_number_of_outputs",
    "check_rows",
    "checked_noise",
    "checked_weights",
    "draw_chunks",
    "in_blocks",
    "in_stacks",
    "number_of_axes",
    "numbers",
    "open_batches",
    "output_names",
]
