from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.objectives import Chebyshev, Maximize, Minimize, OutcomeConstraint, Target, WeightedSum
from bnnopt.plotting import ParetoDisplay

X, Y = [1.0, 2.0, 3.0, 2.0, np.nan], [5.0, 3.0, 4.0, 6.0, 1.0]
DATA = pd.DataFrame({"width": X, "yield": Y, "peak": [950.0, 960.0, 940.0, 950.0, 950.0]})


@pytest.fixture
def drawn(ax):
    """Small x and large y are wanted; (1, 5) and (2, 6) are in the front, one experiment failed."""
    return ParetoDisplay(
        X,
        Y,
        directions=("minimize", "maximize"),
        reference=(4.0, 2.0),
        guided=[False, False, False, True, True],
        candidates=([0.5], [5.5]),
        candidates_std=([0.1], [0.2]),
        x_label="width",
        x_unit="nm",
        y_label="yield",
    ).plot(ax)


def told(*objectives):
    return SimpleNamespace(objectives=objectives, data=DATA)


def test_the_front_is_what_none_dominates(drawn):
    assert drawn.is_front_.tolist() == [True, False, False, True, False]
    assert drawn.front_.tolist() == [[1, 5], [2, 6]]
    assert ParetoDisplay([1, 1, 0], [2, 2, 1]).front_.tolist() == [[1, 2]]


def test_steps_run_from_the_reference_around_the_front(drawn, ax):
    assert drawn.ax_ is ax
    assert drawn.steps_.get_xydata().tolist() == [[4, 6], [2, 6], [2, 5], [1, 5], [1, 2]]
    assert drawn.shade_.get_xy()[5].tolist() == [4, 2]
    assert drawn.reference_.get_offsets().tolist() == [[4, 2]]


def test_the_shade_has_the_area_of_the_hypervolume(drawn):
    x, y = drawn.shade_.get_xy().T
    area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    assert area == pytest.approx((4 - 2) * (6 - 2) + (2 - 1) * (5 - 2), rel=1e-14)


def test_points_outside_the_reference_add_no_step(ax):
    display = ParetoDisplay([1.0, 3.0, 9.0], [3.0, 2.0, -1.0], reference=(2.0, 0.0)).plot(ax)
    assert display.steps_.get_xydata().tolist() == [[2, 3], [2, 3], [2, 2], [3, 2], [3, 0], [9, 0], [9, 0]]


def test_without_a_reference_the_steps_end_at_the_axes(ax):
    display = ParetoDisplay([1.0, 2.0], [2.0, 1.0]).plot(ax)
    assert (display.shade_, display.reference_, display.candidates_) == (None, None, None)
    assert display.steps_.get_xydata()[[0, -1]].tolist() == [[ax.get_xlim()[0], 2], [2, ax.get_ylim()[0]]]


def test_experiments_are_coloured_by_the_front(drawn):
    assert drawn.historical_.get_offsets().tolist() == [[1, 5], [2, 3], [3, 4]]
    assert drawn.guided_.get_offsets()[0].tolist() == [2, 6]
    colors = [tuple(color) for color in drawn.historical_.get_facecolors()]
    assert colors[1] == colors[2] != colors[0]


def test_candidates_have_bars_of_95_percent(drawn):
    line, _, (x_bars, y_bars) = drawn.candidates_
    assert line.get_xydata().tolist() == [[0.5, 5.5]]
    np.testing.assert_allclose(x_bars.get_segments()[0][:, 0], [0.5 - 0.196, 0.5 + 0.196], rtol=1e-4)
    np.testing.assert_allclose(y_bars.get_segments()[0][:, 1], [5.5 - 0.392, 5.5 + 0.392], rtol=1e-4)


def test_labels_and_legend(drawn, ax):
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width (nm)", "yield")
    texts = {text.get_text() for text in ax.get_legend().get_texts()}
    assert texts == {"historical", "model-guided", "candidates", "reference", "front"}


def test_from_an_optimizer_with_its_suggestions():
    batch = pd.DataFrame({"width_mean": [0.5], "width_std": [0.1], "yield_mean": [5.5], "yield_std": [0.2]})
    objectives = (
        OutcomeConstraint("peak", 900, 990),
        Minimize("width", unit="nm"),
        Maximize("yield", unit="%"),
    )
    display = ParetoDisplay.from_optimizer(told(*objectives), batch, reference=(4.0, 2.0))
    assert display.front_.tolist() == [[1, 5], [2, 6]]
    assert (display.x_label, display.x_unit, display.y_label, display.y_unit) == ("width", "nm", "yield", "%")
    assert display.candidates.tolist() == [[0.5], [5.5]]
    assert display.candidates_std.tolist() == [[0.1], [0.2]]


def test_other_objectives_are_shown_by_their_utility():
    batch = pd.DataFrame(
        {"width_mean": [1.0], "width_std": [0.3], "yield_mean": [2.0], "yield_std": [0.4]}
    ).assign(peak_mean=990.0, peak_std=0.0)
    joined = WeightedSum([Minimize("width"), Maximize("yield")])
    display = ParetoDisplay.from_optimizer(told(joined, Target("peak", 950, 20, unit="nm")), batch)
    np.testing.assert_array_equal(display.outcomes[:, 0], [4, 1, 1, 4, np.nan])
    np.testing.assert_array_equal(display.outcomes[:4, 1], [0, -0.5, -0.5, 0])
    assert display.directions == ("maximize", "maximize")
    assert (display.x_label, display.y_label) == ("utility of weighted_sum(width, yield)", "utility of peak")
    np.testing.assert_allclose(display.candidates, [[1.0], [-2.0]], rtol=1e-14)
    np.testing.assert_allclose(display.candidates_std, [[0.5], [0.0]], rtol=1e-14)


def test_what_an_optimizer_cannot_show_is_refused():
    with pytest.raises(InvalidDataError, match="Two objectives were expected; the optimizer has 1"):
        ParetoDisplay.from_optimizer(told(Minimize("width"), OutcomeConstraint("peak", 900, 990)))
    joined = Chebyshev([Minimize("width"), Maximize("yield")], lows=[-9, 0], highs=[0, 9])
    batch = pd.DataFrame(0.0, index=[0], columns=[f"{n}_{m}" for n in DATA for m in ("mean", "std")])
    with pytest.raises(InvalidDataError, match="no closed form"):
        ParetoDisplay.from_optimizer(told(Minimize("peak"), joined), batch)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], [1.0, 2.0]), {}, "x of outcomes 1, y of outcomes 2"),
        (([np.nan], [1.0]), {}, "At least one experiment with both outcomes"),
        (([1.0], [1.0]), {"reference": (0.0,)}, "reference must be 2 finite numbers"),
        (([1.0], [1.0]), {"candidates_std": ([1.0], [1.0])}, "without candidates"),
        (([1.0], [1.0]), {"candidates": ([1.0], [1.0]), "candidates_std": ([1.0], [-1.0])}, "at least 0"),
        (([1.0], [1.0]), {"candidates": ([1.0], [1.0]), "candidates_std": ([], [])}, "candidates_std 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments, options, message):
    with pytest.raises(InvalidDataError, match=message):
        ParetoDisplay(*arguments, **options)


def test_an_unknown_direction_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'minimize'"):
        ParetoDisplay([1.0], [1.0], directions=("minimise", "maximize"))
