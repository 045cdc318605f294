"""Past runs from a CSV file, units in its header, and a campaign that goes on where it stood."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import CampaignSettings
from bnnopt.campaign import read_runs, resume, with_units
from bnnopt.exceptions import InvalidDataError

UNITS = {"x": "mL", "T": "°C", "y": "nm", "solvent": "", "z": None}


@pytest.fixture
def settings():
    variables = [
        {"type": "real", "name": "x", "lower": 0, "upper": 1, "unit": "mL"},
        {"type": "categorical", "name": "additive", "levels": ["None", "TOP", "NA"]},
    ]
    return CampaignSettings(
        name="small",
        space={"variables": variables},
        objectives=[{"type": "minimize", "name": "y"}],
        surrogate={"name": "gaussian_process"},
        n_initial=3,
    )


RUNS = pd.DataFrame(
    {"x": [0.1, 0.5, 0.9, 0.7], "additive": ["None", "TOP", "NA", "TOP"], "y": [3, 1, 2, np.nan]}
)


def test_units_stand_in_brackets_behind_names_and_moments():
    table = pd.DataFrame(columns=["x", "solvent", "z", "y_mean", "y_std", "score"])
    labels = ["x [mL]", "solvent", "z", "y_mean [nm]", "y_std [nm]", "score"]
    assert list(with_units(table, UNITS).columns) == labels
    assert "x" in table.columns


def test_a_table_with_units_comes_back_from_its_file(tmp_path):
    table = pd.DataFrame({"x": [0.1, 1 / 3], "T": [20, 21], "solvent": ["None", "NA"], "y": [np.nan, 1e-300]})
    with_units(table, UNITS).to_csv(tmp_path / "runs.csv", index=False)
    pd.testing.assert_frame_equal(read_runs(tmp_path / "runs.csv"), table)


@pytest.mark.parametrize("empty", ["", "NaN", "nan"])
def test_an_empty_outcome_is_a_failed_run(empty, tmp_path, settings):
    (tmp_path / "runs.csv").write_text(f"x [mL],additive,y\n0.1,None,2\n0.5,TOP,{empty}\n")
    optimizer = resume(settings, read_runs(tmp_path / "runs.csv"))
    assert optimizer.data["is_failed"].tolist() == [False, True]


def test_a_spreadsheet_with_byte_order_mark_is_read(tmp_path):
    (tmp_path / "runs.csv").write_text("x [mL],y\n0.1,2\n", encoding="utf-8-sig")
    assert list(read_runs(tmp_path / "runs.csv").columns) == ["x", "y"]


def test_files_that_cannot_be_read_are_told(tmp_path):
    path = tmp_path / "runs.csv"
    with pytest.raises(InvalidDataError, match=r"There is no file .*runs\.csv"):
        read_runs(path)
    with pytest.raises(InvalidDataError, match="cannot be read"):
        read_runs(tmp_path)
    path.write_text("")
    with pytest.raises(InvalidDataError, match="cannot be read as CSV"):
        read_runs(path)
    path.write_text("a,b\n1,2\n1,2,3,4\n")
    with pytest.raises(InvalidDataError, match="cannot be read as CSV"):
        read_runs(path)
    path.write_text("T [°C]\n20\n", encoding="latin-1")
    with pytest.raises(InvalidDataError, match="UTF-8"):
        read_runs(path)


def test_resume_tells_all_runs(settings):
    optimizer = resume(settings, RUNS)
    assert optimizer.summary()["n_told"] == 4
    assert optimizer.summary()["n_failed"] == 1
    assert optimizer.best()["additive"] == "TOP"


def test_resume_without_runs_starts_with_the_design(settings):
    assert resume(settings, RUNS.iloc[:0]).ask(2)["score"].isna().all()


def test_resume_goes_on_like_the_optimizer_that_asked(settings, tmp_path):
    optimizer = settings.make_optimizer(random_state=3)
    rows = optimizer.ask(4)
    y = (rows["x"] - 0.4) ** 2
    optimizer.tell(rows, y)
    rows[["x", "additive"]].assign(y=y).to_csv(tmp_path / "runs.csv", index=False)
    resumed = resume(settings, read_runs(tmp_path / "runs.csv"), seed=3)
    pd.testing.assert_frame_equal(optimizer.ask(2), resumed.ask(2))
    assert resume(settings, RUNS, seed=4).ask(1)["x"].iloc[0] != resumed.ask(1)["x"].iloc[0]


def test_resume_names_what_is_missing_in_the_runs(settings):
    with pytest.raises(InvalidDataError, match=r"outcomes: missing column\(s\) \['y'\]"):
        resume(settings, RUNS.drop(columns="y"))
    with pytest.raises(InvalidDataError, match=r"column 'additive' has a level.*'water'"):
        resume(settings, RUNS.assign(additive="water"))
