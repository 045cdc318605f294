"""The proxy that screens long pools: random waves and products of the inputs, fitted by ridge regression.

It is imported by itself, as a function of arrays: a pool shows only which candidates it lets through, not its
error, which widens its predictions, nor that units and constants cost it no digits.
"""

import numpy as np
import pytest

from bnnopt.optimizer._maximum._proxy import fit_proxy


def quadratic(points):
    centred = points - 0.3
    return 3.0 + (centred @ np.arange(1.0, points.shape[1] + 1)) ** 2


def linear(points):
    return points @ np.linspace(-1, 2, points.shape[1]) - 5.0


def fitted(function, n_dims, std=0.1, n=1200):
    rng = np.random.default_rng(0)
    points = rng.random((n, n_dims))
    mean = np.column_stack([function(points)])
    return fit_proxy(points, mean, np.full(mean.shape, std), rng), rng.random((500, n_dims))


@pytest.mark.parametrize(
    ("function", "n_dims"), [(linear, 1), (linear, 5), (linear, 40), (quadratic, 1), (quadratic, 5)]
)
def test_simple_functions_are_learned_to_a_small_error(function, n_dims):
    proxy, points = fitted(function, n_dims)
    mean, std = proxy.moments(points)
    truth = function(points)
    assert mean.shape == std.shape == (500, 1)
    assert np.sqrt(np.mean((mean[:, 0] - truth) ** 2)) < 0.002 * np.ptp(truth)
    assert proxy.error[0] < 0.002 * np.ptp(truth)
    np.testing.assert_allclose(std, np.hypot(0.1, proxy.error[0]), rtol=1e-3)


def test_what_is_not_learned_widens_the_predictions():
    def noise(points):
        return np.random.default_rng(1).standard_normal(len(points))

    proxy, points = fitted(noise, 3, std=0.5)
    assert proxy.error[0] == pytest.approx(1.0, abs=0.2)
    np.testing.assert_allclose(proxy.moments(points)[1], np.hypot(0.5, proxy.error[0]), rtol=1e-3)


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1e-9), (1e6, 1.0), (-1e9, 1e3), (0.0, 1e12)])
def test_units_do_not_matter(offset, scale):
    plain, points = fitted(quadratic, 3)
    other, _ = fitted(lambda points: offset + scale * quadratic(points), 3, std=0.1 * scale)
    (mean, std), (other_mean, other_std) = plain.moments(points), other.moments(points)
    tolerance = 1e-4 + 1e-15 * abs(offset) / scale
    np.testing.assert_allclose((other_mean - offset) / scale, mean, atol=tolerance)
    np.testing.assert_allclose(other_std / scale, std, rtol=1e-3)


@pytest.mark.parametrize("value", [0.0, -7.5, 1e9])
@pytest.mark.parametrize("std", [0.0, 0.3])
def test_a_constant_is_learned_exactly(value, std):
    proxy, points = fitted(lambda points: np.full(len(points), value), 4, std=std)
    mean, found = proxy.moments(points)
    np.testing.assert_array_equal(mean, value)
    np.testing.assert_allclose(found, std, atol=1e-300)
    assert proxy.error.tolist() == [0.0]


def test_several_outputs_with_a_standard_deviation_that_varies():
    rng = np.random.default_rng(0)
    points, new = rng.random((1200, 2)), rng.random((400, 2))

    def moments(points):
        mean = np.column_stack([linear(points), np.full(len(points), 4.0), np.sin(4 * points[:, 0])])
        return mean, np.column_stack([0.1 + points[:, 0], np.full(len(points), 1e-3), np.exp(points[:, 1])])

    proxy = fit_proxy(points, *moments(points), rng)
    (mean, std), (true_mean, true_std) = proxy.moments(new), moments(new)
    assert proxy.error.shape == (3,)
    np.testing.assert_allclose(mean, true_mean, atol=0.02)
    np.testing.assert_allclose(std, true_std, rtol=0.05)
