import numpy as np
import pandas as pd
import pytest

from benchmarks import all as all_benchmarks
from benchmarks import bump, noise_split, noisy, sequential
from benchmarks._functions import std_over
from benchmarks._peers import Bnnopt, NothingProposedError, SobolSearch

ALL = [noisy, bump, noise_split]
PROCESS = "gaussian_process"


@pytest.mark.parametrize("benchmark", ALL)
def test_each_is_run_with_all_others_and_has_a_short_form(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--help"])
    assert "--short" in capsys.readouterr().out
    assert benchmark.__name__.split(".")[-1] in all_benchmarks.NAMES


@pytest.mark.parametrize("benchmark", ALL)
def test_the_table_of_no_runs_is_empty(benchmark, tmp_path, capsys):
    benchmark.main(["--show", "--results", str(tmp_path / "none.csv")])
    assert "| --- |" in capsys.readouterr().out


def test_the_std_of_a_line_over_its_range():
    assert std_over(lambda X: X[:, 0], [[-3.0, 9.0], [0.0, 1.0]]) == pytest.approx(12 / np.sqrt(12), rel=1e-3)


class Recording:
    """An optimizer that proposes the middle and records what it is told."""

    def __init__(self, bounds):
        self.middle, self.told = bounds.mean(axis=1), []

    def tell(self, x, y):
        self.told.append(y)

    def ask(self):
        return self.middle


def test_values_told_have_the_noise_and_rows_have_not():
    task = sequential.PROBLEMS["branin"]
    bounds = np.array(task.bounds)
    optimizer, design = Recording(bounds), sequential.first_design(bounds, 3)
    rows, values = noisy.run(optimizer, task, design, 400, 7.0, seed=3)
    assert np.array_equal(rows[:5], design)
    assert (rows[5:] == optimizer.middle).all()
    assert optimizer.told == values.tolist()
    assert np.std(values - task.function(rows)) == pytest.approx(7.0, rel=0.15)
    again = noisy.run(Recording(bounds), task, design, 400, 14.0, seed=3)[1]
    assert np.allclose(again - task.function(rows), 2 * (values - task.function(rows)))


def test_one_lucky_value_among_repeats_is_not_recommended():
    cube = np.repeat([[0.1], [0.5], [0.9]], 8, axis=0)
    values = np.repeat([0.0, 1.0, 3.0], 8) + np.random.default_rng(0).normal(0, 0.3, 24)
    values[12] = -0.8  # a value of the middle, by noise the smallest of all
    assert noisy.smallest_by_process(cube, values, 0) < 8
    assert values.argmin() == 12


def test_bnnopt_recommends_the_row_that_its_model_believes_in():
    bounds = np.array([[0.0, 2.0]])
    optimizer = Bnnopt(bounds, 5, 0, surrogate=PROCESS)
    values = np.random.default_rng(1).normal(0, 0.05, 41)
    grid = np.linspace(0, 2, 41)
    values += np.square(grid - 0.5)
    values[30] = -0.2  # far from the minimum at 0.5
    for x, y in zip(grid, values, strict=True):
        optimizer.tell(np.array([x]), y)
    assert optimizer.recommend() == pytest.approx([0.5], abs=0.2)
    assert grid[values.argmin()] == pytest.approx(1.5)


def test_a_noisy_run_has_true_regrets_of_rows_that_were_run():
    row = noisy.measure("branin_20", "random", 0, n_steps=2)
    assert float(row["noise"]) == pytest.approx(0.2 * noisy.std_of("branin"), rel=1e-5)
    assert row["regret"] == row["regret_by_process"]
    assert all(float(row[name]) >= 0 for name in noisy.FIGURES)
    own = noisy.measure("branin_5", PROCESS, 0, n_steps=1)
    assert float(own["regret"]) >= 0


@pytest.mark.parametrize("name", bump.PROBLEMS)
def test_the_ball_has_the_volume_it_says_and_is_inside(name):
    task = bump.PROBLEMS[name]
    ball = task.bump(4)
    points = np.random.default_rng(0).random((20_000, task.n_inputs))
    values = np.array([ball(point) for point in points])
    assert np.mean(values < 0) == pytest.approx(task.volume, abs=0.01)
    assert ball(ball.centre) == -1.0
    assert ((ball.centre >= ball.radius) & (ball.centre <= 1 - ball.radius)).all()
    assert not np.array_equal(ball.centre, task.bump(5).centre)


def test_a_run_ends_with_the_row_inside_or_after_all_rows():
    bounds = np.tile([0.0, 1.0], (2, 1))
    design = np.array([[0.0, 0.0], [1.0, 1.0]])
    middle, corner = bump.Bump(np.array([0.5, 0.5]), 0.2), bump.Bump(np.array([0.2, 0.8]), 0.2)
    optimizer = Recording(bounds)
    assert bump.look_for(middle, optimizer, design, 10) == ("found", 3)
    assert optimizer.told == [0.0, 0.0]
    assert bump.look_for(corner, Recording(bounds), design, 10) == ("not found", 10)


def test_a_run_ends_where_no_row_is_proposed():
    class Silent(Recording):
        def ask(self):
            raise NothingProposedError

    silent, corner = Silent(np.tile([0.0, 1.0], (2, 1))), bump.Bump(np.array([0.2, 0.8]), 0.2)
    assert bump.look_for(corner, silent, np.array([[0.0, 0.0], [1.0, 1.0]]), 10) == ("nothing proposed", 2)


def test_random_draws_find_as_many_bumps_as_their_volume_says():
    runs = [bump.measure("bump2", "random", seed) for seed in range(60)]
    assert abs(np.mean([run["end"] == bump.FOUND for run in runs]) - (1 - 0.88**15)) < 4 * np.sqrt(
        0.853 * 0.147 / 60
    )


def test_the_sobol_sequence_goes_on_from_the_first_points():
    bounds = np.array([[-5.0, 10.0], [0.0, 15.0]])
    search = SobolSearch(bounds, 3, 1)
    assert np.array_equal([search.ask() for _ in range(2)], sequential.first_design(bounds, 1)[3:])


def test_runs_that_found_nothing_count_in_the_median():
    frame = pd.DataFrame(
        {
            "problem": "bump2",
            "method": ["auto", "auto", "auto", "sobol"],
            "end": ["found", "not found", "nothing proposed", "found"],
            "n_rows": [7, 15, 6, 3],
            "seconds_a_step": [0.5, 0.25, 0.25, np.nan],
        }
    )
    rows = bump.rows_of(frame, ["bump2"], ["auto", "sobol"])
    assert rows[0] == ["bump2", "auto", "1 of 3", "> 15", "1", "0.25"]
    assert rows[1] == ["bump2", "sobol", "1 of 1", "3", "0", ""]


@pytest.mark.parametrize("name", noise_split.TABLES)
def test_the_noise_of_a_table_is_what_it_says(name):
    table = noise_split.TABLES[name]
    X, y = noise_split.drawn(name, 20_000, 0)
    noise = y - table.values(X)
    assert np.sqrt(np.mean(np.square(noise))) == pytest.approx(table.noise, rel=0.03)
    if name.startswith("noise"):
        assert table.noise == 1.0
    else:
        assert table.noise == pytest.approx(0.2 * table.values(X).std(), rel=0.03)
    low, high = (noise[X[:, 0] < 0.2].std(), noise[X[:, 0] > 0.8].std())
    assert high / low == pytest.approx(4.81 if name == "heteroscedastic" else 1, rel=0.05)


def test_other_rows_are_other_rows_of_the_same_table():
    X, y = noise_split.drawn("step", 50, 0)
    other_X, other_y = noise_split.drawn("step", 50, 0, stream=1)
    assert not np.isin(X, other_X).any()
    assert not np.isin(y, other_y).any()


def test_a_ratio_and_its_inverse_are_equally_far_off():
    assert noise_split.factor(np.array([0.5, 2.0, 1.0])).tolist() == [2.0, 2.0, 1.0]
    assert noise_split.factor(np.array([0.0])).tolist() == [np.inf]


def test_the_bars_are_for_the_median_and_the_worst_from_sixty_rows_on():
    def row(*ratios, n_rows=60):
        frame = pd.DataFrame({"ratio": ratios, "coverage_95": 0.9, "seconds": 1.0})
        frame = frame.assign(problem=f"step @ {n_rows}", method=PROCESS)
        return noise_split.rows_of(frame, [f"step @ {n_rows}"], [PROCESS])[0]

    assert row(0.6, 1.0, 1.9) == ["step", "60", PROCESS, "1", "1.9", "yes", "0.9", "1", "3"]
    assert row(0.6, 1.0, 2.1)[4:6] == ["2.1", "no"]
    assert row(0.6, 0.6, 1.0)[4:6] == ["1.67", "no"]
    assert row(9.0, n_rows=20)[5] == ""
    rows = [row(1.0), row(9.0), row(9.0, n_rows=20)]
    assert noise_split.verdicts(rows, [PROCESS, "auto"]) == [
        f"- {PROCESS} meets the bars in 1 of 2 (bar: all)"
    ]


def test_a_process_learns_the_noise_of_a_smooth_function():
    row = noise_split.measure("smooth @ 60", PROCESS, 0)
    assert 1 / 1.5 < float(row["ratio"]) < 1.5
    assert 0.85 < float(row["coverage_95"]) <= 1
