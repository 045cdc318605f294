"""Families of wide networks, who judges which row, and the weights that held-out rows give."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from bnnopt.surrogates._stacking import log_normal_density, stack
from bnnopt.surrogates._wide import ROWS_TO_JUDGE, OneOutput, fit_families
from bnnopt.surrogates._wide._family import FEW_ROWS, JUDGED_ROWS, MANY_ROWS
from bnnopt.surrogates._wide._family import _Crew as Crew
from bnnopt.surrogates._wide._family import _held_out as held_out
from bnnopt.surrogates._wide._family import _is_seen as is_seen
from bnnopt.surrogates._wide._family import _parts as parts_of

NETWORKS_OF_A_FAMILY = FEW_ROWS.size.n_networks


def one_output(n_rows, **changes):
    rng = np.random.default_rng(n_rows)
    X = rng.random((n_rows, 2))
    y = 1.5 * np.sin(5 * X[:, 0]) + 0.15 * rng.standard_normal(n_rows)
    own = {"X": X, "y": y, "weights": np.ones(n_rows)}
    own |= {"noise_factors": np.ones(n_rows), "known_noise": np.zeros(n_rows)}
    return OneOutput(**(own | changes))


@pytest.fixture(scope="module")
def few():
    return fit_families(one_output(20), np.random.default_rng(0), 10)


@pytest.fixture(scope="module")
def judged():
    return fit_families(one_output(ROWS_TO_JUDGE), np.random.default_rng(0), 25)


def test_few_rows_have_the_smoother_families_with_equal_shares(few):
    assert [family.name for family in few] == ["wide, matern", "wide, smooth"]
    for family in few:
        np.testing.assert_array_equal(family.shares, np.full(NETWORKS_OF_A_FAMILY, 1 / NETWORKS_OF_A_FAMILY))


def test_many_rows_have_all_families_with_shares_that_make_1(judged):
    assert [family.name for family in judged] == list(JUDGED_ROWS.families)
    for family in judged:
        assert len(family.networks) == NETWORKS_OF_A_FAMILY
        assert family.shares.min() >= 0
        assert family.shares.sum() == pytest.approx(1.0)
        assert {network.spectrum for network in family.networks} == {JUDGED_ROWS.families[family.name][0]}


def test_held_out_rows_of_a_family_are_the_mixture_of_its_left_out_rows(few):
    for family in few:
        means = np.array([network.last_layer.left_out_mean for network in family.networks])
        variances = np.array([network.last_layer.left_out_variance for network in family.networks])
        np.testing.assert_allclose(family.held_out_mean, means.mean(axis=0), rtol=1e-10)
        np.testing.assert_allclose(
            family.held_out_variance, variances.mean(axis=0) + means.var(axis=0), rtol=1e-9
        )


def test_held_out_predictions_are_honest(judged):
    """They miss the rows by about as much as they say, and more than the networks that know the rows."""
    rows = one_output(ROWS_TO_JUDGE)
    for family in judged:
        errors = np.square(rows.y - family.held_out_mean)
        known = np.square(rows.y - family.networks[0].moments(rows.X)[0])
        assert errors.mean() > known.mean()
        assert 0.2 < np.mean(errors / family.held_out_variance) < 5.0


def test_the_same_generator_gives_the_same_families(few):
    again = fit_families(one_output(20), np.random.default_rng(0), 10)
    for one, other in zip(few, again, strict=True):
        np.testing.assert_array_equal(one.held_out_mean, other.held_out_mean)
        np.testing.assert_array_equal(one.held_out_variance, other.held_out_variance)


@pytest.mark.parametrize("n_rows", [64, 67, 266, 267, 1000])
def test_every_row_is_left_out_by_a_network_and_few_are_learned_from(n_rows):
    parts = parts_of(n_rows, JUDGED_ROWS.size, np.random.default_rng(0))
    seen = is_seen(parts, n_rows)
    n_learned = min(n_rows - -(-n_rows // 4), JUDGED_ROWS.size.n_learned)
    assert parts.shape == (NETWORKS_OF_A_FAMILY, n_learned)
    np.testing.assert_array_equal(seen.sum(axis=1), parts.shape[1])
    assert (~seen).any(axis=0).all()
    assert n_rows > 64 or (seen.sum(axis=0) == NETWORKS_OF_A_FAMILY - 1).all()


def test_many_rows_have_one_network_of_a_family_that_learns_from_more_of_them(monkeypatch):
    monkeypatch.setattr("bnnopt.surrogates._wide._family.MAX_CENTRES", 80)
    monkeypatch.setattr("bnnopt.surrogates._wide._few_centres.MAX_CENTRES", 80)
    monkeypatch.setattr("bnnopt.surrogates._wide._network.MAX_CENTRES", 80)
    monkeypatch.setattr("bnnopt.surrogates._wide._family.MOST_ROWS_JUDGED", 100)
    rows = one_output(600)
    families = fit_families(rows, np.random.default_rng(0), 25)
    for family in families:
        assert len(family.networks) == MANY_ROWS.size.n_networks == 1
        assert family.networks[0].centres.shape == (80, 2)
        np.testing.assert_array_equal(family.judged, families[0].judged)
        assert len(family.judged) == len(set(family.judged)) == len(family.held_out_mean) == 100
        errors = np.square(rows.y[family.judged] - family.held_out_mean)
        assert 0.3 < np.mean(errors / family.held_out_variance) < 3.0


def learned_on(y, noise):
    """The network of most evidence of 800 rows before and after it learned on from all of them."""
    rng = np.random.default_rng(5)
    X = rng.random((800, 2))
    rows = one_output(800, X=X, y=y(X) + noise * rng.standard_normal(800))
    crew = Crew.of(rows, None, MANY_ROWS, rng)
    part = np.arange(0, 800, 4)
    scales = crew.learned(np.arange(0, 800, 8)[None], 30)
    return int(np.argmax(crew.log_evidence(scales, part))), scales, crew.learned_further(scales, part, 20)


def test_the_best_network_learns_the_noise_from_all_rows():
    best, before, after = learned_on(lambda X: 1.5 * np.sin(5 * X[:, 0]), 0.3)
    others = np.arange(len(before.noise)) != best
    np.testing.assert_array_equal(after.point[others], before.point[others])
    assert abs(np.log(after.noises[best] / 0.09)) < abs(np.log(before.noises[best] / 0.09))
    assert after.noises[best] == pytest.approx(0.09, rel=0.1)  # of 800 rows: a standard error of 5 %


def test_what_the_centres_cannot_say_is_not_taken_for_noise(monkeypatch):
    monkeypatch.setattr("bnnopt.surrogates._wide._family.CENTRES_OF_THE_BOUND", 8)
    _, before, after = learned_on(lambda X: np.sin(25 * X[:, 0]) * np.cos(20 * X[:, 1]), 0.05)
    np.testing.assert_array_equal(after.point, before.point)


def test_a_row_that_all_judges_have_seen_is_judged_by_all():
    judges = [judge([2.0], [1.0]), judge([4.0], [1.0])]
    mean, variance = held_out(one_output(1), judges, np.array([0.5, 0.5]), np.ones((2, 1), dtype=bool))
    np.testing.assert_allclose([mean[0], variance[0]], [3.0, 2.0])


def judge(mean, variance, noise=0.0):
    layer = SimpleNamespace(left_out_mean=np.array(mean), left_out_variance=np.array(variance))
    return SimpleNamespace(last_layer=layer, noise=noise)


def test_a_row_is_judged_by_those_who_have_not_seen_it_by_hand():
    """Row 0 by judge 1 alone, row 1 by both with shares 1/4 and 3/4: mean 3, variance 2 + 3 of the means."""
    judges = [judge([100.0, 0.0], [100.0, 2.0]), judge([7.0, 4.0], [1.5, 2.0])]
    seen = np.array([[True, False], [False, False]])
    mean, variance = held_out(one_output(2), judges, np.array([0.25, 0.75]), seen)
    np.testing.assert_allclose(mean, [7.0, 3.0], atol=1e-6)
    np.testing.assert_allclose(variance, [1.5, 5.0], atol=1e-5)


def test_a_joined_row_is_judged_as_one_measurement():
    """A row of weight 4 has a quarter of the noise in its left-out variance; a measurement has all of it."""
    rows = one_output(2, weights=np.array([4.0, 1.0]))
    not_seen = np.zeros((1, 2), dtype=bool)
    _, variance = held_out(rows, [judge([0.0, 0.0], [2.0 + 0.1, 2.0 + 0.4], noise=0.4)], np.ones(1), not_seen)
    np.testing.assert_allclose(variance, [2.4, 2.4])


def test_judges_of_no_share_are_asked_if_there_are_no_others():
    judges = [judge([1.0], [1.0]), judge([3.0], [1.0]), judge([9.0], [1.0])]
    seen = np.array([[False], [False], [True]])
    mean, _ = held_out(one_output(1, y=np.zeros(1)), judges, np.array([0.0, 0.0, 1.0]), seen)
    np.testing.assert_allclose(mean, [2.0])


def test_a_known_noise_comes_on_top_of_a_multiple():
    rows = one_output(3, noise_factors=np.array([1.0, 2.0, 3.0]), known_noise=np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(rows.noise(0.1), [0.1, 0.7, 1.3])


def test_the_density_is_that_of_scipy():
    y, mean, variance = np.array([0.0, 1.0, -3.0]), np.array([0.5, 1.0, 2.0]), np.array([1.0, 0.01, 4.0])
    np.testing.assert_allclose(log_normal_density(y, mean, variance), norm.logpdf(y, mean, np.sqrt(variance)))


def test_stacking_by_hand():
    """Each row is possible under one predictor alone, so its weight goes there: (rows + 2) of (all + 4)."""
    never = -2000.0
    logs = np.array([[0.0, 0.0, 0.0, never], [never, never, never, -5.0]])
    np.testing.assert_allclose(stack(logs, np.ones(4)), [5 / 8, 3 / 8], rtol=1e-7)
    np.testing.assert_allclose(stack(logs, np.array([1.0, 1.0, 1.0, 3.0])), [0.5, 0.5], rtol=1e-7)


def test_beyond_500_rows_the_prior_of_shares_fades():
    """With 2,000 rows it is worth half a row for each predictor: (rows + 1/2) of (all + 1)."""
    logs = np.array([[0.0, -2000.0], [-2000.0, 0.0]])
    expected = [1500.5 / 2001, 500.5 / 2001]
    np.testing.assert_allclose(stack(logs, np.array([1500.0, 500.0])), expected, rtol=1e-7)
    np.testing.assert_allclose(stack(logs, np.array([499.0, 1.0])), [501 / 504, 3 / 504], rtol=1e-7)


@pytest.mark.parametrize(("n_predictors", "n_rows"), [(1, 5), (3, 0), (2, 9), (5, 1)])
def test_equal_predictors_and_no_rows_give_equal_weights(n_predictors, n_rows):
    logs = np.tile(np.linspace(-900.0, 3.0, n_rows), (n_predictors, 1))
    np.testing.assert_allclose(stack(logs, np.ones(n_rows)), np.full(n_predictors, 1 / n_predictors))


def test_the_better_predictor_gets_more_but_not_everything():
    logs = np.zeros((2, 50))
    logs[0] = 0.5  # better by half a unit of logarithm in each row
    weights = stack(logs, np.ones(50))
    assert 0.85 < weights[0] < 1.0
    assert stack(logs[:, :3], np.ones(3))[0] < 0.6  # three rows decide little


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 8))
def test_weights_are_repeats_and_make_1_and_cannot_be_improved(seed, n_predictors, n_rows):
    rng = np.random.default_rng(seed)
    logs, counts = 3 * rng.standard_normal((n_predictors, n_rows)), rng.integers(1, 4, n_rows)
    weights = stack(logs, counts.astype(float))
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() > 0
    np.testing.assert_allclose(
        stack(np.repeat(logs, counts, axis=1), np.ones(counts.sum())), weights, rtol=1e-6
    )

    def target(shares):
        return counts @ np.log(shares @ np.exp(logs)) + 2.0 * np.log(shares).sum()

    others = rng.dirichlet(np.ones(n_predictors), 50)
    assert target(weights) >= max(target(np.maximum(other, 1e-9)) for other in others) - 1e-4
