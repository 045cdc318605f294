"""Exact sums and narrow bands of numbers on a log scale, out of a list, whole or with steps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt import BayesianOptimizer, CampaignSettings, Minimize
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space import (
    CardinalityConstraint,
    Categorical,
    Context,
    Discrete,
    Integer,
    LinearConstraint,
    NonlinearConstraint,
    Real,
    SearchSpace,
)


def total(names, value, width=0.0):
    return LinearConstraint(dict.fromkeys(names, 1.0), lower=value - width, upper=value + width)


LOG = Real("c", 0.1, 10, scale="log")
SPACES = {
    "a log scale and a real": ([LOG, Real("x", 0, 10)], [total("cx", 5)]),
    "a narrow band": ([LOG, Real("x", 0, 10)], [total("cx", 5, 1e-4)]),
    "log scales alone": ([Real(name, 0.01, 1, scale="log") for name in "abc"], [total("abc", 1)]),
    "a ratio": (
        [Real(name, 1e-3, 1, scale="log") for name in "ab"],
        [LinearConstraint({"a": 1, "b": -2}, lower=0, upper=0)],
    ),
    "a list with gaps": ([Discrete("d", [5, 50, 100, 250]), Real("x", 0, 10)], [total("dx", 105)]),
    "lists alone": ([Discrete(name, [1, 2, 5, 10]) for name in "abc"], [total("abc", 13)]),
    "whole numbers on log scales": (
        [Integer(name, 1, 10**6, scale="log") for name in "abc"],
        [total("abc", 500_000)],
    ),
    "steps on a log scale and a list": (
        [
            Real("a", 0.001, 1, scale="log", step=0.001),
            Discrete("b", [0.01, 0.02, 0.05, 0.1]),
            Real("c", 0, 1, digits=3),
        ],
        [total("abc", 1)],
    ),
    "all kinds in a band": (
        [Discrete("d", [1, 3, 7, 20]), Real("c", 1e-3, 10, scale="log"), Integer("k", 1, 100, scale="log")],
        [LinearConstraint({"d": 2, "c": 1, "k": 0.5}, lower=20, upper=20.001)],
    ),
    "two sums": (
        [LOG, Real("x", 0, 10), Real("y", 0, 10), Discrete("d", [1, 2, 4, 8])],
        [total("cx", 5), total("dy", 8)],
    ),
    "a function besides": (
        [LOG, Real("x", 0, 10)],
        [total("cx", 5), NonlinearConstraint(lambda d: d["c"] > 4.8)],
    ),
    "few parts besides": (
        [*(Real(name, 0, 1) for name in "abd"), Real("t", 0.01, 1, scale="log")],
        [total("abdt", 1), CardinalityConstraint(list("abd"), upper=2)],
    ),
}


@pytest.mark.parametrize("kind", SPACES)
def test_points_are_found_wherever_there_are_plenty(kind):
    space = SearchSpace(*SPACES[kind])
    rows = space.sample(300, random_state=0)
    assert space.is_feasible(rows).all()
    assert len(rows) == 300


def test_the_same_seed_gives_the_same_rows_of_a_sum_and_designs_keep_to_it():
    space = SearchSpace(*SPACES["a log scale and a real"])
    pd.testing.assert_frame_equal(space.sample(30, random_state=0), space.sample(30, random_state=0))
    assert space.is_feasible(space.design(6, random_state=0)).all()


def test_a_log_scale_stays_one_along_a_sum():
    """Given c + x = 1, log-uniform c has its median at sqrt(1e-4) = 0.01; a free log scale is untouched."""
    space = SearchSpace(
        [
            Real("c", 1e-4, 1, scale="log"),
            Real("x", 0, 1),
            Real("f", 1, 100, scale="log"),
            Categorical("s", ["a", "b"]),
        ],
        [total("cx", 1)],
    )
    rows = space.sample(4000, random_state=0)
    np.testing.assert_allclose(rows["c"] + rows["x"], 1, rtol=1e-9)
    assert np.log10(rows["c"]).quantile([0.25, 0.5, 0.75]).tolist() == pytest.approx([-3, -2, -1], abs=0.25)
    assert (rows["f"] < 10).mean() == pytest.approx(0.5, abs=0.05)
    assert (rows["s"] == "a").mean() == pytest.approx(0.5, abs=0.05)


def test_values_of_a_list_are_met_alike_along_a_sum():
    space = SearchSpace([Discrete("d", [1, 10, 100, 1000]), Real("x", 0, 1000)], [total("dx", 1000)])
    shares = space.sample(4000, random_state=0)["d"].value_counts(normalize=True)
    np.testing.assert_allclose(shares.sort_index(), 0.25, atol=0.08)


def test_an_optimizer_works_along_such_a_sum():
    space = SearchSpace(*SPACES["two sums"])
    optimizer = BayesianOptimizer(space, [Minimize("z")], surrogate="gaussian_process", random_state=0)
    for n in (5, 2):
        rows = optimizer.ask(n)
        assert space.is_feasible(rows).all()
        optimizer.tell(rows, {"z": (rows["c"] - 1) ** 2})


IMPOSSIBLE = {
    "beyond the bounds": ([LOG], [LinearConstraint({"c": 1}, lower=11)]),
    "two that exclude each other": ([LOG, Real("x", 0, 10)], [total("cx", 5), total("cx", 6)]),
    "an odd sum of even numbers": (
        [Integer(name, 0, 10) for name in "ab"],
        [LinearConstraint({"a": 2, "b": 2}, lower=7, upper=7)],
    ),
    "between the values of a list": ([Discrete("d", [50, 100]), Real("x", 0, 10)], [total("dx", 80)]),
    "between steps": ([Real(name, 0, 1, step=0.02) for name in "ab"], [total("ab", 0.99)]),
    "with a context in its bounds": ([Real("x", 0, 1), Context("T", lower=0, upper=1)], [total("xT", 3)]),
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_what_cannot_be_is_refused_when_the_space_is_made(kind):
    with pytest.raises(InfeasibleSpaceError, match="No setting within the bounds satisfies"):
        SearchSpace(*IMPOSSIBLE[kind])


def test_settings_with_an_impossible_space_name_it():
    variables = [{"type": "integer", "name": name, "lower": 0, "upper": 10} for name in "ab"]
    sums = [{"type": "linear", "coefficients": {"a": 2, "b": 2}, "lower": 7, "upper": 7}]
    with pytest.raises(ValueError, match=r"space: No setting within the bounds satisfies"):
        CampaignSettings(
            name="n", space={"variables": variables, "constraints": sums}, objectives=[Minimize("y")]
        )


@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=4, unique=True),
    st.lists(st.sampled_from([1, 2, 3, 5]), min_size=2, max_size=3),
    st.integers(0, 40),
)
@settings(max_examples=40, deadline=None)
def test_a_space_of_few_points_is_refused_just_where_it_has_none(values, weights, wanted):
    names = "abc"[: len(weights)]
    points = np.array(np.meshgrid(*[values] * len(weights))).reshape(len(weights), -1).T
    is_possible = (points @ np.array(weights) == wanted).any()
    variables = [Discrete(name, values) for name in names]
    constraint = LinearConstraint(dict(zip(names, weights, strict=True)), lower=wanted, upper=wanted)
    if not is_possible:
        with pytest.raises(InfeasibleSpaceError):
            SearchSpace(variables, [constraint])
    else:
        assert SearchSpace(variables, [constraint]).sample(3, random_state=0).shape == (3, len(weights))


@pytest.mark.parametrize("size", [1e-162, 1e160, 1e300])
def test_sums_of_numbers_whose_squares_are_no_floats_are_kept(size):
    parts = [Real(name, 0, size) for name in "ab"]
    for limits in ({"upper": size}, {"lower": size, "upper": size}):
        space = SearchSpace(parts, [LinearConstraint({"a": 1, "b": 1}, **limits)])
        rows = space.sample(50, random_state=0)
        assert space.is_feasible(rows).all()
        assert 0.3 < (rows / size).mean().mean() < 0.55
