"""Build the site: `python docs/build.py` writes docs/_build/html; it ends with an error at the first warning.

The pages are those of the repository, so that each fact has one place. They are copied to docs/_build/source:
the user guide is cut into one page a task, pages beside docs/ come along, links between them are rewritten,
and the API pages are made from what each room lists in `__all__`. A public name without a docstring ends the
build.

`--fast` leaves the gallery unexecuted.
"""

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from posixpath import normpath, relpath
from typing import Any, get_args

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))  # the site is that of this copy, whatever is installed

import bnnopt  # noqa: E402

BUILD = DOCS / "_build"
SOURCE = BUILD / "source"

BESIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "examples/cqd_pbs/README.md": "example_pbs.md",
    "README.md": "index.md",
}
"""Pages outside docs/, and what they are called on the site; the README's part is that of index.md."""

SECTIONS = {
    "start": (
        "Start",
        "Five minutes, for a laboratory and for a scikit-learn user.",
        "start_lab start_python moving",
    ),
    "guide": (
        "Guide",
        "How to do what, one page a task.",
        "questions user_guide surrogates acquisition model_selection intervals keras_models "
        "hyperparameter_search optuna cluster",
    ),
    "gallery/index": None,
    "about": ("Concepts", "What stands behind it.", "concepts method glossary bibliography"),
    "api/index": None,
    "measured": (
        "Benchmarks",
        "How well, how fast, and what was tried.",
        "benchmarks experiments example_pbs",
    ),
    "project": ("Project", "How it is made.", "contributing architecture changelog security licences"),
}
"""What stands in the bar at the top: title, a sentence and pages, or a page that has its own list."""
OPTIONAL = {"hyperparameter_search", "optuna"}  # pages that come with parts of the package
GUIDE = "docs/user_guide.md"
FIRST_OF_THE_GUIDE = "user_guide.md"
LINK = re.compile(r"(?<!!)\[([^\]\[]*)\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```.*?^```[ \t]*$)", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"[\w/]+\.md")
RUNS = re.compile(r"^(```python\n)# runs\n", re.MULTILINE)
ROOMS = sorted(module.name for module in iter_modules(bnnopt.__path__) if not module.name.startswith("_"))
HIDDEN_ROOMS = {"cli"}  # commands, which the guide explains


def main() -> None:
    """Write the source of the site and build it."""
    is_fast = "--fast" in sys.argv[1:]
    shutil.rmtree(BUILD, ignore_errors=True)  # whole: Sphinx makes no pages of names that came since
    write_source(SOURCE)
    options = ["-W", "--keep-going", "-j", "1", "-D", f"plot_gallery={int(not is_fast)}"]
    command = [sys.executable, "-m", "sphinx", *options, str(SOURCE), str(BUILD / "html")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def write_source(folder: Path) -> None:
    """Write all that Sphinx reads into a folder that does not exist yet."""
    ignored = shutil.ignore_patterns("_build", "__pycache__", "*.pyc")
    shutil.copytree(DOCS, folder, ignore=ignored)
    pages = {path.relative_to(ROOT).as_posix(): path.name for path in DOCS.glob("*.md")} | BESIDE
    places = Places(pages, (ROOT / GUIDE).read_text(encoding="utf-8"))
    for page, name in pages.items():
        if page not in ("README.md", GUIDE):
            text = (ROOT / page).read_text(encoding="utf-8")
            (folder / name).write_text(places.rewritten(text, page, name), encoding="utf-8")
    write_sections(folder)
    for name, text in places.guide_pages():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(places.rewritten(text, GUIDE, name), encoding="utf-8")
    for name, text in api_pages():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def write_sections(folder: Path) -> None:
    """Write the pages of the bar at the top, and their list into the first page."""
    for name, section in SECTIONS.items():
        if section is not None:
            title, sentence, pages = section
            there = [page for page in pages.split() if page not in OPTIONAL or (DOCS / f"{page}.md").exists()]
            text = f"# {title}\n\n{sentence}\n\n{_toctree(there, 'maxdepth: 2')}"
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
    with (folder / "index.md").open("a", encoding="utf-8") as index:
        index.write("\n" + _toctree(SECTIONS, "hidden:"))


def _toctree(pages: Iterable[str], option: str) -> str:
    return "```{toctree}\n:" + option + "\n\n" + "\n".join(pages) + "\n```\n"


class Places:
    """Where the pages of the repository stand on the site."""

    def __init__(self, pages: dict[str, str], guide: str) -> None:
        self._pages = pages
        self._titles = {page: _title(ROOT / page) for page in pages}
        head, *parts = re.split(r"^(?=## )", guide, flags=re.MULTILINE)
        self._head = head
        self._parts = {f"guide/{slug(part[3 : part.index(chr(10))])}.md": part for part in parts}
        self._of_anchor = {
            slug(title): name
            for name, part in self._parts.items()
            for title in re.findall(r"^##+ (.*)$", FENCE.sub("", part), re.MULTILINE)
        }

    def guide_pages(self) -> list[tuple[str, str]]:
        """Return the pages of the guide: what was one page, cut at its headings. Its head lists them."""
        pages = [(name, re.sub(r"^##", "#", part, flags=re.MULTILINE)) for name, part in self._parts.items()]
        names = [name.removesuffix(".md") for name in self._parts]
        text = self._head + _toctree(names, "hidden:")
        return [(FIRST_OF_THE_GUIDE, text), *pages]

    def rewritten(self, text: str, page: str, name: str) -> str:
        """Return a page with links as they are on the site, and blocks without the mark of those that run."""
        parts = FENCE.split(RUNS.sub(r"\1", text))
        for place, part in enumerate(parts[::2]):
            linked = LINK.sub(lambda found: self._link(found, page, name), part)
            parts[2 * place] = IMAGE.sub(lambda found: _image(found, page, name), linked)
        return "".join(parts)

    def _link(self, found: re.Match[str], page: str, name: str) -> str:
        label, target = found.groups()
        if re.match(r"[a-z]+:", target):
            return found.group()
        path, _, anchor = target.partition("#")
        whole = normpath(f"{page}/../{path}") if path else page
        label = self._titles.get(whole, label) if FILE_NAME.fullmatch(label) else label
        if whole == GUIDE:
            there = self._of_anchor[anchor] if anchor else FIRST_OF_THE_GUIDE
            is_head = there == f"guide/{anchor}.md"
            return f"[{label}]({_to(there, name)}{'' if is_head or not anchor else '#' + anchor})"
        if whole not in self._pages:
            return label if "`" in label else f"`{label}`"  # a file of the repository
        there = self._pages[whole]
        return f"[{label}]({'' if there == name else _to(there, name)}{'#' + anchor if anchor else ''})"


def _image(found: re.Match[str], page: str, name: str) -> str:
    """Return a picture of `docs` by its place on the site, where `docs` is the root; others as they are."""
    text, target = found.groups()
    whole = normpath(f"{page}/../{target}")
    inside = whole.removeprefix("docs/")
    return found.group() if inside == whole else f"![{text}]({_to(inside, name)})"


def _title(page: Path) -> str:
    return next(line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("# "))[2:]


def slug(title: str) -> str:
    """Return the anchor of a heading, as the forge makes it."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def _to(there: str, name: str) -> str:
    return relpath(there, str(Path(name).parent.as_posix()))


def api_pages() -> list[tuple[str, str]]:
    """Return a page for each room with the names that it lists, and the list of rooms."""
    modules = {
        f"bnnopt.{room}": import_module(f"bnnopt.{room}") for room in ROOMS if room not in HIDDEN_ROOMS
    }
    for module in [module for module in modules.values() if not hasattr(module, "__all__")]:
        for each in iter_modules(module.__path__):
            if not each.name.startswith("_"):
                name = f"{module.__name__}.{each.name}"
                modules[name] = import_module(name)
        modules.pop(module.__name__)
    missing = [f"{name}.{part}" for name, module in modules.items() for part in undocumented(module)]
    if missing:
        sys.exit(f"Public names without a docstring: {missing}. Explain them.")
    pages = [(f"api/{name}.rst", _api_page(name, module)) for name, module in sorted(modules.items())]
    return [("api/index.rst", _api_index(modules)), *pages]


def _api_index(modules: dict[str, Any]) -> str:
    """Return the list of rooms, each with the first sentence of what it says of itself."""
    head = _heading("API reference")
    head += "Every public name, by its room. ``from bnnopt import ...`` finds the usual ones.\n\n"
    for name in sorted(modules):
        head += f":doc:`{name}`\n   {inspect.getdoc(modules[name]).splitlines()[0]}\n\n"
    listed = "\n".join(f"   {name}" for name in sorted(modules))
    return f"{head}.. toctree::\n   :hidden:\n\n{listed}\n"


def undocumented(module: Any) -> list[str]:
    """Return the public names of a module, and public methods of its classes, that have no docstring."""
    missing = [] if module.__doc__ else ["(the module)"]
    for name in module.__all__:
        value = getattr(module, name)
        if not (inspect.isclass(value) or inspect.isroutine(value)):
            missing += [] if said_of_value(module, name) else [name]
            continue
        missing += [] if value.__doc__ else [name]
        for part, method in vars(value).items() if inspect.isclass(value) else ():
            if (
                not part.startswith("_")
                and inspect.isroutine(method)
                and not inspect.getdoc(getattr(value, part))
            ):
                missing.append(f"{name}.{part}")
    return missing


def said_of_value(module: Any, name: str) -> str:
    """Return the text below the assignment of a name, in the module that has it first."""
    body = ast.parse(inspect.getsource(module)).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ImportFrom) and name in [each.asname or each.name for each in node.names]:
            return said_of_value(import_module(str(node.module)), name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        is_said = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if name in [getattr(target, "id", None) for target in targets] and is_said:
            return inspect.cleandoc(str(following.value.value))
    return ""


def _shown_value(module: Any, name: str) -> str:
    """Return what a page says of a table or type: its text, and the names in it."""
    value = getattr(module, name)
    names = list(value) if isinstance(value, dict | tuple | list) else list(get_args(value))
    names = [each for each in names if isinstance(each, str)]
    listed = f"\n   Names: {', '.join(f'``{each}``' for each in names)}.\n" if names else ""
    return f"``{name}``\n   {said_of_value(module, name)}\n{listed}\n"


def _api_page(name: str, module: Any) -> str:
    kinds: dict[str, list[str]] = {"Classes": [], "Functions": [], "Tables and types": []}
    for part in sorted(module.__all__):
        value = getattr(module, part)
        kind = (
            "Classes"
            if inspect.isclass(value)
            else "Functions"
            if inspect.isroutine(value)
            else "Tables and types"
        )
        kinds[kind].append(part)
    text = _heading(name) + f"{(module.__doc__ or '').strip()}\n\n.. currentmodule:: {name}\n"
    for kind in ("Classes", "Functions"):
        if kinds[kind]:
            listed = "\n".join(f"   {part}" for part in kinds[kind])
            options = "   :toctree: generated\n   :nosignatures:\n"
            text += f"\n.. rubric:: {kind}\n\n.. autosummary::\n{options}\n{listed}\n"
    if kinds["Tables and types"]:
        listed = "".join(_shown_value(module, part) for part in kinds["Tables and types"])
        text += f"\n.. rubric:: Tables and types\n\n{listed}\n"
    return text


def _heading(title: str) -> str:
    return f"{title}\n{'=' * len(title)}\n\n"


if __name__ == "__main__":
    main()
