"""Acquisition functions that an installed package brings along."""

import numpy as np
import pytest

from bnnopt.acquisition import get_acquisition
from bnnopt.exceptions import InvalidDataError, ShadowedNameWarning, UnknownNameError

MODULE = """
import numpy as np
from bnnopt.acquisition import Acquisition

def lowest(draws, *, level=0.0):
    return draws.min(axis=0) - level

def spread(mean, std):
    return 2 * std

ready = Acquisition("ready", spread, form="positive")
number = 3
"""
ENTRY_POINTS = """[bnnopt.acquisitions]
outside_lowest = bnnopt_outside:lowest
outside_ready = bnnopt_outside:ready
outside_number = bnnopt_outside:number
outside_absent = bnnopt_outside:absent
outside_missing = bnnopt_nowhere:lowest
std = bnnopt_outside:ready
"""
MEAN, STD = np.zeros(2), np.array([1.0, 2.0])


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    (tmp_path / "bnnopt_outside.py").write_text(MODULE)
    folder = tmp_path / "bnnopt_outside-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: bnnopt-outside\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)


def test_a_function_is_known_by_the_name_of_its_entry_point():
    acquisition = get_acquisition("outside_lowest", level=1.0)
    assert (acquisition.name, acquisition.needs, acquisition.form) == ("outside_lowest", "draws", "utility")
    assert acquisition.score([[3.0, 5.0], [4.0, 2.0]]).tolist() == [2.0, 1.0]


def test_an_acquisition_keeps_its_form():
    acquisition = get_acquisition("outside_ready")
    assert (acquisition.name, acquisition.form) == ("outside_ready", "positive")
    assert acquisition.score(MEAN, STD).tolist() == [2.0, 4.0]


def test_built_in_names_go_first_and_it_is_said():
    with pytest.warns(ShadowedNameWarning, match=r"'std' \(bnnopt_outside:ready\).*bnnopt's is used"):
        assert get_acquisition("std").score(MEAN, STD).tolist() == [1.0, 2.0]


def test_two_packages_with_one_name_are_told(tmp_path):
    folder = tmp_path / "other-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[bnnopt.acquisitions]\noutside_ready = other:ready\n")
    with pytest.raises(InvalidDataError, match="Two packages bring an acquisition 'outside_ready'"):
        get_acquisition("outside_ready")


def test_a_module_that_ends_the_process_is_named(tmp_path):
    (tmp_path / "bnnopt_leaving.py").write_text("raise SystemExit(3)")
    with pytest.raises(InvalidDataError, match=r"'bnnopt_leaving:f' cannot be imported \(SystemExit: 3\)"):
        get_acquisition("bnnopt_leaving:f")


def test_broken_entry_points_are_named():
    with pytest.raises(
        InvalidDataError, match=r"'outside_absent' cannot be loaded .*'bnnopt_outside:absent'"
    ):
        get_acquisition("outside_absent")
    with pytest.raises(InvalidDataError, match=r"'outside_missing' cannot be loaded .*ModuleNotFoundError"):
        get_acquisition("outside_missing")
    with pytest.raises(InvalidDataError, match=r"'outside_number' must be a function .* names 3"):
        get_acquisition("outside_number")


def test_unknown_names_list_those_of_packages_too():
    with pytest.raises(UnknownNameError, match=r"outside_lowest.*Did you mean 'outside_ready'"):
        get_acquisition("outside_redy")


def test_a_function_of_a_module_is_known_by_its_path():
    acquisition = get_acquisition("bnnopt_outside:lowest", level=1.0)
    assert (acquisition.name, acquisition.needs) == ("bnnopt_outside:lowest", "draws")
    assert get_acquisition("bnnopt_outside:ready").form == "positive"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("bnnopt_outside:absent", "'bnnopt_outside:absent' cannot be imported"),
        ("bnnopt_nowhere:lowest", "'bnnopt_nowhere:lowest' cannot be imported"),
        ("bnnopt_outside:number", "must be a function or an Acquisition, but it names 3"),
    ],
)
def test_a_path_that_leads_to_no_function_is_named(path, message):
    with pytest.raises(InvalidDataError, match=message):
        get_acquisition(path)
