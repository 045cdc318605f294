"""What the estimator learns: a noisy sine, several outputs, noise among repeats, mini-batches, edge cases."""

import numpy as np
import pytest

from bnnopt.surrogates import MCDropoutRegressor

NOISE = 0.1


def noisy_sine(n_rows, seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 1, (n_rows, 1))
    return X, np.sin(6 * X[:, 0]) + NOISE * rng.normal(size=n_rows)


def root_mean_square(values):
    return np.sqrt(np.mean(np.square(values)))


@pytest.fixture(scope="module")
def sine():
    return MCDropoutRegressor(max_iter=1000, random_state=0).fit(*noisy_sine(80, 0))


def test_a_noisy_sine_is_learned(sine):
    X, y = noisy_sine(500, 1)
    assert root_mean_square(sine.predict(X) - y) < 0.15
    assert sine.score(X, y) > 0.9


def test_the_interval_covers_new_rows(sine):
    X, y = noisy_sine(500, 1)
    mean, std = sine.predict(X, return_std=True)
    assert 0.85 <= np.mean(np.abs(y - mean) < 1.96 * std) <= 1


def test_the_function_is_less_known_far_outside_the_data(sine):
    _, inside = sine.predict(np.linspace(0, 1, 50)[:, None], return_std=True, noise=False)
    _, outside = sine.predict(np.array([[-3.0], [4.0]]), return_std=True, noise=False)
    assert outside.min() > 3 * inside.mean()


@pytest.mark.parametrize("dropout", [0, 0.05, 0.1])
def test_the_noise_of_the_sine_is_found_whatever_the_dropout(dropout):
    model = MCDropoutRegressor(dropout=dropout, max_iter=1000, random_state=0).fit(*noisy_sine(80, 0))
    assert NOISE**2 / 3 < model.noise_variance_ < 3 * NOISE**2


def test_noise_is_found_among_repeated_rows():
    X = np.repeat(np.linspace(0, 1, 10), 8)[:, None]
    y = np.tile([-1.0, 1.0], 40)
    model = MCDropoutRegressor(n_networks=4, max_iter=300, dropout=0.01, random_state=0).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    assert np.abs(mean).max() < 0.5
    assert 0.7 < model.noise_variance_ < 1.5
    assert np.all(np.abs(std - 1) < 0.3)


def test_several_outputs_share_the_hidden_layers():
    X, _ = noisy_sine(80, 0)
    y = np.column_stack([np.sin(6 * X[:, 0]), 1e3 * np.cos(6 * X[:, 0])])
    model = MCDropoutRegressor((20, 20), n_networks=3, max_iter=500, random_state=0).fit(X, y)
    assert np.all(root_mean_square((model.predict(X) - y) / [1, 1e3]) < 0.2)
    assert [kernel.shape for kernel in model.networks_.kernels] == [(3, 1, 20), (3, 20, 20), (3, 20, 2)]


def test_a_larger_output_weight_lowers_the_error_of_that_output():
    X = y = np.random.default_rng(0).uniform(size=(60, 2))  # one unit can pass one of the two on
    errors = []
    for output_weights in [(1.0, 0.01), (0.01, 1.0)]:
        model = MCDropoutRegressor(
            (1,),
            dropout=0,
            n_networks=2,
            max_iter=1000,
            output_weights=output_weights,
            random_state=1,
        ).fit(X, y)
        errors.append(np.sqrt(np.mean(np.square(model.predict(X) - y), axis=0)))
    favoured_first, favoured_second = errors
    assert favoured_first[0] < 0.3 * favoured_second[0]
    assert favoured_second[1] < 0.3 * favoured_first[1]


def test_an_outcome_is_unknown_to_the_one_network_that_holds_it_out(quick, rows, outcomes, fitted):
    middle = np.argsort(outcomes[:, 0])[20]  # its change leaves the range of y as it is
    changed = outcomes.copy()
    changed[middle, 0] += 2
    model = quick(n_networks=3, dropout=0.1).fit(rows, changed)
    is_same = [
        (mine == theirs).all(axis=(1, 2))
        for mine, theirs in zip(model.networks_.kernels, fitted.networks_.kernels, strict=True)
    ]
    assert np.sum(is_same, axis=1).tolist() == [1, 1, 1]


def test_output_weights_of_one_are_the_default(quick, rows, outcomes, fitted):
    model = quick(n_networks=3, dropout=0.1, output_weights=(1, 1)).fit(rows, outcomes)
    np.testing.assert_array_equal(model.predict(rows), fitted.predict(rows))


def test_a_larger_alpha_flattens_the_prediction():
    X, y = noisy_sine(80, 0)
    ranges = [
        np.ptp(
            MCDropoutRegressor(n_networks=2, max_iter=300, alpha=alpha, random_state=0).fit(X, y).predict(X)
        )
        for alpha in (0.0, 30.0)
    ]
    assert ranges[1] < 0.5 * ranges[0]


def test_mini_batches_learn_a_sum_and_are_reproducible():
    X = np.random.default_rng(0).uniform(0, 1, (1500, 2))
    y = X.sum(axis=1)
    models = [MCDropoutRegressor(n_networks=3, max_iter=400, random_state=0).fit(X, y) for _ in range(2)]
    assert root_mean_square(models[0].predict(X) - y) < 0.05
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X))


def test_a_batch_of_all_rows_or_more_is_full_batch(quick, rows, outcomes, fitted_single):
    model = quick(batch_size=2**31 - 1).fit(rows, outcomes[:, 0])
    np.testing.assert_array_equal(model.predict(rows), fitted_single.predict(rows))


def test_from_paper_is_the_setting_of_the_paper():
    model = MCDropoutRegressor.from_paper()
    assert type(model) is MCDropoutRegressor
    assert model.hidden_layer_sizes == (20, 20)
    assert (model.activation, model.dropout) == ("elu", 0.1)
    assert (model.n_networks, model.max_iter) == (1, 15_000)
    assert model.batch_size > 1e9  # more rows than there can be: full batch


def test_from_paper_can_be_overridden(rows, outcomes):
    model = MCDropoutRegressor.from_paper(max_iter=20, activation="relu", output_weights=(1, 1 / 9))
    assert (model.max_iter, model.activation, model.dropout) == (20, "relu", 0.1)
    mean, std = model.set_params(random_state=0).fit(rows, outcomes).predict(rows, return_std=True)
    assert mean.shape == std.shape == (40, 2)


def test_a_constant_output_is_predicted_with_almost_no_spread():
    X, _ = noisy_sine(40, 0)
    model = MCDropoutRegressor(n_networks=2, max_iter=1000, random_state=0).fit(X, np.full(40, 5.0))
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(mean, 5, atol=1e-3)
    assert std.max() < 1e-2


def test_a_constant_input_is_no_obstacle(quick):
    X = np.column_stack([np.full(40, 21.5), np.linspace(3, 4, 40)])
    model = quick(max_iter=300, dropout=0.01).fit(X, X[:, 1])
    assert model.score(X, X[:, 1]) > 0.9


@pytest.mark.parametrize("n_networks", [1, 5])
def test_two_rows_are_enough(quick, n_networks):
    mean, std = (
        quick(n_networks=n_networks)
        .fit([[0.0], [1.0]], [3.0, 4.0])
        .predict([[0.0], [0.5], [1.0]], return_std=True)
    )
    assert np.all(np.isfinite(mean))
    assert np.all(std > 0)
    assert np.all((mean > 2) & (mean < 5))


def test_more_columns_than_rows(quick):
    X = np.random.default_rng(0).uniform(size=(6, 30))
    mean, std = quick().fit(X, X[:, 0]).predict(X, return_std=True)
    assert np.all(np.isfinite(mean))
    assert np.all(std > 0)


def test_tiny_and_huge_units_in_one_table(quick):
    X, y = noisy_sine(40, 0)
    units = np.array([1e-12, 1e12])
    model = quick(max_iter=300).fit(X * units, y[:, None] * units)
    mean, std = model.predict(X * units, return_std=True)
    assert root_mean_square(mean / units - y[:, None]) < 0.4
    assert np.all((std / units > 0.01) & (std / units < 1))
    assert np.all((model.noise_variance_ / units**2 > 1e-4) & (model.noise_variance_ / units**2 < 1))


def test_small_products_teach_what_large_ones_teach(monkeypatch):
    """They are made by another kernel of TensorFlow, with a gradient of its own."""
    X, y = noisy_sine(40, 0)
    model = MCDropoutRegressor(hidden_layer_sizes=(7, 5), max_iter=100, random_state=0)
    small = model.fit(X, y).predict(X, return_std=True)
    monkeypatch.setattr("bnnopt.surrogates._dropout._updates.SMALL_PRODUCT", 0)
    large = model.fit(X, y).predict(X, return_std=True)
    np.testing.assert_allclose(small, large, rtol=1e-3)
