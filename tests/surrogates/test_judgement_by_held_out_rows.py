"""How held-out rows judge networks: density and calibration by hand, and no more passes than needed."""

from types import SimpleNamespace

import numpy as np
import pytest

from bnnopt.surrogates import _learning as learning
from bnnopt.surrogates._judging import Judgement, TrainedGuess
from bnnopt.surrogates._trained_fit import TrainedFit
from bnnopt.surrogates._wide import OneOutput

Y = np.array([1.0, -1.0, 3.0, 0.0])
HALF_LOG_TWO_PI = 0.9189385332046727


class Passes(SimpleNamespace):
    """Networks that predict 10 with a variance of 3, in the unit of the output, and count their passes."""

    def moments(self, X):
        self.n_passes += 1
        return np.full((len(X), 2), 10.0), np.full((len(X), 2), 3.0)


def judged(is_judged=True):
    """Mean 10 and unit 2: in standardised units the networks predict 0 with a variance of (3 + 1) / 4 = 1."""
    held_out = np.column_stack([np.full(4, 10.0), np.full(4, np.nan)])
    fit = Passes(n_passes=0, held_out=held_out, noise=np.array([1.0, 13.0]), is_judged=is_judged)
    guess = TrainedGuess(fit, np.zeros((4, 1)))
    rows = OneOutput(np.zeros((4, 1)), Y, np.ones(4), np.ones(4), np.zeros(4))
    return [Judgement(rows, [], guess, place, 10.0, 2.0) for place in (0, 1)], fit


def test_log_density_and_calibration_of_one_predictor():
    (first, second), _ = judged()
    assert first.shares.tolist() == [1.0]
    assert first.calibration() == pytest.approx(11 / 4)
    assert first.log_density() == pytest.approx(-HALF_LOG_TWO_PI - 11 / 8)
    assert first.log_density(4.0) == pytest.approx(-HALF_LOG_TWO_PI - np.log(2) - 11 / 32)
    assert second.calibration() == pytest.approx(11 / 16)  # rows that no network left out count as the mean


def test_rows_pass_once_for_all_outputs():
    judgements, fit = judged()
    for judgement in judgements:
        judgement.calibration(), judgement.log_density()
    assert fit.n_passes == 1


def test_rows_do_not_pass_where_nothing_was_held_out():
    judgements, fit = judged(is_judged=False)
    assert all(np.isnan(judgement.log_density()) for judgement in judgements)
    assert [judgement.shares.tolist() for judgement in judgements] == [[1.0], [1.0]]
    assert fit.n_passes == 0


@pytest.mark.parametrize(
    ("parameters", "n_passes"), [({"n_networks": 1}, 0), ({}, 1), ({"calibrate": True}, 1)]
)
def test_passes_of_a_fit(quick, rows, outcomes, monkeypatch, parameters, n_passes):
    passes, moments = [], TrainedFit.moments
    monkeypatch.setattr(TrainedFit, "moments", lambda self, X: passes.append(len(X)) or moments(self, X))
    quick(max_iter=2, **parameters).fit(rows, outcomes)
    assert passes == [40] * n_passes


def test_a_training_of_one_chunk_needs_no_trial(quick, monkeypatch):
    monkeypatch.setattr(learning, "ROWS_FOR_A_TRIAL", 64)
    X = np.linspace(0, 1, 70)[:, None]
    y = np.sin(3 * X[:, 0]) + 0.1 * np.random.default_rng(0).normal(size=70)
    tried = quick(method="auto", max_iter=600).fit(X, y)
    assert not hasattr(tried, "networks_")
    straight = quick(method="auto", max_iter=600).partial_fit(X, y)
    assert straight.n_iter_ == 250
    assert "trained" in straight.shares_.index
