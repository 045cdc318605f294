"""Small tables and models that the tests of this room share; the models are fitted once and only read."""

import subprocess
import sys

import numpy as np
import pytest

from bnnopt.surrogates import MCDropoutRegressor, _many_rows
from bnnopt.surrogates._wide import _family


def quick_model(**parameters):
    """A model whose quality does not matter: two trained networks of 2 x 20 units, 100 updates."""
    setting = {"hidden_layer_sizes": (20, 20), "method": "trained", "n_networks": 2, "max_iter": 100}
    setting["random_state"] = 0
    return MCDropoutRegressor(**(setting | parameters))


def run_in_new_process(code, *arguments):
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="session")
def quick():
    return quick_model


@pytest.fixture(scope="session")
def new_process():
    return run_in_new_process


@pytest.fixture(scope="session")
def rows():
    """Read-only, so that a change in place shows at once."""
    values = np.random.default_rng(0).uniform(-2.0, 5.0, (40, 3))
    values.setflags(write=False)
    return values


@pytest.fixture(scope="session")
def outcomes(rows):
    """Two outputs in unlike units, read-only."""
    values = np.column_stack([900 + 10 * np.sin(rows[:, 0]), 0.1 * rows[:, 1] * rows[:, 2]])
    values.setflags(write=False)
    return values


@pytest.fixture(scope="session")
def fitted(rows, outcomes):
    """Three networks on both outputs."""
    return quick_model(n_networks=3, dropout=0.1).fit(rows, outcomes)


@pytest.fixture(scope="session")
def fitted_single(rows, outcomes):
    """Two networks on the first output."""
    return quick_model().fit(rows, outcomes[:, 0])


@pytest.fixture(scope="session")
def many_rows():
    """More rows than several blocks hold, some far outside those of fitting."""
    return np.random.default_rng(1).normal(1.5, 4.0, (1000, 3))


@pytest.fixture(scope="module")
def few_rows_are_many():
    """More than 2,000 rows are many, samples have 1,000, and 100 are centres or teach the scales."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_many_rows, "LARGEST_TABLE", 2000)
        patch.setattr(_many_rows, "ROWS_OF_A_SAMPLE", 1000)
        patch.setattr(_family, "MANY_ROWS", _family.MANY_ROWS._replace(size=_family.FamilySize(1, 100)))
        patch.setattr(_family, "MAX_CENTRES", 100)
        yield
