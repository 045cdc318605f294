"""A short trial of dropout networks, without TensorFlow: the same networks as those of a fit."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge

from bnnopt import BayesianStackingRegressor, MCDropoutRegressor


def rows(n=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 3))
    return X, np.sin(6 * X[:, 0]) + X[:, 1] + 0.1 * rng.standard_normal(n)


@pytest.mark.tensorflow
def test_a_trial_predicts_held_out_rows_as_well_as_a_fit_of_as_many_updates():
    X, y = rows(120)
    settings = {"max_iter": 500, "random_state": 0}
    fit, trial = MCDropoutRegressor(**settings).fit(X, y), MCDropoutRegressor(**settings).fit_trial(X, y)
    assert trial.held_out_log_density_ == pytest.approx(fit.held_out_log_density_, abs=0.15)
    assert trial.loss_ == pytest.approx(fit.loss_, rel=0.3)
    correlation = np.corrcoef(trial.predict(X), fit.predict(X))[0, 1]
    assert correlation > 0.98


@pytest.mark.tensorflow
def test_the_same_seed_gives_the_same_numbers():
    X, y = rows()
    predicted = [MCDropoutRegressor(max_iter=50, random_state=3).fit_trial(X, y).predict(X) for _ in range(2)]
    np.testing.assert_array_equal(*predicted)


@pytest.mark.tensorflow
def test_repeats_and_weights_are_alike():
    X, y = rows(30)
    weights = np.ones(30)
    weights[3] = 2
    once = MCDropoutRegressor(max_iter=50, random_state=0).fit_trial(X, y, sample_weight=weights)
    twice = MCDropoutRegressor(max_iter=50, random_state=0)
    twice.fit_trial(np.vstack([X, X[3:4]]), np.append(y, y[3]))
    np.testing.assert_array_equal(once.predict(X), twice.predict(X))


@pytest.mark.tensorflow
def test_a_stacking_that_leaves_networks_out_does_not_load_tensorflow():
    code = (
        "import sys, numpy as np; from bnnopt import BayesianStackingRegressor\n"
        "X = np.linspace(0, 1, 20)[:, None]\n"
        "model = BayesianStackingRegressor(random_state=0).fit(X, np.sin(6 * X[:, 0]))\n"
        "assert 'short trial' in model.left_out_['mc_dropout'], model.left_out_\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.tensorflow
def test_networks_join_where_their_trial_helps():
    rng = np.random.default_rng(0)
    X = rng.random((300, 6))
    y = np.where(X[:, 0] + X[:, 1] > 1, 3.0, 0.0) + np.abs(X[:, 2] - 0.5) + 0.05 * rng.standard_normal(300)
    members = [("linear", BayesianRidge())]
    networks = MCDropoutRegressor(max_iter=1500)
    model = BayesianStackingRegressor([*members, ("networks", networks)], random_state=0).fit(X, y)
    assert "networks" in model.estimators_


@pytest.mark.tensorflow
def test_a_trial_goes_on_from_its_last_part():
    """With steps of next to nothing it stays where the part before ended, which itself stays as it was."""
    X, y = rows()
    half = MCDropoutRegressor(max_iter=50, random_state=0).fit_trial(X, y, share=0.5)
    assert half.n_iter_ == 25
    kept = [kernel.copy() for kernel in half.networks_.kernels]
    still = MCDropoutRegressor(max_iter=50, learning_rate_init=1e-7, random_state=0)
    still.fit_trial(X, y, previous=half, share=0.2)
    assert still.n_iter_ == 10
    for before, same, after in zip(kept, half.networks_.kernels, still.networks_.kernels, strict=True):
        np.testing.assert_array_equal(before, same)
        np.testing.assert_allclose(before, after, atol=1e-4)
