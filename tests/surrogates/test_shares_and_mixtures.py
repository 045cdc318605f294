"""Shares of predictive distributions, moments and quantiles of their mixture, and draws in proportion.

They are functions of arrays, imported by themselves: no estimator has members whose distributions could be
chosen, and the numbers known by hand are of two or three such.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from bnnopt.surrogates._predictive._mixtures import (
    in_proportion,
    log_normal_density,
    mixture_moments,
    spread_out,
)
from bnnopt.surrogates._predictive._quantiles import mixture_quantiles
from bnnopt.surrogates._rows import ROWS_PER_BLOCK, in_blocks
from bnnopt.surrogates._stacking._shares import HeldOut, calibration_factor, stack

LEVELS = np.array([0.975, 0.5, 0.025, 1e-9, 1 - 1e-9])


def test_moments_follow_the_law_of_total_variance_by_hand():
    """Mean 10/4 + 14 * 3/4 = 13; variance 4/4 + 16 * 3/4 = 13 within and 16 * 3/16 = 3 between."""
    shares, means, variances = np.array([0.25, 0.75]), np.array([[10.0], [14.0]]), np.array([[4.0], [16.0]])
    mean, variance = mixture_moments(shares, means, variances)
    np.testing.assert_allclose([mean[0], variance[0]], [13.0, 16.0])


def test_spreading_out_scales_the_variance_and_leaves_the_mean():
    shares, means, variances = np.array([0.25, 0.75]), np.array([[10.0], [14.0]]), np.array([[4.0], [16.0]])
    mean, variance = mixture_moments(shares, spread_out(shares, means, 2.0), 2.0 * variances)
    np.testing.assert_allclose([mean[0], variance[0]], [13.0, 32.0])


def test_the_density_of_a_mixture_by_hand():
    """Of 1/4 Normal(0, 1) and 3/4 Normal(2, 4) at 0."""
    held_out = HeldOut(np.array([[0.0], [2.0]]), np.array([[1.0], [4.0]]))
    expected = np.log(0.25 * norm.pdf(0.0) + 0.75 * norm.pdf(0.0, 2.0, 2.0))
    found = held_out.mixed_log_density(np.zeros(1), np.array([0.25, 0.75]))
    np.testing.assert_allclose(found, [expected])


def test_calibration_is_the_mean_squared_error_in_units_of_the_variance_by_hand():
    """Errors 1, -1, 3 and 0 under a variance of 1: 11 / 4; 9 / 2 with weights of 1 for the last two alone."""
    y, zeros, ones = np.array([1.0, -1.0, 3.0, 0.0]), np.zeros(4), np.ones(4)
    assert calibration_factor(y, zeros, ones, ones) == pytest.approx(11 / 4)
    assert calibration_factor(y, zeros, ones, np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(9 / 2)
    assert calibration_factor(100 * y, zeros, ones, ones) == 16.0
    assert calibration_factor(zeros, zeros, ones, ones) == 0.25
    assert calibration_factor(y[:1], zeros[:1], ones[:1], ones[:1]) == 1.0


def test_the_density_is_that_of_scipy():
    y, mean, variance = np.array([0.0, 1.0, -3.0]), np.array([0.5, 1.0, 2.0]), np.array([1.0, 0.01, 4.0])
    np.testing.assert_allclose(log_normal_density(y, mean, variance), norm.logpdf(y, mean, np.sqrt(variance)))


def test_stacking_by_hand():
    """Each row is possible under one predictor alone, so its weight goes there: (rows + 2) of (all + 4)."""
    never = -2000.0
    logs = np.array([[0.0, 0.0, 0.0, never], [never, never, never, -5.0]])
    np.testing.assert_allclose(stack(logs, np.ones(4)), [5 / 8, 3 / 8], rtol=1e-7)
    np.testing.assert_allclose(stack(logs, np.array([1.0, 1.0, 1.0, 3.0])), [0.5, 0.5], rtol=1e-7)


def test_beyond_500_rows_the_prior_of_shares_fades():
    """With 2,000 rows it is worth half a row for each predictor: (rows + 1/2) of (all + 1)."""
    logs = np.array([[0.0, -2000.0], [-2000.0, 0.0]])
    expected = [1500.5 / 2001, 500.5 / 2001]
    np.testing.assert_allclose(stack(logs, np.array([1500.0, 500.0])), expected, rtol=1e-7)
    np.testing.assert_allclose(stack(logs, np.array([499.0, 1.0])), [501 / 504, 3 / 504], rtol=1e-7)


@pytest.mark.parametrize(("n_predictors", "n_rows"), [(1, 5), (3, 0), (2, 9), (5, 1)])
def test_equal_predictors_and_no_rows_give_equal_weights(n_predictors, n_rows):
    logs = np.tile(np.linspace(-900.0, 3.0, n_rows), (n_predictors, 1))
    np.testing.assert_allclose(stack(logs, np.ones(n_rows)), np.full(n_predictors, 1 / n_predictors))


def test_the_better_predictor_gets_more_but_not_everything():
    logs = np.zeros((2, 50))
    logs[0] = 0.5  # better by half a unit of logarithm in each row
    weights = stack(logs, np.ones(50))
    assert 0.85 < weights[0] < 1.0
    assert stack(logs[:, :3], np.ones(3))[0] < 0.6  # three rows decide little


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 8))
def test_weights_are_repeats_and_make_1_and_cannot_be_improved(seed, n_predictors, n_rows):
    rng = np.random.default_rng(seed)
    logs, counts = 3 * rng.standard_normal((n_predictors, n_rows)), rng.integers(1, 4, n_rows)
    weights = stack(logs, counts.astype(float))
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() > 0
    np.testing.assert_allclose(
        stack(np.repeat(logs, counts, axis=1), np.ones(counts.sum())), weights, rtol=1e-6
    )

    def target(shares):
        return counts @ np.log(shares @ np.exp(logs)) + 2.0 * np.log(shares).sum()

    others = rng.dirichlet(np.ones(n_predictors), 50)
    assert target(weights) >= max(target(np.maximum(other, 1e-9)) for other in others) - 1e-4


@pytest.mark.parametrize("n", [1, 7, 100])
def test_systematic_choices_are_within_one_of_the_share(n):
    shares = np.array([0.5, 0.0, 0.3, 0.2, 0.0])
    for seed in range(20):
        counts = np.bincount(in_proportion(shares, n, np.random.default_rng(seed)), minlength=5)
        assert (np.abs(counts - n * shares) < 1 + 1e-9).all()
        assert counts[1] == counts[4] == 0


@pytest.mark.parametrize("n_rows", [1, ROWS_PER_BLOCK - 1, ROWS_PER_BLOCK, ROWS_PER_BLOCK + 1])
def test_blocks_are_all_of_one_size_and_give_the_rows_back_in_order(n_rows):
    sizes, X = [], np.arange(2.0 * n_rows).reshape(n_rows, 2)

    def doubled(block):
        sizes.append(len(block))
        return 2 * block

    np.testing.assert_array_equal(in_blocks(doubled, X), 2 * X)
    assert sizes == [ROWS_PER_BLOCK] * (1 + (n_rows > ROWS_PER_BLOCK))


def quantiles_of(shares, means, stds, levels):
    """Quantiles at one row."""
    found = mixture_quantiles(np.array(shares), np.array(means)[:, None], np.array(stds)[:, None], levels)
    return found[0]


def test_one_component_has_those_of_the_normal_distribution():
    assert quantiles_of([1.0], [3.0], [2.0], LEVELS) == pytest.approx(3 + 2 * ndtri(LEVELS), rel=1e-14)


def test_equal_components_are_one():
    found = quantiles_of([0.3, 0.7], [3.0, 3.0], [2.0, 2.0], LEVELS)
    assert found == pytest.approx(3 + 2 * ndtri(LEVELS), rel=1e-12)


def test_the_median_of_two_mirrored_components_is_between_them():
    assert quantiles_of([0.5, 0.5], [-4.0, 4.0], [1.0, 1.0], np.array([0.5])) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("level", [1e-8, 0.01, 0.3, 0.69, 0.71, 0.999, 1 - 1e-8])
def test_the_distribution_function_at_a_quantile_is_its_level(level):
    shares, means, stds = np.array([0.7, 0.2, 0.1]), np.array([0.0, 50.0, -3.0]), np.array([1.0, 0.01, 9.0])
    x = quantiles_of(shares, means, stds, np.array([level]))[0]
    tail = min(level, 1 - level)
    side = 1 if level <= 0.5 else -1
    assert shares @ ndtr(side * (x - means) / stds) == pytest.approx(tail, rel=1e-6)


def test_components_without_spread_are_steps():
    levels = np.array([0.1, 0.29, 0.31, 0.9])
    assert quantiles_of([0.3, 0.7], [1.0, 2.0], [0.0, 0.0], levels) == pytest.approx([1, 1, 2, 2], abs=1e-7)
    assert quantiles_of([0.3, 0.7], [1.0, 1.0], [0.0, 0.0], levels).tolist() == [1, 1, 1, 1]
