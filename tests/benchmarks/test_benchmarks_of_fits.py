import numpy as np
import pandas as pd
import pytest

from benchmarks import continuity, fit_time, latency, threads
from benchmarks._fit_worker import ONE_THREAD, FitWorker, Seconds
from benchmarks._functions import FUNCTIONS
from benchmarks._tables import synthetic_table
from benchmarks._timing import at_most

PROCESS = "gaussian_process"


def seconds(*walls):
    return [Seconds(wall / 2, wall, wall, 2 * wall) for wall in walls]


@pytest.fixture
def one_thread(monkeypatch):
    """Workers of one thread each, also where a benchmark lets the libraries choose."""
    for benchmark in [threads, fit_time]:
        monkeypatch.setattr(benchmark, "FitWorker", lambda name, n, _=None: FitWorker(name, n, ONE_THREAD))


def figures(std):
    """Rows of the CSV file for two functions, from standard deviations by number of rows."""
    return pd.DataFrame(
        [
            {
                "problem": f"{name} @ {n}",
                "method": PROCESS,
                "seed": 0,
                "std": value,
                "error": 1.0,
                "seconds": 2.0,
            }
            for name, of_function in std.items()
            for n, value in of_function.items()
        ]
    )


@pytest.mark.parametrize("benchmark", [threads, fit_time, continuity, latency])
def test_help_names_the_short_form_of_the_new_ones(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--help"])
    assert "--short" in capsys.readouterr().out


def test_a_worker_fits_first_and_again_when_told():
    with FitWorker(PROCESS, 8, ONE_THREAD) as worker:
        later = worker.measure(1)
    assert 0 < later.fit_wall < later.wall < worker.first.wall
    assert 0 < later.fit_processor < later.processor < worker.first.processor


def test_a_worker_that_fails_is_told(capfd):
    with pytest.raises(RuntimeError, match="ended with status 1"), FitWorker("no_such_key", 8):
        pass
    assert "no_such_key" in capfd.readouterr().err


def test_the_ratio_of_threads_is_that_of_wall_times():
    row = threads.row_of({threads.DEFAULT: seconds(2, 3, 4), threads.ONE: seconds(1, 2, 2)}, at_most(1.3))
    assert row == ["3 s (6 s)", "2 s (4 s)", "1.5 (1.5 to 2)", "≤ 1.3", "no"]


def test_workers_take_turns_with_the_same_seeds():
    calls = []

    class Worker:
        def __init__(self, name):
            self.name = name

        def measure(self, seed):
            calls.append((self.name, seed))
            return seed

    measured = threads.in_turns({"a": Worker("a"), "b": Worker("b")}, 2)
    assert calls == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert measured == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.usefixtures("one_thread")
def test_the_short_form_of_threads_prints_a_row_for_each_load(capsys, monkeypatch):
    monkeypatch.setitem(threads.LOADS, "one busy", threads.LOADS["idle"])
    arguments = ["--short", "--surrogates", PROCESS, "--rows", "8", "--repeats", "1"]
    threads.main([*arguments, "--loads", "idle", "one busy"])
    printed = capsys.readouterr().out
    assert f"| {PROCESS} | 8 | idle |" in printed
    assert f"| {PROCESS} | 8 | one busy |" in printed
    assert f"- first fit, {PROCESS}, 8 rows: default" in printed


def test_a_system_that_cannot_pin_leaves_the_load_out(monkeypatch, capsys):
    monkeypatch.setattr(threads, "can_pin", lambda: False)
    monkeypatch.setattr(threads, "measure", lambda name, n_rows, loads, n_repeats: f"- {loads}")
    threads.main(["--surrogates", PROCESS, "--rows", "8"])
    printed = capsys.readouterr().out
    assert "- ['idle', 'one busy']" in printed
    assert "left out, since this system cannot keep a process on one core" in printed


@pytest.mark.usefixtures("one_thread")
def test_the_short_form_of_fit_times(capsys):
    fit_time.main(["--short", "--surrogates", PROCESS, "--rows", "8", "--repeats", "1"])
    assert f"| {PROCESS} | 8 |" in capsys.readouterr().out


def test_fit_times_are_held_against_their_bars():
    rows = [(n, repeat, 100.0 if repeat == 0 else n / 50) for n in [20, 100, 300] for repeat in range(3)]
    frame = pd.DataFrame(rows, columns=["rows", "repeat", "processor"]).assign(surrogate="auto", wall=1.0)
    rises, quick = fit_time.notes_of(frame)
    assert "the smallest ratio: 3 (bar ≥ 0.9, met: yes)" in rises
    assert quick == "- auto at 100 rows: 2 s (bar ≤ 3, met: yes)"
    falling = frame.assign(processor=300 / frame["rows"])
    assert "met: no" in fit_time.notes_of(falling)[0]
    first = fit_time.rows_of(frame, ["auto"])[0]
    assert first == ["auto", "20", "100", "1", "0.4 (0.4 to 0.4)", "1 (1 to 1)"]


def test_each_number_of_rows_and_the_next_is_fitted_once():
    assert continuity.sizes_of([63, 511, 512]) == [63, 64, 511, 512, 513]


def test_the_ratio_is_the_median_over_functions_of_one_row_more_over_without():
    frame = figures({"sine": {63: 1.0, 64: 2.0}, "branin": {63: 2.0, 64: 2.0}, "step, noisy": {63: 1.0}})
    row = continuity.ratio_rows(frame, [63, 128], [PROCESS])
    assert row == [
        [PROCESS, "63 → 64", "1.5 (1 to 2)", "no", "1 (1 to 1)", "yes", "1 (1 to 1)", "yes"],
    ]
    sizes = continuity.size_rows(frame, [PROCESS])
    assert sizes == [[PROCESS, "63", "1", "1", "2"], [PROCESS, "64", "2", "1", "2"]]


def test_the_short_form_of_continuity(capsys):
    arguments = ["--short", "--methods", PROCESS, "--problems", "sine, noisy", "--rows", "6"]
    continuity.main(arguments)
    printed = capsys.readouterr().out
    assert f"| {PROCESS} | 6 → 7 |" in printed
    assert f"| {PROCESS} | 7 |" in printed


def test_the_tables_of_no_rows_are_empty(tmp_path, capsys):
    continuity.main(["--show", "--results", str(tmp_path / "none.csv")])
    assert "| --- |" in capsys.readouterr().out


@pytest.mark.parametrize("name", FUNCTIONS)
def test_fewer_rows_are_the_first_of_more(name):
    function = FUNCTIONS[name]
    X, y = function.measured(9, 3)
    more_X, more_y = function.measured(10, 3)
    assert X.shape == (9, function.n_inputs)
    assert np.array_equal(more_X[:9], X)
    assert np.array_equal(more_y[:9], y)
    assert (np.std(y - function.values(X)) > 0) == (function.noise > 0)


def test_the_nine_inputs_are_those_of_the_synthetic_table():
    X, y = synthetic_table(4000, 0)
    noise = y[:, 0] - FUNCTIONS["friedman, four of nine idle, noisy"].values(X)
    assert noise.std() == pytest.approx(0.5, rel=0.05)


def test_what_loads_tensorflow_is_held_against_the_bars():
    def said(key, fit):
        return latency._loads(key, f'noise\n{{"import": false, "make": false, "fit": {fit}}}\n')

    assert said("gaussian_process_ensemble", "false").endswith("(bar: not by import, make, fit; met: yes)")
    assert said("gaussian_process_ensemble", "true").endswith("met: no)")
    assert said("mc_dropout", "true").endswith("fit yes (bar: not by import, make; met: yes)")


def test_a_step_is_asked_and_told():
    asking = latency._Asking("random", 20)
    assert asking() is None
