"""Small tables and models that the tests of this room share; the models are fitted once and only read.

`few_rows_are_many` lowers the private sizes from which rows are many, samples are drawn and inducing
points stand in: a fit on more than 100,000 rows would take longer than all other tests of the room.
"""

import subprocess
import sys

import numpy as np
import pytest

from bnnopt.surrogates import (
    BayesianStackingRegressor,
    GaussianProcessEnsembleRegressor,
    MCDropoutRegressor,
)
from bnnopt.surrogates._dropout import _fit
from bnnopt.surrogates._gaussian_process import _ensemble, _process
from bnnopt.surrogates._rows import _blocks, _checks


def quick_networks(**parameters):
    """Dropout networks whose quality does not matter: two of 2 x 20 units, 100 updates."""
    setting = {"hidden_layer_sizes": (20, 20), "n_networks": 2, "max_iter": 100, "random_state": 0}
    return MCDropoutRegressor(**(setting | parameters))


def quick_processes(**parameters):
    """Gaussian processes of two kernels, one of each."""
    setting = {"kernels": ("matern_5_2", "matern_5_2_by_rank"), "n_members": 1, "random_state": 0}
    return GaussianProcessEnsembleRegressor(**(setting | parameters))


def quick_stacking(**parameters):
    """A stacking of two members of one Gaussian process each."""
    members = [
        ("processes", quick_processes(kernels=["matern_5_2"], random_state=None)),
        ("others", quick_processes(kernels=["exponential_by_rank"], random_state=None)),
    ]
    return BayesianStackingRegressor(**({"estimators": members, "random_state": 0} | parameters))


QUICK = {"networks": quick_networks, "processes": quick_processes, "stacking": quick_stacking}


def run_in_new_process(code, *arguments):
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="session")
def quick():
    return quick_networks


@pytest.fixture(scope="session")
def processes():
    return quick_processes


@pytest.fixture(scope="session")
def new_process():
    return run_in_new_process


@pytest.fixture(scope="session", params=QUICK)
def kind(request):
    """Name of each of the three estimators that compose."""
    return request.param


@pytest.fixture(scope="session")
def make(kind):
    """Makes it, small."""
    return QUICK[kind]


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
    return quick_networks(n_networks=3, dropout=0.1).fit(rows, outcomes)


@pytest.fixture(scope="session")
def fitted_single(rows, outcomes):
    """Two networks on the first output."""
    return quick_networks().fit(rows, outcomes[:, 0])


@pytest.fixture(scope="session")
def fitted_of_each(rows, outcomes):
    """Each of the three estimators on both outputs, by its name."""
    return {name: make().fit(rows, outcomes) for name, make in QUICK.items()}


@pytest.fixture(scope="session")
def each(kind, rows, outcomes):
    """That estimator on both outputs."""
    return QUICK[kind]().fit(rows, outcomes)


@pytest.fixture(scope="session")
def many_rows():
    """More rows than several blocks hold, some far outside those of fitting."""
    return np.random.default_rng(1).normal(1.5, 4.0, (1000, 3))


@pytest.fixture(scope="module")
def few_rows_are_many():
    """More than 2,000 rows stay where they are, samples have 1,000, and 100 rows are inducing points."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (_checks, _fit):
            patch.setattr(module, "LARGEST_TABLE", 2000)
        patch.setattr(_ensemble, "MOST_INDUCING", 100)
        patch.setattr(_process, "MOST_EXACT", 100)
        patch.setattr(_blocks, "ROWS_OF_A_SAMPLE", 1000)
        yield
