"""Works that pages and docstrings name: each is listed, and each that is listed is named somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.glob("*.md") if page.name != "bibliography.md")
LISTS = [DOCS / f"{name}.md" for name in ("bibliography", "acquisition", "intervals")]
NAMED = re.compile(
    r"([A-Z][a-zé']+)(?: et al\.|,? and [A-Z][\w']+|, [A-Z][\w']+ and [A-Z][\w']+),? \(?((?:19|20)\d\d)\b"
    r"|\(([A-Z][a-zé]+) ((?:19|20)\d\d)[);,]"
)
NO_NAMES = {"Nature"}


def entries(page):
    """Works of a list, each on one line."""
    text = page.read_text(encoding="utf-8")
    parts = re.split(r"^(?:- |\d+\. |[A-Z]\w+: )", text, flags=re.MULTILINE)[1:]
    return [" ".join(part.split()) for part in parts if '"' in part]


def surname(entry):
    """The first author's name, without initials."""
    return re.sub(r"^(?:[A-Z]\.[- ]?)+ ?", "", entry).split(",")[0]


WORKS = entries(DOCS / "bibliography.md")


@pytest.mark.parametrize("work", WORKS, ids=surname)
def test_an_entry_has_authors_title_venue_and_year(work):
    assert "et al." not in work
    assert re.fullmatch(r"(?:[A-Z]\.(?:[- ]?[A-Z]\.)* [^\",]+, )+\"[^\"]+\", .*\b(?:19|20)\d\d\b.*\.", work)
    for shown, target in re.findall(r"\[DOI (\S+)\]\(https://doi\.org/(\S+)\)", work):
        assert shown.startswith("10.")
        assert target.startswith(shown[:8])


def test_every_work_is_named_by_a_page_or_a_docstring():
    texts = [path.read_text(encoding="utf-8") for path in [*PAGES, *(ROOT / "bnnopt").rglob("*.py")]]
    text = " ".join(" ".join(texts).split())
    for work in WORKS:
        years = "|".join(re.findall(r"\b(?:19|20)\d\d\b", work))
        assert re.search(rf"\b{surname(work)}\b.{{0,300}}?\b(?:{years})\b", text), work


def test_every_work_that_a_page_names_is_in_a_list():
    known = [work for page in LISTS for work in entries(page)]
    missing = set()
    for page in PAGES:
        text = " ".join(page.read_text(encoding="utf-8").split())
        for first, year, single, its_year in NAMED.findall(text):
            name, year = first or single, year or its_year
            if name not in NO_NAMES and not any(surname(work) == name and year in work for work in known):
                missing.add(f"{page.name}: {name} {year}")
    assert missing == set()
