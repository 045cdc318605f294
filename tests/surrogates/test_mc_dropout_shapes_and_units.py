"""Shapes for every form of X and y, and predictions in the units of y."""

import numpy as np
import pandas as pd
import pytest


def assert_shapes(model, X, shape):
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == model.predict(X).shape == (len(X), *shape)
    assert model.sample_y(X, n_samples=5).shape == (len(X), *shape, 5)
    assert np.shape(model.noise_variance_) == shape


def test_moments_and_draws_have_the_shape_of_y(fitted, fitted_single, rows):
    assert_shapes(fitted_single, rows[:7], ())
    assert_shapes(fitted, rows[:7], (2,))


def test_single_column_y_gives_the_numbers_of_flat_y(quick, rows, outcomes, fitted_single):
    model = quick().fit(rows, outcomes[:, :1])
    assert_shapes(model, rows[:7], (1,))
    mean, std = model.predict(rows, return_std=True)
    flat_mean, flat_std = fitted_single.predict(rows, return_std=True)
    np.testing.assert_array_equal(mean[:, 0], flat_mean)
    np.testing.assert_array_equal(std[:, 0], flat_std)


@pytest.mark.parametrize(
    "form",
    [
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X, columns=["a", "b", "c"][: X.shape[1]]),
        lambda X: np.asfortranarray(X).astype(object),
    ],
    ids=["list", "DataFrame", "object"],
)
def test_the_form_of_the_data_does_not_matter(quick, rows, outcomes, fitted, form):
    model = quick(n_networks=3, dropout=0.1).fit(form(rows), form(outcomes))
    for mine, other in zip(
        model.predict(form(rows), return_std=True), fitted.predict(rows, return_std=True), strict=True
    ):
        assert type(mine) is np.ndarray
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(model.sample_y(form(rows), 4), fitted.sample_y(rows, 4))


def test_predictions_follow_the_units_of_y(quick, rows, outcomes, fitted_single):
    scaled = quick().fit(rows, 1000 * outcomes[:, 0])
    mean, std = fitted_single.predict(rows, return_std=True)
    scaled_mean, scaled_std = scaled.predict(rows, return_std=True)
    np.testing.assert_allclose(scaled_mean, 1000 * mean, rtol=1e-4)
    np.testing.assert_allclose(scaled_std, 1000 * std, rtol=1e-4)
    np.testing.assert_allclose(scaled.noise_variance_, 1e6 * fitted_single.noise_variance_, rtol=1e-4)
    np.testing.assert_allclose(scaled.sample_y(rows, 4), 1000 * fitted_single.sample_y(rows, 4), rtol=1e-4)


def test_units_of_x_and_offsets_of_x_and_y_do_not_matter(quick, rows, outcomes, fitted_single):
    other = rows * [1e-3, 1.0, 1e3] + [1.0, -20.0, 273.15]
    model = quick().fit(other, outcomes[:, 0] - 700)
    mean, std = fitted_single.predict(rows, return_std=True)
    moved_mean, moved_std = model.predict(other, return_std=True)
    np.testing.assert_allclose(moved_mean, mean - 700, rtol=1e-4)
    np.testing.assert_allclose(moved_std, std, rtol=1e-4)


def test_attributes_after_fit(fitted, fitted_single):
    assert (fitted.n_features_in_, fitted.n_outputs_, fitted.n_iter_) == (3, 2, 100)
    assert fitted_single.n_outputs_ == 1
    assert not hasattr(fitted, "feature_names_in_")
    assert np.all(fitted.noise_variance_ > 0)
    assert fitted_single.noise_variance_ > 0
    assert [kernel.shape for kernel in fitted.networks_.kernels] == [(3, 3, 20), (3, 20, 20), (3, 20, 2)]
    assert [bias.shape for bias in fitted.networks_.biases] == [(3, 20), (3, 20), (3, 2)]
