import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

from benchmarks import batches, loop_alone, maximum, sequential


def regrets(*rows):
    return pd.DataFrame(rows, columns=["problem", "method", "regret"]).assign(
        seed=0, seconds_a_step=0.1, seconds_a_setting=0.1
    )


class Recording:
    """An optimizer that proposes the middle and records what it is asked and told."""

    def __init__(self, bounds, n_initial, seed):
        self.middle, self.calls = bounds.mean(axis=1), []

    def tell(self, x, y):
        self.calls.append("tell")

    def ask(self):
        return self.ask_many(1)[0]

    def ask_many(self, n):
        self.calls.append(n)
        return np.tile(self.middle, (n, 1))


@pytest.fixture
def recorded(monkeypatch):
    """Optimizers that were made in place of those of `botorch_batch` and `botorch_single`."""
    made = []

    def make(*arguments):
        made.append(Recording(*arguments))
        return made[-1]

    for name in ["botorch_batch", "botorch_single"]:
        monkeypatch.setitem(batches.METHODS, name, batches.METHODS[name]._replace(make=make))
    monkeypatch.setattr(batches, "software", str)
    return made


def test_batches_are_told_together_and_single_settings_one_by_one(recorded):
    batches.measure("branin", "botorch_batch", 0, n_rounds=2, batch_size=3)
    batches.measure("branin", "botorch_single", 0, n_rounds=2, batch_size=3)
    design = ["tell"] * batches.N_INITIAL
    assert recorded[0].calls == design + 2 * [3, "tell", "tell", "tell"]
    assert recorded[1].calls == design + 6 * [1, "tell"]


def test_batches_and_single_settings_begin_alike_and_run_as_many(recorded):
    rows = [
        batches.measure("branin", f"botorch_{way}", 3, n_rounds=2, batch_size=3)
        for way in ["batch", "single"]
    ]
    assert rows[0]["regrets"] == rows[1]["regrets"]
    assert len(rows[0]["regrets"].split()) == 1 + 6
    assert [row["n_asks"] for row in rows] == [2, 6]


def test_bnnopt_proposes_batches_of_different_settings_within_bounds():
    bounds = np.array(sequential.PROBLEMS["branin"].bounds)
    optimizer = batches.METHODS["gaussian_process_batch"].make(bounds, 5, 0)
    for x in sequential.first_design(bounds, 0):
        optimizer.tell(x, float(x.sum()))
    batch = optimizer.ask_many(3)
    assert len(np.unique(batch, axis=0)) == 3
    assert ((bounds[:, 0] <= batch) & (batch <= bounds[:, 1])).all()


def test_the_loss_is_difference_and_ratio_of_medians_within_a_family():
    frame = regrets(
        *(("branin", "auto_single", regret) for regret in [1, 2, 9]),
        *(("branin", "auto_batch", regret) for regret in [3, 5, 6]),
        ("branin", "auto_batch_q_log_ei", 2),
        ("levy8", "botorch_batch", 7),
    )
    assert batches.losses_of(frame) == {
        ("branin", "auto_batch"): (3.0, 2.5),
        ("branin", "auto_batch_q_log_ei"): (0.0, 1.0),
    }
    rows = batches.rows_of(frame, ["branin", "levy8"], ["auto_single", "auto_batch", "botorch_batch"])
    assert [row[-2:] for row in rows] == [["", ""], ["3", "2.5"], ["", ""]]


def test_batches_that_lose_less_are_counted():
    pairs = [("botorch_single", 1.0), ("botorch_batch", 3.0), ("auto_single", 2.0)]
    frame = regrets(
        *((problem, *pair) for problem in ["branin", "levy8"] for pair in pairs),
        ("branin", "auto_batch", 5.0),
        ("levy8", "auto_batch", 6.0),
    )
    verdict = "auto_batch loses less than botorch_batch on 0 of 2 problems, by the ratio on 1"
    assert batches.verdict(frame) == verdict


def test_the_loop_is_held_against_botorch_by_medians():
    frame = regrets(
        *((problem, "botorch", 2.0) for problem in loop_alone.PROBLEMS),
        *((problem, "bnnopt", 2.0) for problem in ["branin", "hartmann6", "levy8"]),
        ("ackley5", "bnnopt", 3.0),
    )
    assert "on 3 of 4 problems" in loop_alone.verdict(frame)
    assert loop_alone.verdict(frame).endswith("met: yes")
    assert loop_alone.verdict(frame[1:]).endswith("met: no")
    assert [row[-1] for row in loop_alone.rows_of(frame, ["ackley5"], ["botorch", "bnnopt"])] == ["1", "1.5"]


def test_the_loop_with_its_own_model_is_that_of_the_sequential_benchmark():
    own = loop_alone.measure("branin", "gaussian_process", 0, n_steps=1)
    assert own["regrets"] == sequential.measure("branin", "gaussian_process", 0, n_steps=1)["regrets"]


def test_a_climb_ends_at_the_maximum_inside_or_at_a_bound():
    def score(points):
        return -np.square(points - [0.3, 2.0]).sum(axis=1)

    assert maximum.climbed(score, np.array([0.9, 0.1])) == pytest.approx(-1.0)


def test_the_highest_of_many_peaks_is_found():
    root = brentq(lambda x: 9 * np.pi * np.cos(9 * np.pi * x) + 1, 0.92, 1.0)

    def score(points):
        return np.sin(9 * np.pi * points).sum(axis=1) + points.sum(axis=1)

    assert maximum.highest(score, 2, 0) == pytest.approx(2 * (np.sin(9 * np.pi * root) + root), rel=1e-6)


def test_a_random_function_has_unit_variance_and_the_covariance_it_says():
    points = np.array([[0.5, 0.5], [0.5, 0.5 + 0.3 * np.sqrt(2)]])
    values = np.array([maximum.random_function(2, np.random.default_rng(k))(points) for k in range(2000)])
    covariance = np.cov(values.T)
    assert np.allclose(covariance, [[1, np.exp(-0.5)], [np.exp(-0.5), 1]], atol=0.12)


def test_the_optimizer_and_the_model_beside_it_agree_on_the_score_and_its_maximum():
    rng = np.random.default_rng(0)
    X = rng.random((12, 2))
    y = 1000 * maximum.random_function(2, rng)(X)
    row, asked, _ = maximum.asked_row(X, y, "ei", 0)
    score = maximum.log_improvement(X, y, 0)
    assert np.exp(score(row[None])[0]) == pytest.approx(asked, rel=1e-4)
    assert np.exp(score(row[None])[0] - maximum.highest(score, 2, 0)) == pytest.approx(1, abs=1e-3)


def test_a_row_of_the_table_says_whether_the_median_meets_the_bar():
    frame = pd.DataFrame({"ratio": [0.5, 0.991, 1.2], "seconds": 0.1, "problem": "2", "method": "ei"})
    row = maximum.rows_of(frame, ["2"], ["ei"])[0]
    assert row[2:4] == ["0.9910 (0.7455 to 1.0955)", "0.5000"]
    assert row[-1] == "yes"
    assert maximum.rows_of(frame[:1], ["2"], ["ei"])[0][-1] == "no"


@pytest.mark.parametrize("benchmark", [batches, loop_alone, maximum])
def test_the_table_of_no_rows_is_empty_and_asks_nothing_of_peers(benchmark, tmp_path, capsys):
    benchmark.main(["--show", "--results", str(tmp_path / "none.csv")])
    assert "| --- |" in capsys.readouterr().out
