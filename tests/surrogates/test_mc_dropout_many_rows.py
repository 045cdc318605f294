"""Fits on more rows than are sorted and copied; here that is more than 2,000."""

import pickle
import tracemalloc

import keras
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import MCDropoutRegressor, _many_rows

N_ROWS = 4500
pytestmark = [
    pytest.mark.usefixtures("few_rows_are_many"),
    pytest.mark.filterwarnings("ignore:The search for the scales"),  # a few steps are enough here
]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.random((N_ROWS, 3)).astype(np.float32)
    function = np.sin(4 * X[:, 0]) + X[:, 1]
    y = (function + 0.1 * rng.standard_normal(N_ROWS)).astype(np.float32)
    for values in (X, y):
        values.setflags(write=False)
    return X, y, function


@pytest.fixture(scope="module")
def both(table):
    """Wide and trained networks, neither of them for long."""
    return both_kinds().fit(*table[:2])


def both_kinds(**parameters):
    setting = {"n_networks": 2, "max_iter": 10, "warm_start": True, "random_state": 0}
    return MCDropoutRegressor((20,), **(setting | parameters))


def as_file(folder, values):
    np.save(folder / "values.npy", values)
    return np.load(folder / "values.npy", mmap_mode="r")


def assert_same(model, other, X):
    for mine, theirs in zip(
        model.predict(X, return_std=True), other.predict(X, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_function_and_noise_are_found(table):
    X, y, function = table
    model = MCDropoutRegressor(random_state=0, method="wide").fit(X, y)
    assert np.sqrt(np.mean(np.square(model.predict(X) - function))) < 0.015
    assert model.noise_variance_ == pytest.approx(0.01, rel=0.25)
    assert model.sample_y(X[:5], 3).shape == (5, 3)
    assert model.shares_.to_numpy().sum() == pytest.approx(1.0)


def test_a_memory_mapped_file_gives_the_numbers_of_an_array(table, both, tmp_path):
    X, y, _ = table
    assert_same(both_kinds().fit(as_file(tmp_path, X), y), both, X[:50])
    assert_same(both_kinds().fit(X.astype(np.float64), y.astype(np.float64)), both, X[:50])


def test_a_file_is_read_in_parts(quick, tmp_path, monkeypatch):
    monkeypatch.setattr(_many_rows, "VALUES_DRAWN_AT_ONCE", 1)
    values = np.random.default_rng(0).random((200_000, 50), dtype=np.float32)  # 40 MB
    X, y = as_file(tmp_path, values), values[:, 0] + values[:, 1]
    quick(n_networks=2, max_iter=2).fit(X[:3000], y[:3000])  # loads TensorFlow
    tracemalloc.start()
    try:
        quick(n_networks=2, max_iter=2).fit(X, y)
        assert tracemalloc.get_traced_memory()[1] < X.nbytes / 2
    finally:
        tracemalloc.stop()


def test_rows_of_weight_0_are_as_none(table, both):
    X, y, _ = table
    order = np.random.default_rng(1).permutation(2 * N_ROWS)
    rank = np.sort(np.argsort(order)[:N_ROWS])  # where the true rows stand, in their order
    weights = np.zeros(2 * N_ROWS)
    weights[rank] = 1.0
    wild_X, wild_y = np.full((2 * N_ROWS, 3), 1e3), np.full(2 * N_ROWS, 1e3)
    wild_X[rank], wild_y[rank] = X, y
    assert_same(both_kinds().fit(wild_X, wild_y, weights), both, X[:50])


def test_weights_count_as_repeats(table):
    X, y, _ = table
    weights = np.where(X[:, 0] > 0.5, 3, 1)
    order = np.random.default_rng(3).permutation(weights.sum())
    model = MCDropoutRegressor(method="wide", random_state=0).fit(X, y, weights)
    repeated = MCDropoutRegressor(method="wide", random_state=0).fit(
        np.repeat(X, weights, axis=0)[order], np.repeat(y, weights)[order]
    )
    assert np.abs(model.predict(X) - repeated.predict(X)).mean() < 0.04  # the noise is 0.1


def test_known_noise_counts(table):
    X, y, _ = table
    known = np.full(N_ROWS, 0.04, dtype=np.float32)
    setting = {"method": "wide", "random_state": 0, "max_iter": 10}
    model = MCDropoutRegressor(**setting).fit(X, y, noise_variance=known)
    assert model.noise_variance_ >= 0.04
    assert_same(MCDropoutRegressor(**setting).fit(X, y, noise_variance=known[:, None]), model, X[:9])


def test_noise_that_depends_on_the_inputs(table):
    X, _, function = table
    y = function + np.where(X[:, 0] > 0.5, 0.4, 0.1) * np.random.default_rng(2).standard_normal(N_ROWS)
    model = MCDropoutRegressor(method="wide", noise="input_dependent", random_state=0, max_iter=20).fit(X, y)
    std = model.predict(X, return_std=True)[1]
    assert std[X[:, 0] > 0.7].mean() > 2 * std[X[:, 0] < 0.3].mean()


def test_the_data_are_not_kept(both):
    assert len(pickle.dumps(both_kinds())) < len(pickle.dumps(both)) < 25e6
    assert both._learned.rows is None


def test_a_fit_goes_on_with_the_same_rows_left_out(table, both):
    X, y, _ = table
    copy = pickle.loads(pickle.dumps(both))
    rule = copy._learned.trained.posterior.seen
    copy.fit(X, y)
    assert copy._learned.trained.posterior.seen == rule
    assert len(copy.loss_curve_) == 2
    copy.fit(X[:500], y[:500])  # and with few rows
    assert len(copy.loss_curve_) == 3


def test_rows_are_not_added_to_so_many(table, both, quick):
    X, y, _ = table
    with pytest.raises(ValueError, match="too many to be kept"):
        both.partial_fit(X[:100], y[:100])
    trained = quick().fit(X, y)
    assert trained.partial_fit(X[:100], y[:100]).n_iter_ == 100


@pytest.mark.parametrize("batch_size", ["auto", 2**31 - 1])
def test_rows_that_are_all_the_same(quick, batch_size):
    X, y = np.ones((3000, 2)), np.full(3000, 7.0)
    model = quick(batch_size=batch_size, max_iter=20).fit(X, y)
    assert model.predict(X[:1]) == pytest.approx(7.0, abs=1.0)


def test_early_stopping_of_a_single_network(table, quick):
    model = quick(n_networks=1, early_stopping=True).fit(*table[:2])
    assert len(model.validation_scores_) == 1


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C after the first chunk."""

    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("is_stream", [False, True])
def test_ctrl_c_leaves_the_last_fit_or_none(table, quick, is_stream):
    X, y, _ = table

    def fit(model):
        return model.fit_stream([(X, y)]) if is_stream else model.fit(X, y)

    model = fit(quick(warm_start=True))
    mean = model.predict(X[:9])
    model.set_params(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        fit(model)
    np.testing.assert_array_equal(model.predict(X[:9]), mean)
    with pytest.raises(KeyboardInterrupt):
        fit(model.set_params(warm_start=False))
    with pytest.raises(NotFittedError):
        model.predict(X[:9])


def changed(values, row, value):
    copy = np.array(values)
    copy[row] = value
    return copy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda X, y: (changed(X, (4401, 2), np.nan), y),
            "Input X contains NaN in row 4401, column 2",
        ),
        (lambda X, y: (X, changed(y, 4444, -np.inf)), "Input y contains infinity in row 4444, column 0"),
        (lambda X, y: (X, y[:-1]), r"inconsistent numbers of samples: \[4500, 4499\]"),
        (lambda X, y: (X, y, np.ones(7)), "inconsistent numbers of samples"),
        (lambda X, y: (X, y, changed(np.ones(N_ROWS), 4100, -1)), "at least 0, got -1.0 in row 4100"),
        (lambda X, y: (X, y, np.zeros(N_ROWS)), "At least 2 rows need a weight above zero, got 0"),
        (lambda X, y: (X, y, None, np.ones((N_ROWS, 2))), "one value for each value of y"),
        (lambda X, y: (X, y, None, -np.ones(N_ROWS)), "noise_variance must be finite and at least 0, got -1"),
        (lambda X, y: (X[:, :0], y), r"0 feature\(s\)"),
    ],
)
def test_data_that_cannot_be_used(table, quick, change, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(*change(*table[:2]))


def test_other_columns_than_before(table, both):
    X, y, _ = table
    with pytest.raises(ValueError, match="X has 2 features, but MCDropoutRegressor is expecting 3"):
        both.fit(X[:, :2], y)
    with pytest.raises(InvalidDataError, match=r"y has 2 output\(s\), but the training that goes on had 1"):
        both.fit(X, np.column_stack([y, y]))
