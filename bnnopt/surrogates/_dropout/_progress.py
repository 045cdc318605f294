"""A progress bar for a training, on the standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bnnopt.surrogates._dropout._tensorflow import keras

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(n_updates: int) -> Iterator[keras.callbacks.Callback]:
    """Show a bar, and give the callback that moves it at the end of each chunk of updates.

    Parameters
    ----------
    n_updates : int
        Updates of the whole training.
    """
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("updates{task.fields[loss]}"),
        TimeRemainingColumn(),
    ]
    console = Console(stderr=True)
    with Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False) as bar:
        yield _Advance(bar, bar.add_task("Training", total=n_updates, loss=""))


class _Advance(keras.callbacks.Callback):
    def __init__(self, bar: Progress, task: Any) -> None:
        super().__init__()
        self.bar = bar
        self.task = task

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Show the updates made and the losses."""
        losses = "".join(f", {name} {value:.3g}" for name, value in (logs or {}).items())
        self.bar.update(self.task, completed=self.model.n_updates, loss=losses)
