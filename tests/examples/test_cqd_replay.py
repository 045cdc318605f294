"""The closed loop of the PbS example in the virtual laboratory."""

import numpy as np
import pandas as pd
import pytest
import replay
import run
from simulator import VirtualLab

from bnnopt.surrogates import GaussianProcessEnsembleRegressor


@pytest.fixture(scope="module")
def settings():
    return run.load_settings(short=False)


@pytest.fixture(scope="module")
def goal(settings):
    return replay.best_of_grid(settings, VirtualLab.calibrated(), 1330.0)


def test_the_grid_is_the_product_of_its_levels_that_can_be_made(settings):
    grid = replay.grid_recipes(settings)
    assert len(grid) == 5 * 4 * 6 * 5 * 2 * 2
    assert settings.space.is_feasible(grid).all()
    assert not grid.duplicated().any()


def test_the_goal_is_the_best_of_the_grid_near_the_target(settings, goal):
    lab, grid = VirtualLab.calibrated(), replay.grid_recipes(settings)
    expected = lab.expected(grid)
    reached = expected["polydispersity"][goal.is_met(expected)]
    assert reached.min() == pytest.approx(goal.polydispersity)
    assert (expected["peak_nm"][goal.is_met(expected)] - 1330).abs().max() <= 20


def test_the_first_that_meets_the_goal_is_counted_from_one():
    assert replay.first([False, False, True, True]) == 3
    assert replay.first([False]) == np.inf


def test_random_search_is_repeatable_and_gives_up(settings, goal):
    assert replay.random_search(settings, goal, 0) == replay.random_search(settings, goal, 0) > 1
    impossible = replay.Goal(goal.target, goal.tolerance, 0.0)
    assert replay.random_search(settings, impossible, 0, most=100) == np.inf


def test_the_summary_has_medians_beside_the_grid():
    searches = {"bnnopt": [10, 30, 20], "random": [100, np.inf, 300]}
    rows = [
        {"target_nm": 950.0, "search": name, "seed": seed, "n_experiments": n}
        for name, counts in searches.items()
        for seed, n in enumerate(counts)
    ]
    table = replay.summary(pd.DataFrame(rows), 2400)
    assert table[["bnnopt", "random", "full grid", "seeds"]].iloc[0].tolist() == [20, 300, 2400, 3]


@pytest.mark.slow
def test_a_campaign_learns_from_its_batches_until_it_gives_up(settings):
    """Nothing is as good as a polydispersity of 0, so that both batches are made."""
    goal = replay.Goal(950.0, 20.0, 0.0)
    surrogate = GaussianProcessEnsembleRegressor(n_members=2, kernels=("matern_5_2",))
    told = []
    found = replay.replay(settings, goal, 0, surrogate=surrogate, most=20, advance=told.append)
    assert told == ["950 nm, seed 0: 10 experiments", "950 nm, seed 0: 20 experiments"]
    assert len(found) == 20
    assert not found["is_met"].any()
    assert settings.space.is_feasible(found).all()
    second = found.iloc[10:]
    assert (second["expected_peak_nm"] - 950).abs().median() < 250


def test_the_command_writes_what_it_did_and_does_not_repeat_it(tmp_path, capsys, monkeypatch):
    def made_up(settings, goal, seed, **options):
        peaks, metric = [1300.0, 1325.0], [0.01, 0.001]
        outcomes = {"expected_peak_nm": peaks, "expected_polydispersity": metric}
        return pd.DataFrame({**outcomes, "is_met": [False, True]})

    monkeypatch.setattr(replay, "replay", made_up)
    arguments = ["--seeds", "1", "--targets", "1330", "--out", str(tmp_path)]
    assert replay.main(arguments) == 0
    first = capsys.readouterr().out
    assert "SIMULATED" in first
    assert "1330 nm, seed 0, bnnopt: 2 experiments" in first
    assert {file.name for file in tmp_path.iterdir()} == {"replay.csv", "replay_runs.csv", "replay.png"}
    assert replay.main(arguments) == 0
    assert "1330 nm, seed 0" not in capsys.readouterr().out
