"""Expected gain in hypervolume of two normal utilities: by hand, by quadrature in many digits, by draws."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.acquisition import (
    expected_hypervolume_improvement,
    expected_hypervolume_improvement_of_draws,
    expected_improvement,
)
from bnnopt.exceptions import InvalidDataError

FRONT = np.array([[1.0, 3.0], [2.0, 2.5], [3.0, 0.5]])
REFERENCE = np.array([0.0, 0.0])
STEPS = [(0.0, 3.0), (1.0, 2.5), (2.0, 0.5), (3.0, 0.0)]  # where strips begin, and above which height


def exact(mean, std):
    """Integral over the region that is not dominated of P(u_1 > z_1) P(u_2 > z_2), strip by strip."""
    with mpmath.workdps(30):

        def mass(j, low, high):
            m, s = mpmath.mpf(mean[j]), mpmath.mpf(std[j])
            points = sorted({low, high, *(p for p in (m - 8 * s, m, m + 8 * s) if low < p < high)})
            return mpmath.quad(lambda z: mpmath.erfc((z - m) / (s * mpmath.sqrt(2))) / 2, points)

        ends = [*(left for left, _ in STEPS[1:]), mpmath.inf]
        strips = zip(STEPS, ends, strict=True)
        return float(sum(mass(0, left, end) * mass(1, low, mpmath.inf) for (left, low), end in strips))


def test_gains_by_hand_of_known_candidates():
    mean = [[2.5, 2.6], [1.0, 3.0], [4.0, 4.0], [0.5, 0.5], [-1.0, 9.0], [3.0, 1.5], [0.5, 5.0]]
    gain = expected_hypervolume_improvement(mean, np.zeros((7, 2)), front=FRONT, reference=REFERENCE)
    # (2.5, 2.6): 1 x 0.1 beside the first point, 0.5 x (2.6 - 0.5) beside the second; (4, 4): 16 - 7
    np.testing.assert_allclose(gain, [0.1 + 1.05, 0, 16 - (3 + 2.5 + 0.5), 0, 0, 1.0, 0.5 * 2], rtol=1e-14)


def test_one_point_at_the_mean_by_hand():
    """Standard normal utilities: the right strip gains h(0) h(1), the left one (h(1) - h(0)) h(0)."""
    h0, h1 = 1 / np.sqrt(2 * np.pi), 1.0833154705876863  # h(z) = φ(z) + z Φ(z) at 0 and 1
    gain = expected_hypervolume_improvement([[0.0, 0.0]], [[1.0, 1.0]], front=[[0, 0]], reference=[-1, -1])
    np.testing.assert_allclose(gain, [h0 * h1 + (h1 - h0) * h0], rtol=1e-14)


def test_without_a_front_it_is_the_product_of_the_improvements_over_the_reference():
    rng = np.random.default_rng(0)
    mean, std = rng.normal(size=(20, 2)), rng.uniform(0, 1, (20, 2))
    gain = expected_hypervolume_improvement(mean, std, front=np.empty((0, 2)), reference=[0.3, -0.2])
    parts = [expected_improvement(mean[:, j], std[:, j], best=b) for j, b in enumerate([0.3, -0.2])]
    np.testing.assert_allclose(gain, parts[0] * parts[1], rtol=1e-14)
    same = expected_hypervolume_improvement(mean, std, front=[], reference=[0.3, -0.2])
    np.testing.assert_array_equal(same, gain)


@pytest.mark.parametrize(
    ("mean", "std"),
    [
        ((2.0, 2.0), (1.0, 0.5)),
        ((0.0, 0.0), (0.3, 0.2)),
        ((3.5, 0.2), (0.01, 2.0)),
        ((-4.0, 1.0), (0.5, 0.1)),
        ((100.0, 80.0), (3.0, 1.0)),
        ((1.9999, 2.4999), (1e-4, 1e-4)),
    ],
)
def test_against_quadrature_in_thirty_digits(mean, std):
    gain = expected_hypervolume_improvement([mean], [std], front=FRONT, reference=REFERENCE)
    assert gain[0] == pytest.approx(exact(mean, std), rel=1e-12)


def test_against_draws():
    rng = np.random.default_rng(1)
    mean, std = rng.uniform(0, 3.5, (20, 2)), rng.uniform(0.1, 1.5, (20, 2))
    draws = mean + std * rng.standard_normal((12_000, 20, 2))
    samples = np.stack(
        [
            expected_hypervolume_improvement_of_draws(part, front=FRONT, reference=REFERENCE)
            for part in np.split(draws, 60)
        ]
    )
    gain = expected_hypervolume_improvement(mean, std, front=FRONT, reference=REFERENCE)
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - gain) < 4 * error)


def test_dominated_and_low_points_of_the_front_change_nothing():
    mean, std = np.random.default_rng(2).normal(1, 1, (2, 10, 2))
    plain = expected_hypervolume_improvement(mean, np.abs(std), front=FRONT, reference=REFERENCE)
    more = np.vstack([[0.9, 3.0], [-2.0, 9.0], [5.0, 0.0], FRONT[::-1], FRONT, [2.0, 1.0]])
    same = expected_hypervolume_improvement(mean, np.abs(std), front=more, reference=REFERENCE)
    np.testing.assert_array_equal(same, plain)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(0, 6), scale=st.floats(1e-3, 1e3))
def test_properties(seed, k, scale):
    """Order and units of the objectives do not matter; a larger front gains less, a better mean more."""
    rng = np.random.default_rng(seed)
    mean, std = rng.normal(size=(5, 2)), rng.uniform(0, 1, (5, 2))
    front, reference = rng.normal(size=(k, 2)), np.array([-1.0, -1.5])
    gain = expected_hypervolume_improvement(mean, std, front=front, reference=reference)
    turned = expected_hypervolume_improvement(
        mean[:, ::-1], std[:, ::-1], front=front[:, ::-1], reference=reference[::-1]
    )
    np.testing.assert_allclose(turned, gain, rtol=1e-12)
    units = np.array([scale, 1.0])
    scaled = expected_hypervolume_improvement(
        mean * units, std * units, front=front * units, reference=reference * units
    )
    np.testing.assert_allclose(scaled, scale * gain, rtol=1e-11)
    less = expected_hypervolume_improvement(
        mean, std, front=np.vstack([front, rng.normal(size=(1, 2))]), reference=reference
    )
    assert np.all(less <= gain * (1 + 1e-12))
    more = expected_hypervolume_improvement(
        mean + np.array([0.1, 0.2]), std, front=front, reference=reference
    )
    assert np.all(more >= gain * (1 - 1e-12))


def test_a_pool_is_scored_row_by_row():
    rng = np.random.default_rng(3)
    mean, std = rng.normal(size=(500, 2)), rng.uniform(0, 1, (500, 2))
    together = expected_hypervolume_improvement(mean, std, front=FRONT, reference=REFERENCE)
    parts = [
        expected_hypervolume_improvement(mean[[i]], std[[i]], front=FRONT, reference=REFERENCE)[0]
        for i in range(0, 500, 50)
    ]
    np.testing.assert_allclose(together[::50], parts, rtol=1e-13)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mean": [[0.0, 0.0, 0.0]]}, r"shape \(n, 2\), got \(1, 3\) and \(1, 2\).*use draws"),
        ({"std": [[0.0, -1.0]]}, "standard deviation must be finite and at least 0"),
        ({"std": [[0.0, np.nan]]}, r"std must be finite, got \[0.0, nan\] in row 0"),
        ({"front": [[1.0, 2.0, 3.0]]}, r"front must have the shape \(k, 2\), got \(1, 3\)"),
        ({"front": [[1.0, np.nan]]}, "front must be finite"),
        ({"reference": [0.0]}, "reference must be 2 finite numbers"),
    ],
)
def test_what_cannot_be_is_refused(changed, message):
    usual = {"mean": [[0.0, 0.0]], "std": [[1.0, 1.0]], "front": FRONT, "reference": REFERENCE}
    arguments = {**usual, **changed}
    with pytest.raises(InvalidDataError, match=message):
        expected_hypervolume_improvement(arguments.pop("mean"), arguments.pop("std"), **arguments)
