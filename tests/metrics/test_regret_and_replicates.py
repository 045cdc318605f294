"""Regret of a run and noise of repeated experiments: hand values and properties."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import replicate_noise, simple_regret


def test_regret_by_hand_with_failed_experiments():
    regret = simple_regret([np.nan, -3.0, -5.0, np.nan, -1.0], optimum=0.0)
    np.testing.assert_array_equal(regret, [np.nan, 3, 3, 3, 1])


@settings(max_examples=50, deadline=None)
@given(utilities=arrays(float, st.integers(1, 30), elements=st.floats(-1e6, 1e6)))
def test_regret_never_increases_and_ends_at_the_best(utilities):
    regret = simple_regret(utilities, optimum=1e6)
    assert np.all(np.diff(regret) <= 0)
    assert np.all(regret >= 0)
    assert regret[-1] == 1e6 - utilities.max()


def test_regret_refuses_tables_and_infinite_values():
    with pytest.raises(InvalidDataError, match=r"\(1, 2\)"):
        simple_regret([[1.0, 2.0]], optimum=0.0)
    with pytest.raises(InvalidDataError, match="1 infinite"):
        simple_regret([1.0, np.inf], optimum=0.0)
    with pytest.raises(InvalidDataError, match="optimum must be a finite number"):
        simple_regret([1.0], optimum=np.nan)


def test_pooled_noise_by_hand():
    X = [[0.0, 1.0], [0.0, 1.0], [2.0, 1.0], [2.0, 1.0], [2.0, 1.0], [5.0, 5.0]]
    std, freedom = replicate_noise(X, [1.0, 3.0, 10.0, 11.0, 12.0, 99.0])
    assert std == pytest.approx(np.sqrt((2 + 2) / (1 + 2)), rel=1e-15)
    assert freedom == 3
    assert isinstance(std, float)
    assert isinstance(freedom, int)


def test_missing_outcomes_are_left_out_per_output():
    X = [[0.0]] * 3 + [[1.0]] * 2
    y = np.array([[1.0, 5.0], [3.0, np.nan], [np.nan, np.nan], [7.0, 1.0], [7.0, np.nan]])
    std, freedom = replicate_noise(X, y)
    np.testing.assert_allclose(std, [np.sqrt((2 + 0) / 2), np.nan], rtol=1e-15)
    np.testing.assert_array_equal(freedom, [2, 0])


def test_text_and_empty_settings_form_groups():
    X = pd.DataFrame({"solvent": ["ODE", "ODE", "OLA", "OLA"], "T_outdoor": [1.0, 1.0, np.nan, np.nan]})
    assert replicate_noise(X, [0.0, 2.0, 5.0, 5.0]) == (1.0, 2)
    categories = X.astype({"solvent": "category"})
    assert replicate_noise(categories, [0.0, 2.0, 5.0, 5.0]) == (1.0, 2)


def test_nothing_repeated_is_nan():
    std, freedom = replicate_noise([[0.0], [1.0]], [1.0, 2.0])
    assert np.isnan(std)
    assert freedom == 0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), n_groups=st.integers(1, 6), shift=st.floats(-1e3, 1e3))
def test_the_level_of_each_group_does_not_matter_nor_does_the_order_of_rows(seed, n_groups, shift):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), 3)
    y, order = rng.normal(size=len(group)), rng.permutation(len(group))
    std, freedom = replicate_noise(group[:, None], y)
    moved, same = replicate_noise(group[order, None], (y + shift * group)[order])
    assert moved == pytest.approx(std, rel=1e-9)
    assert freedom == same == 2 * n_groups


def test_noise_of_many_pairs_is_recovered():
    rng = np.random.default_rng(3)
    X = np.repeat(rng.uniform(size=(5_000, 2)), 2, axis=0)
    std, freedom = replicate_noise(X, 100 * X[:, 0] + rng.normal(0, 0.7, size=len(X)))
    assert freedom == 5_000
    assert abs(std - 0.7) < 4 * 0.7 / np.sqrt(2 * freedom)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0], r"at least one column, got \(2,\)"),
        (np.empty((2, 0)), [1.0, 2.0], r"at least one column, got \(2, 0\)"),
        ([[1.0], [1.0]], [1.0], "X has 2 rows and y 1"),
        ([[1.0]], [np.inf], "1 infinite"),
        ([[1.0]], [[[1.0]]], r"\(1, 1, 1\)"),
    ],
)
def test_tables_that_do_not_fit_are_refused(X, y, message):
    with pytest.raises(InvalidDataError, match=message):
        replicate_noise(X, y)
