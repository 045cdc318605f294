"""Toy problems: known minima, values by hand, and the way into the optimizer."""

import math

import numpy as np
import pandas as pd
import pytest

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.objectives import Minimize
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.testing import (
    PROBLEMS,
    ackley,
    branin,
    hartmann6,
    levy,
    make_problem,
    rosenbrock,
    styblinski_tang,
)

INPUTS = {"ackley": 5, "branin": 2, "hartmann6": 6, "levy": 8, "rosenbrock": 4, "styblinski_tang": 5}


@pytest.fixture(params=PROBLEMS)
def problem(request):
    return make_problem(request.param)


def test_names_and_numbers_of_inputs():
    assert {name: make_problem(name).n_inputs for name in PROBLEMS} == INPUTS
    assert [make_problem(name).name for name in PROBLEMS] == list(PROBLEMS)


def test_the_minimum_is_at_the_minimizers(problem):
    values = problem.function(problem.minimizers)
    np.testing.assert_allclose(values, problem.minimum, rtol=0, atol=1e-12)


def test_the_minimizers_are_within_the_bounds(problem):
    lower, upper = np.transpose(problem.bounds)
    assert np.all((lower <= problem.minimizers) & (problem.minimizers <= upper))


def test_nothing_within_the_bounds_is_below_the_minimum(problem):
    lower, upper = np.transpose(problem.bounds)
    rows = np.random.default_rng(0).uniform(lower, upper, (2000, problem.n_inputs))
    near = np.array(problem.minimizers[0]) + 1e-4 * np.random.default_rng(1).standard_normal(rows.shape)
    assert problem.function(rows).min() > problem.minimum
    assert problem.function(near).min() > problem.minimum


def test_minima_as_published():
    assert make_problem("branin").minimum == pytest.approx(0.397887, abs=1e-6)
    assert make_problem("hartmann6").minimum == pytest.approx(-3.32237, abs=1e-5)
    assert make_problem("styblinski_tang", n_inputs=1).minimum == pytest.approx(-39.16617, abs=1e-5)
    assert len(make_problem("branin").minimizers) == 3


def test_values_by_hand():
    # x1 = 0: (x2 - 6)² + 20 - 10 / (8 pi); x1 = pi, x2 = 2.275 + 2: 2² more than the minimum
    np.testing.assert_allclose(branin([[0.0, 6.0], [0.0, 8.0]]), np.array([20.0, 24.0]) - 1.25 / math.pi)
    np.testing.assert_allclose(branin([[math.pi, 4.275]]), 4 + 1.25 / math.pi)
    # all inputs 1: the waves are at their crest, 20 (1 - exp(-0.2)) is left; 0.5: at their trough
    np.testing.assert_allclose(ackley([[1.0] * 5, [-1.0] * 5]), 20 * (1 - math.exp(-0.2)))
    np.testing.assert_allclose(ackley([[0.5] * 3]), 20 * (1 - math.exp(-0.1)) + math.e - math.exp(-1))
    # x = 5: w = 2, so sin²(2 pi) = 0, 1 + 10 sin²(2 pi + 1) for each but the last, 1 for that
    np.testing.assert_allclose(levy([[5.0, 5.0]]), 1 + 10 * math.sin(1) ** 2 + 1)
    np.testing.assert_allclose(levy([[-1.0]]), 1 + 0.25)  # w = 0.5: sin²(pi / 2) + 0.25 (1 + sin²(pi))
    np.testing.assert_array_equal(rosenbrock([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0]]), [2.0, 101.0])
    np.testing.assert_array_equal(styblinski_tang([[0.0, 0.0], [1.0, 2.0]]), [0.0, -5.0 - 19.0])


def test_hartmann_at_a_centre():
    """At the first centre the first hill has its full height 1, the others what their distance leaves."""
    centre = np.array([0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886])
    second = np.array([0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991])
    offsets = (centre - second) ** 2
    second_hill = 1.2 * math.exp(-offsets @ [0.05, 10.0, 17.0, 0.1, 8.0, 14.0])
    assert -hartmann6([centre])[0] > 1 + second_hill
    assert -hartmann6([centre])[0] == pytest.approx(1 + second_hill, abs=0.02)


@pytest.mark.parametrize("function", [ackley, levy, styblinski_tang])
@pytest.mark.parametrize("n_inputs", [1, 3])
def test_rows_do_not_know_each_other(function, n_inputs):
    rows = np.random.default_rng(0).uniform(-3, 3, (7, n_inputs))
    before = rows.copy()
    values = function(rows)
    assert values.shape == (7,)
    np.testing.assert_allclose([function(row[None])[0] for row in rows], values, rtol=1e-14)
    np.testing.assert_array_equal(rows, before)


@pytest.mark.parametrize(
    ("function", "X"),
    [(branin, [[1.0, 2.0, 3.0]]), (branin, [1.0, 2.0]), (hartmann6, [[0.5] * 5]), (ackley, np.zeros((2, 0)))],
)
def test_a_wrong_shape_is_named(function, X):
    with pytest.raises(InvalidDataError, match=r"X must have the shape \(n, .*got \("):
        function(X)


def test_rosenbrock_needs_two_inputs():
    with pytest.raises(InvalidDataError, match="at least 2 inputs"):
        rosenbrock([[1.0]])


def test_the_space_has_the_bounds(problem):
    space = problem.space()
    assert space.names == [f"x{i + 1}" for i in range(problem.n_inputs)]
    assert tuple((variable.lower, variable.upper) for variable in space.variables) == problem.bounds


def test_outcomes_of_a_table_follow_its_names_and_rows():
    settings = pd.DataFrame({"note": ["a", "b"], "x2": [6.0, 8.0], "x1": [0.0, 0.0]}, index=[4, 2])
    outcomes = make_problem("branin").outcomes(settings)
    assert outcomes.index.tolist() == [4, 2]
    np.testing.assert_allclose(outcomes["value"], np.array([20.0, 24.0]) - 1.25 / math.pi)


def test_outcomes_name_a_missing_column_and_an_empty_cell():
    problem = make_problem("branin")
    with pytest.raises(InvalidDataError, match=r"settings of branin: missing column\(s\) \['x2'\]"):
        problem.outcomes(pd.DataFrame({"x1": [0.0]}))
    with pytest.raises(InvalidDataError, match="column 'x2' has an empty cell in row"):
        problem.outcomes(pd.DataFrame({"x1": [0.0], "x2": [np.nan]}))


def test_an_optimizer_is_told_what_a_problem_gives(problem):
    optimizer = BayesianOptimizer(problem.space(), [Minimize("value")], random_state=0)
    runs = optimizer.ask(4)
    optimizer.tell(runs, problem.outcomes(runs))
    assert len(runs) == 4


def test_another_number_of_inputs():
    problem = make_problem("levy", n_inputs=2)
    assert (problem.bounds, problem.minimizers) == (((-10.0, 10.0),) * 2, ((1.0, 1.0),))
    assert make_problem("styblinski_tang", n_inputs=2).minimum == pytest.approx(-78.33233140754283)


def test_problems_are_values():
    assert make_problem("ackley") == make_problem("ackley", n_inputs=5) != make_problem("ackley", n_inputs=4)
    with pytest.raises(AttributeError):
        make_problem("branin").minimum = 0.0


def test_wrong_names_and_numbers_are_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'branin'"):
        make_problem("brannin")
    with pytest.raises(InvalidDataError, match="ackley: n_inputs must be a whole number >= 1, got 0"):
        make_problem("ackley", n_inputs=0)
    with pytest.raises(InvalidDataError, match="rosenbrock: n_inputs must be a whole number >= 2, got 1"):
        make_problem("rosenbrock", n_inputs=1)
    with pytest.raises(TypeError, match="n_inputs"):
        make_problem("branin", n_inputs=3)
