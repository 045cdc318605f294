"""Parameters and data that cannot be used are refused with a message that says why."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import MCDropoutRegressor


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": ()}, r"at least one layer of at least one unit.*got \(\)"),
        ({"hidden_layer_sizes": (20, 0)}, r"at least one layer of at least one unit.*got \(20, 0\)"),
        ({"hidden_layer_sizes": 20}, "at least one layer of at least one unit.*got 20"),
        ({"activation": "swish"}, r"activation must be one of \['elu', .*, got 'swish'"),
        ({"dropout": 1.0}, r"dropout must be a number in \[0, 1\), got 1.0"),
        ({"dropout": -0.1}, r"dropout must be a number in \[0, 1\), got -0.1"),
        ({"alpha": -1}, r"alpha must be a number in \[0, inf\), got -1"),
        ({"alpha": np.nan}, "alpha must be a number .*, got nan"),
        ({"n_networks": 0}, "n_networks must be a whole number of at least 1, got 0"),
        ({"n_masks": 0}, "n_masks must be a whole number of at least 1, got 0"),
        ({"learning_rate_init": 0}, r"learning_rate_init must be a number in \(0, inf\), got 0"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"max_iter": 1.5}, "max_iter must be a whole number of at least 1, got 1.5"),
        ({"batch_size": 0}, "batch_size must be 'auto' or a whole number of at least 1, got 0"),
        ({"batch_size": "full"}, "batch_size must be 'auto' or .*, got 'full'"),
        ({"early_stopping": 1}, "early_stopping must be True or False, got 1"),
        ({"validation_fraction": 1.0}, r"validation_fraction must be a number in \(0, 1\), got 1.0"),
        ({"tol": -1e-3}, r"tol must be a number in \[0, inf\), got -0.001"),
        ({"callbacks": "print"}, "callbacks must be None or a list of Keras callbacks, got 'print'"),
        (
            {"random_state": "zero"},
            "random_state must be None, a RandomState or a whole number .*, got 'zero'",
        ),
        ({"output_weights": (1,)}, r"must be 2 finite number\(s\) above 0, one for each output, got \(1,\)"),
        ({"output_weights": (1, 2, 3)}, r"must be 2 finite number\(s\) above 0, .* got \(1, 2, 3\)"),
        ({"output_weights": (1, -1)}, r"must be 2 finite number\(s\) above 0, .* got \(1, -1\)"),
        ({"output_weights": (0, 1)}, r"must be 2 finite number\(s\) above 0, .* got \(0, 1\)"),
        ({"output_weights": (1, np.nan)}, r"must be 2 finite number\(s\) above 0, .* got \(1, nan\)"),
        ({"output_weights": (1, np.inf)}, r"must be 2 finite number\(s\) above 0, .* got \(1, inf\)"),
    ],
)
def test_parameters_out_of_range(rows, outcomes, parameters, message):
    with pytest.raises(InvalidDataError, match=message):
        MCDropoutRegressor(**parameters).fit(rows, outcomes)


def test_every_wrong_parameter_is_named(rows, outcomes):
    with pytest.raises(
        InvalidDataError, match=r"MCDropoutRegressor: dropout must .*2\.0; n_masks must .*; tol"
    ):
        MCDropoutRegressor(dropout=2.0, n_masks=0, tol=None).fit(rows, outcomes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(quick, fitted, rows, outcomes, value):
    bad_rows, bad_outcomes = rows.copy(), outcomes.copy()
    bad_rows[3, 1] = bad_outcomes[5, 1] = value
    kind = "NaN" if np.isnan(value) else "infinity"
    with pytest.raises(ValueError, match=f"Input X contains {kind}"):
        quick().fit(bad_rows, outcomes)
    with pytest.raises(ValueError, match=f"Input y contains {kind}"):
        quick().fit(rows, bad_outcomes)
    with pytest.raises(ValueError, match=f"Input y contains {kind}"):
        quick().fit(rows, bad_outcomes[:, 1])
    with pytest.raises(ValueError, match=f"Input X contains {kind}"):
        fitted.predict(bad_rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X[:1], y[:1]), r"1 sample\(s\) .* while a minimum of 2 is required"),
        (lambda X, y: (X[:0], y[:0]), r"0 sample\(s\) .* while a minimum of 2 is required"),
        (lambda X, y: (X[:, :0], y), r"0 feature\(s\) .* while a minimum of 1 is required"),
        (lambda X, y: (X, y[:-1]), r"inconsistent numbers of samples: \[40, 39\]"),
        (lambda X, y: (X[:, 0], y), "Expected 2D array, got 1D array"),
        (lambda X, y: (X, y[:, :, None]), "Found array with dim 3"),
        (lambda X, y: (X, ["high"] * 40), "y has text where a number is needed in row 0.*'high'"),
        (lambda X, y: (X + 1j, y), "Complex data not supported"),
        (lambda X, y: (X, None), "requires y to be passed"),
    ],
    ids=["one row", "no row", "no column", "y too short", "flat X", "3-D y", "text y", "complex", "no y"],
)
def test_data_of_the_wrong_form(quick, rows, outcomes, change, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(*change(rows, outcomes))


def test_a_column_of_text(quick, rows, outcomes):
    table = pd.DataFrame(rows, columns=["T", "OLA", "S"]).assign(S="red")
    with pytest.raises(ValueError, match=r"X: column 'S' has text where a number is needed in row\(s\) 0, 1"):
        quick().fit(table, outcomes)


@pytest.mark.parametrize("method", ["predict", "sample_y"])
def test_use_before_fit(rows, method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(MCDropoutRegressor(), method)(rows)


@pytest.mark.parametrize("method", ["predict", "sample_y"])
def test_the_wrong_number_of_columns(fitted, rows, method):
    with pytest.raises(ValueError, match="X has 2 features, but MCDropoutRegressor is expecting 3"):
        getattr(fitted, method)(rows[:, :2])
