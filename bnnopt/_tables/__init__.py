"""The one reader and writer of tables: by name, each column as what the caller says it is.

`as_named` takes whatever has names (pandas, polars, pyarrow and others through narwhals, structured arrays,
mappings, labelled rows); `read_table`, `read_blocks` and `read_text` read CSV, xlsx and Parquet files;
`write_table` and `write_file` write them whole or not at all; `as_number` and `as_level` say what a text is.
`as_file` writes a table of text back as it was read, `name_and_unit` takes the unit off a name.
"""

from bnnopt._tables._cells import Kind, as_level, as_number, escaped, inferred, typed
from bnnopt._tables._edited import as_file
from bnnopt._tables._header import Header, unit_faults
from bnnopt._tables._named import as_named, with_columns, with_names
from bnnopt._tables._read import TextTable, read_blocks, read_table, read_text
from bnnopt._tables._rows import is_of_file, rows_in_words
from bnnopt._tables._units import name_and_unit
from bnnopt._tables._write import refuse_existing, write_file, write_table

__all__ = [
    "Header",
    "Kind",
    "TextTable",
    "as_file",
    "as_level",
    "as_named",
    "as_number",
    "escaped",
    "inferred",
    "is_of_file",
    "name_and_unit",
    "read_blocks",
    "read_table",
    "read_text",
    "refuse_existing",
    "rows_in_words",
    "typed",
    "unit_faults",
    "with_columns",
    "with_names",
    "write_file",
    "write_table",
]
