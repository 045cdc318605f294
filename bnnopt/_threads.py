"""Threads of the linear algebra behind NumPy and SciPy, limited where products are small.

A product of a few hundred rows takes less time than it takes two threads to meet; where another process holds
one of the cores, the thread that waits spins until its partner gets a turn. So what is made of many small
products runs on one thread, whatever else the process does, and the limit is taken back at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

__all__ = ["one_thread"]

_IS_LIMITED = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep the linear algebra of NumPy and SciPy to one thread within the block or the decorated function.

    The limit is one of the whole process. A block within a block, of this thread of Python or while another
    one has set the limit, leaves it alone and costs next to nothing; whoever set the limit takes it back.
    """
    if not _IS_LIMITED.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _IS_LIMITED.release()


@cache
def _controller() -> ThreadpoolController:
    """Find the libraries once, which takes milliseconds; SciPy's own has to be loaded by then."""
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()
