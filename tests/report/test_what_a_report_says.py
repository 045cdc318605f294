import html
import json
import re
import sys

import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, Integer, Maximize, Minimize, Outcome, Real, SearchSpace, Target
from bnnopt.exceptions import InvalidDataError, MissingDependencyError
from bnnopt.report import ReportData, write_report

FAST = "gaussian_process_ensemble"
PLANE = SearchSpace([Real("x", 0, 1, unit="mL"), Integer("n", 1, 5)])


def told(table, objectives, space=PLANE, **options):
    optimizer = BayesianOptimizer(space, objectives, surrogate=FAST, random_state=0, **options)
    optimizer.tell(table, table)
    return optimizer


def experiments(n, outcome, status="measured"):
    """Rows of the plane, an outcome of each, and what a campaign records."""
    rows = PLANE.sample(n, random_state=0)
    return rows.assign(z=outcome, id=[f"r{place}" for place in range(n)], status=status)


def written(tmp_path, *arguments, **options):
    path = tmp_path / "page.html"
    write_report(ReportData.of(*arguments, **({"name": "plane"} | options)), path)
    return path.read_text(encoding="utf-8")


def own_text(page):
    """What a reader sees, without plotly and markup."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def figures(page):
    found = json.loads(re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)[1])
    return with_lists(found["figures"], found["lists"])


def with_lists(value, lists):
    """What a page holds, each list in its place."""
    if isinstance(value, list):
        return [with_lists(each, lists) for each in value]
    if not isinstance(value, dict):
        return value
    return lists[value["list"]] if "list" in value else {k: with_lists(v, lists) for k, v in value.items()}


@pytest.fixture(scope="module")
def text(page):
    return page.read_text(encoding="utf-8")


def test_the_page_has_every_section(text):
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    assert titles == [
        "Best so far",
        "Next runs",
        "Go on or stop",
        "Predicted against measured",
        "How good the model is",
        "What the settings do",
        "Maps and slices",
        "Coverage of the space",
        "Failures",
        "What was asked, and what came",
        "How to reproduce this",
    ]


def test_the_page_asks_for_nothing_from_elsewhere(text):
    assert not re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="', text)
    assert "default-src 'none'" in text
    assert "@import" not in text.split("<script", 1)[0]


def test_names_and_notes_of_users_are_text(text):
    assert "window.broken = 1</script>" not in text.split('id="figures"')[0].replace("&lt;", "(")
    assert "<script>window" not in text
    assert "{{ 7 * 7 }}" in own_text(text)


def test_every_figure_says_its_message_to_those_who_do_not_see_it(text):
    labels = re.findall(r'role="img" aria-label="([^"]+)"', text)
    assert len(labels) == len(figures(text)) > 15
    assert all(len(label) > 40 for label in labels)


def test_heads_of_tables_are_buttons(text):
    heads = re.findall(r"<th [^>]*>(.{8})", text)
    assert heads
    assert set(heads) == {"<button "}


def test_numbers_are_written_as_a_laboratory_does(text):
    assert not re.findall(r"\d\.\d{7,}|\d[eE][-+]\d", own_text(re.sub(r"[0-9a-f]{64}", "", text)))


def test_what_it_takes_to_repeat_is_there(text):
    said = own_text(text)
    assert "seed 7" in said
    assert "balance 3" in said
    assert "campaign.toml abc123" in said
    assert len(re.findall(r"[0-9a-f]{64}", said)) == 3
    assert "1 May" in said


def test_failed_and_planned_runs_are_counted_and_told_apart(text, coupling):
    _, runs, _ = coupling
    n_failed = int((runs["status"] == "failed").sum())
    assert n_failed > 0
    assert f"{n_failed} failed" in own_text(text)
    crosses = [trace for each in figures(text) for trace in each["data"] if trace.get("name") == "failed"]
    assert crosses
    assert {trace["marker"]["symbol"] for trace in crosses} == {"x"}
    ids = set(runs["id"][runs["status"] == "failed"])
    assert {each.removeprefix("run ") for trace in crosses for each in trace["text"]} == ids


def test_each_batch_is_held_against_what_came(text, coupling):
    _, runs, suggestions = coupling
    came = runs[(runs["batch"] == 2) & (runs["status"] == "measured")]
    plots = [
        each for each in figures(text) if each["layout"]["xaxis"]["title"]["text"].startswith("measured y")
    ]
    points = [trace for trace in plots[0]["data"] if trace["mode"] == "markers"]
    assert [each for trace in points for each in trace["text"]] == [f"run {each}" for each in came["id"]]
    predicted = suggestions[1].set_index("id").loc[came["id"], "yield_mean"]
    np.testing.assert_allclose([each for trace in points for each in trace["y"]], predicted, rtol=1e-3)


def test_two_goals_show_their_front(tmp_path):
    table = experiments(12, np.linspace(1, 2, 12)).assign(cost=np.linspace(2e-9, 1e-9, 12))
    page = written(tmp_path, told(table, [Minimize("z", unit="nm"), Minimize("cost")]), table)
    assert "12 runs are in the front" in own_text(page)
    assert "cost against z" in page
    assert "× 10⁻⁹" in page


def test_a_target_is_drawn(tmp_path):
    table = experiments(8, np.linspace(1, 2, 8))
    page = written(tmp_path, told(table, Target("z", 1.5, 0.1)), table)
    assert "target 1.5" in page


def test_it_shows_how_often_intervals_held_and_what_can_be_had(tmp_path):
    table = experiments(16, np.sin(np.arange(16.0)))
    page = written(tmp_path, told(table, Minimize("z")), table)
    said = own_text(page)
    assert "z: how often intervals held" in said
    assert "Best z over" in said
    shares = next(
        each["data"]
        for each in figures(page)
        if any("name" in t and t["name"] == "chance" for t in each["data"])
    )
    x, y = shares[-1]["x"], shares[-1]["y"]
    assert (x[0], x[-1]) == (5, 95)
    assert (np.diff(y) >= 0).all()
    best, mapped = [each["data"][0]["z"] for each in figures(page) if each["data"][0]["type"] == "heatmap"][
        :2
    ]
    assert np.nanmin(np.array(best, float)) <= np.nanmin(np.array(mapped, float)) + 0.05


def test_bands_stay_within_the_bounds_of_an_outcome(tmp_path):
    table = experiments(10, np.linspace(0, 1, 10) ** 4)
    page = written(tmp_path, told(table, Maximize("z"), outcomes=Outcome("z", lower=0, upper=1)), table)
    filled = [each["data"] for each in figures(page) if any("fill" in trace for trace in each["data"])]
    bands = [each for each in filled if not any(trace.get("name") == "chance" for trace in each)]
    assert len(bands) == len(filled) - 1 == 2
    assert min(min(lower["y"]) for lower, _, *_ in bands) >= 0
    assert max(max(upper["y"]) for _, upper, *_ in bands) <= 1


@pytest.mark.parametrize(
    ("n", "outcome", "status", "wanted"),
    [
        (3, [1.0, 2.0, 3.0], "measured", "There is no model yet"),
        (6, np.nan, "failed", "All 6 runs that came back failed"),
    ],
)
def test_a_page_comes_before_there_is_a_model(tmp_path, n, outcome, status, wanted):
    table = experiments(n, outcome, status)
    assert wanted in own_text(written(tmp_path, told(table, Maximize("z")), table))


def test_a_page_comes_before_any_run(tmp_path):
    optimizer = BayesianOptimizer(PLANE, Maximize("z"), surrogate=FAST, random_state=0)
    planned = optimizer.ask(3).assign(z=np.nan, id=[1, 2, 3], status="planned")
    page = own_text(written(tmp_path, optimizer, planned, [planned]))
    assert "No run has come back yet." in page
    assert "3 runs are planned or running." in page


def test_a_file_is_not_replaced_unasked(tmp_path):
    table = experiments(3, 1.0)
    data = ReportData.of(told(table, Maximize("z")), table, name="plane")
    path = tmp_path / "page.html"
    path.write_text("mine")
    with pytest.raises(InvalidDataError, match="is there already"):
        write_report(data, path)
    assert path.read_text() == "mine"
    write_report(data, path, replace=True)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(("package", "module"), [("jinja2", "jinja2"), ("plotly", "plotly.offline")])
def test_a_missing_package_names_the_extra(tmp_path, monkeypatch, package, module):
    table = experiments(3, 1.0)
    data = ReportData.of(told(table, Maximize("z")), table, name="plane")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf'{package}.*pip install "bnnopt\[report\]"'):
        write_report(data, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_tables_that_do_not_fit_the_optimizer_are_refused():
    table = experiments(4, [1.0, 2.0, 3.0, 4.0])
    optimizer = told(table, Maximize("z"))
    wrong = [
        (table.iloc[:3], "3 run.* are measured or failed, but the optimizer was told 4"),
        (table.iloc[::-1], "'x' of run 'r3' is not what the optimizer was told"),
        (table.assign(id="r0"), "the id 'r0' occurs more than once"),
        (table.assign(id=["a", None, "b", "c"]), "row 1 has no id"),
        (table.drop(columns="status"), "status"),
        (pd.Series([1.0]).to_numpy(), "expected a table with names"),
    ]
    for runs, message in wrong:
        with pytest.raises(InvalidDataError, match=message):
            ReportData.of(optimizer, runs, name="plane")


def test_the_same_campaign_gives_the_same_page(coupling, page, tmp_path):
    optimizer, runs, suggestions = coupling
    options = {"name": "same", "seed": 7}
    pages = []
    for name in ("first.html", "second.html"):
        write_report(ReportData.of(optimizer, runs, suggestions, **options), tmp_path / name)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]
