"""A campaign in a folder becomes a page, by the shell as in Python."""

import pytest
from typer.testing import CliRunner

from bnnopt import Campaign, CampaignSettings, Maximize, Outcome, Real, SearchSpace
from bnnopt.cli import app
from bnnopt.exceptions import ChangedRowsError
from bnnopt.report import campaign_report

SETTINGS = CampaignSettings(
    name="Heating",
    space=SearchSpace([Real("T", 50, 170, unit="°C"), Real("time", 1, 24, unit="h")]),
    objectives=[Maximize("yield", unit="%")],
    outcomes=[Outcome("yield", lower=0, upper=100)],
    surrogate={"name": "gaussian_process_ensemble"},
)


@pytest.fixture
def campaign(tmp_path):
    campaign = Campaign.create(tmp_path, SETTINGS)
    for _ in range(2):
        batch = campaign.suggest(5)
        outcomes = 90 - 0.01 * (batch["T"] - 120) ** 2
        campaign.record(batch[["id"]].assign(**{"yield": outcomes.clip(lower=1)}))
    campaign.suggest(2)
    return campaign


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


def test_all_that_was_asked_and_came_is_in_it(campaign):
    data = campaign_report(campaign)
    assert data.name == "Heating"
    assert [len(batch) for batch in data.suggestions] == [5, 5, 2]
    assert data.ids == [str(number) for number in range(1, 11)]
    assert {"campaign.toml", "experiments.csv"} <= set(data.hashes)


def test_the_command_writes_a_page_and_then_the_next(campaign):
    for _ in range(2):
        found = run("report", "--folder", campaign.folder)
        assert found.exit_code == 0, found.output
    page = (campaign.folder / "report.html").read_text(encoding="utf-8")
    assert "Heating" in page
    assert "°C" in page


def test_another_file_is_not_replaced_unasked(campaign):
    kept = campaign.folder / "experiments.csv"
    before = kept.read_bytes()
    with pytest.raises(Exception, match=r"experiments\.csv"):
        run("report", "--folder", campaign.folder, "--out", kept)
    assert kept.read_bytes() == before


def test_a_changed_run_is_told_first(campaign):
    text = campaign.table.read_text(encoding="utf-8-sig")
    lines = text.splitlines()
    place = (
        lines[0].split(",").index("yield [%]")
        if "yield [%]" in lines[0]
        else lines[0].split(",").index("yield")
    )
    cells = lines[1].split(",")
    cells[place] = "3"
    campaign.table.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    with pytest.raises(ChangedRowsError):
        campaign_report(Campaign.open(campaign.folder))
