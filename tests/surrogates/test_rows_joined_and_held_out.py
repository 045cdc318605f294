"""Rows in memory: repeats joined, a canonical order, ranges, and the memory of who leaves which row out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnnopt.surrogates._dropout._held_out import KnownHoldout, hold_out
from bnnopt.surrogates._rows import Rows

few_values = st.sampled_from([0.0, -0.0, 1.0, 2.5])


def same(rows, other):
    return all(
        np.array_equal(getattr(rows, name), getattr(other, name)) for name in ("X", "y", "weights", "keys")
    )


def held_out_of(n_rows, n_networks, seed=0, share=0.0):
    rows = Rows.of(np.arange(float(n_rows))[:, None], np.zeros(n_rows)).distinct()
    return hold_out(rows, n_networks, np.random.default_rng(seed), share, None)[0]


def test_repeats_are_joined_and_sorted_by_hand():
    X = np.array([[2.0, 0.0], [1.0, 5.0], [2.0, -0.0], [1.0, 5.0], [9.0, 9.0]])
    y = np.array([7.0, 3.0, 7.0, 4.0, 1.0])
    rows = Rows.of(X, y, np.array([1.0, 2.0, 0.5, 1.0, 0.0])).distinct()
    assert rows.X.tolist() == [[1, 5], [1, 5], [2, 0]]
    assert rows.y.tolist() == [[3], [4], [7]]
    assert rows.weights.tolist() == [2, 1, 1.5]
    assert rows.places.tolist() == [1, 3, 0]
    assert rows.repeats.tolist() == [2, 0, 2, 1, -1]
    assert rows.groups.tolist() == [0, 0, 1]
    assert (len(rows), rows.n_rows, rows.total_weight) == (3, 3, 4.5)
    assert len(set(rows.keys.tolist())) == 3


def test_places_in_the_order_given_by_hand():
    """Rows 0 and 2 are one, row 3 has no weight: the second and third distinct rows stand for 0, 2 and 4."""
    X = np.array([[2.0], [1.0], [2.0], [9.0], [3.0]])
    rows = Rows.of(X, np.zeros(5), np.array([1.0, 1.0, 1.0, 0.0, 1.0])).distinct()
    places, sources = rows.given_places(np.array([1, 2]))
    assert (places.tolist(), sources.tolist()) == ([0, 2, 4], [0, 0, 1])


def test_ranges_means_and_variances_are_weighted_by_hand():
    rows = Rows.of(np.array([[0.0], [4.0]]), np.array([10.0, 30.0]), np.array([3.0, 1.0]))
    assert (rows.x.lower.tolist(), rows.x.upper.tolist(), rows.x.mean.tolist()) == ([0], [4], [1])
    assert (rows.x.variance.tolist(), rows.outputs.mean.tolist()) == ([3], [15])


def test_noise_of_rows_by_hand():
    """A multiple of what was learned, and on top of it what was given."""
    rows = Rows.of(np.zeros((3, 1)), np.zeros(3), None, np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(rows.noise(0.1), [0.1, 0.6, 1.1])


@settings(max_examples=50, deadline=None)
@given(arrays(float, (7, 3), elements=few_values), st.lists(st.integers(0, 3), min_size=7, max_size=7))
def test_a_weight_is_a_number_of_repeats_in_any_order(table, counts):
    weights = np.array(counts, dtype=float)
    if not weights.any():
        weights[0] = 1
    order = np.random.default_rng(0).permutation(int(weights.sum()))
    repeated = table.repeat(weights.astype(int), axis=0)[order]
    weighted = Rows.of(table[:, :2], table[:, 2], weights).distinct()
    assert same(weighted, Rows.of(repeated[:, :2], repeated[:, 2]).distinct())
    assert weighted.total_weight == weights.sum()


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 60), st.integers(2, 12), st.integers(0, 99))
def test_each_row_is_held_out_once_in_equal_parts(n_rows, n_networks, seed):
    is_held_out = held_out_of(n_rows, n_networks, seed)
    assert is_held_out.shape == (n_rows, n_networks)
    assert np.all(is_held_out.sum(axis=1) == 1)
    assert np.ptp(is_held_out.sum(axis=0)) <= 1


@pytest.mark.parametrize(
    ("n_rows", "share", "expected"), [(20, 0.1, 2), (5, 0.1, 1), (2, 0.9, 1), (9, 0.0, 0)]
)
def test_a_single_network_leaves_out_a_share(n_rows, share, expected):
    assert held_out_of(n_rows, 1, share=share).sum() == expected


def test_a_single_row_is_left_out_by_a_network_of_chance_and_not_at_first():
    row = np.array([7], dtype=np.uint64), np.zeros(1, dtype=int)
    networks = {
        int(KnownHoldout.none(4).assign(*row, np.random.default_rng(seed))[0].argmax()) for seed in range(40)
    }
    assert networks == {0, 1, 2, 3}
    assert not held_out_of(1, 4).any()  # the network would have nothing to learn from


def test_known_rows_stay_with_the_network_that_leaves_them_out():
    rng = np.random.default_rng(0)
    keys = np.array([5, 3, 9, 7], dtype=np.uint64)
    first, seen = KnownHoldout.none(3).assign(keys, np.arange(4), rng)
    assert first.sum(axis=1).tolist() == [1, 1, 1, 1]
    later = np.array([7, 1, 3], dtype=np.uint64)
    second, seen = seen.assign(later, np.arange(3), rng)
    np.testing.assert_array_equal(second[[0, 2]], first[[3, 1]])
    assert seen.keys.tolist() == [1, 3, 5, 7, 9]
    np.testing.assert_array_equal(seen.is_held_out[[3, 0]], second[:2])


def test_rows_of_a_group_are_left_out_together():
    keys = np.arange(40, dtype=np.uint64)
    is_held_out, seen = KnownHoldout.none(4).assign(
        keys, np.repeat(np.arange(10), 4), np.random.default_rng(0)
    )
    by_group = is_held_out.reshape(10, 4, 4)
    np.testing.assert_array_equal(by_group, np.broadcast_to(by_group[:, :1], by_group.shape))
    more, _ = seen.assign(np.array([0, 99], dtype=np.uint64), np.zeros(2, int), np.random.default_rng(1))
    np.testing.assert_array_equal(more, is_held_out[[0, 0]])  # the new row joins its group's known row
