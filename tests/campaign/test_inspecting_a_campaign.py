"""Effects, maps and learning curves of a campaign: by function and by command."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from bnnopt import Campaign, CampaignSettings
from bnnopt.campaign import campaign_effects, campaign_map
from bnnopt.cli import app
from bnnopt.exceptions import InvalidDataError, UnknownNameError

DOCUMENT = {
    "name": "dots",
    "space": {
        "variables": [
            {"type": "real", "name": "lead", "lower": 0, "upper": 20, "unit": "mL", "step": 0.5},
            {"type": "real", "name": "T", "lower": 50, "upper": 150, "unit": "°C"},
            {"type": "categorical", "name": "solvent", "levels": ["ODE", "THF"]},
            {"type": "context", "name": "lab"},
        ]
    },
    "objectives": [
        {"type": "minimize", "name": "width", "unit": "meV"},
        {"type": "outcome_constraint", "name": "peak", "lower": 300, "upper": 900, "unit": "nm"},
    ],
    "surrogate": {"name": "gaussian_process_ensemble"},
}


def measure(rows):
    peak = 20 * rows["lead"] + 4 * rows["T"]
    return rows.assign(peak=peak, width=40 - rows["lead"] + 0.1 * rows["T"])


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """18 runs of two batches, two of them alike, and a failed one."""
    settings = CampaignSettings.model_validate(DOCUMENT)
    rows = settings.space.sample(18, random_state=0, context={"lab": 20.0})
    rows.iloc[1] = rows.iloc[0]
    runs = measure(rows).assign(batch=[1] * 9 + [2] * 9, status="measured")
    runs.loc[1, "width"] += 1.0
    runs.loc[17, ["peak", "width"]] = np.nan
    runs.loc[17, "status"] = "failed"
    return Campaign.create(tmp_path_factory.mktemp("dots") / "dots", settings, runs)


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def done(campaign, *arguments):
    result = run(*arguments, "--folder", str(campaign.folder))
    assert result.exit_code == 0, result.output
    return result.output


def test_effects_are_those_at_the_best_run_or_another_one(campaign):
    found = campaign_effects(campaign)
    assert found.where.endswith("the best")
    slope = found.effects.of("peak").set_index("setting")["slope"]
    assert slope["lead"] == pytest.approx(20, abs=3)
    assert slope["T"] == pytest.approx(4, abs=0.5)
    third = campaign_effects(campaign, id="3", at={"T": "100"}, steps={"T": 10})
    assert third.where == "run 3, with T as given"
    assert third.effects.row["lead"].iloc[0] == campaign.experiments["lead"].iloc[2]
    assert third.effects.of("peak").set_index("setting").loc["T", ["before", "after"]].tolist() == [100, 110]


def test_the_command_prints_settings_as_they_are_set(campaign):
    text = done(campaign, "effects", "--id", "3", "--at", "lead=10", "--step", "lead=2")
    assert "lead: 10.0 → 12.0 mL" in text
    assert "peak [nm], with 95 % intervals:" in text
    assert "solvent: " in text
    assert "up" in text


def test_effects_can_be_combined(campaign):
    options = (
        "--at",
        "T=100",
        "--at",
        "lead=10",
        "--improve",
        "min width",
        "--trade",
        "lead",
        "T",
        "--held",
        "peak",
    )
    text = done(campaign, "effects", "--id", "3", *options)
    assert "To minimize width while peak stays, together:" in text
    held_at = float(re.search(r"peak held at ([\d.]+) nm", text)[1])
    assert held_at == pytest.approx(600, abs=5)  # 20 * 10 + 4 * 100
    tables = json.loads(done(campaign, "effects", "--id", "3", *options, "--json"))
    assert set(tables) == {"recipe", "effects", "direction", "outcomes", "trade_off"}
    path = pd.DataFrame(tables["trade_off"])
    there = path[path["reason"] == ""]
    assert (there["T"].astype(float).diff().dropna() < 0).all()


def test_pictures_are_written_and_nothing_is_replaced_unasked(campaign, tmp_path):
    file = tmp_path / "effects.svg"
    assert f"Drawn into {file}" in done(campaign, "effects", "--plot", str(file))
    assert file.read_text(encoding="utf-8").lstrip().startswith("<?xml")
    again = run("effects", "--plot", str(file), "--folder", str(campaign.folder))
    assert isinstance(again.exception, InvalidDataError)
    assert "is not replaced" in str(again.exception)
    done(campaign, "effects", "--plot", str(file), "--replace")
    other = run("effects", "--plot", str(tmp_path / "effects.doc"), "--folder", str(campaign.folder))
    assert "A picture ends in .png, .svg, .pdf" in str(other.exception)


def test_a_map_shows_cells_and_the_recipes_of_the_best(campaign, tmp_path):
    file = tmp_path / "map.png"
    text = done(campaign, "map", "lead", "T", "--cells", "4", "--plot", str(file))
    assert "Best predicted width [meV]; lead [mL] across, T [°C] down" in text
    assert "Best cells:" in text
    assert file.read_bytes()[:4] == b"\x89PNG"
    found = campaign_map(campaign, "lead", "T", n_cells=4)
    assert (found.found.recipes["peak_mean"].between(300, 900)).all()
    cells = pd.DataFrame(
        json.loads(done(campaign, "map", "lead", "T", "--slice", "--cells", "4", "--json"))["cells"]
    )
    assert len(cells) == 16
    assert cells["lead_to"].max() == 20
    assert "Predicted width" in done(campaign, "map", "lead", "T", "--slice", "--cells", "4")
    both = run("map", "lead", "T", "--best", "--mean", "--folder", str(campaign.folder))
    assert both.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["effects", "--id", "99"], UnknownNameError, "Unknown run '99'"),
        (["effects", "--at", "leed=3"], UnknownNameError, "Did you mean 'lead'"),
        (["effects", "--step", "solvent=3"], UnknownNameError, "setting that is a number"),
        (["effects", "--improve", "min wdth"], UnknownNameError, "Did you mean"),
        (["map", "lead", "Q"], UnknownNameError, "Unknown setting that is a number, 'Q'"),
        (["map", "lead", "lead"], InvalidDataError, "came twice"),
    ],
)
def test_mistakes_are_told_by_name(campaign, arguments, kind, said):
    result = run(*arguments, "--folder", str(campaign.folder))
    assert isinstance(result.exception, kind), result.output
    assert said in str(result.exception)


def test_without_a_model_it_is_said_when_there_is_one(tmp_path):
    settings = CampaignSettings.model_validate(DOCUMENT)
    empty = Campaign.create(tmp_path / "new", settings)
    with pytest.raises(InvalidDataError, match="no model yet: it begins with 5 runs"):
        campaign_effects(empty)


def test_a_validation_has_repeats_beside_the_model_and_later_batches(campaign):
    text = done(campaign, "validate", "--later", "--folds", "3")
    assert "width: noise of repeated runs: 0.7071 meV (1 repeat(s)); the model expects" in text
    assert "Later batches beside shuffled runs:" in text
    assert "shuffled, later rows" in text


def test_a_learning_curve_can_be_drawn(campaign, tmp_path):
    file = tmp_path / "curve.png"
    text = done(
        campaign, "validate", "--learning-curve", "--repeats", "1", "--folds", "2", "--plot", str(file)
    )
    assert "peak, random runs:" in text
    assert "peak, as they came:" in text
    assert file.exists()
    alone = run("validate", "--plot", str(file), "--folder", str(campaign.folder))
    assert alone.exit_code == 2
