"""Climbs to the maxima of several functions: parabolas, a bent valley, what is flat and what has no value."""

import numpy as np
import pytest

from bnnopt.surrogates._gaussian_process._climb import LEAST_GAIN, maximise


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
    points, values = maximise(function, np.ones((3, 2)), 60, 0.4)
    assert (values > -2 * LEAST_GAIN).all()
    np.testing.assert_allclose(points[0], centres[0], atol=0.2)
    assert counts.max() < 40


def test_a_climb_that_has_arrived_costs_nothing_more():
    function, counts = parabolas(np.array([[0.0], [30.0]]), np.ones((2, 1)))
    maximise(function, np.array([[0.0], [0.0]]), 60, 0.4)
    assert counts[0] == 1
    assert counts[1] > 10  # 2 at most in a step


def test_climbs_do_not_know_each_other():
    centres, curvatures = np.array([[3.0, -2.0], [0.5, 8.0]]), np.array([[1.0, 7.0], [50.0, 3.0]])
    together, _ = maximise(parabolas(centres, curvatures)[0], np.zeros((2, 2)), 30, 0.4)
    for place in range(2):
        own = parabolas(centres[[place]], curvatures[[place]])[0]
        np.testing.assert_allclose(maximise(own, np.zeros((1, 2)), 30, 0.4)[0][0], together[place])


def test_a_bent_valley_is_followed_to_its_end():
    def rosenbrock(points, _):
        x, y = points.T
        value = -(np.square(1 - x) + 10 * np.square(y - np.square(x)))
        by_x = 2 * (1 - x) + 40 * x * (y - np.square(x))
        return value, np.column_stack([by_x, -20 * (y - np.square(x))])

    points, values = maximise(rosenbrock, np.array([[-1.0, 1.0]]), 60, 0.1)
    assert values[0] > -0.05
    np.testing.assert_allclose(points, [[1.0, 1.0]], atol=0.4)


def test_steps_to_where_there_is_no_value_are_not_taken():
    def function(points, _):
        with np.errstate(invalid="ignore"):
            return (np.log(points) - points).sum(axis=1), 1 / points - 1

    points, values = maximise(function, np.array([[3.0]]), 40, 4.0)
    assert values[0] == pytest.approx(-1.0, abs=0.05)
    assert points[0, 0] == pytest.approx(1.0, abs=0.3)


def test_what_is_flat_stays_where_it_is():
    points, values = maximise(lambda x, _: (np.ones(len(x)), np.zeros_like(x)), np.ones((2, 3)), 9, 0.4)
    np.testing.assert_array_equal(points, np.ones((2, 3)))
    np.testing.assert_array_equal(values, np.ones(2))
