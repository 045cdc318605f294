import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.metrics import mean_absolute_error, r2_score

from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting import ParityDisplay

Y, MEAN, STD = [1.0, 2.0, np.nan, 6.0], [1.0, 3.0, 9.0, 4.0], [1.0, 0.6, 1.0, 1.0]


def test_statistics_known_by_hand():
    display = ParityDisplay.from_predictions(Y, MEAN, STD, unit="nm")
    assert display.mae_ == pytest.approx(1.0)
    assert display.r2_ == pytest.approx(1 - 5 / 14)
    assert display.coverage_ == pytest.approx(2 / 3)
    assert display.describe() == "n = 3\nMAE 1 nm\nR² 0.64\n95 % interval covers 67 %"


def test_pairs_intervals_and_diagonal(ax):
    display = ParityDisplay(Y, MEAN, STD, label="peak", unit="nm").plot(ax)
    assert display.ax_ is ax
    assert display.points_.get_xydata().tolist() == [[1, 1], [2, 3], [6, 4]]
    first = display.errors_.get_segments()[0]
    np.testing.assert_allclose(first, [[1, 1 - 1.959964], [1, 1 + 1.959964]], rtol=1e-6)
    x, y = display.diagonal_.get_data()
    assert list(x) == list(y) == list(ax.get_xlim()) == list(ax.get_ylim())
    assert ax.get_xlabel() == "measured peak (nm)"
    assert ax.get_ylabel() == "predicted peak (nm)"
    assert ax.get_legend().get_texts()[0].get_text() == display.describe()


def test_without_std_there_are_no_intervals(ax):
    display = ParityDisplay(Y, MEAN).plot(ax)
    assert display.errors_ is None
    assert display.coverage_ is None
    assert "covers" not in display.describe()


def test_one_value_has_no_r2_but_a_picture(ax):
    display = ParityDisplay([2.0], [2.0]).plot(ax)
    assert np.isnan(display.r2_)
    assert ax.get_xlim() == (1.0, 3.0)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, unique_by=lambda pair: pair[0]
    )
)
def test_statistics_are_those_of_scikit_learn(pairs):
    y, mean = np.array(pairs, dtype=float).T
    display = ParityDisplay(y, mean)
    assert display.mae_ == pytest.approx(mean_absolute_error(y, mean))
    assert display.r2_ == pytest.approx(r2_score(y, mean))


def test_an_estimator_is_asked_for_the_output(plane):
    display = ParityDisplay.from_estimator(
        plane, [[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.5], [0.0, -1.0]], output=1
    )
    assert display.y.tolist() == [0.5, -1.0]
    assert display.mean.tolist() == [-1.0, -2.0]
    assert display.std.tolist() == [3.0, 3.0]


def test_a_regressor_of_scikit_learn_serves_as_well():
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 4.0])
    display = ParityDisplay.from_estimator(GaussianProcessRegressor(random_state=0).fit(X, y), X, y)
    assert display.mae_ == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("y", "mean", "std", "message"),
    [
        ([1.0], [1.0, 2.0], None, "y 1, mean 2"),
        ([1.0], [1.0], [1.0, 2.0], "y 1, mean 1, std 2"),
        ([1.0], [1.0], [-1.0], "std: standard deviations of at least 0"),
        ([np.nan], [1.0], None, "at least one measured value"),
        ([1.0], [np.nan], None, "mean: value 0 is nan"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(y, mean, std, message):
    with pytest.raises(InvalidDataError, match=message):
        ParityDisplay(y, mean, std)
