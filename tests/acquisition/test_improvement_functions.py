"""Improvement under a normal posterior: against 60 digits, at std 0, and by properties."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.acquisition import (
    expected_improvement,
    log_expected_improvement,
    probability_of_improvement,
)
from bnnopt.exceptions import InvalidDataError

FUNCTIONS = [probability_of_improvement, expected_improvement, log_expected_improvement]
Z = np.concatenate([-np.logspace(4, -4, 81), [0.0], np.logspace(-4, 1.6, 58), [-100.001, -99.999, -30, 40]])
means = st.floats(-1e3, 1e3)
stds = st.floats(0, 1e3)


def exact_improvement(z):
    """Return φ(z) + z Φ(z) to 60 digits."""
    with mpmath.workdps(80):
        z = mpmath.mpf(z)
        return mpmath.npdf(z) + z * mpmath.ncdf(z)


def test_log_improvement_against_60_digits():
    with mpmath.workdps(60):
        exact = [float(mpmath.log(exact_improvement(z))) for z in Z]
    computed = log_expected_improvement(Z, np.ones_like(Z), best=0.0)
    np.testing.assert_allclose(computed, exact, rtol=1e-12)


def test_improvement_against_60_digits_where_it_does_not_underflow():
    z = Z[Z > -37]
    exact = [float(exact_improvement(value)) for value in z]
    np.testing.assert_allclose(expected_improvement(z, np.ones_like(z), best=0.0), exact, rtol=1e-12)


def test_probability_of_improvement_against_60_digits():
    z = Z[Z > -37]
    with mpmath.workdps(60):
        exact = [float(mpmath.ncdf(value)) for value in z]
    np.testing.assert_allclose(probability_of_improvement(z, np.ones_like(z), best=0.0), exact, rtol=1e-11)


def test_values_known_by_hand():
    at_best = {"mean": [5.0], "std": [2.0], "best": 5.0}
    assert probability_of_improvement(**at_best) == [0.5]
    np.testing.assert_allclose(expected_improvement(**at_best), [2 / np.sqrt(2 * np.pi)], rtol=1e-15)
    np.testing.assert_allclose(
        log_expected_improvement(**at_best), [np.log(2 / np.sqrt(2 * np.pi))], rtol=1e-14
    )


def test_certain_candidates_are_defined():
    mean, std = [1.0, 2.0, 4.0], [0.0, 0.0, 0.0]
    np.testing.assert_array_equal(probability_of_improvement(mean, std, best=2.0), [0, 0, 1])
    np.testing.assert_array_equal(expected_improvement(mean, std, best=2.0), [0, 0, 2])
    np.testing.assert_array_equal(
        log_expected_improvement(mean, std, best=2.0), [-np.inf, -np.inf, np.log(2)]
    )


def test_extreme_candidates_stay_finite_or_minus_infinity():
    mean, std = np.array([-1e300, 1e300, -1.0, 1.0, 0.0]), np.array([1.0, 1.0, 1e-320, 1e-320, 1e300])
    for function in FUNCTIONS:
        scores = function(mean, std, best=0.0)
        assert not np.any(np.isnan(scores) | np.isposinf(scores))
    np.testing.assert_allclose(expected_improvement(mean, std, best=0.0)[[1, 3]], [1e300, 1])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_margin_acts_like_a_higher_best(function):
    mean, std = [0.0, 1.0, 2.5], [0.5, 1.0, 0.0]
    np.testing.assert_array_equal(function(mean, std, best=1.0, xi=0.5), function(mean, std, best=1.5))


@settings(max_examples=300, deadline=None)
@given(mean=means, std=stds, best=means)
def test_improvement_is_at_least_the_certain_gain_and_agrees_with_its_logarithm(mean, std, best):
    improvement = expected_improvement([mean], [std], best=best)
    assert improvement[0] >= max(mean - best, 0)
    assert 0 <= probability_of_improvement([mean], [std], best=best)[0] <= 1
    log_improvement = log_expected_improvement([mean], [std], best=best)
    np.testing.assert_allclose(np.exp(log_improvement), improvement, rtol=1e-11, atol=1e-300)


@settings(max_examples=300, deadline=None)
@given(mean=means, best=means, pair=st.tuples(stds, stds))
def test_more_uncertainty_never_lowers_the_improvement(mean, best, pair):
    std = np.sort(pair)
    for function in (expected_improvement, log_expected_improvement):
        low, high = function([mean, mean], std, best=best)
        assert high >= low - 1e-12 * abs(low)


@settings(max_examples=300, deadline=None)
@given(pair=st.tuples(means, means), std=stds, best=means)
def test_a_higher_mean_never_lowers_the_score(pair, std, best):
    mean = np.sort(pair)
    for function in FUNCTIONS:
        low, high = function(mean, [std, std], best=best)
        assert high >= low - 1e-12 * abs(low)


@settings(max_examples=100, deadline=None)
@given(mean=means, std=st.floats(1e-3, 1e3), best=means, scale=st.floats(1e-3, 1e3))
def test_improvement_scales_with_the_unit(mean, std, best, scale):
    improvement = expected_improvement([mean], [std], best=best)
    scaled = expected_improvement([mean * scale], [std * scale], best=best * scale)
    np.testing.assert_allclose(scaled, scale * improvement, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"std": [1.0, -1.0]}, r"at least 0, but 1 of 2 candidates break this \(first: candidate 1, -1.0\)"),
        ({"std": [np.nan, 1.0]}, "candidate 0, nan"),
        ({"mean": [0.0, np.nan]}, "the mean must be finite"),
        ({"mean": [[0.0, 1.0]]}, r"shape \(n,\), got \(1, 2\)"),
        ({"std": [1.0]}, r"\(2,\) and \(1,\)"),
        ({"best": np.nan}, "best must be one finite number"),
        ({"best": None}, "got None"),
        ({"best": [1.0, 2.0]}, "best must be one finite number"),
        ({"xi": -0.1}, "xi must be finite and at least 0, got -0.1"),
    ],
)
def test_wrong_input_is_refused(function, arguments, message):
    with pytest.raises(InvalidDataError, match=message):
        function(**({"mean": [0.0, 1.0], "std": [1.0, 1.0], "best": 0.0} | arguments))
