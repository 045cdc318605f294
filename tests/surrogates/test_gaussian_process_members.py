"""Members of several families: what each learns from, who predicts which row, and how honest that is."""

import numpy as np
import pytest

from bnnopt.metrics import negative_log_likelihood
from bnnopt.surrogates import GaussianProcessEnsembleRegressor

TWO = ("matern_5_2", "exponential_by_rank")
EVERY = [
    "anova_matern_5_2",
    "anova_squared_exponential",
    "deep_relu",
    "exponential_by_rank",
    "matern_5_2",
    "matern_5_2_by_rank",
    "squared_exponential",
]


def one_output(n_rows, noise=0.15):
    rng = np.random.default_rng(n_rows)
    X = rng.random((n_rows, 2))
    return X, np.sqrt(2) * np.sin(9 * X[:, 0]) + noise * rng.standard_normal(n_rows)


def fitted(table, kernels=TWO, n_members=2):
    return GaussianProcessEnsembleRegressor(kernels, n_members=n_members, random_state=0).fit(*table)


@pytest.fixture(scope="module")
def small():
    return fitted(one_output(40))


def test_families_have_their_kernel_and_shares_that_make_1(small):
    table = small.members_
    assert sorted(table["kernel"].unique()) == sorted(TWO)
    assert (table.groupby("kernel").size() <= 2).all()
    assert (table["share"] >= 0).all()
    assert table["share"].sum() == pytest.approx(1.0)
    np.testing.assert_allclose(
        table.groupby("kernel")["share"].sum()[list(TWO)], small.shares_.loc[list(TWO)].to_numpy().ravel()
    )


def test_the_family_that_predicts_held_out_rows_better_has_the_larger_share(small):
    y, losses = one_output(40)[1], []
    for kernel in TWO:
        held_out = fitted(one_output(40), [kernel]).predict_held_out()
        losses.append(negative_log_likelihood(y, held_out.mean, np.sqrt(held_out.variance)))
    shares = small.shares_.loc[list(TWO)].to_numpy().ravel()
    assert shares.argmax() == np.argmin(losses)


@pytest.mark.parametrize("kernel", TWO)
def test_held_out_predictions_are_honest(kernel):
    """They miss the rows by about as much as they say, and more than the model that knows the rows."""
    X, y = one_output(40)
    model = fitted((X, y), [kernel])
    held_out = model.predict_held_out()
    errors = np.square(y - held_out.mean)
    assert errors.mean() > np.square(y - model.predict(X)).mean()
    assert 0.2 < np.mean(errors / held_out.variance) < 5.0


def test_the_same_seed_gives_the_same_members(small):
    again = fitted(one_output(40))
    for own, other in zip(small.predict_held_out(), again.predict_held_out(), strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("n_members", [1, 2, 6])
@pytest.mark.parametrize("n_rows", [2, 3, 64, 267])
def test_every_row_is_predicted_by_members_that_have_not_seen_it(n_rows, n_members):
    X, y = one_output(n_rows)
    held_out = fitted((X, y), ["matern_5_2"], n_members).predict_held_out()
    assert held_out.rows.tolist() == list(range(n_rows))
    assert np.isfinite(held_out.mean).all()
    assert (held_out.variance > 0).all()
    if n_rows == 64:
        assert np.mean(np.square(y - held_out.mean) / held_out.variance) > 0.3


def test_many_rows_are_judged_on_a_part():
    """More rows than an exact posterior takes, and more than are judged."""
    X, y = one_output(4_400)
    held_out = fitted((X, y), ["matern_5_2"], 1).predict_held_out()
    assert len(held_out.rows) == len(set(held_out.rows.tolist())) == 4_096
    ratio = np.mean(np.square(y[held_out.rows] - held_out.mean) / held_out.variance)
    assert 0.3 < ratio < 3.0


def test_what_inducing_points_cannot_say_is_not_taken_for_noise():
    """A rough function with noise of 0.05, which a bound of few points would call smooth and noisy."""
    rng = np.random.default_rng(5)
    X = rng.random((1_200, 2))
    y = np.sin(40 * X[:, 0]) * np.cos(36 * X[:, 1]) + 0.05 * rng.standard_normal(1_200)
    model = fitted((X, y), ["squared_exponential"], 1)
    assert model.noise_variance_ < 4 * 0.05**2


@pytest.mark.parametrize("family", EVERY)
def test_what_has_not_varied_is_open_where_it_does(family):
    """A level that no row has had: its column is 0 throughout, and 1 is nearly as unknown as without rows."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random(40), np.zeros(40)])
    model = GaussianProcessEnsembleRegressor([family], random_state=0).fit(X, np.sin(6 * X[:, 0]))
    seen, unseen = (np.array([[0.5, level]]) for level in (0.0, 1.0))
    _, known = model.predict(seen, return_std=True, noise=False)
    _, open_ = model.predict(unseen, return_std=True, noise=False)
    assert known[0] < 0.1
    assert open_[0] > 3 * known[0]
    assert open_[0] > 0.25
