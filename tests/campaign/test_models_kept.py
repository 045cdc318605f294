import json

import numpy as np
import pandas as pd
import pytest

from bnnopt import Campaign, CampaignSettings, Categorical, Integer, Maximize, Minimize, Real, SearchSpace
from bnnopt.campaign import overview

SPACE = SearchSpace([Real("x", 0, 1), Integer("n", 1, 9), Categorical("kind", ["a", "b"])])


@pytest.fixture(params=[1, 2])
def campaign(tmp_path, request):
    goals = [Minimize("y"), Maximize("z")][: request.param]
    settings = CampaignSettings(
        name="a", space=SPACE, objectives=goals, surrogate={"name": "gaussian_process_ensemble"}
    )
    rng = np.random.default_rng(0)
    runs = SPACE.sample(8, random_state=0).assign(y=rng.normal(size=8), z=rng.normal(size=8))
    return Campaign.create(tmp_path / "made", settings, runs)


@pytest.fixture
def fits(monkeypatch):
    """Count what is fitted, without knowing how."""
    from bnnopt import GaussianProcessEnsembleRegressor

    count = []
    fit = GaussianProcessEnsembleRegressor.fit

    def counted(self, *args, **kwargs):
        count.append(1)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(GaussianProcessEnsembleRegressor, "fit", counted)
    return count


def test_the_best_is_the_same_without_another_fit(campaign, fits):
    first = overview(campaign)
    n_fits = len(fits)
    again = overview(Campaign.open(campaign.folder))
    assert len(fits) == n_fits
    pd.testing.assert_frame_equal(again.best, first.best)
    campaign.suggest(1)
    before = len(fits)
    pd.testing.assert_frame_equal(overview(campaign).best, first.best)  # a planned run tells nothing
    assert len(fits) == before


def test_another_result_or_seed_takes_another_fit(campaign, fits):
    overview(campaign)
    n_fits = len(fits)
    overview(campaign, seed=1)
    if len(campaign.settings.objectives) == 1:
        assert len(fits) > n_fits
    campaign.record({"x": 0.5, "n": 3, "kind": "b", "y": -9.0, "z": 9.0})
    assert overview(campaign).best["id"].tolist() == ["9"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2], "left aside"),
        (lambda text: text.replace('"n": ', '"n": 1'), "checksum"),
        (lambda text: "[]", "left aside"),
    ],
)
def test_a_damaged_file_is_left_aside_with_a_note_and_made_anew(campaign, damage, said):
    first = overview(campaign).best
    file = campaign.folder / "models" / "best.json"
    file.write_text(damage(file.read_text()))
    with pytest.warns(UserWarning, match=said):
        again = overview(campaign).best
    pd.testing.assert_frame_equal(again, first)
    assert json.loads(file.read_text())["rows"]


def test_each_batch_says_what_model_it_came_from(campaign):
    campaign.suggest(2)
    record = json.loads((campaign.folder / "models" / "batch_0001.json").read_text())
    assert record["n_measured"] == 8
    assert record["surrogate"]["name"] == "gaussian_process_ensemble"
    assert set(record["versions"]) >= {"python", "bnnopt", "numpy"}
    for name in campaign.settings.outputs:
        assert record["held_out"][name]["n_rows"] == 8
        assert 0 <= record["held_out"][name]["in_95_interval"] <= 1
        shares = [row["share"] for row in record["shares"] if row["outcome"] == name]
        assert sum(shares) == pytest.approx(1)


def test_a_first_design_comes_from_no_model(tmp_path):
    settings = CampaignSettings(name="a", space=SPACE, objectives=[Minimize("y")])
    campaign = Campaign.create(tmp_path / "made", settings)
    campaign.suggest(2)
    assert list((campaign.folder / "models").glob("*.json")) == []
