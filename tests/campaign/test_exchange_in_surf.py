import pandas as pd
import pytest
from typer.testing import CliRunner

from bnnopt import Campaign, CampaignSettings, Categorical, Maximize, Real, SearchSpace
from bnnopt.campaign import campaign_of_surf, write_surf
from bnnopt.cli import app
from bnnopt.exceptions import InvalidDataError

PUBLISHED = """\
rxn_id rxn_date rxn_type temperature_deg_c time_h atmosphere scale_mol \
startingmat_1_cas startingmat_1_smiles reagent_1_cas reagent_1_smiles reagent_1_eq solvent_1_smiles \
product_1_smiles product_1_nmr product_1_yield product_1_yieldtype comment procedure
a1 2023-01-02 minisci 60 0.5 AIR 0.0005 91-63-4 CC1 7664-93-9 OS 3 O COC mess 13 LCMS - stir
a2 2023-01-03 minisci 50 1.5 ARGON 0.0005 91-63-4 CC1 7722-84-1 OO 2.5 CS COC mess 44 LCMS - stir
a3 2023-01-03 minisci 40 1 ARGON 0.0005 91-63-4 CC1 - - - CS COC mess 38 LCMS late stir
a4 2023-01-04 minisci 55 2 AIR 0.0005 91-63-4 CC1 7722-84-1 OO 1 O COC - - - - stir
"""
SPACE = SearchSpace([Real("Temp_C", 20, 120), Real("c", 0, 2), Categorical("base", ["K", "[Cs+]"])])
SETTINGS = CampaignSettings(name="a", space=SPACE, objectives=[Maximize("yield", unit="%")])
RUNS = pd.DataFrame(
    {
        "Temp_C": [60, 70.5, 80, 90],
        "c": [1 / 3, 1, 0.5, 2],
        "base": ["K", "[Cs+]", "K", "K"],
        "yield": [81.25, None, None, 40],
        "status": ["", "failed", "planned", "withdrawn"],
        "who": ["Ann", "", "=Bo", "grün"],
        "date": ["2026-03-04", "", "", ""],
        "note": ["", "spilled", "", ""],
    }
)
NAMES = {"Temp_C": "temperature_deg_c", "base": "reagent_1_smiles", "yield": "product_1_yield"}


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "surf.txt"
    lines = [line.split(" ") for line in PUBLISHED.splitlines()]
    text = "\n".join("\t".join("" if cell == "-" else cell for cell in line) for line in lines)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def table_of(campaign):
    table = campaign.experiments.set_index("id")
    return (
        table[sorted(table.columns)].astype(object).where(lambda cells: cells.notna() & (cells != ""), None)
    )


def test_a_published_table_makes_a_campaign(published, tmp_path):
    wanted = [{"type": "maximize", "name": "product_1_yield"}]
    campaign = campaign_of_surf(tmp_path / "made", published, wanted)
    kinds = {variable.name: variable.type for variable in campaign.settings.space.variables}
    assert kinds == {
        "temperature_deg_c": "real",
        "time_h": "real",
        "atmosphere": "categorical",
        "reagent_1_smiles": "categorical",
        "reagent_1_eq": "real",
        "solvent_1_smiles": "categorical",
    }
    table = campaign.experiments.set_index("id")
    assert table.index.tolist() == ["a1", "a2", "a3", "a4"]
    assert table["status"].tolist() == ["measured"] * 3 + ["planned"]
    assert table["product_1_yield"].tolist()[:3] == [13, 44, 38]
    assert table.loc["a3", "reagent_1_smiles"] == "none"
    assert table.loc["a3", "reagent_1_eq"] == 0
    assert table.loc["a3", "note"] == "late"
    assert table["date"].iloc[0] == "2023-01-02"
    assert table["product_1_nmr"].iloc[0] == "mess"  # stays, though it is no setting


def test_a_campaign_comes_back_from_its_table_to_the_last_digit(tmp_path):
    campaign = Campaign.create(tmp_path / "first", SETTINGS, RUNS)
    others = write_surf(campaign, tmp_path / "surf.txt", NAMES)
    assert set(others) == {"c", "status", "who", "batch", "replicate_of"}
    again = campaign_of_surf(tmp_path / "again", tmp_path / "surf.txt", settings=SETTINGS, names=NAMES)
    pd.testing.assert_frame_equal(
        table_of(again)[table_of(campaign).columns], table_of(campaign), check_dtype=False
    )


def test_constant_columns_are_always_there_and_components_follow_in_their_order(tmp_path):
    write_surf(Campaign.create(tmp_path / "first", SETTINGS, RUNS), tmp_path / "surf.txt", NAMES)
    names = (tmp_path / "surf.txt").read_text(encoding="utf-8-sig").splitlines()[0].split("\t")
    assert names[:4] == ["rxn_id", "source_id", "source_type", "rxn_date"]
    assert names[12:15] == ["concentration_mol_l", "reagent_1_smiles", "product_1_yield"]
    assert names[-3:] == ["provenance", "comment", "procedure"]


def test_what_is_not_known_is_an_empty_cell(tmp_path):
    write_surf(Campaign.create(tmp_path / "first", SETTINGS, RUNS), tmp_path / "surf.txt", NAMES)
    lines = (tmp_path / "surf.txt").read_text(encoding="utf-8-sig").splitlines()
    header, first = (line.split("\t") for line in lines[:2])
    assert dict(zip(header, first, strict=True))["source_id"] == ""
    assert "'" not in first


@pytest.mark.parametrize(
    ("names", "match"),
    [
        ({"Temp": "temperature_deg_c"}, r"no column\(s\) \['Temp'\]"),
        ({"Temp_C": "temperature"}, r"\['temperature'\] are no columns of SURF"),
        ({"Temp_C": "time_h", "c": "time_h"}, r"More than one column would be called \['time_h'\]"),
    ],
)
def test_names_that_do_not_fit_are_refused_and_nothing_is_written(tmp_path, names, match):
    campaign = Campaign.create(tmp_path / "first", SETTINGS, RUNS)
    with pytest.raises(InvalidDataError, match=match):
        write_surf(campaign, tmp_path / "surf.txt", names)
    assert not (tmp_path / "surf.txt").exists()


def test_a_table_that_is_none_in_surf_is_refused(tmp_path):
    (tmp_path / "runs.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InvalidDataError, match="no table in SURF"):
        campaign_of_surf(tmp_path / "made", tmp_path / "runs.csv", [{"type": "maximize", "name": "y"}])


def test_by_shell(published, tmp_path):
    def ran(*arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    folder = ("--folder", tmp_path / "made")
    assert ran("import", published, "--surf", *folder).exit_code == 2
    done = ran("import", published, "--surf", "--maximize", "product_1_yield", *folder)
    assert done.exit_code == 0, done.output
    out = tmp_path / "out.txt"
    assert ran("export", out, "--surf", *folder).exit_code == 0
    assert "a3\t" in out.read_text(encoding="utf-8-sig")
    again = ran("export", out, "--surf", *folder)
    assert "already" in str(again.exception)
