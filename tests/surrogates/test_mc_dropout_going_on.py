"""Training that goes on: warm starts, partial fits, and what stays when one is stopped."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from bnnopt.surrogates import MCDropoutRegressor


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C after the first chunk."""

    def on_epoch_end(self, epoch, logs=None):
        raise KeyboardInterrupt


def kernels_of(model):
    return [kernel.copy() for kernel in model.networks_.kernels]


@pytest.fixture(scope="module")
def line():
    X = np.linspace(0, 1, 24)[:, None]
    return X, 3 * X[:, 0] + 1


def test_a_warm_start_goes_on_and_lowers_the_loss(quick, line):
    model = quick(warm_start=True, dropout=0.0).fit(*line)
    first_loss, scaling = model.loss_, model._posterior.scaling
    model.fit(line[0] + 5, line[1])
    assert model._posterior.scaling is scaling
    model.fit(*line)
    assert len(model.loss_curve_) == len(model.validation_scores_) == 3
    assert model.loss_curve_[0] == first_loss
    assert model.fit(*line).loss_ < first_loss
    assert model.n_iter_ == 100


def test_a_cold_start_forgets(quick, rows, outcomes, fitted_single):
    model = quick().fit(rows[:9], outcomes[:9]).fit(rows, outcomes[:, 0])
    np.testing.assert_array_equal(model.predict(rows), fitted_single.predict(rows))
    assert len(model.loss_curve_) == 1


def test_the_first_warm_fit_is_a_cold_one(quick, rows, outcomes, fitted_single):
    model = quick(warm_start=True).fit(rows, outcomes[:, 0])
    np.testing.assert_array_equal(model.predict(rows), fitted_single.predict(rows))


def test_a_warm_start_after_loading_is_that_of_the_stored_model(quick, line):
    model = quick(warm_start=True).fit(*line)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.fit(*line).predict(line[0]), model.fit(*line).predict(line[0]))


def test_rows_stay_with_the_network_that_has_never_seen_them(quick, rows, outcomes):
    model = quick(n_networks=3, warm_start=True).fit(rows[:30], outcomes[:30])
    before = model._posterior.posterior.holdout
    model.fit(rows, outcomes)
    after = model._posterior.posterior.holdout
    assert (len(before.keys), len(after.keys)) == (30, 40)
    np.testing.assert_array_equal(
        after.is_held_out[np.searchsorted(after.keys, before.keys)], before.is_held_out
    )


@pytest.mark.parametrize("is_partial", [False, True], ids=["fit", "partial_fit"])
def test_ctrl_c_leaves_the_last_fit(quick, line, is_partial):
    model = quick(warm_start=True).fit(*line)
    mean, std = model.predict(line[0], return_std=True)
    model.set_params(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        (model.partial_fit if is_partial else model.fit)(*line)
    for mine, theirs in zip(model.predict(line[0], return_std=True), (mean, std), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(model.loss_curve_) == 1


def test_ctrl_c_in_a_cold_start_leaves_the_last_fit(quick, line):
    model = quick().fit(*line)
    before = model.predict(line[0], return_std=True)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[Interrupt()]).fit(line[0] + 5, line[1])
    np.testing.assert_array_equal(model.predict(line[0], return_std=True), before)


def test_ctrl_c_in_a_first_fit_leaves_nothing(quick, line):
    model = quick(callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(*line)
    with pytest.raises(NotFittedError):
        model.predict(line[0])
    assert not [name for name in vars(model) if name.endswith("_")]
    model.set_params(callbacks=None).fit(*line)
    np.testing.assert_array_equal(model.predict(line[0]), quick().fit(*line).predict(line[0]))


def test_an_earlier_fit_on_some_of_the_rows_saves_updates(quick, line):
    X, y = line
    previous = quick(max_iter=600, dropout=0.0).fit(X[::2], y[::2])
    model = quick(max_iter=600, dropout=0.0)
    assert model.fit_after(previous, X, y) is model
    assert (model.n_iter_, previous.n_iter_) == (100, 600)
    assert np.sqrt(np.mean(np.square(model.predict(X) - y))) < 0.15
    anew = quick(max_iter=600, dropout=0.0).fit(X, y)
    for other in (None, quick(n_networks=3, max_iter=2).fit(X, y), quick(max_iter=2).fit(np.tile(X, 2), y)):
        again = quick(max_iter=600, dropout=0.0).fit_after(other, X, y)
        np.testing.assert_array_equal(again.predict(X), anew.predict(X))


def test_a_warm_fit_of_bad_data_leaves_the_last_fit(quick, line):
    model = quick(warm_start=True).fit(*line)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full((3, 1), np.nan), [1.0, 2.0, 3.0])
    assert np.all(np.isfinite(model.predict(line[0])))


@pytest.mark.parametrize("change", [{"n_networks": 3}, {"hidden_layer_sizes": (20, 21)}])
def test_networks_of_another_shape_cannot_go_on(quick, line, change):
    model = quick(warm_start=True).fit(*line).set_params(**change)
    with pytest.raises(ValueError, match=r"n_networks and hidden_layer_sizes are .* had .* warm_start=False"):
        model.fit(*line)


def test_outputs_and_inputs_stay_as_many(quick, line, rows):
    model = quick(warm_start=True).fit(*line)
    with pytest.raises(ValueError, match=r"y has 2 output\(s\), but the training that goes on had 1"):
        model.fit(line[0], np.column_stack([line[1], line[1]]))
    with pytest.raises(ValueError, match="X has 3 features, but MCDropoutRegressor is expecting 1"):
        model.partial_fit(rows, rows[:, 0])


def test_columns_stay_in_order(quick, rows):
    table = pd.DataFrame(rows, columns=["a", "b", "c"])
    model = quick().fit(table, rows[:, 0])
    with pytest.raises(ValueError, match=r"(?s)same order.*Out of order"):
        model.partial_fit(table[["b", "a", "c"]], rows[:, 0])


def test_partial_fits_learn_a_stream(line):
    X, y = line
    model = MCDropoutRegressor((20,), n_networks=2, dropout=0.0, random_state=0)
    order = np.random.default_rng(0).permutation(24)
    for part in np.split(order, 3) * 2:
        assert model.partial_fit(X[np.append(part, [0, 23])], y[np.append(part, [0, 23])]) is model
    assert model.n_iter_ == 250
    assert len(model.loss_curve_) == 6
    assert np.sqrt(np.mean(np.square(model.predict(X) - y))) < 0.15
    assert model._posterior.posterior.total_weight == 60


def test_one_row_is_enough_to_go_on_and_reaches_the_others_only(quick, line):
    model = quick(n_networks=3).fit(*line)
    before = kernels_of(model)
    mean, std = model.partial_fit([[0.4]], [2.0]).predict(line[0], return_std=True)
    is_same = [
        (old == new).all(axis=(1, 2)) for old, new in zip(before, model.networks_.kernels, strict=True)
    ]
    assert np.sum(is_same, axis=1).tolist() == [1, 1, 1]
    assert np.all(np.isfinite(mean))
    assert np.all(std > 0)


def test_the_first_partial_fit_needs_two_rows(quick):
    with pytest.raises(ValueError, match=r"1 sample\(s\) .* minimum of 2 is required"):
        quick().partial_fit([[1.0]], [1.0])


def test_partial_fit_does_not_stop_early(quick, line):
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        quick(early_stopping=True).partial_fit(*line)


def test_masks_of_a_training_that_goes_on_are_new(quick, line):
    model = quick(warm_start=True).fit(*line)
    other = clone(model).fit(*line)
    first, second = (
        model._posterior.posterior.masks[0],
        model.fit(*line)._posterior.posterior.masks[0],
    )
    assert np.any(first != second)
    np.testing.assert_array_equal(other._posterior.posterior.masks[0], first)
