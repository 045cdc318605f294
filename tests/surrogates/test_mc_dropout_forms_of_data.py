"""Forms of data: precision, tables of outputs, and tables at the edge of what can be learned."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse


def test_single_precision_gives_the_numbers_of_its_copy(quick, rows, outcomes):
    single = rows.astype(np.float32)
    model = quick().fit(single, outcomes.astype(np.float32))
    copy = quick().fit(single.astype(float), outcomes.astype(np.float32).astype(float))
    for X in (single, single.astype(float)):
        for mine, theirs in zip(
            model.predict(X, return_std=True), copy.predict(X, return_std=True), strict=True
        ):
            assert mine.dtype == np.float64
            np.testing.assert_array_equal(mine, theirs)


def test_names_of_outputs_are_kept_and_predictions_are_arrays(quick, rows, outcomes):
    model = quick(max_iter=5).fit(rows, pd.DataFrame(outcomes, columns=["peak_nm", "polydispersity"]))
    assert model.output_names_.tolist() == ["peak_nm", "polydispersity"]
    assert type(model.predict(rows)) is np.ndarray
    model.fit(rows, outcomes)
    assert not hasattr(model, "output_names_")


@pytest.mark.parametrize(
    "y",
    [lambda y: y[:, 0], lambda y: pd.Series(y[:, 0], name="peak"), pd.DataFrame],
    ids=["array", "series", "numbered"],
)
def test_outputs_without_names_have_none(quick, rows, outcomes, y):
    assert not hasattr(quick(max_iter=2).fit(rows, y(outcomes)), "output_names_")


def test_sparse_outputs_are_refused(quick, rows, outcomes):
    with pytest.raises(TypeError, match=r"Sparse data was passed for y.* y\.toarray\(\)"):
        quick().fit(rows, sparse.csr_array(outcomes))


def sensible(model, X, y):
    """Means near the range of y, standard deviations above 0 and not absurd."""
    mean, std = model.predict(X, return_std=True)
    span = np.ptp(y) if np.ptp(y) > 0 else 1.0
    assert np.all(np.abs(mean - np.mean(y)) < 2 * span)
    assert np.all((std > 0) & (std < 3 * span))
    return mean, std


@pytest.mark.parametrize("n_networks", [1, 2, 8])
def test_the_same_row_twice(quick, n_networks):
    model = quick(n_networks=n_networks, max_iter=250).fit([[1.0, 2.0]] * 2, [7.0, 7.0])
    mean, std = model.predict([[1.0, 2.0]], return_std=True)
    assert mean[0] == pytest.approx(7, abs=0.2)
    assert 0 <= std[0] < 0.5


def test_one_input_with_two_outputs(quick):
    mean, std = sensible(quick(max_iter=250).fit([[1.0], [1.0]], [3.0, 5.0]), [[1.0]], [3.0, 5.0])
    assert mean[0] == pytest.approx(4, abs=0.5)
    assert std[0] > 0.5


def test_repeats_with_other_outcomes_tell_the_noise(quick):
    X = np.repeat(np.linspace(0, 1, 3), 20)[:, None]
    noise = np.random.default_rng(0).normal(size=60)
    model = quick(max_iter=250, dropout=0.0).fit(X, 10 * X[:, 0] ** 2 + noise)
    assert 0.5 < model.noise_variance_ < 2


@pytest.mark.parametrize(
    "setting",
    [{"dropout": 0.0}, {"dropout": 0.9}, {"hidden_layer_sizes": (1,)}, {"hidden_layer_sizes": (1, 1, 1)}],
)
def test_extreme_networks(quick, rows, setting):
    sensible(quick(**setting).fit(rows, rows[:, 0]), rows, rows[:, 0])


def test_a_constant_column_and_an_extreme_row(quick, rows):
    X = np.column_stack([rows, np.full(40, 7.0)])
    X[0, 0] = 1e9
    sensible(quick().fit(X, rows[:, 1]), X[1:], rows[:, 1])


def test_more_networks_than_rows(quick):
    X = np.linspace(0, 1, 3)[:, None]
    sensible(quick(n_networks=8).fit(X, X[:, 0]), X, X[:, 0])


def test_outputs_further_apart_than_a_float_can_say(quick, rows):
    y = np.zeros(40)
    y[:2] = 1.7e308, -1.7e308
    with pytest.raises(ValueError, match="column 0 are further apart"):
        quick().fit(rows, y)
