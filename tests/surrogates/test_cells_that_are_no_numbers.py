"""Every estimator refuses what is missing, text or a time where it enters, and names the row."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import (
    ARDGaussianProcessRegressor,
    BayesianStackingRegressor,
    BoundedRegressor,
    GaussianProcessEnsembleRegressor,
    KerasMCDropoutRegressor,
    MCDropoutRegressor,
)

N_ROWS, ROW = 8, 3
X = np.random.default_rng(0).uniform(size=(N_ROWS, 2))
Y = X.sum(axis=1)
PROCESSES = GaussianProcessEnsembleRegressor(["matern_5_2"])

ESTIMATORS = {
    "ard": ARDGaussianProcessRegressor(n_restarts_optimizer=0),
    "bounded": BoundedRegressor(PROCESSES, lower=-9),
    "keras": KerasMCDropoutRegressor(epochs=1, n_masks=2),
    "networks": MCDropoutRegressor(n_networks=2, max_iter=5),
    "processes": PROCESSES,
    "stacking": BayesianStackingRegressor([("processes", PROCESSES)]),
}

CELLS = {
    "None": (None, "an empty value"),
    "NA": (pd.NA, "an empty value"),
    "NaT": (pd.NaT, "an empty value"),
    "NaN": (float("nan"), "contains NaN"),
    "infinity": (float("inf"), "contains infinity"),
    "text nan": ("nan", "text where a number is needed.*'nan'"),
    "text inf": ("-inf", "text where a number is needed.*'-inf'"),
    "empty text": ("", "text where a number is needed.*''"),
    "date": (datetime.date(2024, 5, 1), "a time or date.*hours since the first"),
    "timestamp": (pd.Timestamp("2024-05-01"), "a time or date.*hours since the first"),
    "duration": (datetime.timedelta(hours=1), "a time or date.*hours since the first"),
    "NumPy time": (np.timedelta64(5, "s"), "a time or date.*hours since the first"),
    "period": (pd.Period("2024-05"), "a time or date.*hours since the first"),
    "huge": (10**400, "a whole number that no float can hold"),
}


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    return ESTIMATORS[request.param]


def with_cell(values, cell):
    """Lists of Python's own numbers, one of them replaced in the middle."""
    rows = values.tolist()
    if values.ndim == 1:
        rows[ROW] = cell
    else:
        rows[ROW][1] = cell
    return rows


@pytest.mark.parametrize(("cell", "message"), CELLS.values(), ids=CELLS)
def test_a_cell_of_y_is_named_by_its_row(estimator, cell, message):
    with pytest.raises(InvalidDataError, match=rf"y .*{message}") as error:
        estimator.fit(X, with_cell(Y, cell))
    assert message.startswith("a whole") or f"row {ROW} " in str(error.value)


@pytest.mark.parametrize(("cell", "message"), CELLS.values(), ids=CELLS)
def test_a_cell_of_x_is_named_by_row_and_column(estimator, cell, message):
    with pytest.raises(InvalidDataError, match=rf"X .*{message}") as error:
        estimator.fit(with_cell(X, cell), Y)
    assert message.startswith("a whole") or f"row {ROW}, column 1 " in str(error.value)


@pytest.mark.parametrize(("cell", "message"), CELLS.values(), ids=CELLS)
def test_an_array_of_objects_is_looked_at_cell_by_cell(cell, message):
    with pytest.raises(InvalidDataError, match=message):
        PROCESSES.fit(X, np.array(with_cell(Y, cell), dtype=object))


TABLES = {
    "dates": (pd.Series(pd.date_range("2024", periods=N_ROWS)), "a time or date .* 'a', 'b'"),
    "dates with a zone": (pd.Series(pd.date_range("2024", periods=N_ROWS, tz="UTC")), "a time or date"),
    "durations": (pd.Series(pd.to_timedelta(np.arange(N_ROWS), "h")), "a time or date"),
    "periods": (pd.Series(pd.period_range("2024", periods=N_ROWS)), "a time or date"),
    "one date": (pd.Series([1.0] * 7 + [datetime.date(2024, 1, 1)]), r"a time or date .* in row\(s\) 'h'"),
    "one NaT": (pd.Series([1.0] * 7 + [pd.NaT], dtype=object), r"an empty cell in row\(s\) 'h'"),
    "text nan": (pd.Series(["nan"] + ["1"] * 7, dtype=object), r"an empty cell in row\(s\) 'a'"),
    "missing": (pd.Series([pd.NA] + [1] * 7, dtype="Int64"), r"an empty cell in row\(s\) 'a'"),
}


@pytest.mark.parametrize(("column", "message"), TABLES.values(), ids=TABLES)
def test_columns_of_tables_are_named_with_their_labels(estimator, column, message):
    column = column.set_axis(list("abcdefgh")).rename("t")
    with pytest.raises(InvalidDataError, match=f"y: column 't' has {message}"):
        estimator.fit(X, column)
    table = pd.DataFrame(X, columns=["T", "S"], index=column.index)
    with pytest.raises(InvalidDataError, match=f"X: column 't' has {message}"):
        estimator.fit(table.assign(t=column), Y)


@pytest.mark.parametrize("unit", ["M8[D]", "M8[ns]", "m8[s]"])
def test_arrays_of_times_are_no_measurements(estimator, unit):
    times = np.arange(N_ROWS).astype(unit)
    with pytest.raises(InvalidDataError, match=r"y has times or dates .*hours since the first"):
        estimator.fit(X, times)
    with pytest.raises(InvalidDataError, match=r"X has times or dates .*hours since the first"):
        estimator.fit(np.column_stack([times, times]), Y)


def test_masked_values_are_missing(estimator):
    is_masked = np.arange(N_ROWS) == ROW
    with pytest.raises(InvalidDataError, match=f"y has masked values in row {ROW}"):
        estimator.fit(X, np.ma.masked_array(Y, is_masked))
    with pytest.raises(InvalidDataError, match=f"X has masked values in row {ROW}, column 0"):
        estimator.fit(np.ma.masked_array(X, np.column_stack([is_masked, is_masked])), Y)
    whole = np.ma.masked_array(Y, np.zeros(N_ROWS, dtype=bool))
    assert np.isfinite(PROCESSES.fit(X, whole).predict(X)).all()


@pytest.mark.parametrize("table", [pl.DataFrame, pa.table], ids=["polars", "pyarrow"])
def test_tables_of_other_packages_name_row_and_column(table):
    good = table({"T": X[:, 0], "S": X[:, 1]})
    model = GaussianProcessEnsembleRegressor(["matern_5_2"]).fit(good, Y)
    assert model.feature_names_in_.tolist() == ["T", "S"]
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(table({"S": X[:, 1], "T": X[:, 0]}))
    with pytest.raises(InvalidDataError, match=f"X: column 'S' contains NaN in row {ROW} "):
        model.fit(table({"T": X[:, 0], "S": with_cell(X[:, 1], None)}), Y)
    days = [datetime.date(2024, 1, 1)] * N_ROWS
    with pytest.raises(InvalidDataError, match=r"X: column .when. has (a time or date|times or dates)"):
        model.fit(table({"T": X[:, 0], "when": days}), Y)


def test_all_rows_at_fault_are_named_up_to_five_more():
    values = np.where(np.arange(20) % 2 == 1, np.nan, 1.0)
    rows = np.arange(40.0).reshape(20, 2)
    with pytest.raises(
        InvalidDataError, match=r"in row 1, and in row\(s\) 3, 5, 7, 9, 11 and 4 more \(counted"
    ):
        PROCESSES.fit(rows, values)


def test_text_that_is_a_number_is_read():
    expected = GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0).fit(X, Y).predict(X)
    model = GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0)
    np.testing.assert_array_equal(model.fit(X.astype(str).tolist(), list(map(str, Y))).predict(X), expected)


@pytest.mark.parametrize("name", ["sample_weight", "noise_variance"])
@pytest.mark.parametrize("values", [np.arange(N_ROWS).astype("m8[s]"), [None] * N_ROWS, ["one"] * N_ROWS])
def test_weights_and_noise_are_numbers(name, values):
    with pytest.raises(InvalidDataError, match=f"{name} has (times|an empty value|text)"):
        PROCESSES.fit(X, Y, **{name: values})
    with pytest.raises(InvalidDataError, match=f"{name} has (times|an empty value|text)"):
        ESTIMATORS["bounded"].fit(X, Y, **{name: values})


@pytest.mark.parametrize("method", ["predict", "sample_y", "predict_mixture"])
def test_rows_of_a_prediction_are_looked_at_too(method):
    model = GaussianProcessEnsembleRegressor(["matern_5_2"]).fit(X, Y)
    for cell, message in CELLS.values():
        with pytest.raises(InvalidDataError, match=message):
            getattr(model, method)(with_cell(X, cell))


@pytest.mark.parametrize(
    "column", [np.arange(N_ROWS).astype("M8[D]"), [None] * N_ROWS, np.ma.masked_array(Y, True)]
)
def test_batches_are_looked_at_too(column):
    with pytest.raises(InvalidDataError, match=r"Batch 1 .*: y has (times|an empty|masked)"):
        PROCESSES.fit_stream([(X, Y), (X, column)])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dropout": np.float64(2.0)}, r"dropout must be .*, got 2\.0"),
        ({"hidden_layer_sizes": (np.float64(2.5),)}, r"got \(2\.5,\)"),
        ({"output_weights": (np.float64(-1.0),)}, r"got \(-1\.0,\)"),
    ],
)
def test_messages_show_numbers_as_they_are_written(parameters, message):
    with pytest.raises(InvalidDataError, match=message) as error:
        MCDropoutRegressor(**parameters).fit(X, Y)
    assert "np." not in str(error.value)


def test_rows_of_unlike_lengths_and_levels_that_are_no_numbers_are_refused():
    with pytest.raises(InvalidDataError, match=r"no table of numbers.*rows of one length"):
        PROCESSES.fit([[1.0], [1.0, 2.0]], [0.0, 1.0])
    with pytest.raises(InvalidDataError, match="quantiles must be a list of numbers"):
        GaussianProcessEnsembleRegressor(["matern_5_2"]).fit(X, Y).predict_quantiles(X, "half")


def test_names_of_fields_and_of_a_mapping_count():
    by_place = GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0).fit(X, Y).predict(X)
    fields = np.array([*map(tuple, X)], dtype=[("a", float), ("b", float)])
    for named in (fields, fields.view(np.recarray), {"a": X[:, 0], "b": X[:, 1]}):
        model = GaussianProcessEnsembleRegressor(["matern_5_2"], random_state=0).fit(named, Y)
        assert model.feature_names_in_.tolist() == ["a", "b"]
        np.testing.assert_array_equal(model.predict(named), by_place)
        with pytest.raises(ValueError, match="same order"):
            model.predict({"b": X[:, 1], "a": X[:, 0]})
