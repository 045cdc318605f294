"""Do what the two first pages say, as printed, in an empty folder: `python .ci/first_pages.py dist/*.whl`.

The shell blocks of docs/start_lab.md make an environment and run a campaign on the table that the page shows.
The Python blocks of docs/start_python.md run in the same environment. The name of the package is replaced by
the wheel, for it may be on no index yet. Ends with an error at the first step that fails, and prints the
seconds that each took.
"""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PACKAGE = re.compile(r'"bnnopt(\[[\w,]+\])"')


def main() -> None:
    """Go through both pages."""
    wheel = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        lab, python = (_page(name, wheel) for name in ("start_lab.md", "start_python.md"))
        (Path(folder) / "runs.csv").write_text(_blocks(lab, "text")[0], encoding="utf-8")
        shell = "set -e\n"
        for number, block in enumerate(_blocks(lab, "sh"), start=1):
            shell += _timed(block, f"start_lab.md, block {number}")
        inside = re.search(r'`(pip install "[^"`]+")`', python)
        assert inside, "start_python.md says no more how to install"
        (Path(folder) / "page.py").write_text("\n".join(_blocks(python, "python")), encoding="utf-8")
        shell += _timed(inside[1], "start_python.md, installation") + _timed(
            "python page.py", "start_python.md"
        )
        started = time.monotonic()
        done = subprocess.run(["bash", "-c", shell], cwd=folder, check=False)
        print(f"in all: {time.monotonic() - started:.0f} s")
    sys.exit(done.returncode)


def _page(name: str, wheel: Path) -> str:
    return PACKAGE.sub(rf'"{wheel}\1"', (DOCS / name).read_text(encoding="utf-8"))


def _blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def _timed(block: str, what: str) -> str:
    return f'SECONDS=0\n{block}\necho "--- {what}: $SECONDS s"\n'


if __name__ == "__main__":
    main()
