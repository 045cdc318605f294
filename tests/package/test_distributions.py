"""What `python -m build` makes: content, metadata, an import from the wheel alone."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from email.parser import Parser
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import bnnopt

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULE_OF = {
    "jinja2": "jinja2",
    "plotly": "plotly",
    "matplotlib": "matplotlib",
    "optuna": "optuna",
    "dask": "dask.dataframe",
    "distributed": "distributed",
    "pooch": "pooch",
    "pyarrow": "pyarrow",
    "openpyxl": "openpyxl",
}
EXTRAS_OF_USERS = ("dask", "data", "optuna", "parquet", "plot", "report", "xlsx")


def run(*command, folder):
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both from a copy of the files that git knows or would know: nothing is left in the tree."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", folder=ROOT).splitlines()
    for name in listed:
        if (ROOT / name).is_file() and not name.startswith(("benchmarks/", "examples/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source), folder=source)
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """Python of an environment that has the wheel, and what it needs from the one of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    places = run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder)
    own = Path(places.strip())
    zipfile.ZipFile(built[0]).extractall(own)
    (own / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return str(python)


def test_the_wheel_holds_the_package_and_nothing_else(built):
    names = zipfile.ZipFile(built[0]).namelist()
    inside = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    known = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bnnopt").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == known
    assert "bnnopt/py.typed" in inside
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_source_distribution_has_tests_and_pages_but_no_data_of_others(built):
    with tarfile.open(built[1]) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert {"tests/conftest.py", "docs/method.md", "CHANGELOG.md", "CITATION.cff", "SECURITY.md"} <= names
    assert not [name for name in names if name.startswith("examples")]
    of_the_repository = ("tests/benchmarks/", "tests/docs/", "tests/package/", "tests/test_project_files.py")
    assert not [name for name in names if name.startswith(of_the_repository)]


def test_the_metadata_are_complete(built):
    wheel = zipfile.ZipFile(built[0])
    text = wheel.read(next(name for name in wheel.namelist() if name.endswith("/METADATA"))).decode()
    metadata = Parser().parsestr(text)
    assert metadata["Name"] == "bnnopt"
    assert metadata["Version"] == bnnopt.__version__
    assert metadata["Author"] == "The bnnopt developers"
    assert 20 < len(metadata["Summary"]) < 200
    assert "Bayesian optimization" in metadata["Keywords"].split(",")
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert {Requirement(line).name for line in PROJECT["dependencies"]} <= {
        Requirement(line).name for line in metadata.get_all("Requires-Dist")
    }
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# bnnopt")
    classifiers = metadata.get_all("Classifier")
    assert "Typing :: Typed" in classifiers
    assert not [each for each in classifiers if each.startswith("License ::")]  # the expression says it


def test_the_classifiers_name_the_versions_of_python_that_the_wheel_is_tested_with():
    named = {
        line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", line)
    }
    matrix = json.loads((ROOT / ".ci" / "matrix.json").read_text(encoding="utf-8"))
    assert named == {row["python"] for row in matrix["wheel"]["include"]}
    assert named <= set(matrix["tests"]["python"])


def test_the_package_is_imported_and_fits_from_the_wheel_alone(environment, tmp_path):
    code = """
import bnnopt, bnnopt.report, bnnopt.integrations, sys
assert bnnopt.__file__.startswith(sys.prefix), bnnopt.__file__
for name in bnnopt.__all__:
    getattr(bnnopt, name)
rows = [[number / 10] for number in range(11)]
model = bnnopt.GaussianProcessEnsembleRegressor(["squared_exponential"], random_state=0)
assert abs(model.fit(rows, [2 * row[0] for row in rows]).predict([[0.55]])[0] - 1.1) < 0.05
"""
    run(environment, "-P", "-c", code, folder=tmp_path)


@pytest.mark.parametrize("extra", EXTRAS_OF_USERS)
def test_an_extra_brings_what_is_imported(extra):
    for line in PROJECT["optional-dependencies"][extra]:
        run(sys.executable, "-c", f"import {MODULE_OF[Requirement(line).name]}", folder=ROOT)


def test_every_extra_but_those_of_developers_is_tested():
    of_developers = {"bench", "conformal", "docs", "test"}
    assert set(PROJECT["optional-dependencies"]) == {*EXTRAS_OF_USERS, *of_developers}


def test_the_page_of_licences_names_every_dependency():
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| ([\w.-]+) \|", page, re.MULTILINE))
    wanted = {Requirement(line).name for line in requires("bnnopt") or [] if "extra ==" not in line}
    assert wanted <= listed
