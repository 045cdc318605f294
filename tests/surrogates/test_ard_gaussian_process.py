"""The Gaussian process: scikit-learn's checks, noise told from the function, draws and moments that agree."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from bnnopt.surrogates import ARDGaussianProcessRegressor, make_surrogate

NOISE = 0.1


@parametrize_with_checks([ARDGaussianProcessRegressor(n_restarts_optimizer=0)])
def test_common_checks_of_scikit_learn(estimator, check):
    check(estimator)


def noisy_sine(n_rows, seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n_rows, 2))
    return X, 5 + np.sin(6 * X[:, 0]) + NOISE * rng.normal(size=n_rows)


@pytest.fixture(scope="module")
def model():
    X, y = noisy_sine(60, 0)
    return make_surrogate("gaussian_process", n_restarts_optimizer=0, random_state=0).fit(X, y)


def test_a_noisy_sine_is_learned(model):
    X, y = noisy_sine(300, 1)
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == (300,)
    assert np.sqrt(np.mean(np.square(y - mean))) < 0.15
    assert 0.9 <= np.mean(np.abs(y - mean) < 1.96 * std) <= 0.99
    assert NOISE**2 / 2 < model.noise_variance_ < 2 * NOISE**2


def test_the_input_without_effect_gets_the_longer_length_scale(model):
    first, second = model.gaussian_process_.kernel_.k1.k2.length_scale
    assert second > 5 * first


def test_noise_variance_is_the_difference_of_the_variances(model):
    X, _ = noisy_sine(50, 2)
    mean, total = model.predict(X, return_std=True)
    mean_of_function, of_function = model.predict(X, return_std=True, noise=False)
    np.testing.assert_array_equal(mean, mean_of_function)
    np.testing.assert_array_equal(mean, model.predict(X))
    np.testing.assert_allclose(total**2 - of_function**2, np.full(50, model.noise_variance_), rtol=1e-9)


def test_the_function_is_less_known_far_outside_the_data(model):
    _, inside = model.predict([[0.5, 0.5]], return_std=True, noise=False)
    _, outside = model.predict([[-3.0, 0.5], [4.0, 0.5]], return_std=True, noise=False)
    assert outside.min() > 5 * inside[0]


def test_draws_have_the_moments_without_noise(model):
    X, _ = noisy_sine(20, 3)
    mean, std = model.predict(X, return_std=True, noise=False)
    draws = model.sample_y(X, 4000, random_state=1)
    assert draws.shape == (20, 4000)
    assert np.all(np.abs(draws.mean(axis=1) - mean) < 5 * std / np.sqrt(4000))
    np.testing.assert_allclose(draws.std(axis=1), std, rtol=0.1)


def test_draws_follow_their_seed_and_agree_at_equal_points(model):
    X = np.repeat(noisy_sine(5, 4)[0], 2, axis=0)
    draws = model.sample_y(X, 3, random_state=7)
    np.testing.assert_array_equal(draws, model.sample_y(X, 3, random_state=7))
    np.testing.assert_allclose(draws[::2], draws[1::2], atol=1e-5)
    assert np.all(draws != model.sample_y(X, 3, random_state=8))


def test_predictions_follow_the_units_of_y(model):
    X, y = noisy_sine(60, 0)
    scaled = ARDGaussianProcessRegressor(n_restarts_optimizer=0, random_state=0).fit(X, 1000 * y - 3)
    mean, std = model.predict(X, return_std=True)
    scaled_mean, scaled_std = scaled.predict(X, return_std=True)
    np.testing.assert_allclose(scaled_mean, 1000 * mean - 3, rtol=1e-4)
    np.testing.assert_allclose(scaled_std, 1000 * std, rtol=1e-3)


def test_it_agrees_with_the_gaussian_process_of_scikit_learn(model):
    X, y = noisy_sine(60, 0)
    reference = GaussianProcessRegressor(model.gaussian_process_.kernel_, optimizer=None, normalize_y=True)
    for mine, theirs in zip(
        model.predict(X, return_std=True), reference.fit(X, y).predict(X, return_std=True), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


def test_an_input_without_effect_gives_no_warning_and_the_filters_stay():
    X, _ = noisy_sine(30, 5)
    filters = list(warnings.filters)
    ARDGaussianProcessRegressor(n_restarts_optimizer=0).fit(X, X[:, 0])
    assert list(warnings.filters) == filters


def test_a_constant_output_is_predicted_with_almost_no_spread():
    X, _ = noisy_sine(20, 6)
    mean, std = (
        ARDGaussianProcessRegressor(n_restarts_optimizer=0)
        .fit(X, np.full(20, 7.5))
        .predict(X, return_std=True)
    )
    np.testing.assert_allclose(mean, 7.5, atol=1e-9)
    assert std.max() < 0.05


def test_outputs_are_fitted_one_by_one():
    assert ARDGaussianProcessRegressor.trains_outputs_jointly is False


def test_use_before_fit_and_other_columns():
    X, y = noisy_sine(10, 7)
    table = pd.DataFrame(X, columns=["a", "b"])
    for method in ("predict", "sample_y"):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(ARDGaussianProcessRegressor(), method)(X)
        fitted = ARDGaussianProcessRegressor(n_restarts_optimizer=0).fit(table, y)
        with pytest.raises(ValueError, match="must be in the same order"):
            getattr(fitted, method)(table[["b", "a"]])
