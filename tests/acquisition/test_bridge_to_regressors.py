"""Moments, draws and scores of fitted regressors, scikit-learn's and small mocks with known moments."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bnnopt.acquisition import (
    Acquisition,
    acquisition_scores,
    expected_improvement,
    log_expected_improvement,
    posterior_draws,
    posterior_moments,
    scheduled_upper_confidence_bound,
)
from bnnopt.exceptions import InvalidDataError, UnknownNameError

X_TRAIN = np.linspace(0, 1, 6)[:, None]
Y_TRAIN = np.sin(5 * X_TRAIN[:, 0])
X = np.linspace(0, 1, 11)[:, None]


class KnownMoments:
    """Predicts mean 10 x and std 2 without noise, 3 with it, of `n_outputs` outputs."""

    def __init__(self, n_outputs=None):
        self.n_outputs = n_outputs

    def predict(self, X, return_std=False, noise=True):
        mean = 10 * np.asarray(X, dtype=float)[:, 0]
        mean = mean if self.n_outputs is None else np.repeat(mean[:, None], self.n_outputs, axis=1)
        return (mean, np.full(mean.shape, 3.0 if noise else 2.0)) if return_std else mean


class KnownDraws(KnownMoments):
    """Draws number k are the mean plus k."""

    def sample_y(self, X, n_samples=1, random_state=0):
        return self.predict(X)[..., None] + np.arange(n_samples) + random_state


@pytest.fixture
def gaussian_process():
    return GaussianProcessRegressor(RBF(0.3), alpha=1e-4, optimizer=None).fit(X_TRAIN, Y_TRAIN)


@pytest.fixture
def pipeline():
    return make_pipeline(StandardScaler(), BayesianRidge()).fit(X_TRAIN, Y_TRAIN)


def test_noise_is_left_out_where_it_can_be():
    mean, std = posterior_moments(KnownMoments(), X)
    np.testing.assert_array_equal(mean, 10 * X[:, 0])
    np.testing.assert_array_equal(std, np.full(11, 2.0))


def test_moments_are_those_of_the_regressor(gaussian_process, pipeline):
    for regressor in (gaussian_process, pipeline):
        np.testing.assert_array_equal(posterior_moments(regressor, X), regressor.predict(X, return_std=True))


def test_scores_are_those_of_the_function(gaussian_process):
    mean, std = gaussian_process.predict(X, return_std=True)
    np.testing.assert_array_equal(
        acquisition_scores(gaussian_process, X, best=0.9), log_expected_improvement(mean, std, best=0.9)
    )
    np.testing.assert_array_equal(
        acquisition_scores(gaussian_process, X, acquisition="ei", best=-0.9, maximize=False, xi=0.01),
        expected_improvement(-mean, std, best=0.9, xi=0.01),
    )


def test_scores_of_draws_take_the_direction():
    first = Acquisition("first", lambda draws, best: draws[0] + best, needs="draws")
    up = acquisition_scores(KnownDraws(), X, acquisition=first, best=1.0, n_samples=4, random_state=0)
    np.testing.assert_array_equal(up, 10 * X[:, 0] + 1)
    down = acquisition_scores(KnownDraws(), X, acquisition=first, best=1.0, maximize=False)
    np.testing.assert_array_equal(down, -10 * X[:, 0] - 1)


def test_a_plain_function_scores():
    scores = acquisition_scores(KnownMoments(), X, acquisition=lambda mean, std, c=0: mean + c * std, c=2)
    np.testing.assert_array_equal(scores, 10 * X[:, 0] + 4)


def test_draws_of_the_regressor_are_used(gaussian_process):
    draws = posterior_draws(gaussian_process, X, n_samples=3, random_state=7)
    np.testing.assert_array_equal(draws, gaussian_process.sample_y(X, 3, random_state=7).T)
    many = posterior_draws(KnownDraws(n_outputs=2), X, n_samples=5, random_state=0)
    assert many.shape == (5, 11, 2)
    np.testing.assert_array_equal(many[:, 0, 1], [0, 1, 2, 3, 4])


def test_draws_of_a_pipeline_see_the_transformed_rows(gaussian_process):
    chain = make_pipeline(StandardScaler(), GaussianProcessRegressor(RBF(1.0), alpha=1e-4, optimizer=None))
    chain.fit(X_TRAIN, Y_TRAIN)
    expected = chain[-1].sample_y(chain[0].transform(X), 3, random_state=1).T
    np.testing.assert_array_equal(posterior_draws(make_pipeline(chain), X, 3, random_state=1), expected)


def test_smooth_draws_have_the_moments_of_the_regressor():
    draws = posterior_draws(KnownMoments(n_outputs=2), X, n_samples=4_000, random_state=0)
    assert draws.shape == (4_000, 11, 2)
    error = 4 * 2 / np.sqrt(4_000)
    np.testing.assert_allclose(draws.mean(axis=0), np.repeat(10 * X, 2, axis=1), atol=error)
    np.testing.assert_allclose(draws.std(axis=0), 2.0, atol=error)
    between = np.corrcoef(draws[:, 5, 0], draws[:, 5, 1])[0, 1]
    assert abs(between) < 4 / np.sqrt(4_000)


def test_smooth_draws_have_the_promised_correlation():
    rows = np.random.default_rng(0).uniform(size=(40, 3)) * [1, 100, 1e-3] + 7
    draws = posterior_draws(KnownMoments(), rows, n_samples=8_000, random_state=0)
    unit = (rows - rows.min(axis=0)) / np.ptp(rows, axis=0)
    squares = ((unit[:, None] - unit) ** 2).sum(axis=-1)
    assert np.abs(np.corrcoef(draws.T) - np.exp(-squares / (2 * 0.04 * 3))).max() < 0.16


def test_a_repeated_row_has_the_same_draws_also_among_many_rows():
    rows = np.vstack([np.random.default_rng(0).uniform(size=(3_000, 2)), [[0.5, 0.5]], [[0.5, 0.5]]])
    draws = posterior_draws(KnownMoments(), rows, n_samples=8)
    np.testing.assert_allclose(draws[:, -1], draws[:, -2], rtol=1e-12)
    assert np.corrcoef(draws[:, 0], draws[:, -1])[0, 1] < 0.99


def test_constant_columns_are_allowed():
    rows = np.column_stack([X, np.full(11, 4.0)])
    assert np.isfinite(posterior_draws(KnownMoments(), rows, n_samples=2)).all()


@pytest.mark.parametrize("kind", ["smooth", "sample_y"])
def test_the_same_seed_gives_the_same_draws(kind, gaussian_process):
    regressor = gaussian_process if kind == "sample_y" else KnownMoments()
    for seed in (lambda: 3, lambda: np.random.default_rng(3), lambda: np.random.RandomState(3)):
        first, second = (posterior_draws(regressor, X, 4, random_state=seed()) for _ in range(2))
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, posterior_draws(regressor, X, 4, random_state=4))


def test_frames_are_passed_on(pipeline):
    frame = pd.DataFrame(X, columns=["x"])
    fitted = make_pipeline(StandardScaler(), BayesianRidge()).fit(
        pd.DataFrame(X_TRAIN, columns=["x"]), Y_TRAIN
    )
    np.testing.assert_allclose(posterior_moments(fitted, frame), posterior_moments(pipeline, X))
    assert posterior_draws(fitted, frame, 2).shape == (2, 11)


@pytest.mark.parametrize(
    "regressor",
    [
        LinearRegression(),
        TransformedTargetRegressor(BayesianRidge()),
        make_pipeline(StandardScaler(), LinearRegression()),
        object(),
    ],
    ids=lambda regressor: type(regressor).__name__,
)
def test_regressors_without_uncertainty_are_refused(regressor):
    if hasattr(regressor, "fit"):
        regressor.fit(X_TRAIN, Y_TRAIN)
    for call in (posterior_moments, posterior_draws):
        with pytest.raises(InvalidDataError, match=r"no parameter return_std. Use one that has"):
            call(regressor, X)


def test_one_output_is_needed_for_scores():
    np.testing.assert_array_equal(
        acquisition_scores(KnownMoments(n_outputs=1), X, best=3.0),
        acquisition_scores(KnownMoments(), X, best=3.0),
    )
    assert acquisition_scores(KnownDraws(n_outputs=1), X, acquisition="mc_ei", best=3.0).shape == (11,)
    for name in ("ei", "mc_ei"):
        with pytest.raises(InvalidDataError, match="predicts 2 outputs"):
            acquisition_scores(KnownMoments(n_outputs=2), X, acquisition=name, best=3.0)


def test_wrong_arguments_are_refused():
    with pytest.raises(InvalidDataError, match="n_samples must be a whole number of at least 1, got 0"):
        posterior_draws(KnownMoments(), X, 0)
    with pytest.raises(InvalidDataError, match="got None"):
        acquisition_scores(KnownMoments(), X)


def test_numbers_of_the_situation_reach_the_function():
    mean, std = posterior_moments(KnownMoments(), X)
    np.testing.assert_array_equal(
        acquisition_scores(KnownMoments(), X, acquisition="gp_ucb", n_observed=9, delta=0.2),
        scheduled_upper_confidence_bound(mean, std, n_observed=9, delta=0.2),
    )
    with pytest.raises(UnknownNameError, match="'mes' has no parameter 'observed'"):
        acquisition_scores(KnownDraws(), X, acquisition="mes", observed=np.ones((256, 1)))
