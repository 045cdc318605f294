"""Blocks of a Parquet file, which knows by itself what its columns are."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from bnnopt.exceptions import InvalidDataError

__all__ = ["is_parquet", "parquet_blocks"]

MAGIC = b"PAR1"
ROWS_OF_A_BLOCK = 65_536


def is_parquet(path: Path) -> bool:
    """Tell whether a file is one of Parquet, whatever its name."""
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def parquet_blocks(path: Path, block_size: int | None) -> Iterator[pd.DataFrame]:
    """Yield the rows of a Parquet file, all at once for None; its index is a column like others."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise InvalidDataError(
            f"Reading {path} needs the package pyarrow: pip install pyarrow, or write the table as CSV."
        ) from error
    try:
        with ParquetFile(path) as table:
            _refuse_doubled(path, table.schema_arrow.names)
            if block_size is None:
                yield table.read().to_pandas(ignore_metadata=True)
                return
            n_before = 0
            for batch in table.iter_batches(batch_size=block_size):
                rows = pd.RangeIndex(n_before, n_before + batch.num_rows)
                yield batch.to_pandas(ignore_metadata=True).set_axis(rows)
                n_before += batch.num_rows
    except (ArrowException, OSError) as error:
        raise InvalidDataError(f"{path} cannot be read as Parquet: {error}") from error


def _refuse_doubled(path: Path, names: list[str]) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InvalidDataError(f"{path}: column(s) {doubled} occur more than once; keep one of each.")
