"""Threads of the linear algebra behind NumPy and SciPy, limited where products are small.

A product of a few hundred rows takes less time than it takes two threads to meet; where another process holds
one of the cores, the thread that waits spins until its partner gets a turn. So what is made of many small
products runs on one thread, whatever else the process does, and the limit is taken back at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import local

from threadpoolctl import ThreadpoolController

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep the linear algebra of NumPy and SciPy to one thread within the block or the decorated function.

    A block within a block of the same thread costs next to nothing.
    """
    if _BLOCKS.is_open:
        yield
        return
    with _controller().limit(limits=1, user_api="blas"):
        _BLOCKS.is_open = True
        try:
            yield
        finally:
            _BLOCKS.is_open = False


class _Blocks(local):
    """Whether this thread is within a block."""

    is_open = False


_BLOCKS = _Blocks()


@cache
def _controller() -> ThreadpoolController:
    """Find the libraries once, which takes milliseconds; SciPy's own has to be loaded by then."""
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()
