"""Climbs to the maxima of several functions: parabolas, a bent valley, what is flat and what has no value.

The climbs are a function of arrays, imported by themselves: what uses them shows only where the best of them
ended, not how many evaluations each cost, nor that they do not know each other.
"""

from dataclasses import replace

import numpy as np
import pytest

from bnnopt._climb import Steps, climb, maximise

FAR = Steps(first_move=0.4, longest_move=2.0, least_gain=0.02, curvatures=(1.0, 1e3))


def parabolas(centres, curvatures):
    """Functions -(x - centre)² curvature / 2, summed over coordinates; they count their evaluations."""
    counts = np.zeros(len(centres), dtype=int)

    def function(points, places):
        counts[places] += 1
        gaps = centres[places] - points
        return -0.5 * (np.square(gaps) * curvatures[places]).sum(axis=1), gaps * curvatures[places]

    return function, counts


def test_the_maximum_of_a_parabola_is_found_whatever_its_width():
    centres = np.array([[3.0, -2.0], [0.5, 8.0], [0.0, 0.0]])
    function, counts = parabolas(centres, np.array([[1.0, 1.0], [1.0, 400.0], [1e4, 1e-2]]))
    points, values = maximise(function, np.ones((3, 2)), 60, FAR)
    assert (values > -2 * FAR.least_gain).all()
    np.testing.assert_allclose(points[0], centres[0], atol=0.2)
    assert counts.max() < 40


def test_a_climb_that_has_arrived_costs_nothing_more():
    function, counts = parabolas(np.array([[0.0], [30.0]]), np.ones((2, 1)))
    maximise(function, np.array([[0.0], [0.0]]), 60, FAR)
    assert counts[0] == 1
    assert counts[1] > 10  # 2 at most in a step


def test_a_climb_that_knows_the_curvature_goes_to_the_top_at_once():
    """The first of two parabolas knows its curvature, the second nothing."""
    centres, curvatures = np.array([[0.7, -0.4], [0.7, -0.4]]), np.array([[2.0, 9.0], [2.0, 9.0]])
    function, counts = parabolas(centres, curvatures)
    known = np.stack([np.diag(1 / curvatures[0]), np.zeros((2, 2))])
    found = climb(function, np.zeros((2, 2)), 60, FAR, inverse_curvatures=known)
    np.testing.assert_allclose(found.points[0], centres[0], atol=1e-12)
    assert counts[0] == 2 < counts[1]
    assert found.values[1] > -2 * FAR.least_gain
    assert np.diag(found.inverse_curvatures[1]) == pytest.approx(1 / curvatures[1], rel=0.3)


def test_climbs_do_not_know_each_other():
    centres, curvatures = np.array([[3.0, -2.0], [0.5, 8.0]]), np.array([[1.0, 7.0], [50.0, 3.0]])
    together, _ = maximise(parabolas(centres, curvatures)[0], np.zeros((2, 2)), 30, FAR)
    for place in range(2):
        own = parabolas(centres[[place]], curvatures[[place]])[0]
        np.testing.assert_allclose(maximise(own, np.zeros((1, 2)), 30, FAR)[0][0], together[place])


def test_a_bent_valley_is_followed_to_its_end():
    def rosenbrock(points, _):
        x, y = points.T
        value = -(np.square(1 - x) + 10 * np.square(y - np.square(x)))
        by_x = 2 * (1 - x) + 40 * x * (y - np.square(x))
        return value, np.column_stack([by_x, -20 * (y - np.square(x))])

    points, values = maximise(rosenbrock, np.array([[-1.0, 1.0]]), 60, replace(FAR, first_move=0.1))
    assert values[0] > -0.05
    np.testing.assert_allclose(points, [[1.0, 1.0]], atol=0.4)


def test_steps_to_where_there_is_no_value_are_not_taken():
    def function(points, _):
        with np.errstate(invalid="ignore"):
            return (np.log(points) - points).sum(axis=1), 1 / points - 1

    points, values = maximise(function, np.array([[3.0]]), 40, replace(FAR, first_move=4.0))
    assert values[0] == pytest.approx(-1.0, abs=0.05)
    assert points[0, 0] == pytest.approx(1.0, abs=0.3)


def test_what_is_flat_stays_where_it_is():
    points, values = maximise(lambda x, _: (np.ones(len(x)), np.zeros_like(x)), np.ones((2, 3)), 9, FAR)
    np.testing.assert_array_equal(points, np.ones((2, 3)))
    np.testing.assert_array_equal(values, np.ones(2))


NEAR = Steps(first_move=0.05, longest_move=0.5, least_gain=1e-5, curvatures=(1.0, 1e5))


def test_a_maximum_beyond_a_bound_is_sought_along_it():
    def ridge(points, _):  # highest at (2, 1), along x = 1 at y = 0.5
        x, y = points[:, 0] - 2, points[:, 1] - 1
        value = -(np.square(x) - x * y + np.square(y))
        return value, np.column_stack([y - 2 * x, x - 2 * y])

    start = np.array([[0.1, 0.1], [1.0, 0.0], [0.4, 0.9], [1.0, 1.0]])
    points, values = maximise(ridge, start, 60, NEAR, bounds=(0.0, 1.0))
    np.testing.assert_allclose(points, np.tile([1.0, 0.5], (4, 1)), atol=0.01)
    np.testing.assert_allclose(values, -0.75, atol=1e-4)


def test_nothing_leaves_the_bounds_and_a_corner_holds():
    seen = []

    def slope(points, _):
        seen.append(points)
        return points @ [3.0, -1.0], np.tile([3.0, -1.0], (len(points), 1))

    lower, upper = np.array([0.2, -0.3]), np.array([0.7, 0.6])
    points, _ = maximise(slope, np.array([[0.3, 0.3], [0.7, -0.3]]), 60, NEAR, bounds=(lower, upper))
    np.testing.assert_array_equal(points, [[0.7, -0.3]] * 2)
    assert all(((each >= lower) & (each <= upper)).all() for each in seen)


def test_values_at_the_start_that_are_known_cost_nothing():
    function, counts = parabolas(np.array([[0.0], [1.0]]), np.ones((2, 1)))
    known = function(np.zeros((2, 1)), np.arange(2))
    maximise(function, np.zeros((2, 1)), 60, FAR, at_start=known)
    assert counts[0] == 1


def test_a_climb_that_cannot_reach_the_highest_is_given_up():
    tops, counts = np.array([0.0, -50.0]), np.zeros(2, dtype=int)

    def function(points, places):
        counts[places] += 1
        gaps = 5.0 - points
        return tops[places] - 0.5 * np.square(gaps).sum(axis=1), gaps

    _, values = maximise(function, np.zeros((2, 1)), 60, replace(FAR, reach=2.0))
    assert values[0] == pytest.approx(0.0, abs=0.05)
    assert counts[1] == 2  # where it began, and one step


def test_units_of_a_function_change_no_step():
    centres, curvatures = np.array([[0.6, 0.2]]), np.array([[7.0, 50.0]])
    plain, large = parabolas(centres, curvatures)[0], parabolas(centres, 1024 * curvatures)[0]
    ends, values = maximise(plain, np.zeros((1, 2)), 30, NEAR, bounds=(0.0, 0.5))
    same, higher = maximise(large, np.zeros((1, 2)), 30, NEAR.in_units(1024), bounds=(0.0, 0.5))
    np.testing.assert_array_equal(same, ends)
    np.testing.assert_array_equal(higher, 1024 * values)


def test_whatever_slopes_are_told_climbs_stay_within_bounds():
    """Slopes of no function at all: what they tell of the curvature must not be inverted blindly."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n_coordinates, calls = int(rng.integers(2, 20)), np.zeros(8)

        def rising(points, places, rng=rng, calls=calls):
            calls[places] += 1
            return 1e6 * calls[places], rng.normal(size=points.shape) * 10 ** rng.uniform(-8, 4, points.shape)

        points, _ = maximise(rising, rng.random((8, n_coordinates)), 60, NEAR, bounds=(0.0, 1.0))
        assert ((points >= 0) & (points <= 1)).all()
