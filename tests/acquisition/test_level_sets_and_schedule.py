"""Scores that seek a contour, and the confidence bound that widens with the rows measured."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.acquisition import (
    expected_feasibility,
    scheduled_upper_confidence_bound,
    straddle,
    upper_confidence_bound,
)
from bnnopt.exceptions import InvalidDataError

numbers = st.floats(-100, 100)


@pytest.mark.parametrize("alpha", [0.1, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("t", [0.0, 0.7, 2.0, -6.0, 20.0, -35.0])
def test_feasibility_against_quadrature(t, alpha):
    """In the unit of std, the triangle of half width alpha around t times the density at 0."""
    with mpmath.workdps(40):
        ends = [t + alpha * mpmath.mpf(k) / 4 for k in range(-4, 5)]
        top = mpmath.npdf(max(abs(t) - alpha, 0))
        exact = top * mpmath.quad(lambda x: (alpha - abs(x - t)) * mpmath.npdf(x) / top, ends)
    computed = expected_feasibility([1.0 - 3.0 * t], [3.0], level=1.0, alpha=alpha)
    np.testing.assert_allclose(computed, [3.0 * float(exact)], rtol=1e-10)


def test_feasibility_by_hand():
    """At the level with alpha 2: 2 - E min(abs(z), 2) = 2 - sqrt(2/π) (1 - e^-2) - 4 Φ(-2)."""
    exact = 2 - np.sqrt(2 / np.pi) * (1 - np.exp(-2)) - 4 * 0.022750131948179
    np.testing.assert_allclose(expected_feasibility([7.0], [10.0], level=7.0), [10 * exact], rtol=1e-13)
    assert expected_feasibility([7.0, 8.0], [0.0, 0.0], level=7.0).tolist() == [0.0, 0.0]
    assert expected_feasibility([1e300], [1e-300]).tolist() == [0.0]


def test_straddle_by_hand():
    scores = straddle([1.0, 4.0, 4.0], [0.5, 0.0, 10.0], level=2.0, kappa=3.0)
    assert scores.tolist() == [0.5, -2.0, 28.0]
    np.testing.assert_allclose(straddle([0.0], [1.0]), [1.96])


@settings(max_examples=100, deadline=None)
@given(mean=numbers, level=numbers, std=st.floats(1e-3, 100), shift=numbers)
def test_only_the_distance_from_the_level_counts(mean, level, std, shift):
    for function in (expected_feasibility, straddle):
        score = function([mean], [std], level=level)
        np.testing.assert_allclose(function([2 * level - mean], [std], level=level), score, atol=1e-9)
        np.testing.assert_allclose(function([mean + shift], [std], level=level + shift), score, atol=1e-9)
        assert function([level], [std], level=level) >= score


def test_the_schedule_by_hand():
    """In round 3 with 6 candidates and delta π²/e² / 10: beta = 2 log(90 e²) = 2 log 90 + 4."""
    delta = np.pi**2 / np.e**2 / 10
    scores = scheduled_upper_confidence_bound(
        [1.0, 2.0], [0.5, 0.0], n_observed=2, delta=delta, n_candidates=6
    )
    np.testing.assert_allclose(scores, [1 + 0.5 * np.sqrt(2 * np.log(90) + 4), 2], rtol=1e-14)


def test_the_schedule_is_a_bound_that_widens_slowly():
    arguments = {"mean": [0.0], "std": [1.0]}
    kappas = [
        scheduled_upper_confidence_bound(**arguments, n_observed=n, scale=0.2)[0] for n in (0, 10, 1000)
    ]
    np.testing.assert_allclose(kappas, [1.9706, 2.4086, 3.0676], atol=1e-4)
    np.testing.assert_allclose(
        scheduled_upper_confidence_bound(**arguments, n_observed=10, scale=0.2),
        upper_confidence_bound(**arguments, kappa=kappas[1]),
    )


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (expected_feasibility, {"alpha": 0.0}, "alpha must be finite and above 0, got 0.0"),
        (expected_feasibility, {"level": np.nan}, "level must be finite, got nan"),
        (straddle, {"kappa": -1.0}, "kappa must be finite and at least 0"),
        (
            scheduled_upper_confidence_bound,
            {"n_observed": -1},
            "n_observed must be a whole number, at least 0",
        ),
        (scheduled_upper_confidence_bound, {"n_observed": 1.5}, "n_observed must be a whole number"),
        (scheduled_upper_confidence_bound, {"n_observed": np.nan}, "n_observed must be a whole number"),
        (
            scheduled_upper_confidence_bound,
            {"n_observed": 1, "delta": 1.0},
            "delta must be above 0 and below 1",
        ),
        (scheduled_upper_confidence_bound, {"n_observed": 1, "n_candidates": 0}, "at least 1, got 0"),
    ],
)
def test_wrong_parameters_are_refused(function, arguments, message):
    with pytest.raises(InvalidDataError, match=message):
        function([0.0], [1.0], **arguments)
