"""The page in a real Chromium; left out where there is none."""

import html
import json
import re
import shutil
import subprocess

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

RECORD = """<script>
window.faults = [];
window.addEventListener("error", (event) => window.faults.push(String(event.message)));
for (const kind of ["error", "warn"]) {
  console[kind] = (...words) => window.faults.push(words.map(String).join(" "));
}
</script>"""

LOOK = """<script>
window.addEventListener("load", async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const found = { hovers: [], widths: [], empty: [] };
  await wait(500);
  for (const place of document.querySelectorAll(".plot")) {
    place.scrollIntoView({ behavior: "instant" });
    await wait(300);
    if (!place.querySelector(".main-svg")) found.empty.push(place.getAttribute("aria-label"));
    const trace = (place.data || []).findIndex((each) => (each.text || []).some((t) => t.startsWith("run ")));
    if (trace < 0) continue;
    Plotly.Fx.hover(place, [{ curveNumber: trace, pointNumber: 0 }]);
    await wait(100);
    const texts = Array.from(place.querySelectorAll(".hoverlayer text"), (each) => each.textContent);
    found.hovers.push({ wanted: place.data[trace].text[0], texts: texts.join(" ") });
  }
  const table = Array.from(document.querySelectorAll("details.table")).find((each) =>
    each.textContent.includes("All runs"));
  const head = (name) => Array.from(table.querySelectorAll("th")).find((each) =>
    each.textContent.startsWith(name));
  const cells = (name) => Array.from(table.querySelectorAll("tbody tr"), (row) =>
    row.cells[head(name).cellIndex].textContent);
  const press = (name) => { head(name).querySelector("button").click(); return cells(name); };
  found.ids = [cells("id"), press("id"), press("id")];
  found.yields = [press("yield"), press("yield")];
  found.sorted = Array.from(table.querySelectorAll("th[aria-sort]"), (each) => each.textContent);
  found.scrolls = document.documentElement.scrollWidth > window.innerWidth;
  found.width = window.innerWidth;
  found.faults = window.faults;
  found.broken = window.broken === 1;
  found.markup = document.querySelectorAll("b[onclick]").length;
  window.parent.postMessage(JSON.stringify(found), "*");
});
</script>"""

FRAME = """<!doctype html><pre id="found"></pre><script>
window.addEventListener("message", (event) => { document.getElementById("found").textContent = event.data; });
</script><iframe src="copy.html" style="width:WIDTHpx;height:30000px;border:0"></iframe>"""


def seen(page, folder, width):
    """Open a copy of a page in a frame of a width, and return what a visitor finds."""
    text = page.read_text(encoding="utf-8").replace("<head>", f"<head>{RECORD}", 1)
    (folder / "copy.html").write_text(f"{LOOK}</body>".join(text.rsplit("</body>", 1)), encoding="utf-8")
    frame = folder / "frame.html"
    frame.write_text(FRAME.replace("WIDTH", str(width)), encoding="utf-8")
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += [f"--user-data-dir={folder / 'profile'}", "--window-size=1400,30000"]
    command += ["--virtual-time-budget=60000", "--dump-dom", frame.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])), said


@pytest.fixture(scope="module", params=[1280, 390])
def visit(request, page, tmp_path_factory):
    return seen(page, tmp_path_factory.mktemp("visit"), request.param)


def test_nothing_is_wrong_in_the_console(visit):
    found, said = visit
    assert found["faults"] == []
    assert said == []


def test_every_figure_is_drawn_and_says_which_run_a_point_is(visit):
    found, _ = visit
    assert found["empty"] == []
    assert len(found["hovers"]) > 10
    for each in found["hovers"]:
        assert each["wanted"] in each["texts"]


def test_a_click_on_a_head_sorts_as_people_count(visit):
    (before, up, down), found = visit[0]["ids"], visit[0]
    numbered = sorted(before, key=lambda each: int(each.split("-")[1]))
    assert up == numbered
    assert down == numbered[::-1]
    yields = [[float(cell.replace("−", "-")) for cell in cells if cell != "–"] for cells in found["yields"]]
    assert yields[0] == sorted(yields[0])
    assert yields[1] == sorted(yields[1], reverse=True)
    assert found["yields"][0][len(yields[0]) :] == found["yields"][1][len(yields[1]) :] != []
    assert len(found["sorted"]) == 1


def test_the_page_does_not_scroll_sideways(visit):
    assert not visit[0]["scrolls"]


def test_names_of_users_are_text_and_never_run(visit):
    assert not visit[0]["broken"]
    assert visit[0]["markup"] == 0
