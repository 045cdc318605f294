"""Hand-made networks: draws and moments against plain NumPy and against the enumeration of all masks.

Propagation is a function of weights and masks, imported by itself: an estimator draws its own masks, of which
neither draws nor moments are known by hand.
"""

import gc
import itertools

import numpy as np
import pytest
from scipy.special import erf, expit

from bnnopt.surrogates._dropout._networks import ACTIVATIONS, Networks, draw_masks
from bnnopt.surrogates._dropout._propagation import propagate, propagate_moments
from bnnopt.surrogates._rows._blocks import ROWS_PER_BLOCK, ROWS_PER_STACK, in_stacks

DEPTHS = [(), (6,), (5, 4), (4, 3, 5), (3, 6, 4, 5)]
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

FUNCTIONS = {
    "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "relu": lambda z: np.maximum(z, 0),
    "selu": lambda z: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(z)),
    "silu": lambda z: z * expit(z),
    "softplus": lambda z: np.log1p(np.exp(z)),
    "tanh": np.tanh,
}


def make_networks(
    hidden_layer_sizes, *, n_networks=2, n_inputs=3, n_outputs=2, activation="tanh", dropout=0.2
):
    rng = np.random.default_rng(7)
    sizes = [n_inputs, *hidden_layer_sizes, n_outputs]
    shapes = list(itertools.pairwise(sizes))
    return Networks(
        kernels=tuple(rng.normal(0, 0.7, (n_networks, *shape)).astype(np.float32) for shape in shapes),
        biases=tuple(rng.normal(0, 0.5, (n_networks, n_out)).astype(np.float32) for _, n_out in shapes),
        activation=activation,
        dropout=dropout,
    )


def last_features(X, networks, masks, network, draw):
    """Last hidden layer of one network in float64, before its mask; X if there is no hidden layer."""
    values = X
    for depth, kernel in enumerate(networks.kernels[:-1]):
        inputs = values if depth == 0 else values * masks[depth - 1][network, draw]
        values = FUNCTIONS[networks.activation](
            inputs @ kernel[network].astype(float) + networks.biases[depth][network]
        )
    return values


def forward(X, networks, masks, network, draw):
    """One thinned network in float64."""
    features = last_features(X, networks, masks, network, draw)
    thinned = features * masks[-1][network, draw] if masks else features
    return thinned @ networks.kernels[-1][network].astype(float) + networks.biases[-1][network]


def all_masks(n_units, dropout):
    """Every mask of a layer, (2**n_units, n_units), and its probability."""
    is_kept = np.array(list(itertools.product([False, True], repeat=n_units)))
    probability = np.prod(np.where(is_kept, 1 - dropout, dropout), axis=1)
    return (is_kept / (1 - dropout)).astype(np.float32), probability


def number_of_graphs():
    gc.collect()
    return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())


@pytest.fixture
def X():
    return np.random.default_rng(3).uniform(-1, 1, (11, 3))


def test_the_reference_knows_every_activation():
    assert set(FUNCTIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_draws_are_a_plain_forward_pass(X, activation):
    networks = make_networks((5, 4), activation=activation)
    masks = draw_masks(networks, 3, np.random.default_rng(0))
    draws = propagate(X, networks, masks)
    assert draws.shape == (11, 2, 3, 2)
    for network, draw in itertools.product(range(2), range(3)):
        expected = forward(X, networks, masks, network, draw)
        np.testing.assert_allclose(draws[:, network, draw], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_networks", [1, 3])
@pytest.mark.parametrize("hidden_layer_sizes", DEPTHS)
def test_draws_of_any_depth_are_a_plain_forward_pass(X, hidden_layer_sizes, n_networks):
    networks = make_networks(hidden_layer_sizes, n_networks=n_networks)
    n_masks = 4 if hidden_layer_sizes else 1
    masks = draw_masks(networks, n_masks, np.random.default_rng(2))
    draws = propagate(X, networks, masks)
    assert draws.shape == (11, n_networks, n_masks, 2)
    for network, draw in itertools.product(range(n_networks), range(n_masks)):
        expected = forward(X, networks, masks, network, draw)
        np.testing.assert_allclose(draws[:, network, draw], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_networks", [1, 3])
@pytest.mark.parametrize("hidden_layer_sizes", DEPTHS)
def test_moments_are_those_of_passes_and_of_the_last_mask(X, hidden_layer_sizes, n_networks):
    networks = make_networks(hidden_layer_sizes, n_networks=n_networks, dropout=0.2)
    masks = draw_masks(networks, 4, np.random.default_rng(1))
    whole = [*masks[:-1], np.ones_like(masks[-1])] if masks else []
    functions = list(itertools.product(range(n_networks), range(4)))
    passes = [forward(X, networks, whole, *function) for function in functions]
    variance_of_last = [
        0.25 * last_features(X, networks, masks, *function) ** 2 @ networks.kernels[-1][function[0]] ** 2
        for function in functions
    ]
    odds_of_no_layer = 1 if masks else 0  # inputs have no mask
    mean, variance = propagate_moments(X, networks, masks)
    expected = np.var(passes, axis=0) + odds_of_no_layer * np.mean(variance_of_last, axis=0)
    np.testing.assert_allclose(mean, np.mean(passes, axis=0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(variance, expected, rtol=1e-4, atol=1e-6)
    assert mean.shape == variance.shape == (11, 2)
    assert mean.dtype == variance.dtype == np.float32


@pytest.mark.parametrize("dropout", [0.1, 0.5])
@pytest.mark.parametrize("n_networks", [1, 3])
def test_moments_of_one_hidden_layer_are_those_over_all_masks(X, dropout, n_networks):
    networks = make_networks((6,), n_networks=n_networks, dropout=dropout)
    every_mask, probability = all_masks(6, dropout)
    masks = [np.repeat(every_mask[None], n_networks, axis=0)]
    draws = propagate(X, networks, masks).astype(float)
    weights = np.tile(probability, n_networks) / n_networks
    by_mask = draws.reshape(len(X), -1, 2)
    exact_mean = np.einsum("nmk,m->nk", by_mask, weights)
    exact_variance = np.einsum("nmk,m->nk", (by_mask - exact_mean[:, None]) ** 2, weights)

    one_mask = draw_masks(networks, 1, np.random.default_rng(0))
    mean, variance = propagate_moments(X, networks, one_mask)
    assert probability.sum() == pytest.approx(1)
    np.testing.assert_allclose(mean, exact_mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(variance, exact_variance, rtol=1e-4, atol=1e-6)


def test_variance_of_two_hidden_layers_is_that_over_all_masks(X):
    networks = make_networks((4, 3), n_networks=1, dropout=0.5)  # every mask has the same probability
    first, _ = all_masks(4, 0.5)
    second, _ = all_masks(3, 0.5)
    pairs = list(itertools.product(range(16), range(8)))
    masks = [np.stack([first[i] for i, _ in pairs])[None], np.stack([second[j] for _, j in pairs])[None]]
    draws = propagate(X, networks, masks).astype(float)[:, 0]
    mean, variance = propagate_moments(X, networks, [first[None], np.ones((1, 16, 3), dtype=np.float32)])
    np.testing.assert_allclose(mean, draws.mean(axis=1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(variance, draws.var(axis=1), rtol=1e-4, atol=1e-6)


def test_without_dropout_the_variance_is_that_between_networks(X):
    networks = make_networks((5,), n_networks=3, dropout=0.0)
    masks = draw_masks(networks, 1, np.random.default_rng(0))
    by_network = np.stack([forward(X, networks, masks, network, 0) for network in range(3)])
    mean, variance = propagate_moments(X, networks, masks)
    np.testing.assert_allclose(mean, by_network.mean(axis=0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(variance, by_network.var(axis=0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_masks", [30, 60, 140])  # blocks of 192, 96 and 48 rows
@pytest.mark.parametrize("n_rows", [1, 47, 49, 95, 97, 191, 193, 385])
def test_the_smaller_blocks_of_many_masks_do_not_show(n_masks, n_rows):
    networks = make_networks((40, 20), activation="silu")
    masks = draw_masks(networks, n_masks, np.random.default_rng(0))
    X = np.random.default_rng(5).uniform(-1, 1, (400, 3))
    order = np.random.default_rng(6).permutation(400)[:n_rows]
    np.testing.assert_array_equal(propagate(X[order], networks, masks), propagate(X, networks, masks)[order])
    for part, whole in zip(
        propagate_moments(X[order], networks, masks), propagate_moments(X, networks, masks), strict=True
    ):
        np.testing.assert_array_equal(part, whole[order])


def test_networks_and_masks_of_other_sizes_build_no_graph(X):
    def evaluate(sizes, n_networks, n_masks, n_outputs):
        networks = make_networks(sizes, n_networks=n_networks, n_outputs=n_outputs)
        masks = draw_masks(networks, n_masks, np.random.default_rng(0))
        propagate(X, networks, masks)
        propagate_moments(X, networks, masks)

    evaluate((5, 4), 2, 3, 2)
    before = number_of_graphs()
    evaluate((5, 4), 2, 3, 2)
    evaluate((6, 3), 1, 7, 1)
    assert number_of_graphs() == before


@pytest.mark.parametrize("rows_per_block", [48, ROWS_PER_BLOCK])
@pytest.mark.parametrize("n_rows", [1, 48, 50, ROWS_PER_STACK, ROWS_PER_STACK + 1, 3 * ROWS_PER_STACK - 5])
def test_no_call_sees_more_than_a_stack_of_blocks(n_rows, rows_per_block):
    X = np.arange(2.0 * n_rows).reshape(n_rows, 2)
    shapes = []

    def doubled(blocks):
        shapes.append(blocks.shape)
        return 2 * blocks

    np.testing.assert_array_equal(in_stacks(doubled, X, rows_per_block), 2 * X)
    assert {shape[1:] for shape in shapes} == {(rows_per_block, 2)}
    assert max(shape[0] for shape in shapes) * rows_per_block <= ROWS_PER_STACK
    assert sum(shape[0] for shape in shapes) == -(-n_rows // rows_per_block)


@pytest.mark.parametrize("hidden_layer_sizes", [(1,), (7,), (20, 20), (33, 17), (128, 128)])
@pytest.mark.parametrize(("n_networks", "n_masks"), [(1, 1), (8, 12)])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_row_gives_the_same_numbers_at_every_place(hidden_layer_sizes, n_networks, n_masks, n_outputs):
    networks = make_networks(
        hidden_layer_sizes, n_networks=n_networks, n_outputs=n_outputs, activation="silu"
    )
    masks = draw_masks(networks, n_masks, np.random.default_rng(0))
    X = np.repeat([[0.3, -0.7, 0.9]], ROWS_PER_BLOCK + 1, axis=0)
    for values in (propagate(X, networks, masks), *propagate_moments(X, networks, masks)):
        np.testing.assert_array_equal(values, np.broadcast_to(values[:1], values.shape))


@pytest.mark.parametrize(
    "n_rows", [1, 255, 256, 257, ROWS_PER_BLOCK - 1, ROWS_PER_BLOCK, ROWS_PER_BLOCK + 1, 2500]
)
def test_blocks_do_not_show(n_rows):
    networks = make_networks((20, 20), activation="silu")
    masks = draw_masks(networks, 5, np.random.default_rng(0))
    X = np.random.default_rng(5).uniform(-1, 1, (2500, 3))
    order = np.random.default_rng(6).permutation(2500)[:n_rows]
    np.testing.assert_array_equal(propagate(X[order], networks, masks), propagate(X, networks, masks)[order])
    for part, whole in zip(
        propagate_moments(X[order], networks, masks), propagate_moments(X, networks, masks), strict=True
    ):
        np.testing.assert_array_equal(part, whole[order])
