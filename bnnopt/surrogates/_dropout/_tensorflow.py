"""TensorFlow, Keras and scikeras, loaded without their start-up lines, or a clear word that they are missing.

Every file that needs them takes them from here.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from bnnopt.exceptions import MissingDependencyError

__all__ = ["KerasRegressor", "keras", "tf"]

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
