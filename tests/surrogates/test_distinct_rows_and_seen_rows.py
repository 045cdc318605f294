"""Rows before a training: repeats joined, a canonical order, and the memory of who leaves which row out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._holdout import HeldOutError, SeenRows, assign_holdout, held_out_mean
from bnnopt.surrogates._rows import DistinctRows
from bnnopt.surrogates._scaling import InputScaler, RangeScaler

few_values = st.sampled_from([0.0, -0.0, 1.0, 2.5])


def same(rows, other):
    return all(
        np.array_equal(getattr(rows, name), getattr(other, name))
        for name in ("X", "y", "weights", "places", "keys")
    )


def test_repeats_are_joined_and_sorted_by_hand():
    X = np.array([[2.0, 0.0], [1.0, 5.0], [2.0, -0.0], [1.0, 5.0], [9.0, 9.0]])
    y = np.array([7.0, 3.0, 7.0, 4.0, 1.0])
    rows = DistinctRows.of(X, y, np.array([1.0, 2.0, 0.5, 1.0, 0.0]))
    assert rows.X.tolist() == [[1, 5], [1, 5], [2, 0]]
    assert rows.y.tolist() == [[3], [4], [7]]
    assert rows.weights.tolist() == [2, 1, 1.5]
    assert rows.places.tolist() == [0, 0, 1]
    assert (len(rows), rows.total_weight) == (3, 4.5)
    assert len(set(rows.keys.tolist())) == 3


@settings(max_examples=50, deadline=None)
@given(arrays(float, (7, 3), elements=few_values), st.lists(st.integers(0, 3), min_size=7, max_size=7))
def test_a_weight_is_a_number_of_repeats_in_any_order(table, counts):
    weights = np.array(counts, dtype=float)
    if not weights.any():
        weights[0] = 1
    order = np.random.default_rng(0).permutation(int(weights.sum()))
    repeated = table.repeat(weights.astype(int), axis=0)[order]
    weighted = DistinctRows.of(table[:, :2], table[:, 2], weights)
    assert same(weighted, DistinctRows.of(repeated[:, :2], repeated[:, 2], np.ones(len(repeated))))
    assert weighted.total_weight == weights.sum()


def test_means_and_spreads_of_inputs_are_weighted():
    repeated = InputScaler.of(np.array([[0.0], [0.0], [0.0], [4.0]]))
    weighted = InputScaler.of(np.array([[0.0], [4.0]]), np.array([3.0, 1.0]))
    np.testing.assert_allclose(weighted.centre, [0.25])
    np.testing.assert_allclose(weighted.unit, 1.4 * np.sqrt(3 / 16))
    np.testing.assert_allclose(repeated.scale(np.array([[1.0]])), weighted.scale(np.array([[1.0]])))


def test_a_range_beyond_the_largest_float_is_named():
    with pytest.raises(InvalidDataError, match=r"column 1 are further apart than a float can say"):
        RangeScaler.of(np.array([[0.0, -1.7e308], [1.0, 1.7e308]]))


def test_known_rows_stay_with_the_network_that_leaves_them_out():
    rng = np.random.default_rng(0)
    keys = np.array([5, 3, 9, 7], dtype=np.uint64)
    first, seen = SeenRows.none(3).assign(keys, np.arange(4), rng)
    assert first.sum(axis=1).tolist() == [1, 1, 1, 1]
    later = np.array([7, 1, 3], dtype=np.uint64)
    second, seen = seen.assign(later, np.arange(3), rng)
    np.testing.assert_array_equal(second[[0, 2]], first[[3, 1]])
    assert seen.keys.tolist() == [1, 3, 5, 7, 9]
    np.testing.assert_array_equal(seen.is_held_out[[3, 0]], second[:2])


def test_rows_of_a_group_are_left_out_together():
    keys = np.arange(40, dtype=np.uint64)
    is_held_out, seen = SeenRows.none(4).assign(keys, np.repeat(np.arange(10), 4), np.random.default_rng(0))
    by_group = is_held_out.reshape(10, 4, 4)
    np.testing.assert_array_equal(by_group, np.broadcast_to(by_group[:, :1], by_group.shape))
    more, _ = seen.assign(np.array([0, 99], dtype=np.uint64), np.zeros(2, int), np.random.default_rng(1))
    np.testing.assert_array_equal(more, is_held_out[[0, 0]])  # the new row joins its group's known row


@pytest.mark.parametrize(
    ("n_rows", "share", "expected"), [(20, 0.1, 2), (5, 0.1, 1), (2, 0.9, 1), (1, 0.5, 0)]
)
def test_a_single_network_leaves_out_a_share(n_rows, share, expected):
    is_held_out = assign_holdout(n_rows, 1, np.random.default_rng(0), share=share)
    assert is_held_out.sum() == expected


def test_the_network_of_a_single_row_is_chosen_by_chance():
    networks = {int(assign_holdout(1, 4, np.random.default_rng(seed)).argmax()) for seed in range(40)}
    assert networks == {0, 1, 2, 3}


def test_errors_are_weighted_means():
    y = np.array([[1.0], [4.0]])
    draws = np.zeros((2, 2, 1, 1))
    draws[:, 1] = 2  # network 0 says 0, network 1 says 2
    is_held_out = np.array([[True, False], [False, True]])
    np.testing.assert_array_equal(held_out_mean(draws, is_held_out), [[0], [2]])
    error = HeldOutError.of(y, draws, is_held_out, np.array([3.0, 1.0]))
    np.testing.assert_allclose(error.error, [(3 * 1 + 1 * 4) / 4])
    np.testing.assert_allclose([error.between, error.spread], [[1], [1]])
    assert (error.weight, error.is_honest) == (4, True)


def test_only_the_rows_that_were_held_out_are_judged():
    y = np.array([[1.0], [5.0]])
    is_held_out = np.array([[True], [False]])
    error = HeldOutError.of(y, np.zeros((2, 1, 3, 1)), is_held_out)
    np.testing.assert_allclose(error.error, [1])
    assert error.weight == 1


def test_errors_of_two_tables_are_averaged_and_honest_ones_stand_alone():
    def of(error, weight, is_honest=True):
        return HeldOutError(np.array([error]), np.array([0.0]), np.array([1.0]), weight, is_honest)

    both = of(1.0, 3.0).joined(of(5.0, 1.0))
    assert (both.error.tolist(), both.weight) == ([2.0], 4.0)
    assert of(1.0, 3.0, is_honest=False).joined(of(5.0, 1.0)).error.tolist() == [5.0]
    assert of(5.0, 1.0).joined(of(1.0, 3.0, is_honest=False)).error.tolist() == [5.0]
