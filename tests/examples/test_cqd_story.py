"""The campaign of the PbS example from the shell: the commands of its README, one after the other."""

import shlex
from pathlib import Path

import campaign_runs
import pytest
from dataset import DATA
from typer.testing import CliRunner

from bnnopt.campaign import Campaign
from bnnopt.cli import app

EXAMPLE = DATA.parent


def commands():
    """Return the commands of the block that begins with the making of the table of runs."""
    blocks = (EXAMPLE / "README.md").read_text(encoding="utf-8").split("```sh\n")[1:]
    story = next(block for block in blocks if block.startswith("python campaign_runs.py"))
    return [shlex.split(line, comments=True) for line in story.split("```")[0].splitlines() if line.strip()]


def run(command, settings):
    if command[0] == "python":
        assert campaign_runs.main(command[2:]) == 0
        return
    arguments = [str(settings) if each == "campaign.toml" else each for each in command[1:]]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """The settings of the example with a surrogate that is quick to fit, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    text = (EXAMPLE / "campaign.toml").read_text(encoding="utf-8")
    quick = 'name = "gaussian_process_ensemble"\nparameters = { n_members = 2, kernels = ["matern_5_2"] }'
    path = Path("settings.toml")
    path.write_text(text.replace('name = "auto"', quick), encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_story_of_the_readme_runs_as_printed(settings):
    story = commands()
    names = [command[1] for command in story[1:]]
    assert names == ["init", "status", "validate", "effects", "map", "suggest", "record", "report"]
    for command in story:
        run(command, settings)
    status = Campaign.open("out/dots").experiments["status"].tolist()
    assert status[95:].count("measured") == 1 + status[95:100].count("measured")
    assert status[100:] == ["measured", *["planned"] * 3]
    assert Path("out/report.html").stat().st_size > 100_000


def test_the_table_of_runs_is_written_once(tmp_path, capsys):
    assert campaign_runs.main([]) == 2
    assert "FILE.csv" in capsys.readouterr().out
    assert campaign_runs.main([str(tmp_path / "new" / "runs.csv")]) == 0
    assert "100 runs" in capsys.readouterr().out
