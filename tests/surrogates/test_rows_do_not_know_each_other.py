"""Rows do not know each other: their number, order and place change no prediction and no draw at all."""

import numpy as np
import pytest


@pytest.mark.parametrize("n_rows", [1, 2, 383, 384, 385, 1000])
def test_a_prediction_does_not_depend_on_the_other_rows(each, many_rows, n_rows):
    chosen = np.random.default_rng(n_rows).permutation(1000)[:n_rows]
    for noise in (True, False):
        for part, whole in zip(
            each.predict(many_rows[chosen], return_std=True, noise=noise),
            each.predict(many_rows, return_std=True, noise=noise),
            strict=True,
        ):
            np.testing.assert_array_equal(part, whole[chosen])
    np.testing.assert_array_equal(each.predict(many_rows[chosen]), each.predict(many_rows)[chosen])


@pytest.mark.parametrize("settings", [{"noise": "input_dependent"}, {"calibrate": True, "n_members": 3}])
def test_nor_do_noise_by_inputs_and_calibration(processes, rows, outcomes, many_rows, settings):
    model = processes(**settings).fit(rows, outcomes)
    whole, alone = model.predict(many_rows, return_std=True), model.predict(many_rows[[7]], return_std=True)
    for part, everything in zip(alone, whole, strict=True):
        np.testing.assert_array_equal(part[0], everything[7])
    noise = model.predict_noise_variance(many_rows)
    np.testing.assert_array_equal(model.predict_noise_variance(many_rows[[7]])[0], noise[7])
    draws = model.sample_y(many_rows, 3)
    np.testing.assert_array_equal(model.sample_y(many_rows[[7]], 3)[0], draws[7])


def test_nor_do_processes_of_many_rows(processes, many_rows):
    """More rows than inducing points."""
    model = processes(n_members=1).fit(many_rows, np.sin(many_rows[:, 0]) + 0.1 * many_rows[:, 1])
    order = np.random.default_rng(0).permutation(1000)[:5]
    for part, whole in zip(
        model.predict(many_rows[order], return_std=True),
        model.predict(many_rows, return_std=True),
        strict=True,
    ):
        np.testing.assert_array_equal(part, whole[order])


@pytest.mark.parametrize("n_rows", [1, 384, 385])
def test_a_draw_is_the_same_function_for_any_rows(each, many_rows, n_rows):
    chosen = np.random.default_rng(n_rows).permutation(1000)[:n_rows]
    part = each.sample_y(many_rows[chosen], 7, random_state=3)
    np.testing.assert_array_equal(part, each.sample_y(many_rows, 7, random_state=3)[chosen])


def test_the_same_point_twice_in_a_draw_differs_by_exactly_zero(each, many_rows):
    twice = np.concatenate([many_rows[:300], many_rows[299::-1], many_rows[:300]])
    draws = each.sample_y(twice, 20, random_state=1)
    np.testing.assert_array_equal(draws[:300] - draws[600:], np.zeros((300, 2, 20)))
    np.testing.assert_array_equal(draws[:300] - draws[300:600][::-1], np.zeros((300, 2, 20)))
