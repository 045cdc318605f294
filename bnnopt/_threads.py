"""Threads of the linear algebra behind NumPy and SciPy, limited where products are small.

A product of a few hundred rows takes less time than it takes two threads to meet; where another process holds
one of the cores, the thread that waits spins until its partner gets a turn. So what is made of many small
products runs on one thread, whatever else the process does, and the limit is taken back at the end.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep the linear algebra of NumPy and SciPy to one thread within the block or the decorated function.

    Several threads of Python may be within at once: the first one in sets the limit, the last one out takes
    it back.
    """
    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()


class _Limit:
    """The limit and how many are within."""

    def __init__(self) -> None:
        self._lock, self._n_within = Lock(), 0
        self._undo = ExitStack()

    def enter(self) -> None:
        with self._lock:
            if not self._n_within:
                self._undo.enter_context(_controller().limit(limits=1, user_api="blas"))
            self._n_within += 1

    def leave(self) -> None:
        with self._lock:
            self._n_within -= 1
            if not self._n_within:
                self._undo.close()


_limit = _Limit()


@cache
def _controller() -> ThreadpoolController:
    """Find the libraries once, which takes milliseconds; SciPy's own has to be loaded by then."""
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()
