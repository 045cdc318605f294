"""Parts of dropout networks without TensorFlow: scaling, noise of held-out rows, first weights, masks.

They are functions of arrays, imported by themselves: networks learn their own weights and draw their own
masks, so that no estimator shows an error, a scale or a mask that is known by hand.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._dropout._held_out import SMALLEST_NOISE_SHARE, HeldOutError, held_out_mean
from bnnopt.surrogates._dropout._networks import Networks, draw_masks, initial_weights
from bnnopt.surrogates._dropout._scaling import InputScaler, RangeScaler

tables = arrays(
    float, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8), elements=st.floats(-1e6, 1e6)
)


def networks_of(hidden_layer_sizes, n_networks=2, dropout=0.1):
    kernels, biases = initial_weights(3, 1, hidden_layer_sizes, n_networks, seed=0)
    return Networks(tuple(kernels), tuple(biases), "tanh", dropout)


def test_scaler_maps_the_range_to_zero_and_one():
    scaler = RangeScaler.of(np.array([[10.0, -1.0], [30.0, 1.0], [15.0, 0.0]]))
    np.testing.assert_array_equal(scaler.lower, [10, -1])
    np.testing.assert_array_equal(scaler.span, [20, 2])
    np.testing.assert_array_equal(scaler.scale(np.array([[15.0, 2.0]])), [[0.25, 1.5]])
    np.testing.assert_array_equal(scaler.restore(np.array([[0.25, 1.5]])), [[15, 2]])


def test_scaler_leaves_a_constant_column_in_its_units():
    scaler = RangeScaler.of(np.array([[7.0, 0.0], [7.0, 4.0]]))
    np.testing.assert_array_equal(scaler.span, [1, 4])
    np.testing.assert_array_equal(scaler.scale(np.array([[7.0, 1.0], [8.0, 1.0]])), [[0, 0.25], [1, 0.25]])


@settings(max_examples=50, deadline=None)
@given(tables)
def test_scaler_stays_in_the_unit_cube_and_comes_back(values):
    scaler = RangeScaler.of(values)
    scaled = scaler.scale(values)
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    np.testing.assert_allclose(scaler.restore(scaled), values, rtol=1e-12, atol=1e-9)


def test_networks_see_columns_of_mean_zero_and_one_unit_for_each_1_4_deviations():
    scaler = InputScaler.of(np.array([[10.0], [20.0], [30.0]]))
    np.testing.assert_allclose(scaler.centre, [0.5])
    np.testing.assert_allclose(scaler.unit, [1.4 / np.sqrt(6)])  # 0, 1/2 and 1 have the variance 1/6
    np.testing.assert_allclose(scaler.scale(np.array([[20.0], [30.0]])), [[0], [0.5 * np.sqrt(6) / 1.4]])


def test_networks_see_zero_where_a_column_is_constant():
    scaler = InputScaler.of(np.array([[7.0, 0.0], [7.0, 4.0]]))
    np.testing.assert_allclose(scaler.scale(np.array([[7.0, 2.0], [8.0, 2.0]])), [[0, 0], [1, 0]])


def test_inputs_are_scaled_by_weighted_means_and_spreads():
    repeated = InputScaler.of(np.array([[0.0], [0.0], [0.0], [4.0]]))
    weighted = InputScaler.of(np.array([[0.0], [4.0]]), np.array([3.0, 1.0]))
    np.testing.assert_allclose(weighted.centre, [0.25])
    np.testing.assert_allclose(weighted.unit, 1.4 * np.sqrt(3 / 16))
    np.testing.assert_allclose(repeated.scale(np.array([[1.0]])), weighted.scale(np.array([[1.0]])))


def test_a_range_beyond_the_largest_float_is_named():
    with pytest.raises(InvalidDataError, match=r"column 1 are further apart than a float can say"):
        RangeScaler.of(np.array([[0.0, -1.7e308], [1.0, 1.7e308]]))


def test_the_held_out_error_is_split_by_what_networks_disagree_on():
    is_held_out = np.array([[True, False], [False, True]])
    draws = np.empty((2, 2, 2, 1))
    draws[..., 0] = [[[1, 3], [2, 2]], [[5, 5], [4, 8]]]
    # Network 0 did not see row 0 and says 2 there, network 1 did not see row 1 and says 6: errors 3 and -2,
    # mean square 6.5. The networks say (2, 2) and (5, 6): variance between them 0 and 1/4, mean 1/8. The
    # draws have the variances 1/2 and 9/4, mean 11/8.
    noise, scale = HeldOutError.of(np.array([[5.0], [4.0]]), draws, is_held_out).split()
    np.testing.assert_allclose(noise, [6.5 - 1 / 8])
    np.testing.assert_allclose(scale, [(1 / 8) / (11 / 8)])


def test_noise_of_a_single_network_is_that_of_the_training_rows():
    draws = np.zeros((3, 1, 4, 2))
    y = np.array([[1.0, 2.0], [1, 4], [1, 6]])
    noise, scale = HeldOutError.of(y, draws, np.zeros((3, 1), dtype=bool)).split()
    np.testing.assert_allclose(noise, [1, 56 / 3])
    np.testing.assert_allclose(scale, [1, 1])


def test_noise_keeps_a_share_of_the_error_under_a_wide_spread():
    draws = np.zeros((2, 1, 2, 1))
    draws[:, 0, :, 0] = [-10, 10]
    noise, _ = HeldOutError.of(np.array([[2.0], [2.0]]), draws, np.zeros((2, 1), dtype=bool)).split()
    assert SMALLEST_NOISE_SHARE == 0.05
    np.testing.assert_allclose(noise, [0.05 * 4])


def test_first_weights_fill_the_glorot_interval():
    kernels, biases = initial_weights(3, 2, (50, 30), n_networks=4, seed=1)
    assert [kernel.shape for kernel in kernels] == [(4, 3, 50), (4, 50, 30), (4, 30, 2)]
    assert [bias.shape for bias in biases] == [(4, 50), (4, 30), (4, 2)]
    for kernel, n_in_and_out in zip(kernels, [53, 80, 32], strict=True):
        limit = np.sqrt(6 / n_in_and_out)
        assert kernel.dtype == np.float32
        assert 0.95 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.1)
    assert not any(bias.any() for bias in biases)


def test_first_weights_follow_the_seed_and_differ_between_networks():
    kernels = [initial_weights(3, 1, (5,), 2, seed)[0][0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert np.all(kernels[0] != kernels[2])
    assert np.all(kernels[0][0] != kernels[0][1])


@pytest.mark.parametrize("dropout", [0.05, 0.25, 0.5])
def test_masks_hold_zero_or_one_over_keep_with_mean_one(dropout):
    masks = draw_masks(networks_of((40, 30), dropout=dropout), 500, np.random.default_rng(0))
    assert [mask.shape for mask in masks] == [(2, 500, 40), (2, 500, 30)]
    for mask in masks:
        np.testing.assert_array_equal(np.unique(mask), np.float32([0, 1 / (1 - dropout)]))
        standard_error = np.sqrt(dropout / (1 - dropout) / mask.size)
        assert abs(mask.mean(dtype=float) - 1) < 5 * standard_error


def test_masks_without_dropout_are_all_one():
    masks = draw_masks(networks_of((4,), dropout=0.0), 3, np.random.default_rng(0))
    np.testing.assert_array_equal(masks[0], np.ones((2, 3, 4)))


def test_networks_tell_their_shape():
    networks = networks_of((4, 7), n_networks=3)
    assert (networks.n_networks, networks.hidden_layer_sizes) == (3, (4, 7))


def test_without_dropout_the_spread_is_that_between_networks():
    rng = np.random.default_rng(0)
    draws = np.repeat(rng.normal(size=(30, 4, 1, 1)), 5, axis=2)
    y = rng.normal(scale=3, size=(30, 1))
    _, scale = HeldOutError.of(y, draws, np.arange(30)[:, None] % 4 == np.arange(4)).split()
    np.testing.assert_allclose(scale, [1])


def test_errors_are_weighted_means():
    y = np.array([[1.0], [4.0]])
    draws = np.zeros((2, 2, 1, 1))
    draws[:, 1] = 2  # network 0 says 0, network 1 says 2
    is_held_out = np.array([[True, False], [False, True]])
    np.testing.assert_array_equal(held_out_mean(draws, is_held_out), [[0], [2]])
    error = HeldOutError.of(y, draws, is_held_out, np.array([3.0, 1.0]))
    np.testing.assert_allclose(error.error, [(3 * 1 + 1 * 4) / 4])
    np.testing.assert_allclose([error.between, error.spread], [[1], [1]])
    assert (error.weight, error.is_honest) == (4, True)


def test_only_the_rows_that_were_held_out_are_judged():
    y = np.array([[1.0], [5.0]])
    is_held_out = np.array([[True], [False]])
    error = HeldOutError.of(y, np.zeros((2, 1, 3, 1)), is_held_out)
    np.testing.assert_allclose(error.error, [1])
    assert error.weight == 1


def test_errors_of_two_tables_are_averaged_and_honest_ones_stand_alone():
    def of(error, weight, is_honest=True):
        return HeldOutError(np.array([error]), np.array([0.0]), np.array([1.0]), weight, is_honest)

    both = of(1.0, 3.0).joined(of(5.0, 1.0))
    assert (both.error.tolist(), both.weight) == ([2.0], 4.0)
    assert of(1.0, 3.0, is_honest=False).joined(of(5.0, 1.0)).error.tolist() == [5.0]
    assert of(5.0, 1.0).joined(of(1.0, 3.0, is_honest=False)).error.tolist() == [5.0]
