import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from bnnopt.exceptions import InfeasibleSpaceError, InvalidDataError
from bnnopt.space import (
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    NonlinearConstraint,
    Real,
    SearchSpace,
)

PARTS = [Real(name, 0, 30) for name in "ABCD"]
TOTAL = dict.fromkeys("ABCD", 1.0)
# A of a uniform point of the simplex A + B + C + D = 30 is 30 * Beta(1, 3)
SIMPLEX_MEAN, SIMPLEX_STD = 30 / 4, 30 * np.sqrt(3 / 80)


def test_uniform_in_the_scale_of_each_variable():
    space = SearchSpace(
        [
            Real("x", -1, 3),
            Real("c", 1, 100, scale="log"),
            Integer("n", 1, 4),
            Categorical("s", ["a", "b", "c"]),
        ]
    )
    frame = space.sample(40_000, random_state=0)
    assert space.is_feasible(frame).all()
    assert frame["x"].mean() == pytest.approx(1, abs=0.03)
    assert (frame["c"] < 10).mean() == pytest.approx(0.5, abs=0.015)
    np.testing.assert_allclose(frame["n"].value_counts(normalize=True), 0.25, atol=0.015)
    np.testing.assert_allclose(frame["s"].value_counts(normalize=True), 1 / 3, atol=0.015)


def test_log_integers_have_their_share_of_the_log_scale():
    frame = SearchSpace([Integer("n", 1, 100, scale="log")]).sample(40_000, random_state=0)
    assert set(frame["n"]) == set(range(1, 101))
    assert (frame["n"] == 1).mean() == pytest.approx(np.log(3) / np.log(201), abs=0.01)


def test_same_seed_same_rows():
    space = SearchSpace(PARTS, [LinearConstraint(TOTAL, lower=29.9, upper=30)])
    assert_frame_equal(space.sample(50, random_state=3), space.sample(50, random_state=3))
    generator = np.random.default_rng(3)
    assert_frame_equal(space.sample(50, random_state=generator), space.sample(50, random_state=3))
    assert not space.sample(50, random_state=4).equals(space.sample(50, random_state=3))


def test_rejection_keeps_a_wide_constraint_uniform():
    space = SearchSpace(PARTS[:2], [LinearConstraint({"A": 1, "B": 1}, upper=30)])
    frame = space.sample(20_000, random_state=0)
    assert len(frame) == 20_000
    assert space.is_feasible(frame).all()
    np.testing.assert_allclose(frame.mean(), 10, atol=0.2)


def test_thin_polytope():
    space = SearchSpace(PARTS, [LinearConstraint(TOTAL, lower=29.9, upper=30)])
    frame = space.sample(4000, random_state=0)
    assert space.is_feasible(frame).all()
    assert frame.drop_duplicates().shape == (4000, 4)
    np.testing.assert_allclose(frame.mean(), SIMPLEX_MEAN, atol=0.4)
    np.testing.assert_allclose(frame.std(), SIMPLEX_STD, atol=0.4)
    assert frame.sum(axis=1).mean() == pytest.approx(29.95, abs=0.005)


@pytest.mark.parametrize(
    "constraints",
    [
        [LinearConstraint(TOTAL, lower=30, upper=30)],
        [LinearConstraint(TOTAL, lower=30), LinearConstraint(TOTAL, upper=30)],
    ],
    ids=["one equality", "two inequalities that meet"],
)
def test_mixture_sums_are_exact(constraints):
    space = SearchSpace(PARTS, constraints)
    frame = space.sample(4000, random_state=0)
    np.testing.assert_allclose(frame.sum(axis=1), 30, rtol=1e-9)
    assert space.is_inside(frame).all()
    np.testing.assert_allclose(frame.mean(), SIMPLEX_MEAN, atol=0.4)
    np.testing.assert_allclose(frame.std(), SIMPLEX_STD, atol=0.4)


def test_two_equalities_and_an_inequality():
    space = SearchSpace(
        PARTS,
        [
            LinearConstraint(TOTAL, lower=30, upper=30),
            LinearConstraint({"A": 1, "B": -2}, lower=0, upper=0),
            LinearConstraint({"C": 1, "D": -1}, lower=0),
        ],
    )
    frame = space.sample(500, random_state=0)
    np.testing.assert_allclose(frame.sum(axis=1), 30, rtol=1e-9)
    np.testing.assert_allclose(frame["A"], 2 * frame["B"], atol=1e-9)
    assert (frame["C"] >= frame["D"] - 1e-9).all()


def test_a_single_feasible_point():
    frame = SearchSpace(PARTS, [LinearConstraint(TOTAL, lower=120)]).sample(3, random_state=0)
    np.testing.assert_allclose(frame, 30, rtol=1e-9)


def test_equality_with_integers_log_scales_and_levels():
    space = SearchSpace(
        [
            Integer("A", 0, 100),
            Real("B", 0, 100),
            Integer("C", 0, 100),
            Real("c", 1, 100, scale="log"),
            Categorical("s", ["x", "y"]),
        ],
        [LinearConstraint({"A": 1, "B": 1, "C": 1}, lower=100, upper=100)],
    )
    frame = space.sample(2000, random_state=0)
    assert space.is_feasible(frame).all()
    np.testing.assert_allclose(frame[["A", "B", "C"]].sum(axis=1), 100, rtol=1e-9)
    np.testing.assert_allclose(frame[["A", "B", "C"]].mean(), 100 / 3, atol=2)
    assert (frame["c"] < 10).mean() == pytest.approx(0.5, abs=0.05)
    assert (frame["s"] == "x").mean() == pytest.approx(0.5, abs=0.05)


def test_integers_alone_that_sum_to_a_total():
    space = SearchSpace(
        [Integer(name, 0, 100) for name in "ABC"],
        [LinearConstraint(dict.fromkeys("ABC", 1), lower=100, upper=100)],
    )
    frame = space.sample(1000, random_state=0)
    assert (frame.sum(axis=1) == 100).all()
    np.testing.assert_allclose(frame.mean(), 100 / 3, atol=3)


def test_rare_corner_of_log_scales():
    space = SearchSpace(
        [Real(name, 1, 100, scale="log") for name in "AB"], [LinearConstraint({"A": 1, "B": 1}, lower=190)]
    )
    frame = space.sample(3000, random_state=0)
    assert len(frame) == 3000
    assert space.is_feasible(frame).all()


def test_rare_nonlinear_region_is_explored_from_the_points_found():
    disc = NonlinearConstraint(lambda d: (d["A"] - 10) ** 2 + (d["B"] - 20) ** 2, upper=0.01, name="disc")
    space = SearchSpace(PARTS, [disc])
    frame = space.sample(3000, random_state=0)
    assert space.is_feasible(frame).all()
    assert frame.drop_duplicates().shape == (3000, 4)
    np.testing.assert_allclose(frame[["A", "B"]].mean(), [10, 20], atol=0.01)
    np.testing.assert_allclose(frame["A"].std(), 0.05, atol=0.01)
    np.testing.assert_allclose(frame["C"].mean(), 15, atol=1)


def test_contradiction_names_the_constraints_at_fault():
    constraints = [
        LinearConstraint(TOTAL, lower=60),
        LinearConstraint({"A": 1}, upper=4),
        LinearConstraint(TOTAL, upper=50),
    ]
    with pytest.raises(InfeasibleSpaceError, match=r"\(60 <= .*\) and \(1\*A \+ .* <= 50\)") as error:
        SearchSpace(PARTS, constraints)
    assert "1*A <= 4" not in str(error.value)


def test_contradiction_on_log_scales_is_definite():
    with pytest.raises(InfeasibleSpaceError, match=r"No setting within the bounds satisfies \(101 <= 1\*A\)"):
        SearchSpace([Real("A", 1, 100, scale="log")], [LinearConstraint({"A": 1}, lower=101)])


@pytest.mark.parametrize(
    "constraints", [[], [LinearConstraint(TOTAL, lower=30, upper=30)]], ids=["box", "mixture"]
)
def test_nothing_found_says_how_many_were_tried(constraints):
    never = NonlinearConstraint(lambda d: d["A"] < 0, name="never")
    space = SearchSpace(PARTS, [*constraints, never])
    with pytest.raises(InfeasibleSpaceError, match=r"No feasible point among \d{6,}.*never"):
        space.sample(1, random_state=0)


def test_context_is_given_or_drawn():
    space = SearchSpace(
        [
            Real("A", 0, 1),
            Context("T"),
            Context("h", lower=20, upper=60),
            Context("batch", levels=["x", "y"]),
        ],
        [LinearConstraint({"A": 1, "T": 1}, upper=12.5)],
    )
    frame = space.sample(200, random_state=0, context={"T": 12.0, "batch": "y"})
    assert list(frame.columns) == ["A", "T", "h", "batch"]
    assert (frame["T"] == 12).all()
    assert (frame["batch"] == "y").all()
    assert frame["A"].max() <= 0.5
    assert frame["h"].between(20, 60).all()
    assert frame["h"].nunique() == 200


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (None, r"no value for \['T'\]"),
        ({"A": 1}, r"\['A'\] are no context variables. Known: \['T', 'batch'\]"),
        ({"T": "warm"}, "'T' has text"),
        ({"T": 1.0, "batch": "z"}, r"'batch' has a level that is not one of \['x', 'y'\]"),
    ],
)
def test_bad_context_is_named(context, message):
    space = SearchSpace([Real("A", 0, 1), Context("T"), Context("batch", levels=["x", "y"])])
    with pytest.raises(InvalidDataError, match=message):
        space.sample(2, random_state=0, context=context)


def test_contradiction_with_the_context_says_so():
    space = SearchSpace([Real("A", 0, 1), Context("T")], [LinearConstraint({"A": 1, "T": 1}, upper=1)])
    with pytest.raises(InfeasibleSpaceError, match=r"with \{'T': 5\}"):
        space.sample(2, random_state=0, context={"T": 5})


def test_row_counts():
    space = SearchSpace(PARTS, [LinearConstraint(TOTAL, lower=30, upper=30)])
    assert space.sample(0, random_state=0).shape == (0, 4)
    assert space.sample(1, random_state=0).shape == (1, 4)
    assert isinstance(space.sample(2, random_state=0).index, pd.RangeIndex)
    for n in (-1, 1.5):
        with pytest.raises(InvalidDataError, match="whole number >= 0"):
            space.sample(n)
