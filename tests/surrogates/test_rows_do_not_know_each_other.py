"""Rows do not know each other: their number, order and place change no prediction and no draw at all."""

import numpy as np
import pytest

from bnnopt.surrogates._dropout._networks import Networks, draw_masks, initial_weights
from bnnopt.surrogates._dropout._propagation import propagate, propagate_moments
from bnnopt.surrogates._rows._blocks import ROWS_PER_BLOCK


def make_networks(hidden_layer_sizes, n_networks=2, n_outputs=2):
    kernels, biases = initial_weights(3, n_outputs, hidden_layer_sizes, n_networks, seed=0)
    return Networks(tuple(kernels), tuple(bias + 0.3 for bias in biases), "silu", 0.2)


@pytest.mark.parametrize("hidden_layer_sizes", [(1,), (7,), (20, 20), (33, 17), (128, 128)])
@pytest.mark.parametrize(("n_networks", "n_masks"), [(1, 1), (8, 12)])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_row_gives_the_same_numbers_at_every_place(hidden_layer_sizes, n_networks, n_masks, n_outputs):
    networks = make_networks(hidden_layer_sizes, n_networks, n_outputs)
    masks = draw_masks(networks, n_masks, np.random.default_rng(0))
    X = np.repeat([[0.3, -0.7, 0.9]], ROWS_PER_BLOCK + 1, axis=0)
    for values in (propagate(X, networks, masks), *propagate_moments(X, networks, masks)):
        np.testing.assert_array_equal(values, np.broadcast_to(values[:1], values.shape))


@pytest.mark.parametrize(
    "n_rows", [1, 255, 256, 257, ROWS_PER_BLOCK - 1, ROWS_PER_BLOCK, ROWS_PER_BLOCK + 1, 2500]
)
def test_blocks_do_not_show(n_rows):
    networks = make_networks((20, 20))
    masks = draw_masks(networks, 5, np.random.default_rng(0))
    X = np.random.default_rng(5).uniform(-1, 1, (2500, 3))
    order = np.random.default_rng(6).permutation(2500)[:n_rows]
    np.testing.assert_array_equal(propagate(X[order], networks, masks), propagate(X, networks, masks)[order])
    for part, whole in zip(
        propagate_moments(X[order], networks, masks), propagate_moments(X, networks, masks), strict=True
    ):
        np.testing.assert_array_equal(part, whole[order])


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
