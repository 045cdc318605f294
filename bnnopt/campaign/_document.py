"""The text of a TOML file, and what is said of one that cannot be read."""

import tomllib
from pathlib import Path
from typing import Any

from bnnopt.exceptions import InvalidDataError

__all__ = ["read_document"]

KINDS = {
    b"\x1f\x8b": "compressed (gzip); unpack it",
    b"PK\x03\x04": "a zip archive or a workbook; unpack it, or give the campaign's TOML file",
    b"BZh": "compressed (bzip2); unpack it",
    b"\xfd7zXZ": "compressed (xz); unpack it",
    b"\x28\xb5\x2f\xfd": "compressed (zstd); unpack it",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
}
"""First bytes of files that are often given by mistake, what they are and what to do."""


def read_document(path: str | Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises
    ------
    InvalidDataError
        The file is not there, cannot be read or is not TOML; the message says what it is, or the line.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise InvalidDataError(
            f"There is no file {str(path)!r}; give the path of a campaign.toml."
        ) from error
    except (OSError, ValueError) as error:
        raise InvalidDataError(f"{path} cannot be read: {getattr(error, 'strerror', error)}.") from error
    for start, kind in KINDS.items():
        if data.startswith(start):
            raise InvalidDataError(f"{path} is not valid TOML in UTF-8: it is {kind}.")
    try:
        return tomllib.loads(_text(data))
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise InvalidDataError(f"{path} is not valid TOML in UTF-8: {_said(error)}.") from error


def _text(data: bytes) -> str:
    """Return text without a byte order mark, lines ending alike."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line} has a character in another encoding ({error.object[error.start]:#04x}), such as "
            "that of Windows; save the file as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "brackets are nested too deeply; look for one that is not closed"
    if isinstance(error, tomllib.TOMLDecodeError) or "digits" not in str(error):
        return str(error)
    return "a number has thousands of digits; shorten it"
