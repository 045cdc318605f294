"""Intervals that unseen rows widen or narrow: what is learned from them, and that intervals hold."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from sklearn.datasets import make_friedman1

from bnnopt import (
    BayesianStackingRegressor,
    BoundedRegressor,
    GaussianProcessEnsembleRegressor,
    TransferRegressor,
)
from bnnopt.surrogates._predictive._quantiles import calibration_of

LEVELS = np.array([1e-300, 1e-9, 0.025, 0.4, 0.5, 0.6, 0.975, 1 - 1e-9])


def normal_rows(n, scale):
    """Levels of n rows whose standard normal numbers are evenly those of a normal distribution."""
    return ndtr(scale * ndtri((np.arange(n) + 0.5) / n))


def learned_from(probabilities):
    return calibration_of(probabilities, probabilities, np.ones(len(probabilities)))


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.7])
def test_many_rows_say_by_how_much_a_normal_distribution_is_too_narrow(scale):
    found = learned_from(normal_rows(5000, scale)).levels(LEVELS[2:-1])
    assert ndtri(found) == pytest.approx(scale * ndtri(LEVELS[2:-1]), rel=0.03)


def test_few_rows_say_less_than_many():
    ends = [learned_from(normal_rows(n, 2.0)).levels(np.array([0.025]))[0] for n in (0, 10, 100, 1000)]
    assert (np.diff(ends) < 0).all()
    assert 0.01 < ends[0] < 0.025  # without rows a little wider than the mixture


def test_levels_rise_and_are_mirrored_and_keep_the_median():
    for probabilities in (normal_rows(3, 0.3), normal_rows(50, 3.0), np.array([1e-40, 0.5])):
        found = learned_from(probabilities).levels(LEVELS)
        assert (np.diff(found) >= 0).all()
        assert found[4] == 0.5
        assert found[3] + found[5] == pytest.approx(1.0, rel=1e-12)
        assert found.min() > 0
        assert found.max() < 1


def test_rows_on_a_bound_tell_what_their_probability_tells():
    """A third of all outcomes lies on a bound, and a third is predicted there: nothing is to be mended."""
    probabilities = normal_rows(3000, 1.0)
    is_there = probabilities < 1 / 3
    below, up_to = np.where(is_there, 0.0, probabilities), np.where(is_there, 1 / 3, probabilities)
    found = calibration_of(below, up_to, np.ones(3000))
    assert found.levels(LEVELS[2:-1]) == pytest.approx(LEVELS[2:-1], rel=0.03)
    never = calibration_of(below, np.where(is_there, 1e-3, probabilities), np.ones(3000))
    assert never.levels(LEVELS[2:3])[0] < 1e-3  # a bound that was not expected widens


def test_a_weight_is_as_many_rows():
    probabilities = normal_rows(10, 1.5)
    twice = learned_from(np.repeat(probabilities, 2))
    assert calibration_of(probabilities, probabilities, np.full(10, 2.0)) == pytest.approx(twice)


def smooth_table(seed, n, n_inputs=4, noise=0.3):
    """Draws of a Gaussian process of the squared exponential kernel, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.random((n, n_inputs))
    away = (X[:, None] - X) / 0.6
    covariance = np.exp(-0.5 * np.square(away).sum(axis=-1)) + 1e-8 * np.eye(n)
    draw = np.linalg.cholesky(covariance) @ rng.standard_normal(n)
    return X, draw + noise * rng.standard_normal(n)


def scores_of(predicted, y):
    return (y[predicted.rows] - predicted.mean) / np.sqrt(predicted.variance)


def test_unseen_rows_are_missed_by_as_much_as_by_fits_without_them():
    """Of refits without a row each, over two tables; rows without themselves alone are missed by less."""
    model = GaussianProcessEnsembleRegressor(("matern_5_2", "exponential_by_rank"), random_state=0)
    squares = []
    for seed in range(2):
        X, y = smooth_table(seed, 24)
        model.fit(X, y)
        (unseen,), held_out = model.predict_unseen(), model.predict_held_out()
        assert unseen.rows.tolist() == list(range(24))
        refits = []
        for left_out in range(24):
            kept = np.arange(24) != left_out
            own = GaussianProcessEnsembleRegressor(model.kernels, random_state=0).fit(X[kept], y[kept])
            mean, std = own.predict(X[~kept], return_std=True)
            refits.append((y[left_out] - mean[0]) / std[0])
        squares.append([np.square(each).mean() for each in (scores_of(unseen, y), refits)])
        assert np.square(scores_of(held_out, y)).mean() < squares[-1][0]
    unseen, refitted = np.mean(squares, axis=0)
    assert unseen == pytest.approx(refitted, rel=0.25)


@pytest.mark.parametrize("n", [20, 40])
def test_intervals_of_a_known_truth_hold(n):
    covers, plain = [], []
    for seed in range(10):
        X, y = smooth_table(seed, n + 300)
        model = GaussianProcessEnsembleRegressor(random_state=seed).fit(X[:n], y[:n])
        low, high = model.predict_quantiles(X[n:], [0.025, 0.975]).T
        mean, std = model.predict(X[n:], return_std=True)
        covers.append(np.mean((low <= y[n:]) & (y[n:] <= high)))
        plain.append(np.mean(np.abs(y[n:] - mean) <= 1.96 * std))
    assert abs(np.mean(covers) - 0.95) < 0.025
    assert abs(np.mean(covers) - 0.95) < abs(np.mean(plain) - 0.95)


def test_beyond_some_hundred_rows_all_are_as_good_as_unseen():
    X, y = smooth_table(3, 450)
    model = GaussianProcessEnsembleRegressor(("matern_5_2", "squared_exponential"), random_state=0)
    model.fit(X, y)
    unseen, held_out = model.predict_unseen()[0], model.predict_held_out()
    assert unseen.rows.tolist() == list(range(450))
    assert unseen.mean == pytest.approx(held_out.mean)


@pytest.mark.parametrize("n", [225, 235])
def test_where_not_all_rows_are_learned_from_levels_do_not_hang_on_the_few_that_are_not(n):
    """An interval of 95 % was 0.8 to 1.5 times as wide as by the standard deviation when they did."""
    for seed in range(2):
        X, y = make_friedman1(n, n_features=8, noise=1.0, random_state=seed)
        model = GaussianProcessEnsembleRegressor(random_state=seed).fit(X, y)
        low, high = model.predict_quantiles(X, [0.025, 0.975]).T
        std = model.predict(X, return_std=True)[1]
        assert 0.9 < np.median((high - low) / (2 * 1.96 * std)) < 1.15


def test_repeats_and_weights_are_the_same_thing():
    X, y = smooth_table(5, 15)
    twice = np.r_[np.arange(15), [3, 7]]
    weights = np.bincount(twice).astype(float)
    ends = [
        GaussianProcessEnsembleRegressor(random_state=0).fit(*rows).predict_quantiles(X, [0.025, 0.975])
        for rows in ((X[twice], y[twice]), (X, y, weights))
    ]
    assert ends[0] == pytest.approx(ends[1], rel=1e-12)


def test_outputs_have_levels_of_their_own():
    X, y = smooth_table(6, 25)
    both = np.column_stack([y, np.random.default_rng(0).standard_t(2, 25)])
    model = GaussianProcessEnsembleRegressor(random_state=0).fit(X, both)
    first, second = model.predict_unseen()
    assert first.mean.shape == second.variance.shape == (25,)
    scales = [each.scale for each in model._posterior.calibrations]
    assert scales[0] != scales[1]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda inner: BayesianStackingRegressor([("one", inner)], random_state=0),
        lambda inner: TransferRegressor(inner, random_state=0),
        lambda inner: BoundedRegressor(inner, None, None, "identity", random_state=0),
    ],
    ids=["stacking", "transfer", "bounded"],
)
def test_around_one_estimator_they_are_those_of_the_estimator(wrapped):
    X, y = smooth_table(7, 20)
    inner = GaussianProcessEnsembleRegressor(("matern_5_2",), random_state=0)
    own = inner.fit(X, y).predict_quantiles(X, [0.025, 0.5, 0.9])
    assert wrapped(inner).fit(X, y).predict_quantiles(X, [0.025, 0.5, 0.9]) == pytest.approx(own, rel=1e-6)
