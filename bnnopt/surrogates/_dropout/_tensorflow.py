"""TensorFlow, Keras and scikeras, loaded without their start-up lines, or a clear word that they are missing.

Every file that needs them takes them from here, and calls `check_process` before it runs a graph.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from bnnopt.exceptions import ForkedProcessError, MissingDependencyError

__all__ = ["KerasRegressor", "check_process", "keras", "tf"]

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
ERRORS_ONLY = "3"
START_UP_LINE = re.compile(
    rb"^([IWE]\d{4} .*\.cc:\d+\]|\d{4}-\d\d-\d\d .*\.cc:\d+\]|WARNING: All log messages before absl|"
    rb"To enable the following instructions)"
)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what libraries write to the standard error, and pass on all that is no start-up line.

    TensorFlow writes from C++ before any level of logging can be set, so the file itself is put aside while
    the libraries load. With a level of "0", which asks for all lines, nothing is held back.
    """
    level = os.environ.get(LOG_LEVEL)
    if level == "0":
        yield
        return
    os.environ[LOG_LEVEL] = level or ERRORS_ONLY  # is read when the first operation runs, too
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            if level is None:
                del os.environ[LOG_LEVEL]
            aside.seek(0)
            rest = b"".join(line for line in aside if not START_UP_LINE.match(line))
            os.write(2, rest)


try:
    with _quiet():
        import keras
        import tensorflow as tf
        from scikeras.wrappers import KerasRegressor
except ImportError as error:
    raise MissingDependencyError(
        f"Dropout networks need TensorFlow, Keras and scikeras, which cannot be loaded here ({error}). "
        "Install tensorflow on a version of Python that it supports, up to 3.13, or use a surrogate without "
        "networks, such as 'gaussian_process_ensemble'."
    ) from error


def check_process() -> None:
    """Refuse to run TensorFlow in a process forked from one where it ran: it would wait without end.

    Its threads are not copied with the memory, and what is given to them is never done.

    Raises
    ------
    ForkedProcessError
        If this process is not the one that called first.
    """
    if os.getpid() != _first_process():
        raise ForkedProcessError(
            f"This process ({os.getpid()}) was forked from one ({_first_process()}) in which dropout "
            "networks had run. TensorFlow's threads are not copied by a fork: here it would wait for ever. "
            "Use processes that start anew, such as joblib's 'loky' or multiprocessing.get_context('spawn'), "
            "or fork before the first fit."
        )


@cache
def _first_process() -> int:
    """Return the number of the process that ran TensorFlow first, which forks take with them."""
    return os.getpid()
