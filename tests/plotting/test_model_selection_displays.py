"""Figures of retrained models, of roughness, of a verdict and of a search."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.plotting import AgreementDisplay, FitCheckDisplay, RoughnessDisplay, SearchDisplay

PREDICTIONS = [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]  # an agreement of 7.5 / 8.5
X_SWEPT, CURVES = [0.0, 1.0, 2.0], [[0.0, 1.0, 2.0], [0.0, 3.0, 0.0]]  # travelled 8, spans 5


class Shifted:
    def __init__(self, shift):
        self.shift = shift

    def predict(self, X):
        first = np.asarray(X, dtype=float)[:, 0]
        return np.column_stack([first, first + self.shift])


def test_agreement_points_ranges_and_legend(ax):
    display = AgreementDisplay(PREDICTIONS, label="peak", unit="nm").plot(ax)
    assert display.ax_ is ax
    assert display.points_.get_xydata().tolist() == [
        [0.5, 0],
        [2.5, 2],
        [4.5, 4],
        [0.5, 1],
        [2.5, 3],
        [4.5, 5],
    ]
    assert display.ranges_.get_segments()[1].tolist() == [[2.5, 2], [2.5, 3]]
    assert list(ax.get_xlim()) == list(ax.get_ylim()) == list(display.diagonal_.get_xdata())
    assert ax.get_xlabel() == "mean prediction of peak (nm)"
    assert ax.get_legend().get_texts()[0].get_text() == "agreement 0.882\n2 retrainings, 3 rows"


def test_models_are_asked_for_the_output():
    models, rows = [Shifted(0.0), Shifted(1.0)], [[0.0], [2.0], [4.0]]
    display = AgreementDisplay.from_estimators(models, rows, output=1)
    assert display.predictions.tolist() == PREDICTIONS
    assert AgreementDisplay.from_estimators(models, rows).agreement_ == 1.0


def test_models_that_all_say_one_number_have_a_picture(ax):
    assert AgreementDisplay(np.ones((2, 3))).plot(ax).ax_.get_xlim() == (0.0, 2.0)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [(np.ones((2, 3, 1)), r"\(2, 3, 1\) came.*output"), (np.ones((1, 3)), "n_retrainings >= 2")],
)
def test_predictions_of_another_shape_are_refused(predictions, message):
    with pytest.raises(InvalidDataError, match=message):
        AgreementDisplay(predictions)


def test_curves_and_the_roughest_of_them(ax):
    display = RoughnessDisplay(
        X_SWEPT, CURVES, measured=([0.5], [1.5]), x_label="T", x_unit="°C", y_label="peak"
    )
    assert display.plot(ax).roughness_ == pytest.approx(8 / 5 - 1)
    assert [line.get_ydata().tolist() for line in display.lines_] == CURVES
    assert display.roughest_ is display.lines_[1]
    assert display.measured_.get_offsets().tolist() == [[0.5, 1.5]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("T (°C)", "peak")
    assert ax.get_legend().get_title().get_text() == "roughness 0.60 over 2 sweep(s)"


@pytest.mark.parametrize("as_frame", [False, True])
def test_an_estimator_is_swept_around_each_row(as_frame, ax):
    rows = pd.DataFrame({"a": [9.0, 9.0], "b": [1.0, 2.0]})
    feature, given = ("a", rows) if as_frame else (0, rows.to_numpy())
    seen = []
    model = SimpleNamespace(predict=lambda X: seen.append(X) or np.asarray(X) @ [10.0, 1.0])
    display = RoughnessDisplay.from_estimator(model, given, feature, (0, 2), n_points=3)
    assert display.curves.tolist() == [[1, 11, 21], [2, 12, 22]]
    assert isinstance(seen[0], pd.DataFrame) is as_frame
    assert display.plot(ax).ax_.get_xlabel() == str(feature)
    assert display.roughness_ == 0.0


@pytest.mark.parametrize(
    ("x", "curves", "message"),
    [
        ([0.0, 1.0, 2.0], [[1.0, 2.0]], r"shape \(n_sweeps, 3\), was expected; \(1, 2\) came"),
        ([0.0, 1.0, 2.0], np.ones((2, 3, 2)), r"curves\[:, :, output\]"),
        ([0.0, 2.0, 1.0], [[1.0, 2.0, 3.0]], "increasing values"),
        ([0.0, 1.0, 2.0], [[1.0, np.nan, 3.0]], "index 0 of the sweeps and 1 of the points"),
    ],
)
def test_curves_that_do_not_fit_are_refused(x, curves, message):
    with pytest.raises(InvalidDataError, match=message):
        RoughnessDisplay(x, curves)


def finding(name, value, lower, upper):
    return SimpleNamespace(name=name, value=value, lower=lower, upper=upper, fault="overfits")


def test_figures_within_and_outside_their_limits(ax):
    findings = [finding("gap", 51.0, -np.inf, 0.3), finding("agreement", 0.95, 0.9, np.inf)]
    verdict = SimpleNamespace(findings=findings, verdict="overfits")
    display = FitCheckDisplay.from_verdict(verdict).plot(ax)
    assert display.is_within_.tolist() == [False, True]
    assert display.outside_.get_offsets().tolist() == [[2.0, 0.0]]  # at the end of the axis
    assert display.within_.get_offsets().tolist() == [[0.95, 1.0]]
    assert [bar.get_x() for bar in display.bands_] == [-0.5, 0.9]
    assert [text.get_text() for text in ax.texts] == ["51.00", "0.95"]
    assert ax.get_yticklabels()[0].get_text() == "gap\n(else it overfits)"
    assert ax.get_title() == "The model overfits"


@pytest.mark.parametrize(
    ("names", "values", "lower", "upper", "message"),
    [
        ([], [], [], [], "one or more names"),
        (["a"], [1.0, 2.0], [0.0], [1.0], r"names 1, values \(2,\)"),
        (["a"], [1.0], [np.nan], [1.0], "but not nan"),
        (["a"], [np.nan], [0.0], [1.0], "value 0 is nan"),
    ],
)
def test_figures_that_do_not_fit_are_refused(names, values, lower, upper, message):
    with pytest.raises(InvalidDataError, match=message):
        FitCheckDisplay(names, values, lower, upper)


def test_the_best_and_those_within_one_standard_error(ax):
    display = SearchDisplay(
        [1.0, 0.9, 0.5, 0.8],
        [0.4, 0.7, 0.3, 0.6],
        standard_error=[0.5, 0.15, 0.0, 0.0],
        kind=[1, 1, 2, 2],
        kind_label="alpha",
        label="R²",
    ).plot(ax)
    assert display.best_ == 1
    assert display.as_good_.tolist() == [1, 3]
    assert display.points_["1"].get_offsets().tolist() == [[1.0, 0.4], [0.9, 0.7]]
    assert display.best_point_.get_offsets().tolist() == [[0.9, 0.7]]
    assert ax.get_ylabel() == "R² on held-out rows"
    assert ax.get_legend().get_title().get_text() == "alpha"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["1", "2", "best"]


def test_candidates_whose_fit_failed_are_left_out(ax):
    display = SearchDisplay([np.nan, 0.5], [np.nan, 0.4], standard_error=[np.nan, 0.1]).plot(ax)
    assert display.best_ == 1
    assert display.points_[""].get_offsets().tolist() == [[0.5, 0.4]]


@pytest.fixture
def search():
    X = np.linspace(0, 1, 16)[:, None]
    grid = {"n_neighbors": [1, 4, 8]}
    folds = [(np.arange(0, 16, 2), np.arange(1, 16, 2))]
    return GridSearchCV(KNeighborsRegressor(), grid, cv=folds, error_score="raise"), X, X[:, 0]


def test_a_search_of_scikit_learn_is_shown(search):
    searched, X, y = search
    searched.set_params(return_train_score=True).fit(X, y)
    display = SearchDisplay.from_search(searched, parameter="n_neighbors")
    assert display.best_ == searched.best_index_
    assert display.kind.tolist() == ["1", "4", "8"]
    assert display.train_score[0] == pytest.approx(1.0)
    assert display.train_score[2] == pytest.approx(0.0)  # the mean of all rows
    with pytest.raises(UnknownNameError, match="n_neighbors"):
        SearchDisplay.from_search(searched, parameter="n_neighbours")


def test_a_search_without_training_scores_is_refused(search):
    searched, X, y = search
    searched.fit(X, y)
    with pytest.raises(InvalidDataError, match="return_train_score=True"):
        SearchDisplay.from_search(searched)


@pytest.mark.parametrize(
    ("train", "held_out", "message"),
    [
        ([1.0], [1.0, 2.0], "train_score 1, held_out_score 2"),
        ([np.nan], [1.0], "At least one candidate"),
        ([], [], "At least one candidate"),
    ],
)
def test_scores_that_do_not_fit_are_refused(train, held_out, message):
    with pytest.raises(InvalidDataError, match=message):
        SearchDisplay(train, held_out)
