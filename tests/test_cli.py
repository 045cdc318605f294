"""The command line: tables out, plain messages for mistakes, nothing heavy loaded for help."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import bnnopt
from bnnopt import CampaignSettings
from bnnopt.campaign import read_runs
from bnnopt.cli import app, main

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
"""
RUNS = "x [mL],T [°C],y [nm]\n0.05,20,3\n0.2,21,2\n0.5,20,1\n0.7,22,2\n0.95,20,3\n0.6,21,\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "campaign.toml").write_text(TOML, encoding="utf-8")
    (tmp_path / "runs.csv").write_text(RUNS, encoding="utf-8")
    return ["--config", str(tmp_path / "campaign.toml"), "--data", str(tmp_path / "runs.csv")]


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def run_process(*arguments):
    """Run the entry function in a new process, as the installed command does."""
    code = "from bnnopt.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


def main_exits(arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bnnopt", *arguments])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # typer sets its own
    with pytest.raises(SystemExit) as error:
        main()
    return error.value.code


def test_suggest_prints_and_writes_a_table_that_can_be_read_back(files, tmp_path):
    out = tmp_path / "next.csv"
    result = run("suggest", *files, "-n", "2", "--context", "T=20.5", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert "y_mean [nm]" in result.output
    assert f"Written to {out}." in result.output
    batch = read_runs(out)
    assert list(batch.columns) == ["x", "T", "y_mean", "y_std", "y_lower", "y_upper", "score", "reason"]
    assert (batch["y_lower"] < batch["y_mean"]).all()
    assert batch["T"].tolist() == [20.5, 20.5]
    assert batch["x"].between(0, 1).all()
    assert batch["x"].nunique() == 2


def test_suggest_prints_what_a_laboratory_sets_and_writes_what_is_suggested(files, tmp_path):
    stepped = TOML.replace("upper = 1,", "upper = 1, step = 0.05,").replace(
        "variables = [", 'variables = [\n    { type = "real", name = "z", lower = 0, upper = 200 },'
    )
    (tmp_path / "campaign.toml").write_text(stepped, encoding="utf-8")
    runs = pd.DataFrame(
        {"z": [10.0, 90, 150, 30, 70], "x": [0.05, 0.2, 0.5, 0.7, 0.95], "T": 20, "y": range(5)}
    )
    runs.to_csv(tmp_path / "runs.csv", index=False)
    out = tmp_path / "next.csv"
    result = run("suggest", *files, "-n", "3", "--context", "T=20.5", "--out", str(out))
    assert result.exit_code == 0, result.output
    written = read_runs(out)
    lines = [line.removesuffix("the highest score") for line in result.output.splitlines()[1:4]]
    printed = [line.split() for line in lines]
    ends = [[float(number) for number in line[-3:-1]] for line in printed]
    np.testing.assert_allclose(ends, written[["y_lower", "y_upper"]], rtol=1e-5)
    assert (np.array(ends) != written[["y_lower", "y_upper"]].to_numpy()).all()  # the file has all digits
    for (z, x, *others), row in zip(printed, written.itertuples(), strict=True):
        assert float(x) == row.x
        assert x == f"{round(row.x * 20) / 20:.2f}".rstrip("0").ljust(3, "0")  # 0.15, 0.3, 1.0
        assert len(z.partition(".")[2]) <= 2
        assert abs(float(z) - row.z) <= 0.005
        assert all(len(number.strip("-").replace(".", "").lstrip("0")) <= 6 for number in others)


def test_the_same_seed_gives_the_same_runs_in_a_new_process(files, tmp_path):
    outs = [tmp_path / "here.csv", tmp_path / "there.csv"]
    options = ["suggest", *files, "-n", "2", "--context", "T=20", "--seed", "5", "--out"]
    assert run(*options, str(outs[0])).exit_code == 0
    there = run_process(*options, str(outs[1]))
    assert there.returncode == 0, there.stderr
    pd.testing.assert_frame_equal(read_runs(outs[0]), read_runs(outs[1]))


def test_suggest_prints_intervals_within_the_bounds_of_an_outcome(files, tmp_path):
    text = TOML + '[[outcomes]]\nname = "y"\nlower = 0.9\nunit = "mL"\n'
    (tmp_path / "campaign.toml").write_text(text, encoding="utf-8")
    out = tmp_path / "next.csv"
    done = run("suggest", *files, "-n", "2", "--context", "T=20", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert "y_lower [nm]" in done.output  # the unit of the objective comes first
    assert (read_runs(out)["y_lower"] >= 0.9).all()


def test_a_run_beyond_a_bound_is_named(files, tmp_path, monkeypatch, capsys):
    text = TOML + '[[outcomes]]\nname = "y"\nlower = 1.5\n'
    (tmp_path / "campaign.toml").write_text(text, encoding="utf-8")
    assert main_exits(["status", *files], monkeypatch) == 2
    message = "column 'y' has a value below its lower bound 1.5 in row(s) 4 of runs.csv (first: "
    assert message in " ".join(capsys.readouterr().err.split())


def test_suggest_starts_a_campaign_without_runs(files, tmp_path):
    (tmp_path / "runs.csv").write_text("x [mL],T [°C],y [nm]\n", encoding="utf-8")
    result = run("suggest", *files, "-n", "3", "--context", "T=20")
    assert result.exit_code == 0, result.output
    assert result.output.count("NaN") == 15


def test_suggest_explores_repeats_and_shares(files, tmp_path):
    out = tmp_path / "next.csv"
    done = run(
        *("suggest", *files, "-n", "3", "--context", "T=20", "--out", str(out)),
        *("--replicates", "1", "--exploration", "0.5"),
    )
    assert done.exit_code == 0, done.output
    table = read_runs(out)
    assert len(table) == 3
    assert table["x"].iloc[-1] in (0.05, 0.2, 0.5, 0.7, 0.95)


def test_advice_has_reasons(files):
    going_on = run("advise", *files, "--context", "T=20")
    assert going_on.exit_code == 0, going_on.output
    assert going_on.output.splitlines()[0] in ("Go on:", "Stop:")
    stop = run("advise", *files, "--context", "T=20", "--budget", "6")
    assert "- the budget of 6 rows is used up (6 told)" in stop.output


def test_status_counts_the_runs_and_shows_the_best(files):
    result = run("status", *files)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:3] == ["n_told: 6", "n_measured: 5", "n_failed: 1"]
    best = dict(line.split() for line in result.output.splitlines()[5:])
    assert best == {"x": "0.5", "T": "20.0", "y": "1.0", "y_mean": "1.0"}


def test_status_of_a_campaign_without_runs_is_no_error(files, tmp_path):
    (tmp_path / "runs.csv").write_text("x [mL],T [°C],y [nm]\n", encoding="utf-8")
    result = run("status", *files)
    assert result.exit_code == 0
    assert "n_told: 0" in result.output
    assert "No best run yet." in result.output


def test_version():
    result = run("--version")
    assert result.exit_code == 0
    assert result.output.strip() == bnnopt.__version__


def test_without_a_command_the_help_is_shown():
    result = run()
    assert "suggest" in result.output
    assert "status" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--context", "T"], "expected NAME=VALUE, got 'T'"),
        (["--context", "T=20", "-n", "0"], "-n"),
        (["--context", "T=20", "--seed", "-1"], "--seed"),
        (["--contxt", "T=20"], "--contxt"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(arguments, message, files):
    result = run("suggest", *files, *arguments)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "context: no value for ['T']"),
        (["--context", "T=20", "--context", "lot=7"], "context: ['lot'] are not context variables"),
        (["--context", "T=warm"], "column 'T' has text where a number is needed"),
        (["--context", "T=nan"], "column 'T' has an empty cell"),
    ],
)
def test_a_context_that_cannot_be_used_is_one_plain_message(arguments, message, files, monkeypatch, capsys):
    assert main_exits(["suggest", *files, *arguments], monkeypatch) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert message in error


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lower = 0", "lower = 5", "space.variables.0"),
        ("gaussian_process", "forest", "Unknown surrogate 'forest'"),
        ("name = ", "name ", "is not valid TOML"),
        ('name = "y"', 'name = "width"', "outcomes: missing column(s) ['width']"),
    ],
)
def test_a_wrong_file_is_one_plain_message(old, new, message, files, tmp_path, monkeypatch, capsys):
    (tmp_path / "campaign.toml").write_text(TOML.replace(old, new, 1), encoding="utf-8")
    assert main_exits(["status", *files], monkeypatch) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert message in error


def test_a_table_that_cannot_be_written_is_one_plain_message(files, tmp_path, monkeypatch, capsys):
    out = str(tmp_path / "no folder" / "next.csv")
    assert main_exits(["suggest", *files, "--context", "T=20", "--out", out], monkeypatch) == 2
    captured = capsys.readouterr()
    assert "x [mL]" in captured.out
    assert captured.err.startswith("Error: ")


@pytest.mark.parametrize("name", ["runs.csv", "campaign.toml", "candidates.csv", "../runs.csv"])
@pytest.mark.parametrize("options", [(), ("--replace",)])
def test_suggest_replaces_no_file_unasked_and_what_it_read_never(
    name, options, files, tmp_path, monkeypatch, capsys
):
    (tmp_path / "candidates.csv").write_text("x\n0.5\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    out = tmp_path / "folder" / name if name.startswith("..") else tmp_path / name
    before = out.read_bytes()
    arguments = ["suggest", *files, "--context", "T=20", "-n", "1", "--out", str(out), *options]
    if name == "candidates.csv" and options:
        assert run(*arguments).exit_code == 0
        assert len(read_runs(out)) == 1
        return
    assert main_exits(arguments, monkeypatch) == 2
    captured = capsys.readouterr()
    assert captured.out == ""  # told before anything is fitted
    assert captured.err.startswith("Error: --out")
    assert out.read_bytes() == before


def test_suggest_writes_cells_that_no_spreadsheet_runs_and_reads_them_again(files, tmp_path):
    lots = TOML.replace(
        "variables = [", 'variables = [{ type = "categorical", name = "lot", levels = ["=1", "007"] },'
    )
    (tmp_path / "campaign.toml").write_text(lots, encoding="utf-8")
    (tmp_path / "runs.csv").write_text("lot,x,T,y\n", encoding="utf-8")
    out = tmp_path / "next.csv"
    done = run("suggest", *files, "-n", "6", "--context", "T=20", "--out", str(out))
    assert done.exit_code == 0, done.output
    heads = {line.split(",")[0] for line in out.read_text(encoding="utf-8-sig").splitlines()[1:]}
    assert heads == {"'=1", "007"}
    again = run("status", "-c", files[1], "-d", str(out))
    assert again.exit_code != 0  # it has no outcomes yet
    settings = CampaignSettings.from_toml(files[1])
    assert set(read_runs(out, settings)["lot"]) == {"=1", "007"}


def test_a_context_is_read_as_what_its_variable_is(files, tmp_path):
    lots = TOML.replace('name = "T", unit = "°C"', 'name = "T", levels = ["7", "007"]')
    (tmp_path / "campaign.toml").write_text(lots, encoding="utf-8")
    (tmp_path / "runs.csv").write_text("x,T,y\n", encoding="utf-8")
    out = tmp_path / "next.csv"
    assert run("suggest", *files, "-n", "1", "--context", "T=007", "--out", str(out)).exit_code == 0
    assert read_runs(out, CampaignSettings.from_toml(files[1]))["T"].tolist() == ["007"]
    twice = run("suggest", *files, "--context", "T=007", "--context", "T=7")
    assert twice.exit_code == 2
    assert "got 'T' twice" in twice.output


def test_the_command_shows_no_traceback(tmp_path):
    result = run_process("status", "-c", str(tmp_path / "nowhere.toml"), "-d", str(tmp_path / "runs.csv"))
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: There is no file")
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.slow
@pytest.mark.tensorflow
def test_nothing_is_written_beside_the_answer(files, tmp_path):
    """Not by TensorFlow either, which the default surrogate loads."""
    (tmp_path / "campaign.toml").write_text(TOML.split("[surrogate]")[0], encoding="utf-8")
    result = run_process("suggest", *files, "-n", "1", "--context", "T=20")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "y_mean [nm]" in result.stdout


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
