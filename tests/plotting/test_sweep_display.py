import numpy as np
import pandas as pd
import pytest

from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting import SweepDisplay

SWEEPS = {"a": [[0.0, 0.0], [1.0, 2.0], [2.0, 5.0]], "b": [[1.0, 1.0], [1.0, 1.0]]}


@pytest.fixture
def drawn(ax):
    return SweepDisplay(SWEEPS, [1.0, 2.0], x_label="Peak", x_unit="nm").plot(ax, n_markers=2)


def test_the_lines_are_the_sweeps(drawn, ax):
    assert drawn.ax_ is ax
    assert {name: line.get_xydata().tolist() for name, line in drawn.lines_.items()} == SWEEPS
    assert ax.get_xlabel() == "Peak (nm)"


def test_markers_grow_and_an_arrow_ends_the_sweep(drawn):
    assert drawn.markers_["a"].get_offsets().tolist() == [[0, 0], [1, 2]]
    assert np.all(np.diff(drawn.markers_["a"].get_sizes()) > 0)
    assert list(drawn.arrows_["a"].xy) == [2, 5]
    assert list(drawn.arrows_["a"].xyann) == [1, 2]


def test_an_input_without_effect_has_no_arrow(drawn):
    assert set(drawn.arrows_) == {"a"}


def test_sweeps_differ_in_colour_and_in_marker(drawn):
    first, second = drawn.markers_.values()
    assert first.get_facecolors()[0].tolist() != second.get_facecolors()[0].tolist()
    assert first.get_paths()[0].vertices.shape != second.get_paths()[0].vertices.shape


def test_the_start_is_marked(drawn, ax):
    assert drawn.start_.get_offsets().tolist() == [[1, 2]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "start"]


def test_an_estimator_is_swept_from_one_recipe(plane, ax):
    row = pd.Series({"a": 1.0, "b": 2.0})
    ranges, units = {"a": (0, 2), "b": (0, 1)}, {"a": "mL"}
    display = SweepDisplay.from_estimator(plane, row, ranges, units=units, n_points=3)
    assert list(display.sweeps) == ["a (0 to 2 mL)", "b (0 to 1)"]
    assert display.sweeps["a (0 to 2 mL)"].tolist() == [[2, -2], [12, -1], [22, 0]]
    assert display.sweeps["b (0 to 1)"].tolist() == [[10, 1], [10.5, 0.5], [11, 0]]
    assert display.start.tolist() == [12, -1]
    assert display.plot(ax).start_.get_offsets().tolist() == [[12, -1]]


def test_the_outputs_can_be_exchanged(plane):
    display = SweepDisplay.from_estimator(plane, [1.0, 2.0], {0: (0, 2)}, outputs=(1, 0), n_points=2)
    assert display.sweeps["0 (0 to 2)"].tolist() == [[-2, 2], [0, 22]]


def test_an_estimator_with_one_output_is_refused(line):
    with pytest.raises(InvalidDataError, match="output: a number from 0 to 0 was expected; 1 came"):
        SweepDisplay.from_estimator(line, [1.0, 2.0], {0: (0, 2)})


@pytest.mark.parametrize(
    ("sweeps", "start", "message"),
    [
        ({}, None, "at least one was expected"),
        ({"a": [[0.0, 1.0]]}, None, r"sweep 'a': .* shape \(m, 2\), were expected; \(1, 2\) came"),
        ({"a": [[0.0], [1.0]]}, None, r"\(2, 1\) came"),
        ({"a": [[0.0, np.nan], [1.0, 1.0]]}, None, "two finite outputs"),
        (SWEEPS, [1.0], r"start: two finite outputs, shape \(2,\)"),
    ],
)
def test_sweeps_that_do_not_fit_are_refused(sweeps, start, message):
    with pytest.raises(InvalidDataError, match=message):
        SweepDisplay(sweeps, start)
