"""Levels described by numbers in the optimizer: always levels, moved by discrete steps only."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, Categorical, Context, LinearConstraint, Real, SearchSpace
from bnnopt.exceptions import SpaceExhaustedWarning
from bnnopt.space import product_pool

LEVELS = [f"L{number}" for number in range(8)]
POLARITY = dict(zip(LEVELS, [0.0, 0.9, 0.3, 0.55, 1.0, 0.15, 0.7, 0.42], strict=True))
LIGAND = Categorical("ligand", LEVELS, descriptors={k: (v, np.sin(9 * v)) for k, v in POLARITY.items()})
SPACE = SearchSpace(
    [LIGAND, Real("x", 0, 1), Real("z", 0, 1)], [LinearConstraint({"x": 1, "z": 1}, upper=1.5)]
)


def outcome(rows):
    return (rows["ligand"].map(POLARITY) - 0.5) ** 2 + (rows["x"] - 0.3) ** 2 + rows["z"] ** 2


@pytest.mark.parametrize("constraints", [(), SPACE.constraints])
@pytest.mark.parametrize("surrogate", ["gaussian_process_ensemble", "gaussian_process"])
def test_only_levels_are_suggested_and_none_of_them_would_score_better(
    make_optimizer, surrogate, constraints
):
    space = SearchSpace(SPACE.variables, constraints)
    optimizer = make_optimizer(space, surrogate=surrogate, n_initial=8, n_candidates=512)
    for n in (8, 2):
        rows = optimizer.ask(n)
        assert set(rows["ligand"]) <= set(LEVELS)
        assert space.is_feasible(rows).all()
        optimizer.tell(rows, outcome(rows))
    grid = np.linspace(0, 1, 26)
    (every,) = product_pool(space, {"ligand": LEVELS, "x": grid, "z": grid})
    best = optimizer.score_pool(every, n_best=1, is_screened=False).best["score"].item()
    assert optimizer.ask(1)["score"].item() >= best - 0.01 * abs(best)


@pytest.mark.parametrize("best", ["L0", "L4", "L7"])
def test_any_level_is_a_step_away_and_no_point_between_levels_is_scored(best, ask_best):
    """Of all levels one is better, whatever the numbers that describe it; few candidates have it."""
    levels = SPACE.encode(pd.DataFrame({"ligand": LEVELS, "x": 0.0, "z": 0.0}))[:, :2]

    def score(points):
        is_best = np.isclose(points[:, :2], levels[LEVELS.index(best)]).all(axis=1)
        return is_best - np.square(points[:, 2:] - 0.3).sum(axis=1)

    row, _ = ask_best(SPACE, score)
    assert row["ligand"].item() == best
    np.testing.assert_allclose(row[["x", "z"]], 0.3, atol=0.02)
    asked = np.concatenate(ask_best.seen)[:, None, :2]
    assert np.isclose(asked, levels).all(axis=2).any(axis=1).all()


def test_points_between_levels_are_the_nearest_level():
    """Lines between settings, which candidates lie on, end at levels."""
    points = np.random.default_rng(0).random((500, SPACE.n_dims))
    rows = SPACE.decode(points)
    places = SPACE.encode(rows)[:, :2]
    every = SPACE.encode(pd.DataFrame({"ligand": LEVELS, "x": 0.0, "z": 0.0}))[:, :2]
    nearest = np.linalg.norm(points[:, None, :2] - every, axis=2).min(axis=1)
    np.testing.assert_allclose(np.linalg.norm(points[:, :2] - places, axis=1), nearest)


def test_pools_held_shared_repeats_and_state(make_told):
    optimizer = make_told(SPACE, n=8, outcome=outcome, n_initial=8, surrogate="gaussian_process")
    rows = optimizer.ask(3, held={"ligand": "L6"})
    assert (rows["ligand"] == "L6").all()
    rows = optimizer.ask(3, shared="ligand")
    assert (rows["ligand"] == rows["ligand"].iloc[0]).all()
    again = optimizer.ask(2, n_replicates=2)
    assert set(again["ligand"]) <= set(optimizer.data["ligand"])
    table = pd.DataFrame({"ligand": ["L3", "L7", "THF"], "x": 0.25, "z": 0.125})
    with pytest.warns(SpaceExhaustedWarning):
        assert set(optimizer.ask(3, candidates=table.iloc[:2])["ligand"]) == {"L3", "L7"}
    copy = BayesianOptimizer.from_json(optimizer.to_json())
    pd.testing.assert_frame_equal(copy.ask(2), optimizer.ask(2))


def test_a_space_of_levels_only_is_exhausted_level_by_level(make_optimizer):
    optimizer = make_optimizer(SearchSpace([LIGAND]), n_initial=3)
    found = []
    for n in (3, 2, 3):
        rows = optimizer.ask(n)
        optimizer.tell(rows, rows["ligand"].map(POLARITY))
        found += rows["ligand"].tolist()
    assert sorted(found) == LEVELS


def test_levels_with_descriptors_can_be_context(make_optimizer):
    lot = Context("lot", levels=["p", "q", "r"], descriptors={"p": 1, "q": 2, "r": 4})
    optimizer = make_optimizer(SearchSpace([Real("x", 0, 1), LIGAND, lot]), n_initial=6)
    rows = optimizer.ask(6, context={"lot": "p"})
    optimizer.tell(rows.assign(lot=["p", "q", "p", "r", "q", "p"]), rows["x"])
    assert (optimizer.ask(2, context={"lot": "q"}, held={"x": 0.5})["lot"] == "q").all()
    assert optimizer.ask(1, context={"lot": "r"}, held={"ligand": "L1"})["ligand"].item() == "L1"


def test_a_trust_region_leaves_levels_free(make_told):
    optimizer = make_told(SPACE, n=8, outcome=outcome, n_initial=8, trust_region=True)
    assert set(optimizer.ask(3)["ligand"]) <= set(LEVELS)
