"""Rows of text out of a CSV file, whatever program wrote it."""

import codecs
import csv
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import islice
from pathlib import Path

from bnnopt._tables._cells import unescaped
from bnnopt._tables._header import Source
from bnnopt._tables._units import bare_name, name_and_unit
from bnnopt.exceptions import InvalidDataError

__all__ = ["csv_source"]

SEPARATORS = ",;\t|"
HINT = re.compile(r"sep=([,;\t|])\r?\n", re.IGNORECASE)
"""The first line by which a spreadsheet says what separates cells; it is no row."""
SAMPLE = 65_536  # characters in which the separator is looked for
ROWS_COMPARED = 20
CHUNK = 1 << 20
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
OTHER_FORMATS = {
    b"\x1f\x8b": "a file compressed by gzip; unpack it",
    b"BZh": "a file compressed by bzip2; unpack it",
    b"\xfd7zXZ": "a file compressed by xz; unpack it",
    b"\x28\xb5\x2f\xfd": "a file compressed by zstd; unpack it",
    b"\xd0\xcf\x11\xe0": "an old or protected Excel workbook; save it as .xlsx without password, or as CSV",
    b"%PDF": "a PDF; give the table as CSV or .xlsx",
    b"{\\rtf": "a text document; give the table as CSV or .xlsx",
}


def csv_source(path: Path, known: Collection[str]) -> Source:
    """Return the rows of a CSV file.

    Parameters
    ----------
    path : Path
        UTF-8, UTF-16, UTF-32 or Windows-1252; a byte order mark says which, else what the bytes can be.
    known : collection of str
        Names of columns that are expected, which help to tell what separates cells.

    Raises
    ------
    InvalidDataError
        When the file is of another kind, or its text or its quotes cannot be read.
    """
    _refuse_other_formats(path)
    encoding = _encoding_of(path)
    with _readable(path), open(path, encoding=encoding, newline="") as file:
        sample = file.read(SAMPLE)
    hint = HINT.match(sample)
    separator = hint[1] if hint else max(SEPARATORS, key=lambda each: _fit(sample, each, known))
    return Source(path, "CSV", separator, _records(path, encoding, separator, skips_line=hint is not None))


def _records(
    path: Path, encoding: str, separator: str, *, skips_line: bool
) -> Iterator[tuple[int, list[str]]]:
    number = 0
    try:
        with _readable(path), open(path, encoding=encoding, newline="") as file:
            if skips_line:
                file.readline()
            for number, cells in enumerate(csv.reader(file, delimiter=separator, strict=True), start=1):
                yield number, cells
    except csv.Error as error:
        raise InvalidDataError(
            f"{path} cannot be read as CSV: {error}, in row {number + 1} or after. Look for a quotation mark "
            "that is not closed."
        ) from error


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        raise InvalidDataError(
            f"{path} cannot be read as CSV: its text is damaged ({error}). Save it as CSV, UTF-8."
        ) from error


def _refuse_other_formats(path: Path) -> None:
    """Raise `InvalidDataError` that names what a file is, where it is known to be no table."""
    with open(path, "rb") as file:
        head = file.read(8)
    for magic, name in OTHER_FORMATS.items():
        if head.startswith(magic):
            raise InvalidDataError(f"{path} cannot be read as CSV: it is {name}.")


def _fit(sample: str, separator: str, known: Collection[str]) -> tuple[int, int, int]:
    """Return how well a separator fits: known names, rows as long as the first, cells of the first."""
    rows: list[list[str]] = []
    try:
        for cells in islice(
            csv.reader(StringIO(sample, newline=""), delimiter=separator, strict=True), ROWS_COMPARED
        ):
            rows += [cells] if any(cell.strip() for cell in cells) else []
    except csv.Error:
        pass  # the sample may end within quotes
    if not rows:
        return 0, 0, 1
    found = {name for cells in rows for cell in cells for name in _readings(cell)} & set(known)
    n_alike = sum(len(cells) == len(rows[0]) > 1 for cells in rows)
    return len(found), n_alike, len(rows[0])


def _readings(cell: str) -> tuple[str, str, str]:
    """Return the names that a cell of the header may be, with and without its unit."""
    name = unescaped(cell).strip()
    return name, bare_name(name), name_and_unit(name)[0]


def _encoding_of(path: Path) -> str:
    with open(path, "rb") as file:
        head = file.read(4096)
        for mark, name in BYTE_ORDER_MARKS.items():
            if head.startswith(mark):
                return name
        if all(2 * head[place::4].count(0) > len(head) // 4 for place in (2, 3)):
            return "utf-32-le"
        if 5 * head[1::2].count(0) > len(head):
            return "utf-16-le"
        if 5 * head[::2].count(0) > len(head):
            return "utf-16-be"
        for encoding in ("utf-8", "cp1252"):
            file.seek(0)
            if _is_readable(iter(lambda: file.read(CHUNK), b""), encoding):
                return encoding
    raise InvalidDataError(
        f"{path} cannot be read as CSV: its text is neither UTF-8, UTF-16 nor Windows-1252. "
        "Save it as CSV, UTF-8."
    )


def _is_readable(chunks: Iterator[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
