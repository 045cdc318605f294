"""Rows of earlier campaigns help where they can, and do no harm where they cannot."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import BayesianRidge
from sklearn.utils.estimator_checks import parametrize_with_checks

from bnnopt import BoundedRegressor, GaussianProcessEnsembleRegressor, TransferRegressor
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.testing import check_surrogate

N_EARLIER = 40


def quick(**parameters):
    return GaussianProcessEnsembleRegressor(("matern_5_2", "anova_matern_5_2"), **parameters)


def function(X):
    return np.sin(5 * X[:, 0]) * np.cos(3 * X[:, 1])


def campaigns(earlier, n=8, seed=0):
    """Rows of a present campaign and of an earlier one, a column that says which, and rows to judge by."""
    rng = np.random.default_rng(seed)
    X, X_earlier, new = (rng.random((k, 2)) for k in (n, N_EARLIER, 200))
    marked = np.column_stack([np.vstack([X, X_earlier]), np.repeat([0.0, 1.0], [n, N_EARLIER])])
    y = np.concatenate([function(X), earlier(X_earlier)])
    return marked, y, np.column_stack([new, np.zeros(len(new))])


def error(model, new):
    return np.sqrt(np.mean(np.square(model.predict(new) - function(new))))


def alone(X, y, seed=0):
    rows = X[:, 2] == 0
    return quick(random_state=seed).fit(X[rows, :2], y[rows])


@pytest.mark.parametrize("earlier", [function, lambda X: function(X) + 2.0], ids=["same", "with an offset"])
def test_a_similar_campaign_helps(earlier):
    gains = []
    for seed in range(3):
        X, y, new = campaigns(earlier, seed=seed)
        model = TransferRegressor(quick(), campaign=2, random_state=seed).fit(X, y)
        gains.append(error(model, new) / error(alone(X, y, seed), new[:, :2]))
        assert model.shares_.loc["with_earlier", 0] > 0.5
    assert np.median(gains) < 0.7


def test_an_unlike_campaign_loses_its_share():
    X, y, new = campaigns(lambda X: 3.0 * np.cos(9 * X[:, 1]) - X[:, 0], n=20)
    model = TransferRegressor(quick(), campaign=2, random_state=0).fit(X, y)
    assert model.shares_.loc["with_earlier", 0] < 0.2
    assert error(model, new) < 1.2 * error(alone(X, y), new[:, :2])


def test_predictions_are_those_of_the_present_campaign_whatever_the_column_says():
    X, y, new = campaigns(lambda X: function(X) + 2.0)
    model = TransferRegressor(quick(), campaign=2, random_state=0).fit(X, y)
    of_the_other = np.column_stack([new[:, :2], np.ones(len(new))])
    np.testing.assert_array_equal(model.predict(new), model.predict(of_the_other))
    np.testing.assert_array_equal(model.sample_y(new, 3), model.sample_y(of_the_other, 3))


def test_held_out_rows_are_those_of_the_present_campaign_in_their_places():
    X, y, _ = campaigns(function)
    order = np.random.default_rng(0).permutation(len(X))
    model = TransferRegressor(quick(), campaign=2, random_state=0).fit(X[order], y[order])
    held_out = model.predict_held_out()
    np.testing.assert_array_equal(held_out.rows, np.flatnonzero(X[order, 2] == 0))
    assert np.abs(held_out.mean - y[order][held_out.rows]).max() < 1.0


@pytest.mark.parametrize("place", [0, -1, "lot"])
def test_the_column_goes_by_place_or_name(place):
    X, y, new = campaigns(function)
    names = ["a", "b", "lot"] if place != 0 else ["lot", "a", "b"]
    columns = pd.DataFrame(X, columns=["a", "b", "lot"])[names]
    model = TransferRegressor(quick(), campaign=place, random_state=0).fit(columns, y)
    expected = TransferRegressor(quick(), campaign=2, random_state=0).fit(X, y).predict(new)
    found = model.predict(pd.DataFrame(new, columns=["a", "b", "lot"])[names])
    np.testing.assert_allclose(found, expected)


def test_several_campaigns_and_several_outcomes():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random((40, 2)), np.repeat([2024, 2025, 2026], [20, 10, 10])])
    y = np.column_stack([function(X), function(X)[::-1] + X[:, 2] - 2000])
    model = TransferRegressor(quick(), campaign=2, present=2026, random_state=0).fit(X, y)
    mean, std = model.predict(X[-10:], return_std=True)
    assert mean.shape == std.shape == (10, 2)
    assert model.shares_.shape == (2, 2)
    assert model.estimators_["with_earlier"].n_features_in_ == 4
    assert len(model.predict_held_out().rows) == 10


def test_a_gradient_along_the_column_is_zero_and_the_others_are_differences():
    X, y, new = campaigns(lambda X: function(X) + 2.0)
    model = TransferRegressor(quick(), campaign=2, random_state=0).fit(X, y)
    _, _, _, by_mean, _ = model.predict_mixture(new[:5], return_gradient=True)
    assert (by_mean[..., 2] == 0).all()
    step = np.array([1e-5, 0, 0])
    means = [model.predict_mixture(new[:5] + sign * step)[1] for sign in (1, -1)]
    np.testing.assert_allclose(by_mean[..., 0], (means[0] - means[1]) / 2e-5, rtol=1e-4, atol=1e-6)


def test_weights_and_known_noise_are_those_of_each_row():
    X, y, new = campaigns(function)
    weights, noise = np.ones(len(X)), np.full(len(X), 0.01)
    weights[-1] = 2.0
    once = TransferRegressor(quick(), campaign=2, random_state=0)
    twice = TransferRegressor(quick(), campaign=2, random_state=0)
    once.fit(X, y, sample_weight=weights, noise_variance=noise)
    twice.fit(np.vstack([X, X[-1:]]), np.append(y, y[-1]), noise_variance=np.append(noise, noise[-1]))
    np.testing.assert_allclose(once.predict(new), twice.predict(new), rtol=1e-8)


def test_a_regressor_that_is_cross_validated_and_has_no_draws():
    X, y, new = campaigns(function)
    model = TransferRegressor(BayesianRidge(), campaign=2, random_state=0).fit(X, y)
    assert np.isfinite(model.predict(new, return_std=True)).all()
    assert not hasattr(model, "sample_y")


def test_within_bounds():
    X, y, new = campaigns(function)
    outcome = 100 / (1 + np.exp(-3 * y))
    model = BoundedRegressor(TransferRegressor(quick(), campaign=2), lower=0, upper=100, random_state=0)
    ends = model.fit(X, outcome).predict_quantiles(new, [0.025, 0.975])
    assert ends.min() >= 0
    assert ends.max() <= 100
    assert "with_earlier" in model.estimator_.shares_.index


def test_the_same_seed_gives_the_same_numbers():
    X, y, new = campaigns(function)
    models = [TransferRegressor(quick(), campaign=2, random_state=3).fit(X, y) for _ in range(2)]
    np.testing.assert_array_equal(*[model.predict(new, return_std=True) for model in models])


@pytest.mark.parametrize(
    ("parameters", "error_type", "message"),
    [
        ({"campaign": 5}, InvalidDataError, "no column 5, it has 3"),
        ({"campaign": "lot"}, UnknownNameError, "campaign column 'lot'"),
        ({"campaign": 2, "present": 7}, InvalidDataError, r"At least 2 rows .* got 0; the campaigns are \[0"),
    ],
)
def test_bad_columns(parameters, error_type, message):
    X, y, _ = campaigns(function)
    with pytest.raises(error_type, match=message):
        TransferRegressor(quick(), **parameters).fit(X, y)


def test_it_keeps_what_surrogates_must_keep():
    model = TransferRegressor(quick(), random_state=0)
    assert check_surrogate(model).passed


@parametrize_with_checks([TransferRegressor(quick())])
def test_scikit_learn(estimator, check):
    check(estimator)
