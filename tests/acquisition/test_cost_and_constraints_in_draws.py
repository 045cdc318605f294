"""Scores per unit of cost, and outcome constraints in draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnnopt.acquisition import (
    draws_where_feasible,
    per_unit_cost,
    probability_of_draws,
    q_expected_improvement,
)
from bnnopt.exceptions import InvalidDataError, UnknownNameError

FORMS = ["positive", "log", "utility"]
DRAWS = np.array([[0.0, 3.0, 1.0], [2.0, 1.0, 1.0]])
KEPT = np.array([[True, False, True], [False, True, True]])


def test_scores_per_unit_of_cost_by_hand():
    scores, cost = [4.0, 6.0, -np.inf], [2.0, 4.0, 1.0]
    np.testing.assert_allclose(per_unit_cost(scores, cost, "positive"), [2.0, 1.5, -np.inf])
    np.testing.assert_allclose(per_unit_cost(scores, cost, "positive", 2.0), [1.0, 0.375, -np.inf])
    by_log = per_unit_cost(scores, cost, "log", exponent=0.5)
    np.testing.assert_allclose(by_log, [4 - np.log(2) / 2, 6 - np.log(2), -np.inf])


def test_utilities_count_above_a_floor():
    np.testing.assert_allclose(per_unit_cost([-4.0, -2.0], [1.0, 2.0], "utility"), [-4.0, -3.0])
    np.testing.assert_allclose(per_unit_cost([-4.0, -2.0], [1.0, 2.0], "utility", floor=-10.0), [-4.0, -6.0])
    np.testing.assert_allclose(per_unit_cost([-4.0, -2.0], [1.0, 2.0], "utility", floor=-3.0), [-4.0, -3.0])


@settings(max_examples=100, deadline=None)
@given(
    scores=arrays(float, 6, elements=st.floats(0, 1e3)),
    cost=arrays(float, 6, elements=st.floats(1e-3, 1e3)),
    exponent=st.floats(0, 3),
    form=st.sampled_from(FORMS),
    unit=st.floats(1e-3, 1e3),
)
def test_order_at_equal_cost_and_at_equal_score(scores, cost, exponent, form, unit):
    one = np.full(6, cost[0])
    assert np.all(np.diff(per_unit_cost(scores, one, form, exponent)[np.argsort(scores)]) >= -1e-9)
    equal = per_unit_cost([scores.min(), *np.full(5, scores.max())], cost, form, exponent)[1:]
    assert np.all(np.diff(equal[np.argsort(cost[1:])]) <= 1e-9)
    np.testing.assert_allclose(per_unit_cost(scores, cost, form, 0.0), scores, rtol=1e-12, atol=1e-12)
    plain, other = (
        per_unit_cost(scores, cost, form, exponent),
        per_unit_cost(scores, unit * cost, form, exponent),
    )
    order = np.argsort(plain)
    assert np.all(np.diff(other[order]) >= -1e-9 * np.abs(other).max())


@pytest.mark.parametrize(
    ("scores", "cost", "form", "exponent", "message"),
    [
        ([1.0], [0.0], "log", 1.0, "above 0, got 0.0 for candidate 0"),
        ([1.0, 2.0], [1.0, np.nan], "log", 1.0, "got nan for candidate 1"),
        ([1.0], [1.0, 2.0], "log", 1.0, r"\(1,\) and \(2,\)"),
        ([np.nan], [1.0], "log", 1.0, "finite or -inf"),
        ([-1.0], [1.0], "positive", 1.0, "at least 0, got -1.0"),
        ([1.0], [1.0], "positive", -1.0, "exponent must be finite and at least 0"),
        ([1.0], [1e-200], "positive", 2.0, "leave the range of floats"),
    ],
)
def test_wrong_costs_are_refused(scores, cost, form, exponent, message):
    with pytest.raises(InvalidDataError, match=message):
        per_unit_cost(scores, cost, form, exponent)


def test_an_unknown_form_or_floor_is_refused():
    with pytest.raises(UnknownNameError, match="Known: log, positive, utility"):
        per_unit_cost([1.0], [1.0], "share")
    with pytest.raises(InvalidDataError, match="floor must be finite"):
        per_unit_cost([1.0], [1.0], "utility", floor=np.nan)


def test_draws_that_break_a_constraint_are_worth_the_floor():
    before = DRAWS.copy()
    limited = draws_where_feasible(DRAWS, KEPT, -5.0)
    assert limited.tolist() == [[0.0, -5.0, 1.0], [-5.0, 1.0, 1.0]]
    np.testing.assert_array_equal(DRAWS, before)
    assert q_expected_improvement(limited, best=0.5).tolist() == [0.0, 0.25, 0.5]


def test_shares_of_draws():
    np.testing.assert_array_equal(probability_of_draws(KEPT), [0.5, 0.5, 1.0])
    np.testing.assert_array_equal(probability_of_draws(KEPT, prior=1.0), [0.5, 0.5, 0.75])
    np.testing.assert_allclose(probability_of_draws(KEPT, prior=0.5), [0.5, 0.5, 2.5 / 3])


def test_flags_must_be_flags():
    with pytest.raises(InvalidDataError, match=r"bool for each draw .* got float64 of shape \(2, 3\)"):
        draws_where_feasible(DRAWS, KEPT.astype(float), 0.0)
    with pytest.raises(InvalidDataError, match=r"one shape .* \(2, 3\) and \(2, 2\)"):
        draws_where_feasible(DRAWS, KEPT[:, :2], 0.0)
    with pytest.raises(InvalidDataError, match="floor must be finite"):
        draws_where_feasible(DRAWS, KEPT, np.inf)
    with pytest.raises(InvalidDataError, match="is_satisfied must hold a bool"):
        probability_of_draws(KEPT[0])
    with pytest.raises(InvalidDataError, match="prior must be finite and at least 0"):
        probability_of_draws(KEPT, prior=-1.0)
