"""Toy problems with constraints: known feasible minima, values by hand, and the way into the optimizer."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.testing import (
    CONSTRAINED_PROBLEMS,
    flare_mixture,
    gramacy,
    hartmann6,
    hartmann6_ball,
    make_constrained_problem,
    pressure_vessel,
)

FLARES = np.array(  # magnesium, sodium nitrate, strontium nitrate, binder, 1000 candles
    [
        [0.40, 0.10, 0.47, 0.03, 75],
        [0.40, 0.10, 0.42, 0.08, 180],
        [0.60, 0.10, 0.27, 0.03, 195],
        [0.60, 0.10, 0.22, 0.08, 300],
        [0.40, 0.47, 0.10, 0.03, 145],
        [0.40, 0.42, 0.10, 0.08, 230],
        [0.60, 0.27, 0.10, 0.03, 220],
        [0.60, 0.22, 0.10, 0.08, 350],
        [0.50, 0.10, 0.345, 0.055, 220],
        [0.50, 0.345, 0.10, 0.055, 260],
        [0.40, 0.2725, 0.2725, 0.055, 190],
        [0.60, 0.1725, 0.1725, 0.055, 310],
        [0.50, 0.235, 0.235, 0.03, 260],
        [0.50, 0.21, 0.21, 0.08, 410],
        [0.50, 0.2225, 0.2225, 0.055, 425],
    ]
)


@pytest.fixture(params=CONSTRAINED_PROBLEMS)
def problem(request):
    return make_constrained_problem(request.param)


def is_feasible(problem, settings):
    outcomes = problem.outcomes(settings)
    kept = [constraint.is_satisfied(outcomes[constraint.name]) for constraint in problem.constraints]
    return np.logical_and.reduce([problem.space().is_feasible(settings), *kept])


def test_the_minimum_is_at_the_minimizers_where_constraints_hold(problem):
    settings = pd.DataFrame(problem.minimizers, columns=problem.space().names)
    np.testing.assert_allclose(problem.outcomes(settings)["value"], problem.minimum, rtol=1e-14)
    assert is_feasible(problem, settings).all()


def test_nothing_feasible_is_below_the_minimum(problem):
    space = problem.space()
    anywhere = space.sample(3_000, random_state=0)
    middle = space.encode(pd.DataFrame(problem.minimizers[:1], columns=space.names))
    steps = np.random.default_rng(0).normal(0, 0.003, (4_000, space.n_dims))
    close = space.decode(np.clip(middle + steps, 0, 1))
    settings = pd.concat([anywhere, close], ignore_index=True)
    if problem.name == "flare_mixture":  # back to shares that sum to 1
        settings["magnesium"] += 1 - settings.sum(axis=1)
    feasible = settings[is_feasible(problem, settings)]
    assert len(feasible) > 100
    assert problem.outcomes(feasible)["value"].min() >= problem.minimum - 1e-12 * abs(problem.minimum)


def test_minima_as_published():
    assert make_constrained_problem("gramacy").minimum == pytest.approx(0.5998, abs=5e-5)
    assert make_constrained_problem("hartmann6_ball").minimum == pytest.approx(-3.32237, abs=1e-5)
    assert make_constrained_problem("pressure_vessel").minimum == pytest.approx(6059.714335, abs=1e-6)


def test_values_by_hand():
    # x1 = 1/2, x2 = 1/4: the sine of 2 pi (1/4 - 1/2) is -1
    np.testing.assert_allclose(gramacy([[0.5, 0.25]]), [[0.75, 1.0, 0.3125 - 1.5]], rtol=1e-14)
    row = [[0.5] * 4 + [0.0] * 2]
    np.testing.assert_allclose(hartmann6_ball(row), [[hartmann6(row)[0], 1.0]], rtol=1e-15)
    # one inch of shell and head, radius 10, length 12: 0.6224 x 120 + 177.81 + 12 x 3.1661 + 198.4
    cost, volume = 0.6224 * 120 + 177.81 + 12 * 3.1661 + 198.4, math.pi * (1200 + 4000 / 3)
    np.testing.assert_allclose(pressure_vessel([[16, 16, 10, 12]]), [[cost, volume]], rtol=1e-14)
    # half and half of two parts: b1 / 2 + b2 / 2 + b12 / 4
    np.testing.assert_allclose(flare_mixture([[0.5, 0.5, 0, 0]]), [[-(-1558 / 2 - 2351 / 2 + 8300 / 4)]])


def test_the_mixture_is_the_least_squares_fit_to_the_published_flares():
    shares = FLARES[:, :4]
    pairs = [shares[:, i] * shares[:, j] for i, j in itertools.combinations(range(4), 2)]
    columns = np.column_stack([shares, *pairs])
    fitted = columns @ np.linalg.lstsq(columns, FLARES[:, 4], rcond=None)[0]
    np.testing.assert_allclose(-flare_mixture(shares)[:, 0], fitted, atol=0.5)


def test_the_vessel_is_at_its_limits_at_the_minimum():
    problem = make_constrained_problem("pressure_vessel")
    n_shell, _, radius, _ = problem.minimizers[0]
    assert n_shell * 0.0625 == pytest.approx(0.0193 * radius, rel=1e-15)
    volume = problem.function(problem.minimizers)[0, 1]
    assert volume == pytest.approx(1_296_000, rel=1e-14)
    assert [variable.type for variable in problem.space().variables] == ["integer"] * 2 + ["real"] * 2


def test_an_optimizer_is_told_what_a_problem_gives(problem):
    optimizer = BayesianOptimizer(problem.space(), problem.objectives(), random_state=0)
    runs = optimizer.ask(4)
    optimizer.tell(runs, problem.outcomes(runs))
    assert problem.space().is_feasible(runs).all()
    assert optimizer.outputs == problem.outcome_names


def test_names_are_those_of_the_functions_and_checked():
    assert [make_constrained_problem(name).name for name in CONSTRAINED_PROBLEMS] == list(
        CONSTRAINED_PROBLEMS
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'gramacy'"):
        make_constrained_problem("gramacey")
    with pytest.raises(InvalidDataError, match=r"settings of gramacy: missing column\(s\) \['x2'\]"):
        make_constrained_problem("gramacy").outcomes(pd.DataFrame({"x1": [0.0]}))
