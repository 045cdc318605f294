"""Past runs from a CSV file, units in its header, and a campaign that goes on where it stood."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import CampaignSettings, Categorical, Context, Discrete, Integer, Real, SearchSpace
from bnnopt.campaign import read_runs, readable, resume, with_units
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


def test_tables_are_read_in_the_digits_that_mean_something():
    space = SearchSpace(
        [
            Real("T", 20, 180),
            Real("p", 0, 1e-3),
            Real("c", 0.001, 10, scale="log"),
            Real("x", 0, 1, step=0.05),
            Real("n", 0, 1e7),
            Integer("k", 0, 10**9),
            Discrete("d", [0.5, 0.12345678]),
            Categorical("s", ["a", 2]),
            Context("lab"),
        ]
    )
    row = {"T": 87.3456789, "p": 1 / 3e3, "c": 2 / 3, "x": 0.15, "n": 1234567.89, "k": 123456789}
    row |= {"d": 0.12345678, "s": 2, "lab": 21.123456789, "y_mean": -1 / 3e5, "score": np.nan}
    row |= {"y_lower": -1234567.89, "y_upper": 1.00000001, "z_lower": np.nan, "z_upper": -0.1 / 3}
    expected = "87.35 0.0003333 0.666667 0.15 1234568.0 123456789 0.12345678 2 21.1235 -3.33333e-06 NaN"
    expected += " -1234570.0 1.0 NaN -0.0333333"
    assert readable(pd.DataFrame([row]), space).iloc[0].tolist() == expected.split()
