"""Toy problems of two objectives: values by hand, fronts, hypervolumes, and the way into a table."""

import math

import numpy as np
import pandas as pd
import pytest

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.metrics import hypervolume, non_dominated
from bnnopt.objectives import Minimize
from bnnopt.testing import (
    MULTI_OBJECTIVE_PROBLEMS,
    branin,
    branin_currin,
    dtlz2,
    make_multi_objective_problem,
    zdt1,
)


@pytest.fixture(params=MULTI_OBJECTIVE_PROBLEMS)
def problem(request):
    return make_multi_objective_problem(request.param)


def front_settings(name):
    """Settings along the front: known in closed form, or the best of a fine grid where it lies."""
    first = np.linspace(0, 1, 4001)[:, None]
    if name == "branin_currin":
        x1, x2 = np.meshgrid(np.linspace(0, 0.125, 501), np.linspace(0.8, 1, 801))
        return np.column_stack([x1.ravel(), x2.ravel()])
    return np.hstack([first, np.full((4001, 5), 0.0 if name == "zdt1" else 0.5)])


def test_values_by_hand():
    np.testing.assert_allclose(zdt1([[0.25, 0, 0], [0.5, 1, 1]]), [[0.25, 0.5], [0.5, 10 - math.sqrt(5)]])
    half = math.sqrt(0.5)
    np.testing.assert_allclose(
        dtlz2([[0.5, 0.5, 0.5], [0.5, 1.0, 0.0], [0.0, 0.5, 0.5]]),
        [[half] * 2, [1.5 * half] * 2, [1, 0]],
        atol=1e-15,
    )
    # x1 = 0: 60 / 20 = 3; x1 = 1: 6352 / 624; x2 = 0: the first factor is 1
    factor = 1 - math.exp(-1)
    currin = branin_currin([[0.0, 0.5], [1.0, 0.5], [0.0, 0.0]])[:, 1]
    np.testing.assert_allclose(currin, [3 * factor, 6352 / 624 * factor, 3], rtol=1e-14)
    np.testing.assert_allclose(branin_currin([[1.0, 0.4]])[:, 0], branin([[10.0, 6.0]]), rtol=1e-14)


def test_random_settings_do_not_dominate_the_front(problem):
    front = problem.function(front_settings(problem.name))
    rows = np.random.default_rng(0).uniform(*np.transpose(problem.bounds), (3_000, problem.n_inputs))
    both = -np.vstack([front[non_dominated(-front)], problem.function(rows)])
    n_front = int(non_dominated(-front).sum())
    assert non_dominated(both)[:n_front].mean() > 0.999


def test_the_front_has_the_maximum_hypervolume(problem):
    utilities = -problem.function(front_settings(problem.name))
    reached = hypervolume(utilities, problem.reference_utilities)
    assert 0.998 * problem.maximum_hypervolume < reached <= problem.maximum_hypervolume


def test_hypervolumes_in_closed_form():
    assert make_multi_objective_problem("zdt1").maximum_hypervolume == pytest.approx(120 + 2 / 3, rel=1e-15)
    assert make_multi_objective_problem("dtlz2").maximum_hypervolume == pytest.approx(0.4246018, abs=1e-7)


def test_space_objectives_and_outcomes(problem):
    space = problem.space()
    assert tuple((variable.lower, variable.upper) for variable in space.variables) == problem.bounds
    assert problem.objectives() == [Minimize("value1"), Minimize("value2")]
    settings = space.sample(5, random_state=0).set_index(pd.Index([4, 8, 0, 2, 1])).assign(note="a")
    outcomes = problem.outcomes(settings)
    assert outcomes.index.tolist() == settings.index.tolist()
    assert tuple(outcomes) == problem.outcome_names
    np.testing.assert_array_equal(outcomes, problem.function(settings[space.names].to_numpy()))


def test_rows_do_not_know_each_other(problem):
    rows = np.random.default_rng(1).uniform(0, 1, (6, problem.n_inputs))
    one_by_one = np.vstack([problem.function(row[None]) for row in rows])
    np.testing.assert_allclose(one_by_one, problem.function(rows), rtol=1e-14)


def test_another_number_of_inputs_and_values():
    assert make_multi_objective_problem("zdt1", n_inputs=2).n_inputs == 2
    assert make_multi_objective_problem("dtlz2") == make_multi_objective_problem("dtlz2", n_inputs=6)
    with pytest.raises(AttributeError):
        make_multi_objective_problem("zdt1").reference = (1.0, 1.0)


def test_wrong_names_numbers_and_shapes_are_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'zdt1'"):
        make_multi_objective_problem("zdt")
    with pytest.raises(InvalidDataError, match="dtlz2: n_inputs must be a whole number >= 2, got 1"):
        make_multi_objective_problem("dtlz2", n_inputs=1)
    with pytest.raises(TypeError, match="n_inputs"):
        make_multi_objective_problem("branin_currin", n_inputs=3)
    with pytest.raises(InvalidDataError, match="zdt1 needs at least 2 inputs"):
        zdt1([[0.5]])
    with pytest.raises(InvalidDataError, match=r"X must have the shape \(n, 2\), got \(1, 3\)"):
        branin_currin([[0.5, 0.5, 0.5]])
