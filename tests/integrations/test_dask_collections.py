"""Predictions and pools on dask collections, without a cluster: lazily, and the numbers of one process."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.compose import make_column_transformer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import BayesianRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    GaussianProcessEnsembleRegressor,
    LinearConstraint,
    Minimize,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InvalidDataError

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

from bnnopt.integrations.dask import predict, random_partitions  # noqa: E402

SPACE = SearchSpace(
    [Real("x", 0, 1), Real("z", 0, 1), Categorical("solvent", ["ODE", "OLA"])],
    constraints=[LinearConstraint({"x": 1, "z": 1}, upper=1.5)],
)


@pytest.fixture(autouse=True)
def _one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module")
def table():
    return SPACE.sample(40, random_state=0)


@pytest.fixture(scope="module")
def told(table):
    optimizer = BayesianOptimizer(
        SPACE, [Minimize("y")], surrogate=GaussianProcessRegressor(), n_initial=5, random_state=0
    )
    optimizer.tell(table, {"y": (table["x"] - 0.3) ** 2 + table["z"]})
    return optimizer


def both(table):
    return np.column_stack([table["x"] * 2, table["z"] - table["x"]])


def test_blocks_of_an_array_are_predicted_as_the_model_does(table):
    X = table[["x", "z"]].to_numpy()
    model = GaussianProcessEnsembleRegressor(["squared_exponential"], random_state=0).fit(X, both(table))
    blocks = da.from_array(X, chunks=(13, 1))
    found = predict(model, blocks, return_std=True, noise=False)
    assert [part.shape for part in found] == [(40, 2), (40, 2)]
    for lazy, expected in zip(found, model.predict(X, return_std=True, noise=False), strict=True):
        np.testing.assert_array_equal(lazy.compute(), expected)
    assert predict(BayesianRidge().fit(X, X[:, 0]), blocks).compute().shape == (40,)


def test_a_table_keeps_index_and_partitions_and_names_its_outputs(table):
    wanted = pd.DataFrame(both(table), columns=["peak", "width"])
    encode = make_column_transformer((OneHotEncoder(), ["solvent"]), remainder="passthrough")
    model = make_pipeline(encode, GaussianProcessEnsembleRegressor(["squared_exponential"], random_state=0))
    model.fit(table, wanted)
    parts = dd.from_pandas(table.set_axis(range(5, 45)), npartitions=3)
    found = predict(model, parts, return_std=True)
    assert found.npartitions == 3
    assert list(found.columns) == ["peak_mean", "peak_std", "width_mean", "width_std"]
    mean, std = model.predict(table, return_std=True)
    assert_frame_equal(
        found.compute(),
        pd.DataFrame(np.stack([mean, std], axis=-1).reshape(40, 4), range(5, 45), found.columns),
        check_exact=True,
    )


def test_nothing_is_computed_before_it_is_asked_for():
    def fails(block):
        raise KeyError("read too early")

    model = BayesianRidge().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    blocks = da.ones((6, 1), chunks=3).map_blocks(fails, dtype=float, meta=np.empty((0, 0)))
    lazy = predict(model, blocks, return_std=True)
    with pytest.raises(KeyError, match="read too early"):
        lazy[0].compute()


@pytest.mark.parametrize("X", [np.ones((3, 2)), pd.DataFrame({"x": [1.0]}), None])
def test_what_is_in_memory_is_sent_to_the_model(X):
    with pytest.raises(InvalidDataError, match=r"Use\s+model.predict"):
        predict(BayesianRidge(), X)


def test_partitions_are_drawn_from_the_space_and_by_the_seed():
    first, again, other = (
        random_partitions(SPACE, 250, random_state=seed, partition_size=100) for seed in (1, 1, 2)
    )
    assert first.npartitions == 3
    drawn = first.compute()
    assert len(drawn) == 250
    assert SPACE.is_feasible(drawn).all()
    assert not drawn.duplicated().any()
    assert_frame_equal(drawn, again.compute(), check_exact=True)
    assert (drawn["x"].to_numpy() != other.compute()["x"].to_numpy()).all()


@pytest.mark.parametrize(("n", "size"), [(0, 10), (10, 0), (2.5, 10)])
def test_numbers_of_rows_are_whole_and_positive(n, size):
    with pytest.raises(InvalidDataError, match="whole number of at least 1"):
        random_partitions(SPACE, n, partition_size=size)


@pytest.mark.parametrize("size", [9_000, 30_000, 100_000])
def test_partitions_are_screened_as_a_stream_is(told, size):
    pool = random_partitions(SPACE, 40_000, random_state=1, partition_size=size)
    stream = (part.compute() for part in pool.partitions)
    expected = told.score_pool(stream, n_sample=50)
    found = told.score_pool(pool, n_sample=50)
    assert_frame_equal(found.best, expected.best)
    assert (
        (found.n_candidates, found.n_exact) == (expected.n_candidates, expected.n_exact) == (40_000, 32_768)
    )
    assert len(found.sample) == 50
    assert_frame_equal(told.score_pool(pool, n_sample=50).sample, found.sample, check_exact=True)


@pytest.mark.parametrize("is_screened", [True, False])
def test_few_rows_are_scored_by_the_surrogate(told, table, is_screened):
    pool = dd.from_pandas(
        pd.concat([table, SPACE.sample(60, random_state=3)], ignore_index=True), npartitions=4
    )
    found = told.score_pool(pool, n_best=20, is_screened=is_screened)
    expected = told.score_pool(pool.compute(), n_best=20, is_screened=is_screened)
    assert_frame_equal(found.best, expected.best)  # without the rows told
    assert found.n_exact == expected.n_exact == 100


def test_the_sample_is_drawn_from_all_partitions_alike(told):
    pool = random_partitions(SPACE, 2_000, random_state=1, partition_size=100)
    sample = told.score_pool(pool, n_sample=1_000, is_screened=False).sample
    numbered = pool.compute().reset_index(drop=True).reset_index()
    places = sample.merge(numbered, on=list(SPACE.names))["index"] // 100
    counts = places.value_counts()
    assert len(sample) == 1_000
    assert counts.between(30, 70).all()  # 50 of each are expected, with a spread of 5


def test_a_faulty_partition_is_named(told, table):
    with pytest.raises(InvalidDataError, match=r"part 0: .*solvent"):
        told.score_pool(dd.from_pandas(table.drop(columns="solvent"), npartitions=2))
    outside = dd.from_pandas(table.assign(x=7.0), npartitions=2)
    for is_screened in (True, False):
        with pytest.raises(InvalidDataError, match=r"None of the 40 candidate\(s\)"):
            told.score_pool(outside, is_screened=is_screened)
