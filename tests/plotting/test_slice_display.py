import numpy as np
import pandas as pd
import pytest

from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting import SliceDisplay


def test_the_line_is_drawn_in_order_with_its_band(ax):
    display = SliceDisplay([2.0, 0.0, 1.0], [5.0, 1.0, 3.0], [1.0, 0.5, 0.0], y_unit="nm").plot(ax)
    assert display.ax_ is ax
    assert display.line_.get_xydata().tolist() == [[0, 1], [1, 3], [2, 5]]
    corners = display.band_.get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(1 - 0.5 * 1.959964)
    assert corners[:, 1].max() == pytest.approx(5 + 1.959964)
    assert ax.get_ylabel() == "y (nm)"


def test_without_std_there_is_no_band(ax):
    display = SliceDisplay([0.0, 1.0], [1.0, 2.0]).plot(ax)
    assert display.band_ is None
    assert display.cloud_ is None


def test_measured_points_are_on_top_and_nan_does_not_disturb(ax):
    measured = [0.5, 0.7, 0.9], [10.0, np.nan, 30.0]
    display = SliceDisplay([0.0, 1.0], [1.0, 2.0], measured=measured, guided=[False, False, True]).plot(ax)
    drawn = np.ma.filled(display.historical_.get_offsets().astype(float), np.nan)
    np.testing.assert_array_equal(drawn[0], [0.5, 10.0])
    assert display.guided_.get_offsets().tolist() == [[0.9, 30]]
    assert display.guided_.get_zorder() > display.line_.get_zorder()


def test_a_cloud_alone_counts_its_points(ax):
    rng = np.random.default_rng(0)
    display = SliceDisplay(cloud=(rng.random(500), rng.random(500))).plot(ax, n_bins=10)
    assert display.line_ is None
    assert display.cloud_.get_array().sum() == 500
    assert display.figure_.axes[-1].get_ylabel() == "predicted points per cell"


def test_an_estimator_is_asked_along_one_feature(plane):
    row = pd.DataFrame({"a": [3.0], "b": [5.0]})
    display = SliceDisplay.from_estimator(plane, row, "a", (0, 2), n_points=3, x_unit="mL")
    assert display.x.tolist() == [0, 1, 2]
    assert display.mean.tolist() == [5, 15, 25]
    assert display.std.tolist() == [2, 2, 2]
    assert (display.x_label, display.x_unit) == ("a", "mL")
    assert row["a"].tolist() == [3.0]


def test_the_axis_can_show_a_derived_ratio(plane):
    row = pd.Series({"a": 3.0, "b": 5.0})
    display = SliceDisplay.from_estimator(
        plane, row, "b", (1, 3), n_points=3, output=1, x_of=lambda rows: rows["a"] / rows["b"], x_label="a:b"
    )
    np.testing.assert_allclose(display.x, [1, 1.5, 3])
    np.testing.assert_allclose(display.mean, [0, 1, 2])
    assert display.x_label == "a:b"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs x with mean, a cloud, or both"),
        ({"x": [0.0]}, "needs x with mean"),
        ({"x": [0.0, 1.0], "mean": [0.0]}, "x 2, mean 1"),
        ({"x": [0.0], "mean": [0.0], "std": [0.0, 1.0]}, "std 2"),
        ({"x": [0.0], "mean": [0.0], "std": [-1.0]}, "std: standard deviations of at least 0"),
        ({"cloud": ([0.0], [0.0, 1.0])}, "x of cloud 1, y of cloud 2"),
        ({"cloud": ([0.0], [0.0], [0.0])}, r"a pair \(x, y\) of arrays was expected; 3 came"),
        ({"cloud": ([0.0], [0.0]), "measured": ([0.0], [np.inf])}, "y of measured: value 0 is inf"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(options, message):
    with pytest.raises(InvalidDataError, match=message):
        SliceDisplay(**options)


@pytest.mark.parametrize(
    ("row", "limits", "n_points", "message"),
    [
        ([0.0, 0.0], (2, 1), 5, "lower < upper"),
        ([0.0, 0.0], (0, 1), 1, "n_points must be a whole number of at least 2, got 1"),
        (pd.DataFrame({0: [1.0, 2.0], 1: [1.0, 2.0]}), (0, 1), 5, "a table of 2 rows came"),
    ],
)
def test_a_sweep_that_cannot_be_made_is_refused(plane, row, limits, n_points, message):
    with pytest.raises(InvalidDataError, match=message):
        SliceDisplay.from_estimator(plane, row, 0, limits, n_points=n_points)


def test_names_that_do_not_fit_the_row_are_refused(plane):
    with pytest.raises(InvalidDataError, match="1 values, one per feature name, were expected; 2 came"):
        SliceDisplay.from_estimator(plane, [0.0, 0.0], "a", (0, 1), feature_names=["a"])
