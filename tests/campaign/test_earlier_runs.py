"""Runs of earlier campaigns, named in a campaign.toml by their file."""

import pytest

from bnnopt import CampaignSettings
from bnnopt.campaign import read_runs, resume
from bnnopt.exceptions import InvalidDataError

TOML = """
name = "dots"
objectives = [{{ type = "minimize", name = "y" }}]

[space]
variables = [{{ type = "real", name = "T", lower = 0, upper = 10 }}]

[surrogate]
name = "gaussian_process"

[[earlier]]
{}
"""
RUNS = "lot,T,y\n007,1,0.5\n007,4,0.2\n1e3,8,0.9\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "runs.csv").write_text(RUNS)
    monkeypatch.chdir(tmp_path / "old")  # paths are those of the file, not of where one is

    def read(entry):
        (tmp_path / "campaign.toml").write_text(TOML.format(entry))
        settings = CampaignSettings.from_toml(tmp_path / "campaign.toml")
        return resume(settings, read_runs(tmp_path / "old" / "runs.csv", settings))

    return read


def test_one_name_for_a_file(read):
    optimizer = read('file = "old/runs.csv"\ncampaign = "2024"')
    assert list(optimizer.earlier.index) == ["2024"] * 3
    assert len(optimizer.data) == 3


def test_a_column_names_the_campaigns_as_they_are_written(read):
    assert list(read('file = "old/runs.csv"\ncolumn = "lot"').earlier.index) == ["007", "007", "1e3"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('file = "old/runs.csv"', "give either campaign"),
        ('file = "old/runs.csv"\ncampaign = "a"\ncolumn = "lot"', "give either campaign"),
        ('file = "none.csv"\ncampaign = "a"', "none.csv"),
        ('file = "old/runs.csv"\ncolumn = "batch"', "batch"),
    ],
)
def test_entries_that_cannot_be_met(read, entry, message):
    with pytest.raises(InvalidDataError, match=message):
        read(entry)
