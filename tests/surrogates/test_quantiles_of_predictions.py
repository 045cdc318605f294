"""Quantiles of predictions: closed forms where there are any, shapes, orders, and what is refused."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates import ARDGaussianProcessRegressor


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
