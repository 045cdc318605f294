"""The page in a real Chromium, asked over its debugging pipe; left out where there is none."""

import json
import os
import shutil
import subprocess
import sys

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None or os.name != "posix", reason="there is no Chromium")

AS_3_AND_4 = """
import os, sys
for place, number in enumerate(sys.argv[1:3]):
    os.dup2(int(number), 100 + place)
for place in (0, 1):
    os.dup2(100 + place, 3 + place)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads commands from descriptor 3 and answers on 4."""

FIGURES = """(async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
  const found = [];
  for (const place of document.querySelectorAll(".plot")) {
    place.scrollIntoView({ behavior: "instant", block: "center" });
    for (let n = 0; n < 200 && !place.querySelector(".main-svg"); n++) await frame();
    const each = { label: place.getAttribute("aria-label"), drawn: !!place.querySelector(".main-svg") };
    const trace = (place.data || []).findIndex((one) => (one.text || []).some((t) => t.startsWith("run ")));
    if (trace >= 0) {
      const { x, y } = place.data[trace];
      const places = place.getBoundingClientRect(), { xaxis, yaxis } = place._fullLayout;
      const axis = (one, value) => one._offset + one.l2p(one.d2l(value));
      each.wanted = place.data[trace].text;
      each.at = [places.left + axis(xaxis, x[0]), places.top + axis(yaxis, y[0])];
      each.scroll = window.scrollY;
    }
    found.push(each);
  }
  return found;
})()"""

HOVERED = """(async () => {
  await new Promise((done) => setTimeout(done, 150));
  return Array.from(document.querySelectorAll(".hoverlayer text"), (each) => each.textContent).join(" ");
})()"""

SORTED = """(() => {
  const table = Array.from(document.querySelectorAll("details.table")).find((each) =>
    each.textContent.includes("All runs"));
  const head = (name) => Array.from(table.querySelectorAll("th")).find((each) =>
    each.textContent.startsWith(name));
  const cells = (name) => Array.from(table.querySelectorAll("tbody tr"), (row) =>
    row.cells[head(name).cellIndex].textContent.trim());
  const press = (name) => { head(name).querySelector("button").click(); return cells(name); };
  return { ids: [cells("id"), press("id"), press("id")], yields: [press("yield"), press("yield")],
           sorted: Array.from(table.querySelectorAll("th[aria-sort]"), (each) => each.textContent) };
})()"""


class Browser:
    """A Chromium that takes commands of its DevTools protocol over a pipe."""

    def __init__(self, folder):
        their_in, self.out = os.pipe()
        self.inward, their_out = os.pipe()
        command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                AS_3_AND_4,
                str(their_in),
                str(their_out),
                *command,
                f"--user-data-dir={folder}",
                "about:blank",
            ],
            pass_fds=(their_in, their_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(their_in)
        os.close(their_out)
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def __call__(self, method, **parameters):
        """Return the result of a command; events that come meanwhile are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.answer()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def answer(self):
        while b"\0" not in self.rest:
            read = os.read(self.inward, 1 << 16)
            assert read, "Chromium has ended"
            self.rest += read
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def value(self, expression):
        """Return what JavaScript gives, awaited."""
        result = self("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def open(self, page, width, scheme="light"):
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")
        self("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self("Page.navigate", url=page.as_uri())
        self.value(
            "new Promise((done) => document.readyState === 'complete' ? done()"
            " : window.addEventListener('load', done))"
        )

    def said(self):
        """What the console, the log and the network told."""
        names = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [event for event in self.events if event.get("method") in names]

    def asked_for(self):
        """Addresses that the page wanted."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def close(self):
        self.session = None
        self("Browser.close")
        self.process.wait(timeout=60)
        os.close(self.out)
        os.close(self.inward)


@pytest.fixture(scope="module", params=[(1280, "light"), (390, "dark")], ids=["desktop", "phone"])
def visited(request, page, tmp_path_factory):
    """A browser that has the page open."""
    browser = Browser(tmp_path_factory.mktemp("profile"))
    browser.open(page, *request.param)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def drawn(visited):
    return visited.value(FIGURES)


def test_every_figure_is_drawn(drawn):
    assert [each["label"] for each in drawn if not each["drawn"]] == []
    assert len(drawn) > 15


def test_the_pointer_says_which_run_a_point_is(visited, drawn):
    with_runs = [each for each in drawn if each.get("wanted")]
    assert len(with_runs) > 10
    for each in with_runs:
        visited.value(f"window.scrollTo({{ top: {each['scroll']}, behavior: 'instant' }})")
        x, y = each["at"]
        visited("Input.dispatchMouseEvent", type="mouseMoved", x=x - 1, y=y - 1)
        visited("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        assert any(run in visited.value(HOVERED) for run in each["wanted"]), each["label"]


def test_a_click_on_a_head_sorts_as_people_count(visited):
    found = visited.value(SORTED)
    before, up, down = found["ids"]
    assert up == sorted(before, key=lambda each: int(each.split("-")[1]))
    assert down == up[::-1]
    yields = [[float(cell.replace("−", "-")) for cell in cells if cell != "–"] for cells in found["yields"]]
    assert yields[0] == sorted(yields[0])
    assert yields[1] == yields[0][::-1]
    n_missing = len(before) - len(yields[0])
    assert n_missing > 0
    assert [cells[-n_missing:] for cells in found["yields"]] == [["–"] * n_missing] * 2
    assert len(found["sorted"]) == 1


def test_the_page_does_not_scroll_sideways(visited, drawn):
    assert visited.value("document.documentElement.scrollWidth <= window.innerWidth")


def test_names_of_users_are_text_and_never_run(visited, drawn):
    assert visited.value("window.broken") is None
    assert visited.value("document.querySelectorAll('b[onclick]').length") == 0


def test_it_prints_with_every_figure_in_light_colours(visited, drawn):
    assert len(visited("Page.printToPDF")["data"]) > 50_000
    assert visited.value("document.documentElement.className") == ""


def test_nothing_is_wrong_and_nothing_is_asked_for_elsewhere(visited, page, drawn):
    visited.value("1")
    assert visited.said() == []
    assert [url for url in visited.asked_for() if not url.startswith(("data:", "blob:"))] == [page.as_uri()]
