"""Data and parameters that Gaussian processes cannot use are refused with a message that says why."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import GaussianProcessEnsembleRegressor

X = np.random.default_rng(0).random((10, 2))
Y = np.column_stack([X[:, 0], X[:, 1] ** 2])


def ensemble(**parameters):
    setting = {"kernels": ["matern_5_2"], "n_members": 1, "random_state": 0}
    return GaussianProcessEnsembleRegressor(**(setting | parameters))


@pytest.mark.parametrize(
    ("noise_variance", "message"),
    [
        (np.ones(9), r"one value for each value of y, shape \(10,\), got \(9,\)"),
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
        ensemble().fit(X, Y[:, 0], noise_variance=noise_variance)


def test_a_noise_variance_for_one_of_two_outputs():
    with pytest.raises(InvalidDataError, match=r"shape \(10, 2\), got \(10,\)"):
        ensemble().fit(X, Y, noise_variance=np.ones(10))
    bad = np.ones((10, 2))
    bad[4, 1] = -1.0
    with pytest.raises(InvalidDataError, match=r"got \[1.0, -1.0\] in row 4"):
        ensemble().fit(X, Y, noise_variance=bad)


def test_a_noise_variance_of_text():
    with pytest.raises(ValueError, match=r"noise_variance has text where a number is needed in row 0.*'low'"):
        ensemble().fit(X, Y[:, 0], noise_variance=["low"] * 10)


def test_a_noise_variance_is_not_changed_and_may_be_a_series():
    given = pd.Series(np.linspace(0.0, 1.0, 10), index=np.arange(10) + 50)
    before = given.copy()
    one, other = (ensemble().fit(X, Y[:, 0], noise_variance=form) for form in (given, given.to_numpy()))
    pd.testing.assert_series_equal(given, before)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kernels": "matern_5_2"}, r"kernels must name at least one of .*, got 'matern_5_2'"),
        ({"kernels": []}, r"kernels must name at least one of .*, got \[\]"),
        ({"kernels": ["matern_5_2"] * 2}, "twice, got"),
        ({"kernels": ["matern_3_2"]}, "Unknown kernel 'matern_3_2'.*Did you mean 'matern_5_2'"),
        ({"n_members": 0}, "n_members must be a whole number of at least 1, got 0"),
        ({"n_members": 2.0}, "n_members must be a whole number of at least 1, got 2.0"),
        ({"noise": "none"}, r"noise must be one of \['constant', 'input_dependent'\], got 'none'"),
        ({"noise": 0.1}, "noise must be one of .*, got 0.1"),
        ({"calibrate": "yes"}, "calibrate must be True or False, got 'yes'"),
        ({"random_state": -1}, "random_state must be None, a RandomState or a whole number .*, got -1"),
        ({"n_members": 0, "noise": None}, "n_members must .*; noise must"),
    ],
)
def test_parameters_out_of_range(parameters, message):
    with pytest.raises(ValueError, match=message):
        ensemble(**parameters).fit(X, Y)


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
def test_data_that_cannot_be_learned_from_leave_the_last_fit(rows, outcomes, message):
    model = ensemble().fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match=message):
        model.fit(rows, outcomes)
    np.testing.assert_array_equal(model.predict(X), before)
    with pytest.raises(ValueError, match=message):
        ensemble().fit(rows, outcomes)


@pytest.mark.parametrize("method", ["predict", "predict_mixture", "sample_y", "predict_noise_variance"])
def test_use_before_fit_and_with_other_columns(method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(ensemble(), method)(X)
    with pytest.raises(
        ValueError, match="X has 1 features, but GaussianProcessEnsembleRegressor is expecting 2"
    ):
        getattr(ensemble().fit(X, Y), method)(X[:, :1])


def test_kernels_that_are_no_sequence():
    with pytest.raises(InvalidDataError, match=r"kernels must name at least one of .* got 5"):
        GaussianProcessEnsembleRegressor(kernels=5).fit(X, X[:, 0])
