"""Mixtures of a few parts that a laboratory weighs out in steps: exact zeros, least amounts, exact sums."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import BayesianRidge

from bnnopt import (
    BayesianOptimizer,
    CardinalityConstraint,
    Categorical,
    LinearConstraint,
    Minimize,
    Real,
    SearchSpace,
)
from bnnopt.space import faces_of, product_pool, sobol_pool, support_steps

NAMES = list("abcd")
STEPPED = [Real(name, 0, 1, step=0.05) for name in NAMES]
SUM = LinearConstraint(dict.fromkeys(NAMES, 1.0), lower=1, upper=1)
TWO = CardinalityConstraint(NAMES, 2, least=0.15)
SPACES = {
    "no sum": SearchSpace(STEPPED, [TWO]),
    "sum": SearchSpace(STEPPED, [SUM, TWO]),
    "any amount": SearchSpace(STEPPED, [SUM, CardinalityConstraint(NAMES, 2)]),
    "digits": SearchSpace([Real(name, 0, 1, digits=2) for name in NAMES], [SUM, TWO]),
    "some": SearchSpace([*STEPPED[:2], Real("c", 0, 1), Real("d", 0, 1)], [SUM, TWO]),
    "mixed": SearchSpace(
        [*STEPPED, Real("T", 20, 80, step=5), Categorical("s", ["x", "y"]), Real("z", 0, 1)], [SUM, TWO]
    ),
}


def check(space, rows):
    """Rows are feasible, numbers those of the grids exactly, and what is not zero no less than the least."""
    assert space.is_feasible(rows).all()
    for variable in space.settings:
        if variable.name in space.stepped_names:
            places = variable.grid.places(rows[variable.name].to_numpy())
            assert (rows[variable.name] == variable.grid.values(places)).all()
    amounts = rows[NAMES].to_numpy()
    least = space.constraints[-1].least or 0.05
    assert amounts[amounts != 0].min(initial=np.inf) >= least * (1 - 1e-9)
    assert ((amounts != 0).sum(axis=1) <= 2).all()


def outcome(rows):
    wanted = np.array([0.0, 0.37, 0.0, 0.63])
    return ((rows[NAMES].to_numpy(dtype=float) - wanted) ** 2).sum(axis=1)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_what_is_drawn_keeps_steps_zeros_and_least_amounts(space):
    rows = space.sample(300, random_state=0)
    check(space, rows)
    check(space, space.design(20, random_state=0))
    check(space, pd.concat(sobol_pool(space, 500, random_state=0)))
    assert set((rows[NAMES] != 0).sum(axis=1)) == ({1, 2} if space.constraints[0] is SUM else {0, 1, 2})
    for face in faces_of(space, rows):
        check(space, face.sample(3, random_state=0)[space.names])


def test_each_value_of_a_part_has_the_same_chance():
    space = SearchSpace(STEPPED[:2], [CardinalityConstraint(["a", "b"], 1, least=0.8)])
    counts = space.sample(9000, random_state=0)["a"].value_counts()
    assert counts[0.0] == pytest.approx(6000, rel=0.05)
    assert sorted(counts.index) == [0.0, 0.8, 0.85, 0.9, 0.95, 1.0]
    assert counts.drop(0.0).to_numpy() == pytest.approx(600, rel=0.15)


def test_all_settings_are_counted_out():
    every = SPACES["sum"].enumerate_points(21**4)
    check(SPACES["sum"], every)
    assert len(every) == 4 + 6 * 15  # one part alone; two of 0.15 to 0.85
    values = {name: [0.0, 0.1, 0.15, 0.5, 0.85, 1.0] for name in NAMES}
    check(SPACES["sum"], pd.concat(product_pool(SPACES["sum"], values)))


@pytest.mark.parametrize("surrogate", ["gaussian_process_ensemble", BayesianRidge()], ids=["GP", "linear"])
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_all_that_is_asked_can_be_set(space, surrogate, make_optimizer):
    optimizer = make_optimizer(space, surrogate=surrogate, n_initial=6)
    for n in (6, 1, 3):
        rows = optimizer.ask(n)
        assert len(rows) == n
        check(space, rows)
        optimizer.tell(rows[space.names], outcome(rows))
    assert optimizer.summary()["n_repeated"] == 0


def test_the_best_of_all_settings_is_found_by_climbs_rounding_and_other_parts():
    """Among 52,000 settings of three parts out of six, where steps on the grid alone stop too early."""
    names = list("abcdef")
    space = SearchSpace(
        [Real(name, 0, 1, digits=2) for name in names],
        [
            LinearConstraint(dict.fromkeys(names, 1.0), lower=1, upper=1),
            CardinalityConstraint(names, 3, least=0.1),
        ],
    )
    shares = np.array([(i, j, 100 - i - j) for i in range(101) for j in range(101 - i)]) / 100
    shares = shares[((shares == 0) | (shares >= 0.1)).all(axis=1)]
    tables = [pd.DataFrame(shares, columns=list(three)) for three in combinations(names, 3)]
    every = pd.concat(tables).reindex(columns=names).fillna(0.0).drop_duplicates(ignore_index=True)
    assert space.is_feasible(every).all()
    optimizer = BayesianOptimizer(
        space, [Minimize("y")], surrogate="gaussian_process", random_state=1, n_candidates=64
    )
    rows = space.design(14, random_state=1)
    optimizer.tell(
        rows, ((rows[["b", "d", "f"]] - [0.37, 0.23, 0.4]) ** 2).sum(axis=1) + rows["a"] * rows["b"]
    )
    best = optimizer.score_pool(every, n_best=1, is_screened=False).best["score"].item()
    assert optimizer.ask(1)["score"].item() == pytest.approx(best, rel=1e-9)


def test_in_a_trust_region_held_and_shared(make_optimizer):
    space = SPACES["digits"]
    optimizer = make_optimizer(space, n_initial=8, trust_region=True)
    rows = space.design(9, random_state=1)
    optimizer.tell(rows, outcome(rows))
    for wishes in ({}, {"held": {"a": 0.3}}, {"held": {"a": 0.0}}, {"shared": "b"}):
        rows = optimizer.ask(2, **wishes)
        check(space, rows)
        optimizer.tell(rows, outcome(rows))


def test_a_part_in_the_place_of_another_takes_its_amount_over_to_its_own_step():
    space = SearchSpace(
        [Real("a", 0, 1), Real("b", 0, 0.5, step=0.1), Real("c", 0, 0.34, step=0.1)],
        [CardinalityConstraint(["a", "b", "c"], 1, least=0.1)],
    )
    assert support_steps(space, {"a": 0.37, "b": 0.0, "c": 0.0}) == [
        {"a": 0.0},
        {"a": 0.0, "b": 0.4},
        {"a": 0.0, "c": 0.3},
    ]
    assert support_steps(space, {"a": 0.0, "b": 0.0, "c": 0.0}) == [{"a": 0.1}, {"b": 0.1}, {"c": 0.1}]


def test_a_least_amount_that_cannot_be_set_is_refused():
    parts = [Real("a", 0, 1, step=0.02), Real("b", 0, 1)]
    with pytest.raises(
        ValueError, match=r"'a' has a step of 0.02 and cannot be set to the least amount 0.05; make that 0.06"
    ):
        SearchSpace(parts, [CardinalityConstraint(["a", "b"], 1, least=0.05)])
    with pytest.raises(
        ValueError, match=r"'a' cannot be more than 0.9, which is less than the least amount 0.95"
    ):
        SearchSpace([Real("a", 0, 1, step=0.45)], [CardinalityConstraint(["a"], 1, least=0.95)])
    SearchSpace([Real("a", 0, 1, step=0.1)], [CardinalityConstraint(["a"], 1, least=0.1 + 0.2)])


def test_rounding_keeps_zeros_and_least_amounts():
    space = SPACES["no sum"]
    rows = pd.DataFrame({"a": [0.0, 0.15, 0.1501], "b": [0.151, 0.0, 0.999], "c": 0.0, "d": 0.0})
    rounded = space.rounded(rows)
    assert rounded[["a", "b"]].to_numpy().tolist() == [[0.0, 0.15], [0.15, 0.0], [0.15, 1.0]]
    assert space.is_feasible(rounded).all()
