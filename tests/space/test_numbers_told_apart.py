"""Different numbers are different settings, and what is beyond a bound is outside, however wide the range."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt import BayesianOptimizer, Minimize
from bnnopt.space import Discrete, Integer, LinearConstraint, Real, SearchSpace

WIDE = 10**12


@given(st.lists(st.integers(1, WIDE), min_size=1, max_size=20), st.sampled_from(["linear", "log"]))
@settings(max_examples=60, deadline=None)
def test_whole_numbers_come_back_from_the_cube(numbers, scale):
    space = SearchSpace(Integer("n", 1, WIDE, scale=scale))
    table = pd.DataFrame({"n": numbers})
    assert space.decode(space.encode(table))["n"].tolist() == numbers
    assert space.is_inside(pd.DataFrame({"n": [0, 1, WIDE, WIDE + 1]})).tolist() == [False, True, True, False]


LISTS = {
    "steps of a tenth": (
        np.arange(-1, 1.05, 0.1),
        [0.3, 0.1 * 3, 0.0, -1, 0.1 + 0.2 - 0.3],
        [1e-9, 0.31, 1.1],
    ),
    "powers of ten": (np.geomspace(1e-6, 1e6, 13), (10.0 ** np.arange(-6, 7)).tolist(), [1.1e-6, 0.0]),
    "one far away": ([1, 2, 3, 1e12], [1, 2, 3, 1e12], [1.5, 1e12 + 1, 1e12 - 500]),
    "large and near": ([1e10, 1e10 + 1, 1e10 + 2], [1e10 + 1], [1e10 + 0.5, 1e10 + 3]),
    "ten digits": ([0.21544346900318834, 0.46415888336127775], [0.2154434690, 0.4641588834], [0.2154]),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_number_of_a_list_is_known_but_for_round_off(kind):
    values, inside, outside = LISTS[kind]
    space = SearchSpace(Discrete("d", values))
    assert space.is_inside(pd.DataFrame({"d": inside})).all()
    assert not space.is_inside(pd.DataFrame({"d": outside})).any()


def test_near_numbers_of_a_list_are_no_repeats():
    optimizer = BayesianOptimizer(SearchSpace(Discrete("d", [1, 2, 3, 1e12])), Minimize("y"), random_state=0)
    optimizer.tell(pd.DataFrame({"d": [1, 2, 3, 2, 2.5]}), [1.0, 2, 3, 2, 2.5])
    assert optimizer.summary()["n_repeated"] == 1


def test_sums_of_whole_numbers_are_exact():
    total = LinearConstraint({"a": 1, "b": 1}, lower=WIDE, upper=WIDE)
    rows = pd.DataFrame({"a": [WIDE - 5.0, WIDE, 0.5], "b": [5.0, 50, WIDE - 0.5]})
    assert total.is_satisfied(rows).tolist() == [True, False, True]
    thirds = LinearConstraint({"a": 1, "b": 1}, lower=0.3, upper=0.3)
    assert thirds.is_satisfied(pd.DataFrame({"a": [0.1], "b": [0.2]})).all()


def test_what_is_held_is_the_value_of_the_list_and_finds_its_candidates():
    space = SearchSpace([Discrete("x", [-1, 0, 1]), Real("z", 0, 1)])
    optimizer = BayesianOptimizer(space, Minimize("y"), surrogate="gaussian_process", random_state=0)
    rows = optimizer.ask(6)
    optimizer.tell(rows, rows["z"])
    assert (optimizer.ask(2, held={"x": 0.1 + 0.2 - 0.3})["x"] == 0.0).all()
    table = pd.DataFrame({"x": [-1, 0, 1], "z": 0.3})
    assert len(optimizer.ask(2, held={"z": 0.1 + 0.2}, candidates=table)) == 2
