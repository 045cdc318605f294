"""Quantiles of predictions: closed forms where there are any, shapes, orders, and what is refused."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import ARDGaussianProcessRegressor
from bnnopt.surrogates._predictive._quantiles import mixture_quantiles

LEVELS = np.array([0.975, 0.5, 0.025, 1e-9, 1 - 1e-9])


def quantiles_of(shares, means, stds, levels):
    """Quantiles at one row."""
    found = mixture_quantiles(np.array(shares), np.array(means)[:, None], np.array(stds)[:, None], levels)
    return found[0]


def test_one_component_has_those_of_the_normal_distribution():
    assert quantiles_of([1.0], [3.0], [2.0], LEVELS) == pytest.approx(3 + 2 * ndtri(LEVELS), rel=1e-14)


def test_equal_components_are_one():
    found = quantiles_of([0.3, 0.7], [3.0, 3.0], [2.0, 2.0], LEVELS)
    assert found == pytest.approx(3 + 2 * ndtri(LEVELS), rel=1e-12)


def test_the_median_of_two_mirrored_components_is_between_them():
    assert quantiles_of([0.5, 0.5], [-4.0, 4.0], [1.0, 1.0], np.array([0.5])) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("level", [1e-8, 0.01, 0.3, 0.69, 0.71, 0.999, 1 - 1e-8])
def test_the_distribution_function_at_a_quantile_is_its_level(level):
    shares, means, stds = np.array([0.7, 0.2, 0.1]), np.array([0.0, 50.0, -3.0]), np.array([1.0, 0.01, 9.0])
    x = quantiles_of(shares, means, stds, np.array([level]))[0]
    tail = min(level, 1 - level)
    side = 1 if level <= 0.5 else -1
    assert shares @ ndtr(side * (x - means) / stds) == pytest.approx(tail, rel=1e-6)


def test_components_without_spread_are_steps():
    levels = np.array([0.1, 0.29, 0.31, 0.9])
    assert quantiles_of([0.3, 0.7], [1.0, 2.0], [0.0, 0.0], levels) == pytest.approx([1, 1, 2, 2], abs=1e-7)
    assert quantiles_of([0.3, 0.7], [1.0, 1.0], [0.0, 0.0], levels).tolist() == [1, 1, 1, 1]


def test_quantiles_rise_with_the_level_and_hold_the_median(each, rows):
    levels = [0.025, 0.25, 0.5, 0.75, 0.975]
    found = each.predict_quantiles(rows, levels)
    assert found.shape == (40, 2, 5)
    assert (np.diff(found, axis=-1) > 0).all()
    mean, std = each.predict(rows, return_std=True)
    assert (np.abs(found[..., 2] - mean) <= std).all()  # no median is further from the mean


def test_the_function_alone_has_narrower_intervals(each, rows):
    noisy, alone = (np.ptp(each.predict_quantiles(rows, [0.1, 0.9], noise=own), axis=-1) for own in (1, 0))
    assert (alone < noisy).all()


def test_quantiles_are_those_of_the_mixture_at_levels_as_unseen_rows_say(processes, rows, outcomes):
    model = processes().fit(rows, outcomes[:, 0])
    shares, means, stds = model.predict_mixture(rows)
    noise = model.predict_noise_variance(rows)
    found = model.predict_quantiles(rows, [0.2, 0.8, 0.5])
    at = [shares @ ndtr((each - means) / np.sqrt(stds**2 + noise)) for each in found.T]
    assert np.ptp(at, axis=1) == pytest.approx(np.zeros(3), abs=1e-10)
    assert at[0] + at[1] == pytest.approx(np.ones(len(rows)), abs=1e-10)
    assert at[2] == pytest.approx(0.5, abs=1e-10)


def test_a_gaussian_process_has_normal_quantiles(rows, outcomes):
    model = ARDGaussianProcessRegressor(random_state=0).fit(rows, outcomes[:, 0])
    for noise in (True, False):
        mean, std = model.predict(rows, return_std=True, noise=noise)
        found = model.predict_quantiles(rows, [0.5, 0.975], noise=noise)
        assert found == pytest.approx(np.column_stack([mean, mean + ndtri(0.975) * std]), rel=1e-12)


@pytest.mark.parametrize("levels", [[0.0, 0.5], [0.5, 1.0], [], [[0.5]], 0.5, [np.nan]])
def test_levels_out_of_range_are_refused(each, rows, levels):
    with pytest.raises(InvalidDataError, match="quantiles must be a list of numbers above 0 and below 1"):
        each.predict_quantiles(rows, levels)
