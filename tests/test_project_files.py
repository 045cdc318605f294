"""What no single room can hold: contracts between rooms, light imports, docstrings, pages and citation."""

import ast
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
import yaml
from pydantic import BaseModel

import bnnopt

ROOT = Path(__file__).parents[1]
ROOMS = sorted(module.name for module in iter_modules(bnnopt.__path__) if not module.name.startswith("_"))
BRIDGES = [
    "integrations.dask",
    "integrations.optuna",
]  # modules that are looked for by name, as they need the library they lead to
HEAVY = {"tensorflow", "keras", "scikeras", "matplotlib", "plotly", "jinja2"}
PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")), *ROOT.glob("README.md")]
RUNNABLE = re.compile(r"^```python\n(# runs.*?)^```$", re.MULTILINE | re.DOTALL)
CALL_TESTS = """
for name in [name for name in globals() if name.startswith("test_")]:
    globals()[name]()
"""


def run_python(code, folder=ROOT):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def explained(room):
    """Name and value of the public classes and functions of a room."""
    module = import_module(f"bnnopt.{room}")
    values = {name: getattr(module, name) for name in getattr(module, "__all__", [])}
    return {name: v for name, v in values.items() if inspect.isclass(v) or inspect.isfunction(v)}


def public_callables(room):
    """Public functions and classes, and the public methods that the classes define; errors are not called."""
    for name, value in explained(room).items():
        if inspect.isclass(value) and issubclass(value, Exception):
            continue
        yield name, value
        for part in vars(value) if inspect.isclass(value) else ():
            method = getattr(value, part)
            if not part.startswith("_") and inspect.isroutine(method) and callable(method):
                yield f"{name}.{part}", method


def accepted_names(thing):
    """Names of the arguments; of a pydantic model its fields, and not the `**` argument that holds them."""
    parameters = [p for p in inspect.signature(thing).parameters.values() if p.name != "self"]
    if not (inspect.isclass(thing) and issubclass(thing, BaseModel)):
        return {p.name for p in parameters}
    named = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
    return (named | set(thing.model_fields)) - {"type"}


def documented_names(docstring):
    """Names in the section "Parameters"; without one, the words in backticks."""
    lines = inspect.cleandoc(docstring).splitlines()
    if "Parameters" not in lines:
        return set(re.findall(r"`\**(\w+)`", docstring)), False
    section = "\n".join(lines[lines.index("Parameters") + 2 :])
    section = re.split(r"^\w[\w ]*\n-{3,}$", section, flags=re.MULTILINE)[0]
    heads = [line.split(" : ")[0] for line in section.splitlines() if re.match(r"[\w*]", line)]
    return {name.strip(" *") for head in heads for name in head.split(",")}, True


def test_the_rooms_are_there():
    assert {"acquisition", "metrics", "objectives", "plotting", "space", "surrogates"} <= set(ROOMS)


def test_the_contracts_between_rooms_hold():
    # in a process of its own: import-linter closes the output that pytest captures
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_only_the_room_of_dropout_networks_imports_tensorflow_keras_or_scikeras():
    knowing = set()
    for path in (ROOT / "bnnopt").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            if {name.split(".")[0] for name in names} & {"tensorflow", "keras", "scikeras"}:
                knowing.add(path.parent.relative_to(ROOT).as_posix())
    assert knowing == {"bnnopt/surrogates/_dropout"}


def test_importing_any_room_is_light():
    lines = ["import sys"]
    for module in ["bnnopt", *(f"bnnopt.{room}" for room in ROOMS)]:
        lines += [f"import {module}", f"assert not {HEAVY} & set(sys.modules), {module!r}"]
    result = run_python("\n".join(lines))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("room", ROOMS + BRIDGES)
def test_every_public_name_of_a_room_is_there_and_explained(room):
    assert import_module(f"bnnopt.{room}").__doc__
    assert [name for name, value in explained(room).items() if not value.__doc__] == []


def test_every_public_name_of_the_package_is_the_one_of_its_room():
    for name in set(bnnopt.__all__) - {"__version__"}:
        room = import_module(f"bnnopt.{bnnopt._ROOM_OF[name]}")
        assert name in room.__all__
        assert getattr(bnnopt, name) is getattr(room, name)


@pytest.mark.parametrize("room", ROOMS + BRIDGES)
def test_docstrings_name_every_parameter_and_no_other(room):
    wrong = {}
    for name, thing in public_callables(room):
        documented, is_section = documented_names(thing.__doc__ or "")
        accepted = accepted_names(thing)
        stray = documented - accepted if is_section else set()
        if accepted - documented or stray:
            wrong[name] = {"missing": accepted - documented, "unknown": stray}
    assert wrong == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page, tmp_path):
    """Run the Python blocks of a page that begin with `# runs`, one after the other in one process."""
    blocks = RUNNABLE.findall(page.read_text(encoding="utf-8"))
    if blocks:
        result = run_python("\n".join(blocks) + CALL_TESTS, folder=tmp_path)
        assert result.returncode == 0, result.stderr


def test_the_contributing_page_has_examples_that_run():
    assert len(RUNNABLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))) >= 3


def test_the_changelog_begins_with_what_is_not_released_and_then_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", text, re.MULTILINE)
    assert releases[0] == ("Unreleased", "")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert releases[1] == (bnnopt.__version__, str(citation["date-released"]))
    kinds = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
