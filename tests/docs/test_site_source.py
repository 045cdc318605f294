"""The pages that the site is made of, before Sphinx reads them: links lead somewhere, names are explained."""

import importlib.util
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_of_the_site", DOCS / "build.py")
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.fixture(scope="module")
def source(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "source"
    build.write_source(folder)
    return folder


def anchors_of(build, page):
    text = build.FENCE.sub("", page.read_text(encoding="utf-8"))
    return {build.slug(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def test_every_link_inside_leads_to_a_page_and_a_heading(build, source):
    broken = []
    for page in source.rglob("*.md"):
        text = build.FENCE.sub("", page.read_text(encoding="utf-8"))
        for _, target in build.LINK.findall(text):
            path, _, anchor = target.partition("#")
            there = page if not path else (page.parent / path).resolve()
            if re.match(r"[a-z]+:", target):
                continue
            if not there.is_file() or (anchor and anchor not in anchors_of(build, there)):
                broken.append(f"{page.relative_to(source)}: {target}")
    assert broken == []


def test_every_picture_is_on_the_site_and_has_alternative_text(build, source):
    shown = [
        (text, (page.parent / target).resolve())
        for page in source.rglob("*.md")
        for text, target in build.IMAGE.findall(build.FENCE.sub("", page.read_text(encoding="utf-8")))
    ]
    assert shown
    assert [str(path) for text, path in shown if not path.is_file() or not text] == []


def test_every_link_between_pages_of_the_repository_leads_somewhere(build):
    pages = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("examples/*/README.md")]
    broken = []
    for page in pages:
        text = build.FENCE.sub("", page.read_text(encoding="utf-8"))
        for _, target in build.LINK.findall(text):
            path, _, anchor = target.partition("#")
            there = page if not path else (page.parent / path).resolve()
            if re.match(r"[a-z]+:", target):
                continue
            is_page = there.suffix == ".md"
            if not there.exists() or (anchor and is_page and anchor not in anchors_of(build, there)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_guide_is_cut_into_one_page_a_task_and_loses_nothing(build, source):
    guide = (DOCS / "user_guide.md").read_text(encoding="utf-8")
    pages = list((source / "guide").glob("*.md"))
    titles = re.findall(r"^## (.*)$", build.FENCE.sub("", guide), re.MULTILINE)
    assert len(pages) == len(titles) >= 20
    n_blocks = sum(page.read_text(encoding="utf-8").count("```python\n") for page in pages)
    assert n_blocks == guide.count("```python\n")
    assert not [page for page in source.rglob("*.md") if "\n# runs\n" in page.read_text(encoding="utf-8")]


def test_every_page_stands_in_a_section(build):
    listed = {page for section in build.SECTIONS.values() if section for page in section[2].split()}
    own = {path.stem for path in DOCS.glob("*.md")} | {Path(name).stem for name in build.BESIDE.values()}
    assert own - {"index"} <= listed


def test_a_name_without_a_docstring_is_found(build):
    class Room:
        """A room."""

        __all__ = ("Told", "untold")

        class Told:
            """Explained, but for a method."""

            def silent(self):
                pass

            def _own(self):
                pass

        def untold():
            pass

    assert build.undocumented(Room) == ["Told.silent", "untold"]


def test_every_public_name_is_explained_and_has_a_page(build):
    pages = dict(build.api_pages())  # ends the process where a name has no docstring
    for room in set(build.ROOMS) - build.HIDDEN_ROOMS:
        names = getattr(import_module(f"bnnopt.{room}"), "__all__", [])
        assert [name for name in names if name not in pages.get(f"api/bnnopt.{room}.rst", "")] == []
    assert "BnnSampler" in pages["api/bnnopt.integrations.optuna.rst"]


def test_a_table_has_the_text_below_it_and_its_names(build):
    page = dict(build.api_pages())["api/bnnopt.acquisition.rst"]
    assert "``Form``\n   How a probability of feasibility enters a score, see `with_feasibility`." in page
    assert "Names: ``positive``, ``log``, ``utility``." in page
    assert "``SITUATION``\n   What a function may ask to know" in page  # imported from another file


def test_a_name_without_a_docstring_ends_the_build(build, monkeypatch):
    monkeypatch.setattr(build, "undocumented", lambda module: ["untold"])
    with pytest.raises(SystemExit, match=r"without a docstring.*untold"):
        build.api_pages()


def test_the_scripts_of_the_gallery_are_known_to_python():
    for script in (DOCS / "gallery_scripts").glob("plot_*.py"):
        compile(script.read_text(encoding="utf-8"), script.name, "exec")
