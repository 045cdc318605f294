"""Fits on batches: the same as on arrays; here more than 2,000 rows are many."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.linear_model import BayesianRidge

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import BayesianStackingRegressor

N_ROWS = 4500
pytestmark = pytest.mark.usefixtures("few_rows_are_many")


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.random((N_ROWS, 2))
    return X, np.column_stack([X[:, 0], X[:, 1] - X[:, 0]]) + 0.1 * rng.standard_normal((N_ROWS, 2))


def cut(*columns, n_rows=700):
    return [
        tuple(each[start : start + n_rows] for each in columns) for start in range(0, len(columns[0]), n_rows)
    ]


def assert_same(model, other, X):
    for mine, theirs in zip(
        model.predict(X, return_std=True), other.predict(X, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("n_rows", [300, N_ROWS], ids=["few", "many"])
def test_a_stream_gives_the_numbers_of_an_array(table, make, n_rows):
    X, y = (each[:n_rows] for each in table)
    weights = np.random.default_rng(1).integers(0, 3, n_rows)
    model, stream = make().fit(X, y, weights), make().fit_stream(cut(X, y, weights))
    assert_same(stream, model, X[:20])
    np.testing.assert_array_equal(stream.noise_variance_, model.noise_variance_)
    np.testing.assert_array_equal(stream.sample_y(X[:3], 2), model.sample_y(X[:3], 2))
    for mine, theirs in zip(stream.predict_held_out(), model.predict_held_out(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_stacking_of_what_cannot_read_batches_is_refused(table, processes):
    members = [("processes", processes()), ("line", BayesianRidge())]
    with pytest.raises(InvalidDataError, match=r"have no fit_stream: \['line'\]"):
        BayesianStackingRegressor(members).fit_stream(cut(*table))


def test_a_tf_data_set_gives_the_numbers_of_an_array(table, quick):
    X, y = table[0], table[1][:, 0]
    batches = tf.data.Dataset.from_tensor_slices((X, y)).batch(512)
    model = quick().fit_stream(batches)
    assert_same(model, quick().fit(X, y), X[:20])
    assert model.predict(X[:20]).shape == (20,)


def test_the_order_may_change_between_readings(table, quick):
    batches = tf.data.Dataset.from_tensor_slices(table).shuffle(N_ROWS, seed=1).batch(512)
    model = quick(max_iter=400, batch_size=512).fit_stream(batches)
    np.testing.assert_allclose(model.noise_variance_, 0.01, rtol=0.2)


def test_names_of_columns_are_kept(table, make):
    frames = (pd.DataFrame(table[0], columns=["T", "V"]), pd.DataFrame(table[1], columns=["peak", "width"]))
    stream = [tuple(frame.iloc[start : start + 50] for frame in frames) for start in range(0, 200, 50)]
    model = make().fit_stream(stream)
    assert model.feature_names_in_.tolist() == ["T", "V"]
    assert model.output_names_.tolist() == ["peak", "width"]
    assert_same(model, make().fit(*(frame[:200] for frame in frames)), frames[0][:20])
    renamed = [(X.rename(columns={"T": "Q"}) if place == 2 else X, y) for place, (X, y) in enumerate(stream)]
    with pytest.raises(InvalidDataError, match=r"Batch 2 \(counted from 0\).* other columns"):
        make().fit_stream(renamed)


def broken(table, number, change):
    batches = cut(*table)
    batches[number] = change(*(np.array(each) for each in batches[number]))
    return batches


def with_nan(X, y):
    X[13, 1] = np.nan
    return X, y


@pytest.mark.parametrize(
    ("number", "change", "message"),
    [
        (6, with_nan, r"Batch 6 \(counted from 0\) of the stream: X contains NaN in row 13, column 1"),
        (3, lambda X, y: (X, y * np.inf), r"Batch 3 .*: y contains infinity in row 0, column 0"),
        (5, lambda X, y: (X[:, :1], y), "Batch 5 .* has other columns than the first"),
        (5, lambda X, y: (X, y[:, 0]), "Batch 5 .* has other columns than the first"),
        (1, lambda X, y: (X, y, -np.ones(len(X))), "Batch 1 .*: sample_weight must be 0 or from 1e-12"),
        (1, lambda X, y: (X, y[:-1]), "Batch 1 .* must have the shapes"),
        (0, lambda X, y: (X[0], y[0]), r"Batch 0 .* must have the shapes .*\.batch\("),
        (2, lambda X, y: X, "Batch 2 .* got a ndarray"),
        (2, lambda X, y: (X,), r"Batch 2 .* got a tuple of 1\."),
        (4, lambda X, y: (X.astype(str).astype(object) + "?", y), "Batch 4 .*text where a number is needed"),
    ],
)
def test_batches_that_cannot_be_used(table, make, number, change, message):
    with pytest.raises(InvalidDataError, match=message):
        make().fit_stream(broken(table, number, change))


def test_a_stream_that_can_be_read_once_is_refused(table, make):
    with pytest.raises(InvalidDataError, match="a generator, can be gone through only once"):
        make().fit_stream(batch for batch in cut(*table))

    class Once:
        """Gives its batches the first time, or the first few times, only."""

        def __init__(self, n_times):
            self.n_times = n_times

        def __iter__(self):
            self.n_times -= 1
            return iter(cut(*table) if self.n_times >= 0 else [])

    for n_times in (1, 2, 3):  # the first batch, as many as are collected, all
        with pytest.raises(
            InvalidDataError, match=r"gave 4500 rows .* and 0 when it was gone through|empty|no batch"
        ):
            make().fit_stream(Once(n_times))


@pytest.mark.parametrize(
    ("batches", "error", "message"),
    [
        ([], InvalidDataError, "The stream is empty"),
        (7, TypeError, "iterable of .* got int"),
        ([(np.ones((1, 2)), np.ones(1))], InvalidDataError, r"At least 2 row\(s\) need a weight"),
        (
            [(np.ones((9, 2)), np.ones(9), np.zeros(9))],
            InvalidDataError,
            r"At least 2 row\(s\) need a weight",
        ),
        ([(np.ones((9, 0)), np.ones(9))], InvalidDataError, r"must have the shapes .* got \(9, 0\), \(9,\)"),
        ([(np.array([[-1e200], [1e200]]), np.ones(2))], InvalidDataError, "further apart"),
    ],
)
def test_streams_that_cannot_be_used(quick, batches, error, message):
    with pytest.raises(error, match=message):
        quick().fit_stream(batches)


def test_a_stream_without_end_is_refused(table, quick):
    batches = tf.data.Dataset.from_tensor_slices(table).batch(512).repeat()
    with pytest.raises(InvalidDataError, match="never ends"):
        quick().fit_stream(batches)


def test_parameters_are_checked(table, quick):
    with pytest.raises(ValueError, match="dropout must be a number"):
        quick(dropout=2.0).fit_stream(cut(*table))
    with pytest.raises(ValueError, match=r"output_weights must be 2 finite number"):
        quick(output_weights=(1,)).fit_stream(cut(*table))


def test_a_stream_of_other_columns_than_before(table, quick):
    model = quick(warm_start=True).fit_stream(cut(*table))
    with pytest.raises(InvalidDataError, match=r"y has 1 output\(s\), but the training that goes on had 2"):
        model.fit_stream(cut(table[0], table[1][:, 0]))
    with pytest.raises(ValueError, match="X has 1 features, but MCDropoutRegressor is expecting 2"):
        model.fit_stream(cut(table[0][:, :1], table[1]))
    assert len(model.fit_stream(cut(*table)).loss_curve_) == 2
