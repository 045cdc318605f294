"""The PbS example from the command line: what it refuses, and a short run from rows to suggestions."""

import functools
import io
import re
from contextlib import redirect_stdout
from types import SimpleNamespace

import explore
import judge
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import run
import trust
from dataset import DATA, load_cqd_pbs
from models import LEARNED
from preparation import SETTINGS, prepare
from report import LATER_COLUMNS
from results import Trust
from simulator import simulated_table

from bnnopt.campaign import NamedChoice, read_runs
from bnnopt.surrogates import ARDGaussianProcessRegressor

TABLES = ["cross_validation.csv", "later_rows.csv", "suggestions.csv", "table1.csv"]
FIGURES = [
    "fig1_coverage.png",
    "fig2a_effects.png",
    "fig2b_maps.png",
    "fig2c_ratio.png",
    "fig3_output_space.png",
    "parity.png",
    "retraining.png",
    "si10_hwhm.png",
    "si1_repeats.png",
    "si3_growing_data.png",
    "si4_sweeps.png",
    "simulator.png",
]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def settings():
    return run.load_settings(short=False)


@pytest.fixture(scope="module")
def table():
    return prepare(load_cqd_pbs())


def small_run(out, *options):
    """Run the example with few updates, recipes, folds and trees; return exit code and printed text."""
    gaussian_process = functools.partial(ARDGaussianProcessRegressor, n_restarts_optimizer=0)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as printed:
        patch.setattr(run, "SHORT_UPDATES", 60)
        patch.setattr(run, "N_RECIPES_SHORT", 12000)
        patch.setattr(judge, "N_SPLITS", 2)
        patch.setattr(judge, "N_RETRAININGS", 2)
        patch.setattr(trust, "N_SIZES", 2)
        patch.setattr(judge, "N_TREES", 20)
        patch.setattr(judge, "ARDGaussianProcessRegressor", gaussian_process)
        code = run.main(["--short", "--out", str(out), *options])
    return code, printed.getvalue()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("example") / "new" / "out"
    backend = dict.get(matplotlib.rcParams, "backend")
    code, printed = small_run(out)
    assert dict.get(matplotlib.rcParams, "backend") == backend
    return code, printed, out


@pytest.fixture(scope="module")
def suggestions(finished):
    return read_runs(finished[2] / "suggestions.csv")  # leaves the units of the header aside


@pytest.mark.parametrize("name", ["none.csv", "none.zip", "none.dat"])
def test_a_data_file_that_is_not_there_is_named(name, tmp_path, capsys):
    assert run.main(["--short", "--out", str(tmp_path / "out"), "--data", str(tmp_path / name)]) == 2
    printed = capsys.readouterr().out.replace("\n", "")
    assert "Error: " in printed
    assert name in printed
    assert not (tmp_path / "out").exists()


def test_a_missing_column_is_named(tmp_path, capsys):
    pd.read_csv(DATA / "si_subset_100.csv").drop(columns="OLA_mL").to_csv(tmp_path / "mine.csv")
    assert run.main(["--short", "--out", str(tmp_path / "out"), "--data", str(tmp_path / "mine.csv")]) == 2
    assert "mine.csv: missing column(s) ['OLA_mL']" in capsys.readouterr().out


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "taken").write_text("a file")
    assert run.main(["--short", "--out", str(tmp_path / "taken")]) == 2
    assert "taken" in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize("seed", ["-1", "1.5", "4294967296"])
def test_a_seed_out_of_range_is_refused_at_once(seed, capsys):
    with pytest.raises(SystemExit) as error:
        run.main(["--seed", seed])
    assert error.value.code == 2
    assert "a whole number from 0 to 4294967295" in capsys.readouterr().err


@pytest.mark.slow
def test_a_short_run_writes_all_tables_and_figures(finished):
    code, printed, out = finished
    assert code == 0
    assert sorted(file.name for file in out.iterdir()) == sorted([*TABLES, *FIGURES])
    for name in FIGURES:
        content = (out / name).read_bytes()
        width, height = (int.from_bytes(content[start : start + 4]) for start in (16, 20))
        assert content[:8] == PNG
        assert min(width, height) >= 600
    assert all(len(pd.read_csv(out / name)) for name in TABLES)
    assert plt.get_fignums() == []
    assert str(out) in printed.replace("\n", "")


@pytest.mark.slow
def test_a_short_run_says_what_was_read_and_what_came_out(finished):
    _, printed, _ = finished
    assert "DataSummary(n_rows=100, n_historical=55, n_ml_guided=45, n_failed=5" in printed
    assert re.search(r"Of (\d+) suggestions \1 are inside bounds and constraints", printed)
    assert "all are new." in printed.replace("\n", " ")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_five_models_are_judged_on_two_outcomes(finished):
    scores = pd.read_csv(finished[2] / "cross_validation.csv")
    models = ["stacking", "MC dropout", "paper's network", "Gaussian process", "random forest"]
    assert scores["outcome"].tolist() == ["hwhm_meV"] + ["peak_nm"] * 5 + ["polydispersity"] * 5
    assert scores["model"].tolist() == [models[0], *models, *models]
    assert np.isfinite(scores.select_dtypes("number")).all(axis=None)
    assert (scores["mean_absolute_error"] > 0).all()
    assert scores["coverage_95"].between(0, 1).all()
    assert (scores["r2"] < 1).all()


@pytest.mark.slow
def test_the_recipes_of_table1_are_told_with_intervals(finished):
    verified = pd.read_csv(finished[2] / "table1.csv")
    assert verified["peak_nm_measured"].tolist() == [620, 780, 950, 1150, 1330, 1500]
    for output in judge.OUTPUTS:
        lower, upper = verified[f"{output}_lower_95"], verified[f"{output}_upper_95"]
        assert verified[f"{output}_predicted"].between(lower, upper).all()
        assert (
            verified[f"{output}_inside"].tolist()
            == verified[f"{output}_measured"].between(lower, upper).tolist()
        )


@pytest.mark.slow
def test_units_stand_in_the_header_of_the_suggestions(finished):
    header = (finished[2] / "suggestions.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    expected = {"target_nm [nm]", "T_inj_C [°C]", "TMS2S_uL [µL]", "Cl_hot_mM [mM]", "peak_nm_std [nm]"}
    assert expected <= set(header)
    assert {"peak_nm_upper_95 [nm]", "polydispersity_mean", "interval_contains_target"} <= set(header)


@pytest.mark.slow
def test_suggestions_are_new_and_inside_bounds_and_constraints(suggestions, settings, table):
    assert settings.space.is_feasible(suggestions).all()
    assert explore.is_new(suggestions, table)
    assert not suggestions.duplicated(SETTINGS).any()
    assert (suggestions["T_outdoor_C"] == table["T_outdoor_C"].median()).all()
    anywhere = suggestions[suggestions["T_inj_limit_C"].isna()]
    assert anywhere["target_nm"].tolist() == [620] * 3 + [780] * 3


@pytest.mark.slow
def test_targets_with_a_hot_suggestion_have_cool_ones_too(suggestions):
    for _, batch in suggestions.groupby("target_nm"):
        is_anywhere = batch["T_inj_limit_C"].isna()
        assert (batch["T_inj_C"][is_anywhere] > 140).any() == (~is_anywhere).any()
        assert (batch["T_inj_C"][~is_anywhere] <= 140).all()


@pytest.mark.slow
def test_later_rows_are_judged_beside_shuffled_ones(finished):
    later = pd.read_csv(finished[2] / "later_rows.csv")
    assert later["split"].tolist() == ["shuffled", "shuffled, later rows", "later"] * 3
    assert later["outcome"].unique().tolist() == ["polydispersity", "peak_nm", "hwhm_meV"]
    assert (later["n"] == [95, 42, 42] * 3).all()
    assert later["beyond"].iloc[2] > 3 * later["beyond"].iloc[1]


@pytest.mark.slow
def test_intervals_contain_their_means_and_say_whether_the_target(suggestions):
    for output in judge.OUTPUTS:
        mean, std = suggestions[f"{output}_mean"], suggestions[f"{output}_std"]
        lower, upper = suggestions[f"{output}_lower_95"], suggestions[f"{output}_upper_95"]
        assert mean.between(lower, upper).all()
        assert ((upper - lower) / std).between(1.5, 4.5).all()
    ends = suggestions[["polydispersity_mean", "polydispersity_lower_95", "polydispersity_upper_95"]]
    assert ((ends >= 0) & (ends <= 1)).all(axis=None)
    contains = suggestions["target_nm"].between(
        suggestions["peak_nm_lower_95"], suggestions["peak_nm_upper_95"]
    )
    assert suggestions["interval_contains_target"].tolist() == contains.astype(str).tolist()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_suggestions_however_models_were_judged(finished, tmp_path, monkeypatch):
    def exact(table, predictor, seed):
        columns = {}
        for output in LEARNED:
            ends = dict.fromkeys(
                [f"{output}_{end}" for end in ("mean", "median", "lower", "upper")], table[output]
            )
            columns |= {**ends, f"{output}_std": 1.0}
        return pd.DataFrame(columns, index=table.index)

    def nothing(*arguments):
        later = pd.DataFrame(columns=LATER_COLUMNS)
        none = pd.DataFrame({"outcome": [], "agreement": []})
        return Trust(later, None, SimpleNamespace(summary=none), none, {})

    monkeypatch.setattr(run, "cross_validate", exact)
    monkeypatch.setattr(run, "judge_trust", nothing)
    monkeypatch.setattr(run, "draw_all", lambda out, results: None)
    code, _ = small_run(tmp_path, "--seed", "0", "--t-outdoor", "10")
    assert code == 0
    assert pd.read_csv(tmp_path / "cross_validation.csv")["mean_absolute_error"].eq(0).all()
    expected = (finished[2] / "suggestions.csv").read_bytes()
    assert (tmp_path / "suggestions.csv").read_bytes() == expected


@pytest.fixture
def light_settings(settings):
    """Settings whose surrogate is two processes of one kernel."""
    parameters = {"n_members": 2, "kernels": ["matern_5_2"]}
    surrogate = NamedChoice(name="gaussian_process_ensemble", parameters=parameters)
    targets = settings.targets.model_copy(update={"values": (950.0,)})
    return settings.model_copy(update={"surrogate": surrogate, "targets": targets})


@pytest.mark.slow
def test_a_table_of_full_size_goes_through_all_steps(tmp_path, monkeypatch, settings, light_settings):
    """Rows of a simulation, as many as were published; what is cut is said. Figures are drawn elsewhere."""
    simulated_table(settings.space).to_csv(tmp_path / "simulated.csv", index=False)
    monkeypatch.setattr(run, "load_settings", lambda short: light_settings)
    monkeypatch.setattr(run, "draw_all", lambda out, results: None)
    code, printed = small_run(tmp_path / "out", "--data", str(tmp_path / "simulated.csv"))
    assert code == 0
    said = " ".join(printed.split())
    assert "n_rows=2552, n_historical=2315, n_ml_guided=237, n_failed=23" in said
    assert "exact Gaussian process is not compared: with 2,529 rows" in said
    assert "learning curve ends at 500 rows" in said
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(TABLES)
    scores = pd.read_csv(tmp_path / "out" / "cross_validation.csv")
    assert "Gaussian process" not in set(scores["model"])
    assert scores.query("model == 'gaussian_process_ensemble' and outcome == 'peak_nm'")["r2"].item() > 0.8
    later = pd.read_csv(tmp_path / "out" / "later_rows.csv")
    assert later["n"].tolist() == [2529, 214, 214] * 3
    suggestions = read_runs(tmp_path / "out" / "suggestions.csv")
    assert settings.space.is_feasible(suggestions).all()
    assert len(suggestions) >= 3
