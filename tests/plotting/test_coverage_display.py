import matplotlib as mpl
import numpy as np
import pytest

from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting import CoverageDisplay

X, Y, OUTCOME = [1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0], [600.0, 1600.0, 1100.0, np.nan]
GUIDED = [False, True, False, False]


@pytest.fixture
def drawn(ax):
    names = {"x_label": "Pb volume", "x_unit": "mL", "y_label": "Temperature", "y_unit": "°C"}
    outcome = {"outcome_label": "Peak", "outcome_unit": "nm"}
    return CoverageDisplay(X, Y, OUTCOME, guided=GUIDED, **names, **outcome).plot(ax)


def test_each_kind_of_point_stands_where_its_numbers_say(drawn, ax):
    assert drawn.ax_ is ax
    assert drawn.figure_ is ax.figure
    assert drawn.historical_.get_offsets().tolist() == [[1, 10], [3, 30]]
    assert drawn.guided_.get_offsets().tolist() == [[2, 20]]
    assert drawn.failed_.get_offsets().tolist() == [[4, 40]]


def test_colours_span_the_outcomes_and_open_markers_are_empty(drawn):
    viridis = mpl.colormaps["viridis"]
    np.testing.assert_allclose(drawn.historical_.get_facecolors(), [viridis(0.0), viridis(0.5)], atol=0.01)
    np.testing.assert_allclose(drawn.guided_.get_edgecolors(), [viridis(1.0)])
    np.testing.assert_allclose(drawn.guided_.get_facecolors(), [[1, 1, 1, 1]])
    assert drawn.colorbar_.mappable.get_clim() == (600, 1600)


def test_labels_carry_the_units(drawn):
    assert drawn.ax_.get_xlabel() == "Pb volume (mL)"
    assert drawn.ax_.get_ylabel() == "Temperature (°C)"
    assert drawn.colorbar_.ax.get_ylabel() == "Peak (nm)"
    texts = [text.get_text() for text in drawn.ax_.get_legend().get_texts()]
    assert texts == ["historical", "model-guided", "failed"]


def test_a_failure_with_a_number_is_a_cross(ax):
    display = CoverageDisplay(X, Y, [1.0, 2.0, 3.0, 4.0], failed=[True, False, False, False]).plot(ax)
    assert display.failed_.get_offsets().tolist() == [[1, 10]]
    assert display.historical_.get_offsets()[:, 0].tolist() == [2, 3, 4]
    assert display.ax_.get_xlabel() == "x"


def test_inputs_are_copied():
    x = np.array(X)
    display = CoverageDisplay(x, Y, OUTCOME)
    x[0] = 99
    assert display.x[0] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [1.0, 2.0]}, "x of inputs 2, y of inputs 4"),
        ({"outcome": [1.0]}, "outcome 1"),
        ({"y": [[1.0], [2.0], [3.0], [4.0]]}, r"shape \(n,\), was expected; \(4, 1\) came"),
        ({"x": [1.0, np.nan, 3.0, 4.0]}, "x of inputs: value 1 is nan"),
        ({"guided": ["a", "b", "c", "d"]}, "guided: one True or False per point"),
        ({"guided": [True]}, r"shape \(4,\), was expected"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    with pytest.raises(InvalidDataError, match=message):
        CoverageDisplay(**{"x": X, "y": Y, "outcome": OUTCOME, **change})
