"""Posteriors in closed form: moments, rows left out, inducing points, gradients, draws, noise, mixtures.

They are functions of given hyperparameters, imported by themselves: the ensemble learns its own, so that no
estimator shows a number that is known by hand.
"""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern

from bnnopt.surrogates._gaussian_process import _process as process_module
from bnnopt.surrogates._gaussian_process._comparison import _mixed as held_out
from bnnopt.surrogates._gaussian_process._ensemble import _are_noise as are_noise
from bnnopt.surrogates._gaussian_process._exact import LeftOut, exact_left_out, exact_posterior
from bnnopt.surrogates._gaussian_process._hyperparameters import SMALLEST_NOISE, Hyperparameters
from bnnopt.surrogates._gaussian_process._input_maps import RangeMap
from bnnopt.surrogates._gaussian_process._posterior import (
    LARGEST_LOG_FACTOR,
    MEAN_LOG_CHI2,
    VARIANCE_LOG_CHI2,
    NoiseModel,
    learn_noise,
)
from bnnopt.surrogates._gaussian_process._process import GaussianProcess, condition
from bnnopt.surrogates._gaussian_process._sparse import sparse_left_out, sparse_posterior
from bnnopt.surrogates._rows import Rows, _rows

RNG = np.random.default_rng(0)
X = RNG.random((15, 2))
X[0], X[1] = 0.0, 1.0  # the range of both columns
Y = np.sin(4 * X[:, 0]) + 0.3 * RNG.standard_normal(15)
NOISE = np.linspace(0.05, 0.3, 15)
NEW = RNG.random((6, 2))
OWN = Hyperparameters.of(np.array([[-0.9, -0.2, 0.3, -1.0, -40.0]]))
PLAIN = RangeMap(np.full(2, -0.5), np.ones(2))  # leaves inputs as they are
OF_SCIKIT_LEARN = {
    "squared_exponential": RBF,
    "matern_5_2": lambda length: Matern(length, nu=2.5),
    "exponential": lambda length: Matern(length, nu=0.5),
}


def kernel_of(name):
    own = OF_SCIKIT_LEARN[name](np.exp([-0.9, -0.2]))
    return ConstantKernel(np.exp(0.3)) * own + ConstantKernel(np.exp(-1.0))


def reference(name, rows=X, y=Y, noise=NOISE):
    """The same process in scikit-learn."""
    alpha = noise + SMALLEST_NOISE
    return GaussianProcessRegressor(kernel_of(name), alpha=alpha, optimizer=None).fit(rows, y)


def member(name="matern_5_2", inputs=X, y=Y, noise=NOISE):
    places = np.arange(len(inputs))
    return condition(name, PLAIN, OWN, Rows.of(inputs, y, None, noise), places)


@pytest.mark.parametrize("name", OF_SCIKIT_LEARN)
def test_moments_are_those_of_scikit_learn(name):
    mean, variance = member(name).moments(NEW)
    expected_mean, expected_std = reference(name).predict(NEW, return_std=True)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, expected_std**2, rtol=1e-4)


def test_left_out_rows_are_those_of_a_fit_without_them():
    places = np.arange(15)
    found = member().left_out(Rows.of(X, Y, None, NOISE), places)
    for row in places:
        kept = np.arange(15) != row
        mean, std = reference("matern_5_2", X[kept], Y[kept], NOISE[kept]).predict(X[[row]], return_std=True)
        np.testing.assert_allclose(found.mean[row], mean[0], rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(found.variance[row], std[0] ** 2 + NOISE[row], rtol=1e-6)


def test_a_joined_row_is_judged_as_one_measurement():
    """A row of weight 4 has a quarter of the noise in its left-out variance; a measurement has all of it."""
    places, weights, noise = np.arange(15), np.where(np.arange(15) == 2, 4.0, 1.0), np.full(15, 0.2)
    rows = Rows.of(X, Y, weights, noise)
    found = condition("matern_5_2", PLAIN, OWN, rows, places).left_out(rows, places)
    given = kernel_of("matern_5_2")(X), Y, (noise + SMALLEST_NOISE) / weights
    variance = exact_left_out(exact_posterior(*given)).variance
    np.testing.assert_allclose(found.variance - variance, np.where(places == 2, 0.15, 0.0), atol=1e-6)


def test_one_row_by_hand():
    """Prior variance 3, noise 1, y = 8: the mean there is 6, the variance 3/4; without the row 0 and 4."""
    given = np.array([[3.0]]), np.array([8.0]), np.ones(1)
    posterior = exact_posterior(*given)
    mean, variance = posterior.moments(np.array([[3.0], [0.0]]), 3.0)
    np.testing.assert_allclose(mean, [6.0, 0.0])
    np.testing.assert_allclose(variance, [0.75, 3.0])
    np.testing.assert_allclose(exact_left_out(posterior), [[0.0], [4.0]], atol=1e-12)


ALL_ROWS = Rows.of(X, Y, None, NOISE)


def parts(kernel, inducing):
    prior = float(kernel(inducing[:1])[0, 0])
    return (
        kernel(inducing),
        lambda own: kernel(own, inducing),
        lambda own: np.full(len(own), prior),
        0.0,
        ALL_ROWS.blocks(),
    )


def sparse(kernel, inducing):
    return sparse_posterior(*parts(kernel, inducing))


def sparse_without(kernel, inducing, judged=slice(None)):
    _, *own, _ = parts(kernel, inducing)
    return sparse_left_out(ALL_ROWS.only(judged), sparse(kernel, inducing), *own)


def test_inducing_points_that_are_all_rows_give_the_exact_posterior():
    kernel = kernel_of("matern_5_2")
    prior, exact, few = float(kernel(X)[0, 0]), exact_posterior(kernel(X), Y, NOISE), sparse(kernel, X)
    for one, other in zip(
        few.moments(kernel(NEW, X), prior), exact.moments(kernel(NEW, X), prior), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)
    mean, variance = sparse_without(kernel, X)
    expected, of_variance = exact_left_out(exact)
    np.testing.assert_allclose(mean, expected, atol=2e-3)
    np.testing.assert_allclose(variance, of_variance, rtol=1e-2)


def fitc(kernel, inducing, inputs, y, noise):
    """Mean and covariance at NEW by plain inverses: Quiñonero-Candela and Rasmussen 2005, equation 24."""
    of_inducing = kernel(inducing) + 1e-9 * kernel(inducing)[0, 0] * np.eye(len(inducing))
    with_rows, with_new = kernel(inputs, inducing), kernel(NEW, inducing)
    projected = with_rows @ np.linalg.inv(of_inducing) @ with_rows.T
    missing = np.diag(1 / (noise + np.diagonal(kernel(inputs) - projected)))
    inner = np.linalg.inv(of_inducing + with_rows.T @ missing @ with_rows)
    mean = with_new @ inner @ with_rows.T @ missing @ y
    return mean, kernel(NEW) - with_new @ (np.linalg.inv(of_inducing) - inner) @ with_new.T


def test_few_inducing_points_give_the_posterior_of_fitc():
    kernel, inducing = kernel_of("squared_exponential"), X[:5]
    mean, variance = sparse(kernel, inducing).moments(kernel(NEW, inducing), float(kernel(NEW)[0, 0]))
    expected, covariance = fitc(kernel, inducing, X, Y, NOISE)
    np.testing.assert_allclose(mean, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(variance, np.diagonal(covariance), rtol=1e-3)


@pytest.mark.parametrize("row", [0, 4, 14])
def test_a_row_left_out_of_a_sparse_posterior_is_predicted_as_without_it(row):
    """The row may be an inducing point or not; a measurement of it has what these leave open as noise too."""
    kernel, inducing, others = kernel_of("squared_exponential"), X[:5], np.arange(15) != row
    found = sparse_without(kernel, inducing, np.array([row]))
    of_inducing = kernel(inducing) + 1e-9 * kernel(inducing)[0, 0] * np.eye(5)
    with_rows = kernel(X, inducing)
    projected = with_rows @ np.linalg.inv(of_inducing) @ with_rows.T
    own = NOISE + np.diagonal(kernel(X) - projected)
    known = projected[np.ix_(others, others)] + np.diag(own[others])
    gain = projected[row, others] @ np.linalg.inv(known)
    np.testing.assert_allclose(found.mean[0], gain @ Y[others], rtol=1e-6)
    variance = projected[row, row] + own[row] - gain @ projected[others, row]
    np.testing.assert_allclose(found.variance[0], variance, rtol=1e-6)


def test_rows_in_blocks_give_the_same_sums(monkeypatch):
    kernel = kernel_of("matern_5_2")
    whole = sparse(kernel, X[:5]).weights, *sparse_without(kernel, X[:5])
    monkeypatch.setattr(_rows, "ROWS_AT_ONCE", 4)
    blocks = sparse(kernel, X[:5]).weights, *sparse_without(kernel, X[:5])
    for one, other in zip(blocks, whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


@pytest.mark.parametrize("name", OF_SCIKIT_LEARN)
def test_gradients_are_central_differences(name):
    process, step = member(name), 1e-5
    mean, variance, by_mean, by_variance = process.gradients(NEW)
    np.testing.assert_allclose([mean, variance], process.moments(NEW), rtol=1e-9)
    for place in range(2):
        away = step * (np.arange(2) == place)
        (mean_above, above), (mean_below, below) = process.moments(NEW + away), process.moments(NEW - away)
        np.testing.assert_allclose(
            by_mean[:, place], (mean_above - mean_below) / (2 * step), rtol=1e-4, atol=1e-6
        )
        np.testing.assert_allclose(by_variance[:, place], (above - below) / (2 * step), rtol=1e-4, atol=1e-6)


def test_draws_pass_through_rows_without_noise():
    process = member(noise=np.full(15, 1e-8))
    draws = process.draw(5, np.random.default_rng(0))(X)
    np.testing.assert_allclose(draws, np.repeat(Y[:, None], 5, axis=1), atol=2e-3)
    assert process.draw(5, np.random.default_rng(0))(NEW).std(axis=1).min() > 0.01


def assert_moments_of_draws(process, mean, covariance):
    n_draws = 600
    draws = process.draw(n_draws, np.random.default_rng(1))(NEW)
    error = np.sqrt(np.diagonal(covariance) / n_draws)
    assert (np.abs(draws.mean(axis=1) - mean) < 4.5 * error).all()
    sizes = np.diagonal(covariance)
    error = np.sqrt((np.outer(sizes, sizes) + covariance**2) / n_draws)
    assert (np.abs(np.cov(draws) - covariance) < 5 * error).all()


def test_many_draws_have_the_mean_and_covariance_of_the_posterior():
    assert_moments_of_draws(member(), *reference("matern_5_2").predict(NEW, return_cov=True))


def test_many_draws_from_few_inducing_points_have_the_moments_too():
    kernel = kernel_of("matern_5_2")
    places = OWN.scaled(X[None, :6])[0]
    process = GaussianProcess("matern_5_2", PLAIN, OWN, places, sparse(kernel, X[:6]))
    assert_moments_of_draws(process, *fitc(kernel, X[:6], X, Y, NOISE))


def test_a_draw_is_the_same_function_whenever_it_is_asked():
    function, again = (member().draw(3, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(function(NEW), again(NEW))
    np.testing.assert_array_equal(function(NEW), function(NEW))


def test_far_away_the_prior_comes_back_and_at_the_rows_the_noise_is_averaged():
    process = member("squared_exponential")
    far, variance = process.moments(np.array([[100.0, -100.0]]))
    assert np.exp(0.3) < variance[0] < np.exp(0.3) + np.exp(-1.0)
    assert abs(far[0]) < np.abs(Y).max()
    assert (process.moments(X)[1] < NOISE).all()


def test_a_sparse_posterior_of_most_rows_is_near_the_exact_one(monkeypatch):
    monkeypatch.setattr(process_module, "MOST_EXACT", 14)
    mean, variance = member("squared_exponential").moments(NEW)
    monkeypatch.undo()
    expected, of_variance = member("squared_exponential").moments(NEW)
    np.testing.assert_allclose(mean, expected, atol=0.01)
    np.testing.assert_allclose(variance, of_variance, rtol=0.05, atol=0.001)


LINE = np.linspace(0.0, 1.0, 21)[:, None]


class Constant:
    """A Gaussian process whose mean is a number."""

    def __init__(self, mean):
        self.mean = mean

    def moments(self, X):
        return np.full(len(X), self.mean), np.ones(len(X))


def test_constants_of_the_logarithm_of_a_squared_normal_number():
    logs = np.log(np.square(np.random.default_rng(0).standard_normal(200_000)))
    assert logs.mean() == pytest.approx(MEAN_LOG_CHI2, abs=0.02)
    assert logs.var() == pytest.approx(VARIANCE_LOG_CHI2, rel=0.02)


def test_a_noise_model_by_hand():
    """Members of means 1 and 3 in units of 0.5, around -1: e to the 0; and no factor beyond e to the 6."""
    model = NoiseModel((Constant(1.0), Constant(3.0)), -1.0, 0.5)
    np.testing.assert_allclose(model(LINE), np.ones(21))
    np.testing.assert_allclose(NoiseModel((Constant(1e3),), 0.0, 1.0)(LINE), np.exp(LARGEST_LOG_FACTOR))


def test_factors_of_the_noise_have_the_mean_1():
    rng = np.random.default_rng(0)
    X, weights = rng.random((40, 1)), rng.uniform(0.5, 3.0, 40)
    rows = Rows.of(X, np.zeros(40), weights)
    errors = np.square((0.1 + X[:, 0]) * rng.standard_normal(40))
    factors = learn_noise(rows, errors, np.random.default_rng(0))(X)
    assert np.average(factors, weights=weights) == pytest.approx(1.0)
    assert factors[np.argmax(X)] > factors[np.argmin(X)]
    np.testing.assert_allclose(learn_noise(rows, np.zeros(40), np.random.default_rng(0))(X), 1.0, rtol=0.2)


def judge(mean, variance):
    return LeftOut(np.array(mean), np.array(variance))


def test_a_row_is_judged_by_those_who_have_not_seen_it_by_hand():
    """Row 0 by judge 1 alone, row 1 by both with shares 1/4 and 3/4: mean 3, variance 2 + 3 of the means."""
    judges = [judge([100.0, 0.0], [100.0, 2.0]), judge([7.0, 4.0], [1.5, 2.0])]
    seen = np.array([[True, False], [False, False]])
    mean, variance = held_out(judges, np.array([0.25, 0.75]), seen)
    np.testing.assert_allclose(mean, [7.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(variance, [1.5, 5.0], atol=1e-5)


def test_a_row_that_all_judges_have_seen_is_judged_by_all():
    judges = [judge([2.0], [1.0]), judge([4.0], [1.0])]
    mean, variance = held_out(judges, np.array([0.5, 0.5]), np.ones((2, 1), dtype=bool))
    np.testing.assert_allclose([mean[0], variance[0]], [3.0, 2.0])


def test_judges_of_no_share_are_asked_if_there_are_no_others():
    judges = [judge([1.0], [1.0]), judge([3.0], [1.0]), judge([9.0], [1.0])]
    seen = np.array([[False], [False], [True]])
    mean, _ = held_out(judges, np.array([0.0, 0.0, 1.0]), seen)
    np.testing.assert_allclose(mean, [2.0])


def test_as_many_members_take_rows_for_noise_as_is_likely():
    """Probabilities 0, 1/2, 1, 1/2: two of four, the surest first."""
    assert are_noise(np.array([-40.0, 0.0, 40.0, 0.0])).tolist() == [False, True, True, False]
    assert not are_noise(np.full(6, -40.0)).any()
    assert are_noise(np.full(6, 40.0)).all()
