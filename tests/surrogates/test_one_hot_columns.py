"""Columns of the levels of a category: one length scale, levels without rows, what is refused."""

import re

import numpy as np
import pytest

from bnnopt import BayesianOptimizer, Categorical, Maximize, Real, SearchSpace
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import BayesianStackingRegressor, GaussianProcessEnsembleRegressor

COLUMNS = [[0, 1, 2, 3, 4, 5]]


def rows_of(levels, numbers):
    return np.column_stack([np.eye(6)[levels], numbers])


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    levels, numbers = rng.integers(5, size=40), rng.random(40)  # the last level has no rows
    y = np.array([0.0, 3.0, -2.0, 1.0, 4.0])[levels] + np.sin(5 * numbers) + 0.1 * rng.standard_normal(40)
    return rows_of(levels, numbers), y


@pytest.fixture(scope="module")
def model(rows):
    return GaussianProcessEnsembleRegressor(one_hot_columns=COLUMNS, random_state=0).fit(*rows)


def test_the_columns_of_a_category_share_a_length_scale(model):
    scales = model.members_[[f"length_scale_{place}" for place in range(7)]].to_numpy()
    assert (scales[:, :6] == scales[:, :1]).all()
    assert (scales[:, 6] != scales[:, 0]).all()


def test_a_level_without_rows_is_as_open_as_the_levels_with_rows_are_unlike(model, rows):
    mean, std = model.predict(rows_of([5] * 9, np.linspace(0, 1, 9)), return_std=True)
    of_levels = np.array([0.0, 3.0, -2.0, 1.0, 4.0]).std()
    assert 0.5 * of_levels < std.min()
    assert std.max() < 2.5 * of_levels
    assert abs(mean.mean() - rows[1].mean()) < of_levels


def test_levels_are_exchangeable(model, rows):
    """Levels in another order make the same model, but for the order in which rows are taken."""
    X, y = rows
    order = [3, 0, 5, 1, 4, 2]
    other = GaussianProcessEnsembleRegressor(
        ["matern_5_2", "deep_relu"], one_hot_columns=COLUMNS, random_state=0
    )
    mean = other.fit(X, y).predict(X)
    swapped = np.column_stack([X[:, order], X[:, 6]])
    np.testing.assert_allclose(other.fit(swapped, y).predict(swapped), mean, atol=0.1 * y.std())


def test_gradients_are_slopes_of_what_is_predicted(model):
    X, step = rows_of([0, 1, 2, 5], [0.111, 0.333, 0.555, 0.777]), np.eye(7)[6] * 1e-4
    means, by_mean = (model.predict_mixture(X, return_gradient=True)[place] for place in (1, 3))
    up, down = (model.predict_mixture(X + sign * step)[1] for sign in (1, -1))
    np.testing.assert_allclose(by_mean[..., 6], (up - down) / 2e-4, rtol=1e-3, atol=1e-3)
    assert means.shape == up.shape


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([[0]], "at least two of each"),
        ([[0, 1], [1, 2]], "none twice"),
        ([0, 1], "positions of the columns of each category"),
        ("01", "positions of the columns of each category"),
        ([[0, 7]], "X has no column 7, it has 7"),
        ([[0, 1, 2]], "each row must have one 1 and else 0, got [0.0, 0.0, 0.0]"),
        ([[5, 6]], "in columns [5, 6]"),
    ],
)
def test_columns_that_are_no_levels_are_refused(rows, columns, message):
    with pytest.raises(InvalidDataError, match=re.escape(message)):
        GaussianProcessEnsembleRegressor(one_hot_columns=columns).fit(*rows)


def test_a_space_says_which_columns_are_levels():
    described = Categorical("b", ["u", "v"], descriptors={"u": 1.0, "v": 2.0})
    space = SearchSpace(
        [Categorical("a", ["p", "q", "r"]), Real("x", 0, 1), described, Categorical("c", [1, 2])]
    )
    assert space.one_hot_columns == [[0, 1, 2], [5, 6]]
    assert SearchSpace([Real("x", 0, 1)]).one_hot_columns == []


def test_an_optimizer_takes_a_surrogate_that_knows_the_columns_of_its_space():
    space = SearchSpace([Real("x", 0, 1), Categorical("a", ["p", "q", "r"])])
    surrogate = GaussianProcessEnsembleRegressor(
        ["matern_5_2", "deep_relu"], one_hot_columns=space.one_hot_columns
    )
    optimizer = BayesianOptimizer(space, Maximize("y"), surrogate=surrogate, n_initial=4, random_state=0)
    table = space.sample(6, random_state=0)
    optimizer.tell(table, table[["x"]].rename(columns={"x": "y"}))
    assert optimizer.ask(1)["x"].item() > table["x"].median()


def test_members_of_a_stacking_are_told_by_their_name():
    model = BayesianStackingRegressor().set_params(gaussian_process_ensemble__one_hot_columns=COLUMNS)
    assert dict(model.estimators)["gaussian_process_ensemble"].one_hot_columns == COLUMNS
