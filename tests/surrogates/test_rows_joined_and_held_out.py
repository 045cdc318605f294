"""Rows in memory: repeats joined, whatever their order, and each left out by networks that go on doing so."""

import numpy as np
import pytest


@pytest.fixture
def by_heart(quick):
    """Return networks that learn any few rows by heart, but those that they leave out."""

    def make(**parameters):
        setting = {"hidden_layer_sizes": (60, 60), "max_iter": 400, "alpha": 0, "dropout": 0.0}
        return quick(**(setting | parameters))

    return make


def of_chance(n_inputs, n_repeats=1, seed=0):
    """Inputs at random, each several times, with outcomes of 1 or -1 that say nothing of one another."""
    rng = np.random.default_rng(seed)
    X, y = rng.random((n_inputs, 4)), rng.choice([-1.0, 1.0], n_inputs)
    return np.repeat(X, n_repeats, axis=0), np.repeat(y, n_repeats)


def test_held_out_rows_are_in_the_order_given_with_repeats_and_without_rows_of_no_weight(make):
    """Rows 0 and 2 are one, as is minus zero, and row 3 has no weight."""
    X = np.array([[2.0, 0.0], [1.0, 5.0], [2.0, -0.0], [9.0, 9.0], [3.0, 1.0], [1.5, 2.0]])
    y = np.array([7.0, 3.0, 7.0, 1.0, 4.0, 5.0])
    held_out = make().fit(X, y, np.array([1.0, 2.0, 0.5, 0.0, 1.0, 1.0])).predict_held_out()
    assert held_out.rows.tolist() == [0, 1, 2, 4, 5]
    assert held_out.mean[0] == held_out.mean[2]
    assert held_out.variance[0] == held_out.variance[2]
    joined = make().fit(X[[4, 1, 0, 5]], y[[4, 1, 0, 5]], np.array([1.0, 2.0, 1.5, 1.0]))
    np.testing.assert_array_equal(joined.predict_held_out().mean, held_out.mean[[3, 1, 0, 4]])


@pytest.mark.tensorflow
@pytest.mark.parametrize("n_networks", [2, 3, 8])
@pytest.mark.parametrize("n_rows", [4, 21])
def test_each_row_is_left_out_by_some_network(n_networks, n_rows, quick):
    X, y = of_chance(n_rows)
    held_out = quick(n_networks=n_networks, max_iter=1).fit(X, y).predict_held_out()
    assert held_out.rows.tolist() == list(range(n_rows))


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("n_rows", "share", "expected"), [(12, 0.25, 3), (5, 0.1, 1), (12, None, 0)])
def test_a_single_network_does_not_know_the_share_that_it_leaves_out(n_rows, share, expected, by_heart):
    rng = np.random.default_rng(3)
    X, y = rng.random((n_rows, 3)), rng.normal(size=n_rows)
    stopping = {} if share is None else {"early_stopping": True, "validation_fraction": share}
    model = by_heart(n_networks=1, max_iter=1500, n_iter_no_change=99, **stopping).fit(X, y)
    assert (np.abs(model.predict(X) - y) > 0.15).sum() == expected


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_repeats", [1, 3])
def test_rows_of_equal_inputs_are_left_out_together_and_by_the_same_network_again(n_repeats, by_heart):
    """Who has seen one of them knows the others by heart."""

    def share_known(model):
        return np.mean(np.abs(model.predict_held_out().mean - y) < 0.3)

    X, y = of_chance(30, n_repeats)
    model = by_heart(warm_start=True)
    assert share_known(model.fit(X, y)) < 0.3
    more, outcomes = of_chance(6, seed=1)
    order = np.random.default_rng(2).permutation(len(X) + 6)
    X, y = np.concatenate([X, more])[order], np.concatenate([y, outcomes])[order]
    model.set_params(random_state=1, learning_rate_init=1e-7, max_iter=2)  # what is known stays known
    assert share_known(model.fit(X, y)) < 0.3


def test_known_noise_comes_on_top_of_what_is_learned(processes):
    X = np.linspace(0, 1, 12)[:, None]
    known = np.linspace(0.0, 1.0, 12)
    model = processes().fit(X, np.sin(4 * X[:, 0]), noise_variance=known)
    assert model.noise_variance_ >= known.mean()
