"""One row beside rows on their way: they count as measured as expected, in closed form."""

import numpy as np
import pandas as pd
import pytest

from bnnopt import BayesianOptimizer, GaussianProcessEnsembleRegressor, Minimize, Outcome, Real, SearchSpace

SPACE = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])


def bowls(rows):
    return np.sin(5 * rows["x"]) + (rows["z"] - 0.5) ** 2


def told(**options):
    made = BayesianOptimizer(
        SPACE,
        [Minimize("y")],
        surrogate=GaussianProcessEnsembleRegressor(random_state=0),
        n_initial=6,
        random_state=0,
        **options,
    )
    rows = SPACE.sample(10, random_state=0)
    made.tell(rows, pd.DataFrame({"y": bowls(rows)}))
    return made


def mean_of(mean, std):
    return mean


def beside(optimizer, X, points=()):
    """Scores of rows, each by itself beside points that are pending; what is a score is the acquisition's."""
    for point in points:
        optimizer.ask(1, candidates=pd.DataFrame([point], columns=SPACE.names))
    scores = []
    for row in X:
        asked = optimizer.ask(1, candidates=pd.DataFrame([row], columns=SPACE.names))
        scores.append(asked["score"].item())
        optimizer.withdraw(asked)
    optimizer.withdraw(optimizer.pending)
    return np.array(scores)


@pytest.fixture(scope="module")
def by_std():
    return told(acquisition="std")


def test_means_stay_and_what_is_on_its_way_is_known(by_std):
    X, points = np.random.default_rng(0).uniform(size=(9, 2)), np.array([[0.2, 0.9], [0.8, 0.1]])
    points = np.vstack([points, points[0] + 1e-8])  # the first nearly again
    by_mean = told(acquisition=mean_of)
    np.testing.assert_allclose(beside(by_mean, X), beside(by_mean, X, points), rtol=1e-12)
    assert (beside(by_std, X, points) <= beside(by_std, X)).all()
    at = points[:2] + 1e-6
    assert (beside(by_std, at, points) < 1e-3 * beside(by_std, at)).all()


def test_variances_are_those_of_a_normal_distribution_given_a_row(by_std):
    """var(x) - cov(x, p)² / var(p) for one row p."""
    X, point = np.random.default_rng(1).uniform(size=(5, 2)), np.array([[0.3, 0.3]])
    rows = SPACE.sample(10, random_state=0)
    y, scale = bowls(rows), bowls(rows).std(ddof=0)
    surrogate = GaussianProcessEnsembleRegressor(random_state=0).fit(
        SPACE.encode(rows), (y - y.mean()) / scale
    )
    covariance = scale**2 * surrogate.predict_covariance(X, point)[:, 0]
    expected = beside(by_std, X) ** 2 - covariance**2 / beside(by_std, point)[0] ** 2
    np.testing.assert_allclose(beside(by_std, X, point) ** 2, expected, rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_climbs_beside_pending_rows_end_where_nothing_near_is_less_sure(seed):
    """What is asked for next is unsure beside all that is pending: slopes are those given these rows."""
    optimizer = told(acquisition="std", n_candidates=2)
    for point in np.random.default_rng(seed).uniform(0.1, 0.9, size=(4, 2)):
        optimizer.ask(1, candidates=pd.DataFrame([point], columns=SPACE.names))
    row = optimizer.ask(1)
    optimizer.withdraw(row)
    steps = np.stack(np.meshgrid(*[np.linspace(-0.03, 0.03, 7)] * 2), axis=-1).reshape(-1, 2)
    around = np.clip(row[SPACE.names].to_numpy() + steps, 0, 1)
    best = optimizer.ask(1, candidates=pd.DataFrame(around, columns=SPACE.names))["score"].item()
    assert row["score"].item() >= best - 1e-3 * abs(best)


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
    on_scale = {"outcomes": [Outcome("y", lower=-2, scale="log")]}
    X, points = np.random.default_rng(0).uniform(size=(6, 2)), np.array([[0.2, 0.9], [0.8, 0.1]])
    optimizer = told(acquisition="std", **on_scale)
    assert (beside(optimizer, X, points) < beside(optimizer, X)).all()
    at = points + 1e-6
    assert (beside(optimizer, at, points) < 1e-3 * beside(optimizer, at)).all()
    optimizer = told(**on_scale)
    first, second = optimizer.ask(1), optimizer.ask(1)
    assert second["score"].iloc[0] < first["score"].iloc[0]
