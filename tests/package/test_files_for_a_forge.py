"""What a public forge reads: the citation, workflows, forms of issues, and the matrix that they share."""

import json
import re
from pathlib import Path

import pytest
import yaml

import bnnopt

ROOT = Path(__file__).parents[2]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(workflow):
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


def test_the_citation_has_what_version_1_2_of_its_form_asks_for():
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["message"]
    assert CITATION["title"] == "bnnopt"
    assert CITATION["type"] == "software"
    assert CITATION["authors"] == [{"name": "The bnnopt developers"}]
    assert CITATION["version"] == bnnopt.__version__
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'license = "{CITATION["license"]}"' in project
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(CITATION["date-released"]))


@pytest.mark.parametrize("reference", CITATION["references"], ids=lambda reference: reference["type"])
def test_a_reference_names_its_authors_and_can_be_found(reference):
    assert {"type", "title", "authors", "year", "doi"} <= set(reference)
    assert re.fullmatch(r"10\.\d{4,}/\S+", reference["doi"])
    for author in reference["authors"]:
        assert author["family-names"]
        assert author["given-names"]
        assert set(author) <= {"family-names", "given-names", "orcid"}
        assert is_orcid(author.get("orcid", "https://orcid.org/0000-0002-8656-5074"))


def is_orcid(address):
    """Whether the last character is what ISO 7064 (11,2) makes of those before."""
    digits = address.removeprefix("https://orcid.org/").replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    rest = (12 - total % 11) % 11
    return len(digits) == 16 and digits[-1] == ("X" if rest == 10 else str(rest))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_the_version_of_each_action_and_system(workflow):
    uses = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert uses
    assert [name for name in uses if not re.search(r"@v\d+(\.\d+)*$", name)] == []
    systems = [job["runs-on"] for job in read(workflow)["jobs"].values()]
    assert [name for name in systems if name.endswith("-latest")] == []
    assert read(workflow)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_runs_is_there(workflow):
    named = [
        name
        for step in steps(workflow)
        for name in re.findall(r"(?:\.ci|docs|bnnopt)/[\w/]+(?:\.\w+)?", step.get("run", ""))
    ]
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_a_row_of_the_matrix_says_what_the_script_takes():
    rows = json.loads((ROOT / ".ci" / "matrix.json").read_text(encoding="utf-8"))["wheel"]["include"]
    assert {tuple(row) for row in rows} == {("python", "versions", "networks")}
    assert {row["versions"] for row in rows} == {"oldest", "newest"}
    assert {row["networks"] for row in rows} == {"with", "without"}
    by_tag = next(step for step in steps(ROOT / ".github/workflows/release.yml") if "with" in step)
    assert set(by_tag["with"]["python-version"].split()) == {row["python"] for row in rows}


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_something(form):
    content = read(form)
    assert content["name"]
    assert content["description"]
    kinds = {part["type"] for part in content["body"]}
    assert kinds <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert [part for part in content["body"] if part["type"] != "markdown" and not part.get("id")] == []
