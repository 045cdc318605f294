"""Steps of discrete settings: what they lead to, back within the constraints, and maxima on thin edges."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, RegressorMixin

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    Discrete,
    Integer,
    LinearConstraint,
    Minimize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._neighbours import neighbours

MIXED = SearchSpace(
    [Real("x", 0, 4), Integer("n", 1, 20), Discrete("d", [1, 5, 7]), Categorical("s", ["a", "b", "c"])]
)
CENTRE = pd.DataFrame({"x": [1.5], "n": [10], "d": [5.0], "s": ["b"]})


def test_neighbours_are_one_or_two_steps_away():
    near = neighbours(MIXED, CENTRE, 1000, np.random.default_rng(0))
    n_changed = (near != CENTRE.iloc[0]).sum(axis=1)
    assert set(n_changed) == {1, 2}
    assert (near["x"] == 1.5).all()
    assert not near.duplicated().any()
    assert MIXED.is_feasible(near).all()
    alone = near[n_changed == 1]
    assert {8, 9, 11, 12} <= set(alone["n"]) <= set(range(1, 21))
    assert set(alone["d"]) == {1.0, 5.0, 7.0}
    assert set(alone["s"]) == {"a", "b", "c"}


@pytest.mark.parametrize("n", [0, 1, 5])
def test_no_more_neighbours_than_wanted(n):
    assert len(neighbours(MIXED, CENTRE, n, np.random.default_rng(1))) == n


def test_at_its_bounds_a_number_goes_inwards_only():
    space = SearchSpace([Integer("n", 1, 3), Discrete("d", [2, 4]), Real("x", 0, 1)])
    corner = pd.DataFrame({"n": [1], "d": [4.0], "x": [0.5]})
    near = neighbours(space, corner, 100, np.random.default_rng(2))
    assert set(zip(near["n"], near["d"], strict=True)) == {(2, 4), (3, 4), (1, 2), (2, 2), (3, 2)}


def test_the_nearest_place_by_hand():
    space = SearchSpace(
        [Real("a", 0, 10), Real("b", 0, 10), Integer("n", 0, 10)],
        [LinearConstraint({"a": 1, "b": 1, "n": -1}, upper=4)],
    )
    outside = pd.DataFrame({"a": [5.0, 5.0, 9.0, 1.0], "b": [5.0, 5.0, 1.0, 1.0], "n": [6, 0, 0, 0]})
    found = space.decode(Faces.of(space).nearest(space.encode(outside), outside))
    np.testing.assert_allclose(found["a"], [5, 2, 4, 1], atol=1e-9)
    np.testing.assert_allclose(found["b"], [5, 2, 0, 1], atol=1e-9)
    assert found["n"].tolist() == [6, 0, 0, 0]


def test_where_no_place_is_left_a_row_is_left_out():
    space = SearchSpace(
        [Real("a", 0, 1), Integer("n", 0, 10)], [LinearConstraint({"a": 1, "n": 1}, lower=5, upper=6)]
    )
    rows = pd.DataFrame({"a": [0.5, 0.5, 0.5], "n": [2, 5, 9]})
    found = space.decode(Faces.of(space).nearest(space.encode(rows), rows))
    assert found["n"].tolist() == [5]


@given(seed=st.integers(0, 10_000), n=st.integers(1, 5), is_mixture=st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_feasible_place_is_nearer_than_the_nearest(seed, n, is_mixture):
    """It is the projection on the polytope, as SLSQP finds it."""
    rng = np.random.default_rng(seed)
    slope, total = rng.standard_normal(n), n / 3
    constraints = [LinearConstraint({f"x{i}": slope[i] for i in range(n)}, upper=slope.sum() / 3)]
    rules = [{"type": "ineq", "fun": lambda u: slope.sum() / 3 - slope @ u}]
    if is_mixture:
        constraints.append(LinearConstraint({f"x{i}": 1.0 for i in range(n)}, lower=total, upper=total))
        rules.append({"type": "eq", "fun": lambda u: u.sum() - total})
    space = SearchSpace([Real(f"x{i}", 0, 1) for i in range(n)], constraints)
    point = rng.random((1, n))
    found = Faces.of(space).nearest(point, space.decode(point))
    assert space.is_feasible(found).all()
    best = minimize(
        lambda u: np.square(u - point[0]).sum(),
        np.full(n, 1 / 3),
        bounds=[(0, 1)] * n,
        constraints=rules,
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    assert np.linalg.norm(found - point) <= np.sqrt(best.fun) + 1e-6


class KnownTank(RegressorMixin, BaseEstimator):
    """Knows the cost and the volume of a tank of n plates, radius r and length l, almost surely."""

    trains_outputs_jointly = True

    def fit(self, X, y):
        X, y = np.asarray(X), np.asarray(y)
        truth = tank(TANKS.decode(X))[["cost", "volume"]].to_numpy()
        self.scale_ = truth.std(axis=0)
        self.mean_ = truth.mean(axis=0)
        return self

    def predict(self, X, return_std=False, noise=True):
        truth = tank(TANKS.decode(np.clip(X, 0, 1)))[["cost", "volume"]].to_numpy()
        mean = (truth - self.mean_) / self.scale_
        return (mean, np.full(mean.shape, 1e-4)) if return_std else mean


TANKS = SearchSpace(
    [Integer("n", 1, 99), Integer("m", 1, 99), Real("r", 10, 200), Real("l", 10, 200)],
    [LinearConstraint({"n": 1, "r": -0.3}, lower=0), LinearConstraint({"m": 1, "r": -0.15}, lower=0)],
)
VOLUME = 400_000.0


def tank(rows):
    n, m, r, length = (rows[name].to_numpy(float) for name in TANKS.names)
    return pd.DataFrame({"cost": n * r * length + 2 * m * r**2, "volume": r**2 * length})


def least_cost():
    """Return the least cost: at a volume and numbers of plates it falls or rises with the radius throughout,
    or has its least value where 4 m r³ = n VOLUME.
    """
    n, m = np.meshgrid(np.arange(1, 100), np.arange(1, 100))
    low, high = np.sqrt(VOLUME / 200), np.minimum.reduce([n / 0.3, m / 0.15, np.full(n.shape, 200.0)])
    r = np.clip(np.cbrt(n * VOLUME / (4 * m)), low, high)
    cost = n * VOLUME / r + 2 * m * r**2
    return cost[(high >= low) & (VOLUME / r**2 >= 10)].min()


@pytest.mark.parametrize("seed", range(2))
def test_the_best_setting_on_thin_edges_is_found(seed):
    """A step of n or m is worth something only if r goes back to its edge and l makes up for the volume."""
    optimizer = BayesianOptimizer(
        TANKS,
        [Minimize("cost"), OutcomeConstraint("volume", lower=VOLUME)],
        surrogate=KnownTank(),
        n_initial=6,
        n_candidates=512,
        random_state=seed,
    )
    rows = optimizer.ask(6)
    optimizer.tell(rows, tank(rows))
    found = tank(optimizer.ask(1))
    assert found["volume"].item() >= VOLUME * (1 - 1e-3)
    assert found["cost"].item() <= 1.02 * least_cost()


@pytest.mark.parametrize(
    "space",
    [
        SearchSpace(
            [Categorical("s", ["a", "b", "c"]), Real("x", 0, 1), Integer("n", 0, 9), Discrete("d", [1, 5])]
        ),
        SearchSpace(  # no neighbour of what is discrete has a place
            [Integer("n", 0, 9), Real("x", 0, 1)], [LinearConstraint({"n": 1, "x": 1}, lower=3.2, upper=3.4)]
        ),
        SearchSpace(  # nothing that moves in a climb
            [Real("c", 1, 100, scale="log"), Integer("n", 0, 9)],
            [LinearConstraint({"c": 1, "n": 5}, upper=60)],
        ),
        SearchSpace([Categorical("s", ["a", "b"]), Real("x", 0, 1)]),
    ],
    ids=["all kinds", "one value", "no continuum that moves", "levels"],
)
def test_mixed_spaces_of_all_kinds_have_a_best_setting(make_optimizer, space):
    """The cheap surrogate is linear and so are the outcomes: the best setting is the corner they point to."""
    optimizer = make_optimizer(space, n_initial=24)

    def outcome(rows):
        return -space.encode(rows) @ np.arange(1.0, space.n_dims + 1)

    rows = optimizer.ask(24)
    optimizer.tell(rows, outcome(rows))
    found = optimizer.ask(1)[space.names]
    assert space.is_feasible(found).all()
    elsewhere = space.sample(2000, random_state=1)
    spread = np.ptp(outcome(elsewhere))
    assert outcome(found).item() <= outcome(elsewhere).min() + 0.02 * spread


def test_held_settings_and_context_stay_where_they_are(make_optimizer):
    space = SearchSpace(
        [Integer("n", 0, 20), Integer("m", 0, 20), Real("x", 0, 1), Context("T", lower=0, upper=9)]
    )
    optimizer = make_optimizer(space, n_initial=8)
    rows = optimizer.ask(8, context={"T": 4.0})
    optimizer.tell(rows, rows["n"] + rows["m"] - rows["x"])
    found = optimizer.ask(1, context={"T": 5.0}, held={"m": 7})
    assert (found["m"].item(), found["T"].item(), found["n"].item()) == (7, 5.0, 0)
