"""The last layer in closed form: left-out rows, moments, few centres, and draws of finite width."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern

from bnnopt.surrogates._wide._evidence import Scales
from bnnopt.surrogates._wide._few_centres import solve_few_centres
from bnnopt.surrogates._wide._inputs import RangeMap
from bnnopt.surrogates._wide._last_layer import Observed, ObservedRows, solve_all_rows
from bnnopt.surrogates._wide._network import WideNetwork, solve_network

RNG = np.random.default_rng(0)
X = RNG.random((15, 2))
X[0], X[1] = 0.0, 1.0  # the range of both columns
Y = np.sin(4 * X[:, 0]) + 0.3 * RNG.standard_normal(15)
NOISE = np.linspace(0.05, 0.3, 15)
NEW = RNG.random((6, 2))
SCALES = Scales.of(np.array([[0.2, -0.5, 0.3, -1.0, -8.0]]))
KERNELS = {
    "smooth": RBF,
    "matern": lambda length: Matern(length, nu=2.5),
    "rough": lambda length: Matern(length, nu=0.5),
}


def kernel_of(spectrum):
    own = KERNELS[spectrum](0.5 * np.exp([-0.2, 0.5]))
    return ConstantKernel(np.exp(0.3)) * own + ConstantKernel(np.exp(-1.0))


def process_of(spectrum, rows=X, y=Y, noise=NOISE):
    """The same law in scikit-learn."""
    return GaussianProcessRegressor(kernel_of(spectrum), alpha=noise, optimizer=None).fit(rows, y)


def network_of(spectrum="matern", y=Y, noise=NOISE):
    lay = RangeMap(np.zeros(2), np.ones(2))
    return solve_network(spectrum, lay, SCALES, X, Observed(y, noise), np.arange(len(X)), np.arange(len(X)))


@pytest.mark.parametrize("spectrum", KERNELS)
def test_moments_are_those_of_scikit_learn(spectrum):
    mean, variance = network_of(spectrum).moments(NEW)
    expected_mean, expected_std = process_of(spectrum).predict(NEW, return_std=True)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(variance, expected_std**2, rtol=1e-4)


def test_left_out_rows_are_those_of_a_fit_without_them():
    layer = network_of().last_layer
    for row in range(15):
        kept = np.arange(15) != row
        process = process_of("matern", X[kept], Y[kept], NOISE[kept])
        mean, std = process.predict(X[[row]], return_std=True)
        np.testing.assert_allclose(layer.left_out_mean[row], mean[0], rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(layer.left_out_variance[row], std[0] ** 2 + NOISE[row], rtol=1e-6)


def test_one_row_by_hand():
    """Prior variance 3, noise 1, y = 8: the mean there is 6, the variance 3/4; without the row 0 and 4."""
    layer = solve_all_rows(np.array([[3.0]]), Observed(np.array([8.0]), np.ones(1)))
    mean, variance = layer.moments(np.array([[3.0], [0.0]]), 3.0)
    np.testing.assert_allclose(mean, [6.0, 0.0])
    np.testing.assert_allclose(variance, [0.75, 3.0])
    np.testing.assert_allclose([layer.left_out_mean[0], layer.left_out_variance[0]], [0.0, 4.0], atol=1e-12)


def few_centres(of_centres, with_rows, judged=None):
    judged = np.arange(len(Y)) if judged is None else judged
    prior = float(of_centres[0, 0])
    rows = ObservedRows(np.arange(len(Y)), Observed(Y, NOISE))
    return solve_few_centres(of_centres, lambda own: with_rows[own], prior, [rows], rows.only(judged))


def test_few_centres_that_are_all_rows_give_the_exact_solution():
    covariance = kernel_of("matern")(X)
    prior = float(covariance[0, 0])
    exact = solve_all_rows(covariance, Observed(Y, NOISE))
    few = few_centres(covariance, covariance)
    with_new = kernel_of("matern")(NEW, X)
    for one, other in zip(few.moments(with_new, prior), exact.moments(with_new, prior), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(few.left_out_mean, exact.left_out_mean, atol=2e-3)
    np.testing.assert_allclose(few.left_out_variance, exact.left_out_variance, rtol=1e-2)


def fitc(kernel, centres, rows, y, noise):
    """Mean and covariance at NEW by plain inverses: Quiñonero-Candela and Rasmussen 2005, equation 24."""
    of_centres = kernel(centres) + 1e-6 * kernel(centres)[0, 0] * np.eye(len(centres))
    with_rows, with_new = kernel(rows, centres), kernel(NEW, centres)
    projected = with_rows @ np.linalg.inv(of_centres) @ with_rows.T
    missing = np.diag(1 / (noise + np.diagonal(kernel(rows) - projected)))
    inner = np.linalg.inv(of_centres + with_rows.T @ missing @ with_rows)
    mean = with_new @ inner @ with_rows.T @ missing @ y
    return mean, kernel(NEW) - with_new @ (np.linalg.inv(of_centres) - inner) @ with_new.T


def test_few_centres_give_the_law_of_fitc():
    kernel, centres = kernel_of("smooth"), X[:5]
    layer = few_centres(kernel(centres), kernel(X, centres))
    mean, variance = layer.moments(kernel(NEW, centres), float(kernel(NEW)[0, 0]))
    expected, covariance = fitc(kernel, centres, X, Y, NOISE)
    np.testing.assert_allclose(mean, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(variance, np.diagonal(covariance), rtol=1e-3)


@pytest.mark.parametrize("row", [0, 4, 14])
def test_a_row_left_out_of_few_centres_is_predicted_as_without_it(row):
    """The row may be a centre or not; a measurement of it has the noise and what the centres leave open."""
    kernel, centres, others = kernel_of("smooth"), X[:5], np.arange(15) != row
    layer = few_centres(kernel(centres), kernel(X, centres), np.array([row]))
    of_centres = kernel(centres) + 1e-6 * kernel(centres)[0, 0] * np.eye(5)
    with_rows = kernel(X, centres)
    projected = with_rows @ np.linalg.inv(of_centres) @ with_rows.T
    own = NOISE + np.diagonal(kernel(X) - projected)
    known = projected[np.ix_(others, others)] + np.diag(own[others])
    gain = projected[row, others] @ np.linalg.inv(known)
    np.testing.assert_allclose(layer.left_out_mean[0], gain @ Y[others], rtol=1e-6)
    variance = projected[row, row] + own[row] - gain @ projected[others, row]
    np.testing.assert_allclose(layer.left_out_variance[0], variance, rtol=1e-6)


def test_rows_in_blocks_give_the_same_sums(monkeypatch):
    kernel = kernel_of("matern")
    whole = few_centres(kernel(X[:5]), kernel(X, X[:5]))
    monkeypatch.setattr("bnnopt.surrogates._wide._few_centres.ROWS_AT_ONCE", 4)
    blocks = few_centres(kernel(X[:5]), kernel(X, X[:5]))
    np.testing.assert_allclose(blocks.weights, whole.weights, rtol=1e-9)
    np.testing.assert_allclose(blocks.left_out_mean, whole.left_out_mean, rtol=1e-9)
    np.testing.assert_allclose(blocks.left_out_variance, whole.left_out_variance, rtol=1e-9)


def test_more_rows_than_centres_are_chosen_from(monkeypatch):
    monkeypatch.setattr("bnnopt.surrogates._wide._network.MAX_CENTRES", 10)
    lay = RangeMap(np.zeros(2), np.ones(2))
    network = solve_network("smooth", lay, SCALES, X, Observed(Y, NOISE), np.arange(12), np.arange(15))
    np.testing.assert_allclose(network.centres, SCALES.stretch(X[None, :12])[0])
    mean, _ = network.moments(NEW)
    assert np.abs(mean - network_of("smooth").moments(NEW)[0]).max() < 0.3


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_draws_pass_through_rows_without_noise(dropout):
    network = network_of(noise=np.full(15, 1e-8))
    draws = network.draw(dropout, 5, np.random.default_rng(0))(X)
    np.testing.assert_allclose(draws, np.repeat(Y[:, None], 5, axis=1), atol=2e-3)
    assert network.draw(dropout, 5, np.random.default_rng(0))(NEW).std(axis=1).min() > 0.01


def assert_moments_of_draws(network, dropout, mean, covariance):
    n_draws = 600
    draws = network.draw(dropout, n_draws, np.random.default_rng(1))(NEW)
    error = np.sqrt(np.diagonal(covariance) / n_draws)
    assert (np.abs(draws.mean(axis=1) - mean) < 4.5 * error).all()
    sizes = np.diagonal(covariance)
    error = np.sqrt((np.outer(sizes, sizes) + covariance**2) / n_draws)
    assert (np.abs(np.cov(draws) - covariance) < 5 * error).all()


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_many_draws_have_the_mean_and_covariance_of_the_posterior(dropout):
    mean, covariance = process_of("matern").predict(NEW, return_cov=True)
    assert_moments_of_draws(network_of(), dropout, mean, covariance)


def test_many_draws_from_few_centres_have_the_moments_too():
    kernel, lay = kernel_of("matern"), RangeMap(np.zeros(2), np.ones(2))
    centres = SCALES.stretch(X[None, :6])[0]
    network = WideNetwork("matern", lay, SCALES, centres, few_centres(kernel(X[:6]), kernel(X, X[:6])))
    mean, covariance = fitc(kernel, X[:6], X, Y, NOISE)
    assert_moments_of_draws(network, 0.05, mean, covariance)


def test_draws_of_one_seed_are_the_same_function_everywhere():
    network = network_of()
    function = network.draw(0.1, 3, np.random.default_rng(5))
    again = network.draw(0.1, 3, np.random.default_rng(5))
    np.testing.assert_array_equal(function(NEW), again(NEW))
    np.testing.assert_array_equal(function(NEW), function(NEW))


def test_far_away_the_prior_comes_back_and_at_the_rows_the_noise_is_averaged():
    network = network_of("smooth")
    far, variance = network.moments(np.array([[100.0, -100.0]]))
    prior_offset = np.exp(-1.0)
    assert variance[0] > np.exp(0.3)
    assert variance[0] < np.exp(0.3) + prior_offset
    assert abs(far[0]) < np.abs(Y).max()
    assert (network.moments(X)[1] < NOISE).all()


def test_a_sample_with_all_rows_in_blocks_is_solved_as_the_whole_table():
    rng = np.random.default_rng(3)
    inputs = rng.random((700, 2))
    observed = Observed(np.sin(4 * inputs[:, 0]), rng.uniform(0.05, 0.3, 700))
    lay, places = RangeMap(np.zeros(2), np.ones(2)), np.arange(0, 700, 7)
    whole = solve_network("matern", lay, SCALES, inputs, observed, places, places)
    rows, all_of_them = ObservedRows(inputs, observed), np.arange(100)
    blocks = [rows.only(slice(0, 300)), rows.only(slice(300, 700))]
    sample = solve_network("matern", lay, SCALES, *rows.only(places), all_of_them, all_of_them, blocks)
    for name in ("weights", "explained", "left_out_mean", "left_out_variance"):
        mine, theirs = getattr(sample.last_layer, name), getattr(whole.last_layer, name)
        np.testing.assert_allclose(np.abs(mine), np.abs(theirs), rtol=1e-6, atol=1e-9)
