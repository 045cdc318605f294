"""Improvement of minus the distance from a target: against quadrature of the triangle, tails included."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.acquisition import (
    expected_improvement,
    expected_improvement_to_target,
    log_expected_improvement_to_target,
    probability_of_improvement,
    probability_of_improvement_to_target,
)
from bnnopt.exceptions import InvalidDataError

FUNCTIONS = [
    probability_of_improvement_to_target,
    expected_improvement_to_target,
    log_expected_improvement_to_target,
]
CASES = [
    (mean, 1.0, width)
    for mean in (0.0, 0.3, -1.0, 2.5, -7.0, 20.0, 36.0, -300.0, 1e4)
    for width in (1e-9, 1e-3, 0.04, 0.9, 1.0, 1.5, 6.0, 40.0, 9999.0)
] + [(3.0, 0.01, 2.9), (-3.0, 250.0, 0.5), (1e-3, 1e-5, 9e-4), (0.0, 1e6, 1.0)]


def exact(mean, std, width):
    """Integrate probability and triangle times density over each half, as the mean lies left or right of 0.

    The density, relative to that at the nearest end, is integrated in pieces on its own scale of decay.
    """
    with mpmath.workdps(40):
        m, s, c = abs(mpmath.mpf(mean)), mpmath.mpf(std), mpmath.mpf(width)
        nearest = min(m, c)
        top = -((m - nearest) ** 2) / (2 * s**2)
        scale = min(s, s**2 / max(m - nearest, s))
        pieces = [nearest + sign * scale * k for sign in (-1, 1) for k in (0, 1, 3, 8, 20, 45, 100)]
        ends = sorted({mpmath.mpf(0), -c, c, *(p for p in pieces if -c < p < c)})

        def integral(weight):
            return mpmath.quad(lambda x: weight(x) * mpmath.exp(-((x - m) ** 2) / (2 * s**2) - top), ends)

        factor = mpmath.exp(top) / (s * mpmath.sqrt(2 * mpmath.pi))
        return factor * integral(lambda x: 1), factor * integral(lambda x: c - abs(x))


@pytest.mark.parametrize(("mean", "std", "width"), CASES)
def test_against_quadrature(mean, std, width):
    probability, gain = exact(mean, std, width)
    arguments = {"mean": [mean], "std": [std], "best": -width}
    with mpmath.workdps(40):
        log_gain = float(mpmath.log(gain))
    np.testing.assert_allclose(log_expected_improvement_to_target(**arguments), [log_gain], rtol=1e-11)
    if log_gain > -700:
        np.testing.assert_allclose(expected_improvement_to_target(**arguments), [float(gain)], rtol=1e-10)
        computed = probability_of_improvement_to_target(**arguments)
        np.testing.assert_allclose(computed, [float(probability)], rtol=1e-10)


def test_values_known_by_hand():
    """At the target, within one standard deviation: 0.6827, and 2 (φ(0) - φ(1)) less than it."""
    at_target = {"mean": [0.0], "std": [1.0], "best": -1.0}
    np.testing.assert_allclose(probability_of_improvement_to_target(**at_target), [0.6826894921370859])
    lost = 2 * (1 - np.exp(-0.5)) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(expected_improvement_to_target(**at_target), [0.6826894921370859 - lost])


def test_certain_outcomes_are_defined():
    mean, std = [0.5, -0.5, 2.0, -3.0], np.zeros(4)
    np.testing.assert_array_equal(probability_of_improvement_to_target(mean, std, best=-2.0), [1, 1, 0, 0])
    np.testing.assert_array_equal(expected_improvement_to_target(mean, std, best=-2.0), [1.5, 1.5, 0, 0])
    np.testing.assert_array_equal(
        log_expected_improvement_to_target(mean, std, best=-2.0), [np.log(1.5), np.log(1.5), -np.inf, -np.inf]
    )


def test_nothing_is_better_than_the_target_itself():
    for function, nothing in zip(FUNCTIONS, [0, 0, -np.inf], strict=True):
        np.testing.assert_array_equal(function([0.0, 1.0], [0.0, 1.0], best=0.0), [nothing, nothing])
        np.testing.assert_array_equal(function([0.0, 1.0], [0.0, 1.0], best=-1.0, xi=2.0), [nothing, nothing])


def test_one_sided_far_from_the_target():
    """Where the outcome lies on one side surely, the utility is normal with the same standard deviation."""
    mean, std = np.array([30.0, 35.0, 50.0]), np.full(3, 1.0)
    for folded, plain in zip(FUNCTIONS, [probability_of_improvement, expected_improvement], strict=False):
        np.testing.assert_allclose(folded(mean, std, best=-31.0), plain(-mean, std, best=-31.0), rtol=1e-10)


def test_extreme_values_stay_finite_or_minus_infinity():
    mean = np.array([1e300, 0.0, 1e300, 1e-300, 5.0, 1e200])
    std = np.array([1e-320, 1e-320, 1e300, 1e300, 1e-310, 1.0])
    for best in (0.0, -1e-300, -1.0, -1e300):
        for function in FUNCTIONS:
            scores = function(mean, std, best=best)
            assert not np.any(np.isnan(scores) | np.isposinf(scores))


numbers = st.floats(-1e3, 1e3)


@settings(max_examples=100, deadline=None)
@given(mean=numbers, std=st.floats(0, 1e3), best=st.floats(-1e3, 0), pair=st.tuples(numbers, numbers))
def test_sign_order_and_logarithm(mean, std, best, pair):
    for function in FUNCTIONS:
        assert function([mean], [std], best=best) == function([-mean], [std], best=best)
        low, high = function(sorted(pair, key=abs, reverse=True), [std, std], best=best)
        assert high >= low - 1e-9 * abs(low)
    gain = expected_improvement_to_target([mean], [std], best=best)
    log_gain = log_expected_improvement_to_target([mean], [std], best=best)
    np.testing.assert_allclose(np.exp(log_gain), gain, rtol=1e-10, atol=1e-300)
    assert max(-abs(mean) - best, 0) * (1 - 1e-12) - std <= gain[0] <= -best * (1 + 1e-12)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"best": 0.5}, "best must be at most 0, got 0.5"),
        ({"best": None}, "best must be one finite number"),
        ({"xi": -1.0}, "xi must be finite and at least 0"),
        ({"std": [1.0, -1.0]}, "at least 0"),
    ],
)
def test_wrong_input_is_refused(function, arguments, message):
    with pytest.raises(InvalidDataError, match=message):
        function(**({"mean": [0.0, 1.0], "std": [1.0, 1.0], "best": -1.0} | arguments))
