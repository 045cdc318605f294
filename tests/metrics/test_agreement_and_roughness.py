"""Agreement of retrained models and roughness of sweeps: hand values and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import retraining_agreement, sweep_roughness

STACKS = arrays(float, st.tuples(st.integers(2, 5), st.integers(3, 8)), elements=st.floats(-100, 100))


def test_agreement_by_hand():
    # W = mean(0.5, 0.5, 0.5); B = 2 var(0.5, 2.5, 4.5) = 8; ICC = (8 - 0.5) / (8 + 0.5)
    assert retraining_agreement([[0, 2, 4], [1, 3, 5]]) == pytest.approx(7.5 / 8.5, rel=1e-14)


def test_agreement_of_ratings_in_the_literature():
    # Shrout and Fleiss 1979, Table 2: six targets, four judges; ICC(1, 1) = .17
    judges = [[9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7]]
    assert retraining_agreement(judges) == pytest.approx(0.17, abs=0.005)


def test_retrainings_that_differ_by_row_as_much_as_by_seed_do_not_agree():
    assert retraining_agreement([[0, 1, 2], [2, 1, 0]]) == pytest.approx(-1.0)
    assert retraining_agreement([[0, 0], [1, 1], [2, 2]]) == pytest.approx(-0.5)


def test_one_constant_by_all_is_agreement():
    assert retraining_agreement(np.full((3, 4), 0.1)) == 1.0


def test_agreement_of_outputs_is_that_of_each():
    rng = np.random.default_rng(0)
    stack = rng.normal(size=(4, 9, 3)) + 3 * rng.normal(size=(1, 9, 3))
    each = [retraining_agreement(stack[:, :, output]) for output in range(3)]
    np.testing.assert_allclose(retraining_agreement(stack), each, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(STACKS, st.floats(0.1, 10), st.floats(-100, 100))
def test_agreement_has_bounds_and_no_unit(stack, factor, shift):
    agreement = retraining_agreement(stack)
    assert -1 / (len(stack) - 1) - 1e-9 <= agreement <= 1
    if stack.std(axis=0).max() > 1e-3:
        assert retraining_agreement(factor * stack + shift) == pytest.approx(agreement, abs=1e-6)


def test_straight_lines_and_flat_ones_have_no_roughness():
    line = np.linspace(0, 3, 11)
    assert sweep_roughness([line, -line, 0 * line]) == pytest.approx(0, abs=1e-12)
    assert sweep_roughness(np.zeros((2, 3))) == 0.0


def test_one_optimum_in_the_middle_has_a_roughness_of_one():
    x = np.linspace(-1, 1, 21)
    assert sweep_roughness([x**2]) == pytest.approx(1.0)


@pytest.mark.parametrize("n_periods", [1, 2, 5])
def test_roughness_of_whole_periods_of_a_sine(n_periods):
    x = np.linspace(0, 1, 40 * n_periods + 1)  # every crest and trough is a point
    assert sweep_roughness([np.sin(2 * np.pi * n_periods * x)]) == pytest.approx(2 * n_periods - 1)


def test_ripples_count_by_their_size():
    # travelled 10 + 0.3, spans 10 + 0.1: one sweep alone would have a roughness of 2
    assert sweep_roughness([[0, 3, 6, 10], [0, 0.1, 0, 0.1]]) == pytest.approx(0.2 / 10.1)


def test_roughness_of_outputs_is_that_of_each():
    stack = np.random.default_rng(0).normal(size=(2, 7, 3))
    each = [sweep_roughness(stack[:, :, output]) for output in range(3)]
    np.testing.assert_allclose(sweep_roughness(stack), each, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(STACKS, st.floats(0.1, 10), st.floats(-100, 100))
def test_roughness_has_no_unit_and_no_direction(stack, factor, shift):
    roughness = sweep_roughness(stack)
    assert roughness >= 0
    if np.ptp(stack, axis=1).max() > 1e-3:
        assert sweep_roughness(shift - factor * stack[:, ::-1]) == pytest.approx(roughness, abs=1e-6)


@pytest.mark.parametrize(
    ("metric", "predictions", "message"),
    [
        (retraining_agreement, [[1.0, 2.0]], r"n_retrainings >= 2 and n_rows >= 2, got \(1, 2\)"),
        (retraining_agreement, [1.0, 2.0], r"got \(2,\)"),
        (retraining_agreement, np.ones((2, 2, 0)), r"got \(2, 2, 0\)"),
        (
            retraining_agreement,
            [[1.0, 2.0], [1.0, np.nan]],
            "got nan at index 1 of the retrainings and 1 of the rows",
        ),
        (sweep_roughness, [[1.0, 2.0]], r"n_points >= 3, got \(1, 2\)"),
        (sweep_roughness, [[1.0, np.inf, 2.0]], "got inf at index 0 of the sweeps and 1 of the points"),
    ],
)
def test_stacks_that_cannot_be_judged_are_refused(metric, predictions, message):
    with pytest.raises(InvalidDataError, match=message):
        metric(predictions)
