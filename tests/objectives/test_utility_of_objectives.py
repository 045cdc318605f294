"""Utilities of objectives and their moments, against hand values, quadrature and Monte Carlo."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Maximize, Minimize, Target

OBJECTIVES = [Minimize("a"), Maximize("a"), Target("a", 2.0, 0.5)]
numbers = st.floats(-1e6, 1e6)


def test_utilities_known_by_hand():
    y = np.array([1.0, 2.0, 2.5, np.nan])
    np.testing.assert_array_equal(Minimize("a").utility(y), [-1, -2, -2.5, np.nan])
    np.testing.assert_array_equal(Maximize("a").utility(y), y)
    np.testing.assert_array_equal(Target("a", 2.0, 0.5).utility(y), [-2, 0, -1, np.nan])


def test_target_utility_is_at_least_minus_one_inside_the_tolerance_only():
    target = Target("peak", 950, 20, unit="nm")
    np.testing.assert_array_equal(target.utility([929, 930, 970, 971]) >= -1, [False, True, True, False])


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.type)
def test_shape_is_kept_and_the_input_is_neither_changed_nor_shared(objective):
    y = np.arange(6.0).reshape(2, 3)
    y.flags.writeable = False
    utility = objective.utility(y)
    assert utility.shape == (2, 3)
    assert not np.shares_memory(utility, y)
    for moments in objective.utility_moments(y, y):
        assert moments.shape == (2, 3)
        assert not np.shares_memory(moments, y)


def test_linear_objectives_are_those_whose_moments_are_linear():
    assert [objective.is_linear for objective in OBJECTIVES] == [True, True, False]
    mean, std = Minimize("a").utility_moments([1.0, -2.0], [0.5, 0.0])
    np.testing.assert_array_equal((mean, std), [[-1, 2], [0.5, 0]])
    mean, std = Maximize("a").utility_moments([1.0, -2.0], [0.5, 0.0])
    np.testing.assert_array_equal((mean, std), [[1, -2], [0.5, 0]])


def test_target_moments_at_the_value_are_those_of_the_half_normal():
    mean, std = Target("a", 3.0, 2.0).utility_moments([3.0], [1.0])
    np.testing.assert_allclose(mean, [-np.sqrt(2 / np.pi) / 2], rtol=1e-14)
    np.testing.assert_allclose(std, [np.sqrt(1 - 2 / np.pi) / 2], rtol=1e-14)


@pytest.mark.parametrize(("mean", "std"), [(2.3, 0.4), (-1.0, 2.0), (2.0, 1e-3), (9.0, 1.0), (2.9, 0.1)])
def test_target_moments_against_quadrature(mean, std):
    target = Target("a", 2.0, 0.5)
    limits, points = (mean - 12 * std, mean + 12 * std), [2.0]

    def moment(power):
        def integrand(y):
            return float(target.utility(y)) ** power * norm.pdf(y, mean, std)

        inside = points if limits[0] < 2.0 < limits[1] else None
        return quad(integrand, *limits, points=inside, epsabs=1e-13, epsrel=1e-12)[0]

    first, second = moment(1), moment(2)
    computed_mean, computed_std = target.utility_moments([mean], [std])
    np.testing.assert_allclose(computed_mean, [first], rtol=1e-10)
    np.testing.assert_allclose(computed_std**2, [second - first**2], rtol=1e-7)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.type)
@settings(max_examples=20, deadline=None)
@given(mean=st.floats(-5, 5), std=st.floats(0.01, 5), seed=st.integers(0, 2**31))
def test_moments_agree_with_monte_carlo(objective, mean, std, seed):
    draws = objective.utility(np.random.default_rng(seed).normal(mean, std, size=20_000))
    computed_mean, computed_std = objective.utility_moments([mean], [std])
    # 5 standard errors: 60 examples of 2 comparisons each must not fail by chance
    assert abs(draws.mean() - computed_mean[0]) < 5 * computed_std[0] / np.sqrt(len(draws))
    squares = (draws - draws.mean()) ** 2
    assert abs(squares.mean() - computed_std[0] ** 2) < 6 * squares.std() / np.sqrt(len(draws))


@settings(max_examples=200, deadline=None)
@given(mean=numbers, std=st.floats(0, 1e6))
def test_target_moments_keep_their_bounds(mean, std):
    target = Target("a", 2.0, 1.0)
    utility_mean, utility_std = target.utility_moments([mean], [std])
    assert utility_mean[0] <= target.utility(mean)
    assert 0 <= utility_std[0] <= std * (1 + 1e-12)


def test_target_moments_of_a_certain_outcome_are_exact():
    mean, std = Target("a", 2.0, 0.5).utility_moments([2.0, 3.0, -1e300], [0.0, 0.0, 1e-300])
    np.testing.assert_array_equal(mean, [0, -2, -2e300])
    np.testing.assert_array_equal(std, [0, 0, 2e-300])


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.type)
@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ([1.0, 2.0], [1.0], r"'a'.*\(2,\).*\(1,\)"),
        ([1.0, 2.0], [1.0, -0.1], r"at least 0, got -0.1 at position \(1,\)"),
        ([1.0, 2.0], [np.nan, 1.0], r"at least 0, got nan at position \(0,\)"),
        ([1.0, np.inf], [1.0, 1.0], r"mean must be finite, got inf"),
    ],
)
def test_moments_that_cannot_be_are_refused(objective, mean, std, message):
    with pytest.raises(InvalidDataError, match=message):
        objective.utility_moments(mean, std)


@pytest.mark.parametrize("tolerance", [0, -1.0, np.nan, np.inf])
def test_tolerance_must_be_positive_and_finite(tolerance):
    with pytest.raises(InvalidDataError, match="tolerance"):
        Target("a", 1.0, tolerance)
