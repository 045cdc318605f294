"""The mixture behind the estimator: moments, rows that do not know each other, draws in proportion."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from bnnopt.surrogates import MCDropoutRegressor
from bnnopt.surrogates._blocks import ROWS_PER_BLOCK, in_blocks
from bnnopt.surrogates._mixture import Mixture, OutputMixture
from bnnopt.surrogates._mixture import _in_proportion as in_proportion


class Flat:
    """A wide network that predicts the same everywhere, in units of the output; draws are its mean."""

    def __init__(self, mean, variance, noise=0.0):
        self.mean, self.variance, self.noise = mean, variance, noise

    def moments(self, X):
        return np.full(len(X), self.mean), np.full(len(X), self.variance)

    def draw(self, dropout, n_draws, rng):
        return lambda X: np.full((len(X), n_draws), self.mean)


class FlatTrained:
    """Trained networks in the units of two outputs."""

    noise = np.array([3.0, 5.0])

    def moments(self, X):
        return np.tile([20.0, 2.0], (len(X), 1)), np.tile([9.0, 1.0], (len(X), 1))

    def draw(self, X, n_samples, rng):
        return np.tile([20.0, 2.0], (len(X), n_samples, 1))


ROWS = np.linspace(0.0, 1.0, 5)[:, None]


def output(shares, trained_share=0.0, calibration=1.0, noise_factors=None, known_noise=0.0):
    """Centre 10, unit 2: the networks predict 10 + 2 * 0 = 10 and 10 + 2 * 2 = 14, variances 4 and 16."""
    networks = [Flat(0.0, 1.0, noise=0.5), Flat(2.0, 4.0, noise=0.25)][: len(shares)]
    return OutputMixture.of(
        10.0, 2.0, networks, np.array(shares), trained_share, known_noise, noise_factors, calibration
    )


def test_moments_follow_the_law_of_total_variance_by_hand():
    """Mean 10/4 + 14 * 3/4 = 13; variance 4/4 + 16 * 3/4 = 13 within and 16 * 3/16 = 3 between."""
    mixture = Mixture((output([0.25, 0.75]),), None, 0.05)
    mean, variance = mixture.moments(ROWS)
    np.testing.assert_allclose(mean, np.full((5, 1), 13.0))
    np.testing.assert_allclose(variance, np.full((5, 1), 16.0))
    np.testing.assert_allclose(mixture.noise, [4 * (0.25 * 0.5 + 0.75 * 0.25)])


def test_trained_networks_join_each_output_with_its_share_by_hand():
    """Output 0: 10/4 + 14/4 + 20/2 = 16; output 1 is the first wide network alone."""
    mixture = Mixture((output([0.25, 0.25], 0.5), output([1.0])), FlatTrained(), 0.05)
    mean, variance = mixture.moments(ROWS)
    np.testing.assert_allclose(mean, np.tile([16.0, 10.0], (5, 1)))
    between = 0.25 * 36 + 0.25 * 4 + 0.5 * 16
    np.testing.assert_allclose(variance, np.tile([0.25 * 4 + 0.25 * 16 + 0.5 * 9 + between, 4.0], (5, 1)))
    np.testing.assert_allclose(mixture.noise, [4 * 0.25 * 0.75 + 0.5 * 3.0, 2.0])


def test_networks_of_next_to_no_share_are_left_out():
    lone = output([0.0015, 0.9985])
    assert len(lone.wide) == 1
    np.testing.assert_array_equal(lone.shares, [1.0])
    assert output([0.5, 0.499], trained_share=0.001).trained_share == 0.0
    kept = output([0.001, 0.499], trained_share=0.5)
    assert kept.shares.sum() + kept.trained_share == pytest.approx(1.0)


def test_a_calibrated_mixture_has_all_its_variances_scaled_in_moments_components_and_draws():
    plain, wider = (Mixture((output([0.25, 0.75], calibration=c),), None, 0.05) for c in (1.0, 4.0))
    np.testing.assert_allclose(wider.moments(ROWS)[0], plain.moments(ROWS)[0])
    np.testing.assert_allclose(wider.moments(ROWS)[1], 4 * plain.moments(ROWS)[1])
    np.testing.assert_allclose(wider.noise_at(ROWS), 4 * plain.noise_at(ROWS))
    shares, means, variances = wider.components(ROWS)[0]
    middle = shares @ means
    np.testing.assert_allclose(shares @ (variances + np.square(means - middle)), np.full(5, 64.0))
    draws = wider.draw(ROWS, 8, np.random.default_rng(0))[0, :, 0]
    np.testing.assert_allclose(np.sort(draws), [7.0] * 2 + [15.0] * 6)  # 13 - 2 * 3 and 13 + 2 * 1


def test_noise_at_rows_is_the_mean_noise_times_the_factors():
    mixture = Mixture((output([1.0], noise_factors=lambda X: 1 + X[:, 0], known_noise=3.0),), None, 0.05)
    np.testing.assert_allclose(mixture.noise, [5.0])
    np.testing.assert_allclose(mixture.noise_at(ROWS)[:, 0], 5.0 * (1 + ROWS[:, 0]))


def test_networks_come_in_proportion_to_their_shares():
    mixture = Mixture((output([0.25, 0.75]),), None, 0.05)
    draws = mixture.draw(ROWS, 8, np.random.default_rng(0))
    assert draws.shape == (5, 8, 1)
    assert sorted(draws[0, :, 0]) == [10.0] * 2 + [14.0] * 6
    np.testing.assert_array_equal(draws, np.repeat(draws[:1], 5, axis=0))


@pytest.mark.parametrize("n", [1, 7, 100])
def test_systematic_choices_are_within_one_of_the_share(n):
    shares = np.array([0.5, 0.0, 0.3, 0.2, 0.0])
    for seed in range(20):
        counts = np.bincount(in_proportion(shares, n, np.random.default_rng(seed)), minlength=5)
        assert (np.abs(counts - n * shares) < 1 + 1e-9).all()
        assert counts[1] == counts[4] == 0


@pytest.mark.parametrize("n_rows", [1, ROWS_PER_BLOCK - 1, ROWS_PER_BLOCK, ROWS_PER_BLOCK + 1])
def test_blocks_are_all_of_one_size_and_give_the_rows_back_in_order(n_rows):
    sizes, X = [], np.arange(2.0 * n_rows).reshape(n_rows, 2)

    def doubled(block):
        sizes.append(len(block))
        return 2 * block

    np.testing.assert_array_equal(in_blocks(doubled, X), 2 * X)
    assert sizes == [ROWS_PER_BLOCK] * (1 + (n_rows > ROWS_PER_BLOCK))


POINTS = np.random.default_rng(7).normal(0.5, 0.6, (400, 2))


@pytest.fixture(scope="module")
def small():
    """Two outputs, 12 rows: two families."""
    rng = np.random.default_rng(1)
    X = rng.random((12, 2))
    y = np.column_stack([5 + np.sin(4 * X[:, 0]), 100 * X[:, 1] + rng.standard_normal(12)])
    return MCDropoutRegressor(method="wide", random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def large():
    """One output, 70 rows: all families, calibrated, noise by inputs; the search is cut short."""
    rng = np.random.default_rng(2)
    X = rng.random((70, 2))
    y = np.round(np.sin(4 * X[:, 0]), 1) + 0.2 * X[:, 1] * rng.standard_normal(70)
    settings = {"noise": "input_dependent", "calibrate": True, "max_iter": 3, "random_state": 0}
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        return MCDropoutRegressor(method="wide", **settings).fit(X, y)


@pytest.fixture(params=["small", "large"])
def model(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("n_rows", [1, 2, 255, 400])
def test_rows_do_not_know_each_other(model, n_rows):
    order = np.random.default_rng(n_rows).permutation(400)[:n_rows]
    for noise in (True, False):
        for some, everything in zip(
            model.predict(POINTS[order], return_std=True, noise=noise),
            model.predict(POINTS, return_std=True, noise=noise),
            strict=True,
        ):
            np.testing.assert_array_equal(some, everything[order])
    np.testing.assert_array_equal(model.sample_y(POINTS[order], 4), model.sample_y(POINTS, 4)[order])


def test_the_same_point_twice_in_a_draw_differs_by_exactly_zero(model):
    twice = np.concatenate([POINTS[:200], POINTS[::-1], POINTS[:200]])
    draws = model.sample_y(twice, 5)
    np.testing.assert_array_equal(draws[:200], draws[-200:])
    np.testing.assert_array_equal(draws[:200], draws[200:600][::-1][:200])


def test_components_have_the_moments_of_predict(model):
    mean, std = model.predict(POINTS[:50], return_std=True, noise=False)
    laws = model.predict_mixture(POINTS[:50])
    laws = laws if isinstance(laws, list) else [laws]
    for (shares, means, stds), own_mean, own_std in zip(
        laws, mean.reshape(50, -1).T, std.reshape(50, -1).T, strict=True
    ):
        assert shares.sum() == pytest.approx(1.0)
        middle = shares @ means
        np.testing.assert_allclose(middle, own_mean, rtol=1e-9)
        np.testing.assert_allclose(np.sqrt(shares @ (stds**2 + (means - middle) ** 2)), own_std, rtol=1e-9)


def test_shares_make_1_and_are_named(small, large):
    np.testing.assert_allclose(small.shares_.sum(), [1.0, 1.0])
    assert list(small.shares_.index) == ["wide, matern", "wide, smooth"]
    np.testing.assert_allclose(large.shares_.sum(), [1.0])
    assert len(large.shares_) == 4


def test_the_same_seed_gives_the_same_numbers(small):
    rng = np.random.default_rng(1)
    X = rng.random((12, 2))
    y = np.column_stack([5 + np.sin(4 * X[:, 0]), 100 * X[:, 1] + rng.standard_normal(12)])
    again, other = (MCDropoutRegressor(method="wide", random_state=seed).fit(X, y) for seed in (0, 1))
    np.testing.assert_array_equal(again.predict(POINTS), small.predict(POINTS))
    np.testing.assert_array_equal(again.sample_y(POINTS, 3), small.sample_y(POINTS, 3))
    assert (other.predict(POINTS) != small.predict(POINTS)).any()
    assert (small.sample_y(POINTS, 3, random_state=1) != small.sample_y(POINTS, 3)).any()


def test_many_draws_have_the_moments_of_predict(small):
    mean, std = small.predict(POINTS[:10], return_std=True, noise=False)
    draws = small.sample_y(POINTS[:10], 600)
    assert (np.abs(draws.mean(axis=2) - mean) < 5 * std / np.sqrt(600)).all()
    np.testing.assert_allclose(draws.std(axis=2), std, rtol=0.25)


def test_the_search_counts_as_iterations_and_nothing_was_trained(small, large):
    assert (small.n_iter_, large.n_iter_) == (40, 3)
    assert not hasattr(small, "networks_")
    assert not hasattr(small, "loss_")
