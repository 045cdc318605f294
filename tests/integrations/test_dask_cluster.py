"""A cluster of two processes on this machine: the numbers of one process, and workers that are lost."""

import os
import signal
import sys
import threading
import time

import joblib
import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from sklearn.linear_model import BayesianRidge
from sklearn.model_selection import cross_val_score

from bnnopt import (
    BayesianOptimizer,
    BayesianStackingRegressor,
    GaussianProcessEnsembleRegressor,
    Minimize,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import MissingDependencyError

cloudpickle = pytest.importorskip("cloudpickle")
distributed = pytest.importorskip("distributed")
dd = pytest.importorskip("dask.dataframe")

from bnnopt.integrations.dask import predict, random_partitions  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    # what a worker that is killed leaves open
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers need not find this file

SPACE = SearchSpace([Real(f"x{number}", 0, 1) for number in range(4)])
TABLE = SPACE.sample(50, random_state=1)
OUTCOMES = np.column_stack([np.sin(5 * TABLE["x0"]), TABLE["x1"] ** 2])


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def told():
    optimizer = BayesianOptimizer(
        SPACE, [Minimize("y")], surrogate="gaussian_process_ensemble", random_state=0
    )
    optimizer.tell(TABLE, {"y": ((TABLE - 0.3) ** 2).sum(axis=1)})
    return optimizer


@pytest.fixture(scope="module")
def pool():
    return random_partitions(SPACE, 120_000, random_state=2, partition_size=20_000)


@pytest.fixture(scope="module")
def expected(told, pool):
    """What one process finds."""
    return told.score_pool(part.compute(scheduler="synchronous") for part in pool.partitions)


def stacking():
    members = [
        ("linear", BayesianRidge()),
        ("ensemble", GaussianProcessEnsembleRegressor(["squared_exponential"])),
    ]
    return BayesianStackingRegressor(members, random_state=0)


def kill_one(client, after):
    """Kill a worker after some seconds, as kill -9 does; return the thread that will."""
    victim = next(iter(client.run(os.getpid).values()))

    def kill():
        time.sleep(after)
        os.kill(victim, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def hide_bnnopt():
    """Make a worker one without bnnopt, as far as an import can tell."""
    sys.modules["bnnopt"] = None


def show_bnnopt():
    del sys.modules["bnnopt"]


def test_partitions_and_blocks_are_scored_as_in_one_process(client, told, pool, expected):
    found = told.score_pool(pool)
    assert_frame_equal(found.best, expected.best, check_exact=True)
    assert found.n_exact == expected.n_exact
    with joblib.parallel_config(backend="dask"):
        spread = told.score_pool(part.compute(scheduler="synchronous") for part in pool.partitions)
    assert_frame_equal(spread.best, expected.best, check_exact=True)
    assert_frame_equal(spread.sample, expected.sample, check_exact=True)


def test_a_bar_stays_in_the_process_that_asks(client, told, pool, capsys):
    parts = [part.compute(scheduler="synchronous") for part in list(pool.partitions)[:2]]
    with joblib.parallel_config(backend="dask"):
        row = told.ask(1, candidates=parts, verbose=True)
    told.withdraw(row)
    assert "1/1" in capsys.readouterr().err


def test_members_outputs_and_folds_are_fitted_as_in_one_process(client):
    here = stacking().fit(TABLE, OUTCOMES).predict(TABLE, return_std=True)
    scores = cross_val_score(stacking(), TABLE, OUTCOMES, cv=2)
    with joblib.parallel_config(backend="dask"):
        there = stacking().fit(TABLE, OUTCOMES).predict(TABLE, return_std=True)
        scores_there = cross_val_score(stacking(), TABLE, OUTCOMES, cv=2)
    for one, two in zip(here, there, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(scores, scores_there)


def test_a_model_is_unpacked_once_by_each_worker(client):
    model = Counted().fit(TABLE, OUTCOMES[:, 0])
    parts = dd.from_pandas(TABLE, npartitions=12)
    assert len(predict(model, parts).compute()) == len(TABLE)
    assert max(client.run(unpacked_so_far).values()) <= 1


@pytest.mark.parametrize("way", ["partitions", "joblib"])
def test_a_killed_worker_costs_time_and_nothing_else(client, told, pool, expected, way):
    candidates = pool if way == "partitions" else [part.compute() for part in pool.partitions]
    thread = kill_one(client, 0.2)
    with joblib.parallel_config(backend="dask"):
        found = told.score_pool(candidates)
    thread.join()
    assert_frame_equal(found.best, expected.best, check_exact=True)
    client.wait_for_workers(2, timeout=60)


def test_a_worker_without_bnnopt_is_named(client, told, pool):
    address = next(iter(client.run(os.getpid)))
    client.run(hide_bnnopt, workers=[address])
    try:
        with pytest.raises(MissingDependencyError, match=rf"1 of 2 dask worker\(s\) .*{address}"):
            told.score_pool(pool)
        with (
            joblib.parallel_config(backend="dask"),
            pytest.raises(MissingDependencyError, match="Install the same version"),
        ):
            stacking().fit(TABLE, OUTCOMES)
    finally:
        client.run(show_bnnopt, workers=[address])


class Counted(BayesianRidge):
    """A regressor that counts in each process how often it is unpacked."""

    def __setstate__(self, state):
        import builtins

        builtins.n_unpacked = getattr(builtins, "n_unpacked", 0) + 1
        super().__setstate__(state)


def unpacked_so_far():
    import builtins

    return getattr(builtins, "n_unpacked", 0)
