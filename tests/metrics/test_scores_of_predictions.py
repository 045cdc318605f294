import numpy as np
import pytest

from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import calibration_curve, calibration_error, prediction_scores


def test_figures_known_by_hand():
    scores = prediction_scores([0.0, 2.0, 4.0], [0.0, 2.0, 1.0], [1.0, 1.0, 1.0])
    assert scores.n == 3
    assert scores.mae == 1
    assert scores.rmse == pytest.approx(np.sqrt(3))
    assert scores.r2 == pytest.approx(1 - 9 / 8)
    assert scores.inside == pytest.approx(2 / 3)
    assert scores.half_width == pytest.approx(1.95996, abs=1e-4)
    assert scores.log_density == pytest.approx(-0.5 * np.log(2 * np.pi) - 1.5)


def test_given_intervals_count_before_normal_ones():
    scores = prediction_scores([0.0, 4.0], [0.0, 0.0], [1.0, 1.0], lower=[-1, -1], upper=[5, 5])
    assert (scores.inside, scores.half_width) == (1, 3)
    with pytest.raises(InvalidDataError, match="both ends"):
        prediction_scores([0.0], [0.0], [1.0], lower=[-1])
    with pytest.raises(InvalidDataError, match="One outcome"):
        prediction_scores([[0.0]], [[0.0]], [[1.0]])
    assert np.isnan(prediction_scores([1.0, 1.0], [0.0, 0.0], [1.0, 1.0]).r2)


def test_a_calibration_curve_is_what_its_error_is_made_of():
    y = np.random.default_rng(0).normal(size=(50, 2))
    mean, std = np.zeros((50, 2)), np.ones((50, 2)) * [1.0, 3.0]
    levels, observed = calibration_curve(y, mean, std)
    assert observed.shape == (19, 2)
    np.testing.assert_allclose(
        np.abs(observed - levels[:, None]).mean(axis=0), calibration_error(y, mean, std)
    )
    assert (np.diff(observed, axis=0) >= 0).all()
    np.testing.assert_array_equal(observed[:, 0], calibration_curve(y[:, 0], mean[:, 0], std[:, 0])[1])
