import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import BayesianRidge

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.inspection import TableModel, replicate_spread
from bnnopt.model_selection import learning_curve
from bnnopt.plotting import CalibrationDisplay, LearningCurveDisplay, ReplicateSpreadDisplay
from bnnopt.space import Real, SearchSpace


def test_the_calibration_of_normal_outcomes_is_the_diagonal_but_for_chance(ax):
    y = np.random.default_rng(0).normal(0, 2, 400)
    display = CalibrationDisplay.from_predictions(y, np.zeros(400), np.full(400, 2.0), label="peak").plot(ax)
    assert display.error_ < 0.04
    within = (display.lower_ <= display.observed) & (display.observed <= display.upper_)
    assert within.mean() > 0.8
    too_sure = CalibrationDisplay.from_predictions(y, np.zeros(400), np.ones(400))
    assert (too_sure.observed < too_sure.levels).all()
    assert "chance, 400 rows" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_band_of_chance_is_binomial():
    display = CalibrationDisplay([0.5], [0.4], 10)
    assert (display.lower_[0], display.upper_[0]) == (0.2, 0.8)
    with pytest.raises(InvalidDataError, match="increasing levels"):
        CalibrationDisplay([0.5, 0.2], [0.4, 0.1], 10)


def test_a_learning_curve_shows_median_and_range(ax):
    X = np.random.default_rng(0).uniform(size=(30, 1))
    curve = learning_curve(
        BayesianRidge(),
        X,
        X[:, 0],
        sizes=[4, 8],
        order=np.arange(30),
        n_repeats=3,
        outputs=["peak"],
        random_state=0,
    )
    display = LearningCurveDisplay.from_curve(curve, score="inside", unit="nm").plot(ax)
    values = curve.table.query("kind == 'random' and n_rows == 4")["inside"]
    assert display.lines_["random"].get_xdata().tolist() == [4, 8]
    assert display.lines_["random"].get_ydata()[0] == values.median()
    assert display.curves["random"][0].tolist() == [4, values.median(), values.min(), values.max()]
    assert set(display.lines_) == {"random", "in time"}
    assert ax.get_ylabel() == "peak: share inside 95 % intervals"
    assert display.best_.get_ydata()[0] == 0.95
    with pytest.raises(UnknownNameError, match="Did you mean 'rmse'"):
        LearningCurveDisplay.from_curve(curve, score="rmsd")


def test_repeats_stand_beside_the_interval_of_the_model(ax):
    rows = pd.DataFrame({"x": [1.0, 1.0, 0.0, 0.0, 0.5], "y": [1.0, 1.2, 0.0, 0.2, 0.6]})
    fitted = BayesianRidge().fit(rows[["x"]], rows["y"])
    spread = replicate_spread(TableModel(fitted, SearchSpace([Real("x", 0, 1)]), "y", {"y": "nm"}), rows)
    display = ReplicateSpreadDisplay.from_spread(spread).plot(ax)
    assert np.all(np.diff(display.mean) > 0)
    assert sorted(display.points_.get_offsets().tolist()) == [[0, 0.0], [0, 0.2], [1, 1.0], [1, 1.2]]
    assert display.title.startswith("repeats scatter by 0.141 nm (2 repeats), the model expects")
    assert ax.get_ylabel() == "y (nm)"
    with pytest.raises(InvalidDataError, match="numbers from 0 to 0"):
        ReplicateSpreadDisplay([1], [1], [1], [1], [1])
