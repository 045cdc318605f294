"""Reference points by hand, and weights that are uniform on the simplex."""

import numpy as np
import pytest

from bnnopt.acquisition import chebyshev_weights, non_dominated, reference_point
from bnnopt.exceptions import InvalidDataError


def test_a_tenth_of_the_range_below_the_front():
    utilities = [[0.0, 10.0], [5.0, 8.0], [10.0, 0.0], [-90.0, -90.0]]
    np.testing.assert_allclose(reference_point(utilities), [-1.0, -1.0], rtol=1e-15)
    front = [[5.0, 8.0], [10.0, 0.0]]
    np.testing.assert_allclose(reference_point(utilities, front), [4.5, -0.8], rtol=1e-15)


def test_a_front_of_one_point_takes_the_range_of_all():
    utilities = [[4.0, 3.0], [0.0, 2.0], [1.0, -2.0]]
    np.testing.assert_allclose(reference_point(utilities), [-0.4, -2.5], rtol=1e-15)


def test_equal_utilities_take_their_size():
    np.testing.assert_allclose(reference_point([[20.0, 0.0], [20.0, 0.0]]), [18.0, -0.1], rtol=1e-15)
    np.testing.assert_allclose(reference_point([[-1e-3, -5.0]]), [-1.1e-3, -5.5], rtol=1e-15)


def test_it_is_below_the_front():
    utilities = np.random.default_rng(0).normal(size=(40, 3))
    front = utilities[non_dominated(utilities)]
    assert (reference_point(utilities) < front).all()
    np.testing.assert_array_equal(reference_point(utilities), reference_point(utilities, front))


@pytest.mark.parametrize(
    ("utilities", "front", "message"),
    [
        (np.empty((0, 2)), None, "utilities: at least one row"),
        ([[1.0, 2.0]], np.empty((0, 2)), "front: at least one row"),
        ([[1.0, 2.0]], [[1.0, 2.0, 3.0]], "utilities have 2 objectives and the front 3"),
        ([[1.0, np.nan]], None, "utilities must be finite"),
    ],
)
def test_what_gives_no_reference_is_refused(utilities, front, message):
    with pytest.raises(InvalidDataError, match=message):
        reference_point(utilities, front)


def test_weights_are_uniform_on_the_simplex():
    rng = np.random.default_rng(0)
    weights = np.array([chebyshev_weights(3, rng) for _ in range(4_000)])
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-14)
    assert (weights >= 0).all()
    # each is Beta(1, 2): mean 1/3, variance 1/18, P(w > 1/2) = 1/4
    assert np.all(np.abs(weights.mean(axis=0) - 1 / 3) < 4 * np.sqrt(1 / 18 / 4_000))
    assert np.all(np.abs((weights > 0.5).mean(axis=0) - 1 / 4) < 4 * np.sqrt(3 / 16 / 4_000))


def test_weights_follow_the_seed():
    np.testing.assert_array_equal(chebyshev_weights(4, 7), chebyshev_weights(4, 7))
    np.testing.assert_array_equal(chebyshev_weights(1, 0), [1.0])
    with pytest.raises(InvalidDataError, match="m must be a whole number of at least 1"):
        chebyshev_weights(0, 0)
