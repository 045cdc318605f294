"""The folder of a campaign: what its files are, one writer at a time, nothing replaced without a copy."""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bnnopt._tables import write_file
from bnnopt.exceptions import InvalidDataError

__all__ = ["CampaignFolder"]

TABLES = ("experiments.csv", "experiments.xlsx")
PATIENCE = 600.0  # seconds to wait for another command, such as a fit
KEPT = 50  # former versions of the table


class CampaignFolder:
    """Where a campaign lives.

    Parameters
    ----------
    path : str or Path
        The folder; `create` makes it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def settings(self) -> Path:
        """The file with the settings."""
        return self.path / "campaign.toml"

    @property
    def recorded(self) -> Path:
        """The file that knows what was recorded of each run."""
        return self.path / "history" / "recorded.json"

    @property
    def table(self) -> Path:
        """The table of experiments, a CSV unless there is a workbook."""
        found = [self.path / name for name in TABLES if (self.path / name).exists()]
        if len(found) > 1:  # a command that moves it was ended before the former one was gone
            last = {self.read(path) for path in self.kept()[-1:]}
            found = [path for path in found if self.read(path) not in last]
        if len(found) != 1 and all((self.path / name).exists() for name in TABLES):
            raise InvalidDataError(
                f"{self.path} has both {TABLES[0]} and {TABLES[1]}, and only one can be the table of the "
                "campaign. Move the one that is not up to date elsewhere."
            )
        return found[0] if found else self.path / TABLES[0]

    def create(self) -> None:
        """Make the folders that are not there."""
        try:
            for part in ("suggestions", "models", "history"):
                (self.path / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _said(error, self.path) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let nobody else write meanwhile; the lock is gone with the process that held it, however it ended.

        Raises
        ------
        InvalidDataError
            Another command is at work in the folder, or a spreadsheet program has the table open.
        OSError
            The folder cannot be written to.
        """
        with self._alone(".lock"):
            self.refuse_if_open()
            yield

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Let nobody else ask meanwhile, which may take minutes; others may record."""
        self.refuse_if_open()
        with self._alone(".asking.lock"):
            yield

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        lock = FileLock(self.path / name)
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout as error:
            raise InvalidDataError(
                f"Another command is at work in {self.path} for more than {PATIENCE / 60:.0f} minutes; "
                "wait for "
                "it or end it, and try again."
            ) from error
        except OSError as error:
            raise _said(error, self.path) from error
        try:
            yield
        finally:
            lock.release()

    def refuse_if_open(self) -> None:
        """Raise `InvalidDataError` if a spreadsheet program has the table open."""
        for name in TABLES:
            for mark in (f".~lock.{name}#", f"~${name}", f"~${name[2:]}"):
                if (self.path / mark).exists():
                    raise InvalidDataError(
                        f"{self.path / name} is open in a spreadsheet program, which would write over what "
                        "comes now. Save and close it there, and try again. If no program has it open, "
                        f"delete {mark}."
                    )

    def read(self, path: Path) -> bytes | None:
        """Return the content of a file, None if it is not there."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: Path, content: bytes) -> None:
        """Write a file whole or not at all, in the place of what was there.

        Raises
        ------
        OSError
            With what to do; what was there stays.
        """
        try:
            write_file(path, content, replace=True)
        except OSError as error:
            raise _said(error, path) from error

    def replace_table(self, path: Path, content: bytes, expected: bytes | None) -> None:
        """Write the table, and keep the version before.

        Parameters
        ----------
        path : Path
            The table; another name than before moves it.
        content : bytes
            What it is to hold.
        expected : bytes or None
            What the table held when it was read; if it holds something else by now, nothing is written.
        """
        before = self.table
        present = self.read(before)
        if present != expected:
            raise InvalidDataError(
                f"{before} was changed by another program in the meantime, and nothing was written. Run the "
                "command again."
            )
        if present == content and before == path:
            return
        if present is not None:
            self._keep(before, present)
        self.write(path, content)
        for name in TABLES:
            if path != self.path / name:
                (self.path / name).unlink(missing_ok=True)

    def kept(self) -> list[Path]:
        """Return the former versions of the table, oldest first."""
        found = (self.path / "history").glob("experiments.*.*")
        return sorted((each for each in found if each.stem.split(".")[-1].isdecimal()), key=_number)

    def suggestions(self) -> list[Path]:
        """Return the files of the batches ever asked, oldest first."""
        found = (self.path / "suggestions").glob("batch_*.json")
        return sorted((each for each in found if each.stem.split("_")[-1].isdecimal()), key=_number)

    def write_batch(self, number: int, document: Mapping[str, Any]) -> None:
        """Write the file of a batch that was asked."""
        self.create()
        content = json.dumps(document, ensure_ascii=False, indent=1).encode()
        self.write(self.path / "suggestions" / f"batch_{number:04d}.json", content)

    def write_model(self, number: int, document: Mapping[str, Any]) -> None:
        """Write the record of the model that a batch came from."""
        self.create()
        content = json.dumps(document, ensure_ascii=False, indent=1).encode()
        self.write(self.path / "models" / f"batch_{number:04d}.json", content)

    def _keep(self, path: Path, content: bytes) -> None:
        kept = self.kept()
        number = _number(kept[-1]) + 1 if kept else 1
        self.create()
        self.write(self.path / "history" / f"experiments.{number:05d}{path.suffix}", content)
        for old in kept[: max(0, len(kept) + 1 - KEPT)]:
            old.unlink(missing_ok=True)


def _number(path: Path) -> int:
    return int(path.stem.replace("_", ".").split(".")[-1])


def _said(error: OSError, path: Path) -> OSError:
    """Return an error that says what to do."""
    remedy = {
        errno.ENOSPC: "the disk is full; make room",
        errno.EACCES: "permission denied; a program may have it open, or the folder is not yours to write",
        errno.EPERM: "permission denied; a program may have it open, or the folder is not yours to write",
        errno.EROFS: "the folder is read-only; copy the campaign to where you may write",
    }.get(error.errno or 0, os.strerror(error.errno) if error.errno else str(error))
    return type(error)(f"{path} cannot be written: {remedy}. What was there is as it was.")
