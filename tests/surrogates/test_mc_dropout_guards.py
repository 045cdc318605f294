"""Mistakes and settings from outside that a fit must not pass over in silence."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from bnnopt.surrogates import MCDropoutRegressor


def test_a_training_that_diverges_is_an_error():
    X = np.linspace(0, 1, 20)[:, None]
    with pytest.raises(ValueError, match="diverged"):
        MCDropoutRegressor(n_networks=2, max_iter=20, learning_rate_init=1e30).fit(X, X[:, 0])


def test_a_fit_that_fails_leaves_the_last_one_as_it_was(quick):
    X = np.linspace(0, 1, 20)[:, None]
    model = quick(max_iter=20).fit(X, X[:, 0])
    before, state = model.predict(X, return_std=True), sorted(vars(model))
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(learning_rate_init=1e30).fit(np.column_stack([X, X]), X)
    np.testing.assert_array_equal(model.predict(X, return_std=True), before)
    assert (model.n_features_in_, model.n_outputs_, sorted(vars(model))) == (1, 1, state)


def test_a_single_network_keeps_a_row_to_learn_from(quick):
    """Nine tenths of two rows are both of them; without any the loss would be 0."""
    parameters = {"n_networks": 1, "early_stopping": True, "validation_fraction": 0.9, "max_iter": 20}
    assert quick(**parameters).fit([[0.0], [1.0]], [0.0, 1.0]).loss_ > 0


def test_a_first_fit_that_fails_leaves_nothing(quick):
    X = np.linspace(0, 1, 20)[:, None]
    model = quick(max_iter=20, learning_rate_init=1e30)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X, X[:, 0])
    assert not [name for name in vars(model) if name.endswith("_") or name.startswith("_")]
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("sizes", [(20.7,), ("a",), (np.nan,), [[3, 3]]])
def test_layers_that_are_not_whole_numbers_are_refused(sizes):
    X = np.linspace(0, 1, 20)[:, None]
    with pytest.raises(ValueError, match="hidden_layer_sizes must"):
        MCDropoutRegressor(sizes, n_networks=2, max_iter=5).fit(X, X[:, 0])


@pytest.mark.parametrize("setting", ["set_floatx('float64')", "set_dtype_policy('mixed_float16')"])
def test_the_global_precision_of_keras_does_not_matter(setting):
    code = f"""
import keras, numpy as np
keras.config.{setting}
from bnnopt.surrogates import MCDropoutRegressor
X = np.linspace(0, 1, 20)[:, None]
MCDropoutRegressor(n_networks=2, max_iter=5, random_state=0).fit(X, X[:, 0]).predict(X)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_number_of_draws_that_is_not_whole_is_named():
    X = np.linspace(0, 1, 20)[:, None]
    model = MCDropoutRegressor(n_networks=2, max_iter=5, random_state=0).fit(X, X[:, 0])
    for n_samples in (1.5, "3", None):
        with pytest.raises((TypeError, ValueError), match="n_samples must be"):
            model.sample_y(X, n_samples)


def test_noise_variance_of_flat_y_is_a_float():
    X = np.linspace(0, 1, 20)[:, None]
    model = MCDropoutRegressor(n_networks=2, max_iter=5, random_state=0).fit(X, X[:, 0])
    assert isinstance(model.noise_variance_, float)


@pytest.mark.parametrize(
    ("cell", "message"),
    [("hot", "text where a number is needed"), (np.inf, "an infinite value"), (np.nan, "an empty cell")],
)
def test_a_bad_cell_of_a_table_is_named_by_column_and_row(cell, message):
    X = pd.DataFrame({"T": np.linspace(0, 1, 20), "V": np.arange(20.0)})
    bad = X.astype({"V": object})
    bad.loc[7, "V"] = cell
    with pytest.raises(ValueError, match=rf"X: column 'V' has {message} in row\(s\) 7"):
        MCDropoutRegressor().fit(bad, X["T"])
    with pytest.raises(ValueError, match=rf"y: column 'V' has {message} in row\(s\) 7"):
        MCDropoutRegressor().fit(X, bad["V"])
    model = MCDropoutRegressor(n_networks=2, max_iter=5).fit(X, X["T"])
    with pytest.raises(ValueError, match=rf"X: column 'V' has {message} in row\(s\) 7"):
        model.predict(bad)
