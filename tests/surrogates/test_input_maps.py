"""Ways to lay inputs about 0: by hand, in order, and their slopes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.surrogates._gaussian_process._input_maps import INPUT_MAPS, RangeMap, RankMap


def test_the_map_by_range_by_hand():
    X = np.array([[2.0, 5.0], [4.0, 5.0], [6.0, 5.0]])
    lay = RangeMap.of(X, np.ones(3))
    np.testing.assert_array_equal(lay(X), [[-0.5, -0.5], [0.0, -0.5], [0.5, -0.5]])
    np.testing.assert_array_equal(lay(np.array([[8.0, 6.0]])), [[1.0, 0.5]])  # on, and a constant in its unit


def test_the_map_by_rank_by_hand():
    """Ranks of 0, 0, 0 and 10 are 3/8 and 7/8; the mean with the range, less one half: -5/16 and 7/16."""
    X = np.array([[0.0], [0.0], [0.0], [10.0]])
    lay = RankMap.of(X, np.ones(4))
    np.testing.assert_array_equal(lay(X)[:, 0], [-0.3125, -0.3125, -0.3125, 0.4375])
    beyond = lay(np.array([[5.0], [20.0]]))[:, 0]
    np.testing.assert_array_equal(beyond, [0.5 * (0.0 + 0.125), 0.5 * (1.5 + 0.375)])
    weighted = RankMap.of(X[2:], np.array([3.0, 1.0]))
    np.testing.assert_array_equal(weighted(X), lay(X))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=12), st.sampled_from([RangeMap, RankMap]))
def test_maps_keep_the_order_and_the_rows_stay_within_the_unit(values, kind):
    X = np.sort(np.array(values, dtype=float))[:, None]
    placed = kind.of(X, np.ones(len(X)))(X)[:, 0]
    assert (np.abs(placed) <= 0.5).all()
    assert (np.diff(placed)[np.diff(X[:, 0]) > 0] > 0).all()
    assert (np.diff(placed)[np.diff(X[:, 0]) == 0] == 0).all()


@pytest.mark.parametrize("name", INPUT_MAPS)
def test_slopes_are_those_of_differences(name):
    rng = np.random.default_rng(0)
    lay, X, step = INPUT_MAPS[name].of(rng.random((9, 2)), np.ones(9)), 1.4 * rng.random((30, 2)) - 0.2, 1e-7
    expected = (lay(X + step) - lay(X - step)) / (2 * step)
    np.testing.assert_allclose(lay.slope(X), expected, rtol=1e-5)


def test_ranges_of_all_rows_and_ranks_of_a_sample():
    lay = RankMap.of(np.array([[1.0], [3.0]]), np.ones(2)).within(np.array([0.0]), np.array([4.0]))
    np.testing.assert_array_equal(lay(np.array([[1.0], [3.0]]))[:, 0], [-0.25, 0.25])
