"""Fits on more rows than are sorted and copied; here that is more than 2,000."""

import pickle
import tracemalloc

import keras
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import BayesianRidge

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import BayesianStackingRegressor

N_ROWS = 4500
pytestmark = pytest.mark.usefixtures("few_rows_are_many")


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
def small(make):
    """Makes the estimators; networks go on where they stopped, and not for long."""

    def made(**parameters):
        model = make(**parameters)
        return model.set_params(max_iter=10, warm_start=True) if "max_iter" in model.get_params() else model

    return made


@pytest.fixture(scope="module")
def each(few_rows_are_many, table, small):
    return small().fit(*table[:2])


def as_file(folder, values):
    np.save(folder / "values.npy", values)
    return np.load(folder / "values.npy", mmap_mode="r")


def assert_same(model, other, X):
    for mine, theirs in zip(
        model.predict(X, return_std=True), other.predict(X, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_function_and_noise_are_found_by_processes(table, processes):
    X, y, function = table
    model = processes().fit(X, y)
    assert np.sqrt(np.mean(np.square(model.predict(X) - function))) < 0.02
    assert model.noise_variance_ == pytest.approx(0.01, rel=0.25)
    assert model.sample_y(X[:5], 3).shape == (5, 3)
    assert model.shares_.to_numpy().sum() == pytest.approx(1.0)


def test_function_and_noise_are_found_by_networks(table, quick):
    X, y, function = table
    model = quick(max_iter=750).fit(X, y)
    assert np.sqrt(np.mean(np.square(model.predict(X) - function))) < 0.1
    assert model.noise_variance_ == pytest.approx(0.01, rel=0.5)


def test_held_out_rows_are_a_sample_of_all(table, each):
    y = table[1]
    held_out = each.predict_held_out()
    assert len(held_out.rows) == 1000
    assert np.all(np.diff(held_out.rows) > 0)
    assert 2000 < held_out.rows[-1] < N_ROWS
    ratio = np.mean(np.square(y[held_out.rows] - held_out.mean) / held_out.variance)
    assert 0.3 < ratio < 3.0


def test_a_memory_mapped_file_gives_the_numbers_of_an_array(table, each, small, tmp_path):
    X, y, _ = table
    assert_same(small().fit(as_file(tmp_path, X), y), each, X[:50])
    assert_same(small().fit(X.astype(np.float64), y.astype(np.float64)), each, X[:50])


def test_a_list_and_numbers_as_objects_give_the_numbers_of_an_array(table, each, small):
    X, y, _ = table
    assert_same(small().fit(X.astype(object), y.tolist()), each, X[:50])


def test_a_file_is_read_in_parts(quick, processes, tmp_path):
    """Twice the rows, 8 MB more, take as much memory."""
    values = np.random.default_rng(0).random((80_000, 50), dtype=np.float32)
    X, y = as_file(tmp_path, values), values[:, 0] + values[:, 1]
    for model in (quick(max_iter=2), processes(kernels=["squared_exponential"])):
        model.fit(X[:3000], y[:3000])  # loads what it needs
        peaks = []
        for n_rows in (40_000, 80_000):
            tracemalloc.start()
            try:
                model.fit(X[:n_rows], y[:n_rows])
                peaks.append(tracemalloc.get_traced_memory()[1])
            finally:
                tracemalloc.stop()
        assert peaks[1] < peaks[0] + 3e6


def test_rows_of_weight_0_are_as_none(table, each, small):
    X, y, _ = table
    order = np.random.default_rng(1).permutation(2 * N_ROWS)
    rank = np.sort(np.argsort(order)[:N_ROWS])  # where the true rows stand, in their order
    weights = np.zeros(2 * N_ROWS)
    weights[rank] = 1.0
    wild_X, wild_y = np.full((2 * N_ROWS, 3), 1e3), np.full(2 * N_ROWS, 1e3)
    wild_X[rank], wild_y[rank] = X, y
    model = small().fit(wild_X, wild_y, weights)
    assert_same(model, each, X[:50])
    np.testing.assert_array_equal(model.predict_held_out().rows, rank[each.predict_held_out().rows])


def test_weights_count_as_repeats(table, processes):
    X, y, _ = table
    weights = np.where(X[:, 0] > 0.5, 3, 1)
    order = np.random.default_rng(3).permutation(weights.sum())
    model = processes().fit(X, y, weights)
    repeated = processes().fit(np.repeat(X, weights, axis=0)[order], np.repeat(y, weights)[order])
    assert np.abs(model.predict(X) - repeated.predict(X)).mean() < 0.04  # the noise is 0.1


def test_known_noise_counts(table, processes):
    X, y, _ = table
    known = np.full(N_ROWS, 0.04, dtype=np.float32)
    model = processes().fit(X, y, noise_variance=known)
    assert model.noise_variance_ >= 0.04
    assert_same(processes().fit(X, y, noise_variance=known[:, None]), model, X[:9])


def test_noise_that_depends_on_the_inputs(table, processes):
    X, _, function = table
    y = function + np.where(X[:, 0] > 0.5, 0.4, 0.1) * np.random.default_rng(2).standard_normal(N_ROWS)
    std = processes(noise="input_dependent").fit(X, y).predict(X, return_std=True)[1]
    assert std[X[:, 0] > 0.7].mean() > 2 * std[X[:, 0] < 0.3].mean()


def test_the_data_are_not_kept(each):
    assert len(pickle.dumps(each)) < 25e6


def test_a_training_goes_on(table, quick):
    X, y, _ = table
    model = quick(max_iter=10, warm_start=True).fit(X, y)
    model.fit(X, y)
    assert len(model.loss_curve_) == 2
    model.fit(X[:500], y[:500])  # and with few rows
    assert len(model.loss_curve_) == 3
    assert quick().fit(X, y).partial_fit(X[:100], y[:100]).n_iter_ == 100


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_training_that_goes_on_leaves_the_same_rows_out(quick):
    """Of 40 inputs, each 60 times, with outcomes of chance: who has seen an input knows it by heart."""
    rng = np.random.default_rng(0)
    X, y = np.repeat(rng.random((40, 2)), 60, axis=0), np.repeat(rng.choice([-1.0, 1.0], 40), 60)
    model = quick(hidden_layer_sizes=(60, 60), max_iter=400, alpha=0, dropout=0.0, warm_start=True)
    before = model.fit(X, y).noise_variance_
    assert before > 0.4
    assert model.set_params(random_state=1).fit(X, y).noise_variance_ > 0.6 * before


def test_a_stacking_cross_validates_a_member_that_holds_no_rows_out(table):
    """On so many rows a member sees the arrays as they are."""
    X, y, function = table
    model = BayesianStackingRegressor([("line", BayesianRidge())]).fit(X, y)
    assert np.sqrt(np.mean(np.square(model.predict(X) - function))) < 0.5


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
    for warm_start in (True, False):
        model.set_params(callbacks=[Interrupt()], warm_start=warm_start)
        with pytest.raises(KeyboardInterrupt):
            fit(model)
        np.testing.assert_array_equal(model.predict(X[:9]), mean)
    new = quick(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        fit(new)
    with pytest.raises(NotFittedError):
        new.predict(X[:9])


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
        (lambda X, y: (X, changed(y, 4444, -np.inf)), "Input y contains infinity in row 4444 "),
        (lambda X, y: (X, y[:-1]), r"inconsistent numbers of samples: \[4500, 4499\]"),
        (lambda X, y: (X, y, np.ones(7)), r"one number for each row, shape \(4500,\), got \(7,\)"),
        (
            lambda X, y: (X, y, changed(np.ones(N_ROWS), 4100, -1)),
            "0 or from 1e-12 .* got -1 in row 4100",
        ),
        (lambda X, y: (X, y, np.zeros(N_ROWS)), r"At least 2 row\(s\) need a weight above zero, got 0"),
        (lambda X, y: (X[:, :0], y), r"0 feature\(s\)"),
    ],
)
def test_data_that_cannot_be_used(table, small, change, message):
    with pytest.raises(ValueError, match=message):
        small().fit(*change(*table[:2]))


@pytest.mark.parametrize(
    ("noise_variance", "message"),
    [
        (np.ones((N_ROWS, 2)), "one value for each value of y"),
        (-np.ones(N_ROWS), "noise_variance must be finite and at least 0, got -1"),
    ],
)
def test_known_noise_that_cannot_be(table, processes, noise_variance, message):
    with pytest.raises(InvalidDataError, match=message):
        processes().fit(*table[:2], noise_variance=noise_variance)


def test_other_columns_than_before(table, quick):
    X, y, _ = table
    model = quick(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="X has 2 features, but MCDropoutRegressor is expecting 3"):
        model.fit(X[:, :2], y)
    with pytest.raises(InvalidDataError, match=r"y has 2 output\(s\), but the training that goes on had 1"):
        model.fit(X, np.column_stack([y, y]))
