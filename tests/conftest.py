"""What holds for all tests: one thread for each of the two processes, and the same examples in every run.

Two processes run side by side (`-n=2`); with more threads than cores they would wait for each other. The
variables are read when the libraries are loaded, so they are set before any test module is.
`pytest --hypothesis-profile=searching` looks for new examples instead.

Tests that train dropout networks have the mark `tensorflow`: by itself where their file loads TensorFlow, or
where the file, the test or its parameters have a name as in `TRAINING`, else by hand. Where TensorFlow is not
installed, run `pytest -m "not tensorflow"`; files that load it are left out there, and the header says so.
"""

import os
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")

HAS_TENSORFLOW = find_spec("tensorflow") is not None
LOADING = re.compile(
    r"^(from|import) (keras|scikeras|tensorflow|bnnopt\.surrogates\._(dropout|keras)\b)", re.MULTILINE
)
TRAINING = re.compile(
    r"dropout|keras|[\[-]networks[\]-]|propagation_through_networks|training_of_stacked_networks"
)

settings.register_profile("searching", derandomize=False)
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


@cache
def loads_tensorflow(path: Path) -> bool:
    """Tell whether a file imports TensorFlow, or a module that does, as soon as it is read."""
    return LOADING.search(path.read_text(encoding="utf-8")) is not None


def pytest_report_header() -> str | None:
    """Say what is not there."""
    return None if HAS_TENSORFLOW else "TensorFlow is not installed: test files that load it are left out"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out files that could not be read."""
    is_module = collection_path.is_file() and collection_path.suffix == ".py"
    return True if is_module and not HAS_TENSORFLOW and loads_tensorflow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what trains dropout networks."""
    for item in items:
        if TRAINING.search(item.nodeid) or loads_tensorflow(item.path):
            item.add_marker(pytest.mark.tensorflow)


def pytest_make_parametrize_id(config, val, argname):
    """Name contents of files by their argument: archives hold the time, and differ between workers."""
    return argname if isinstance(val, bytes) else None
