"""Tables as spreadsheets and people leave them: the same runs, or an error that says where and what to do."""

import re

import numpy as np
import openpyxl
import pandas as pd
import pytest

from bnnopt import Campaign, CampaignSettings
from bnnopt.exceptions import BnnoptError

SETTINGS = CampaignSettings(
    name="mangled",
    space={
        "variables": [
            {"type": "real", "name": "V", "lower": 0, "upper": 2, "unit": "µL"},
            {"type": "integer", "name": "n", "lower": 1, "upper": 9},
            {"type": "categorical", "name": "base", "levels": ["NaOMe", "007", "Et₃N"]},
        ]
    },
    objectives=[{"type": "maximize", "name": "yield", "unit": "%"}],
    surrogate={"name": "gaussian_process"},
)
V = [0.125, 1 / 3, 1.75]
BASES = ["007", "Et₃N", "NaOMe"]
YIELDS = [81.25, np.nan, 1e-3]


def lines(
    separator=",", mark=".", head=("id", "V [µL]", "n", "base", "yield [%]", "status", "who"), end="\n"
):
    """The three runs as a program of some locale writes them; numbers in full."""
    cells = [["1", repr(V[0]), "3", BASES[0], "81.25", "measured", 'Zoë; "Z"']]
    cells += [
        ["2", repr(V[1]), "4", BASES[1], "", "planned", ""],
        ["3", repr(V[2]), "5", BASES[2], "0.001", "", "x"],
    ]
    rows = [list(head)]
    for row in cells:
        row = [cell.replace(".", mark) if cell[:1].isdecimal() else cell for cell in row]
        rows.append(row)
    return end.join(separator.join(map(quoted, row)) for row in rows) + end


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',;"\t|') else cell


@pytest.fixture
def campaign(tmp_path):
    return Campaign.create(tmp_path / "c", SETTINGS)


def check_rows(campaign):
    runs = campaign.experiments
    assert runs["V"].tolist() == V
    assert runs["n"].tolist() == [3, 4, 5]
    assert runs["base"].tolist() == BASES
    np.testing.assert_array_equal(runs["yield"], YIELDS)
    assert runs["status"].tolist() == ["measured", "planned", "measured"]


ASCII = {"µ": "u", "₃": "3", "ë": "e"}


@pytest.mark.parametrize(
    ("options", "encoding"),
    [
        ({}, "utf-8"),
        ({}, "utf-8-sig"),
        ({"end": "\r\n"}, "utf-8-sig"),
        ({"separator": ";", "mark": ","}, "utf-8-sig"),
        ({"separator": ";", "mark": ",", "end": "\r\n"}, "utf-8"),
        ({"separator": "\t"}, "utf-16"),
        ({"separator": "\t", "mark": ","}, "utf-16-le"),
        ({"separator": ";"}, "utf-16-be"),
        ({"separator": "|", "mark": ","}, "utf-8"),
        ({"head": ("id", "V (µL)", "n", "base", "yield / %", "status", "who")}, "utf-8"),
        ({"head": (" id ", "V{µL}", "n", "base", "yield<%>", "status", "who")}, "utf-8"),
        ({"head": ("id", "V [uL]", "n", "base", "yield [percent]", "status", "who")}, "utf-8"),
    ],
)
def test_the_same_table_in_any_habit_has_the_same_runs_and_stays_readable(options, encoding, campaign):
    campaign.table.write_bytes(lines(**options).encode(encoding))
    check_rows(campaign)
    campaign.record({"id": 2, "yield": 55.5})
    campaign.withdraw(campaign.suggest(1)["id"])
    runs = campaign.experiments
    assert runs["yield"].tolist()[:3] == [81.25, 55.5, 1e-3]
    assert runs["V"].tolist()[:3] == V
    assert runs["who"].tolist()[0] == 'Zoë; "Z"'
    assert campaign.check() == []


def test_windows_text_is_read(campaign):
    text = lines(separator=";", mark=",").replace("Et₃N", "NaOMe")
    campaign.table.write_bytes(text.encode("cp1252"))
    assert campaign.experiments["who"].tolist()[0] == 'Zoë; "Z"'
    assert campaign.experiments["V"].tolist() == V


def workbook_of(campaign, change=lambda sheet: None):
    campaign.table.unlink(missing_ok=True)
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["id", "V [µL]", "n", "base", "yield [%]", "status", "who"])
    sheet.append([1, V[0], 3, "007", 81.25, "measured", 'Zoë; "Z"'])
    sheet.append([2, V[1], 4, "Et₃N", None, "planned", None])
    sheet.append([3, V[2], 5, "NaOMe", 0.001, None, "x"])
    change(sheet)
    workbook.save(campaign.folder / "experiments.xlsx")


@pytest.mark.parametrize(
    "change",
    [
        lambda sheet: None,
        lambda sheet: sheet.insert_rows(1, 2),
        lambda sheet: sheet.insert_cols(3),
        lambda sheet: sheet.cell(40, 9, "  "),
        lambda sheet: sheet.cell(2, 1, 1.0),
        lambda sheet: sheet.cell(2, 4, 7),  # a spreadsheet made a number of 007
    ],
)
def test_workbooks_have_the_same_runs(change, campaign):
    workbook_of(campaign, change)
    check_rows(campaign)
    assert campaign.record({"id": 2, "yield": 55.5}) == ["2"]
    assert campaign.experiments["yield"].tolist() == [81.25, 55.5, 1e-3]


def edited(old, new):
    return lambda text: text.replace(old, new, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + ",,,,,,\n" * 5,  # empty rows
        lambda text: "".join(f"{line},,,\n" for line in text.splitlines()),  # empty columns
        lambda text: "\n\n" + text,
        lambda text: "sep=,\n" + text,
        edited(",planned,", ",,"),
        edited(",planned,", ",Running,"),
        edited(",,planned,", ",PENDING,,"),  # as other programs mark it
        edited(",81.25,measured,", ",8.125e1,done,"),
        edited(",81.25,measured,", ", 81.25 ,MEASURED,"),
    ],
)
def test_tables_that_people_touched_have_the_same_runs(change, campaign):
    campaign.table.write_text(change(lines()), encoding="utf-8")
    runs = campaign.experiments
    assert runs["V"].tolist() == V
    assert len(campaign.optimizer().data) == 2
    assert runs["status"].tolist()[1] in ("planned", "running")


MANGLED = {
    "a word as outcome": (edited(",81.25,", ",n.d.,"), "row 2, column 'yield': 'n.d.' is no number"),
    "a percent sign": (edited(",81.25,", ",81.25 %,"), "row 2, column 'yield': '81.25 %' is no number"),
    "a comma in one number": (edited(",81.25,", ',"81,25",'), "decimal mark|'81,25' is no number"),
    "an unknown status": (edited(",measured,", ",perhaps,"), "row 2, column 'status': 'perhaps' is none of"),
    "measured without outcome": (
        edited(",planned,", ",measured,"),
        "row 3, column 'status'.*outcome is empty",
    ),
    "a word as setting": (
        edited(",0.125,", ",some,"),
        "column 'V' has text where a number is needed in row.* 2",
    ),
    "an empty setting": (edited(",0.125,", ",,"), "column 'V' has an empty cell in row.* 2"),
    "a date as setting": (edited(",0.125,", ",2026-01-05,"), "column 'V' has text where a number"),
    "an unknown level": (edited(",007,", ",KOH,"), "column 'base' has a level.*row.* 2.*KOH"),
    "an infinite outcome": (edited(",81.25,", ",inf,"), "yield.*row.* 2"),
    "a fraction of a whole number": (edited(",3,007", ",3.5,007"), "'n'.*row.* 2"),
    "another unit": (edited("V [µL]", "V [mL]"), "column 'V' is in 'mL' here and in 'µL' in campaign.toml"),
    "another unit in round brackets": (edited("yield [%]", "yield (g)"), "'yield' is in 'g' here and in '%'"),
    "a column that is gone": (edited("n,base", "m,base"), "no column 'n'"),
    "an outcome that is gone": (edited("yield [%]", "product"), "no column 'yield'"),
    "two columns of one name": (edited("who", "n"), "'n'.*occur more than once"),
    "two columns of one name and other units": (edited("who", "V (mL)"), "'V'.*occur more than once"),
    "a remark beside the table": (
        edited("measured,", "measured,,,,see page 3,"),
        "row 2.*has no name above it",
    ),
    "a row that ends early": (edited("\n3,1.75,5,NaOMe,0.001,,x", "\n3,1.75"), "row 4: it ends before"),
    "an id twice": (edited("\n3,", "\n1,"), "id '1' stands in row 2 and in row 4"),
    "a quote that is not closed": (edited('""Z"""', '""Z""'), "cannot be read as CSV|no name above it"),
    "no names": (lambda text: text.split("\n", 1)[1], "no column|row of names|names"),
    "nothing": (lambda text: "", "it is empty"),
    "text": (lambda text: "Dear all,\n\nsee attached.\n", "no column 'V'|cannot be read"),
    "a negative error bar": (
        lambda text: text.replace("who", "yield_error", 1).replace('"Zoë; ""Z"""', "-1").replace(",x", ","),
        "row 2, column 'yield_error'.*standard error",
    ),
}


@pytest.mark.parametrize("name", MANGLED)
def test_a_mangled_table_is_refused_with_its_place_and_nothing_is_written(name, campaign):
    change, message = MANGLED[name]
    text = change(lines())
    assert text != lines()
    campaign.table.write_text(text, encoding="utf-8")
    before = campaign.table.read_bytes()
    for action in (campaign.optimizer, lambda: campaign.suggest(1)):
        with pytest.raises(BnnoptError) as error:
            action()
        assert re.search(message, str(error.value), re.DOTALL), str(error.value)
        assert "experiments.csv" in str(error.value)
    assert campaign.table.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda sheet: sheet.merge_cells("A2:A3"), "are merged"),
        (lambda sheet: sheet.cell(2, 5, "=1+1"), "no stored value"),
        (lambda sheet: sheet.cell(2, 9, "see notes"), "has no name above it"),
        (lambda sheet: sheet.cell(2, 5, "n.d."), "row 2, column 'yield': 'n.d.' is no number"),
        (lambda sheet: sheet.cell(2, 2, pd.Timestamp("2026-01-05")), "column 'V' has text where a number"),
        (lambda sheet: sheet.cell(1, 2, "V [mL]"), "'V' is in 'mL' here"),
        (lambda sheet: sheet.cell(1, 2).__setattr__("value", None), "no name above it|no column 'V'"),
    ],
)
def test_a_mangled_workbook_is_refused_with_its_place(change, message, campaign):
    workbook_of(campaign, change)
    with pytest.raises(BnnoptError) as error:
        campaign.optimizer()
    assert re.search(message, str(error.value)), str(error.value)
    assert "experiments.xlsx" in str(error.value)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0 old", b"%PDF-1.7", b"\x1f\x8b\x08"]
)
def test_files_of_another_kind_are_named(content, campaign):
    campaign.table.write_bytes(content)
    with pytest.raises(BnnoptError, match=r"experiments\.csv cannot be read"):
        campaign.optimizer()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[space]", "[space", r"line \d+"),
        ('name = "mangled"', 'nam = "mangled"', "did you mean 'name'"),
        ('type = "integer"', 'type = "interger"', "did you mean 'integer'"),
        ("upper = 2.0", "upper = -2.0", r"space\.variables\.0"),
        ("upper = 2.0", 'upper = "two"', r"space\.variables\.0.*upper"),
        ('"maximize"', '"maximise"', "did you mean 'maximize'"),
        ("gaussian_process", "gaussian_proces", "did you mean|gaussian_process"),
    ],
)
def test_a_mangled_campaign_toml_is_refused_with_its_place(old, new, message, campaign):
    path = campaign.folder / "campaign.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BnnoptError, match=message):
        Campaign.open(campaign.folder)
