"""One row beside rows on their way: they count as measured as expected, in closed form."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, Minimize, Outcome, Real, SearchSpace
from bnnopt.optimizer._batch import Request

SPACE = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])


def bowls(rows):
    return np.sin(5 * rows["x"]) + (rows["z"] - 0.5) ** 2


def told(**options):
    made = BayesianOptimizer(
        SPACE,
        [Minimize("y")],
        surrogate="gaussian_process_ensemble",
        n_initial=6,
        random_state=0,
        **options,
    )
    rows = SPACE.sample(10, random_state=0)
    made.tell(rows, pd.DataFrame({"y": bowls(rows)}))
    return made


@pytest.fixture(scope="module")
def optimizer():
    return told()


def believed(optimizer, points):
    search = optimizer._proposals.search(optimizer.space, Request())
    return search.model, search.model.given_expected(points)


def test_means_stay_and_what_is_on_its_way_is_known(optimizer):
    X, points = np.random.default_rng(0).uniform(size=(20, 2)), np.array([[0.2, 0.9], [0.8, 0.1], [0.2, 0.9]])
    before, after = believed(optimizer, points)
    (mean, std), (same, less) = before.moments(X), after.moments(X)
    np.testing.assert_array_equal(mean, same)
    assert (less <= std).all()
    assert (after.moments(points)[1] < 1e-3 * before.moments(points)[1]).all()


def test_variances_are_those_of_a_normal_distribution_given_a_row(optimizer):
    """var(x) - cov(x, p)² / var(p) for one row p."""
    X, point = np.random.default_rng(1).uniform(size=(5, 2)), np.array([[0.3, 0.3]])
    before, after = believed(optimizer, point)
    [surrogate], scale = before.surrogates, bowls(SPACE.sample(10, random_state=0)).std(ddof=0)
    covariance = scale**2 * surrogate.predict_covariance(X, point)[:, 0]
    expected = before.moments(X)[1][:, 0] ** 2 - covariance**2 / before.moments(point)[1][0, 0] ** 2
    np.testing.assert_allclose(after.moments(X)[1][:, 0] ** 2, expected, rtol=1e-5)


def test_slopes_are_those_of_the_moments(optimizer):
    X, points = np.random.default_rng(2).uniform(0.1, 0.9, size=(5, 2)), np.array([[0.4, 0.6], [0.9, 0.2]])
    _, model = believed(optimizer, points)
    slopes = model.mixtures_with_gradients(X)[0]
    np.testing.assert_allclose(slopes.mixture.std[0], model.moments(X)[1][:, 0], rtol=1e-6)
    for column in range(2):
        step = 1e-5 * np.eye(2)[column]
        rise = (model.moments(X + step)[1] - model.moments(X - step)[1])[:, 0] / 2e-5
        np.testing.assert_allclose(slopes.std_gradient[0, :, column], rise, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("acquisition", ["log_ei", "ucb", "std"])
def test_rows_asked_one_by_one_keep_apart(acquisition):
    optimizer = told(acquisition=acquisition)
    rows = pd.concat([optimizer.ask(1) for _ in range(4)])[["x", "z"]].to_numpy()
    gaps = np.abs(rows[:, None] - rows[None]).max(axis=2) + np.eye(4)
    assert gaps.min() > 0.01


def test_what_is_expected_of_a_promising_row_is_to_be_improved_on():
    """The score beside a pending row is lower than alone: its expected outcome counts, and what it tells."""
    optimizer = told()
    first = optimizer.ask(1)
    second = optimizer.ask(1)
    assert second["score"].iloc[0] < first["score"].iloc[0]


def test_an_outcome_on_a_scale_is_known_there():
    optimizer = told(outcomes=[Outcome("y", lower=-2, scale="log")])
    X, points = np.random.default_rng(0).uniform(size=(20, 2)), np.array([[0.2, 0.9], [0.8, 0.1]])
    before, after = believed(optimizer, points)
    assert (after.moments(points)[1] < 1e-3 * before.moments(points)[1]).all()
    assert (after.moments(X)[1] < before.moments(X)[1]).all()
    first, second = optimizer.ask(1), optimizer.ask(1)
    assert second["score"].iloc[0] < first["score"].iloc[0]
