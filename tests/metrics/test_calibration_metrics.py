"""Coverage, likelihood and calibration error: hand values and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import norm

from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import calibration_error, coverage, interval, negative_log_likelihood

METRICS = [coverage, negative_log_likelihood, calibration_error]


def test_interval_known_by_heart():
    lower, upper = interval([0.0, 10.0], [1.0, 2.0])
    np.testing.assert_allclose(upper, [1.959963984540054, 10 + 2 * 1.959963984540054], rtol=1e-14)
    np.testing.assert_allclose(lower, [-1.959963984540054, 10 - 2 * 1.959963984540054], rtol=1e-14)


def test_coverage_by_hand():
    y, mean, std = [0.0, 1.9, 2.0, -3.0], np.zeros(4), np.ones(4)
    assert coverage(y, mean, std) == 0.5
    assert coverage(y, mean, std, level=0.99) == 0.75
    assert isinstance(coverage(y, mean, std), float)


def test_negative_log_likelihood_by_hand():
    assert negative_log_likelihood([0.0], [0.0], [1.0]) == pytest.approx(0.9189385332046727, rel=1e-15)
    y, mean, std = [1.0, -2.0, 0.3], [0.0, 1.0, 0.2], [0.5, 2.0, 1e-3]
    expected = -norm.logpdf(y, mean, std).mean()
    assert negative_log_likelihood(y, mean, std) == pytest.approx(expected, rel=1e-13)


def test_calibration_error_by_hand():
    zeros, ones = np.zeros(4), np.ones(4)
    assert calibration_error(zeros, zeros, ones, levels=[0.25, 0.75]) == 0.5  # too wide: always covered
    assert calibration_error(ones * 9, zeros, ones, levels=[0.2, 0.4]) == pytest.approx(0.3)  # never covered
    assert calibration_error(zeros, zeros, ones) == pytest.approx(0.5)


def test_outcomes_at_the_quantiles_are_calibrated():
    n = 10_000
    y = ndtri((np.arange(n) + 0.5) / n)
    assert calibration_error(y, np.zeros(n), np.ones(n)) < 1e-3
    assert coverage(y, np.zeros(n), np.ones(n), level=0.9) == pytest.approx(0.9, abs=2 / n)
    assert calibration_error(y, np.zeros(n), 2 * np.ones(n)) > 0.1


@pytest.mark.parametrize("metric", METRICS)
def test_outputs_are_judged_one_by_one(metric):
    rng = np.random.default_rng(0)
    y, mean, std = rng.normal(size=(20, 3)), rng.normal(size=(20, 3)), rng.uniform(0.5, 2, size=(20, 3))
    together = metric(y, mean, std)
    assert together.shape == (3,)
    alone = [metric(y[:, k], mean[:, k], std[:, k]) for k in range(3)]
    np.testing.assert_allclose(together, alone, rtol=1e-14)


@settings(max_examples=50, deadline=None)
@given(scale=st.floats(0.01, 100), shift=st.floats(-100, 100), seed=st.integers(0, 1000))
def test_a_change_of_unit_shifts_the_likelihood_and_nothing_else(scale, shift, seed):
    rng = np.random.default_rng(seed)
    y, mean, std = rng.normal(size=9), rng.normal(size=9), rng.uniform(0.5, 2, size=9)
    changed = (scale * y + shift, scale * mean + shift, scale * std)
    expected = negative_log_likelihood(y, mean, std) + np.log(scale)
    assert negative_log_likelihood(*changed) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    lower, upper = interval(*changed[1:], level=0.5)
    assert coverage(*changed, level=0.5) == np.mean((changed[0] >= lower) & (changed[0] <= upper))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("y", "mean", "std", "message"),
    [
        ([0.0, 1.0], [0.0], [1.0], r"one shape.*'y': \(2,\)"),
        ([], [], [], "not empty"),
        (0.0, 0.0, 1.0, r"\(n,\) or \(n, n_outputs\)"),
        ([0.0, np.nan], [0.0, 0.0], [1.0, 1.0], "y must be finite, got nan in row 1"),
        ([0.0, 0.0], [0.0, 0.0], [1.0, 0.0], "std must be above 0, got 0.0 in row 1"),
        ([[0.0, 0.0]], [[0.0, 0.0]], [[1.0, -2.0]], "std must be above 0, got -2.0 in row 0, output 1"),
    ],
)
def test_what_cannot_be_judged_is_refused(metric, y, mean, std, message):
    with pytest.raises(InvalidDataError, match=message):
        metric(y, mean, std)


@pytest.mark.parametrize("level", [0, 1, 95, np.nan])
def test_levels_are_probabilities(level):
    with pytest.raises(InvalidDataError, match=r"level must be a number in \(0, 1\)"):
        coverage([0.0], [0.0], [1.0], level=level)
    with pytest.raises(InvalidDataError, match=r"level must be a number in \(0, 1\)"):
        calibration_error([0.0], [0.0], [1.0], levels=[0.5, level])


def test_at_least_one_level_is_needed():
    with pytest.raises(InvalidDataError, match="at least one level"):
        calibration_error([0.0], [0.0], [1.0], levels=[])
