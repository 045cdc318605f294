"""Rows spread out while there is nothing to learn from, and look elsewhere where nothing could be told."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from bnnopt import BayesianOptimizer, Maximize, Minimize, Real, SearchSpace

SQUARE = SearchSpace([Real("a", 0, 1), Real("b", 0, 1)])
TOLD = np.array([[0.5, 0.5], [0.1, 0.2], [0.9, 0.3], [0.2, 0.9]])


class Bowl(RegressorMixin, BaseEstimator):
    """A bowl with its lowest point at the middle, known to `std`, under noise of that deviation."""

    def __init__(self, std=0.01, noise=1.0):
        self.std = std
        self.noise = noise

    def fit(self, X, y):
        self.n_features_in_ = np.shape(X)[1]
        return self

    def predict(self, X, return_std=False, noise=True):
        mean = np.square(np.asarray(X) - 0.5).sum(axis=1)
        std = np.full(len(mean), np.hypot(self.std, self.noise if noise else 0.0))
        return (mean, std) if return_std else mean


def optimizer_of(surrogate="gaussian_process_ensemble", n_initial=4, **options):
    return BayesianOptimizer(
        SQUARE, [Minimize("y")], surrogate=surrogate, n_initial=n_initial, random_state=0, **options
    )


def distances(rows, others):
    """Largest difference in a coordinate from the nearest of the others, shape (n,)."""
    gaps = np.abs(np.asarray(rows)[:, None] - np.asarray(others)[None]).max(axis=2)
    return gaps.min(axis=1)


def test_while_all_outcomes_are_alike_rows_go_on_as_the_first_design():
    optimizer = optimizer_of()
    first = optimizer.ask(4)
    assert set(first["reason"]) == {"the first design"}
    optimizer.tell(first, {"y": np.zeros(4)})
    for _ in range(12):
        row = optimizer.ask()
        assert row["reason"].iloc[0].startswith("spread out like a design")
        optimizer.tell(row, {"y": [0.0]})
    whole = optimizer_of(n_initial=16).ask(16)
    np.testing.assert_allclose(optimizer.data[["a", "b"]], whole[["a", "b"]])
    optimizer.tell([[0.33, 0.77]], {"y": [-1.0]})
    assert optimizer.ask()["reason"].iloc[0] == "the highest score"


def test_replicates_are_chosen_though_all_outcomes_are_alike():
    optimizer = optimizer_of()
    optimizer.tell(TOLD, np.zeros(4))
    batch = optimizer.ask(3, n_replicates=1)
    assert batch["reason"].tolist() == [batch["reason"].iloc[0]] * 2 + ["replicate"]
    assert (batch[["a", "b"]].to_numpy()[-1] == TOLD).all(axis=1).any()
    assert (optimizer.ask(1, n_replicates=1)["reason"] == "replicate").all()


def test_a_pool_is_searched_though_all_outcomes_are_alike():
    optimizer = optimizer_of()
    optimizer.tell(TOLD, np.zeros(4))
    pool = SQUARE.sample(50, random_state=1)
    batch = optimizer.ask(3, candidates=pool)
    assert len(batch.merge(pool)) == 3


@pytest.mark.parametrize("noise", [1.0, 0.0])
def test_a_repeat_in_disguise_gives_way_every_second_time(noise):
    """With a noise of 1 an improvement of 0.01 next to the middle could not be told; without noise it can."""
    optimizer = optimizer_of(Bowl(noise=noise), n_initial=2)
    optimizer.tell(TOLD, np.square(TOLD - 0.5).sum(axis=1))
    reasons = []
    for _ in range(4):
        known = optimizer.data[["a", "b"]]
        row = optimizer.ask()
        reasons.append(row["reason"].iloc[0].startswith("elsewhere"))
        apart = distances(row[["a", "b"]], known)[0]
        assert apart >= 0.2 if reasons[-1] else apart < 0.01
        optimizer.tell(row, np.square(row[["a", "b"]].to_numpy() - 0.5).sum(axis=1))
    assert reasons in ([[True, False] * 2, [False, True] * 2] if noise else [[False] * 4])


@pytest.mark.parametrize(("apart", "is_beside"), [(0.008, True), (0.015, False)])
def test_beside_is_within_a_hundredth_of_every_range(apart, is_beside):
    """The best setting is the middle, and the nearest row told is so far away in one setting."""
    optimizer = optimizer_of(Bowl(), n_initial=2)
    told = np.array([[0.5 + apart, 0.5], *TOLD[1:], [0.8, 0.8]])
    optimizer.tell(told, np.square(told - 0.5).sum(axis=1))
    assert optimizer.ask()["reason"].iloc[0].startswith("elsewhere") == is_beside


def test_half_of_a_batch_looks_elsewhere():
    optimizer = optimizer_of(Bowl(), n_initial=2)
    optimizer.tell(TOLD, np.square(TOLD - 0.5).sum(axis=1))
    batch = optimizer.ask(4)
    is_away = batch["reason"].str.startswith("elsewhere").to_numpy()
    assert is_away.tolist() == [False, False, True, True]
    rows = batch[["a", "b"]].to_numpy()
    assert distances(rows[2:3], [*TOLD, *rows[:2]])[0] >= 0.2
    assert distances(rows[3:], [*TOLD, *rows[:3]])[0] >= 0.2


def test_where_nothing_is_expected_anywhere_rows_come_all_the_same():
    """A model without any doubt gives no score but -inf."""
    optimizer = optimizer_of(Bowl(std=0.0, noise=0.0), n_initial=2)
    optimizer.tell(TOLD, np.square(TOLD - 0.5).sum(axis=1))
    batch = optimizer.ask(3)
    assert len(batch) == 3
    assert batch["reason"].str.startswith("elsewhere").all()
    assert (distances(batch[["a", "b"]], TOLD) >= 0.2).all()


@pytest.mark.parametrize("acquisition", ["ucb", "std", "thompson"])
def test_scores_that_improve_on_nothing_are_left_alone(acquisition):
    optimizer = optimizer_of(Bowl(), n_initial=2, acquisition=acquisition)
    optimizer.tell(TOLD, np.square(TOLD - 0.5).sum(axis=1))
    assert not optimizer.ask(4)["reason"].str.startswith("elsewhere").any()


def test_several_objectives_are_left_alone():
    optimizer = BayesianOptimizer(
        SQUARE, [Minimize("y"), Maximize("z")], surrogate=Bowl(), n_initial=2, random_state=0
    )
    optimizer.tell(TOLD, {"y": TOLD.sum(axis=1), "z": TOLD[:, 0]})
    assert not optimizer.ask(2)["reason"].str.startswith("elsewhere").any()


@pytest.mark.parametrize(("std", "is_lost"), [(0.2, True), (0.3, False)])
def test_a_gain_below_a_tenth_of_the_noise_is_a_reason_to_stop(std, is_lost):
    """Where the best row told is as good as any, the gain is 0.399 std; the noise is 1."""
    optimizer = optimizer_of(Bowl(std), n_initial=2)
    optimizer.tell(TOLD, np.square(TOLD - 0.5).sum(axis=1))
    advice = optimizer.advise(min_gain=0, patience=50)
    assert advice.expected_gain / advice.noise_std == pytest.approx(0.39894 * std, rel=1e-3)
    assert any("a tenth of the noise" in reason for reason in advice.reasons) == is_lost
