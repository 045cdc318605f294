"""A campaign in a folder: suggest, type, record, and what is noticed on the way."""

import json
from datetime import date

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from bnnopt import BayesianOptimizer, Campaign, CampaignSettings
from bnnopt.campaign import as_toml, one_run, overview, validate, write_table
from bnnopt.exceptions import ChangedRowsError, InvalidDataError

SPACE = {
    "variables": [
        {"type": "real", "name": "x", "lower": 0, "upper": 1, "unit": "mL"},
        {"type": "categorical", "name": "solvent", "levels": ["ODE", "007"]},
        {"type": "context", "name": "T", "unit": "°C"},
    ]
}
HERE = {"T": 20.5}
TARGETS = '\n[targets]\noutcome = "y"\nvalues = [1, 3]\ntolerance = 0.5\n'


def settings(**changes):
    document = {
        "name": "dots",
        "space": SPACE,
        "objectives": [{"type": "minimize", "name": "y", "unit": "nm"}],
        "outcomes": [{"name": "y", "lower": 0}],
        "surrogate": {"name": "gaussian_process"},
    }
    return CampaignSettings.model_validate(document | changes)


@pytest.fixture
def campaign(tmp_path):
    return Campaign.create(tmp_path / "dots", settings())


def text_of(campaign):
    return campaign.table.read_text(encoding="utf-8-sig")


def replaced(campaign, old, new):
    text = text_of(campaign)
    assert text.count(old) == 1
    campaign.table.write_text(text.replace(old, new), encoding="utf-8-sig")


@pytest.fixture
def measured(campaign):
    """Five runs asked and four of them measured."""
    batch = campaign.suggest(5, context=HERE)
    campaign.record(pd.DataFrame({"id": batch["id"][:4], "y": [3.5, 2.5, "failed", 1.5]}))
    return campaign


def test_a_campaign_is_opened_as_it_was_created(campaign):
    again = Campaign.open(campaign.folder)
    assert again.settings == settings()
    assert list(again.experiments.columns)[:5] == ["id", "x", "solvent", "T", "y"]
    assert text_of(campaign).startswith("id,x [mL],solvent,T [°C],y [nm],status,batch,replicate_of,date,note")


def test_suggested_runs_stand_in_the_table_as_planned_and_in_a_file_with_their_predictions(measured):
    batch = measured.suggest(2, context=HERE, seed=3)
    runs = measured.experiments
    assert runs["status"].tolist() == ["measured", "measured", "failed", "measured", *["planned"] * 3]
    np.testing.assert_array_equal(runs["x"].tail(2), batch["x"])
    file = json.loads((measured.folder / "suggestions" / "batch_0002.json").read_text(encoding="utf-8"))
    assert (file["batch"], file["seed"], [row["id"] for row in file["rows"]]) == (2, 3, ["6", "7"])
    assert {"bnnopt", "numpy", "python"} <= set(file["versions"])
    assert file["rows"][0]["y_lower"] == pytest.approx(batch["y_lower"][0])
    measured.record({"id": 6, "y": 1e6})
    told = measured.predictions().set_index("id")
    assert told.loc["6", "is_inside"] is False
    assert told.loc["7", "is_inside"] is None
    assert measured.history()["n_measured"].tolist() == [3, 1]


def test_an_empty_outcome_is_awaited_and_a_failure_says_so(measured):
    optimizer = measured.optimizer()
    assert optimizer.summary() | {"n_repeated": 0} == {
        "n_told": 4,
        "n_measured": 3,
        "n_failed": 1,
        "n_repeated": 0,
        "n_pending": 1,
    }
    replaced(measured, ",,planned,1,,,", ",n.b.,planned,1,,,")
    with pytest.raises(InvalidDataError, match=r"row 6, column 'y': 'n\.b\.' is no number.*or failed"):
        measured.optimizer()


def test_the_same_seed_and_runs_give_the_same_suggestions_and_a_dry_run_writes_nothing(measured):
    before = {path: path.read_bytes() for path in measured.folder.rglob("*.*") if path.is_file()}
    dry = measured.suggest(2, context=HERE, is_dry=True)
    assert {path: path.read_bytes() for path in measured.folder.rglob("*.*") if path.is_file()} == before
    pd.testing.assert_frame_equal(measured.suggest(2, context=HERE), dry)


def test_settings_are_written_in_the_digits_that_a_laboratory_sets(campaign):
    batch = campaign.suggest(5, context=HERE)
    assert all(len(repr(x)) <= len("0.1234") for x in batch["x"])


def test_results_by_settings_mean_the_planned_run_that_is_near(campaign):
    batch = campaign.suggest(3, context=HERE)
    run = batch.loc[1, ["x", "solvent", "T"]].to_dict()
    ids = campaign.record({**run, "x": run["x"] + 0.004, "y": 2.0})
    assert ids == ["2"]
    assert campaign.experiments.loc[1, "x"] == run["x"] + 0.004  # as it was run
    assert campaign.record({"x": 0.5, "solvent": "007", "T": 1, "y": 7, "note": "by hand"}) == ["4"]
    assert campaign.experiments.loc[3, ["note", "status"]].tolist() == ["by hand", "measured"]


def test_recording_twice_changes_nothing_by_id_and_is_refused_by_settings(measured):
    before = text_of(measured)
    assert measured.record({"id": 1, "y": 3.5}) == ["1"]
    assert text_of(measured) == before
    run = measured.experiments.loc[0, ["x", "solvent", "T", "y"]].to_dict()
    with pytest.raises(InvalidDataError, match="row 0 is id 1, with the same settings and outcomes"):
        measured.record(run)
    assert measured.record(run, repeats=True) == ["6"]


def test_a_second_value_for_a_run_is_a_correction(measured):
    with pytest.raises(ChangedRowsError, match=r"id 1 has y = 3\.5, and would get 4"):
        measured.record({"id": 1, "y": 4.0})
    measured.record({"id": 1, "y": 4.0}, accept_changes=True)
    assert measured.experiments.loc[0, "y"] == 4.0
    row = measured.corrections().iloc[0]
    assert (row["id"], row["column"], row["before"], row["after"]) == ("1", "y", 3.5, 4.0)


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"id": 99, "y": 1}, "there is no run with the id '99'"),
        ({"y": 1}, r"have no id, and there are no columns \['x', 'solvent', 'T'\]"),
        ({"id": 1, "y": -1}, "column 'y' has a value below its lower bound 0"),
        ({"id": 1, "y": "high"}, "'high' is no number"),
        ({"x": 0.1, "solvent": "water", "T": 1, "y": 1}, "level that is not one of"),
        ({"width": 1}, "none of its columns"),
        (pd.DataFrame({"id": [1, 1], "y": [1, 2]}), r"id\(s\) \['1'\] occur more than once"),
        (pd.DataFrame({"id": [], "y": []}), "there is no run in it"),
    ],
)
def test_results_that_cannot_be_used_are_refused_and_nothing_is_recorded(results, message, campaign):
    campaign.suggest(2, context=HERE)
    before = text_of(campaign)
    with pytest.raises(InvalidDataError, match=message):
        campaign.record(results)
    assert text_of(campaign) == before


def test_several_outcomes_may_come_one_after_the_other(tmp_path):
    goals = [{"type": "minimize", "name": "y"}, {"type": "maximize", "name": "z"}]
    campaign = Campaign.create(tmp_path / "two", settings(objectives=goals))
    campaign.suggest(2, context=HERE)
    campaign.record({"id": 1, "y": 1.0})
    assert campaign.experiments["status"].tolist() == ["planned", "planned"]
    campaign.record({"id": 1, "z": 2.0, "y_error": 0.1})
    assert campaign.experiments.loc[0, ["status", "y_error"]].tolist() == ["measured", 0.1]


def test_what_the_laboratory_types_is_read_and_columns_of_its_own_stay(measured):
    lines = text_of(measured).splitlines()
    lines = [f"operator,{line},;remark" if n else f"who,{line},mine" for n, line in enumerate(lines)]
    lines[5] = lines[5].replace(",,planned,", ",0.7,done,")
    lines.append("eve,,0.25,ODE,21,,,,,,new,")
    measured.table.write_text("\n".join(lines), encoding="utf-8-sig")
    batch = measured.suggest(1, context=HERE)
    assert batch["id"].tolist() == ["7"]
    head, *rows = [line.split(",") for line in text_of(measured).splitlines()]
    assert (head[0], head[-1]) == ("who", "mine")
    assert [row[0] for row in rows] == [*["operator"] * 5, "eve", ""]
    assert [row[1] for row in rows] == [str(number + 1) for number in range(7)]
    assert rows[4][6] == "done"  # the laboratory's own word stays
    assert measured.experiments["status"].tolist()[4:] == ["measured", "planned", "planned"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",3.5,measured", ",4.5,measured", r"id 1 \(row 2\), column 'y': recorded 3\.5, now 4\.5"),
        (",3.5,measured", ",,planned", r"id 1 \(row 2\), column 'y': recorded 3\.5, now nothing"),
        (",1.5,measured", ",1.5,failed", r"column 'status': recorded measured, now failed"),
        ("\n4,", "\n44,", "id 4 is gone, and row 5 has the same run under the id 44"),
    ],
)
def test_a_recorded_run_that_reads_otherwise_is_told_and_taken_only_when_accepted(
    old, new, message, measured
):
    replaced(measured, old, new)
    for action in (
        measured.optimizer,
        lambda: measured.suggest(1, context=HERE),
        lambda: measured.withdraw([5]),
    ):
        with pytest.raises(ChangedRowsError, match=message):
            action()
    assert len(measured.accept_changes()) == len(measured.corrections()) >= 1
    assert measured.check() == []
    measured.suggest(1, context=HERE)


def test_a_run_that_is_gone_is_told(measured):
    lines = text_of(measured).splitlines(keepends=True)
    measured.table.write_text("".join(lines[:1] + lines[2:]), encoding="utf-8-sig")
    with pytest.raises(
        ChangedRowsError, match=r"id 1 \(measured\) is not in the table any more; put it back"
    ):
        measured.suggest(1, context=HERE)
    assert any((measured.folder / "history").glob("experiments.*.csv"))
    measured.accept_changes()
    assert measured.suggest(1, context=HERE)["id"].tolist() == ["6"]  # an id is never given twice


def test_ids_that_occur_twice_are_refused(measured):
    replaced(measured, "\n4,", "\n1,")
    with pytest.raises(InvalidDataError, match="id '1' stands in row 2 and in row 5"):
        measured.suggest(1, context=HERE)


def test_a_planned_run_may_be_edited_and_withdrawn(measured):
    assert measured.withdraw([5]) == ["5"]
    assert measured.experiments["status"].tolist()[4] == "withdrawn"
    assert len(measured.optimizer().pending) == 0
    with pytest.raises(InvalidDataError, match="is planned or running"):
        measured.withdraw([1])


def test_a_setting_that_is_new_or_gone_is_told(measured):
    path = measured.folder / "campaign.toml"
    text = path.read_text(encoding="utf-8")
    more = text.replace(
        "variables = [", 'variables = [\n    { type = "real", name = "pH", lower = 0, upper = 14 },'
    )
    path.write_text(more, encoding="utf-8")
    with pytest.raises(InvalidDataError, match=r"no column 'pH'.*add the column and write in each of the 5"):
        Campaign.open(measured.folder).optimizer()
    lines = text_of(measured).splitlines()
    lines = [f"{line},{7 if n else 'pH'}" for n, line in enumerate(lines)]
    measured.table.write_text("\n".join(lines), encoding="utf-8-sig")
    again = Campaign.open(measured.folder)
    with pytest.raises(ChangedRowsError, match=r"'pH' is new in campaign.toml"):
        again.optimizer()
    again.accept_changes()
    assert again.optimizer().data["pH"].tolist() == [7, 7, 7, 7]
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ChangedRowsError, match=r"campaign.toml has no 'pH' any more"):
        Campaign.open(measured.folder).optimizer()


def test_a_unit_that_differs_is_refused_with_both_units(measured):
    replaced(measured, "x [mL]", "x (L)")
    with pytest.raises(InvalidDataError, match=r"row 1:\s+column 'x' is in 'L' here and in 'mL' in campaign"):
        measured.optimizer()
    replaced(measured, "x (L)", "x / ml")
    assert len(measured.optimizer().data) == 4


def test_settings_whose_unit_changes_are_told(measured):
    path = measured.folder / "campaign.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"nm"', '"µm"'), encoding="utf-8")
    replaced(measured, "y [nm]", "y")
    with pytest.raises(ChangedRowsError, match="the unit of 'y' was 'nm' and is 'µm'"):
        Campaign.open(measured.folder).optimizer()


@pytest.mark.parametrize("mark", [".~lock.experiments.csv#", "~$experiments.xlsx"])
def test_a_table_that_is_open_in_a_spreadsheet_program_is_left_alone(mark, measured):
    (measured.folder / mark).write_text("")
    before = text_of(measured)
    with pytest.raises(InvalidDataError, match="is open in a spreadsheet program"):
        measured.record({"id": 5, "y": 1})
    assert text_of(measured) == before
    assert len(measured.experiments) == 5  # reading is no harm


def test_a_campaign_of_a_newer_version_says_so(measured):
    path = measured.folder / "history" / "recorded.json"
    path.write_text('{"format": 99, "version": "7.1"}', encoding="utf-8")
    with pytest.raises(InvalidDataError, match=r"written by bnnopt 7\.1, which is newer"):
        Campaign.open(measured.folder)
    path.write_text("", encoding="utf-8")
    with pytest.raises(InvalidDataError, match=r"recorded\.json is damaged"):
        Campaign.open(measured.folder)
    path.unlink()
    assert len(Campaign.open(measured.folder).optimizer().data) == 4


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (28, "the disk is full; make room. What was there is as it was"),
        (30, "the folder is read-only; copy the campaign to where you may write"),
        (13, "permission denied; a program may have it open"),
        (5, "cannot be written: Input/output error"),
    ],
)
def test_a_disk_that_takes_nothing_leaves_all_as_it_was(number, message, measured, monkeypatch):
    before = text_of(measured)

    def refuse(file):
        raise OSError(number, "")

    monkeypatch.setattr("os.fsync", refuse)
    for action in (lambda: measured.record({"id": 5, "y": 1}), lambda: measured.suggest(1, context=HERE)):
        with pytest.raises(OSError, match=message):
            action()
    monkeypatch.undo()
    assert text_of(measured) == before
    assert measured.record({"id": 5, "y": 1}) == ["5"]
    assert not list(measured.folder.rglob("*.tmp"))


def test_a_run_is_recorded_while_others_are_asked_for(measured, monkeypatch):
    ask = BayesianOptimizer.ask

    def slow(self, *args, **options):
        Campaign.open(measured.folder).record({"id": 5, "y": 0.5})
        return ask(self, *args, **options)

    monkeypatch.setattr(BayesianOptimizer, "ask", slow)
    measured.suggest(1, context=HERE)
    assert measured.experiments["status"].tolist()[4:] == ["measured", "planned"]
    assert measured.check() == []


def test_a_clock_that_is_set_back_orders_nothing(measured, monkeypatch):
    class Past(date):
        @classmethod
        def today(cls):
            return cls(1999, 1, 1)

    monkeypatch.setattr("bnnopt.campaign._suggestions.date", Past)
    measured.record({"id": 5, "y": 1})
    assert measured.experiments["date"].tolist()[4] == "1999-01-01"
    assert measured.optimizer().data["y"].tolist()[-1] == 1
    assert measured.suggest(1, context=HERE)["id"].tolist() == ["6"]


@settings_of_hypothesis(max_examples=10, deadline=None)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=3, max_size=3
    )
)
def test_cells_of_the_laboratory_stay_to_the_last_character(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("own") / "dots"
    runs = pd.DataFrame({"x": [0.1, 0.2, 0.3], "solvent": "ODE", "T": 1, "y": [1.0, 2, 3], "mine": texts})
    write_table(runs, folder.with_suffix(".csv"))
    campaign = Campaign.create(folder, settings(), folder.with_suffix(".csv"))
    assert campaign.experiments["mine"].tolist() == texts
    campaign.record({"x": 0.9, "solvent": "ODE", "T": 1, "y": 4})
    assert campaign.experiments["mine"].tolist()[:3] == texts


def test_a_setting_may_not_be_called_as_a_column_of_the_table(tmp_path):
    space = {"variables": [*SPACE["variables"], {"type": "real", "name": "batch", "lower": 0, "upper": 1}]}
    with pytest.raises(InvalidDataError, match=r"\['batch'\] are columns that the table has for itself"):
        Campaign.create(tmp_path / "own", settings(space=space))


def test_targets_are_asked_for_in_turn(tmp_path, measured):
    path = measured.folder / "campaign.toml"
    path.write_text(path.read_text(encoding="utf-8") + TARGETS, encoding="utf-8")
    batch = Campaign.open(measured.folder).suggest(1, targets=[1, 3], context=HERE)
    assert batch["goal"].tolist() == ["1", "3"]
    assert measured.experiments["note"].tolist()[-2:] == ["for y = 1", "for y = 3"]


def test_a_folder_is_begun_only_once(campaign, tmp_path):
    with pytest.raises(InvalidDataError, match="is there already; open this campaign"):
        Campaign.create(campaign.folder, settings())
    with pytest.raises(InvalidDataError, match="There is no campaign in"):
        Campaign.open(tmp_path)


def test_a_table_that_is_gone_is_told(measured):
    measured.table.unlink()
    with pytest.raises(InvalidDataError, match=r"is not there, and 5 run\(s\) were recorded in it"):
        measured.suggest(1, context=HERE)


def test_the_table_may_be_a_workbook_that_keeps_its_form(measured):
    measured.suggest(1, context=HERE, as_xlsx=True)
    assert measured.table.name == "experiments.xlsx"
    workbook = openpyxl.load_workbook(measured.table)
    sheet = workbook.active
    assert sheet["C3"].value in ("ODE", "007")
    assert isinstance(sheet["B2"].value, float)
    sheet["E6"] = 0.25  # a run that was planned
    sheet.column_dimensions["B"].width = 33
    workbook.create_sheet("plan")["A1"] = "mine"
    workbook.save(measured.table)
    measured.record({"id": 6, "y": 0.75})
    assert measured.experiments["y"].tolist()[4:] == [0.25, 0.75]
    workbook = openpyxl.load_workbook(measured.table)
    assert workbook["plan"]["A1"].value == "mine"
    assert workbook.active.column_dimensions["B"].width == 33
    measured.suggest(1, context=HERE, as_xlsx=False)
    assert [path.name for path in measured.folder.glob("experiments.*")] == ["experiments.csv"]


def test_a_workbook_with_formulas_is_not_written(measured):
    measured.suggest(1, context=HERE, as_xlsx=True)
    workbook = openpyxl.load_workbook(measured.table)
    workbook.create_sheet("sums")["A1"] = "=1+1"
    workbook.save(measured.table)
    with pytest.raises(InvalidDataError, match=r"has formulas in \['sums!A1'\]"):
        measured.record({"id": 5, "y": 1})


def test_two_tables_are_refused_unless_one_is_what_a_move_left_behind(measured):
    old = measured.table.read_bytes()
    measured.suggest(1, context=HERE, as_xlsx=True)
    (measured.folder / "experiments.csv").write_bytes(old)  # as if it was ended before this was deleted
    assert len(Campaign.open(measured.folder).experiments) == 6
    (measured.folder / "experiments.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    with pytest.raises(InvalidDataError, match="only one can be the table"):
        _ = measured.experiments


def test_past_runs_keep_their_columns_and_habits(tmp_path):
    rows = "who;x (mL);solvent;T;y\nano;0,125;ODE;20,5;3,5\nbob;0,5;7;21;\n"
    (tmp_path / "runs.csv").write_bytes(rows.encode("utf-16"))
    campaign = Campaign.create(tmp_path / "new", settings(), tmp_path / "runs.csv")
    campaign.suggest(1, context=HERE)
    lines = text_of(campaign).splitlines()
    assert lines[0] == "who;x (mL);solvent;T;y;id;status;batch;replicate_of;date;note"
    assert lines[1].startswith('ano;"0,125";ODE;"20,5";"3,5";1;measured')
    assert '"20,5"' in lines[3]
    runs = campaign.experiments
    assert runs["x"].tolist()[:2] == [0.125, 0.5]
    assert runs["solvent"].tolist()[1] == "007"
    assert runs["status"].tolist() == ["measured", "planned", "planned"]
    failed = Campaign.create(tmp_path / "failed", settings(), tmp_path / "runs.csv", empty="failed")
    assert failed.experiments["status"].tolist() == ["measured", "failed"]


def test_several_objectives_have_a_front_and_one_has_a_best(tmp_path, measured):
    assert overview(measured).best["id"].tolist() == ["4"]
    assert overview(measured).counts["failed"] == 1
    goals = [{"type": "minimize", "name": "y"}, {"type": "maximize", "name": "z"}]
    runs = pd.DataFrame({"x": [0.1, 0.2, 0.3], "solvent": "ODE", "T": 1, "y": [1, 2, 3], "z": [1, 2, 1.5]})
    campaign = Campaign.create(tmp_path / "two", settings(objectives=goals), runs)
    assert sorted(overview(campaign).best["id"]) == ["1", "2"]


def test_a_campaign_is_validated_by_runs_left_out(tmp_path):
    x = np.linspace(0, 1, 12)
    runs = pd.DataFrame({"x": x, "solvent": "ODE", "T": 20.0, "y": 5 + 3 * x})
    campaign = Campaign.create(tmp_path / "line", settings(outcomes=[]), pd.concat([runs, runs.head(1)]))
    found = validate(campaign, n_folds=4)
    assert found.held_out["r2"][0] > 0.99
    assert found.held_out["n"].tolist() == [13]
    assert found.noise[["std", "degrees_of_freedom"]].to_numpy().tolist() == [[0.0, 1.0]]
    with pytest.raises(InvalidDataError, match="n_folds must be from 2 to the 13"):
        validate(campaign, n_folds=14)


def test_settings_come_back_from_their_text(tmp_path):
    given = settings(
        space=SPACE | {"constraints": [{"type": "linear", "coefficients": {"x": 1}, "upper": 0.9}]},
        objectives=[
            {"type": "target", "name": 'peak "nm"', "value": 950, "tolerance": 5},
            {
                "type": "desirability",
                "parts": [{"type": "minimize", "name": "y"}, {"type": "maximize", "name": "z"}],
                "lows": [-1, 0],
                "highs": [0, 2],
            },
            {"type": "outcome_constraint", "name": "z", "upper": 3},
        ],
        acquisition={"name": "q_nehvi", "parameters": {}},
        targets={"outcome": "z", "values": [1, 2], "tolerance": 0.5},
        trust_region=False,
        n_initial=7,
        description="a\tb\nc",
    )
    (tmp_path / "campaign.toml").write_text(as_toml(given), encoding="utf-8")
    assert CampaignSettings.from_toml(tmp_path / "campaign.toml") == given


def test_one_run_is_read_from_texts():
    assert one_run(settings(), {"y": "81,5", "solvent": "007"}, "3") == {
        "id": "3",
        "y": 81.5,
        "solvent": "007",
    }
    with pytest.raises(InvalidDataError, match=r"\['yield'\] are no columns"):
        one_run(settings(), {"yield": "1"})


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"score": ', '"score": 1', 1),
        lambda text: text.replace('"batch": 1', '"batch": "x"', 1),
        lambda text: "[[[1]]]",
        lambda text: "[" * 100_000,
        lambda text: '{"batch": 1, "rows": [3]}',
    ],
)
def test_a_batch_that_was_damaged_is_left_aside_with_a_warning(damage, measured):
    file = measured.folder / "suggestions" / "batch_0001.json"
    whole, n_batches = file.read_text(encoding="utf-8"), len(measured.history())
    assert damage(whole) != whole
    file.write_text(damage(whole), encoding="utf-8")
    with pytest.warns(
        UserWarning, match=r"batch_0001\.json is damaged .* whole copy of the file, or delete it"
    ):
        assert len(measured.history()) == n_batches - 1
    old = json.loads(whole)
    del old["checksum"]  # as the first versions wrote it
    file.write_text(json.dumps(old), encoding="utf-8")
    assert len(measured.history()) == n_batches
