"""Where a record leads: successes double, failures halve, a region that is too small begins anew."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bnnopt import Integer, Maximize, Minimize, OutcomeConstraint, Real, SearchSpace
from bnnopt.optimizer import TrustRegion

FAILED = np.nan
LINE = SearchSpace([Real("x", 0, 1)])
HERE = 0.512345678  # no plan is meant by it


@pytest.fixture
def lead(make_optimizer):
    """Return a function: where an optimizer stands after rows of one setting, two of them before a box.

    It returns what `ask` says of the next row: the length of its box and the row in the middle of it, or the
    number of restarts at the beginning of a new design.
    """

    def ask(outcomes, points=HERE, *, space=LINE, n_failures=2, **options):
        rule = TrustRegion(**{"failure_tolerance": n_failures, "success_tolerance": 3} | options)
        objectives = options.pop("objectives", [Maximize("y")])
        optimizer = make_optimizer(space, objectives, n_initial=2, n_candidates=4, trust_region=rule)
        places = np.broadcast_to(np.asarray(points, dtype=float), len(outcomes))
        optimizer.tell(pd.DataFrame({"x": places}), pd.DataFrame({"y": np.array(outcomes, dtype=float)}))
        return where(optimizer.ask(1))

    return ask


def where(row):
    reason = row["reason"].item()
    box = re.search(r"the box of length (\S+) around row (\d+)", reason)
    if box:
        return float(box[1]), int(box[2])
    assert reason == "first design" or reason.startswith("start after restart"), reason
    return reason


@pytest.mark.parametrize(
    ("ranks", "length", "best"),
    [
        ([0, 1], 0.8, 1),
        ([0, 1, 2, 3], 0.8, 3),
        ([0, 1, 2, 3, 4], 1.6, 4),  # three successes
        ([0, 1, 2, 3, 4, 5, 6, 7], 1.6, 7),  # six: the largest length
        ([0, 1, 0], 0.8, 1),
        ([0, 1, 0, 0], 0.4, 1),  # two failures
        ([0, 1, 0, 0, 0, 0], 0.2, 1),
        ([0, 1, 0, 2, 0], 0.8, 3),  # a success in between
        ([0, 1, 2, 3, 0, 4], 0.8, 5),  # a failure in between
        ([0, 1, 1, 1], 0.4, 1),  # as good is no better
        ([0, 1, FAILED, FAILED], 0.4, 1),  # a failed experiment is a failure
        ([0, 1, 0, 0, 2, 3, 4], 0.8, 6),  # halved, then doubled
        ([FAILED, FAILED, 5, 0, 0], 0.4, 2),  # the first box waits for an outcome
        ([FAILED, FAILED, 1, 0, 2], 0.8, 4),  # and the row that has it is no failure
    ],
)
def test_lengths_of_records_by_hand(ranks, length, best, lead):
    assert lead(ranks) == (length, best)


@pytest.mark.parametrize("ranks", [[], [3], [FAILED, FAILED, FAILED]])
def test_there_is_no_box_without_rows_to_learn_from(ranks, lead):
    assert lead(ranks) == "first design"


def test_a_region_that_is_too_small_begins_anew(lead):
    """0.8, 0.4, 0.2: below 0.3 after four failures, so the next row is the first of a new design."""
    short = {"min_length": 0.3}
    before = [8, 9, 0, 0, 0]
    assert lead(before, **short) == (0.4, 1)
    assert lead([*before, 0], **short) == "start after restart 1"
    assert lead([*before, 0, 2, 1], **short) == (0.8, 6)
    assert lead([*before, 0, 2, 1, 3, 4, 5], **short) == (1.6, 10)
    again = [*before, 0, 2, 1, 0, 0, 0, 0]
    assert lead(again, **short) == "start after restart 2"


def test_three_successes_are_counted_anew(lead):
    assert lead([0, 1, 2, 3, 4, 5, 6, 7], initial_length=0.2) == (0.8, 7)


def test_a_length_of_just_the_smallest_is_kept(lead):
    assert lead([0, 1, 0, 0], min_length=0.4) == (0.4, 1)


def test_batches_count_once(lead):
    """Of two rows: a success if either is better, and nothing before both are there."""
    batches = {"batch_size": 2, "n_failures": 1}
    assert lead([0, 1, 0], **batches) == (0.8, 1)
    assert lead([0, 1, 0, 0], **batches) == (0.4, 1)
    assert lead([0, 1, 0, 2, 3, 0, 0, 4], **batches) == (1.6, 7)
    assert lead([0, 1, 0, 2, 3, 0, 5], **batches) == (0.8, 6)


def test_rows_outside_the_box_do_not_count_but_move_it(lead):
    """The box around 0.2 with sides of 0.2 goes from 0.1 to 0.3, and 0.01 is left for rounding."""
    here = {"initial_length": 0.2}
    assert lead([0, 1, 0, 0], [0.2, 0.2, 0.315, 0.8], **here) == (0.2, 1)
    assert lead([0, 1, 0, 0], [0.2, 0.2, 0.305, 0.1], **here) == (0.1, 1)
    assert lead([0, 1, 2, 3, 4], [0.2, 0.2, 0.8, 0.2, 0.8], **here) == (0.2, 4)
    assert lead([0, 1, 2, 0, 0], [0.2, 0.2, 0.8, 0.8, 0.9], **here) == (0.1, 2)


FIVE = SearchSpace([Integer("x", 0, 4)])  # a quarter of their range apart


def test_neighbouring_values_are_in_the_box(lead):
    """Five values a quarter apart: a box with sides of 0.02 has the two beside its centre."""
    short = {"space": FIVE, "initial_length": 0.02}
    assert lead([0, 1, 0, 0], [2, 2, 1, 3], **short) == (0.01, 1)
    assert lead([0, 1, 0, 0], [2, 2, 0, 4], **short) == (0.02, 1)


def test_a_row_rounded_out_of_the_box_counts(lead):
    """The box from 0.1 to 0.9 has rows that are rounded to 0 and to 1."""
    assert lead([0, 1, 0, 0], [2, 2, 0, 4], space=FIVE) == (0.4, 1)


@pytest.mark.parametrize(
    ("centre", "length", "space", "ends"),
    [
        (0.5, 0.4, LINE, (0.3, 0.7)),
        (0.1, 0.4, LINE, (0.0, 0.3)),
        (1.0, 0.5, LINE, (0.75, 1.0)),
        (0.5, 1.6, LINE, (0.0, 1.0)),
        (2, 0.1, FIVE, (0.25, 0.75)),
        (1.3, 0.4, LINE, (0.8, 1.0)),
        (-9.0, 0.4, LINE, (0.0, 0.2)),
    ],
)
def test_boxes_by_hand(centre, length, space, ends, ask_best):
    """What has to be as small, or as large, as can be is at the ends of the box."""
    told = pd.DataFrame({"x": [space.decode([[0.9]])["x"].item(), centre]})  # the second row is the best
    rule = TrustRegion(initial_length=length)
    for sign, end in zip([-1, 1], ends, strict=True):
        _, found = ask_best(
            space, lambda X, sign=sign: sign * X[:, 0], told=told, trust_region=rule, n_candidates=16
        )
        near = 0.02 if end == centre else 1e-12  # the row in the middle is not asked for again
        assert found[0] == pytest.approx(end, abs=near)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ranks=st.lists(st.integers(-1, 6), min_size=2, max_size=40), batch_size=st.integers(1, 3))
def test_any_record_leads_to_a_length_in_range_around_the_best_since_the_start(ranks, batch_size, lead):
    outcomes = np.where(np.array(ranks) < 0, FAILED, ranks)
    found = lead(outcomes, min_length=0.1, batch_size=batch_size)
    if isinstance(found, str):
        return
    length, best = found
    assert 0.1 <= length <= 1.6
    assert np.log2(length / 0.8) % 1 == 0
    assert outcomes[best] == np.nanmax(outcomes[best:])


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


@pytest.mark.parametrize(
    ("n_told", "best"),
    [(3, 1), (2, 1), (5, 1)],
)
def test_the_box_is_around_a_row_within_limits_before_any_other(n_told, best, make_optimizer):
    """Of the limit of 2; then utilities -7, -2, -2: of equal ones the first."""
    outcomes = pd.DataFrame({"y": [7.0, 2.0, 0.0, 2.0, 0.0], "w": [1.0, 2.0, 5.0, 0.0, 3.0]})
    assert box_row(make_optimizer, outcomes.iloc[:n_told]) == best


def test_without_a_row_within_limits_the_box_is_around_the_one_least_beyond(make_optimizer):
    """Beyond the limit of 2 by 3, 1, 1 and 4, whatever their utility is."""
    outcomes = pd.DataFrame({"y": [0.0, 5.0, 4.0, -9.0], "w": [5.0, 3.0, 3.0, 6.0]})
    assert box_row(make_optimizer, outcomes) == 1


def box_row(make_optimizer, outcomes):
    goals = [Minimize("y"), OutcomeConstraint("w", upper=2.0)]
    rule = TrustRegion(failure_tolerance=99)
    optimizer = make_optimizer(LINE, goals, n_initial=2, n_candidates=4, trust_region=rule)
    optimizer.tell(pd.DataFrame({"x": np.linspace(0.1, 0.9, len(outcomes))}), outcomes)
    return where(optimizer.ask(1))[1]


def test_rows_before_a_restart_are_no_part_of_its_design(lead):
    """Rows at 0.5 may stand for 0.45 to 0.55, where both rows of the new design are."""
    assert lead([8, 9, 0, 0, 0, 0], 0.5, min_length=0.3) == "start after restart 1"
