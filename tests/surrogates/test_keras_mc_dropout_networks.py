"""Networks of many kinds under masks, and those that are refused.

What a layer becomes is imported by itself: a fitted estimator has mixed thousands of masks with its weights.
"""

import keras
import numpy as np
import pytest

from bnnopt.surrogates import KerasMCDropoutRegressor
from bnnopt.surrogates._keras._masks import ThinnedNetwork

layers = keras.layers


def make_model(build, **parameters):
    setting = {"epochs": 2, "n_masks": 10, "optimizer": "sgd", "random_state": 0}
    return KerasMCDropoutRegressor(build, **(setting | parameters))


def dense_with(*hidden):
    def build(meta):
        return keras.Sequential(
            [
                keras.Input((meta["n_features_in_"],)),
                layers.Dense(8, "tanh"),
                *(make() for make in hidden),
                layers.Dense(meta["n_outputs_"]),
            ]
        )

    return build


def functional(meta):
    inputs = keras.Input((meta["n_features_in_"],))
    hidden = layers.Dropout(0.2)(layers.Dense(8, "tanh")(inputs))
    other = keras.ops.sin(layers.Dense(8)(inputs))
    joined = layers.Concatenate()([hidden, layers.GaussianDropout(0.2)(other)])
    return keras.Model(inputs, layers.Dense(meta["n_outputs_"])(joined))


def nested(meta):
    inputs = keras.Input((meta["n_features_in_"],))
    inner = keras.Sequential([layers.Dense(8, "tanh"), layers.Dropout(0.3)])
    block_input = keras.Input((8,))
    block = keras.Model(block_input, layers.Add()([block_input, layers.AlphaDropout(0.1)(block_input)]))
    return keras.Model(inputs, layers.Dense(meta["n_outputs_"])(block(block(inner(inputs)))))


def convolution(meta):
    n_features = meta["n_features_in_"]
    return keras.Sequential(
        [
            keras.Input((n_features,)),
            layers.Reshape((n_features, 1)),
            layers.Conv1D(6, 2, padding="same", activation="relu"),
            layers.SpatialDropout1D(0.3),
            layers.BatchNormalization(),
            layers.Conv1D(6, 2, padding="same", activation="relu"),
            layers.Dropout(0.3, noise_shape=(None, 1, None)),
            layers.Flatten(),
            layers.Dense(meta["n_outputs_"]),
        ]
    )


def recurrent(meta):
    n_features = meta["n_features_in_"]
    return keras.Sequential(
        [
            keras.Input((n_features,)),
            layers.Reshape((n_features, 1)),
            layers.GRU(5),
            layers.GaussianNoise(0.1),
            layers.Dropout(0.2),
            layers.Dense(meta["n_outputs_"]),
        ]
    )


def without_input(meta):
    return keras.Sequential([layers.Dense(8, "tanh"), layers.Dropout(0.1), layers.Dense(meta["n_outputs_"])])


NETWORKS = {
    "functional": (functional, 2),
    "nested, one part twice": (nested, 3),
    "convolution": (convolution, 2),
    "recurrent": (recurrent, 1),
    "Sequential without input": (without_input, 1),
}


@pytest.mark.parametrize(("build", "n_places"), NETWORKS.values(), ids=NETWORKS)
def test_draws_are_functions_for_every_kind_of_network(build, n_places, rows, outcomes, many_rows):
    model = make_model(build, epochs=1).fit(rows, outcomes)
    assert model.posterior_.network.thinned.n_places == n_places
    mean, std = model.predict(many_rows, return_std=True, noise=False)
    assert mean.shape == std.shape == (1000, 2)
    assert np.all(std > 0)
    draws = model.sample_y(many_rows, 8)
    order = np.random.default_rng(0).permutation(1000)[:150]
    np.testing.assert_array_equal(model.sample_y(many_rows[order], 8), draws[order])
    np.testing.assert_array_equal(model.predict(many_rows[order]), mean[order])
    assert np.ptp(draws, axis=2).max() > 0


@pytest.fixture(scope="module")
def thinned():
    """A network that gives back its 50,000 inputs, through each of the layers."""

    def of(layer, shape=(50_000,)):
        inputs = keras.Input((50_000,))
        hidden = layers.Reshape(shape)(inputs)
        return ThinnedNetwork(keras.Model(inputs, layers.Flatten()(layer(hidden))))

    return of


def drawn(thinned, value):
    masks = thinned.draw_masks(1, np.random.default_rng(0))
    return thinned.outputs(np.full((2, 50_000), value, np.float32), masks, 1)[0]


def test_dropout_keeps_the_share_and_the_mean(thinned):
    values = drawn(thinned(layers.Dropout(0.2)), 4.0)
    assert np.all(values[0] == values[1])
    assert set(values[0].tolist()) == {0.0, 5.0}
    assert abs(np.mean(values[0] == 0) - 0.2) < 0.01


def test_gaussian_dropout_has_mean_one_and_variance_of_the_odds(thinned):
    values = drawn(thinned(layers.GaussianDropout(0.2)), 1.0)
    assert np.all(values[0] == values[1])
    assert abs(values[0].mean() - 1) < 0.01
    assert abs(values[0].var() - 0.25) < 0.01


def test_alpha_dropout_has_two_values_and_keeps_zero_mean(thinned):
    values = drawn(thinned(layers.AlphaDropout(0.2)), 0.0)
    low, high = np.unique(values[0])
    expected = np.unique(layers.AlphaDropout(0.2, seed=1)(np.zeros((1, 1000), np.float32), training=True))
    np.testing.assert_allclose([low, high], expected, rtol=1e-5)
    assert abs(values[0].mean()) < 0.02


def test_spatial_dropout_drops_whole_channels(thinned):
    values = drawn(thinned(layers.SpatialDropout1D(0.5), (500, 100)), 1.0)[0].reshape(500, 100)
    assert np.all(values == values[0])
    assert 20 < np.sum(values[0] == 0) < 80


def test_a_mean_over_masks_is_that_of_keras_in_training(rows, outcomes):
    model = make_model(dense_with(lambda: layers.Dropout(0.3)), n_masks=3000).fit(rows, outcomes)
    posterior = model.posterior_
    scaled = posterior.x_scaler.scale(rows[:1]).repeat(3000, axis=0).astype(np.float32)
    of_keras = posterior.y_scaler.restore(model.model_(scaled, training=True).numpy())
    mean, std = model.predict(rows[:1], return_std=True, noise=False)
    np.testing.assert_allclose(of_keras.mean(axis=0), mean[0], atol=6 * std.max() / np.sqrt(3000))
    np.testing.assert_allclose(of_keras.std(axis=0), std[0], rtol=0.1)


@pytest.mark.parametrize("hidden", [[], [lambda: layers.Dropout(0.0)]], ids=["none", "rate 0"])
def test_a_network_without_dropout_needs_to_be_allowed(rows, outcomes, hidden):
    with pytest.raises(ValueError, match=r"no dropout layer with a rate above 0.*require_dropout=False"):
        make_model(dense_with(*hidden)).fit(rows, outcomes)
    model = make_model(dense_with(*hidden), require_dropout=False).fit(rows, outcomes)
    mean, std = model.predict(rows, return_std=True)
    assert np.all(model.predict(rows, return_std=True, noise=False)[1] == 0)
    np.testing.assert_allclose(std**2, np.broadcast_to(model.noise_variance_, (40, 2)))
    np.testing.assert_array_equal(model.sample_y(rows, 2), np.stack([mean, mean], axis=2))


class OwnDropout(layers.Dropout):
    def call(self, inputs):
        return super().call(inputs, training=True)


class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.dropout = layers.Dropout(0.1)

    def call(self, inputs, training=False):
        return self.dropout(inputs, training=training)


def lstm(**options):
    return [lambda: layers.Reshape((8, 1)), lambda: layers.LSTM(3, **options)]


def wrapped():
    return [
        lambda: layers.Reshape((4, 2)),
        lambda: layers.TimeDistributed(layers.Dropout(0.1)),
        layers.Flatten,
    ]


@pytest.mark.parametrize(
    "hidden",
    [lstm(dropout=0.1), lstm(recurrent_dropout=0.1), wrapped(), [lambda: OwnDropout(0.1)], [Block]],
    ids=["dropout of a recurrent layer", "recurrent dropout", "wrapped", "own subclass", "own block"],
)
def test_dropout_that_cannot_be_fixed_for_all_rows_is_refused(rows, outcomes, hidden):
    with pytest.raises(ValueError, match=r"The layer '.*' \(.*\) draws random numbers inside"):
        make_model(dense_with(*hidden)).fit(rows, outcomes)


def test_dropout_of_everything_is_refused(rows, outcomes):
    with pytest.raises(ValueError, match="rate 1 and leaves nothing"):
        make_model(dense_with(lambda: layers.Dropout(1.0))).fit(rows, outcomes)


def rows_mixed(meta):
    inputs = keras.Input((meta["n_features_in_"],))
    hidden = layers.BatchNormalization()(layers.Dropout(0.1)(layers.Dense(8)(inputs)), training=True)
    mixed = hidden - keras.ops.roll(hidden, 1, axis=0)
    return keras.Model(inputs, layers.Dense(meta["n_outputs_"])(mixed))


def test_a_network_that_joins_rows_is_refused(rows, outcomes):
    with pytest.raises(ValueError, match="does not treat each row by itself"):
        make_model(rows_mixed).fit(rows, outcomes)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.dropout = layers.Dense(2), layers.Dropout(0.1)

    def call(self, inputs, training=False):
        return self.dropout(self.dense(inputs), training=training)


def two_outputs(meta):
    inputs = keras.Input((meta["n_features_in_"],))
    return keras.Model(inputs, [layers.Dense(1)(inputs), layers.Dense(1)(inputs)])


BAD = {
    "subclassed": (
        Subclassed,
        ValueError,
        "Subclassed, a subclassed model.*keras.Sequential, or a functional",
    ),
    "no model": (lambda: "network", TypeError, "must return a Keras model, got str"),
    "inputs": (
        lambda: keras.Sequential([keras.Input((5,)), layers.Dense(2)]),
        ValueError,
        r"one input of shape \(None, 3\)",
    ),
    "outputs": (dense_with(lambda: layers.Dense(3)), ValueError, r"one output of shape \(None, 2\)"),
    "two outputs": (two_outputs, ValueError, r"one output of shape \(None, 2\), got \[\(None, 1\), "),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_build_function_may_not_return(rows, outcomes, name):
    build, error, message = BAD[name]
    if name == "outputs":
        build = lambda meta: dense_with()(meta | {"n_outputs_": 3})  # noqa: E731
    with pytest.raises(error, match=message):
        make_model(build).fit(rows, outcomes)


def test_a_network_is_trained_through_its_masks_too(rows, outcomes):
    """Masks stand in a network that shares the trained layers, whatever is trained later."""
    model = make_model(functional, epochs=1).fit(rows, outcomes)
    before = model.predict(rows)
    assert np.all(model.partial_fit(rows, outcomes).predict(rows) != before)


def test_a_network_may_not_be_returned_twice(rows, outcomes):
    network = dense_with(lambda: layers.Dropout(0.1))({"n_features_in_": 3, "n_outputs_": 2})
    model = make_model(lambda: network, epochs=1).fit(rows, outcomes)
    with pytest.raises(ValueError, match="a network that it had returned before"):
        model.fit(rows, outcomes)
