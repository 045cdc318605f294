"""Probability that an outcome keeps its limits, against mpmath and by properties."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import OutcomeConstraint

LIMITS = OutcomeConstraint("a", lower=-1.0, upper=2.0)


def exact_log_probability(lower, upper, mean, std):
    with mpmath.workdps(60):
        mean, std = mpmath.mpf(mean), mpmath.mpf(std)
        a, b = ((mpmath.mpf(limit) - mean) / std for limit in (lower, upper))
        a, b = (-b, -a) if a > 0 else (a, b)
        return float(mpmath.log(mpmath.ncdf(b) - mpmath.ncdf(a)))


def test_limits_are_included_and_missing_outcomes_are_not():
    satisfied = LIMITS.is_satisfied([[-1.0, 2.0], [2.0001, np.nan]])
    np.testing.assert_array_equal(satisfied, [[True, True], [False, False]])
    np.testing.assert_array_equal(OutcomeConstraint("a", upper=0).is_satisfied([-1e9, 1]), [True, False])
    np.testing.assert_array_equal(OutcomeConstraint("a", lower=0).is_satisfied([-1, 1e9]), [False, True])


def test_probability_of_two_standard_deviations_known_by_heart():
    probability = OutcomeConstraint("a", -2, 2).probability([0.0], [1.0])
    np.testing.assert_allclose(probability, [0.954499736103641585599], rtol=1e-15)
    np.testing.assert_allclose(OutcomeConstraint("a", lower=0).probability([0.0], [3.0]), [0.5], rtol=1e-15)


@pytest.mark.parametrize("std", [1e-3, 0.1, 1.0, 30.0, 1e3])
@pytest.mark.parametrize("mean", [-500.0, -30.0, -1.0, 0.4, 2.0, 7.0, 40.0, 1e4])
def test_log_probability_against_60_digits(mean, std):
    computed = LIMITS.log_probability([mean], [std])[0]
    exact = exact_log_probability(-1, 2, mean, std)
    assert computed == pytest.approx(exact, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("mean", [-40.0, -3.0, 0.0, 3.0, 40.0])
def test_one_sided_log_probability_against_60_digits(mean):
    below = OutcomeConstraint("a", upper=1.0).log_probability([mean], [1.0])[0]
    above = OutcomeConstraint("a", lower=1.0).log_probability([mean], [1.0])[0]
    with mpmath.workdps(60):
        assert below == pytest.approx(float(mpmath.log(mpmath.ncdf(1 - mpmath.mpf(mean)))), rel=1e-13)
        assert above == pytest.approx(float(mpmath.log(mpmath.ncdf(mpmath.mpf(mean) - 1))), rel=1e-13)


@pytest.mark.parametrize("mean", [0.0, 1.5, -4e7, 97981531.5, 3e9])
@pytest.mark.parametrize("std", [100.0, 301.0, 1e5, 97981531.5])
def test_limits_close_in_units_of_std_do_not_cancel(mean, std):
    if abs(mean) > 1e4 * std:
        mean = 20 * std
    computed = LIMITS.log_probability([mean], [std])[0]
    assert computed == pytest.approx(exact_log_probability(-1, 2, mean, std), rel=1e-13)


def test_certain_outcomes_are_feasible_or_not():
    computed = LIMITS.log_probability([-1.0, 2.0, 2.1, -9.0], [0.0, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(computed, [0, 0, -np.inf, -np.inf])
    np.testing.assert_array_equal(LIMITS.probability([0.0, 5.0], [0.0, 0.0]), [1, 0])


def test_out_of_reach_of_double_precision_is_minus_infinity():
    computed = LIMITS.log_probability([1e200, -1e300, 0.0], [1.0, 1e-300, 1e-300])
    np.testing.assert_array_equal(computed, [-np.inf, -np.inf, 0])


@settings(max_examples=200, deadline=None)
@given(mean=st.floats(-1e8, 1e8), std=st.floats(0, 1e8))
def test_log_probability_is_at_most_zero_and_symmetric(mean, std):
    limits, mirrored = OutcomeConstraint("a", -1, 2), OutcomeConstraint("a", -2, 1)
    computed = limits.log_probability([mean], [std])
    assert computed[0] <= 0
    np.testing.assert_allclose(mirrored.log_probability([-mean], [std]), computed, rtol=1e-9, atol=1e-300)


@settings(max_examples=100, deadline=None)
@given(mean=st.floats(-10, 10), std=st.floats(0.1, 10), cut=st.floats(-0.9, 1.9))
def test_probabilities_of_parts_add_up(mean, std, cut):
    parts = OutcomeConstraint("a", -1, cut), OutcomeConstraint("a", cut, 2)
    total = sum(part.probability([mean], [std]) for part in parts)
    np.testing.assert_allclose(total, LIMITS.probability([mean], [std]), rtol=1e-10)


def test_limits_out_of_order_are_named():
    with pytest.raises(
        InvalidDataError, match=r"'peak': lower must be below upper, got lower=3\.0 and upper=2\.0"
    ):
        OutcomeConstraint("peak", lower=3, upper=2)
    with pytest.raises(InvalidDataError, match="lower must be below upper"):
        OutcomeConstraint("peak", lower=2, upper=2)


def test_a_limit_is_needed_and_must_be_finite():
    with pytest.raises(InvalidDataError, match="'peak' needs a lower or an upper limit"):
        OutcomeConstraint("peak")
    with pytest.raises(InvalidDataError, match="finite"):
        OutcomeConstraint("peak", upper=np.inf)


@pytest.mark.parametrize("std", [-1.0, np.nan])
def test_impossible_std_is_refused(std):
    with pytest.raises(InvalidDataError, match="at least 0"):
        LIMITS.log_probability([0.0], [std])
