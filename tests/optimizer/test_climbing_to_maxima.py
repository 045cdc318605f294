"""Suggestions climb to the maxima that scipy finds, inside every constraint, from two candidates."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from bnnopt import Categorical, Context, Integer, LinearConstraint, NonlinearConstraint, Real, SearchSpace

BOUNDS = [(0.0, 1.0), (-5.0, 10.0), (100.0, 101.0)]
# Of the spread of scores: a climb stops where a step gains less than 1e-4 of the spread of its starts, and
# what a few more steps would gain depends on the version of SciPy.
TOLERANCE = 5e-4


def reals(n, constraints=()):
    return SearchSpace([Real(f"x{i}", *BOUNDS[i % 3]) for i in range(n)], constraints)


def in_cube(weights, **limits):
    """Return a constraint on the coordinates of the unit cube, in the units of `reals`."""
    low, high = np.array([BOUNDS[i % 3] for i in range(len(weights))]).T
    scaled = np.array(weights) / (high - low)
    moved = {side: limit + float(scaled @ low) for side, limit in limits.items()}
    return LinearConstraint({f"x{i}": float(weight) for i, weight in enumerate(scaled)}, **moved)


class Concave:
    """A concave quadratic of the cube, its axes at an angle; 0 at the centre, its maximum."""

    def __init__(self, centre, seed=0):
        self.centre, n = np.asarray(centre, dtype=float), len(centre)
        angles = np.random.default_rng(seed).standard_normal((n, n))
        self.shape = angles @ angles.T / n + 0.2 * np.eye(n)

    def __call__(self, points):
        return -np.einsum("ij,jk,ik->i", points - self.centre, self.shape, points - self.centre)

    def slope(self, points):
        return -2 * (points - self.centre) @ self.shape


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


@pytest.fixture
def gap(ask_best):
    """Return a function: how far below the maximum a suggestion is, as a share of the spread of scores."""

    def measure(space, score, best, *, is_exact=False, seed=0):
        slope = score.slope if is_exact else None
        row, point = ask_best(space, score, slope=slope, seed=seed)
        assert row["score"].item() == pytest.approx(score(point[None])[0], abs=1e-9)
        spread = np.ptp(score(space.encode(space.sample(6, random_state=seed))))
        return (best - row["score"].item()) / spread

    return measure


@pytest.mark.parametrize("is_exact", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_a_maximum_inside_is_reached(n, is_exact, gap):
    score = Concave(np.linspace(0.2, 0.7, n))
    assert max(gap(reals(n), score, 0.0, is_exact=is_exact, seed=seed) for seed in range(2)) < TOLERANCE


@pytest.mark.parametrize("is_exact", [False, True])
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
def test_a_maximum_at_the_bounds_is_reached(centre, is_exact, gap):
    score, n = Concave(centre), len(centre)
    found = minimize(lambda x: -score(x[None])[0], np.full(n, 0.5), bounds=[(0, 1)] * n, method="L-BFGS-B")
    assert gap(reals(n), score, -found.fun, is_exact=is_exact) < TOLERANCE


def test_a_slope_that_never_ends_leads_to_its_corner(ask_best):
    signs = np.array([1.0, -2.0, 0.5, -1.0])
    _, end = ask_best(reals(4), lambda points: points @ signs)
    np.testing.assert_allclose(end, [1.0, 0.0, 1.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("is_exact", [False, True])
@pytest.mark.parametrize(("n", "seed"), [(2, 0), (3, 1), (6, 2)])
@pytest.mark.parametrize("kind", ["mixture", "upper", "band", "mixture and upper", "three faces"])
def test_a_maximum_under_linear_constraints_is_that_of_slsqp(kind, n, seed, is_exact, gap):
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
    score = Concave(rng.uniform(-0.3, 1.3, n), seed)
    best = slsqp(score, n, rules)
    assert gap(reals(n, linear), score, best, is_exact=is_exact, seed=seed) < TOLERANCE


@pytest.mark.parametrize("seed", range(8))
def test_a_plane_leads_to_the_corner_that_linear_programming_finds(seed, ask_best):
    """On the way faces are met one after the other, and left again where others hold the climb."""
    rng = np.random.default_rng(seed)
    n, weights, plane = 4, rng.standard_normal((4, 4)), rng.standard_normal(4)
    limits = weights.sum(axis=1) / 2 + 0.05
    space = reals(n, [in_cube(each, upper=limit) for each, limit in zip(weights, limits, strict=True)])
    row, _ = ask_best(space, lambda points: points @ plane, seed=seed)
    best = -linprog(-plane, A_ub=weights, b_ub=limits, bounds=(0, 1)).fun
    assert row["score"].item() == pytest.approx(best, abs=1e-6)


def test_a_climb_goes_on_along_faces_that_are_a_hair_away(ask_best):
    """The first coordinate has a ten millionth of its range: all starts are that near to both faces."""
    space = reals(2, [in_cube([1.0, 0.0], lower=0.5 - 1e-7, upper=0.5)])
    _, end = ask_best(space, lambda points: 100 * points[:, 0] + points[:, 1])
    np.testing.assert_allclose(end, [0.5, 1.0], atol=1e-9)


def test_mixtures_stay_mixtures(ask_best):
    space = reals(5, [in_cube(np.ones(5), lower=2.0, upper=2.0)])
    _, end = ask_best(space, Concave([0.9, 0.1, 0.4, 0.4, 0.9]))
    assert end.sum() == pytest.approx(2.0, rel=1e-9)


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
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_suggestion_is_lower_than_a_candidate(seed, n, kind, score, ask_best):
    constraints = {
        "free": [],
        "mixture": [in_cube(np.ones(n), lower=1.0, upper=1.0)],
        "upper": [in_cube(np.arange(1.0, n + 1), upper=n / 2)],
        "ball": [NonlinearConstraint(lambda d: (d["x0"] - 0.5) ** 2 + ((d["x1"] - 2.5) / 15) ** 2 <= 0.1)],
    }[kind]
    row, _ = ask_best(reals(n, constraints), score, seed=seed, n_candidates=32)
    assert row["score"].item() >= score(ask_best.seen[0]).max()  # the first that is scored are candidates


def test_many_climbs_at_once_find_the_highest_of_many_maxima(ask_best):
    space, grid = reals(3), np.linspace(0, 1, 101)
    row, _ = ask_best(space, waves, n_candidates=64)
    ends = np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(-1, 3)
    assert row["score"].item() >= waves(ends).max()


@pytest.mark.parametrize("seed", range(3))
def test_climbs_begin_on_different_hills(seed, ask_best):
    """All but every fiftieth place of the steep hill is lower than the whole of the broad one."""

    def two_hills(points):
        x = points[:, 0]
        return np.maximum(0.9 - 0.1 * np.abs(x - 0.25), 1.0 - 8 * np.abs(x - 0.8)) - 9.0 * (
            np.abs(x - 0.65) < 0.02
        )

    row, end = ask_best(reals(1), two_hills, seed=seed, n_candidates=64)
    assert row["score"].item() > 0.99
    assert end[0] == pytest.approx(0.8, abs=1e-2)


def test_a_maximum_inside_a_nonlinear_region_is_reached_and_its_edge_is_kept(ask_best):
    disc = NonlinearConstraint(lambda d: (d["x0"] - 0.5) ** 2 + ((d["x1"] - 2.5) / 15) ** 2 <= 0.16)
    for seed in range(3):
        _, inside = ask_best(reals(2, [disc]), Concave([0.6, 0.4]), seed=seed)
        np.testing.assert_allclose(inside, [0.6, 0.4], atol=0.02)
        score = Concave([2.0, 0.5])
        row, _ = ask_best(reals(2, [disc]), score, seed=seed)
        assert row["score"].item() > score(ask_best.seen[0]).max()


@pytest.mark.parametrize("seed", range(3))
def test_half_a_space_that_is_vetoed_does_not_stop_a_climb(seed, ask_best):
    def score(points):
        return np.where(points[:, 0] <= 0.5, -((points - [0.5, 0.3]) ** 2).sum(axis=1), -np.inf)

    row, end = ask_best(reals(2), score, n_candidates=8, seed=seed)
    assert end[1] == pytest.approx(0.3, abs=0.02)
    assert end[0] <= 0.5
    assert row["score"].item() > -0.01


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


def test_everything_that_may_rises_as_far_as_it_may(ask_best):
    """One of i is worth 5 / 4, and two of x, 8 / 10, less."""
    row, _ = ask_best(MIXED, lambda points: points @ np.arange(1.0, 9.0), context={"T": 20.0})
    found = row.iloc[0]
    assert (found["s"], found["i"], found["T"]) == ("c", 4, 20.0)
    assert found[["x", "c", "z"]].to_list() == pytest.approx([1.0, 100.0, 1.0], rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_line_is_followed_where_a_logarithmic_variable_takes_part(seed, ask_best):
    """It stands still itself, so that the other goes to its edge."""
    constraint = LinearConstraint({"c": 1, "x": 1}, upper=60)
    space = SearchSpace([Real("x", 0, 50), Real("c", 1, 100, scale="log")], [constraint])
    row, _ = ask_best(space, lambda points: points.sum(axis=1), seed=seed)
    np.testing.assert_allclose(row["x"], np.minimum(60 - row["c"], 50))


def test_nothing_to_move(ask_best):
    finite = SearchSpace([Integer("i", 0, 4), Categorical("s", ["a", "b"])])
    told = pd.DataFrame({"i": [1, 2], "s": ["b", "b"]})
    row, _ = ask_best(finite, lambda points: points[:, 0] - points[:, 1], told=told, n_candidates=32)
    assert (row["i"].item(), row["s"].item()) == (4, "b")
    pinned = SearchSpace(
        [Real("x", 0, 1), Real("z", 0, 1)],
        [
            LinearConstraint({"x": 1, "z": 1}, lower=1, upper=1),
            LinearConstraint({"x": 1, "z": -1}, lower=0, upper=0),
        ],
    )
    told = pd.DataFrame({"x": [0.1, 0.2], "z": [0.3, 0.9]})
    _, end = ask_best(pinned, lambda points: points[:, 0], told=told)
    np.testing.assert_allclose(end, [0.5, 0.5], rtol=1e-12)


def test_a_flat_score_leads_nowhere(ask_best):
    _, end = ask_best(reals(3), lambda points: np.zeros(len(points)))
    assert np.isclose(ask_best.seen[0], end, rtol=0, atol=1e-12).all(axis=1).any()


@pytest.mark.parametrize("scale", [1e-100, 1e-20, 1e6])
def test_the_unit_of_the_score_does_not_matter(scale, ask_best):
    space, score = reals(3, [in_cube(np.ones(3), upper=1.5)]), Concave([0.9, 0.9, 0.3])
    plain = ask_best(space, score)[1]
    scaled = ask_best(space, score, acquisition=lambda mean, std: scale * mean)[1]
    np.testing.assert_allclose(scaled, plain, atol=1e-6)


def test_a_score_is_asked_within_the_cube_only_and_seldom(ask_best):
    ask_best(reals(4), Concave([1.2, 0.5, 0.5, -0.2]), n_candidates=64)
    points = np.concatenate(ask_best.seen)
    assert ((points >= 0) & (points <= 1)).all()
    assert 10 < len(ask_best.seen) <= 4 + 2 * 30


def test_a_score_of_single_precision_has_slopes(gap):
    score = Concave([0.3, 0.6, 0.2, 0.7, 0.4])
    single = lambda points: score(points).astype(np.float32)  # noqa: E731
    assert max(gap(reals(5), single, 0.0, seed=seed) for seed in range(4)) < TOLERANCE
