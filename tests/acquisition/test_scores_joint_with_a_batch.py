"""Scores of each candidate together with the rows chosen: by hand, against closed forms, and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnnopt.acquisition import (
    expected_improvement,
    expected_improvement_of_draws,
    log_expected_improvement,
    q_expected_improvement,
    q_log_expected_improvement,
    q_noisy_expected_improvement,
    q_upper_confidence_bound,
    upper_confidence_bound,
)
from bnnopt.exceptions import InvalidDataError

DRAWS = np.array([[0.0, 3.0, 1.0], [2.0, 1.0, 1.0]])
CHOSEN = np.array([[2.0], [0.0]])
values = st.floats(-100, 100).map(lambda value: round(value, 3))


def test_improvement_of_a_batch_by_hand():
    assert q_expected_improvement(DRAWS, best=1.0).tolist() == [0.5, 1.0, 0.0]
    assert q_expected_improvement(DRAWS, best=1.0, chosen=CHOSEN).tolist() == [1.0, 1.0, 0.5]
    assert q_expected_improvement(DRAWS, best=1.0, chosen=CHOSEN, xi=1.0).tolist() == [0.0, 0.5, 0.0]


def test_improvement_over_measured_rows_by_hand():
    """The best of the measured rows is 1 in the first draw and 4 in the second, -1 after."""
    observed = np.array([[1.0, -5.0], [0.0, 4.0]])
    assert q_noisy_expected_improvement(DRAWS, observed=observed).tolist() == [0.0, 1.0, 0.0]
    observed[1, 1] = -1.0
    assert q_noisy_expected_improvement(DRAWS, observed=observed).tolist() == [1.0, 1.5, 0.5]
    scores = q_noisy_expected_improvement(DRAWS, observed=observed, chosen=CHOSEN)
    assert scores.tolist() == [1.5, 1.5, 1.0]


def test_confidence_bound_of_a_batch_by_hand():
    """Means 1, 2, 1, deviations 1, 1, 0 in each draw, a factor of 2; of the row chosen 1 and 1."""
    kappa = 2 * np.sqrt(2 / np.pi)
    np.testing.assert_allclose(q_upper_confidence_bound(DRAWS, kappa=kappa), [3.0, 4.0, 1.0])
    np.testing.assert_allclose(q_upper_confidence_bound(DRAWS, kappa=kappa, chosen=CHOSEN), [3.0, 4.0, 3.0])


def test_many_normal_draws_meet_the_closed_forms():
    mean, std = np.array([0.0, 1.0, -1.0]), np.array([1.0, 0.2, 2.0])
    draws = mean + std * np.random.default_rng(0).standard_normal((100_000, 3))
    error = 4 * std / np.sqrt(len(draws))
    improvement = expected_improvement(mean, std, best=0.5)
    assert np.all(np.abs(q_expected_improvement(draws, best=0.5) - improvement) < error)
    certain = np.full((len(draws), 1), 0.5)
    assert np.all(np.abs(q_noisy_expected_improvement(draws, observed=certain) - improvement) < error)
    gap = q_log_expected_improvement(draws, best=0.5) - log_expected_improvement(mean, std, best=0.5)
    assert np.all(np.abs(gap) < error / improvement)
    gap = q_upper_confidence_bound(draws) - upper_confidence_bound(mean, std)
    assert np.all(np.abs(gap) < 2.5 * error)


@settings(max_examples=100, deadline=None)
@given(
    draws=arrays(float, (5, 3), elements=values), chosen=arrays(float, (5, 2), elements=values), best=values
)
def test_rows_chosen_never_lower_a_score_and_none_is_none(draws, chosen, best):
    none, observed = np.empty((5, 0)), np.full((5, 1), best)
    for function, situation in (
        (q_expected_improvement, {"best": best}),
        (q_log_expected_improvement, {"best": best}),
        (q_noisy_expected_improvement, {"observed": observed}),
        (q_upper_confidence_bound, {}),
    ):
        alone = function(draws, **situation)
        np.testing.assert_array_equal(function(draws, chosen=none, **situation), alone)
        together = function(draws, chosen=chosen, **situation)
        assert np.all(together >= alone - 1e-9)
        np.testing.assert_allclose(together, function(draws, chosen=chosen[:, ::-1], **situation), rtol=1e-12)
    alone = expected_improvement_of_draws(draws, best=best)
    np.testing.assert_array_equal(q_expected_improvement(draws, best=best), alone)
    np.testing.assert_array_equal(q_noisy_expected_improvement(draws, observed=observed), alone)


def test_the_logarithm_tends_to_that_of_the_improvement():
    """Four rows in the batch: the smooth maximum adds at most 0.01 log 4."""
    rng = np.random.default_rng(1)
    draws, chosen = rng.standard_normal((200, 5)), rng.standard_normal((200, 3))
    exact = np.log(q_expected_improvement(draws, best=1.0, chosen=chosen))
    smooth = q_log_expected_improvement(draws, best=1.0, chosen=chosen)
    assert np.all(smooth >= exact)
    assert np.all(smooth <= exact + 0.01 * np.log(4))
    sharp = q_log_expected_improvement(draws, best=1.0, chosen=chosen, tau_max=1e-9)
    np.testing.assert_allclose(sharp, exact, atol=2e-5)


def test_the_logarithm_orders_candidates_without_hope():
    """One draw each at -z std: the tail is log(0.1 tau std / (z / tau)²)."""
    draws = np.array([[-1.0, -2.0, -2.0], [-3.0, -4.0, -6.0]])
    scores = q_log_expected_improvement(draws, best=0.0, tau=1e-3)
    scale = 1e-3 * np.array([1.0, 1.0, 2.0])
    tails = 0.1 / (1 + (draws / scale) ** 2)
    np.testing.assert_allclose(scores, np.log(scale * tails.mean(axis=0)), rtol=1e-12)
    assert scores[0] > scores[1]


def test_certain_rows_are_not_smoothed():
    scores = q_log_expected_improvement(np.array([[3.0, 1.0], [3.0, 1.0]]), best=2.0)
    assert scores.tolist() == [0.0, -np.inf]
    joined = q_log_expected_improvement(np.ones((2, 1)), best=2.0, chosen=np.full((2, 1), 3.0))
    assert joined.tolist() == [0.0]


@settings(max_examples=50, deadline=None)
@given(factor=st.floats(1e-6, 1e6), shift=st.floats(-100, 100))
def test_another_unit_shifts_the_logarithm(factor, shift):
    draws, chosen = np.random.default_rng(2).standard_normal((2, 50, 3))
    scores = q_log_expected_improvement(draws, best=1.0, chosen=chosen)
    scaled = q_log_expected_improvement(
        factor * (draws + shift), best=factor * (1 + shift), chosen=factor * (chosen + shift)
    )
    np.testing.assert_allclose(scaled - np.log(factor), scores, atol=1e-6)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (q_expected_improvement, {"best": None}, "best must be one finite number"),
        (
            q_expected_improvement,
            {"best": 1.0, "chosen": CHOSEN[:1]},
            r"chosen .* shape \(2, n\).*got \(1, 1\)",
        ),
        (
            q_expected_improvement,
            {"best": 1.0, "chosen": [[np.nan], [0]]},
            "Every draw in chosen must be finite",
        ),
        (q_noisy_expected_improvement, {"observed": np.empty((2, 0))}, "observed must have at least one row"),
        (q_log_expected_improvement, {"best": 1.0, "tau": 0.0}, "tau must be finite and above 0"),
        (q_log_expected_improvement, {"best": 1.0, "tau_max": -1.0}, "tau_max must be finite and above 0"),
        (q_upper_confidence_bound, {"kappa": -1.0}, "kappa must be finite and at least 0"),
    ],
)
def test_wrong_input_is_refused(function, arguments, message):
    with pytest.raises(InvalidDataError, match=message):
        function(DRAWS, **arguments)
