"""What is told while a search runs, and what ends it early."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bnnopt._plain import shown
from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError

__all__ = ["Watch", "callbacks_of"]


def callbacks_of(*given: Any) -> list[Callable[[Any], Any]]:
    """Return callbacks given as one, several or none.

    Raises
    ------
    InvalidDataError
        Something cannot be called.
    """
    found: list[Callable[[Any], Any]] = []
    for each in given:
        found += [] if each is None else list(each) if isinstance(each, list | tuple) else [each]
    wrong = [each for each in found if not callable(each)]
    if wrong:
        raise InvalidDataError(f"callbacks: expected functions of the result so far, got {shown(wrong)}.")
    return found


class Watch:
    """Counts settings and time, and says how far a search is.

    Parameters
    ----------
    n_settings : int
        Settings to be tried.
    n_splits : int
        Fits of each.
    callbacks : sequence of callable
        Each is called with the result so far; the search ends when one returns true.
    time_budget : float or None
        Seconds after which no setting is begun.
    verbose : int
        Whether lines are printed.
    """

    def __init__(
        self,
        n_settings: int,
        n_splits: int,
        callbacks: Sequence[Callable[[Any], Any]],
        time_budget: float | None,
        verbose: int,
    ) -> None:
        self._n_settings, self._callbacks, self._verbose = n_settings, callbacks, verbose
        self._end = np.inf if time_budget is None else time.monotonic() + time_budget
        self._n_done = 0
        self._bar: tuple[Progress, Any] | None = None
        self._say(f"Fitting {n_splits} folds for each of {n_settings} settings")

    @contextmanager
    def shown(self, has_bar: bool) -> Iterator[None]:
        """Draw a progress bar meanwhile, if wanted."""
        if not has_bar:
            yield
            return
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns) as progress:
            self._bar = progress, progress.add_task("settings", total=self._n_settings)
            yield

    def is_over(self, scores: FloatArray, n_new: int, result: Any) -> bool:
        """Say how far the search is, and return whether it ends.

        Parameters
        ----------
        scores : ndarray of shape (n_trials,)
            Of all trials, larger is better.
        n_new : int
            How many of them are new.
        result : OptimizeResult
            What callbacks are given.
        """
        self._n_done += n_new
        best = np.nanmax(scores) if np.isfinite(scores).any() else np.nan
        if self._bar is not None:
            self._bar[0].update(self._bar[1], completed=self._n_done, description=f"best {best:.4g}")
        came = ", ".join(f"{score:.4g}" for score in scores[-n_new:])
        self._say(f"setting {self._n_done} of {self._n_settings}: {came}; best {best:.4g}")
        asked = [_as_flag(callback(result)) for callback in self._callbacks]
        return any(asked) or time.monotonic() >= self._end

    def _say(self, text: str) -> None:
        if self._verbose:
            sys.stdout.write(f"{text}\n")


def _as_flag(answer: Any) -> bool:
    """Return what a callback says, or raise `InvalidDataError` for what is neither true nor false."""
    try:
        return bool(answer)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            "callbacks: expected true, false or nothing from each, to say whether the search ends; got "
            f"{shown(answer)}."
        ) from error
