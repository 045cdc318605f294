"""The training by itself: gradients, Adam's first step by hand, masks, row weights, penalty, mini-batches.

The training is a function of a plan and arrays, imported by itself: an estimator shows the weights at the
end, not the gradient of one update, nor the masks that it had.
"""

import gc
from dataclasses import replace
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from bnnopt.surrogates._dropout import _few_rows
from bnnopt.surrogates._dropout._networks import (
    ACTIVATIONS,
    Networks,
    TrainingPlan,
    draw_masks,
    first_networks,
    initial_weights,
)
from bnnopt.surrogates._dropout._propagation import propagate, propagate_moments
from bnnopt.surrogates._dropout._training import train_networks
from bnnopt.surrogates._dropout._updates import MaskPool, arranged, loss_and_gradient, packed, unpacked

PLAN = TrainingPlan(
    hidden_layer_sizes=(5,),
    activation="tanh",
    dropout=0.0,
    n_networks=2,
    penalty=0.0,
    output_weights=(1.0,),
    learning_rate_init=0.01,
    n_updates=30,
    batch_size=60,
    seed=4,
)


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).uniform(-1, 1, (60, 3))


@pytest.fixture(scope="module")
def y(X):
    return (X @ [[0.3], [-0.2], [0.1]] + 0.5).astype(float)


@pytest.fixture(scope="module")
def everything(X):
    return np.ones((len(X), 2))


@pytest.fixture(scope="module")
def trained(X, y, everything):
    return train_networks(X, y, everything, PLAN).networks


def number_of_graphs():
    gc.collect()
    return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())


def first_weights(plan, n_inputs=3, n_outputs=1):
    kernels, biases = initial_weights(
        n_inputs, n_outputs, plan.hidden_layer_sizes, plan.n_networks, plan.seed
    )
    return Networks(tuple(kernels), tuple(biases), plan.activation, plan.dropout)


def weights_of(networks):
    return [*networks.kernels, *networks.biases]


def assert_same_weights(networks, other):
    for mine, theirs in zip(weights_of(networks), weights_of(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def mean_square_error(networks, X, y):
    mean, _ = propagate_moments(X, networks, draw_masks(networks, 1, np.random.default_rng(0)))
    return np.mean(np.square(mean - y))


def gradients(networks, X, y, row_weights, penalty, output_weights):
    """Gradients of one-hidden-layer tanh networks' losses by hand, kernels first, then biases."""
    result = []
    for k in range(networks.n_networks):
        kernels = [kernel[k].astype(float) for kernel in networks.kernels]
        hidden = np.tanh(X @ kernels[0] + networks.biases[0][k])
        error = hidden @ kernels[1] + networks.biases[1][k] - y
        to_output = 2 * row_weights[:, [k]] * output_weights * error / row_weights[:, k].sum()
        to_hidden = to_output @ kernels[1].T * (1 - hidden**2)
        of_kernels = [X.T @ to_hidden, hidden.T @ to_output]
        of_kernels = [
            gradient + 2 * penalty * kernel for gradient, kernel in zip(of_kernels, kernels, strict=True)
        ]
        result.append([*of_kernels, to_hidden.sum(axis=0), to_output.sum(axis=0)])
    return [np.stack(parts) for parts in zip(*result, strict=True)]


@pytest.fixture(scope="module", params=[(4,), (4, 3), (4, 3, 5)], ids=str)
def passes(request):
    """Weights, rows of 3 inputs and 2 outputs with weights for 2 networks, some of them 0, and masks."""
    rng = np.random.default_rng(7)
    sizes = [3, *request.param, 2]
    weights = []
    for n_in, n_out in pairwise(sizes):
        weights += [rng.normal(0, 0.7, (2, n_in, n_out)), rng.normal(0, 0.7, (2, n_out))]
    X, y, row_weights = rng.normal(size=(11, 3)), rng.normal(size=(11, 2)), rng.uniform(0, 2, (11, 2))
    row_weights[:4, 0] = row_weights[9, :] = 0.0
    masks = [rng.choice([0.0, 1.25], (2, n_units, 11)) for n_units in request.param]
    return [
        [tf.constant(part, tf.float32) for part in parts] for parts in (weights, [X, y, row_weights], masks)
    ]


def loss_by_rows(weights, table, masks, penalty, output_weights, activation):
    """The loss with the rows first, as formulas have it."""
    hidden, y, row_weights = table
    for depth, (kernel, bias) in enumerate(zip(weights[:-2:2], weights[1:-2:2], strict=True)):
        hidden = keras.activations.get(activation)(hidden @ kernel + bias[:, None])
        hidden = hidden * tf.transpose(masks[depth], [0, 2, 1]) if masks else hidden
    error = tf.square(hidden @ weights[-2] + weights[-1][:, None] - y) @ output_weights[:, None]
    squares = sum(tf.reduce_sum(tf.square(kernel), axis=[1, 2]) for kernel in weights[::2])
    return tf.reduce_sum(tf.transpose(row_weights) * error[..., 0]) / 11 + tf.reduce_sum(penalty * squares)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("is_thinned", [True, False], ids=["dropout", "no dropout"])
def test_loss_and_gradient_are_those_of_a_loss_row_by_row(passes, activation, is_thinned):
    weights, (X, y, row_weights), masks = passes
    masks = masks if is_thinned else []
    penalty, output_weights = tf.constant([0.2, 0.0]), tf.constant([1.0, 0.3])
    with tf.GradientTape() as tape:
        tape.watch(weights)
        expected = loss_by_rows(weights, (X, y, row_weights), masks, penalty, output_weights, activation)
    shapes = [tuple(part.shape) for part in weights]
    doubled = [2 * penalty[:, None, None] * tf.ones(shape) for shape in shapes[::2]]
    free = [tf.zeros(shape) for shape in shapes[1::2]]
    decay = packed([part for layer in zip(doubled, free, strict=True) for part in layer])
    batch = arranged(X, tf.concat([y, row_weights], axis=1), (1.0, 0.3))
    loss, gradient = loss_and_gradient(packed(weights), batch, masks, decay, shapes, activation)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    for mine, theirs in zip(unpacked(gradient, shapes), tape.gradient(expected, weights), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dropout", [0.01, 0.3])
def test_masks_leave_out_their_share_and_keep_the_mean(dropout):
    pool = MaskPool(dropout, [(2, 20, 500), (2, 7, 500)], tf.constant(3), tf.constant(250))
    first, second = (np.stack(layer) for layer in zip(pool.masks(0), pool.masks(1), strict=True))
    assert first.shape == (2, 2, 20, 500)
    assert second.shape == (2, 2, 7, 500)
    for mask in (first, second):
        np.testing.assert_allclose(np.unique(mask), [0, 1 / (1 - dropout)])
        assert np.mean(mask == 0) == pytest.approx(dropout, abs=5 * np.sqrt(dropout / mask.size))


def test_masks_of_units_networks_and_updates_are_unrelated():
    pool = MaskPool(0.5, [(2, 3, 10_000)], tf.constant(3), tf.constant(0))
    rows = np.concatenate([np.reshape(pool.masks(done)[0], (6, -1)) for done in (0, 1, 17)])
    correlations = np.corrcoef(rows)[np.triu_indices(18, 1)]
    assert np.abs(correlations).max() < 0.05  # five standard errors


def test_masks_hang_on_the_seed_and_the_updates_before():
    def masks(seed, n_before):
        return MaskPool(0.5, [(1, 4, 50)], tf.constant(seed), tf.constant(n_before)).masks(3)[0].numpy()

    np.testing.assert_array_equal(masks(1, 0), masks(1, 0))
    assert all(np.any(masks(1, 0) != other) for other in (masks(2, 0), masks(1, 250)))


@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_the_first_update_is_a_step_against_the_sign_of_the_gradient(X, y, penalty):
    # Adam divides its first step by the gradient's size: learning_rate_init remains.
    both = np.column_stack([y, 1 - 2 * y**2])
    row_weights = np.random.default_rng(1).uniform(0, 2, (60, 2))
    plan = replace(PLAN, penalty=penalty, output_weights=(1.0, 0.2), n_updates=1)
    before = first_weights(plan, n_outputs=2)
    after = train_networks(X, both, row_weights, plan).networks
    expected = gradients(before, X, both, row_weights, penalty, np.array([1.0, 0.2]))
    for old, new, gradient in zip(weights_of(before), weights_of(after), expected, strict=True):
        assert np.all(np.abs(gradient) > 1e-4)
        np.testing.assert_allclose(new - old, -0.01 * np.sign(gradient), rtol=1e-2)


def test_training_lowers_the_error_of_a_linear_problem(X, y, everything):
    trained = train_networks(X, y, everything, replace(PLAN, n_updates=300)).networks
    assert mean_square_error(trained, X, y) < 1e-3 < mean_square_error(first_weights(PLAN), X, y)


def test_a_row_of_weight_zero_shapes_the_other_networks_only(X, y, everything):
    unseen_by_the_first = everything.copy()
    unseen_by_the_first[0, 0] = 0
    wild = y.copy()
    wild[0] = 1e6
    plan = replace(PLAN, dropout=0.1, penalty=1e-3)
    before = train_networks(X, y, unseen_by_the_first, plan).networks
    after = train_networks(X, wild, unseen_by_the_first, plan).networks
    for mine, theirs in zip(weights_of(before), weights_of(after), strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])
        assert np.all(mine[1] != theirs[1])


def test_a_strong_penalty_leaves_little_of_the_weights(X, y, everything):
    bound = train_networks(X, y, everything, replace(PLAN, penalty=10.0, n_updates=300)).networks
    assert all(np.abs(kernel).max() < 0.05 for kernel in bound.kernels)


@pytest.mark.parametrize("n_updates", [2, 251])
def test_the_step_size_falls_along_half_a_cosine(X, y, everything, n_updates):
    # An output far above keeps the gradient of its offset as it is: each step of Adam is then the step size.
    # 251 updates are one whole chunk and one update of a second.
    far = train_networks(X, y + 1e9, everything, replace(PLAN, n_updates=n_updates)).networks
    share = (1 + np.cos(np.pi * np.arange(n_updates) / n_updates)) / 2
    expected = PLAN.learning_rate_init * np.sum(0.02 + 0.98 * share)
    np.testing.assert_allclose(far.biases[-1], expected, rtol=1e-4)


def test_mini_batches_are_reproducible_and_not_full_batches(X, y, everything, trained):
    plan = replace(PLAN, batch_size=16)
    networks = train_networks(X, y, everything, plan).networks
    assert_same_weights(train_networks(X, y, everything, plan).networks, networks)
    assert all(np.all(a != b) for a, b in zip(networks.kernels, trained.kernels, strict=True))


def test_networks_of_one_shape_share_a_graph(X, y, everything, trained):
    before = number_of_graphs()
    train_networks(X[:30], y[:30], everything[:30], replace(PLAN, seed=9, penalty=0.1))
    assert number_of_graphs() == before > 0


def test_dropout_is_on_in_training(X, y, everything, trained):
    thinned = train_networks(X, y, everything, replace(PLAN, dropout=0.5)).networks
    assert np.all(thinned.kernels[-1] != trained.kernels[-1])
    assert thinned.dropout == 0.5


def plan(activation="silu", **others):
    settings = {
        "hidden_layer_sizes": (5, 4),
        "activation": activation,
        "dropout": 0.0,
        "n_networks": 2,
        "penalty": 0.01,
        "output_weights": (1.0, 0.5),
        "learning_rate_init": 0.01,
        "n_updates": 1,
        "batch_size": 7,
        "seed": 0,
    }
    return TrainingPlan(**(settings | others))


@pytest.mark.parametrize("activation", sorted(_few_rows.KNOWN))
def test_slopes_of_activations_are_differences(activation):
    sums = np.linspace(-3, 3, 50)
    function = _few_rows.KNOWN[activation]
    difference = (function.value(sums + 1e-6) - function.value(sums - 1e-6)) / 2e-6
    np.testing.assert_allclose(function.slope(sums, function.value(sums)), difference, atol=1e-4)


@pytest.mark.parametrize("activation", sorted(_few_rows.KNOWN))
def test_first_step_goes_down_the_loss(activation):
    """Of Adam, each weight moves by the step size against the sign of its slope."""
    rng = np.random.default_rng(1)
    X, y, weights = rng.random((7, 3)), rng.random((7, 2)), np.ones((7, 2))
    own = plan(activation)
    before = first_networks(3, 2, own)
    after = _few_rows.train_networks(X, y, weights, own).networks

    def loss(kernel, step, place):
        moved = [each.astype(float) for each in before.kernels]
        moved[kernel][place] += step
        networks = type(before)(tuple(moved), before.biases, activation, 0.0)
        outputs = _few_rows.propagate(X, networks, [])[:, :, 0]
        errors = np.square(outputs - y[:, None]) * own.output_weights
        return errors.sum() / 7 + 0.01 * sum(np.square(each).sum() for each in moved)

    for kernel, place in ((0, (0, 1, 2)), (1, (1, 2, 3)), (2, (0, 3, 1))):
        slope = (loss(kernel, 1e-2, place) - loss(kernel, -1e-2, place)) / 2e-2
        if abs(slope) > 1e-3:
            moved = after.kernels[kernel][place] - before.kernels[kernel][place]
            assert moved == pytest.approx(-0.01 * np.sign(slope), rel=1e-2)


@pytest.mark.parametrize("activation", sorted(_few_rows.KNOWN))
def test_passes_are_those_of_the_graph(activation):
    networks = first_networks(3, 2, plan(activation, dropout=0.3))
    masks, X = draw_masks(networks, 6, np.random.default_rng(0)), np.random.default_rng(2).random((10, 3))
    np.testing.assert_allclose(
        _few_rows.propagate(X, networks, masks), propagate(X, networks, masks), atol=1e-5
    )
    pairs = zip(
        _few_rows.propagate_moments(X, networks, masks),
        propagate_moments(X, networks, masks),
        strict=True,
    )
    for own, other in pairs:
        np.testing.assert_allclose(own, other, atol=1e-5)
