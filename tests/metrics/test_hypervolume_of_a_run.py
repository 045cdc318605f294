"""Hypervolume and the front: hand values, properties, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import hypervolume, non_dominated

utilities = arrays(float, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(0, 4).map(float))


def test_volumes_by_hand():
    assert hypervolume([[1.0, 3.0], [2.0, 1.0]], [0.0, 0.0]) == 3 + 1
    assert hypervolume([[1.0, 3.0], [2.0, 1.0]], [-1.0, 0.5]) == 2 * 2.5 + 1 * 0.5
    assert hypervolume([[1, 1, 3], [2, 2, 1]], [0, 0, 0]) == 3 + 4 - 1
    assert hypervolume(np.empty((0, 2)), [0.0, 0.0]) == 0


def test_rows_at_or_below_the_reference_count_for_nothing():
    assert hypervolume([[-1.0, 9.0], [0.0, 9.0], [2.0, 3.0]], [0.0, 0.0]) == 6
    assert hypervolume([[-1.0, 9.0]], [0.0, 0.0]) == 0


@settings(max_examples=50, deadline=None)
@given(utilities=utilities, extra=arrays(float, 3, elements=st.floats(0, 5)))
def test_a_row_adds_volume_just_where_it_is_not_dominated(utilities, extra):
    reference = [-1.0, -1.0, -1.0]
    gained = hypervolume(np.vstack([utilities, extra]), reference) - hypervolume(utilities, reference)
    is_dominated = (utilities >= extra).all(axis=1).any()
    assert gained == pytest.approx(0, abs=1e-9) if is_dominated else gained >= -1e-9
    front = utilities[non_dominated(utilities)]
    assert hypervolume(front, reference) == pytest.approx(hypervolume(utilities, reference), rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(utilities=utilities)
def test_the_front_is_that_of_the_definition(utilities):
    as_good = (utilities[:, None] >= utilities).all(axis=2)
    better = as_good & (utilities[:, None] > utilities).any(axis=2)
    np.testing.assert_array_equal(non_dominated(utilities), ~better.any(axis=0))


def test_equal_rows_are_all_in_the_front():
    mask = non_dominated([[1, 2], [1, 2], [0, 2], [2, 0]])
    np.testing.assert_array_equal(mask, [True, True, False, True])
    assert non_dominated(np.empty((0, 2))).shape == (0,)


@pytest.mark.parametrize(
    ("utilities", "reference", "message"),
    [
        ([1.0, 2.0], [0, 0], r"shape \(n, m\).*got \(2,\)"),
        ([[1.0], [2.0]], [0], r"m >= 2 objectives, got \(2, 1\)"),
        (
            [[1.0, 2.0], [np.nan, 0.0]],
            [0, 0],
            r"got \[nan, 0.0\] in row 1; leave out experiments that failed",
        ),
        ([[1.0, 2.0]], [0, 0, 0], "reference must be 2 finite numbers"),
        ([[1.0, 2.0]], [0, np.inf], "reference must be 2 finite numbers"),
    ],
)
def test_what_cannot_be_is_refused(utilities, reference, message):
    with pytest.raises(InvalidDataError, match=message):
        hypervolume(utilities, reference)
