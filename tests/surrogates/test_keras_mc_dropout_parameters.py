"""Routed parameters, callbacks, losses and optimizers, weights of rows, and training that goes on."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from bnnopt.surrogates import KerasMCDropoutRegressor


def make_model(*arguments, **parameters):
    setting = {"epochs": 3, "n_masks": 10, "random_state": 0}
    return KerasMCDropoutRegressor(*arguments, **(setting | parameters))


def build(meta, units=4, rate=0.1):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, "tanh"),
            keras.layers.Dropout(rate),
            keras.layers.Dense(meta["n_outputs_"]),
        ]
    )


def build_compiled(meta):
    network = build(meta)
    network.compile(optimizer=keras.optimizers.SGD(0.125), loss="mean_absolute_error")
    return network


def test_routed_parameters_are_parameters():
    model = make_model(build, model__units=8, optimizer__learning_rate=0.1)
    assert model.get_params()["model__units"] == 8
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert copy.set_params(model__units=16, fit__verbose=0, n_masks=5) is copy
    assert {**copy.get_params(), "model__units": 8, "n_masks": 10} == model.get_params() | {"fit__verbose": 0}
    assert "model__units=8" in repr(model)


def test_routed_parameters_reach_network_optimizer_and_loss(rows, outcomes):
    model = make_model(
        build,
        model__units=7,
        model__rate=0.4,
        optimizer="sgd",
        optimizer__momentum=0.5,
        loss=keras.losses.Huber,
        loss__name="mine",
        metrics=["mae"],
        compile__steps_per_execution=2,
    ).fit(rows, outcomes)
    network = model.model_
    assert network.layers[0].units == 7
    assert network.layers[1].rate == 0.4
    assert isinstance(network.optimizer, keras.optimizers.SGD)
    assert network.optimizer.momentum == 0.5
    assert network.loss.name == "mine"
    assert network.steps_per_execution == 2
    assert "mean_absolute_error" in model.history_
    assert len(model.history_["loss"]) == model.n_iter_ == 3


def test_the_default_optimizer_takes_another_learning_rate(rows, outcomes):
    assert float(make_model(epochs=1).fit(rows, outcomes).model_.optimizer.learning_rate) == pytest.approx(
        0.01
    )
    model = make_model(epochs=1, optimizer__learning_rate=0.5).fit(rows, outcomes)
    assert float(model.model_.optimizer.learning_rate) == pytest.approx(0.5)


def test_a_network_that_comes_compiled_stays_as_it_is(rows, outcomes):
    network = make_model(build_compiled).fit(rows, outcomes).model_
    assert float(network.optimizer.learning_rate) == 0.125
    assert network.loss == "mean_absolute_error"


def test_an_optimizer_that_is_passed_is_not_used_up(rows, outcomes):
    optimizer = keras.optimizers.Adam(0.125)
    model = make_model(build, optimizer=optimizer)
    first, second = (model.fit(rows, outcomes).predict(rows) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert int(optimizer.iterations) == 0
    assert float(model.model_.optimizer.learning_rate) == 0.125


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epoch": 5}, "Unknown parameter 'epoch'.*Did you mean 'epochs'"),
        ({"modle__units": 5}, "Unknown parameter 'modle__units'"),
        ({"fit__shuffle": True}, "fit__shuffle cannot be set: rows are shuffled"),
        ({"fit__validation_split": 0.1}, "fit__validation_split cannot be set: use validation_fraction"),
        ({"n_masks": 0}, "n_masks"),
        ({"batch_size": -2}, "batch_size"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"model": "dense"}, "model"),
    ],
)
def test_parameters_that_are_not_meant_are_named(rows, outcomes, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_model(**parameters).fit(rows, outcomes)


def test_grid_search_over_a_routed_parameter(rows):
    search = GridSearchCV(make_model(build, epochs=150), {"model__rate": [0.01, 0.9]}, cv=2)
    search.fit(rows, rows[:, 0])
    assert search.best_params_ == {"model__rate": 0.01}
    assert search.best_estimator_.predict(rows, return_std=True)[1].shape == (40,)


class EpochCounter(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)


def test_callbacks_are_called_and_let_go_of_the_network(rows, outcomes):
    counter = EpochCounter()
    model = make_model(build, callbacks=[counter]).fit(rows, outcomes)
    assert counter.epochs == [0, 1, 2]
    assert counter.model is None
    model.partial_fit(rows, outcomes)
    assert counter.epochs == [0, 1, 2, 3]
    assert clone(model).callbacks[0].epochs == [0, 1, 2, 3]


def test_early_stopping_sees_the_held_out_rows():
    X = np.random.default_rng(0).uniform(size=(120, 2))
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=1e9)
    model = make_model(build, epochs=50, callbacks=[stopping]).fit(X, X[:, 0])
    assert model.n_iter_ == len(model.history_["val_loss"]) == 2


@pytest.mark.parametrize("batch_size", [-1, 8])
def test_weights_are_repetitions_and_the_order_of_rows_does_not_matter(rows, outcomes, batch_size):
    weights = np.random.default_rng(0).integers(0, 4, 40)
    order = np.random.default_rng(1).permutation(weights.sum())
    model = make_model(build, batch_size=batch_size)
    weighted = model.fit(rows, outcomes, sample_weight=weights)
    mean, std = weighted.predict(rows, return_std=True)
    repeated = clone(model).fit(rows.repeat(weights, axis=0)[order], outcomes.repeat(weights, axis=0)[order])
    np.testing.assert_array_equal(repeated.predict(rows, return_std=True), [mean, std])


def test_only_ratios_of_weights_matter(rows, outcomes):
    alike = [make_model(build).fit(rows, outcomes, w).predict(rows) for w in (None, np.full(40, 8.0))]
    np.testing.assert_array_equal(*alike)
    with pytest.raises(ValueError, match="at least 2 of 40 need a weight above zero"):
        make_model().fit(rows, outcomes, np.zeros(40))


def test_warm_start_goes_on_where_fit_ended(rows, outcomes):
    model = make_model(build, warm_start=True, epochs=2).fit(rows, outcomes)
    first = model.model_
    model.fit(rows, outcomes)
    assert model.model_ is first
    assert model.n_iter_ == 2
    longer = make_model(build, epochs=4).fit(rows, outcomes)
    np.testing.assert_allclose(model.predict(rows), longer.predict(rows), rtol=1e-6)
    assert model.set_params(warm_start=False).fit(rows, outcomes).model_ is not first


def test_partial_fit_counts_epochs_on(rows, outcomes):
    model = make_model(build, epochs=2).fit(rows, outcomes)
    model.partial_fit(rows, outcomes).partial_fit(rows[:1], outcomes[:1])
    assert model.n_iter_ == len(model.history_["loss"]) == 4
    with pytest.raises(ValueError, match=r"y has 1 output\(s\), but the training that goes on had 2"):
        model.partial_fit(rows, outcomes[:, 0])


def test_partial_fit_alone_is_fit_epoch_by_epoch(rows, outcomes):
    model = make_model(build)
    for _ in range(3):
        model.partial_fit(rows, outcomes)
    np.testing.assert_allclose(
        model.predict(rows), make_model(build).fit(rows, outcomes).predict(rows), rtol=1e-6
    )
