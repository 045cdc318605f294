"""Weights of rows: a weight is a number of repeats, to the last bit; wrong weights are named."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import BayesianStackingRegressor


def assert_same_model(model, other, X):
    for mine, theirs in zip(
        model.predict(X, return_std=True), other.predict(X, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(model.sample_y(X, 3), other.sample_y(X, 3))


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(2).integers(0, 4, 40)


def assert_weights_are_repeats(model, rows, outcomes, weights):
    weighted = clone(model).fit(rows, outcomes, sample_weight=weights)
    order = np.random.default_rng(3).permutation(weights.sum())
    repeated = clone(model).fit(rows.repeat(weights, axis=0)[order], outcomes.repeat(weights, axis=0)[order])
    assert_same_model(weighted, repeated, rows)
    np.testing.assert_array_equal(weighted.noise_variance_, repeated.noise_variance_)
    np.testing.assert_array_equal(weighted.held_out_log_density_, repeated.held_out_log_density_)


@pytest.mark.tensorflow
@pytest.mark.parametrize("setting", [{}, {"n_networks": 1}, {"n_networks": 30}, {"batch_size": 8}])
def test_weights_are_repeats_to_the_last_bit_for_networks(quick, rows, outcomes, weights, setting):
    assert_weights_are_repeats(quick(**setting), rows, outcomes, weights)


@pytest.mark.parametrize("setting", [{}, {"noise": "input_dependent", "calibrate": True}, {"n_members": 3}])
def test_weights_are_repeats_to_the_last_bit_for_processes(processes, rows, outcomes, weights, setting):
    assert_weights_are_repeats(processes(**setting), rows, outcomes, weights)


def test_weights_are_repeats_to_the_last_bit_for_a_stacking(processes, quick, rows, outcomes, weights):
    members = [("processes", processes()), ("networks", quick())]
    assert_weights_are_repeats(BayesianStackingRegressor(members, random_state=0), rows, outcomes, weights)


def test_the_order_of_the_rows_does_not_matter(make, each, rows, outcomes):
    assert_same_model(make().fit(rows[::-1], outcomes[::-1]), each, rows)


def test_weights_of_one_are_none(make, each, rows, outcomes):
    for weights in (np.ones(40), [1] * 40, pd.Series(1.0, index=range(40)), 1.0):
        assert_same_model(make().fit(rows, outcomes, weights), each, rows)


@pytest.mark.tensorflow
def test_the_heavier_of_two_values_pulls_more(quick):
    X = np.repeat(np.linspace(0, 1, 12), 2)[:, None]
    y = np.tile([0.0, 1.0], 12)
    model = quick(max_iter=250, dropout=0.0)
    mean = model.fit(X, y, np.tile([3.0, 1.0], 12)).predict(X)
    np.testing.assert_allclose(mean, 0.25, atol=0.15)


@pytest.mark.tensorflow
def test_more_weight_weakens_the_penalty(quick, rows, outcomes):
    ranges = [
        np.ptp(quick(alpha=30.0).fit(rows, rows[:, 0], np.full(40, weight)).predict(rows))
        for weight in (1.0, 100.0)
    ]
    assert ranges[0] < 0.5 * ranges[1]


def test_a_heavier_row_is_known_better(processes):
    X = np.linspace(0, 1, 12)[:, None]
    y = np.sin(4 * X[:, 0]) + 0.3 * np.random.default_rng(0).standard_normal(12)
    weights = np.where(np.arange(12) == 6, 50, 1)
    light, heavy = (processes().fit(X, y, given) for given in (None, weights))
    before, after = (abs(model.predict(X[6:7])[0] - y[6]) for model in (light, heavy))
    assert after < 0.5 * before


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0] * 39 + [-0.5], r"sample_weight must be 0 or from 1e-12 to 1e\+12, got -0.5 in row 39"),
        ([0.0] * 40, "sample_weight is zero for too many rows: at least 2 of 40 .* got 0"),
        ([0.0] * 39 + [1.0], "at least 2 of 40 need a weight above zero, got 1"),
        ([1e300] * 40, r"sample_weight must be 0 or from 1e-12 to 1e\+12, got 1e\+300 in row 0"),
        ([1e-300] * 40, r"sample_weight must be 0 or from 1e-12 to 1e\+12, got 1e-300 in row 0"),
        ([np.nan] * 40, r"sample_weight must be 0 or from 1e-12 to 1e\+12, got nan in row 0"),
        ([1.0] * 7, r"one number for each row, shape \(40,\), got \(7,\)"),
        (np.ones((40, 2)), r"one number for each row, shape \(40,\), got \(40, 2\)"),
    ],
)
def test_weights_that_cannot_be(make, rows, outcomes, weights, message):
    with pytest.raises(InvalidDataError, match=message):
        make().fit(rows, outcomes, sample_weight=weights)


@pytest.mark.tensorflow
def test_weights_are_routed_through_a_pipeline_and_cross_validation(quick, rows, outcomes, weights):
    with config_context(enable_metadata_routing=True):
        model = quick(max_iter=5).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        weight = weights + 1
        routed = pipeline.fit(rows, outcomes, sample_weight=weight)
        scaled = StandardScaler().fit_transform(rows)
        alone = quick(max_iter=5).fit(scaled, outcomes, sample_weight=weight)
        np.testing.assert_array_equal(routed.predict(rows), alone.predict(scaled))
        scorer = get_scorer("r2").set_score_request(
            sample_weight=True
        )  # that of a Pipeline has no requests in 1.7
        result = cross_validate(
            pipeline,
            rows,
            outcomes,
            scoring=scorer,
            params={"sample_weight": weight},
            cv=2,
            return_estimator=True,
        )
    for part, own in zip(result["estimator"], (slice(20, None), slice(20)), strict=True):
        scaled = StandardScaler().fit_transform(rows[own])
        alone = quick(max_iter=5).fit(scaled, outcomes[own], sample_weight=weight[own])
        np.testing.assert_array_equal(part[-1].predict(scaled), alone.predict(scaled))
