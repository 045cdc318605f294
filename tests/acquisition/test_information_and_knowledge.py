"""Information about the maximum and the function, and the value of knowing an outcome."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtri

from bnnopt.acquisition import knowledge_gradient, max_value_entropy_search, mutual_information
from bnnopt.exceptions import InvalidDataError

TWO_DRAWS = np.array([[0.0, 3.0], [2.0, 1.0]])
PHI = 1 / np.sqrt(2 * np.pi)


def entropy_lost(g):
    with mpmath.workdps(150):
        g = mpmath.mpf(g)
        probability = mpmath.ncdf(g)
        return float(g * mpmath.npdf(g) / (2 * probability) - mpmath.log(probability))


@pytest.mark.parametrize("g", [0.1, 0.9, 1.0, 2.3, 5.0, 9.7, 20.0])
def test_entropy_lost_below_a_row_that_is_known_against_many_digits(g):
    """Draws of mean 0 and std 1 beside a measured row at g: all maxima are g, or 1 where that is higher."""
    scores = max_value_entropy_search([[-1.0], [1.0]], observed=np.full((2, 1), g))
    exact = entropy_lost(g) if g >= 1 else (entropy_lost(g) + entropy_lost(1.0)) / 2
    np.testing.assert_allclose(scores, [exact], rtol=1e-11)


@pytest.mark.parametrize("n_draws", [2, 3, 5, 17, 101, 1_001, 40_001])
def test_entropy_lost_where_one_draw_is_far_below_the_mean_against_many_digits(n_draws):
    """All but one draw are equal: it is sqrt(n - 1) standard deviations below, and is its own maximum."""
    draws = np.ones((n_draws, 1))
    draws[0] = 1.0 - n_draws
    t = np.sqrt(n_draws - 1.0)
    exact = (entropy_lost(-t) + (n_draws - 1) * entropy_lost(1 / t)) / n_draws
    np.testing.assert_allclose(max_value_entropy_search(draws), [exact], rtol=1e-12)


def test_entropy_of_the_maximum_by_hand():
    """Both draws: means 1 and 2, std 1, maxima 3 and 2. At g = 0 the entropy lost is log 2."""
    exact = [(entropy_lost(2) + entropy_lost(1)) / 2, (entropy_lost(1) + np.log(2)) / 2]
    np.testing.assert_allclose(max_value_entropy_search(TWO_DRAWS), exact, rtol=1e-13)


def test_measured_rows_take_part_in_the_maximum():
    """With a measured row of 4 in both draws, the maxima are 4."""
    scores = max_value_entropy_search(TWO_DRAWS, observed=np.array([[4.0, -9.0], [4.0, 0.0]]))
    np.testing.assert_allclose(scores, [entropy_lost(3), entropy_lost(2)], rtol=1e-13)
    assert max_value_entropy_search(np.ones((3, 2))).tolist() == [0.0, 0.0]


def test_information_of_a_normal_distribution():
    """With quantiles as draws the mixture is normal nearly exactly: log(1 + variance / v) / 2."""
    quantiles = ndtri((np.arange(2000) + 0.5) / 2000)
    scores = mutual_information(np.column_stack([quantiles, 3 * quantiles]), noise_variance=0.5)
    variance = quantiles.var() * np.array([1.0, 9.0])
    np.testing.assert_allclose(scores, 0.5 * np.log(1 + 2 * variance), atol=2e-4)


@pytest.mark.parametrize("distance", [0.5, 2.0, 5.0, 9.0, 30.0])
def test_information_of_two_values_against_quadrature(distance):
    with mpmath.workdps(25):
        half = mpmath.mpf(distance) / 2

        def minus_p_log_p(y):
            p = (mpmath.npdf(y - half) + mpmath.npdf(y + half)) / 2
            return -p * mpmath.log(p)

        entropy = 2 * mpmath.quad(minus_p_log_p, [0, half, half + 4, half + 12])
        exact = float(entropy - mpmath.log(2 * mpmath.pi * mpmath.e) / 2)
    draws = np.repeat([1.0, 1.0 + 3 * distance], 400)[:, None]
    np.testing.assert_allclose(mutual_information(draws, noise_variance=9.0), [exact], atol=1e-6)


def test_information_has_its_limits():
    """Two values far apart tell one bit; draws that agree tell nothing; less noise never tells less."""
    apart = np.repeat([0.0, 100.0], 200)[:, None]
    np.testing.assert_allclose(mutual_information(apart, noise_variance=9.0), [np.log(2)], atol=1e-6)
    assert mutual_information(np.ones((4, 3))).tolist() == [0.0, 0.0, 0.0]
    draws = np.random.default_rng(0).standard_normal((64, 2)) * [1.0, 5.0]
    levels = [mutual_information(draws, noise_variance=v) for v in (100.0, 1.0, 0.4, 1e-3, 0.0)]
    assert np.all(np.diff(levels, axis=0) >= 0)
    assert np.all(levels[-1] <= np.log(64))
    assert levels[-1][0] < levels[-1][1]
    np.testing.assert_array_equal(levels[-1], mutual_information(draws, noise_variance=1e-9))


def gains_of_highest_line(a, b, **options):
    """Two draws, a - b and a + b, are lines a + b Z: their means are a, and all are wholly correlated."""
    return knowledge_gradient([np.subtract(a, b), np.add(a, b)], **options)


def gain_by_grid(a, b):
    """E max over i of (a_i + b_i Z) - max over i of a_i on a fine grid of Z."""
    z = np.linspace(-9, 9, 20_001)
    highest = (np.array(a)[:, None] + np.array(b)[:, None] * z).max(axis=0)
    return highest @ (np.exp(-0.5 * z**2) * PHI) * (z[1] - z[0]) - np.max(a)


@pytest.mark.parametrize(
    ("a", "b", "gains"),
    [
        ([0, 0, -9], [0, 1, 0.5], [0, PHI, PHI]),  # lines 0 and Z; one below both counts nowhere
        ([0, 0, -1], [-1, 1, 0], [2 * PHI, 2 * PHI, 0]),  # lines ±Z
        ([0, 0, 0], [1, 1, 1], [0, 0, 0]),  # equal lines
        ([3], [2], [0]),
    ],
)
def test_the_highest_of_lines_by_hand(a, b, gains):
    np.testing.assert_allclose(gains_of_highest_line(a, b), gains, atol=1e-15)


@settings(max_examples=60, deadline=None)
@given(
    lines=arrays(float, (2, 6), elements=st.floats(-3, 3).map(lambda value: round(value, 2))),
    n_observed=st.integers(0, 5),
)
def test_the_highest_of_lines_against_a_fine_grid(lines, n_observed):
    a, b = lines
    draws = np.array([a - b, a + b])
    gains = knowledge_gradient(draws[:, n_observed:], observed=draws[:, :n_observed])
    by_grid = np.where(np.ptp(draws, axis=0) == 0, 0.0, gain_by_grid(a, b))[n_observed:]
    np.testing.assert_allclose(gains, by_grid, atol=1e-6)
    assert np.all(gains >= 0)
    np.testing.assert_allclose(gains_of_highest_line(a[::-1], b[::-1])[::-1][n_observed:], gains, atol=1e-14)


def test_knowledge_gradient_by_hand():
    """Two opposite candidates, means 1 and 2, std 1: lines 1 - Z and 2 + Z cross at -1/2."""
    h = PHI * np.exp(-0.125) - 0.5 * 0.3085375387259869
    np.testing.assert_allclose(knowledge_gradient(TWO_DRAWS), [2 * h, 2 * h], rtol=1e-12)
    slope = 1 / np.sqrt(4)
    z = 0.5 / slope
    noisy = 2 * slope * (PHI * np.exp(-0.5 * z**2) - z * 0.15865525393145707)
    np.testing.assert_allclose(knowledge_gradient(TWO_DRAWS, noise_variance=3.0), [noisy, noisy], rtol=1e-12)


def test_a_better_measured_row_leaves_less_to_be_known():
    alone = knowledge_gradient(TWO_DRAWS)
    sure = knowledge_gradient(TWO_DRAWS, observed=np.full((2, 1), 4.0))
    assert np.all((sure > 0) & (sure < alone))
    np.testing.assert_array_equal(knowledge_gradient(TWO_DRAWS, observed=np.full((2, 1), -90.0)), alone)
    assert knowledge_gradient(np.ones((3, 2))).tolist() == [0.0, 0.0]
    assert knowledge_gradient(TWO_DRAWS[:1]).tolist() == [0.0, 0.0]


def test_knowledge_gradient_of_many_draws_is_that_of_their_mixture():
    rng = np.random.default_rng(0)
    covariance = np.array([[1.0, 0.6, 0.0], [0.6, 2.0, -0.5], [0.0, -0.5, 0.5]])
    mean = np.array([0.3, 0.0, 0.5])
    draws = mean + rng.standard_normal((100_000, 3)) @ np.linalg.cholesky(covariance).T
    slopes = covariance / np.sqrt(np.diag(covariance) + 0.25)[:, None]
    exact = [gain_by_grid(mean, each) for each in slopes]
    np.testing.assert_allclose(knowledge_gradient(draws, noise_variance=0.25), exact, atol=0.01)


def test_unrelated_rows_do_not_pass_for_knowledge():
    """Of 100 unrelated candidates, one is far ahead: knowing a poor one is worth nothing."""
    draws = np.random.default_rng(0).standard_normal((64, 100))
    draws[:, 0] += 4.0
    certain = np.array([0.0, *np.full(99, -4.0)])
    scores = knowledge_gradient(draws + certain, noise_variance=1.0)
    assert np.median(scores[1:]) < 0.02


@pytest.mark.parametrize(("function", "n"), [(knowledge_gradient, 2_050), (max_value_entropy_search, 9_000)])
def test_many_candidates_score_what_each_scores_beside_the_same_rows(function, n):
    """So many that they are scored in blocks; as rows measured, the others count alike."""
    draws = np.random.default_rng(0).standard_normal((20, n))
    scores = function(draws)
    assert (scores > 0).all()
    alone = function(draws[:, -1:], observed=draws[:, :-1])
    np.testing.assert_allclose(scores[-1], alone[0], rtol=1e-9)


@pytest.mark.parametrize("function", [mutual_information, knowledge_gradient])
def test_negative_noise_is_refused(function):
    with pytest.raises(InvalidDataError, match="noise_variance must be finite and at least 0"):
        function(TWO_DRAWS, noise_variance=-1.0)
    with pytest.raises(InvalidDataError, match="Expected draws of shape"):
        function(np.ones(3))
