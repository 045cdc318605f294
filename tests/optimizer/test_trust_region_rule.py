"""Where a record leads: successes double, failures halve, a region that is too small begins anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt import Minimize, OutcomeConstraint
from bnnopt.optimizer import TrustRegion
from bnnopt.optimizer._goals import Goals
from bnnopt.optimizer._trust_region import FAILED, Region, box_around, replay


def lead(ranks, points=0.5, steps=0.0, n_failures=2, **options):
    """Return the region after rows of one setting, two of them before the first box."""
    places = np.broadcast_to(np.asarray(points, dtype=float), len(ranks))[:, None]
    rule = TrustRegion(**options)
    return replay(rule, places, np.array(ranks, dtype=int), np.array([steps]), 2, n_failures)


@pytest.mark.parametrize(
    ("ranks", "length", "best"),
    [
        ([], 0.8, None),
        ([3], 0.8, 0),
        ([0, 1], 0.8, 1),
        ([0, 1, 2, 3], 0.8, 3),
        ([0, 1, 2, 3, 4], 1.6, 4),  # three successes
        ([0, 1, 2, 3, 4, 5, 6, 7], 1.6, 7),  # six: the largest length
        ([0, 1, 0], 0.8, 1),
        ([0, 1, 0, 0], 0.4, 1),  # two failures
        ([0, 1, 0, 0, 0, 0], 0.2, 1),
        ([0, 1, 0, 2, 0], 0.8, 3),  # a success in between
        ([0, 1, 2, 3, 0, 4], 0.8, 5),  # a failure in between
        ([1, 1, 1, 1], 0.4, 0),  # as good is no better
        ([0, 1, FAILED, FAILED], 0.4, 1),  # a failed experiment is a failure
        ([0, 1, 0, 0, 2, 3, 4], 0.8, 6),  # halved, then doubled
        ([FAILED, FAILED, FAILED], 0.8, None),
        ([FAILED, FAILED, 5, 0, 0], 0.4, 2),  # the first box waits for an outcome
    ],
)
def test_lengths_of_records_by_hand(ranks, length, best):
    assert lead(ranks) == Region(length, best)


def test_a_region_that_is_too_small_begins_anew():
    """0.8, 0.4, 0.2: below 0.3 after four failures, so the next row is the first of a new design."""
    short = {"min_length": 0.3}
    before = [8, 9, 0, 0, 0]
    assert lead(before, **short) == Region(0.4, 1)
    assert lead([*before, 0], **short) == Region(0.8, None, start=6, n_restarts=1)
    assert lead([*before, 0, 2, 1], **short) == Region(0.8, 6, start=6, n_restarts=1)
    assert lead([*before, 0, 2, 1, 3, 4, 5], **short) == Region(1.6, 10, start=6, n_restarts=1)
    again = [*before, 0, 2, 1, 0, 0, 0, 0]
    assert lead(again, **short) == Region(0.8, None, start=12, n_restarts=2)


def test_a_length_of_just_the_smallest_is_kept():
    assert lead([0, 1, 0, 0], min_length=0.4) == Region(0.4, 1)


def test_batches_count_once():
    """Of two rows: a success if either is better, and nothing before both are there."""
    batches = {"batch_size": 2, "n_failures": 1}
    assert lead([0, 1, 0], **batches) == Region(0.8, 1)
    assert lead([0, 1, 0, 0], **batches) == Region(0.4, 1)
    assert lead([0, 1, 0, 2, 3, 0, 0, 4], **batches) == Region(1.6, 7)
    assert lead([0, 1, 0, 2, 3, 0, 5], **batches) == Region(0.8, 6)


def test_rows_outside_the_box_do_not_count_but_move_it():
    """The box around 0.2 with sides of 0.2 goes from 0.1 to 0.3, and 0.01 is left for rounding."""
    here = {"initial_length": 0.2}
    assert lead([0, 1, 0, 0], [0.2, 0.2, 0.315, 0.8], **here) == Region(0.2, 1)
    assert lead([0, 1, 0, 0], [0.2, 0.2, 0.305, 0.1], **here) == Region(0.1, 1)
    assert lead([0, 1, 2, 3, 4], [0.2, 0.2, 0.8, 0.2, 0.8], **here) == Region(0.2, 4)
    assert lead([0, 1, 2, 0, 0], [0.2, 0.2, 0.8, 0.8, 0.9], **here) == Region(0.1, 2)


def test_neighbouring_values_are_in_the_box():
    """Five values a quarter apart: a box with sides of 0.02 has the two beside its centre."""
    near, far = [0.5, 0.5, 0.25, 0.75], [0.5, 0.5, 0.0, 1.0]
    assert lead([0, 1, 0, 0], near, 0.25, initial_length=0.02) == Region(0.01, 1)
    assert lead([0, 1, 0, 0], far, 0.25, initial_length=0.02) == Region(0.02, 1)


@pytest.mark.parametrize(
    ("centre", "length", "step", "ends"),
    [
        (0.5, 0.4, 0.0, (0.3, 0.7)),
        (0.1, 0.4, 0.0, (0.0, 0.3)),
        (1.0, 0.5, 0.0, (0.75, 1.0)),
        (0.5, 1.6, 0.0, (0.0, 1.0)),
        (0.5, 0.1, 0.25, (0.25, 0.75)),
        (1.3, 0.4, 0.0, (0.8, 1.0)),
        (-9.0, 0.4, 0.0, (0.0, 0.2)),
    ],
)
def test_boxes_by_hand(centre, length, step, ends):
    lower, upper = box_around(np.array([centre]), length, np.array([step]))
    np.testing.assert_allclose([lower[0], upper[0]], ends, rtol=1e-15)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(FAILED, 6), max_size=40), st.integers(1, 3))
def test_any_record_leads_to_a_length_in_range_around_the_best_since_the_start(ranks, batch_size):
    region = lead(ranks, min_length=0.1, batch_size=batch_size)
    assert 0.1 <= region.length <= 1.6
    assert np.log2(region.length / 0.8) % 1 == 0
    since = ranks[region.start :]
    is_empty = max(since, default=FAILED) == FAILED
    assert region.best == (None if is_empty else region.start + int(np.argmax(since)))


@pytest.mark.parametrize(
    ("rule", "n_settings", "n_failures"),
    [
        (TrustRegion(), 20, 20),
        (TrustRegion(), 2, 4),
        (TrustRegion(batch_size=8), 20, 3),
        (TrustRegion(batch_size=8), 2, 1),
        (TrustRegion(failure_tolerance=7, batch_size=8), 20, 7),
    ],
)
def test_tolerances_of_the_paper(rule, n_settings, n_failures):
    assert rule.failures_of(n_settings) == n_failures
    assert (rule.success_tolerance, rule.initial_length, rule.min_length, rule.max_length) == (
        3,
        0.8,
        0.0078125,
        1.6,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initial_length": 2.0}, "min_length <= initial_length <= max_length, got 0.0078125, 2 and 1.6"),
        ({"min_length": 0.0}, "greater than 0"),
        ({"success_tolerance": 0}, "greater than or equal to 1"),
        ({"lenght": 1.0}, "'lenght' is none of the arguments"),
    ],
)
def test_rules_that_cannot_be_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TrustRegion(**options)


def test_ranks_put_limits_before_utilities():
    """Beyond the limit by 3 and 1 of 5; then utilities -7, -2, -2."""
    goals = Goals([Minimize("y"), OutcomeConstraint("w", upper=2.0)])
    outcomes = np.array([[7.0, 1.0], [2.0, 2.0], [0.0, 5.0], [2.0, 0.0], [0.0, 3.0]])
    assert goals.ranks(outcomes).tolist() == [2, 3, 0, 3, 1]
    assert goals.ranks(outcomes[:0]).tolist() == []
