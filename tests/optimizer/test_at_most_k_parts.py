"""Mixtures of at most k of n parts: what is proposed keeps to it exactly, and the best parts are found."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    BayesianOptimizer,
    CampaignSettings,
    CardinalityConstraint,
    Categorical,
    Context,
    Integer,
    LinearConstraint,
    Minimize,
    NonlinearConstraint,
    Real,
    SearchSpace,
)
from bnnopt.exceptions import InfeasibleSpaceError
from bnnopt.space import random_pool

NAMES = list("abcdef")
PARTS = [Real(name, 0, 1) for name in NAMES]
SUM = LinearConstraint(dict.fromkeys(NAMES, 1.0), lower=1, upper=1)
THREE = CardinalityConstraint(NAMES, 3, least=0.05)
SPACES = {
    "mixture": SearchSpace(PARTS, [SUM, THREE]),
    "no sum": SearchSpace(PARTS, [THREE]),
    "any amount": SearchSpace(PARTS, [SUM, CardinalityConstraint(NAMES, 3)]),
    "two or three": SearchSpace(PARTS, [SUM, CardinalityConstraint(NAMES, 3, lower=2, least=0.2)]),
    "mixed": SearchSpace(
        [*PARTS, Integer("n", 1, 5), Categorical("s", ["x", "y"]), Real("rate", 1, 100, scale="log")],
        [LinearConstraint({**SUM.coefficients, "n": -0.2}, lower=0, upper=0), THREE],
    ),
    "two kinds": SearchSpace(
        PARTS,
        [SUM, CardinalityConstraint(NAMES[:3], 1, lower=1, least=0.1), CardinalityConstraint(NAMES[3:], 2)],
    ),
    "a function": SearchSpace(PARTS, [SUM, THREE, NonlinearConstraint(lambda rows: rows["a"] >= rows["b"])]),
}


def check(space, batch, n):
    """Rows are feasible, and what is not exactly zero is no crumb."""
    assert len(batch) == n
    assert space.is_feasible(batch).all()
    amounts = batch[NAMES].to_numpy()
    least = min(each.least for each in space.constraints if isinstance(each, CardinalityConstraint))
    assert amounts[amounts != 0].min(initial=np.inf) >= least * (1 - 1e-9)


def outcome(rows):
    wanted = np.array([0.5, 0.0, 0.3, 0.0, 0.2, 0.0])
    return ((rows[NAMES].to_numpy(dtype=float) - wanted) ** 2).sum(axis=1)


@pytest.mark.parametrize("surrogate", ["gaussian_process_ensemble", BayesianRidge()], ids=["GP", "linear"])
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_every_row_keeps_to_it(space, surrogate, make_optimizer):
    """With exact slopes and with slopes by differences, alone and in a batch."""
    optimizer = make_optimizer(space, surrogate=surrogate, n_initial=8)
    for n in (8, 1, 3):
        batch = optimizer.ask(n)
        check(space, batch, n)
        optimizer.tell(batch[space.names], outcome(batch))


def test_wishes_of_one_ask(make_told):
    space = SPACES["mixture"]
    optimizer = make_told(space, n=9, outcome=outcome)
    held = optimizer.ask(2, held={"a": 0.3, "b": 0.0})
    check(space, held, 2)
    assert (held[["a", "b"]] == [0.3, 0.0]).all(axis=None)
    shared = optimizer.ask(3, shared=["c"])
    check(space, shared, 3)
    assert (shared["c"] == shared["c"].iloc[0]).all()
    check(space, optimizer.ask(3, exploration=0.5, n_replicates=1), 3)
    pool = optimizer.ask(4, candidates=random_pool(space, 500, random_state=0, block_size=100))
    check(space, pool, 4)
    one = make_told(space, n=9, outcome=outcome).ask(2, constraints=[CardinalityConstraint(NAMES, 1)])
    assert (one[NAMES] != 0).sum(axis=1).tolist() == [1, 1]
    with pytest.raises(InfeasibleSpaceError, match="No setting within the bounds"):
        optimizer.ask(held=dict.fromkeys("abcd", 0.1))


@pytest.mark.parametrize("n_told", [9, 30])
def test_in_a_trust_region(n_told, make_told):
    space = SPACES["mixture"]
    optimizer = make_told(space, n=n_told, outcome=outcome, trust_region=True)
    batch = optimizer.ask(3)
    check(space, batch, 3)
    assert batch["reason"].str.startswith("the box").any()


def test_context_takes_part(make_optimizer):
    space = SearchSpace([*PARTS, Context("T")], [SUM, THREE])
    optimizer = make_optimizer(space, n_initial=8)
    for n in (8, 2):
        batch = optimizer.ask(n, context={"T": 20.0})
        check(space, batch, n)
        optimizer.tell(batch[space.names], outcome(batch))


def test_rows_that_break_it_are_learned_from_and_not_repeated(make_optimizer):
    space = SPACES["mixture"]
    optimizer = make_optimizer(space, n_initial=4)
    rows = SearchSpace(PARTS, [SUM]).sample(8, random_state=0)  # all six parts
    optimizer.tell(rows, outcome(rows))
    assert optimizer.summary()["n_measured"] == 8
    check(space, optimizer.ask(2), 2)


def test_a_restart_changes_nothing(make_told):
    before = make_told(SPACES["mixture"], n=8, outcome=outcome, surrogate="gaussian_process")
    after = BayesianOptimizer.from_json(before.to_json())
    assert after.space == before.space
    pd.testing.assert_frame_equal(before.ask(2), after.ask(2))


def test_a_campaign_reads_it(tmp_path):
    path = tmp_path / "campaign.toml"
    path.write_text(
        """
name = "solvents"
objectives = [{ type = "minimize", name = "y" }]
[surrogate]
name = "gaussian_process"
[space]
variables = [
    { type = "real", name = "A", lower = 0, upper = 1 },
    { type = "real", name = "B", lower = 0, upper = 1 },
    { type = "real", name = "C", lower = 0, upper = 1 },
]
[[space.constraints]]
type = "cardinality"
variables = ["A", "B", "C"]
upper = 2
least = 0.05
"""
    )
    space = CampaignSettings.from_toml(path).space
    assert space.constraints == (CardinalityConstraint(["A", "B", "C"], upper=2, least=0.05),)
    assert (CampaignSettings.from_toml(path).make_optimizer().ask(6) == 0)[["A", "B", "C"]].any(axis=1).all()


def parts_of(found):
    return {name for name in NAMES if found[name].item()}


@pytest.mark.parametrize("held", [{}, {"a": 0.6, "c": 0.0}], ids=["free", "held"])
@pytest.mark.parametrize("wanted", ["abd", "ade", "aef"])
def test_parts_come_in_and_go_out_until_the_best_are_in(wanted, held, ask_best):
    """From two candidates; what is held stays in or out. Amounts say nothing of what is wanted."""
    space = SPACES["mixture"]

    def score(points):
        is_in = space.decode(points)[NAMES].to_numpy() != 0
        return -(is_in != [name in wanted for name in NAMES]).sum(axis=1).astype(float)

    found, _ = ask_best(space, score, n_candidates=8, wishes={"held": held})
    assert parts_of(found) == set(wanted)
    assert all(found[name].item() == value for name, value in held.items())


class Known(RegressorMixin, BaseEstimator):
    """Knows a function of the settings, almost surely."""

    def __init__(self, function=None, space=None):
        self.function, self.space = function, space

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X, return_std=False, noise=True):
        mean = self.function(self.space.decode(np.clip(X, 0, 1)))
        return (mean, np.full(mean.shape, 1e-3)) if return_std else mean


TWENTY = [f"x{i}" for i in range(20)]
PRICES = dict(zip(TWENTY, np.random.default_rng(5).permutation(20) / 10, strict=True))
OF_TWENTY = SearchSpace(
    [Real(name, 0, 0.4) for name in TWENTY],
    [
        LinearConstraint(dict.fromkeys(TWENTY, 1.0), lower=1, upper=1),
        CardinalityConstraint(TWENTY, 3, least=0.05),
    ],
)


def price(rows):
    """What the parts of a mixture cost however much of them is in it."""
    return (rows[TWENTY].to_numpy() != 0) @ np.array(list(PRICES.values()))


@pytest.mark.parametrize("seed", range(3))
def test_the_cheapest_parts_are_found_where_slopes_say_nothing(seed):
    """Sums of 1 need three parts of 0.4: of 1,140 supports the best are the three cheapest parts."""
    optimizer = BayesianOptimizer(
        OF_TWENTY,
        [Minimize("price")],
        surrogate=Known(price, OF_TWENTY),
        n_initial=6,
        n_candidates=256,
        random_state=seed,
    )
    rows = optimizer.ask(6)
    optimizer.tell(rows, price(rows))
    found = optimizer.ask(1)
    assert {name for name in TWENTY if found[name].item()} == {n for n in TWENTY if PRICES[n] < 0.25}


def distance(rows):
    wanted = np.array([0.5, 0.0, 0.3, 0.02, 0.2, 0.0])
    return ((rows[NAMES].to_numpy() - wanted) ** 2).sum(axis=1)


def test_the_nearest_mixture_of_three_by_hand():
    """Of four parts that are wanted the least is too little; the others add up."""
    space = SPACES["mixture"]
    optimizer = BayesianOptimizer(
        space,
        [Minimize("y")],
        surrogate=Known(distance, space),
        n_initial=6,
        n_candidates=256,
        random_state=0,
    )
    rows = optimizer.ask(6)
    optimizer.tell(rows, distance(rows))
    found = optimizer.ask(1)[NAMES].to_numpy()[0]
    np.testing.assert_allclose(found, [0.5, 0.0, 0.3, 0.0, 0.2, 0.0], atol=5e-3)
