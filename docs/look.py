"""Open every page of the built site in headless Chromium at the widths of a desk and of a telephone.

Run `python docs/look.py` after `python docs/build.py`. It ends with an error if a page writes an error to the
console, is wider than its window, has a figure without alternative text, or if the search finds nothing.
`--shots FOLDER` keeps pictures of some pages, light and dark.
"""

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

HTML = Path(__file__).resolve().parent / "_build" / "html"
WIDTHS = {"desk": 1280, "telephone": 390}
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SHOWN = (
    "index",
    "start_lab",
    "start_python",
    "moving",
    "user_guide",
    "guide/ask-and-tell",
    "guide/errors",
    "surrogates",
    "method",
    "bibliography",
    "benchmarks",
    "architecture",
    "gallery/plot_1_ester",
    "api/generated/bnnopt.optimizer.BayesianOptimizer",
)
WORDS = ("batch", "constraint", "hypervolume", "noise", "spreadsheet")
ROOM = """({
  over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  widest: Array.from(document.querySelectorAll("article *")).filter((each) =>
    each.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !each.closest("table, pre, .math")).slice(0, 3).map((each) => each.tagName + "." + each.className),
  unnamed: Array.from(document.images).filter((each) => !(each.alt || "").trim()).map((each) => each.src),
})"""
AS_3_AND_4 = """
import os, sys
for place, number in enumerate(sys.argv[1:3]):
    os.dup2(int(number), 100 + place)
for place in (0, 1):
    os.dup2(100 + place, 3 + place)
os.execv(sys.argv[3], sys.argv[3:])
"""  # Chromium reads commands from descriptor 3 and answers on 4


def main() -> None:
    """Look at all pages, say what is wrong, and end with an error if anything is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shots", type=Path, help="where pictures go")
    parser.add_argument("--only", help="pages whose path holds this")
    options = parser.parse_args()
    pages = [page for page in sorted(HTML.rglob("*.html")) if "_static" not in page.parts]
    pages = [page for page in pages if (options.only or "") in page.as_posix()]
    if not pages:
        sys.exit(f"There is no page in {HTML}; run `python docs/build.py`.")
    with browser() as chromium:
        faults = [fault for width in WIDTHS for page in pages for fault in look(chromium, page, width)]
        faults += searched(chromium)
        if options.shots:
            take_pictures(chromium, options.shots)
    print(f"{len(pages)} pages at {len(WIDTHS)} widths: {len(faults)} fault(s)", *faults, sep="\n")
    sys.exit(bool(faults))


def look(chromium: "Chromium", page: Path, width: str) -> list[str]:
    """Open a page at a width and return what is wrong with it."""
    chromium.open(page, WIDTHS[width])
    found = chromium.value(ROOM)
    name = f"{page.relative_to(HTML)} ({width})"
    faults = [f"{name}: console: {each}" for each in chromium.errors]
    is_cut = found["over"] > 0 or found["widest"]
    faults += [f"{name}: {found['over']} px too wide {found['widest']}"] if is_cut else []
    return faults + [f"{name}: no alternative text: {each}" for each in found["unnamed"]]


def searched(chromium: "Chromium") -> list[str]:
    """Search for words, as a reader without a network would, and return for which nothing is found."""
    found = "document.querySelectorAll('#search-results li').length"
    wait = f"new Promise((done) => setTimeout(() => done({found}), 3000))"
    faults = []
    for word in WORDS:
        chromium.open(HTML / "search.html", WIDTHS["desk"], f"?q={word}")
        faults += [] if chromium.value(wait) else [f"search.html: nothing found for {word!r}"]
    return faults


def take_pictures(chromium: "Chromium", folder: Path) -> None:
    """Keep pictures of some pages at both widths, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    for page, width, mode in product(SHOWN, WIDTHS, ("light", "dark")):
        chromium.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": mode}])
        chromium.open(HTML / f"{page}.html", WIDTHS[width])
        picture = chromium.ask("Page.captureScreenshot", format="png")["data"]
        (folder / f"{page.replace('/', '_')}_{width}_{mode}.png").write_bytes(base64.b64decode(picture))


class Chromium:
    """A tab of a headless Chromium, asked over its debugging pipe."""

    def __init__(self, to: Any, back: Any) -> None:
        self._to, self._back, self._number, self._session = to, back, 0, ""
        self.errors: list[str] = []
        self._is_loaded = False
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log"):
            self.ask(f"{part}.enable")

    def open(self, page: Path, width: int, query: str = "") -> None:
        """Open a page and wait until it has been loaded; its errors are in `errors`."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self.errors, self._is_loaded = [], False
        self.ask("Page.navigate", url=page.as_uri() + query)
        while not self._is_loaded:
            self._note(self._next())

    def value(self, script: str) -> Any:
        """Return what a script gives in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return found["result"]["value"]

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while (reply := self._next()).get("id") != self._number:
            self._note(reply)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        return reply["result"]

    def _next(self) -> Any:
        text = bytearray()
        while (byte := self._back.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("Chromium has ended.")
            text += byte
        return json.loads(text)

    def _note(self, message: Any) -> None:
        method, parameters = message.get("method"), message.get("params", {})
        self._is_loaded |= method == "Page.loadEventFired"
        if method == "Runtime.exceptionThrown":
            self.errors.append(parameters["exceptionDetails"].get("text", "exception"))
        if method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        if method == "Runtime.consoleAPICalled" and parameters["type"] == "error":
            self.errors.append(str(parameters["args"])[:300])


@contextmanager
def browser() -> Iterator[Chromium]:
    """Start a headless Chromium and end it afterwards."""
    path = next((path for path in map(shutil.which, NAMES) if path), None)
    if path is None:
        sys.exit(f"None of {', '.join(NAMES)} was found; install one of them.")
    there, back = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory() as profile:
        command = [sys.executable, "-c", AS_3_AND_4, str(there[0]), str(back[1]), path, "--headless=new"]
        command += ["--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        command += ["--no-first-run", "--disable-background-networking", "--hide-scrollbars"]
        process = subprocess.Popen(command, pass_fds=(there[0], back[1]), stderr=subprocess.DEVNULL)
        os.close(there[0])
        os.close(back[1])
        try:
            with open(there[1], "wb") as to, open(back[0], "rb") as answers:
                yield Chromium(to, answers)
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
