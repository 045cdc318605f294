"""The command line: campaigns by shell alone, plain messages for mistakes, nothing heavy loaded for help."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import bnnopt
from bnnopt import Campaign
from bnnopt.cli import app, main

ROOT = Path(__file__).parents[1]
TOML = """
name = "dots"
objectives = [{ type = "minimize", name = "y", unit = "nm" }]
[space]
variables = [
    { type = "real", name = "x", lower = 0, upper = 1, unit = "mL" },
    { type = "context", name = "T", unit = "°C" },
]
[surrogate]
name = "gaussian_process"
[targets]
outcome = "y"
values = [1, 2]
tolerance = 0.5
"""
RUNS = "x [mL],T [°C],y [nm]\n0.05,20,3\n0.2,21,2\n0.5,20,1\n0.7,22,2\n0.95,20,3\n0.6,21,failed\n"
COMMANDS = (
    *("init", "status", "suggest", "record", "withdraw", "validate", "advise", "history"),
    *("effects", "map", "export", "import"),
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A campaign of six runs, in which the commands run."""
    (tmp_path / "runs.csv").write_text(RUNS, encoding="utf-8")
    (tmp_path / "settings.toml").write_text(TOML, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = run("init", "settings.toml", "--runs", "runs.csv", "-f", "dots")
    assert done.exit_code == 0, done.output
    monkeypatch.chdir(tmp_path / "dots")
    return tmp_path / "dots"


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def done(*arguments):
    """Run a command that is to succeed, and return what it prints."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def answered(*arguments):
    return json.loads(done(*arguments, "--json"))


def run_process(*arguments, module=False):
    """Run the entry function in a new process, as the installed command does."""
    start = ["-m", "bnnopt"] if module else ["-c", "from bnnopt.cli import main; main()"]
    command = [sys.executable, *start, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main_exits(arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bnnopt", *arguments])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # typer sets its own
    with pytest.raises(SystemExit) as error:
        main()
    return error.value.code


def test_a_campaign_of_a_reaction_by_shell_alone(tmp_path, monkeypatch):
    """Levels, a yield from 0 to 100, two commands for each round and no file edited by hand."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    runs = pd.DataFrame(
        {
            "entry": range(12),
            "Base": rng.permutation(["KOAc", "CsOAc", "KOPiv"] * 4),
            "Solvent": rng.permutation(["DMAc", "BuCN"] * 6),
            "Temp_C": rng.permutation([90, 105, 120] * 4),
        }
    )
    runs["yield (%)"] = (runs["Temp_C"] - 80 + 20 * (runs["Base"] == "KOPiv")).round(1)
    runs.to_csv("runs.csv", index=False, sep=";", encoding="cp1252")
    said = done("init", "runs.csv", "--maximize", "yield", "--surrogate", "gaussian_process_ensemble")
    assert "Base: categorical, 3 levels" in said
    assert "yield: an outcome from 0 to 100" in said
    assert "entry" not in said
    asked = done("suggest", "-n", "2")
    assert "yield [%]" in asked
    assert "Recorded 1 run(s) in experiments.csv: id 13." in done("record", "--id", "13", "yield=55,5")
    done("record", "--id", "14", "yield=failed")
    told = answered("status")
    assert {name: told["counts"][name] for name in ("measured", "failed")} == {"measured": 13, "failed": 1}
    assert told["best"][0]["Temp_C"] == 120
    low, high = told["predictions"][0]["lower"], told["predictions"][0]["upper"]
    assert 0 <= low < high <= 100
    assert "yield: 13 runs left out in turn: error" in done("validate")
    assert (tmp_path / "experiments.csv").read_text(encoding="utf-8").startswith("entry;Base;Solvent;Temp_C;")


def test_a_campaign_of_quantum_dots_by_shell_alone(tmp_path, monkeypatch):
    """Numbers, a target and a limit, in a workbook."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    runs = pd.DataFrame(
        {
            "record_id": [f"pbs-{number:03d}" for number in range(14)],
            "PbOA [mL]": rng.uniform(2, 40, 14).round(1),
            "T_inj [°C]": rng.uniform(50, 170, 14).round(),
            "T_outdoor": rng.uniform(0, 25, 14).round(1),
        }
    )
    runs["peak [nm]"] = (900 + 3 * (runs["T_inj [°C]"] - 100)).round()
    runs["width [meV]"] = (50 + (runs["PbOA [mL]"] - 20) ** 2 / 10).round(2)
    runs.to_excel("runs.xlsx", index=False)
    goals = ["--minimize", "width", "--at-least", "peak=930", "--at-most", "peak=970"]
    said = done("init", "runs.xlsx", *goals, "--context", "T_outdoor", "--surrogate", "gaussian_process")
    assert "record_id: 14 different texts in 14 runs, so remarks" in said
    asked = answered("suggest", "-n", "2", "--context", "T_outdoor=12", "--hold", "T_inj=117")
    assert [row["T_inj"] for row in asked] == [117, 117]
    assert (tmp_path / "experiments.xlsx").exists()
    results = pd.DataFrame(asked)[["id"]].assign(peak=[951, 949], width=[51.5, 52.0])
    results.to_csv("results.csv", index=False)
    assert "Recorded 2 run(s)" in done("record", "results.csv")
    said = done("status")
    assert "16 measured" in said
    assert "Best so far:" in said
    assert "e-" not in said
    assert "width: 16 runs left out" in done("validate")


def test_a_campaign_of_a_mixture_by_shell_alone(tmp_path, monkeypatch):
    """Parts that add up to 100, and a run that failed."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(2)
    parts = (10 * rng.dirichlet([2, 2, 2], 10)).round(0) * 10
    runs = pd.DataFrame({"A": parts[:, 0], "B": parts[:, 1], "C": 100 - parts[:, 0] - parts[:, 1]})
    runs["viscosity"] = (runs["A"] * 0.01 + (runs["C"] - 30).abs() * 0.02).astype(object)
    runs.loc[9, "viscosity"] = "failed"
    runs.to_csv("runs.csv", index=False)
    said = done("init", "runs.csv", "--minimize", "viscosity", "--surrogate", "gaussian_process")
    assert "A + B + C = 100 in all runs" in said
    asked = answered("suggest", "-n", "3")
    assert [row["A"] + row["B"] + row["C"] for row in asked] == pytest.approx([100] * 3)
    run_of = {name: asked[1][name] for name in "ABC"}
    done("record", *(f"{name}={value}" for name, value in run_of.items()), "viscosity=0.31")
    done("withdraw", "13")
    told = answered("status")
    assert {name: told["counts"][name] for name in ("measured", "failed", "planned", "withdrawn")} == {
        "measured": 10,
        "failed": 1,
        "planned": 1,
        "withdrawn": 1,
    }
    assert "viscosity: noise of repeated runs" in done("validate")
    assert "1    0.1.0" not in done("history")


def test_suggestions_are_shown_as_a_laboratory_writes_them(folder):
    text = done("suggest", "-n", "2", "--context", "T=20.5")
    header, first, *_ = text.splitlines()
    assert header.split() == ["id", "x", "[mL]", "T", "[°C]", "y", "[nm]", "why"]
    assert first.split()[0] == "7"
    assert "to" in first.split()
    assert max(len(word.strip("()-").replace(".", "").lstrip("0")) for word in first.split()[1:6]) <= 5
    assert "Written to experiments.csv" in text


def test_options_of_suggest_act(folder):
    before = (folder / "experiments.csv").read_bytes()
    context = ["--context", "T=20"]
    dry = answered("suggest", "-n", "2", *context, "--dry-run", "--acquisition", "ucb", "--seed", "5")
    assert (folder / "experiments.csv").read_bytes() == before
    assert dry == answered("suggest", "-n", "2", *context, "--dry-run", "--acquisition", "ucb", "--seed", "5")
    (folder / "some.csv").write_text("x\n0.31\n0.33\n", encoding="utf-8")
    listed = answered("suggest", "-n", "2", *context, "--candidates", "some.csv", "--dry-run")
    assert {row["x"] for row in listed} == {0.31, 0.33}
    wanted = answered("suggest", "-n", "1", *context, "--target", "1", "--target", "2", "--dry-run")
    assert [row["goal"] for row in wanted] == ["1", "2"]
    repeated = answered("suggest", "-n", "2", *context, "--replicates", "1", "--exploration", "0.5")
    assert repeated[-1]["x"] in (0.05, 0.2, 0.5, 0.7, 0.95)
    same = Campaign.open(folder).experiments.tail(1)["replicate_of"].tolist()
    assert same[0] in "12345"
    assert "experiments.xlsx" in done("suggest", "-n", "1", *context, "--xlsx")


def test_the_same_seed_gives_the_same_runs_in_a_new_process(folder):
    options = ["suggest", "-n", "2", "--context", "T=20", "--seed", "5", "--dry-run", "--json"]
    there = run_process(*options, module=True)
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout) == json.loads(done(*options))


def test_changes_of_recorded_runs_are_told_with_an_exit_code_of_their_own(folder, monkeypatch, capsys):
    path = folder / "experiments.csv"
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace("0.2,21,2,", "0.2,21,9,"), encoding="utf-8-sig"
    )
    for command in (["status"], ["suggest", "--context", "T=20"], ["validate"], ["advise"]):
        assert main_exits(command, monkeypatch) == 3
        assert "id 2 (row 3), column 'y': recorded 2, now 9" in capsys.readouterr().err
    assert "5 measured" in done("status", "--accept-changes")
    assert answered("history")["corrections"][0]["after"] == 9
    assert "5 measured" in done("status")


def test_a_state_goes_out_and_comes_back(folder):
    done("suggest", "-n", "1", "--context", "T=20")
    assert done("export", "state.json").strip() == "Written to state.json."
    done("import", "state.json", "--folder", "again")
    again, before = Campaign.open(folder / "again"), Campaign.open(folder)
    assert again.experiments["status"].tolist() == [*["measured"] * 5, "failed", "planned"]
    pd.testing.assert_frame_equal(again.optimizer().data, before.optimizer().data)


def test_advice_has_reasons(folder):
    assert done("advise", "--context", "T=20").splitlines()[0] in ("Go on:", "Stop:")
    assert "the budget of 6 rows is used up (6 told)" in done("advise", "--context", "T=20", "--budget", "6")
    assert answered("advise", "--context", "T=20", "--budget", "6")["is_stop"]


def test_a_campaign_begins_without_runs(folder, tmp_path):
    done("init", str(tmp_path / "settings.toml"), "-f", str(tmp_path / "empty"))
    assert "No best run yet." in done("status", "-f", str(tmp_path / "empty"))
    assert "no model yet" in done("suggest", "-n", "2", "--context", "T=1", "-f", str(tmp_path / "empty"))
    assert "first design" not in done("history", "-f", str(tmp_path / "empty"))


def test_fewer_runs_than_asked_for_are_a_note(folder):
    path = folder / "campaign.toml"
    text = path.read_text(encoding="utf-8").replace("upper = 1,", "upper = 1, step = 0.5,")
    path.write_text(text, encoding="utf-8")
    result = run_process("suggest", "-n", "9", "--context", "T=20")
    assert result.returncode == 0
    assert "Note: Only " in result.stderr
    assert "Warning" not in result.stderr


@pytest.mark.slow
def test_the_shell_section_of_the_readme_runs_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## From the shell")[1].split("```")[1]
    commands = [shlex.split(line)[1:] for line in section.splitlines() if line.startswith("bnnopt ")]
    assert [command[0] for command in commands][:3] == ["init", "suggest", "record"]
    for command in commands:
        done(*command)
    assert Campaign.open("dots").experiments["status"].tolist()[100:] == [
        "measured",
        "failed",
        *["planned"] * 2,
    ]


def test_version():
    assert done("--version").strip() == bnnopt.__version__


def test_without_a_command_the_help_is_shown_with_the_exit_codes():
    output = " ".join(run().output.split())
    assert all(command in output for command in COMMANDS)
    assert "Exit codes: 0 done" in output


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example(command):
    assert f"bnnopt {command}" in " ".join(done(command, "--help").split("Example")[1].split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["suggest", "--context", "T"], "expected NAME=VALUE, got 'T'"),
        (["suggest", "--context", "T=1", "--context", "T=2"], "got 'T' twice"),
        (["suggest", "--context", "T=20", "-n", "0"], "-n"),
        (["suggest", "--contxt", "T=20"], "--contxt"),
        (["record"], "expected a file, or NAME=VALUE"),
        (["init", "runs.csv", "--empty", "maybe"], "expected planned or failed"),
        (["init", "../runs.csv", "-f", "b"], "say what is wanted"),
        (["init", "../runs.csv", "--minimize", "y", "--bounds", "x=1", "-f", "b"], "NAME=LOWER:UPPER"),
        (["init", "../runs.csv", "--minimize", "y", "--step", "x=a", "-f", "b"], "a number such as 0.5"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(arguments, message, folder):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["suggest"], "context: no value for ['T']"),
        (
            ["suggest", "--context", "T=20", "--context", "lot=7"],
            "context: ['lot'] are not context variables",
        ),
        (["suggest", "--context", "T=warm"], "column 'T' has text where a number is needed"),
        (["suggest", "--context", "T=20", "--hold", "z=1"], "z"),
        (["record", "nowhere.csv"], "There is no file 'nowhere.csv'"),
        (["record", "--id", "1", "width=3"], "['width'] are no columns of the campaign"),
        (["withdraw", "1"], "No run with the id(s) ['1'] is planned or running"),
        (["status", "-f", "nowhere"], "There is no campaign in nowhere"),
        (["init", "../runs.csv", "--minimize", "y"], "is there already"),
        (["init", "../runs.csv", "--minimize", "w", "-f", "b"], "has no column(s) ['w']"),
        (["import", "campaign.toml", "-f", "b"], "Error"),
        (["export", "campaign.toml"], "is there already"),
        (["validate", "--folds", "9"], "n_folds must be from 2 to the 5"),
    ],
)
def test_what_cannot_be_used_is_one_plain_message(arguments, message, folder, monkeypatch, capsys):
    before = (folder / "experiments.csv").read_bytes()
    assert main_exits(arguments, monkeypatch) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert message in error
    assert (folder / "experiments.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lower = 0", "lower = 5", "space.variables.0"),
        ("gaussian_process", "forest", "Unknown surrogate 'forest'"),
        ("name = ", "name ", "is not valid TOML"),
        ('name = "y"', 'name = "width"', "there is no column 'width'"),
    ],
)
def test_a_wrong_file_is_one_plain_message(old, new, message, folder, monkeypatch, capsys):
    path = folder / "campaign.toml"
    text = path.read_text(encoding="utf-8").replace(
        'outcome = "y"', f'outcome = "{"width" if "width" in new else "y"}"'
    )
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert main_exits(["status"], monkeypatch) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert message in error


def test_the_command_shows_no_traceback(tmp_path):
    result = run_process("status", "-f", str(tmp_path / "nowhere"))
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: There is no campaign")
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.slow
@pytest.mark.tensorflow
def test_nothing_is_written_beside_the_answer(folder):
    """Not by TensorFlow either, which the default surrogate loads."""
    path = folder / "campaign.toml"
    text = path.read_text(encoding="utf-8").replace('[surrogate]\nname = "gaussian_process"\n', "")
    path.write_text(text, encoding="utf-8")
    result = run_process("suggest", "-n", "1", "--context", "T=20")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "y [nm]" in result.stdout


def test_help_loads_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys\nfrom bnnopt.cli import main\nsys.argv = ['bnnopt', 'suggest', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "loaded = {'tensorflow', 'keras', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "print('loaded:', sorted(loaded))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "--context" in result.stdout
    assert "loaded: []" in result.stdout
