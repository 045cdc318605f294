"""The estimator inside scikit-learn: parameters, cross-validation, grid search, pipelines, DataFrames."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bnnopt.surrogates import MCDropoutRegressor

COLUMNS = ["T", "OLA", "S"]


@pytest.fixture(scope="module")
def table(rows):
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture(scope="module")
def fitted_on_table(quick, table, outcomes):
    return quick(max_iter=5).fit(table, outcomes)


def test_parameters_are_stored_as_given_and_cloned():
    weights = [1.0, 0.5]
    model = MCDropoutRegressor([8], "relu", dropout=0.2, output_weights=weights, random_state=3)
    assert model.output_weights is weights
    copy = clone(model)
    assert copy is not model
    assert copy.get_params() == model.get_params()
    assert copy.set_params(alpha=1.0).alpha == 1.0
    assert model.alpha != 1.0


def test_it_is_a_regressor_for_several_outputs():
    tags = MCDropoutRegressor().__sklearn_tags__()
    assert is_regressor(MCDropoutRegressor())
    assert tags.target_tags.multi_output
    assert MCDropoutRegressor.trains_outputs_jointly


def test_fit_returns_self_and_keeps_the_parameters(quick, rows, outcomes):
    model = quick(max_iter=2)
    before = model.get_params()
    assert model.fit(rows, outcomes) is model
    assert model.get_params() == before


def test_cross_val_score():
    X = np.random.default_rng(0).uniform(size=(60, 2))
    model = MCDropoutRegressor(n_networks=2, max_iter=300, dropout=0.02, random_state=0)
    scores = cross_val_score(model, X, X[:, 0] - 2 * X[:, 1], cv=3)
    assert scores.shape == (3,)
    assert scores.min() > 0.8


def test_grid_search_over_dropout_and_alpha(quick, rows):
    grid = [{"dropout": [0.7], "alpha": [30.0]}, {"dropout": [0.01], "alpha": [0.01]}]
    search = GridSearchCV(quick(), grid, cv=2).fit(rows, rows[:, 0])
    assert search.best_params_ == {"dropout": 0.01, "alpha": 0.01}
    mean, std = search.best_estimator_.predict(rows, return_std=True)
    assert mean.shape == std.shape == (40,)
    np.testing.assert_array_equal(search.predict(rows), mean)


@pytest.mark.parametrize("as_table", [False, True], ids=["array", "DataFrame"])
def test_a_pipeline_passes_return_std_on(quick, rows, table, outcomes, as_table, fitted_single):
    X = table if as_table else rows
    pipeline = make_pipeline(StandardScaler(), quick()).fit(X, outcomes[:, 0])
    mean, std = pipeline.predict(X, return_std=True)
    alone_mean, alone_std = fitted_single.predict(rows, return_std=True)
    np.testing.assert_allclose(mean, alone_mean, rtol=1e-4)
    np.testing.assert_allclose(std, alone_std, rtol=1e-4)
    _, of_function = pipeline.predict(X, return_std=True, noise=False)
    assert np.all(of_function < std)


@pytest.mark.parametrize("method", ["predict", "sample_y"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table[["OLA", "T", "S"]], r"(?s)same order.*Out of order: \['OLA', 'T'\]; expected"),
        (lambda table: table.drop(columns="OLA"), "(?s)now missing:.*- OLA"),
        (lambda table: table.assign(water=1.0), "(?s)unseen at fit time:.*- water"),
        (
            lambda table: table.rename(columns={"S": "sulfur"}),
            "(?s)unseen at fit time:.*- sulfur.*now missing:.*- S",
        ),
    ],
    ids=["permuted", "missing", "unknown", "renamed"],
)
def test_other_columns_at_predict_are_named(fitted_on_table, table, method, change, message):
    with pytest.raises(ValueError, match=message):
        getattr(fitted_on_table, method)(change(table))


def test_names_of_the_columns_are_kept(fitted_on_table):
    assert fitted_on_table.feature_names_in_.tolist() == COLUMNS


def test_the_same_columns_pass_whatever_the_index(fitted_on_table, table):
    moved = table.set_index(pd.Index([f"run {number}" for number in range(40)]))
    np.testing.assert_array_equal(fitted_on_table.predict(moved), fitted_on_table.predict(table))


def test_an_array_at_predict_after_a_table_warns(fitted_on_table, table):
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        mean = fitted_on_table.predict(table.to_numpy())
    np.testing.assert_array_equal(mean, fitted_on_table.predict(table))
