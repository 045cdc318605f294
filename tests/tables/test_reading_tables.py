"""Files as people and spreadsheets leave them: read right, or refused with file, row and what to do."""

import datetime
import os
import unicodedata
from collections import namedtuple
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from bnnopt import (
    BayesianOptimizer,
    CampaignSettings,
    Categorical,
    Context,
    Integer,
    Minimize,
    Real,
    SearchSpace,
)
from bnnopt.campaign import read_runs, resume
from bnnopt.exceptions import InvalidDataError, MissingDependencyError
from bnnopt.metrics import replicate_noise
from bnnopt.model_selection import input_sweeps
from bnnopt.space import LinearConstraint, file_pool
from bnnopt.surrogates import make_surrogate

LEVELS = ["1", "007", "True", "1e3", "NaN", "None", "NA", "ä"]
SPACE = SearchSpace([Real("x", 0, 1, unit="mL"), Categorical("lot", LEVELS), Integer("k", 0, 9)])
SETTINGS = CampaignSettings(
    name="lots", space=SPACE, objectives=[Minimize("y")], surrogate={"name": "gaussian_process"}
)
RUNS = pd.DataFrame(
    {"x": [0.5, 0.25, 0.75], "lot": ["007", "1", "NaN"], "k": [3, 4, 5], "y": [1.5, np.nan, 2.5]}
)
HEAD, ROWS = "x,lot,k,y", ["0.5,007,3,1.5", "0.25,1,4,", "0.75,NaN,5,2.5"]
CSV = "\n".join([HEAD, *ROWS]) + "\n"


@pytest.fixture
def told(tmp_path):
    """What a campaign was told out of a file."""

    def read(content, name="runs.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return resume(SETTINGS, read_runs(path, SETTINGS)).data.drop(columns="is_failed")

    return read


def csv_of(*rows, head=HEAD):
    return "\n".join([head, *rows]) + "\n"


def workbook(*rows, change=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change is not None:
        change(book)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_hidden_copy(book):
    sheet = book.copy_worksheet(book.active)
    sheet.sheet_state = "hidden"


def as_percentage(book):
    book.active["D2"].number_format = "0.00%"


def archive(name, content):
    stream = BytesIO()
    with ZipFile(stream, "w") as file:
        file.writestr(name, content)
    return stream.getvalue()


CELLS = [HEAD.split(","), [0.5, "007", 3, 1.5], [0.25, "1", 4, None], [0.75, "NaN", 5, 2.5]]


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        CSV.encode("utf-16-le"),
        CSV.encode("utf-16-be"),
        CSV.encode("utf-32"),
        CSV.encode("utf-32-le"),
        b"\xef\xbb\xbf" + CSV.encode("utf-8-sig"),
        csv_of(*ROWS, head="\u200bx,lot\xa0,k,y"),
        CSV.replace(",", ";"),
        CSV.replace(",", ";").replace(".", ","),
        CSV.replace(",", "\t"),
        CSV.replace(",", "\t").replace(".", ","),
        'x,lot,k,y\n"0,5",007,3,"1,5"\n"0,25",1,4,\n"0,75",NaN,5,"2,5"\n',
        "sep=;\r\n" + CSV.replace(",", ";"),
        CSV + ",,,\n\n  \n",
        "\n,,,\n" + CSV,
        csv_of(ROWS[0], "", ROWS[1], ",,,", ROWS[2]),
        csv_of(*(f"{row}," for row in ROWS)),
        csv_of(*(f"{row}," for row in ROWS), head=f"{HEAD},"),
        csv_of(*(f"{number},{row}" for number, row in enumerate(ROWS)), head=f",{HEAD}"),
        csv_of(*ROWS, head="x [mL], lot ,k,y [nm]"),
        csv_of(ROWS[0], f"{ROWS[1]},a remark", ROWS[2], head=f"{HEAD},note"),
        csv_of("0.5,7,3.0,1.5", *ROWS[1:]),
        "y,k,lot,x\n1.5,3,007,0.5\n,4,1,0.25\n2.5,5,NaN,0.75\n",
        workbook(*CELLS),
        workbook([], *([None, *row] for row in CELLS), [" "]),
        workbook(CELLS[0], [0.5, 7, 3, 1.5], *CELLS[2:]),
        workbook(*CELLS, change=lambda book: book.create_sheet("notes").append(["hello"])),
        workbook(*CELLS, change=lambda book: with_hidden_copy(book)),
    ],
)
def test_habits_of_spreadsheets_are_read_right(content, told):
    assert_frame_equal(told(content), RUNS, check_dtype=False)


def test_western_text_and_truth_values_of_a_spreadsheet_are_levels(told):
    text = csv_of("0.5,ä,3,1.5", "0.25,TRUE,4,", "0.75,1000,5,2.5")
    assert told(text.encode("cp1252"))["lot"].tolist() == ["ä", "True", "1e3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (csv_of(f"{ROWS[0]},good run", *ROWS[1:]), r"row 2: the cell 'good run' in column 5 has no name"),
        (csv_of("1,4,2", *ROWS[1:]), r"row 2: it ends before \['y'\]"),
        (CSV[:-8], r"row 4: it ends before \['k', 'y'\]"),
        (f"Runs of May\n{CSV}", r"row 1 is no row of names; the names stand in row 2. Delete the rows above"),
        (csv_of(*(f"{row},9" for row in ROWS), head=f"{HEAD},x [L]"), r"column\(s\) \['x'\] occur more than"),
        (csv_of('0.5,"007,3,1.5', *ROWS[1:]), "in row 2 or after. Look for a quotation mark"),
        (
            CSV.replace(",", ";").replace("1.5", "1,5"),
            "'0.5' .column 'x', row 2. and '1,5' .* different decimal",
        ),
        ("x\tlot\tk\ty\n0\t1\t3\t1,234\n", r"'1,234' .column 'y', row 2. may be 1.234 or 1234"),
        ("", "cannot be read as CSV: it is empty"),
        ("\n,,,\n", "cannot be read as CSV: it is empty"),
        ("column a\0b,c\n1,2\n", "it holds no text"),
        (b"\x1f\x8b" + bytes(99), "a file compressed by gzip; unpack it"),
        (b"\xd0\xcf\x11\xe0" + bytes(99), "an old or protected Excel workbook; save it as .xlsx"),
        (bytes(range(256)), "neither UTF-8, UTF-16 nor Windows-1252"),
        (CSV.encode("utf-16")[:-1], "its text is damaged"),
        (
            "a,b\n1,2\n",
            r"missing column\(s\) \['x', 'lot', 'k'\][^\n]*\noutcomes: missing column\(s\) \['y'\]",
        ),
        ("html\n", r"missing column\(s\) \['x', 'lot', 'k'\]"),
        (csv_of("0.5,8,3,1.5"), r"column 'lot' has a level that is not one of .* in row\(s\) 2 of runs.csv"),
        (
            csv_of(ROWS[0], "", '"1,234",1,4,1'),
            r"column 'x' has text where a number .* row\(s\) 4 of runs.csv",
        ),
        (csv_of("0.5,1,3,2024-01-02"), "column 'y' has text where a number is needed"),
        (workbook(CELLS[0], [0.5, "1", 3, "=1+1"]), r"formula\(s\) in \['D2'\] have no stored value"),
        (workbook(*CELLS, change=lambda book: book.active.merge_cells("A2:A3")), "'A2:A3'. are merged"),
        (
            workbook(*CELLS, change=lambda book: book.create_sheet("b").append(CELLS[0])),
            "sheets .'Sheet', 'b'.",
        ),
        (workbook(CELLS[0], [0.5, "1", 3, datetime.date(2024, 1, 2)]), "column 'y' has text .* row.s. 2 of"),
        (workbook(*CELLS)[:900], "cannot be read as an Excel workbook: it is damaged"),
        (workbook(), "no sheet has any cell"),
        (workbook(*CELLS, change=as_percentage), r"'y' has text where a number .* row.s. 2 .*'150%'"),
        (archive("[Content_Types].xml", "<Types/>"), "cannot be read as an Excel workbook"),
        (f"# a,b,c,d\n{CSV}", r"row 1 is no row of names; the names stand in row 2. Delete the rows above"),
        (csv_of(*ROWS, head="x [L],lot,k,y"), r"row 1:\n.*'x' is in 'L' here and in 'mL' in the settings"),
        (b"PAR1" + bytes(99), "cannot be read as Parquet"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(content, message, told):
    with pytest.raises(InvalidDataError, match=message):
        told(content)


def test_every_fault_is_told_at_once(told):
    with pytest.raises(InvalidDataError) as error:
        told(csv_of("half,8,3.5,big", ",1,4,", "0.75,NaN,x,inf"))
    lines = str(error.value).split("\n")
    assert len(lines) == 7
    assert all("of runs.csv (first: " in line for line in lines)
    assert sum("row(s) 2 of" in line for line in lines) == 4


def test_a_row_is_named_as_the_table_counts_it_where_it_is_no_whole_file(tmp_path):
    (tmp_path / "runs.csv").write_text(csv_of(*ROWS, "0.1,1,x,1"), encoding="utf-8")
    with pytest.raises(InvalidDataError, match=r"in row\(s\) 5 of runs.csv"):
        resume(SETTINGS, read_runs(tmp_path / "runs.csv", SETTINGS))
    with pytest.raises(InvalidDataError, match=r"in row\(s\) 3 \(first"):
        resume(SETTINGS, read_runs(tmp_path / "runs.csv", SETTINGS).iloc[1:])


def test_without_settings_columns_of_numbers_are_numbers_and_levels_are_found_later(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text("x,lot,k,y,id\n0.5,1000,3,1,007\n0.2,1,4,2,008\n", encoding="utf-8")
    runs = read_runs(path)
    assert [runs[name].dtype.kind for name in ("x", "k", "y")] == ["f", "i", "i"]
    assert runs["id"].tolist() == ["007", "008"]
    assert resume(SETTINGS, runs).data["lot"].tolist() == ["1e3", "1"]
    assert SPACE.as_table(runs)["lot"].tolist() == ["1e3", "1"]


@pytest.mark.parametrize("levels", [["1", "01"], ["1", "1.0"]])
def test_numbers_that_may_be_two_levels_are_refused(levels):
    space = SearchSpace([Categorical("lot", levels)])
    with pytest.raises(InvalidDataError, match="a level that is not one of"):
        space.encode(pd.DataFrame({"lot": [1.0]}))


@pytest.mark.parametrize(
    "levels",
    [
        ["1", "NaN"],
        ["nan", "2"],
        ["1,5", "2,5"],
        ["+1", "-1"],
        ["None", "NA"],
        ["00", "0"],
        ["12345678901234567890", "12345678901234567891"],
        ["inf", "1"],
        [True, False],
        [1, "x"],
    ],
    ids=str,
)
@pytest.mark.parametrize("separator", [",", ";"])
def test_runs_read_without_settings_keep_their_levels(levels, separator, tmp_path):
    space = SearchSpace([Categorical("lot", levels), Real("x", 0, 1)])
    settings = CampaignSettings(
        name="n", space=space, objectives=[Minimize("y")], surrogate={"name": "gaussian_process"}
    )
    runs = space.sample(20, random_state=0).assign(y=0.5)
    runs.to_csv(tmp_path / "runs.csv", index=False, sep=separator, decimal="." if separator == "," else ",")
    told = resume(settings, read_runs(tmp_path / "runs.csv")).data
    assert told["lot"].tolist() == runs["lot"].tolist()
    assert (
        resume(settings, read_runs(tmp_path / "runs.csv", settings)).data["lot"].tolist()
        == runs["lot"].tolist()
    )
    pool = pd.concat(file_pool(tmp_path / "runs.csv"))
    assert space.as_table(pool)["lot"].tolist() == runs["lot"].tolist()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "runs.csv")
    with pytest.raises(InvalidDataError, match="cannot be read: it is no file"):
        read_runs(tmp_path / "runs.csv")


def test_a_file_of_candidates_is_read_as_the_space_says(tmp_path):
    path = tmp_path / "pool.csv"
    path.write_text("lot;k;x [mL]\n007;3;0,5\nNaN;4;0,25\n", encoding="utf-8")
    table = pd.concat(file_pool(path, SPACE, block_size=1))
    assert table.to_dict("list") == {"lot": ["007", "NaN"], "k": [3, 4], "x": [0.5, 0.25]}


def test_candidates_go_by_name_of_whatever_library_and_keep_their_levels(tmp_path):
    optimizer = resume(SETTINGS, RUNS)
    (tmp_path / "pool.csv").write_text("k,lot,x\n9,7,0.125\n", encoding="utf-8")
    one = {"k": [9], "lot": ["007"], "x": [0.125]}
    for candidates in (
        pl.DataFrame(one),
        pa.table(one),
        one,
        file_pool(tmp_path / "pool.csv"),
        [pl.DataFrame(one)],
    ):
        row = optimizer.ask(1, candidates=candidates).iloc[0]
        assert row[["x", "lot", "k"]].tolist() == [0.125, "007", 9]
        optimizer.withdraw(row.to_frame().T)


def test_a_unit_of_candidates_that_is_another_is_refused_and_the_same_one_is_not(tmp_path):
    path = tmp_path / "pool.csv"
    for label, unit in (("x [ml]", None), ("x (mL)", None), ("x / L", "L"), ("x <µL>", "µL")):
        path.write_text(f"lot,k,{label}\n007,3,0.5\n", encoding="utf-8")
        if unit is None:
            assert next(file_pool(path, SPACE))["x"].tolist() == [0.5]
            continue
        with pytest.raises(InvalidDataError, match=rf"row 1:\n.*'x' is in '{unit}' here and in 'mL'"):
            next(file_pool(path, SPACE))


def test_names_and_levels_that_look_alike_are_the_same(told):
    """Letters and their marks may be one character or two, as some systems write them."""
    apart = unicodedata.normalize("NFD", csv_of("0.5,ä,3,1.5"))
    assert told(apart)["lot"].tolist() == ["ä"]


def test_cells_that_are_no_values_are_refused_by_their_column():
    lots = SearchSpace([Categorical("lot", ["a", "b"]), Real("x", 0, 1)])
    for cell in ({"a"}, ["a"], {"a": 1}):
        with pytest.raises(InvalidDataError, match="'lot' has a level that is not one of"):
            lots.encode({"lot": [cell, cell], "x": [0.1, 0.2]})
        assert lots.is_inside({"lot": [cell, "b"], "x": [0.1, 0.2]}).tolist() == [False, True]
    nested = np.array([((1.5, 2.0),)], dtype=[("A", [("a", "f8"), ("b", "f8")])])
    with pytest.raises(InvalidDataError, match=r"Field\(s\) \['A'\] have several numbers"):
        AB.encode(nested)


def test_whole_numbers_of_any_width_are_numbers():
    table = pl.DataFrame({"A": [7, 8], "B": [1, 2]}, schema={"A": pl.Int128, "B": pl.UInt8})
    assert AB.encode(table).tolist() == [[0.7, 0.1], [0.8, 0.2]]


def test_a_workbook_without_its_package_says_what_to_install(told, monkeypatch):
    content = workbook(*CELLS)
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(MissingDependencyError, match="pip install openpyxl, or save it as CSV"):
        told(content, "runs.xlsx")


AB = SearchSpace([Real("A", 0, 10), Real("B", 0, 10)])
Row = namedtuple("Row", ["B", "A"])


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"B": [1, 2], "A": [7, 8]}),
        pl.DataFrame({"B": [1, 2], "A": [7, 8]}),
        pl.LazyFrame({"B": [1, 2], "A": [7, 8]}),
        pa.table({"B": [1, 2], "A": [7, 8]}),
        pa.RecordBatch.from_pydict({"B": [1, 2], "A": [7, 8]}),
        np.array([(1, 7), (2, 8)], dtype=[("B", ">i4"), ("A", "f4")]),
        np.ma.array([(1, 7), (2, 8)], dtype=[("B", "i4"), ("A", "f4")]),
        {"B": pl.Series([1, 2]), "A": pa.array([7, 8])},
        [{"B": 1, "A": 7}, {"A": 8, "B": 2}],
        [Row(1, 7), Row(2, 8)],
        [pd.Series({"B": 1, "A": 7}), pd.Series({"A": 8, "B": 2})],
        [[7, 1], [8, 2]],
    ],
    ids=lambda table: type(table).__name__,
)
def test_what_has_names_goes_by_name_and_an_array_by_place(table):
    assert AB.encode(table).tolist() == [[0.7, 0.1], [0.8, 0.2]]
    optimizer = BayesianOptimizer(AB, [Minimize("y")], surrogate="gaussian_process")
    optimizer.tell(table, [1, 2])
    assert optimizer.data["A"].tolist() == [7, 8]


@pytest.mark.parametrize(
    "row", [pd.Series({"B": 1, "A": 7}), Row(1, 7), {"B": 1, "A": 7}], ids=["Series", "Row", "dict"]
)
def test_one_row_with_names_goes_by_name(row):
    optimizer = BayesianOptimizer(AB, [Minimize("y"), Minimize("z")], surrogate="gaussian_process")
    optimizer.tell(row, pd.Series({"z": 2, "y": 1}))
    assert optimizer.data.iloc[0][["A", "B", "y", "z"]].tolist() == [7, 1, 1, 2]
    with pytest.raises(InvalidDataError, match=r"missing column\(s\) \['y'\]"):
        optimizer.tell(row, pd.Series({"z": 2, "w": 1}))


def test_columns_that_occur_twice_are_refused_by_name():
    doubled = pd.DataFrame([[1, 2, 3]], columns=["A", "B", "A"])
    with pytest.raises(InvalidDataError, match=r"column\(s\) \['A'\] occur more than once"):
        AB.encode(doubled)
    with pytest.raises(InvalidDataError, match=r"'A'.* (occur more than once|2 times)"):
        AB.encode(pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["A", "B", "A"]))


TIMES = [
    pd.to_timedelta([1, None], unit="h"),
    pd.to_datetime(["2024-01-01", None]),
    np.array([1, 2], dtype="timedelta64[s]"),
    np.array(["NaT", "NaT"], dtype="datetime64[ns]"),
    [datetime.date(2024, 1, 1), None],
    [datetime.timedelta(hours=1), 2.0],
    pd.period_range("2024", periods=2),
    pl.Series([datetime.timedelta(1), None]),
]


@pytest.mark.parametrize("times", TIMES, ids=lambda times: type(times).__name__)
def test_times_are_refused_by_name_wherever_a_number_is_needed(times):
    optimizer = BayesianOptimizer(AB, [Minimize("t")], surrogate="gaussian_process")
    with pytest.raises(
        InvalidDataError, match=r"column 't' has a time or date where a number .* such as hours"
    ):
        optimizer.tell([[1, 2], [3, 4]], {"t": times})
    with pytest.raises(InvalidDataError, match="column 'A' has a time or date where a number"):
        AB.encode({"A": times, "B": [1, 2]})
    assert optimizer.summary()["n_told"] == 0


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, "nan", ""])
def test_an_outcome_that_is_missing_is_a_failed_run(missing):
    optimizer = BayesianOptimizer(AB, [Minimize("y")], surrogate="gaussian_process")
    optimizer.tell([[1, 2], [3, 4]], {"y": [2.0, missing]})
    optimizer.tell(pa.table({"A": [1], "B": [2]}), pa.table({"y": pa.array([None], pa.float64())}))
    assert optimizer.data["is_failed"].tolist() == [False, True, True]
    assert optimizer.best()["A"] == 1


def settings_of(*variables):
    surrogate = {"name": "gaussian_process"}
    space = SearchSpace(variables)
    return CampaignSettings(name="n", space=space, objectives=[Minimize("y")], surrogate=surrogate)


def test_a_context_without_bounds_may_be_text_or_numbers(tmp_path):
    settings = settings_of(Real("x", 0, 1), Context("lab"))
    (tmp_path / "runs.csv").write_text("x,lab,y\n0.5,21.5,1\n", encoding="utf-8")
    assert resume(settings, read_runs(tmp_path / "runs.csv", settings)).data["lab"].tolist() == [21.5]


@pytest.mark.parametrize("of_library", [pl.from_pandas, pa.Table.from_pandas], ids=["polars", "pyarrow"])
def test_rooms_above_take_tables_of_any_library_by_name(of_library):
    X = pd.DataFrame({"B": [1.0, 1, 2, 2, 3], "A": [7.0, 7, 8, 8, 9]})
    y = pd.DataFrame({"y": [1.0, 1.2, 2, 2.1, 3]})
    model = make_surrogate("gaussian_process").fit(X, y["y"])
    np.testing.assert_array_equal(replicate_noise(of_library(X), of_library(y)), replicate_noise(X, y))
    sweep = input_sweeps(model, of_library(X), n_points=4)
    np.testing.assert_array_equal(sweep["A"].predictions, input_sweeps(model, X, n_points=4)["A"].predictions)
    is_satisfied = LinearConstraint({"A": 1, "B": 1}, upper=9).is_satisfied(of_library(X))
    assert is_satisfied.tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(
    "label", ["x", "x [mL]", "x (mL)", "x{mL}", " x <mL> ", "x / mL", "x [mL/min (20 °C)]", "x\n(mL)"]
)
def test_a_unit_in_any_brackets_behind_a_known_name_is_left_aside(label, tmp_path):
    quoted = f'"{label}"'
    (tmp_path / "runs.csv").write_text(f"{quoted},other (g),more [g]\n1,2,3\n", encoding="utf-8")
    runs = read_runs(tmp_path / "runs.csv", settings_of(Real("x", 0, 1)))
    assert list(runs.columns) == ["x", "other (g)", "more"]


def test_a_name_that_looks_like_one_with_a_unit_stays_when_it_is_known(tmp_path):
    (tmp_path / "runs.csv").write_text("x (mL),x\n1,2\n", encoding="utf-8")
    runs = read_runs(tmp_path / "runs.csv", settings_of(Real("x (mL)", 0, 1), Real("x", 0, 1)))
    assert runs.to_dict("list") == {"x (mL)": [1], "x": [2]}
