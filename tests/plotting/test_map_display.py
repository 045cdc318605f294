import numpy as np
import pandas as pd
import pytest

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.plotting import MapDisplay


def test_the_cells_are_the_values(ax):
    values = [[1.0, 2.0, 3.0], [4.0, np.nan, 6.0]]
    display = MapDisplay([0, 1, 2, 3], [0, 10, 20], values, value_label="Polydispersity").plot(ax)
    cells = display.mesh_.get_array()
    assert display.ax_ is ax
    assert cells.mask.tolist() == [[False] * 3, [False, True, False]]
    assert cells.compressed().tolist() == [1, 2, 3, 4, 6]
    assert display.colorbar_.ax.get_ylabel() == "Polydispersity"
    assert display.contour_ is None


@pytest.mark.parametrize(
    ("statistic", "corner"), [("mean", 2.0), ("min", 1.0), ("max", 3.0), ("median", 2.0)]
)
def test_points_are_binned_by_the_statistic(statistic, corner):
    x, y, values = [0.0, 0.1, 1.0], [0.0, 0.1, 1.0], [1.0, 3.0, 7.0]
    display = MapDisplay.from_points(x, y, values, n_bins=2, statistic=statistic)
    np.testing.assert_array_equal(display.values, [[corner, np.nan], [np.nan, 7.0]])
    np.testing.assert_allclose(display.x_edges, [0, 0.5, 1])


def test_the_first_input_runs_along_the_horizontal_axis():
    display = MapDisplay.from_points([0.0, 1.0, 1.0], [0.0, 0.0, 5.0], [1.0, 2.0, 3.0], n_bins=2)
    np.testing.assert_array_equal(display.values, [[1.0, 2.0], [np.nan, 3.0]])


def test_contour_values_are_binned_into_the_same_cells():
    x, y = [0.0, 0.1, 1.0], [0.0, 0.1, 1.0]
    display = MapDisplay.from_points(x, y, [1.0, 1.0, 1.0], contour_values=[2.0, 4.0, 9.0], n_bins=2)
    np.testing.assert_array_equal(display.contour, [[3.0, np.nan], [np.nan, 9.0]])


def test_an_estimator_is_asked_at_the_centres_of_the_cells(plane):
    row = pd.Series({"a": 0.0, "b": 0.0, "c": 7.0})
    display = MapDisplay.from_estimator(plane, row, ("a", "b"), ((0, 2), (0, 4)), n_points=2, contour="std")
    np.testing.assert_allclose(display.values, [[10 * 0.5 + 1, 10 * 1.5 + 1], [10 * 0.5 + 3, 10 * 1.5 + 3]])
    np.testing.assert_allclose(display.contour, np.full((2, 2), 2.0))
    assert (display.x_label, display.y_label) == ("a", "b")
    assert plane.seen[0]["c"].tolist() == [7.0] * 4


def test_the_contour_can_be_another_output(plane):
    ranges = (0, 2), (0, 4)
    display = MapDisplay.from_estimator(plane, [0.0, 0.0], (0, 1), ranges, n_points=2, output=1, contour=0)
    np.testing.assert_allclose(display.values, [[-0.5, 0.5], [-2.5, -1.5]])
    np.testing.assert_allclose(display.contour, [[6, 16], [8, 18]])
    assert isinstance(plane.seen[0], np.ndarray)


def test_an_estimator_with_one_output_serves_as_well(line):
    names = {"feature_names": ["a", "b"], "n_points": 2}
    display = MapDisplay.from_estimator(line, [0.0, 0.0], ("a", "b"), ((0, 2), (0, 4)), **names)
    np.testing.assert_allclose(display.values, [[6, 16], [8, 18]])


def test_data_and_contour_are_on_top_with_their_names(ax):
    x, y = np.meshgrid(np.arange(5) + 0.5, np.arange(5) + 0.5)
    names = {"contour_label": "Peak", "contour_unit": "nm", "x_label": "Volume", "x_unit": "mL"}
    measured = {"measured": ([1.0, 2.0], [3.0, 4.0]), "guided": [True, False]}
    display = MapDisplay(np.arange(6), np.arange(6), x, contour=100 * y, **measured, **names).plot(ax)
    assert display.historical_.get_offsets().tolist() == [[2, 4]]
    assert display.guided_.get_offsets().tolist() == [[1, 3]]
    assert display.guided_.get_zorder() > display.mesh_.get_zorder()
    for level, path in zip(display.contour_.levels, display.contour_.get_paths(), strict=True):
        np.testing.assert_allclose(path.vertices[:, 1], level / 100)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["historical", "model-guided", "Peak (nm)"]
    assert ax.get_xlabel() == "Volume (mL)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1, 2], [0, 1], [[1.0]]), r"\(n_y, n_x\) = \(1, 2\), was expected; \(1, 1\) came"),
        (([0, 2, 1], [0, 1], [[1.0, 2.0]]), "x_edges: at least two increasing"),
        (([0, 1], [0], [[1.0]]), "y_edges: at least two increasing"),
    ],
)
def test_cells_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(InvalidDataError, match=message):
        MapDisplay(*arguments)


def test_an_unknown_statistic_is_refused_with_the_known_ones():
    with pytest.raises(UnknownNameError, match="Known: max, mean, median, min"):
        MapDisplay.from_points([0.0], [0.0], [0.0], statistic="mode")


def test_an_unknown_feature_is_refused_with_the_known_ones(plane):
    with pytest.raises(UnknownNameError, match=r"'z'. Known: \['a', 'b'\]"):
        MapDisplay.from_estimator(plane, pd.Series({"a": 0.0, "b": 0.0}), ("a", "z"), ((0, 1), (0, 1)))


def test_an_output_that_is_not_there_is_refused(line):
    with pytest.raises(InvalidDataError, match="output: a number from 0 to 0 was expected; 1 came"):
        MapDisplay.from_estimator(line, [0.0, 0.0], (0, 1), ((0, 1), (0, 1)), output=1)
