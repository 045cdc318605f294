"""Batches by joint draws: conditioning against the exact Gaussian, and properties of the choice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnnopt.acquisition import (
    condition_draws,
    expected_improvement_of_draws,
    greedy_batch,
    moments_of_draws,
    thompson,
)
from bnnopt.exceptions import InvalidDataError


def draws_of(seed, n_draws=32, n=8):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_draws, 4)) @ rng.normal(size=(4, n)) + rng.normal(size=n)


def improvement(draws):
    return expected_improvement_of_draws(draws[0], best=0.0)


def by_mean(draws):
    return draws[0].mean(axis=0)


def test_moments_by_hand():
    mean, std = moments_of_draws([[1.0, 0.1], [3.0, 0.1], [5.0, 0.1]])
    np.testing.assert_allclose(mean, [3, 0.1])
    np.testing.assert_allclose(std, [np.sqrt(8 / 3), 0])
    assert std[1] == 0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), index=st.integers(0, 7), noise=st.sampled_from([0.0, 0.3, 10.0]))
def test_conditioning_gives_exactly_the_gaussian_posterior_of_the_empirical_covariance(seed, index, noise):
    draws = draws_of(seed)
    conditioned = condition_draws(draws, index, noise_variance=noise)
    covariance = np.cov(draws.T, ddof=0)
    column = covariance[:, index]
    expected = covariance - np.outer(column, column) / (column[index] + noise)
    scale = covariance.max()
    np.testing.assert_allclose(np.cov(conditioned.T, ddof=0), expected, atol=1e-12 * scale)
    np.testing.assert_allclose(conditioned.mean(axis=0), draws.mean(axis=0), atol=1e-12 * np.abs(draws).max())


def test_without_noise_all_draws_agree_at_the_candidate():
    draws = draws_of(1)
    mean, std = moments_of_draws(condition_draws(draws, 3))
    assert std[3] < 1e-14 * draws[:, 3].std()
    assert mean[3] == pytest.approx(draws[:, 3].mean())


def test_each_point_of_a_batch_follows_a_draw_of_its_own():
    """Three candidates that know nothing of each other: the first draw likes the last one, the second draw
    the middle one best of what is left, the third draw the first one.
    """
    draws = np.array([[-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
    assert greedy_batch(lambda outputs: outputs[0][0], [draws], 3).tolist() == [2, 1, 0]


def test_a_known_joint_gaussian_is_met():
    x = np.linspace(0, 1, 9)
    covariance = np.exp(-0.5 * ((x[:, None] - x) / 0.3) ** 2) + 1e-10 * np.eye(9)
    rng = np.random.default_rng(0)
    draws = rng.standard_normal((20_000, 9)) @ np.linalg.cholesky(covariance).T
    for noise in (0.0, 0.5):
        _, std = moments_of_draws(condition_draws(draws, 4, noise_variance=noise))
        analytic = np.sqrt(np.maximum(1 - covariance[4] ** 2 / (covariance[4, 4] + noise), 0))
        np.testing.assert_allclose(std, analytic, atol=4 / np.sqrt(2 * 20_000))


def test_conditioning_where_all_draws_agree_changes_nothing():
    draws = draws_of(2)
    draws[:, 5] = 0.1
    conditioned = condition_draws(draws, 5)
    np.testing.assert_array_equal(conditioned, draws)
    assert not np.shares_memory(conditioned, draws)


def test_the_input_is_not_changed():
    draws = draws_of(3)
    draws.flags.writeable = False
    condition_draws(draws, 0)
    greedy_batch(improvement, [draws], 3)


def test_batch_takes_from_both_of_two_clusters():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, 256))
    draws = np.column_stack([left, left, left, right, right, right])
    first, second = greedy_batch(improvement, [draws], 2)
    assert {first // 3, second // 3} == {0, 1}


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 12), n_outputs=st.integers(1, 3))
def test_candidates_of_a_batch_differ(seed, n, n_outputs):
    outputs = [draws_of(seed + k) for k in range(n_outputs)]
    chosen = greedy_batch(lambda draws: expected_improvement_of_draws(sum(draws), best=0.0), outputs, n)
    assert chosen.dtype.kind == "i"
    assert len(chosen) == len(set(chosen.tolist())) == min(n, 8)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_smaller_batch_is_the_start_of_a_larger_one(seed):
    large = greedy_batch(improvement, [draws_of(seed)], 6)
    np.testing.assert_array_equal(greedy_batch(improvement, [draws_of(seed)], 3), large[:3])


def test_of_equal_scores_the_first_candidate_is_taken():
    chosen = greedy_batch(lambda draws: np.zeros(8), [draws_of(0)], 4)
    np.testing.assert_array_equal(chosen, [0, 1, 2, 3])


def test_taken_and_closed_candidates_are_left_out():
    is_taken = np.zeros(8, dtype=bool)
    is_taken[[0, 1]] = True

    def score(draws):
        return np.where(np.arange(8) == 2, -np.inf, 0.0)

    chosen = greedy_batch(score, [draws_of(0)], 20, is_taken=is_taken, pending=[5])
    np.testing.assert_array_equal(chosen, [3, 4, 6, 7])
    nothing = greedy_batch(lambda draws: np.full(8, -np.inf), [draws_of(0)], 2)
    assert nothing.shape == (0,)


def test_pending_candidates_are_conditioned_first():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, 256))
    draws = np.column_stack([3 * left, 3 * left, right, right])
    assert greedy_batch(improvement, [draws], 1)[0] == 0
    assert greedy_batch(improvement, [draws], 1, pending=[0])[0] in (2, 3)


def test_every_output_is_conditioned():
    seen = []

    def score(draws):
        seen.append([array.std(axis=0) for array in draws])
        return draws[0].std(axis=0)

    first, _ = greedy_batch(score, [draws_of(0), draws_of(1)], 2)
    for before, after in zip(seen[0], seen[1], strict=True):
        assert after[first] < 1e-12 * before[first]


def test_thompson_sampling_meets_a_further_draw_for_each_point():
    draws = np.zeros((64, 30))
    draws[np.arange(30), np.arange(30)] = 1.0  # draw k has its maximum at candidate k
    chosen = greedy_batch(lambda draws: thompson(draws[0]), [draws], 30)
    np.testing.assert_array_equal(chosen, np.arange(30))


def test_without_uncertainty_the_best_means_are_taken():
    draws = np.tile([3.0, 9.0, 1.0, 7.0], (5, 1))
    np.testing.assert_array_equal(greedy_batch(by_mean, [draws], 3), [1, 3, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be at least 1, got 0"),
        ({"outputs": []}, "at least one output"),
        ({"outputs": [draws_of(0), draws_of(0, n=7)]}, r"\(32, 8\), \(32, 7\)"),
        ({"pending": [8]}, "from 0 to 7, got 8"),
        ({"pending": [-1]}, "from 0 to 7, got -1"),
        ({"is_taken": [True]}, r"8 candidates, got bool of shape \(1,\)"),
        ({"is_taken": np.zeros(8, dtype=int)}, "got int64"),
        ({"score": lambda draws: np.zeros(3)}, r"shape \(8,\), got \(3,\)"),
        ({"score": lambda draws: np.full(8, np.nan)}, "NaN or"),
    ],
)
def test_wrong_batches_are_refused(arguments, message):
    with pytest.raises(InvalidDataError, match=message):
        greedy_batch(**({"score": by_mean, "outputs": [draws_of(0)], "n": 2} | arguments))


def test_wrong_conditions_are_refused():
    with pytest.raises(InvalidDataError, match="noise_variance must be finite and at least 0"):
        condition_draws(draws_of(0), 0, noise_variance=-1)
    with pytest.raises(InvalidDataError, match="from 0 to 7"):
        condition_draws(draws_of(0), 8)
