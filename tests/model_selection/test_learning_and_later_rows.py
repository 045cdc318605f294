import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import BayesianRidge, LinearRegression

from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection import compare_splits, learning_curve


class Seen(RegressorMixin, BaseEstimator):
    """Predicts the largest first input that it was fitted on, with a standard deviation of the seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.largest_, self.shape_ = np.asarray(X)[:, 0].max(), np.shape(y)[1:]
        return self

    def predict(self, X, return_std=False):
        shape = (len(X), *self.shape_)
        return np.full(shape, self.largest_), np.full(shape, 1.0 + (self.random_state or 0))


X = np.arange(40.0)[:, None]
Y = pd.DataFrame({"peak": X[:, 0], "width": 2 * X[:, 0]})


def test_parts_grow_and_the_held_out_rows_stay():
    curve = learning_curve(BayesianRidge(), X, Y["peak"], sizes=[5, 10, 30], n_repeats=3, random_state=0)
    assert curve.outputs == ["peak"]
    assert curve.table["n_rows"].tolist() == [5, 10, 30] * 3
    assert set(curve.table["n"]) == {8}
    assert (curve.table["rmse"] < 0.1).all()


def test_in_time_each_training_has_the_first_rows_and_the_next_ones_are_predicted():
    shuffled = np.random.default_rng(0).permutation(40)
    curve = learning_curve(
        Seen(),
        X[shuffled],
        Y.iloc[shuffled],
        sizes=[10, 20],
        order=X[shuffled, 0],
        n_repeats=2,
        random_state=0,
    )
    table = curve.table.query("kind == 'in time' and outcome == 'peak'")
    assert table[["n_rows", "n"]].to_numpy().tolist() == [[10, 10], [20, 20]] * 2
    # the largest of the first 10 is 9, the next ones 10 to 19: errors of 1 to 10
    np.testing.assert_allclose(table["mae"], [5.5, 10.5] * 2)
    assert table["half_width"].nunique() == 2  # another seed in each repeat


def test_rows_made_together_are_not_parted():
    batches = np.repeat([1, 2, 3, 4], 10)
    curve = learning_curve(
        Seen(), X, Y["peak"], sizes=[8, 12, 25], order=batches, n_repeats=1, random_state=0
    )
    in_time = curve.table.query("kind == 'in time'")
    assert in_time[["n_rows", "n"]].to_numpy().tolist() == [[10, 10], [20, 20]]


def test_the_summary_has_the_range_of_the_repeats():
    curve = learning_curve(Seen(), X, Y, sizes=[4, 20], n_repeats=5, random_state=0)
    summary = curve.summary("mae").set_index(["outcome", "n_rows"])
    values = curve.table.query("outcome == 'width' and n_rows == 4")["mae"]
    assert summary.loc[("width", 4), ["median", "lowest", "highest"]].tolist() == [
        values.median(),
        values.min(),
        values.max(),
    ]


def test_sizes_by_default_reach_all_rows_that_are_left():
    sizes = (
        learning_curve(BayesianRidge(), X, Y["peak"], n_repeats=1, random_state=0).table["n_rows"].tolist()
    )
    assert (sizes[0], sizes[-1], len(sizes)) == (5, 32, 6)
    assert sizes == sorted(set(sizes))


def test_a_curve_says_what_is_wrong():
    with pytest.raises(InvalidDataError, match="from 2 to 32"):
        learning_curve(BayesianRidge(), X, Y["peak"], sizes=[10, 50])
    with pytest.raises(InvalidDataError, match="one place for each of 40 rows"):
        learning_curve(BayesianRidge(), X, Y["peak"], order=[1, 2])
    with pytest.raises(InvalidDataError, match="test_share"):
        learning_curve(BayesianRidge(), X, Y["peak"], test_share=1.0)
    with pytest.raises(InvalidDataError, match="1 of them not finite"):
        learning_curve(BayesianRidge(), X, Y["peak"].where(Y["peak"] > 0))
    with pytest.raises(InvalidDataError, match="gave no standard deviation"):
        learning_curve(LinearRegression(), X, Y["peak"])
    with pytest.raises(InvalidDataError, match="n_repeats must be a whole number of at least 1"):
        learning_curve(BayesianRidge(), X, Y["peak"], n_repeats=0)


def test_later_rows_stand_beside_the_same_rows_shuffled():
    batches = np.repeat([1, 2, 3, 4], 10)
    table = compare_splits(Seen(), X, Y, batches, n_folds=4, random_state=0)
    peak = table[table["outcome"] == "peak"].set_index("split")
    assert peak["n"].to_dict() == {"shuffled": 40, "shuffled, later rows": 10, "later": 10}
    assert peak["beyond"]["later"] == 1
    assert peak["mae"]["later"] == pytest.approx(5.5)  # 29 is the largest row seen, 30 to 39 came
    assert peak["mae"]["shuffled, later rows"] < peak["mae"]["later"]
    assert peak["n_train"].tolist() == [30, 30, 30]
    with pytest.raises(InvalidDataError, match="n_folds must be a whole number of at least 2"):
        compare_splits(Seen(), X, Y, batches, n_folds=1)
    with pytest.raises(InvalidDataError, match="must be at least 1 and leave"):
        compare_splits(Seen(), X, Y, np.ones(40))
