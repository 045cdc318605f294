"""Climbs end at the maxima that scipy finds, inside every constraint, and never lower than they began."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from bnnopt import Categorical, Context, Integer, LinearConstraint, NonlinearConstraint, Real, SearchSpace
from bnnopt.optimizer._maximum._climbs import SMALLEST_GAIN, climb, spread_starts
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._hill import Hill
from bnnopt.optimizer._maximum._projected import HALF_STEP

BOUNDS = [(0.0, 1.0), (-5.0, 10.0), (100.0, 101.0)]
# Of the spread of the starts' scores: a climb stops where a step gains less than the smallest gain, and what
# a few more steps would gain depends on the version of SciPy (3.6 of it with 1.15, below 3 with 1.16).
TOLERANCE = 5 * SMALLEST_GAIN


def reals(n, constraints=()):
    return SearchSpace([Real(f"x{i}", *BOUNDS[i % 3]) for i in range(n)], constraints)


def in_cube(weights, **limits):
    """Return a constraint on the coordinates of the unit cube, in the units of `reals`."""
    low, high = np.array([BOUNDS[i % 3] for i in range(len(weights))]).T
    scaled = np.array(weights) / (high - low)
    moved = {side: limit + float(scaled @ low) for side, limit in limits.items()}
    return LinearConstraint({f"x{i}": float(weight) for i, weight in enumerate(scaled)}, **moved)


def concave(centre, seed=0):
    """Return a concave quadratic of the cube, its axes at an angle; 0 at the centre, its maximum."""
    centre = np.asarray(centre, dtype=float)
    angles = np.random.default_rng(seed).standard_normal((len(centre), len(centre)))
    shape = angles @ angles.T / len(centre) + 0.2 * np.eye(len(centre))

    def score(points):
        return -np.einsum("ij,jk,ik->i", points - centre, shape, points - centre)

    return score


def climbed(space, score, starts):
    """Return where climbs from settings end, encoded."""

    def is_feasible(points):
        return space.is_feasible(space.decode(points))

    faces = Faces.of(space)
    ends, scores = climb(Hill(faces, score, is_feasible), space.encode(starts), faces.slack(starts))
    np.testing.assert_array_equal(scores, score(ends))
    assert is_feasible(ends).all()
    return ends


def slsqp(score, n, constraints=()):
    found = minimize(
        lambda x: -score(x[None])[0],
        np.full(n, 0.5),
        bounds=[(0, 1)] * n,
        constraints=constraints,
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 300},
    )
    return -found.fun


def gaps(space, score, best, *, n_starts=6, seed=0):
    """Return how far below the maximum climbs end, as shares of the spread of the starts' scores."""
    starts = space.sample(n_starts, random_state=seed)
    spread = np.ptp(score(space.encode(starts)))
    return (best - score(climbed(space, score, starts))) / spread


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_a_maximum_inside_is_reached(n):
    score = concave(np.linspace(0.2, 0.7, n))
    assert gaps(reals(n), score, 0.0).max() < TOLERANCE


@pytest.mark.parametrize(
    "centre",
    [
        [1.4, 0.5, 0.3],
        [0.2, -0.3, 0.6],
        [-2.0, 0.5, 3.0],
        [1.5, 1.5, 1.5, 1.5, 1.5],
        [-9.0, 9.0, -9.0],
        [0.0, 0.5, 1.0],
    ],
    ids=["one face", "another", "an edge", "towards a corner", "far off", "on the bounds"],
)
def test_a_maximum_at_the_bounds_is_reached(centre):
    score, n = concave(centre), len(centre)
    found = minimize(lambda x: -score(x[None])[0], np.full(n, 0.5), bounds=[(0, 1)] * n, method="L-BFGS-B")
    assert gaps(reals(n), score, -found.fun).max() < TOLERANCE


def test_a_slope_that_never_ends_leads_to_its_corner():
    space = reals(4)
    signs = np.array([1.0, -2.0, 0.5, -1.0])
    ends = climbed(space, lambda points: points @ signs, space.sample(5, random_state=0))
    np.testing.assert_allclose(ends, np.tile([1.0, 0.0, 1.0, 0.0], (5, 1)), atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [2, 3, 6])
@pytest.mark.parametrize("kind", ["mixture", "upper", "band", "mixture and upper", "three faces"])
def test_a_maximum_under_linear_constraints_is_that_of_slsqp(kind, n, seed):
    rng = np.random.default_rng(seed)
    sums, slope, other = np.ones(n), rng.standard_normal(n), rng.standard_normal(n)
    middle = slope.sum() / 2
    linear, rules = {
        "mixture": ([in_cube(sums, lower=1.0, upper=1.0)], [("eq", sums, 1.0)]),
        "upper": ([in_cube(slope, upper=middle)], [("ineq", -slope, -middle)]),
        "band": (
            [in_cube(slope, lower=middle - 0.1, upper=middle + 0.1)],
            [("ineq", -slope, -middle - 0.1), ("ineq", slope, middle - 0.1)],
        ),
        "mixture and upper": (
            [in_cube(sums, lower=1.0, upper=1.0), in_cube(slope, upper=slope.mean() + 0.05)],
            [("eq", sums, 1.0), ("ineq", -slope, -slope.mean() - 0.05)],
        ),
        "three faces": (
            [
                in_cube(slope, upper=middle),
                in_cube(other, upper=other.sum() / 2),
                in_cube(sums, lower=0.4 * n),
            ],
            [("ineq", -slope, -middle), ("ineq", -other, -other.sum() / 2), ("ineq", sums, 0.4 * n)],
        ),
    }[kind]
    rules = [
        {"type": sort, "fun": lambda x, weights=weights, limit=limit: weights @ x - limit}
        for sort, weights, limit in rules
    ]
    score = concave(rng.uniform(-0.3, 1.3, n), seed)
    assert gaps(reals(n, linear), score, slsqp(score, n, rules), seed=seed).max() < TOLERANCE


def test_a_climb_leaves_a_corner_between_faces_that_hold_it_together_only():
    """At the corner the slope crosses both faces; along one of them it leads away from the other."""
    space = reals(2, [in_cube([1.0, 1.0], upper=1.0)])
    starts = space.decode([[1.0, 0.0], [0.9, 0.05]])
    ends = climbed(space, lambda points: points @ [1.0, 2.0], starts)
    np.testing.assert_allclose(ends, [[0.0, 1.0], [0.0, 1.0]], atol=1e-9)


def test_a_climb_goes_on_along_a_face_that_was_a_hair_away():
    space = reals(2, [in_cube([1.0, 0.0], upper=0.5)])
    starts = space.decode([[0.5 - 1e-7, 0.1], [0.1, 0.1]])
    ends = climbed(space, lambda points: 100 * points[:, 0] + points[:, 1], starts)
    np.testing.assert_allclose(ends, [[0.5, 1.0], [0.5, 1.0]], atol=1e-9)


def test_mixtures_stay_mixtures():
    space = reals(5, [in_cube(np.ones(5), lower=2.0, upper=2.0)])
    ends = climbed(space, concave([0.9, 0.1, 0.4, 0.4, 0.9]), space.sample(8, random_state=0))
    np.testing.assert_allclose(ends.sum(axis=1), 2.0, rtol=1e-9)


def waves(points):
    return np.sin(9 * points).sum(axis=1) + 3 * points[:, 0] * points[:, -1]


def steps(points):
    return np.floor(5 * points).sum(axis=1) + np.abs(points[:, 0] - 0.5)


def half_vetoed(points):
    return np.where(points[:, 0] <= 0.5, points[:, 0] + waves(points), -np.inf)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 5),
    kind=st.sampled_from(["free", "mixture", "upper", "ball"]),
    score=st.sampled_from([waves, steps, half_vetoed]),
)
@settings(max_examples=40, deadline=None)
def test_no_climb_ends_lower_than_it_began(seed, n, kind, score):
    constraints = {
        "free": [],
        "mixture": [in_cube(np.ones(n), lower=1.0, upper=1.0)],
        "upper": [in_cube(np.arange(1.0, n + 1), upper=n / 2)],
        "ball": [NonlinearConstraint(lambda d: (d["x0"] - 0.5) ** 2 + ((d["x1"] - 2.5) / 15) ** 2 <= 0.1)],
    }[kind]
    space = reals(n, constraints)
    starts = space.sample(4, random_state=seed)
    before = space.encode(starts)
    untouched = before.copy()
    after = score(climbed(space, score, starts))
    np.testing.assert_array_equal(before, untouched)
    assert (after >= score(before)).all()


def test_the_climbs_of_one_batch_do_not_know_each_other():
    space, score = reals(3, [in_cube(np.ones(3), upper=1.5)]), waves
    starts = space.sample(6, random_state=0)
    order = np.array([5, 0, 3, 1, 4, 2])
    np.testing.assert_array_equal(
        climbed(space, score, starts)[order], climbed(space, score, starts.iloc[order])
    )


def test_a_maximum_inside_a_nonlinear_region_is_reached_and_its_edge_is_kept():
    disc = NonlinearConstraint(lambda d: (d["x0"] - 0.5) ** 2 + ((d["x1"] - 2.5) / 15) ** 2 <= 0.16)
    space = reals(2, [disc])
    starts = space.sample(6, random_state=0)
    inside = climbed(space, concave([0.6, 0.4]), starts)
    np.testing.assert_allclose(inside, np.tile([0.6, 0.4], (6, 1)), atol=0.02)
    score = concave([2.0, 0.5])
    assert (score(climbed(space, score, starts)) > score(space.encode(starts))).all()


def test_half_a_space_that_is_vetoed_does_not_stop_a_climb():
    def score(points):
        return np.where(points[:, 0] <= 0.5, -((points - [0.5, 0.3]) ** 2).sum(axis=1), -np.inf)

    space = reals(2)
    starts = space.decode([[0.1, 0.9], [0.49, 0.95], [0.5, 0.3]])
    ends = climbed(space, score, starts)
    np.testing.assert_allclose(ends[:, 1], 0.3, atol=0.02)
    assert (ends[:, 0] <= 0.5).all()
    assert score(ends).min() > -0.01


MIXED = SearchSpace(
    [
        Categorical("s", ["a", "b", "c"]),
        Real("x", 0, 10),
        Integer("i", 0, 4),
        Real("c", 1, 100, scale="log"),
        Context("T", lower=10, upper=30),
        Real("z", -1, 1),
    ],
    [LinearConstraint({"x": 1, "i": 2, "T": 0.1}, upper=11)],
)


def test_only_continuous_settings_move():
    free = Faces.of(MIXED).is_free
    assert free.tolist() == [False, False, False, True, False, True, False, True]
    starts = MIXED.sample(6, random_state=0)

    def score(points):  # everything would like to rise
        return points @ np.arange(1.0, 9.0)

    ends = climbed(MIXED, score, starts)
    before = MIXED.encode(starts)
    np.testing.assert_array_equal(ends[:, ~free], before[:, ~free])
    np.testing.assert_allclose(ends[:, [5, 7]], 1.0)  # the log scale is free where no constraint binds it
    room = 11 - 2 * starts["i"] - 0.1 * starts["T"]
    np.testing.assert_allclose(MIXED.decode(ends)["x"], np.minimum(room, 10), rtol=1e-6)


def test_a_logarithmic_variable_in_a_linear_constraint_stands_still():
    constraint = LinearConstraint({"c": 1, "x": 1}, upper=60)
    space = SearchSpace([Real("x", 0, 50), Real("c", 1, 100, scale="log")], [constraint])
    faces = Faces.of(space)
    assert faces.is_free.tolist() == [True, False]
    starts = space.sample(5, random_state=0)
    ends = space.decode(climbed(space, lambda points: points.sum(axis=1), starts))
    np.testing.assert_allclose(ends["c"], starts["c"])
    np.testing.assert_allclose(ends["x"], np.minimum(60 - starts["c"], 50))


def test_nothing_to_move_and_nothing_to_climb():
    finite = SearchSpace([Integer("i", 0, 4), Categorical("s", ["a", "b"])])
    points = finite.encode(finite.sample(3, random_state=0))
    faces = Faces.of(finite)
    np.testing.assert_array_equal(climb(Hill(faces, waves), points, np.zeros((3, 0)))[0], points)
    empty = np.empty((0, 2))
    ends, scores = climb(Hill(Faces.of(reals(2)), waves), empty, np.zeros((0, 0)))
    assert (ends.shape, scores.shape) == ((0, 2), (0,))
    pinned = SearchSpace(
        [Real("x", 0, 1), Real("z", 0, 1)],
        [
            LinearConstraint({"x": 1, "z": 1}, lower=1, upper=1),
            LinearConstraint({"x": 1, "z": -1}, lower=0, upper=0),
        ],
    )
    ends = climbed(pinned, lambda points: points[:, 0], pd.DataFrame({"x": [0.5], "z": [0.5]}))
    np.testing.assert_array_equal(ends, [[0.5, 0.5]])


def test_starts_of_minus_infinity_stay():
    space = reals(2)
    starts = space.decode([[0.9, 0.9], [0.2, 0.2], [0.4, 0.1]])
    ends = climbed(space, half_vetoed, starts)
    np.testing.assert_allclose(ends[0], [0.9, 0.9])
    assert (half_vetoed(ends)[1:] > half_vetoed(space.encode(starts))[1:]).all()
    nowhere = climbed(space, lambda points: np.full(len(points), -np.inf), starts)
    np.testing.assert_array_equal(nowhere, space.encode(starts))


def test_a_flat_score_moves_nothing():
    space = reals(3)
    starts = space.sample(4, random_state=0)
    ends = climbed(space, lambda points: np.zeros(len(points)), starts)
    np.testing.assert_array_equal(ends, space.encode(starts))


@pytest.mark.parametrize("scale", [1e-100, 1e-20, 1e6])
def test_the_unit_of_the_score_does_not_matter(scale):
    space, score = reals(3, [in_cube(np.ones(3), upper=1.5)]), concave([0.9, 0.9, 0.3])
    starts = space.sample(4, random_state=0)
    plain = climbed(space, score, starts)
    scaled = climbed(space, lambda points: scale * score(points), starts)
    np.testing.assert_allclose(scaled, plain, atol=1e-6)


def test_a_score_is_asked_within_the_cube_only_and_seldom():
    asked = []

    def score(points):
        asked.append(points)
        return concave([1.2, 0.5, 0.5, -0.2])(points)

    space = reals(4)
    starts = space.encode(space.sample(8, random_state=0))
    ends, _ = climb(Hill(Faces.of(space), score), starts, np.zeros((8, 0)))
    points = np.concatenate(asked)
    assert ((points >= 0) & (points <= 1)).all()
    assert len(asked) <= 1 + 2 * 30
    assert len(ends) == 8


def test_a_score_of_single_precision_has_slopes():
    def score(points):
        return concave([0.3, 0.6, 0.2])(points).astype(np.float32).astype(float)

    assert HALF_STEP >= 1e-4
    assert gaps(reals(3), score, 0.0).max() < 10 * TOLERANCE


def test_faces_by_hand():
    space = SearchSpace(
        [Real("a", 0, 10), Real("b", -5, 5), Integer("n", 0, 3), Real("free", 0, 1)],
        [
            LinearConstraint({"a": 3, "b": 4, "n": 1}, lower=-20, upper=60),
            LinearConstraint({"a": 1, "b": 1}, lower=2, upper=2),
            LinearConstraint({"n": 1}, upper=2),
        ],
    )
    faces = Faces.of(space)
    assert faces.is_free.tolist() == [True, True, False, True]
    assert faces.is_bound.tolist() == [True, True, False]
    assert faces.is_equality.tolist() == [False, False, True]  # nothing that moves is in the third
    half = np.sqrt(0.5)
    np.testing.assert_allclose(faces.normals, [[0.6, 0.8, 0], [-0.6, -0.8, 0], [half, half, 0]])
    settings = pd.DataFrame({"a": [2.0, 4.0], "b": [0.0, -2.0], "n": [1, 3], "free": [0.1, 0.2]})
    # one unit of the cube across the first face is 50 of 3 a + 4 b
    np.testing.assert_allclose(faces.slack(settings), [[53 / 50, 27 / 50, 0], [53 / 50, 27 / 50, 0]])


def test_faces_of_a_space_without_constraints():
    space = reals(3)
    faces = Faces.of(space)
    assert faces.normals.shape == (0, 3)
    assert faces.slack(space.sample(4, random_state=0)).shape == (4, 0)


@given(seed=st.integers(0, 1000), n_points=st.integers(0, 40), n=st.integers(0, 10))
@settings(max_examples=40, deadline=None)
def test_starts_are_the_best_that_keep_their_distance(seed, n_points, n):
    rng = np.random.default_rng(seed)
    points, scores = rng.random((n_points, 2)), rng.standard_normal(n_points)
    scores[rng.random(n_points) < 0.2] = -np.inf
    chosen = spread_starts(points, scores, n)
    assert len(set(chosen)) == len(chosen) <= n
    assert np.isfinite(scores[chosen]).all()
    assert (np.diff(scores[chosen]) <= 0).all()
    if n and np.isfinite(scores).any():
        assert chosen[0] == np.argmax(scores)
    apart = np.abs(points[chosen][:, None] - points[chosen]).max(axis=2, initial=0.0)
    assert (apart[~np.eye(len(chosen), dtype=bool)] >= 0.1).all()
    if len(chosen) < n:  # every other one that counts crowds a better one
        for place in np.setdiff1d(np.flatnonzero(np.isfinite(scores)), chosen):
            better = [other for other in chosen if scores[other] >= scores[place]]
            assert np.abs(points[better] - points[place]).max(axis=1).min() < 0.1
