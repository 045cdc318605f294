"""Objectives of several outcomes: hand values, exact moments, scales, and the form in a file."""

import pickle
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import (
    Chebyshev,
    Desirability,
    Maximize,
    Minimize,
    Objective,
    OutcomeConstraint,
    Target,
    WeightedSum,
    split_objectives,
)

ADAPTER = TypeAdapter(list[Objective])
PARTS = [Minimize("width", unit="nm"), Maximize("yield", unit="%"), Target("peak", 950, 20, unit="nm")]
AGGREGATES = [
    WeightedSum(PARTS, weights=[2.0, 0.5, 1.0]),
    Chebyshev(PARTS, weights=[0.2, 0.3, 0.5], rho=0.1, lows=[-10, 0, -1], highs=[-5, 100, 0]),
    Desirability(PARTS, lows=[-10, 0, -1], highs=[-5, 100, 0], exponents=[1.0, 2.0, 0.5]),
]
by_type = {"argvalues": AGGREGATES, "ids": lambda objective: objective.type}
TOML = """
[[objectives]]
type = "chebyshev"
weights = [0.25, 0.75]
rho = 0.0
lows = [-10, -1]
highs = [-5, 0]
parts = [
  { type = "minimize", name = "width" },
  { type = "target", name = "peak", value = 950, tolerance = 20 },
]

[[objectives]]
type = "outcome_constraint"
name = "yield"
lower = 20
"""


def test_utilities_by_hand():
    y = [7.5, 50.0, 960.0]  # utilities -7.5, 50 and -0.5: half-way between low and high, all three
    weighted, chebyshev, desirability = AGGREGATES
    assert weighted.utility(y) == pytest.approx(-2 * 7.5 + 25 - 0.5, rel=1e-15)
    assert chebyshev.utility(y) == pytest.approx(-0.25 - 0.1 * 0.5, rel=1e-15)
    assert desirability.utility(y) == pytest.approx((0.5 * 0.25 * np.sqrt(0.5)) ** (1 / 3), rel=1e-14)


def test_ends_of_the_scales():
    _, chebyshev, desirability = AGGREGATES
    y = [[5.0, 100.0, 950.0], [10.0, 0.0, 970.0], [2.0, 100.0, 950.0], [5.0, 100.0, 980.0]]
    np.testing.assert_allclose(desirability.utility(y), [1, 0, 1, 0], rtol=1e-15)
    np.testing.assert_allclose(chebyshev.utility(y[:2]), [0, -0.5 - 0.1], rtol=1e-15)
    # 3 nm better than ideal: only the sum sees it, d = -0.6
    np.testing.assert_allclose(chebyshev.utility(y[2]), 0.1 * 0.2 * 0.6, rtol=1e-14)


def test_defaults_of_weights_and_exponents():
    parts, limits = PARTS[:2], {"lows": [-1, 0], "highs": [0, 1]}
    assert WeightedSum(parts).utility([1.0, 3.0]) == 2
    assert Chebyshev(parts, rho=0, **limits).utility([1.0, 0.5]) == -0.5
    assert Chebyshev(parts).rho == 0.05
    assert Desirability(parts, **limits).utility([0.75, 1.0]) == 0.5


@pytest.mark.parametrize("objective", **by_type)
def test_leading_axes_stay_and_nan_stays(objective):
    y = np.random.default_rng(0).uniform([4, -10, 900], [11, 110, 1000], (4, 5, 3))
    y[1, 2, 0] = y[3, 3, 2] = np.nan
    y.flags.writeable = False
    utility = objective.utility(y)
    assert utility.shape == (4, 5)
    np.testing.assert_array_equal(np.argwhere(np.isnan(utility)), [[1, 2], [3, 3]])
    assert objective.utility(y[0, 0]).shape == ()
    assert utility[2, 4] == pytest.approx(float(objective.utility(y[2, 4])), rel=1e-14)
    assert objective.utility(np.empty((0, 3))).shape == (0,)


@pytest.mark.parametrize("objective", **by_type)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_is_better_in_all_parts_is_not_worse(objective, seed):
    rng = np.random.default_rng(seed)
    worse = rng.uniform([4, -10, 950], [11, 110, 980], (20, 3))
    better = worse + [-1.0, 1.0, -1.0] * rng.uniform(0, [1, 10, 1], (20, 3))
    better[:, 2] = np.maximum(better[:, 2], 950)
    assert np.all(objective.utility(better) >= objective.utility(worse) - 1e-12)


@pytest.mark.parametrize("objective", **by_type)
def test_names_and_units(objective):
    assert objective.names == ("width", "yield", "peak")
    assert objective.units == {"width": "nm", "yield": "%", "peak": "nm"}
    assert objective.name == f"{objective.type}(width, yield, peak)"
    assert objective.unit is None


def test_single_objectives_have_the_same_contract():
    for part in PARTS:
        assert part.names == (part.name,)
        assert part.units == {part.name: part.unit}
        assert part.has_moments
    assert OutcomeConstraint("peak", 1, 2, unit="nm").names == ("peak",)


def test_a_sum_is_linear_if_its_parts_are():
    assert WeightedSum(PARTS[:2]).is_linear
    assert [objective.is_linear for objective in AGGREGATES] == [False, False, False]
    assert [objective.has_moments for objective in AGGREGATES] == [True, False, False]


def test_moments_of_a_sum_by_hand():
    objective = WeightedSum(PARTS[:2], weights=[2.0, 1.0])
    mean, std = objective.utility_moments([[3.0, 10.0], [0.0, 1.0]], [[2.0, 3.0], [0.0, 0.0]])
    np.testing.assert_allclose(mean, [4.0, 1.0], rtol=1e-15)
    np.testing.assert_allclose(std, [5.0, 0.0], rtol=1e-15)


def test_moments_of_a_sum_with_a_target_agree_with_draws():
    mean, std = np.array([3.0, 10.0, 960.0]), np.array([1.0, 2.0, 15.0])
    draws = AGGREGATES[0].utility(np.random.default_rng(0).normal(mean, std, (200_000, 3)))
    computed_mean, computed_std = AGGREGATES[0].utility_moments(mean, std)
    assert abs(draws.mean() - computed_mean) < 4 * computed_std / np.sqrt(200_000)
    squares = (draws - draws.mean()) ** 2
    assert abs(squares.mean() - computed_std**2) < 4 * squares.std() / np.sqrt(200_000)


def test_moments_without_a_closed_form_are_refused():
    for objective in AGGREGATES[1:]:
        with pytest.raises(InvalidDataError, match="have no closed form: take its utility of joint draws"):
            objective.utility_moments(np.zeros((4, 3)), np.ones((4, 3)))


def test_folded_moments_are_those_of_the_standardised_outcome():
    target = Target("peak", 950, 20)
    mean, std = target.folded_moments([960.0, 930.0], [5.0, 0.0])
    np.testing.assert_array_equal(mean, [0.5, -1.0])
    np.testing.assert_array_equal(std, [0.25, 0.0])
    draws = np.random.default_rng(0).normal(mean[0], std[0], 1_000)
    np.testing.assert_allclose(target.utility(950 + 20 * draws), -np.abs(draws), atol=1e-12)
    with pytest.raises(InvalidDataError, match="mean must be finite"):
        target.folded_moments([np.nan], [1.0])


def test_chebyshev_needs_a_scale_and_takes_one():
    bare = Chebyshev(PARTS[:2], rho=0.0)
    assert not bare.is_scaled
    with pytest.raises(InvalidDataError, match=r"chebyshev\(width, yield\) needs limits.*call scaled"):
        bare.utility([1.0, 2.0])
    scaled = bare.scaled(np.array([-10.0, 0.0]), [-5, 100])
    assert scaled.is_scaled
    assert not bare.is_scaled
    assert scaled == Chebyshev(PARTS[:2], rho=0.0, lows=(-10, 0), highs=(-5, 100))
    np.testing.assert_allclose(scaled.utility([[5, 60], [10, 100]]), [-0.2, -0.5], rtol=1e-15)


def test_equal_limits_get_a_scale():
    scaled = Chebyshev(PARTS[:2]).scaled([-8.0, 0.0], [-8.0, 0.0])
    assert (scaled.lows, scaled.highs) == ((-16.0, -1.0), (-8.0, 0.0))
    assert scaled.utility([8.0, 0.0]) == 0


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([0.0], [1.0]),
        ([0.0, 1.0], [1.0, 0.0]),
        ([0.0, -np.inf], [1.0, 1.0]),
        (np.zeros((2, 2)), np.ones((2, 2))),
    ],
)
def test_limits_that_cannot_be_are_refused(low, high):
    with pytest.raises(InvalidDataError, match=r"chebyshev\(width, yield\)"):
        Chebyshev(PARTS[:2]).scaled(low, high)


def test_every_point_of_a_dent_is_best_for_some_weights():
    """The front (0, 1), (0.4, 0.4), (1, 0) is dented: no weighted sum prefers its middle, Chebyshev does."""
    front = np.array([[0.0, 1.0], [0.4, 0.4], [1.0, 0.0]])
    parts = [Maximize("a"), Maximize("b")]
    weights = [(w, 1 - w) for w in np.linspace(0.01, 0.99, 99)]
    by_sum = {int(WeightedSum(parts, w).utility(front).argmax()) for w in weights}
    by_distance = {int(Chebyshev(parts, w).scaled([0, 0], [1, 1]).utility(front).argmax()) for w in weights}
    assert (by_sum, by_distance) == ({0, 2}, {0, 1, 2})


def test_a_file_becomes_objects():
    read = ADAPTER.validate_python(tomllib.loads(TOML)["objectives"])
    parts = [Minimize("width"), Target("peak", 950, 20)]
    aggregate = Chebyshev(parts, [0.25, 0.75], rho=0, lows=[-10, -1], highs=[-5, 0])
    assert read == [aggregate, OutcomeConstraint("yield", lower=20)]
    assert split_objectives(read) == ([aggregate], read[1:])


@pytest.mark.parametrize("objective", **by_type)
def test_frozen_hashable_and_the_same_after_json_and_pickle(objective):
    assert ADAPTER.validate_json(ADAPTER.dump_json([objective])) == [objective]
    assert ADAPTER.validate_python([objective.model_dump(exclude_none=True)]) == [objective]
    assert hash(pickle.loads(pickle.dumps(objective))) == hash(objective)
    with pytest.raises(InvalidDataError, match="frozen"):
        objective.parts = ()


def test_arrays_are_taken_for_numbers():
    assert WeightedSum(PARTS, np.array([2.0, 0.5, 1.0])) == AGGREGATES[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WeightedSum(PARTS[:1]), "at least 2 items"),
        (lambda: WeightedSum(), "parts is missing"),
        (lambda: WeightedSum([PARTS[0], Maximize("width")]), r"\['width'\] occur in more than one part"),
        (
            lambda: WeightedSum(PARTS, [1.0]),
            "weights: one number for each of the 3 parts was expected, got 1",
        ),
        (lambda: WeightedSum(PARTS[:2], [1.0, -1.0]), "greater than or equal to 0"),
        (lambda: WeightedSum(PARTS[:2], [0.0, 0.0]), "at least one must be above 0"),
        (lambda: WeightedSum([PARTS[0], AGGREGATES[0]]), "parts"),
        (lambda: WeightedSum([PARTS[0], OutcomeConstraint("a", 0, 1)]), "parts"),
        (lambda: Chebyshev(PARTS[:2], rho=-1), "rho"),
        (lambda: Chebyshev(PARTS[:2], [0.0, 0.0]), "at least one must be above 0"),
        (lambda: Chebyshev(PARTS[:2], lows=[0, 0]), "give both or neither"),
        (lambda: Chebyshev(PARTS[:2], lows=[5, 0], highs=[10, -1]), "part 'yield': low must be below high"),
        (lambda: Desirability(PARTS[:2], [0, 0]), "highs is missing"),
        (
            lambda: Desirability(PARTS[:2], [10, 0], [5, 1]),
            "an outcome that is minimised enters with its sign",
        ),
        (lambda: Desirability(PARTS[:2], [0, 0], [1, 1], [1, 0]), "greater than 0"),
        (lambda: Desirability(PARTS[:2], [0, 0], [1, np.inf]), "finite"),
    ],
)
def test_fields_that_cannot_be_are_refused(make, message):
    with pytest.raises(InvalidDataError, match=message):
        make()


@pytest.mark.parametrize("objective", **by_type)
@pytest.mark.parametrize("y", [[1.0, 2.0], 3.0, [[1.0], [2.0]]])
def test_outcomes_of_another_number_are_refused(objective, y):
    with pytest.raises(InvalidDataError, match=r"3 columns, \['width', 'yield', 'peak'\] in this order"):
        objective.utility(y)
