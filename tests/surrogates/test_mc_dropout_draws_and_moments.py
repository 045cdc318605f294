"""The posterior: draws that follow their seed and take turns, moments that agree with them."""

import numpy as np
import pytest


def test_noise_variance_is_the_difference_of_the_variances(fitted, rows):
    mean, total = fitted.predict(rows, return_std=True)
    mean_of_function, of_function = fitted.predict(rows, return_std=True, noise=False)
    np.testing.assert_array_equal(mean, mean_of_function)
    assert np.all(of_function < total)
    expected = np.broadcast_to(fitted.noise_variance_, total.shape)
    np.testing.assert_allclose(total**2 - of_function**2, expected, rtol=1e-6)


def test_noise_without_return_std_changes_nothing(fitted, rows):
    np.testing.assert_array_equal(fitted.predict(rows, noise=False), fitted.predict(rows))


def test_two_predictions_are_equal(fitted, rows):
    for first, second in zip(
        fitted.predict(rows, return_std=True), fitted.predict(rows, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(fitted.sample_y(rows, 7), fitted.sample_y(rows, 7))


def test_draws_follow_their_seed(fitted, rows):
    draws = [fitted.sample_y(rows, 9, random_state=seed) for seed in (4, 4, 5)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.mean(draws[0] != draws[2]) > 0.9
    state = np.random.RandomState(4)
    first, second = (fitted.sample_y(rows, 9, random_state=state) for _ in range(2))
    assert np.mean(first != second) > 0.9
    again = fitted.sample_y(rows, 9, random_state=np.random.RandomState(4))
    np.testing.assert_array_equal(again, first)


def test_draws_differ_from_each_other(fitted, rows):
    draws = fitted.sample_y(rows[:1], 12)[0, 0]
    assert len(np.unique(draws)) == 12


def test_networks_take_turns(quick, rows, outcomes):
    model = quick(n_networks=3, dropout=0, max_iter=5).fit(rows, outcomes)
    draws = model.sample_y(rows, 7)  # without dropout each network is one function
    np.testing.assert_array_equal(draws[..., :3], draws[..., 3:6])
    np.testing.assert_array_equal(draws[..., 0], draws[..., 6])
    mean, std = model.predict(rows, return_std=True, noise=False)
    np.testing.assert_allclose(draws[..., :3].mean(axis=-1), mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(draws[..., :3].std(axis=-1), std, rtol=1e-4)


def test_moments_of_many_draws_agree_with_predict(quick, rows, outcomes):
    model = quick(dropout=0.2, n_masks=2000, hidden_layer_sizes=(10, 10)).fit(rows, outcomes)
    mean, std = model.predict(rows, return_std=True, noise=False)
    draws = model.sample_y(rows, 4000, random_state=1)
    # Both sides average over 4,000 random masks.
    assert np.all(np.abs(draws.mean(axis=-1) - mean) < 5 * std * np.sqrt(2 / 4000))
    np.testing.assert_allclose(draws.std(axis=-1), std, rtol=0.1)


def test_a_single_network_without_dropout_has_no_spread(quick, rows, outcomes):
    model = quick(n_networks=1, dropout=0, max_iter=5).fit(rows, outcomes)
    _, std = model.predict(rows, return_std=True, noise=False)
    assert np.all(std < 1e-6 * np.ptp(outcomes, axis=0))
    _, total = model.predict(rows, return_std=True)
    np.testing.assert_allclose(total, np.broadcast_to(np.sqrt(model.noise_variance_), total.shape))


@pytest.mark.parametrize("n_samples", [0, -3])
def test_no_draws_are_refused(fitted, rows, n_samples):
    with pytest.raises(ValueError, match=f"n_samples must be a whole number of at least 1, got {n_samples}"):
        fitted.sample_y(rows, n_samples)
