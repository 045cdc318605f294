"""An outcome without bounds that reaches over orders of magnitude is learned as a root of itself.

The scale and the weighing of its trial are functions of numbers, imported by themselves: an estimator chooses
centre, unit and power by its rows.
"""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from bnnopt import BoundedRegressor, GaussianProcessEnsembleRegressor
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import HeldOutPredictions, needs_power_scale
from bnnopt.surrogates._scales._warps import PowerScale, marginal_gain
from bnnopt.testing import check_surrogate

RNG = np.random.default_rng(0)
X = RNG.random((40, 2))
STEEP = np.exp(4 * np.sin(5 * X[:, 0]) + 9 * X[:, 1])  # over five orders of magnitude
SMOOTH = np.sin(3 * X[:, 0]) + X[:, 1]
ONES, NONE = np.ones(40), np.zeros(40)


def quick(**parameters):
    return GaussianProcessEnsembleRegressor(("matern_5_2", "squared_exponential"), **parameters)


def test_numbers_known_by_hand():
    scale = PowerScale(centre=10.0, unit=2.0, power=0.5)
    assert scale.to_latent(np.array([10.0, 16.0, -6.0])) == pytest.approx([0.0, 2.0, -4.0])
    assert scale.outcome(np.array([0.0, 2.0, -4.0])) == pytest.approx([10.0, 16.0, -6.0])
    assert np.exp(scale.log_slope(np.array([10.0, 16.0]))) == pytest.approx([0.5, 0.25])


@pytest.mark.parametrize("power", [0.5, 0.25])
def test_the_inverse_and_the_slope(power):
    scale = PowerScale(-3.0, 0.7, power)
    y = np.array([-1e6, -20.0, -3.0, -2.9, 5.0, 1e9])
    assert scale.outcome(scale.to_latent(y)) == pytest.approx(y, rel=1e-9)
    step = 1e-6 * np.maximum(np.abs(y + 3), 1.0)
    slope = (scale.to_latent(y + step) - scale.to_latent(y - step)) / (2 * step)
    assert np.exp(scale.log_slope(y)) == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("std", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("z", [-2.0, 4.0])
def test_moments_under_noise_are_those_of_an_integral(z, std):
    scale = PowerScale(1.0, 0.5, 0.25)
    at, of = np.array([z]), np.array([std])

    def mean_of(function):
        own = norm(z, std).pdf
        return quad(
            lambda v: own(v) * function(v), z - 10 * std, z + 10 * std, points=[0.0] if std else None
        )[0]

    mean = mean_of(scale.outcome) if std else scale.outcome(z)
    variance = mean_of(lambda v: (scale.outcome(v) - mean) ** 2) if std else 0.0
    assert scale.expected(at, of)[0] == pytest.approx(mean, rel=1e-2)
    assert scale.variance(at, of)[0] == pytest.approx(variance, rel=2e-2)
    step = 1e-5
    slope = (scale.expected(at + step, of) - scale.expected(at - step, of)) / (2 * step)
    assert scale.expected_slope(at, of)[0] == pytest.approx(slope[0], rel=1e-3)


def test_the_centre_is_where_values_crowd():
    steep = PowerScale.of(STEEP, ONES)
    assert steep.centre == STEEP.min()
    assert PowerScale.of(-STEEP, ONES).centre == -steep.centre
    both = np.concatenate([STEEP, -STEEP])
    assert PowerScale.of(both, np.ones(80)).centre == np.median(both)


def test_the_scale_has_the_unit_of_the_values():
    one, other = PowerScale.of(STEEP, ONES), PowerScale.of(1e-3 * STEEP + 5, ONES)
    assert (other.centre - 5, other.unit) == pytest.approx((1e-3 * one.centre, 1e-3 * one.unit))
    assert marginal_gain(1e-3 * STEEP + 5, ONES) == pytest.approx(marginal_gain(STEEP, ONES))


def test_held_out_rows_speak_for_it_where_values_are_steep_and_not_where_they_are_smooth():
    assert needs_power_scale(X, STEEP, ONES, NONE)
    assert needs_power_scale(X, -STEEP, ONES, NONE)
    assert not needs_power_scale(X, SMOOTH, ONES, NONE)
    assert not needs_power_scale(X, ONES, ONES, NONE)
    assert not needs_power_scale(X[:7], STEEP[:7], ONES[:7], NONE[:7])


def test_the_regressor_without_bounds_chooses():
    steep = BoundedRegressor(quick(), random_state=0).fit(X, STEEP)
    assert (steep.scale_, BoundedRegressor(quick(), random_state=0).fit(X, SMOOTH).scale_) == (
        "power",
        "identity",
    )
    low, high = steep.predict_quantiles(X, [0.025, 0.975]).T
    assert np.mean((low <= STEEP) & (high >= STEEP)) >= 0.9
    draws = steep.sample_y(X[:3], 200, random_state=0)
    assert np.abs(draws.mean(axis=1) - steep.predict(X[:3])) == pytest.approx(0, abs=0.05 * STEEP.std())


def test_it_keeps_the_rules_of_surrogates():
    names = ("gradients_are_slopes_of_the_mixture", "mixture_has_the_moments_of_predict", "noise_adds_to_std")
    assert check_surrogate(BoundedRegressor(quick(), scale="power"), checks=names).passed == names


def test_bounds_and_a_root_do_not_go_together():
    with pytest.raises(InvalidDataError, match="'power' is for outcomes without bounds"):
        BoundedRegressor(quick(), 0, None, "power").fit(X, STEEP)


def test_held_out_predictions_come_in_the_unit_of_the_outcome():
    held_out = BoundedRegressor(quick(), scale="power", random_state=0).fit(X, STEEP).predict_held_out()
    assert isinstance(held_out, HeldOutPredictions)
    assert np.corrcoef(held_out.mean.ravel(), STEEP[held_out.rows])[0, 1] > 0.9
