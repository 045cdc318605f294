import numpy as np
import pandas as pd
import pytest

from benchmarks import pool, sequential
from benchmarks._results import Results, measure_missing, options_of, spread


def options(file, *arguments):
    methods, problems = ["first", "second"], ["620", "780"]
    return options_of("name", "What.", methods, problems, 2, {}, ["--results", str(file), *arguments])


class Counting:
    """A measurement that counts its calls and fails at a given one."""

    def __init__(self, fails_at=None):
        self.n_calls, self.fails_at = 0, fails_at

    def __call__(self, problem, method, seed):
        self.n_calls += 1
        if self.n_calls == self.fails_at:
            raise KeyboardInterrupt
        return {"value": self.n_calls}


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    file = tmp_path / "made" / "rows.csv"
    with pytest.raises(KeyboardInterrupt):
        measure_missing(options(file), Counting(fails_at=6))
    rest = Counting()
    rows = measure_missing(options(file), rest)
    assert rest.n_calls == 8 - 5
    assert rows["value"].tolist() == [1, 2, 3, 4, 5, 1, 2, 3]
    assert not rows.duplicated(["problem", "method", "seed"]).any()


def test_methods_join_later_and_only_those_asked_for_come_back(tmp_path):
    file = tmp_path / "rows.csv"
    measure_missing(options(file, "--methods", "first"), Counting())
    second = Counting()
    rows = measure_missing(options(file, "--methods", "second", "--problems", "780"), second)
    assert second.n_calls == 2
    assert rows[["problem", "method", "seed"]].values.tolist() == [["780", "second", 0], ["780", "second", 1]]


def test_again_replaces_the_rows_asked_for_and_no_others(tmp_path):
    file = tmp_path / "rows.csv"
    measure_missing(options(file), Counting())
    measure_missing(options(file, "--again", "--methods", "first"), lambda *key: {"value": 100})
    rows = Results(file).frame()
    assert len(rows) == 8
    assert (rows["value"] == 100).equals(rows["method"] == "first")


def test_show_measures_nothing(tmp_path):
    rows = measure_missing(options(tmp_path / "rows.csv", "--show"), Counting(fails_at=1))
    assert rows.empty


def test_the_short_form_leaves_the_file_alone_and_arguments_still_count():
    given = ["--short", "--seeds", "3"]
    short = options_of("name", "What.", ["a"], ["p", "q"], 9, {"problems": ["p"], "seeds": 1}, given)
    long = options_of("name", "What.", ["a"], ["p", "q"], 9, {}, [])
    assert (short.problems, short.seeds) == (["p"], 3)
    assert short.results != long.results


def test_median_and_quartiles():
    assert spread(pd.Series([1.0, 2.0, 3.0, 4.0, 5.0])) == "3 (2 to 4)"
    assert spread(pd.Series([7, 7])) == "7"


def test_all_methods_begin_with_the_same_points_within_bounds():
    bounds = np.array([[-5.0, 10.0], [0.0, 15.0]])
    design = sequential.first_design(bounds, 3)
    assert design.shape == (5, 2)
    assert ((bounds[:, 0] <= design) & (design <= bounds[:, 1])).all()
    assert np.array_equal(design, sequential.first_design(bounds, 3))


def test_the_regret_after_the_first_design_is_that_of_its_best_point():
    row = sequential.measure("branin", "random", 0, n_steps=2)
    problem = sequential.PROBLEMS["branin"]
    values = problem.function(sequential.first_design(np.array(problem.bounds), 0))
    regrets = [float(regret) for regret in row["regrets"].split()]
    assert regrets[0] == pytest.approx(values.min() - problem.minimum, rel=1e-3)
    assert len(regrets) == 3
    assert regrets == sorted(regrets, reverse=True)


def test_random_choice_finds_the_goal_after_half_of_the_rows_on_average():
    needed = [pool.measure("950", "random", seed)["n_rows"] for seed in range(40)]
    assert min(needed) >= 6
    assert max(needed) <= 95
    assert abs(np.mean(needed) - 50.5) < 4 * 26 / np.sqrt(40)
