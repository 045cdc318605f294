"""The contract of the estimator around a user's network: shapes, units, coherent draws, noise."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_regressor

from bnnopt.surrogates import KerasMCDropoutRegressor


def make_model(**parameters):
    return KerasMCDropoutRegressor(**({"epochs": 20, "n_masks": 20, "random_state": 0} | parameters))


@pytest.fixture(scope="module")
def fitted(rows, outcomes):
    return make_model().fit(rows, outcomes)


@pytest.fixture(scope="module")
def fitted_single(rows, outcomes):
    return make_model().fit(rows, outcomes[:, 0])


@pytest.mark.parametrize("noise", [True, False])
def test_shapes_are_those_of_y(fitted, fitted_single, rows, noise):
    assert [part.shape for part in fitted.predict(rows, return_std=True, noise=noise)] == [(40, 2), (40, 2)]
    assert [part.shape for part in fitted_single.predict(rows, return_std=True)] == [(40,), (40,)]
    assert fitted.sample_y(rows, 3).shape == (40, 2, 3)
    assert fitted_single.sample_y(rows, 3).shape == (40, 3)
    assert fitted.noise_variance_.shape == (2,)
    assert isinstance(fitted_single.noise_variance_, float)


def test_it_is_a_regressor_for_several_outputs(fitted):
    assert is_regressor(fitted)
    assert fitted.__sklearn_tags__().target_tags.multi_output
    assert KerasMCDropoutRegressor.trains_outputs_jointly


def test_the_variance_of_an_observation_is_that_of_the_function_plus_the_noise(fitted, rows):
    _, std = fitted.predict(rows, return_std=True)
    _, of_function = fitted.predict(rows, return_std=True, noise=False)
    assert np.all(of_function > 0)
    np.testing.assert_allclose(std**2, of_function**2 + fitted.noise_variance_, rtol=1e-12)


def test_a_point_that_stands_twice_in_a_draw_has_one_value(fitted, rows):
    draws = fitted.sample_y(np.concatenate([rows, rows]), 5)
    assert np.all(draws[:40] == draws[40:])


@pytest.mark.parametrize("sizes", [(1,), (7,), (33, 17), (128, 128)])
def test_a_row_gives_the_same_numbers_at_every_place(rows, outcomes, many_rows, sizes):
    model = make_model(epochs=1, model__hidden_layer_sizes=sizes, n_masks=70).fit(rows, outcomes)
    mean, std = model.predict(many_rows, return_std=True)
    draws = model.sample_y(many_rows, 3)
    order = np.random.default_rng(2).permutation(1000)
    for chosen in (order, order[:1], order[:97]):
        some_mean, some_std = model.predict(many_rows[chosen], return_std=True)
        assert np.all(some_mean == mean[chosen])
        assert np.all(some_std == std[chosen])
        assert np.all(model.sample_y(many_rows[chosen], 3) == draws[chosen])


def test_predicting_and_drawing_twice_gives_the_same_numbers(fitted, rows):
    for first, second in zip(
        fitted.predict(rows, return_std=True), fitted.predict(rows, return_std=True), strict=True
    ):
        assert np.all(first == second)
    assert np.all(fitted.sample_y(rows, 5, random_state=3) == fitted.sample_y(rows, 5, random_state=3))
    assert np.any(fitted.sample_y(rows, 5, random_state=4) != fitted.sample_y(rows, 5, random_state=3))


def test_draws_have_the_moments_of_predict(rows, outcomes):
    model = make_model(n_masks=2000).fit(rows, outcomes[:, 0])
    mean, std = model.predict(rows, return_std=True, noise=False)
    draws = model.sample_y(rows, 2000)
    assert np.all(np.abs(draws.mean(axis=1) - mean) < 5 * std / np.sqrt(2000))
    np.testing.assert_allclose(draws.std(axis=1), std, rtol=0.15)


def test_predictions_come_in_the_units_of_y(fitted_single, rows, outcomes):
    moved = make_model().fit(1000 * rows - 7, 64 * outcomes[:, 0] - 1024)
    mean, std = fitted_single.predict(rows, return_std=True)
    moved_mean, moved_std = moved.predict(1000 * rows - 7, return_std=True)
    np.testing.assert_allclose(moved_mean, 64 * mean - 1024, rtol=1e-4)
    np.testing.assert_allclose(moved_std, 64 * std, rtol=1e-2)


@pytest.fixture(scope="module")
def noisy():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (400, 1))
    return X, 10 * np.sin(3 * X[:, 0]) + rng.normal(0, 2, 400)


def test_it_learns_and_knows_the_noise(noisy):
    X, y = noisy
    model = make_model(epochs=100, model__dropout=0.02).fit(X[:300], y[:300])
    mean, std = model.predict(X[300:], return_std=True)
    assert np.sqrt(np.mean((mean - 10 * np.sin(3 * X[300:, 0])) ** 2)) < 1.5
    assert 1 < model.noise_variance_ < 9
    assert 0.85 < np.mean(np.abs(mean - y[300:]) < 1.96 * std) <= 1


def test_a_constant_y_is_predicted_as_it_is(rows):
    mean, std = make_model(epochs=1, require_dropout=True).fit(rows, np.full(40, 5.0)).predict(rows, True)
    assert np.all(np.isfinite(mean))
    assert np.all(np.isfinite(std))


def test_inputs_of_one_value_and_bad_cells(rows, outcomes):
    table = pd.DataFrame(rows.copy(), columns=["T", "OLA", "S"])
    table.loc[7, "S"] = np.nan
    with pytest.raises(ValueError, match=r"X: column 'S' has an empty cell in row\(s\) 7"):
        make_model().fit(table, outcomes)


def test_other_columns_at_predict_are_named(rows, outcomes):
    table = pd.DataFrame(rows, columns=["T", "OLA", "S"])
    model = make_model(epochs=1).fit(table, outcomes)
    assert model.feature_names_in_.tolist() == ["T", "OLA", "S"]
    with pytest.raises(ValueError, match=r"Out of order: \['OLA', 'T'\]"):
        model.predict(table[["OLA", "T", "S"]])


@pytest.mark.parametrize("n_samples", [0, 1.5, "3", True])
def test_a_number_of_draws_that_is_not_whole_is_named(fitted, rows, n_samples):
    with pytest.raises(ValueError, match="n_samples must be a whole number"):
        fitted.sample_y(rows, n_samples)
