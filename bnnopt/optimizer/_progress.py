"""A bar on the standard error that says how many rows of a batch are found, where it is asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["Tick", "progress", "unseen"]

ROUND_OFF = 1e-6  # of a row that was found in parts

Tick: TypeAlias = Callable[[float], None]
"""Takes how many rows further a search is; a row that is looked for several times counts in parts."""


def unseen(n_rows: float) -> None:
    """Take a step of a search that nobody watches."""


@contextmanager
def progress(n_rows: int, *, is_shown: bool) -> Iterator[Tick]:
    """Show within the block how many of so many rows are found, if so wanted."""
    if not is_shown:
        yield unseen
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar, bar.add_task("rows", total=n_rows), n_rows)
        bar.update(bar.task_ids[0], completed=n_rows)


class _Bar:
    """Moves a bar in this process; sent to another, it is one that nobody watches."""

    def __init__(self, bar: Progress, task: TaskID, n_rows: int) -> None:
        self._bar, self._task, self._n_rows, self._found = bar, task, n_rows, 0.0

    def __call__(self, n_rows: float) -> None:
        self._found = min(self._found + n_rows, self._n_rows)
        self._bar.update(self._task, completed=int(self._found + ROUND_OFF))

    def __reduce__(self) -> tuple[Callable[[], Tick], tuple[()]]:
        return _unwatched, ()


def _unwatched() -> Tick:
    return unseen
