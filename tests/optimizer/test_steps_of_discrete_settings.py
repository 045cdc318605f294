"""Steps of discrete settings: what they lead to, back within the constraints, and maxima on thin edges."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
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

MIXED = SearchSpace(
    [Real("x", 0, 4), Integer("n", 1, 20), Discrete("d", [1, 5, 7]), Categorical("s", ["a", "b", "c"])]
)


def settings_of(space, function):
    """Return the score of points whose settings have a value by this function."""
    return lambda points: np.asarray(function(space.decode(np.clip(points, 0, 1))), dtype=float)


@pytest.mark.parametrize("seed", range(3))
def test_steps_lead_to_the_best_of_each_discrete_setting(seed, ask_best):
    """From two candidates of 180 combinations of discrete settings."""

    def value(rows):
        return (
            -np.abs(rows["n"] - 17)
            + 3 * (rows["d"] == 1)
            + 2 * (rows["s"] == "c")
            - np.square(rows["x"] - 1.5)
        )

    row, _ = ask_best(MIXED, settings_of(MIXED, value), seed=seed)
    assert row[["n", "d", "s"]].iloc[0].tolist() == [17, 1.0, "c"]
    assert row["x"].item() == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_two_settings_are_changed_together_where_neither_alone_is_worth_it(seed, ask_best):
    """s and d are worth something only in pairs, of which the last is the best."""
    worth = {("a", 1.0): 1, ("b", 5.0): 2, ("c", 7.0): 3}

    def value(rows):
        return [worth.get(pair, 0) for pair in zip(rows["s"], rows["d"], strict=True)] - (rows["x"] - 1) ** 2

    row, _ = ask_best(MIXED, settings_of(MIXED, value), seed=seed)
    assert row[["s", "d"]].iloc[0].tolist() == ["c", 7.0]


def test_discrete_settings_keep_to_their_values_and_bounds(ask_best):
    """All that is scored are settings: at its bounds a number goes inwards only."""
    space = SearchSpace([Integer("n", 1, 3), Discrete("d", [2, 4]), Real("x", 0, 1)])
    row, _ = ask_best(space, settings_of(space, lambda rows: rows["n"] + rows["d"] - rows["x"]))
    assert row[["n", "d", "x"]].iloc[0].tolist() == [3, 4.0, 0.0]
    asked = np.concatenate(ask_best.seen)
    assert set(asked[:, 0]) <= {0.0, 0.5, 1.0}
    assert set(asked[:, 1]) <= {0.0, 1.0}


@pytest.mark.parametrize("seed", range(3))
def test_from_its_least_value_a_number_steps_up_only(seed, ask_best):
    """To one of the next two, or one further off: three values are tried, the largest ones not among them."""
    space = SearchSpace([Discrete("d", range(100)), Real("x", 0, 1)])
    row, _ = ask_best(space, settings_of(space, lambda rows: -rows["d"] - np.square(rows["x"])), seed=seed)
    assert row["d"].item() == 0.0
    tried = [np.unique(np.rint(99 * points[:, 0])) for points in ask_best.seen]
    around = [values for values in tried if 1 in values and 2 in values and 0 not in values]
    assert around
    assert max(map(len, around)) <= 3


@pytest.mark.parametrize("seed", range(3))
def test_a_step_out_of_the_constraints_leads_to_the_nearest_place_within(seed, ask_best):
    """Each n has its best place on the edge a + b = 4 + n, nearest to where the climb stood before."""
    space = SearchSpace(
        [Real("a", 0, 10), Real("b", 0, 10), Integer("n", 0, 10)],
        [LinearConstraint({"a": 1, "b": 1, "n": -1}, upper=4)],
    )
    value = settings_of(space, lambda rows: -np.square(rows[["a", "b"]] - 9).sum(axis=1) - 30 * rows["n"])
    row, _ = ask_best(space, value, seed=seed)
    # on the edge a = b = 2 + n / 2 and the value is -2 (7 - n / 2)² - 30 n, highest at n = 0
    np.testing.assert_allclose(row[["a", "b", "n"]].iloc[0].astype(float), [2, 2, 0], atol=0.1)


def test_values_without_a_place_are_left_out(ask_best):
    """Only n = 5, and n = 6 with a = 0, keep the sum of a and n between 5 and 6."""
    space = SearchSpace(
        [Real("a", 0, 1), Integer("n", 0, 10)], [LinearConstraint({"a": 1, "n": 1}, lower=5, upper=6)]
    )
    row, _ = ask_best(space, settings_of(space, lambda rows: 10 * rows["n"] - np.square(rows["a"] - 0.5)))
    assert row[["a", "n"]].iloc[0].tolist() == [0.0, 6]
    row, _ = ask_best(space, settings_of(space, lambda rows: -np.square(rows["a"] - 0.5)))
    assert row["n"].item() == 5
    assert row["a"].item() == pytest.approx(0.5, abs=1e-3)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 4), is_mixture=st.booleans())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_place_within_is_the_projection_on_the_polytope(seed, n, is_mixture, ask_best):
    """A switch is worth much; besides it is wanted to be near a point outside, as SLSQP finds it."""
    rng = np.random.default_rng(seed)
    slope, total = rng.standard_normal(n), n / 3
    constraints = [LinearConstraint({f"x{i}": slope[i] for i in range(n)}, upper=slope.sum() / 3)]
    rules = [{"type": "ineq", "fun": lambda u: slope.sum() / 3 - slope @ u}]
    if is_mixture:
        constraints.append(LinearConstraint({f"x{i}": 1.0 for i in range(n)}, lower=total, upper=total))
        rules.append({"type": "eq", "fun": lambda u: u.sum() - total})
    space = SearchSpace([*(Real(f"x{i}", 0, 1) for i in range(n)), Integer("on", 0, 9)], constraints)
    point = rng.random(n)

    def score(points):
        return 5 * points[:, n] - np.square(points[:, :n] - point).sum(axis=1)

    _, found = ask_best(space, score, seed=seed)
    best = minimize(
        lambda u: np.square(u - point).sum(),
        np.full(n, 1 / 3),
        bounds=[(0, 1)] * n,
        constraints=rules,
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    assert found[n] == 1.0
    assert np.square(found[:n] - point).sum() <= best.fun + 1e-3


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
