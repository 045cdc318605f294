"""Confidence bounds, draws and feasibility: hand values and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnnopt.acquisition import (
    expected_improvement,
    expected_improvement_of_draws,
    posterior_standard_deviation,
    thompson,
    upper_confidence_bound,
    with_feasibility,
)
from bnnopt.exceptions import InvalidDataError, UnknownNameError

DRAWS = np.array([[0.0, 3.0, 1.0], [2.0, 1.0, 1.0]])


def test_confidence_bound_and_deviation_by_hand():
    np.testing.assert_array_equal(upper_confidence_bound([1.0, 2.0], [0.5, 0.0]), [2, 2])
    np.testing.assert_array_equal(upper_confidence_bound([1.0, 2.0], [0.5, 0.0], best=7, kappa=0), [1, 2])
    std = np.array([0.5, 0.0])
    assert not np.shares_memory(posterior_standard_deviation([1.0, 2.0], std), std)
    np.testing.assert_array_equal(posterior_standard_deviation([1.0, 2.0], std, best=1.0), std)
    with pytest.raises(InvalidDataError, match="kappa must be finite and at least 0"):
        upper_confidence_bound([1.0], [1.0], kappa=-1)


def test_thompson_is_the_first_draw():
    np.testing.assert_array_equal(thompson(DRAWS), DRAWS[0])
    assert not np.shares_memory(thompson(DRAWS), DRAWS)


def test_improvement_of_draws_by_hand():
    np.testing.assert_array_equal(expected_improvement_of_draws(DRAWS, best=1.0), [0.5, 1, 0])
    np.testing.assert_array_equal(expected_improvement_of_draws(DRAWS, best=1.0, xi=1.5), [0, 0.25, 0])


def test_improvement_of_many_normal_draws_is_the_closed_form():
    mean, std = np.array([0.0, 1.0, -1.0]), np.array([1.0, 0.2, 2.0])
    draws = mean + std * np.random.default_rng(0).standard_normal((100_000, 3))
    gains = np.maximum(draws - 0.5, 0)
    error = gains.std(axis=0) / np.sqrt(len(draws))
    gap = expected_improvement_of_draws(draws, best=0.5) - expected_improvement(mean, std, best=0.5)
    assert np.all(np.abs(gap) < 4 * error)


@pytest.mark.parametrize(
    ("draws", "message"),
    [
        ([1.0, 2.0], r"\(n_draws, n\)"),
        (np.empty((0, 3)), "at least one draw"),
        ([[1.0, 2.0], [1.0, np.nan]], r"1 of 2 candidates break this \(first: candidate 1"),
    ],
)
def test_wrong_draws_are_refused(draws, message):
    with pytest.raises(InvalidDataError, match=message):
        thompson(draws)
    with pytest.raises(InvalidDataError, match=message):
        expected_improvement_of_draws(draws, best=0.0)


def test_feasibility_by_hand():
    log_probability = np.log([0.5, 1.0, 0.25])
    scores = [4.0, 2.0, 8.0]
    np.testing.assert_allclose(with_feasibility(scores, log_probability, form="positive"), [2, 2, 2])
    np.testing.assert_allclose(
        with_feasibility(np.log(scores), log_probability, form="log"), np.log([2, 2, 2])
    )
    np.testing.assert_allclose(with_feasibility(scores, log_probability, form="utility"), [3, 2, 3.5])
    floored = with_feasibility(scores, log_probability, form="utility", floor=0.0)
    np.testing.assert_allclose(floored, [2, 2, 2])


def test_the_surely_infeasible_score_worst():
    never = np.full(2, -np.inf)
    np.testing.assert_array_equal(with_feasibility([1.0, 2.0], never, form="positive"), [0, 0])
    np.testing.assert_array_equal(with_feasibility([1.0, 2.0], never, form="log"), [-np.inf, -np.inf])
    np.testing.assert_array_equal(with_feasibility([1.0, 2.0], never, form="utility"), [1, 1])
    np.testing.assert_array_equal(with_feasibility([1.0, 2.0], never, form="utility", floor=-3), [-3, -3])


@pytest.mark.parametrize("form", ["positive", "log", "utility"])
def test_minus_infinity_stays(form):
    weighed = with_feasibility([-np.inf, -np.inf, 1.0], [0.0, -np.inf, 0.0], form=form)
    np.testing.assert_array_equal(weighed, [-np.inf, -np.inf, 1])
    assert with_feasibility([-np.inf], [-1.0], form=form) == [-np.inf]


@settings(max_examples=100, deadline=None)
@given(
    scores=arrays(float, 5, elements=st.floats(0, 1e3)),
    pair=st.tuples(st.floats(-50, 0), st.floats(-50, 0)),
    form=st.sampled_from(["positive", "log", "utility"]),
    floor=st.one_of(st.none(), st.floats(-1e3, 1e3)),
)
def test_feasibility_is_monotone_and_never_raises_a_score(scores, pair, form, floor):
    low, high = (
        with_feasibility(scores, np.full(5, value), form=form, floor=floor) for value in sorted(pair)
    )
    assert np.all(low <= high + 1e-9)
    assert np.all(high <= scores + 1e-9)


@pytest.mark.parametrize(
    ("scores", "log_probability", "form", "floor", "message"),
    [
        ([1.0], [0.1], "log", None, "at most 0"),
        ([1.0], [np.nan], "log", None, "NaN"),
        ([np.nan], [0.0], "log", None, "finite or -inf"),
        ([1.0, 2.0], [0.0], "log", None, r"\(2,\) and \(1,\)"),
        ([-1.0], [0.0], "positive", None, "at least 0, got -1.0"),
        ([1.0], [0.0], "utility", np.inf, "floor must be finite"),
    ],
)
def test_wrong_feasibility_is_refused(scores, log_probability, form, floor, message):
    with pytest.raises(InvalidDataError, match=message):
        with_feasibility(scores, log_probability, form=form, floor=floor)


def test_an_unknown_form_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="Known: log, positive, utility"):
        with_feasibility([1.0], [0.0], form="product")
