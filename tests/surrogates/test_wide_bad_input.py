"""Data and parameters that wide networks cannot use are refused with a message that says why."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import MCDropoutRegressor

X = np.random.default_rng(0).random((10, 2))
Y = np.column_stack([X[:, 0], X[:, 1] ** 2])


def wide(**parameters):
    return MCDropoutRegressor(**({"method": "wide", "random_state": 0} | parameters))


@pytest.mark.parametrize(
    ("noise_variance", "message"),
    [
        (np.ones(9), r"one value for each value of y, shape \(10, 1\), got \(9, 1\)"),
        (np.ones((10, 2)), r"one value for each value of y, shape \(10, 1\), got \(10, 2\)"),
        (0.1, r"one value for each value of y, shape \(10, 1\), got \(\)"),
        (np.ones((1, 10)), r"shape \(10, 1\), got \(1, 10\)"),
        ([0.1] * 7 + [-0.5] + [0.1] * 2, r"finite and at least 0, got \[-0.5\] in row 7. Give the squared"),
        ([0.1] * 3 + [np.nan] + [0.1] * 6, r"finite and at least 0, got \[nan\] in row 3"),
        ([np.inf] + [0.1] * 9, r"finite and at least 0, got \[inf\] in row 0"),
    ],
)
def test_a_noise_variance_that_cannot_be(noise_variance, message):
    with pytest.raises(InvalidDataError, match=message):
        wide().fit(X, Y[:, 0], noise_variance=noise_variance)


def test_a_noise_variance_for_one_of_two_outputs():
    with pytest.raises(InvalidDataError, match=r"shape \(10, 2\), got \(10,\)"):
        wide().fit(X, Y, noise_variance=np.ones(10))
    bad = np.ones((10, 2))
    bad[4, 1] = -1.0
    with pytest.raises(InvalidDataError, match=r"got \[1.0, -1.0\] in row 4"):
        wide().fit(X, Y, noise_variance=bad)


def test_a_noise_variance_of_text():
    with pytest.raises(ValueError, match=r"could not convert string to float: .*low"):
        wide().fit(X, Y[:, 0], noise_variance=["low"] * 10)


def test_a_noise_variance_is_not_changed_and_may_be_a_series():
    given = pd.Series(np.linspace(0.0, 1.0, 10), index=np.arange(10) + 50)
    before = given.copy()
    one, other = (wide().fit(X, Y[:, 0], noise_variance=form) for form in (given, given.to_numpy()))
    pd.testing.assert_series_equal(given, before)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "broad"}, r"'method' parameter .* must be a str among .* Got 'broad'"),
        ({"method": None}, "'method' parameter .* Got None"),
        ({"noise": "none"}, r"'noise' parameter .* must be a str among .* Got 'none'"),
        ({"noise": 0.1}, "'noise' parameter .* Got 0.1"),
        ({"calibrate": "yes"}, r"'calibrate' parameter .* Got 'yes'"),
        ({"dropout": 1.0}, r"'dropout' parameter .* in the range \[0.0, 1.0\). Got 1.0"),
        ({"max_iter": 0}, r"'max_iter' parameter .* Got 0"),
        ({"hidden_layer_sizes": (0,)}, "at least one layer of at least one unit"),
        ({"output_weights": (1.0,)}, r"must be 2 finite number\(s\) above 0"),
    ],
)
def test_parameters_out_of_range(parameters, message):
    with pytest.raises(ValueError, match=message):
        wide(**parameters).fit(X, Y)


@pytest.mark.parametrize(
    ("rows", "outcomes", "message"),
    [
        (X[:1], Y[:1], r"1 sample\(s\) .* while a minimum of 2 is required"),
        (X, Y[:9], r"inconsistent numbers of samples: \[10, 9\]"),
        (np.where(X[3, 1] == X, np.nan, X), Y, "Input X contains NaN"),
        (X, np.where(Y[3, 1] == Y, np.inf, Y), "Input y contains infinity"),
    ],
    ids=["one row", "y too short", "NaN", "infinity"],
)
def test_data_that_cannot_be_learned_from(rows, outcomes, message):
    model = wide().fit(X, Y)
    with pytest.raises(ValueError, match=message):
        model.fit(rows, outcomes)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_rows_that_come_later_have_the_columns_and_outputs_of_the_first():
    model = wide().fit(X, Y[:, 0])
    before = model.predict(X)
    with pytest.raises(ValueError, match="X has 1 features, but MCDropoutRegressor is expecting 2"):
        model.partial_fit(X[:, :1], Y[:, 0])
    with pytest.raises(ValueError, match=r"y has 2 output\(s\), but the training that goes on had 1"):
        model.partial_fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("method", ["predict", "predict_mixture", "sample_y"])
def test_use_before_fit_and_with_other_columns(method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(wide(), method)(X)
    with pytest.raises(ValueError, match="X has 1 features, but MCDropoutRegressor is expecting 2"):
        getattr(wide().fit(X, Y), method)(X[:, :1])


def test_a_search_that_is_cut_short_says_what_to_do():
    with pytest.warns(ConvergenceWarning, match=r"stopped by max_iter=5 .* Raise max_iter to at least 40"):
        model = wide(max_iter=5).fit(X, Y)
    assert model.n_iter_ == 5
