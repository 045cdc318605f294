"""Covariances between rows of a posterior: of the function with itself, of draws, as slopes, of mixtures."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    BayesianStackingRegressor,
    BoundedRegressor,
    GaussianProcessEnsembleRegressor,
    TransferRegressor,
)

KERNELS = ["matern_5_2", "anova_matern_5_2", "exponential_by_rank", "deep_relu"]


def table(n_rows=15):
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(n_rows, 2))
    return X, 3 + 2 * np.sin(6 * X[:, 0]) + X[:, 1] + 0.2 * rng.normal(size=n_rows)


def ensemble(**parameters):
    return GaussianProcessEnsembleRegressor(KERNELS, random_state=0, **parameters).fit(*table())


def stacking(*, calibrate):
    members = [
        ("a", GaussianProcessEnsembleRegressor(KERNELS[:1])),
        ("b", GaussianProcessEnsembleRegressor(KERNELS[2:])),
    ]
    return BayesianStackingRegressor(members, calibrate=calibrate, random_state=0).fit(*table())


@pytest.fixture(scope="module", params=["ensemble", "calibrated", "stacking", "calibrated stacking"])
def model(request):
    return {
        "ensemble": ensemble,
        "calibrated": lambda: ensemble(calibrate=True),
        "stacking": lambda: stacking(calibrate=False),
        "calibrated stacking": lambda: stacking(calibrate=True),
    }[request.param]()


def test_with_itself_a_row_has_its_variance(model):
    X = np.random.default_rng(1).uniform(size=(9, 2))
    _, std = model.predict(X, return_std=True, noise=False)
    covariance = model.predict_covariance(X, X)
    np.testing.assert_allclose(np.diagonal(covariance), std**2, rtol=1e-4)
    np.testing.assert_allclose(covariance, covariance.T, atol=1e-9)
    assert np.linalg.eigvalsh(covariance).min() > -1e-8


def test_slopes_are_those_of_the_values(model):
    X, Z = np.random.default_rng(2).uniform(0.1, 0.9, size=(2, 4, 2))
    _, slope = model.predict_covariance(X, Z, return_gradient=True)
    for column in range(2):
        step = 1e-5 * np.eye(2)[column]
        rise = model.predict_covariance(X + step, Z) - model.predict_covariance(X - step, Z)
        np.testing.assert_allclose(slope[:, :, column], rise / 2e-5, rtol=1e-3, atol=1e-5)


def test_what_is_known_of_some_rows_takes_from_the_variance_and_its_slopes(model):
    """A row that is known has no variance left, and slopes of others are those of their values."""
    X, known = np.random.default_rng(4).uniform(0.1, 0.9, size=(2, 3, 2))
    given = model.given_expected(known)
    before, left = (each.predict(known, return_std=True, noise=False)[1] for each in (model, given))
    assert (left < 0.02 * before).all()
    _, mean, _, by_mean, by_std = given.predict_mixture(X, return_gradient=True)
    np.testing.assert_allclose(mean[0], model.predict(X), rtol=1e-9)
    for column in range(2):
        step = 1e-5 * np.eye(2)[column]
        ahead, behind = (given.predict(X + s, return_std=True, noise=False) for s in (step, -step))
        for slope, high, low in zip((by_mean, by_std), ahead, behind, strict=True):
            np.testing.assert_allclose(slope[0, :, column], (high - low) / 2e-5, rtol=2e-3, atol=1e-4)


def test_draws_vary_together_as_it_says():
    model, X = stacking(calibrate=False), np.random.default_rng(3).uniform(size=(4, 2))
    draws = model.sample_y(X, 800)
    _, std = model.predict(X, return_std=True, noise=False)
    difference = np.cov(draws) - model.predict_covariance(X, X)
    assert (np.abs(difference) < 5 * np.outer(std, std) * np.sqrt(2 / 800)).all()


def test_outputs_have_covariances_of_their_own():
    X, y = table()
    model = GaussianProcessEnsembleRegressor(KERNELS[:2], random_state=0).fit(
        X, np.column_stack([y, -10 * y])
    )
    _, std = model.predict(X, return_std=True, noise=False)
    for place, covariance in enumerate(model.predict_covariance(X, X)):
        np.testing.assert_allclose(np.diagonal(covariance), std[:, place] ** 2, rtol=1e-4)
    assert model.predict_covariance(X[:3], X[3:5])[1].shape == (3, 2)


def test_it_is_absent_where_a_member_cannot_tell():
    line = BayesianStackingRegressor([("line", BayesianRidge())], random_state=0).fit(*table())
    assert not hasattr(line, "predict_covariance")


@pytest.mark.parametrize(
    "make", [GaussianProcessEnsembleRegressor, BayesianStackingRegressor, BoundedRegressor, TransferRegressor]
)
def test_before_a_fit_that_is_what_is_said(make):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        make().predict_covariance([[0.0]], [[0.0]])
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        make().given_expected([[0.0]])
