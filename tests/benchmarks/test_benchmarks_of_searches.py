import numpy as np
import pandas as pd
import pytest

from benchmarks import _failing, constrained, failures, many_inputs, several_objectives, trust_region
from benchmarks._searches import RandomDraws, run
from benchmarks._studies import Box, MixtureBox, box_of, excesses_of
from bnnopt.metrics import hypervolume
from bnnopt.space import Integer, LinearConstraint, Real, SearchSpace
from bnnopt.testing import hartmann6, make_constrained_problem

ALL = [several_objectives, constrained, failures, many_inputs, trust_region]


@pytest.fixture
def mixture():
    names, limits = ["a", "b", "c"], [(0.2, 0.6), (0.0, 0.5), (0.1, 0.3)]
    whole = LinearConstraint(dict.fromkeys(names, 1.0), lower=1, upper=1)
    return SearchSpace([Real(name, *pair) for name, pair in zip(names, limits, strict=True)], [whole])


@pytest.mark.parametrize("benchmark", ALL)
def test_each_has_a_short_form_of_methods_and_problems_there_are(benchmark, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--help"])
    assert "--short" in capsys.readouterr().out
    assert set(benchmark.SHORT["methods"]) <= set(benchmark.METHODS)


@pytest.mark.parametrize("benchmark", ALL)
def test_nothing_is_measured_to_show_what_there_is(benchmark, tmp_path, capsys):
    benchmark.main(["--show", "--results", str(tmp_path / "none.csv")])
    assert benchmark.HEADER[0] in capsys.readouterr().out


def test_all_methods_begin_with_the_same_rows():
    task = make_constrained_problem("flare_mixture")
    table, seconds = run(task, RandomDraws, 6, 2, seed=3)
    assert np.allclose(table[task.space().names].sum(axis=1), 1)
    assert table[task.space().names].iloc[:6].equals(task.space().design(6, random_state=3))
    assert len(table) == 8
    assert seconds > 0


def test_a_search_is_told_each_row_and_asked_after_the_first_design():
    calls = []

    class Recorder(RandomDraws):
        def tell(self, row, outcomes):
            calls.append(outcomes["value"].iloc[0])

        def ask(self):
            calls.append("ask")
            return super().ask()

    task = many_inputs.PROBLEMS["levy5"]
    table, _ = run(task, Recorder, 2, 2, seed=0)
    value = table["value"].tolist()
    assert calls == [value[0], value[1], "ask", value[2], "ask", value[3]]


def test_the_last_hypervolume_counts_all_runs():
    row = several_objectives.measure("branin_currin", "random", 0, n_runs=14)
    volumes = [float(volume) for volume in row["hypervolumes"].split()]
    task = several_objectives.PROBLEMS["branin_currin"]
    design = task.space().design(10, random_state=0)
    first = hypervolume(-task.outcomes(design).to_numpy(), task.reference_utilities)
    assert volumes[0] == pytest.approx(first, rel=1e-5)
    assert volumes == sorted(volumes)
    assert len(volumes) == 5


def test_the_first_design_of_six_inputs_has_fourteen_rows():
    sizes = {
        name: several_objectives.n_initial_of(task) for name, task in several_objectives.PROBLEMS.items()
    }
    assert sizes == {"branin_currin": 10, "dtlz2": 14, "zdt1": 14}


def test_hypervolumes_are_compared_with_the_best_median():
    frame = pd.DataFrame(
        {
            "problem": "dtlz2",
            "method": ["random", "random", "parego"],
            "seed": [0, 1, 0],
            "hypervolume": [0.1, 0.3, 0.4],
            "seconds_a_step": 1.0,
        }
    )
    row = several_objectives.rows_of(frame, ["dtlz2"], ["random"])[0]
    assert row[2:6] == ["0.2 (0.15 to 0.25)", "0.1", f"{100 * (1 - 0.2 / (1.21 - np.pi / 4)):.2g} %", "50 %"]


def test_rows_outside_a_constraint_of_settings_or_outcomes_do_not_count():
    task = constrained.PROBLEMS["pressure_vessel"]
    best = task.minimizers[0]
    thin, small = (12, *best[1:]), (*best[:3], best[3] - 1)
    rows = pd.DataFrame([(*best[:3], best[3] + 1e-6), thin, small], columns=task.space().names)
    table = pd.concat([rows, task.outcomes(rows)], axis=1)
    assert constrained.is_feasible(task, table).tolist() == [True, False, False]


def test_a_run_without_a_feasible_row_is_worse_than_any_other():
    frame = pd.DataFrame(
        {
            "problem": "gramacy",
            "method": "random",
            "seed": [0, 1, 2],
            "regret": [0.5, constrained.NONE, 0.25],
            "n_feasible": [1, 0, 3],
            "n_steps": 4,
            "seconds_a_step": 1.0,
        }
    )
    row = constrained.rows_of(frame, ["gramacy"], ["random"])[0]
    assert row[2:6] == ["0.5 (0.375 to none)", "none", "", "33 %"]


def test_every_point_of_the_cube_is_a_mixture_and_the_way_back_is_the_same(mixture):
    box = box_of(mixture)
    assert isinstance(box, MixtureBox)
    for positions in np.random.default_rng(0).random((50, 2)):
        row = box.row_of(dict(zip("ab", positions.tolist(), strict=True)))
        assert mixture.is_feasible(row).all()
        assert np.allclose(list(box.params_of(row).values()), positions)


def test_the_first_share_keeps_what_the_others_can_hold(mixture):
    # a between 1 - 0.5 - 0.3 and 0.6; with a = 0.6, b between 1 - 0.6 - 0.3 and 1 - 0.6 - 0.1
    assert box_of(mixture).row_of({"a": 1.0, "b": 0.0}).to_numpy()[0] == pytest.approx([0.6, 0.1, 0.3])
    assert box_of(mixture).row_of({"a": 0.0, "b": 1.0}).to_numpy()[0] == pytest.approx([0.2, 0.5, 0.3])


def test_a_limit_that_is_kept_is_exceeded_by_less_than_nothing():
    task = constrained.PROBLEMS["pressure_vessel"]
    rows = pd.DataFrame([(16, 8, 40.0, 100.0)], columns=task.space().names)
    volume = np.pi * 40**2 * (100 + 4 / 3 * 40)
    expected = [1_296_000 - volume, 0.0193 * 40 - 1.0, 0.00954 * 40 - 0.5]
    assert list(excesses_of(task, rows, task.outcomes(rows))) == pytest.approx(expected)
    flares = constrained.PROBLEMS["flare_mixture"]
    assert not list(excesses_of(flares, *(2 * [flares.space().sample(1, random_state=0)])))


def test_other_spaces_are_boxes_of_their_own_settings():
    space = SearchSpace([Integer("n", 1, 9), Real("x", 0, 2)])
    box = box_of(space)
    assert isinstance(box, Box)
    assert box.limits() == {"n": (1, 9, True), "x": (0, 2, False)}
    row = box.row_of({"n": 3, "x": 0.5})
    assert box.params_of(row) == {"n": 3, "x": 0.5}


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("branin", 0.2951),  # the disk less the part below the square, r² acos(d / r) - d sqrt(r² - d²)
        ("hartmann6", (-2 * 1.22**3 + 9 * 1.22**2 - 9 * 1.22 + 3) / 6),  # sum of three uniform numbers
    ],
)
def test_thirty_per_cent_of_the_space_fail(name, share):
    task = _failing.FAILING_PROBLEMS[name]
    rows = task.space().sample(40_000, random_state=0)
    values = task.outcomes(rows)["value"]
    assert values.isna().mean() == pytest.approx(share, abs=0.008)
    assert values.min() >= task.minimum


def test_the_minimum_of_what_does_not_fail_is_reached():
    task = _failing.FAILING_PROBLEMS["hartmann6"]
    on_plane = [0.2474661, 0.1498936, 0.4690658, 0.2941825, 0.3104388, 0.6783514]
    assert hartmann6([on_plane])[0] == pytest.approx(task.minimum, abs=1e-6)
    assert sum(on_plane[i] for i in _failing.SUMMED) == pytest.approx(_failing.LEAST_SUM, abs=1e-6)
    assert task.fails(np.array([task.problem.minimizers[0]])).all()


def test_two_of_the_three_minima_of_branin_can_be_run():
    task = _failing.FAILING_PROBLEMS["branin"]
    assert task.fails(np.array(task.problem.minimizers)).tolist() == [False, True, False]


def test_failed_runs_are_counted_after_the_first_design():
    row = failures.measure("branin", "random", 2, n_steps=20)
    task = _failing.FAILING_PROBLEMS["branin"]
    table, _ = run(task, RandomDraws, 5, 20, 2)
    assert row["n_failed"] == table["value"].iloc[5:].isna().sum()
    assert float(row["regret"]) == pytest.approx(table["value"].min() - task.minimum, rel=1e-5)


def test_failures_are_compared_with_those_of_the_unaware():
    frame = pd.DataFrame(
        {
            "problem": "branin",
            "method": ["mc_dropout", "mc_dropout", "mc_dropout_unaware", "mc_dropout_unaware"],
            "seed": [0, 1, 0, 1],
            "n_failed": [2, 4, 8, 16],
            "regret": [0.5, 0.7, 0.3, 0.5],
            "seconds_a_step": 1.0,
        }
    )
    aware, unaware = failures.rows_of(frame, ["branin"], ["mc_dropout", "mc_dropout_unaware"])
    assert (aware[3], aware[6]) == ("0.25", "+0.2")
    assert (unaware[3], unaware[6]) == ("", "")


@pytest.mark.parametrize("name", ["levy5", "hartmann6"])
def test_inputs_that_do_not_matter_change_nothing(name):
    task = many_inputs.PROBLEMS[name]
    rows = task.space().sample(3, random_state=0)
    names = [f"x{position}" for position in task.positions]
    assert len(rows.columns) == 40
    others = task.space().sample(3, random_state=1).assign(**{each: rows[each] for each in names})
    assert task.outcomes(others).equals(task.outcomes(rows))
    best = rows.iloc[:1].assign(**dict(zip(names, task.problem.minimizers[0], strict=True)))
    assert task.outcomes(best)["value"].iloc[0] == pytest.approx(task.minimum, abs=1e-7)


@pytest.mark.parametrize("name", ["levy20", "ackley20"])
def test_all_of_twenty_inputs_matter(name):
    task = trust_region.PROBLEMS[name]
    best = pd.DataFrame([task.minimizers[0]], columns=task.space().names)
    assert task.outcomes(best)["value"].iloc[0] == pytest.approx(task.minimum, abs=1e-12)
    moved = pd.concat([best] * 20, ignore_index=True) + 0.5 * np.eye(20)
    assert (task.outcomes(moved)["value"] > 0.01).all()
    assert task.space().is_inside(moved).all()


def test_ratios_are_those_of_medians():
    frame = pd.DataFrame(
        {
            "problem": "levy5",
            "method": ["random", "optuna_tpe", "optuna_tpe"],
            "seed": [0, 0, 1],
            "regret": [4.0, 1.0, 3.0],
            "seconds_a_step": 1.0,
        }
    )
    rows = many_inputs.rows_of(frame, ["levy5"], ["random", "optuna_tpe"])
    assert [row[4] for row in rows] == ["2", "1"]


def test_bnnopt_runs_a_step_of_each():
    assert failures.measure("branin", "gaussian_process", 0, n_steps=1)["n_failed"] in (0, 1)
    assert several_objectives.measure("dtlz2", "gaussian_process", 0, n_runs=15)["n_runs"] == 15
    assert constrained.measure("flare_mixture", "gaussian_process", 0, n_steps=1)["n_feasible"] == 1
