"""When a training stops, and what is seen of it: early stopping, warnings, callbacks, the progress bar."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from bnnopt.surrogates import MCDropoutRegressor


class Recorder(keras.callbacks.Callback):
    """Keeps the logs of each chunk; stops after `last` chunks."""

    def __init__(self, last=None):
        super().__init__()
        self.last = last
        self.logs = []

    def on_epoch_end(self, epoch, logs=None):
        self.logs.append(dict(logs))
        if len(self.logs) == self.last:
            self.model.stop_training = True


@pytest.fixture(scope="module")
def noise_only():
    """Nothing to learn: the held-out error can only rise."""
    rng = np.random.default_rng(0)
    return rng.uniform(size=(30, 4)), rng.normal(size=30)


def small(**parameters):
    setting = {
        "hidden_layer_sizes": (20,),
        "n_networks": 2,
        "dropout": 0.0,
        "random_state": 0,
    }
    return MCDropoutRegressor(**(setting | parameters))


def test_early_stopping_goes_back_to_the_best_chunk(noise_only):
    model = small(max_iter=5000, early_stopping=True, n_iter_no_change=2).fit(*noise_only)
    best = int(np.argmax(model.validation_scores_))
    assert model.best_validation_score_ == model.validation_scores_[best]
    assert len(model.validation_scores_) == len(model.loss_curve_) == model.n_iter_ // 250
    assert len(model.validation_scores_) == best + 3
    assert model.n_iter_ < 5000
    longer = small(max_iter=5000, early_stopping=True, n_iter_no_change=4).fit(*noise_only)
    np.testing.assert_array_equal(longer.predict(noise_only[0]), model.predict(noise_only[0]))


@pytest.mark.parametrize(("n_networks", "n_held_out"), [(1, 6), (3, 30)])
def test_what_is_held_out_for_early_stopping(noise_only, n_networks, n_held_out):
    model = small(n_networks=n_networks, max_iter=20, early_stopping=True, validation_fraction=0.2)
    model.fit(*noise_only)
    assert model._posterior.posterior.holdout.is_held_out.sum() == n_held_out
    assert len(model.validation_scores_) == 1


def test_a_single_network_holds_nothing_out_without_early_stopping(noise_only):
    model = small(n_networks=1, max_iter=20).fit(*noise_only)
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    assert not model._posterior.posterior.holdout.is_held_out.any()


def test_scores_are_r_squared_of_the_held_out_rows():
    X = np.linspace(0, 1, 40)[:, None]
    model = small(max_iter=500).fit(X, X[:, 0])
    assert len(model.validation_scores_) == 2
    assert 0.95 < model.best_validation_score_ <= 1
    assert model.loss_ == model.loss_curve_[-1]


def test_a_training_that_is_too_short_warns(noise_only):
    X = noise_only[0]
    model = small(max_iter=500, learning_rate_init=5e-4)
    with pytest.warns(ConvergenceWarning, match=r"max_iter=500 was reached: by \d+% .* Raise max_iter"):
        model.fit(X, X[:, 0])


def test_an_ordinary_training_does_not_warn(noise_only):
    X, noise = noise_only
    MCDropoutRegressor(n_networks=2, random_state=0).fit(X, X[:, 0] + 0.3 * noise)


def test_a_single_network_without_held_out_rows_has_a_loss_that_falls():
    X = np.linspace(0, 1, 40)[:, None]
    recorder = Recorder()
    model = small(n_networks=1, max_iter=500, callbacks=[recorder]).fit(X, X[:, 0])
    assert model.loss_curve_[0] > model.loss_curve_[1] > 0
    assert [set(logs) for logs in recorder.logs] == [{"loss"}] * 2


def test_callbacks_see_each_chunk(quick, rows, outcomes):
    recorder = Recorder()
    model = quick(max_iter=600, callbacks=[recorder]).fit(rows, outcomes[:, 0])
    assert [set(logs) for logs in recorder.logs] == [{"loss", "val_loss"}] * 3
    assert [logs["loss"] for logs in recorder.logs] == model.loss_curve_
    assert all(type(value) is float for logs in recorder.logs for value in logs.values())


def test_nothing_held_out_is_nothing_to_log(quick, rows, outcomes):
    recorder = Recorder()
    quick(n_networks=1, callbacks=(recorder,)).fit(rows, outcomes)
    assert [set(logs) for logs in recorder.logs] == [{"loss"}]


def test_a_callback_stops_the_training(quick, rows, outcomes):
    model = quick(max_iter=2000, callbacks=[Recorder(last=2)]).fit(rows, outcomes)
    assert model.n_iter_ == 500
    assert len(model.loss_curve_) == 2


def test_callbacks_can_be_cloned_and_stored_after_a_fit(quick, rows, outcomes, fitted_single):
    model = quick(callbacks=[Recorder()]).fit(rows, outcomes[:, 0])
    np.testing.assert_array_equal(model.predict(rows), fitted_single.predict(rows))
    assert len(clone(model).callbacks[0].logs) == 1
    assert len(pickle.loads(pickle.dumps(model)).callbacks[0].logs) == 1


@pytest.mark.parametrize("callback", ["print", Recorder])
def test_what_is_no_callback_is_refused(quick, rows, outcomes, callback):
    with pytest.raises(TypeError, match=r"instances of keras\.callbacks\.Callback, got"):
        quick(callbacks=[callback]).fit(rows, outcomes)


def test_a_progress_bar_goes_to_the_standard_error(quick, rows, outcomes, fitted_single, capsys):
    model = quick(verbose=1).fit(rows, outcomes[:, 0])
    output = capsys.readouterr()
    assert output.out == ""
    assert "100/100" in output.err
    assert "loss" in output.err
    np.testing.assert_array_equal(model.predict(rows), fitted_single.predict(rows))


def test_it_is_silent_by_default(quick, rows, outcomes, capfd):
    quick(max_iter=2).fit(rows, outcomes)
    assert capfd.readouterr() == ("", "")
