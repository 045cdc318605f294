"""Climbs with the gradients of a surrogate: the same maxima as by differences, and slopes that are right."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.gaussian_process.kernels import RBF
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    LinearConstraint,
    Maximize,
    Minimize,
    NonlinearConstraint,
    OutcomeConstraint,
    Real,
    SearchSpace,
    Target,
)
from bnnopt.acquisition import has_gradients, posterior_mixtures_with_gradients
from bnnopt.optimizer._batch import Request
from bnnopt.optimizer._maximum._faces import Faces
from bnnopt.optimizer._maximum._hill import hill_of

LENGTHS = np.array([0.3, 0.6])


class SmoothProcess(RegressorMixin, BaseEstimator):
    """A mixture of two Gaussian processes of fixed length, with gradients; counts what it is asked for."""

    calls = ()

    def __init__(self, can_tell=True):
        self.can_tell = can_tell

    def fit(self, X, y):
        self.X_, self.has_gradients_ = np.asarray(X, dtype=float), self.can_tell
        kernels = [RBF(length) for length in LENGTHS]
        self.inverses_ = [np.linalg.inv(kernel(self.X_) + 1e-4 * np.eye(len(X))) for kernel in kernels]
        self.y_ = np.asarray(y, dtype=float)
        return self

    def predict_mixture(self, X, return_gradient=False):
        SmoothProcess.calls = (*SmoothProcess.calls, (len(X), return_gradient))
        pairs = zip(LENGTHS, self.inverses_, strict=True)
        parts = [self._component(np.asarray(X, dtype=float), *pair) for pair in pairs]
        shares = np.array([0.75, 0.25])
        arrays = [np.array(part) for part in zip(*parts, strict=True)]
        return (shares, *arrays) if return_gradient else (shares, *arrays[:2])

    def predict(self, X, return_std=False, noise=True):
        shares, means, stds = self.predict_mixture(X)
        mean = shares @ means
        std = np.sqrt(shares @ (stds**2 + (means - mean) ** 2) + (0.01 if noise else 0.0))
        return (mean, std) if return_std else mean

    def _component(self, X, length, inverse):
        apart = (X[:, None] - self.X_) / length
        k = np.exp(-0.5 * (apart**2).sum(axis=2))
        slope = -k[:, :, None] * apart / length
        std = np.sqrt(np.maximum(1 + 1e-6 - np.einsum("ni,ij,nj->n", k, inverse, k), 1e-9))
        mean_gradient = np.einsum("nid,i->nd", slope, inverse @ self.y_)
        std_gradient = -np.einsum("nid,ij,nj->nd", slope, inverse, k) / std[:, None]
        return k @ (inverse @ self.y_), std, mean_gradient, std_gradient


@pytest.fixture(autouse=True)
def _no_calls():
    SmoothProcess.calls = ()


def hills(rows):
    return np.sin(5 * rows["x"]) + np.cos(4 * rows["z"]) * rows["x"]


XZ = SearchSpace([Real("x", 0, 1), Real("z", -1, 3)])
OBJECTIVES = {
    "plain": [Minimize("y")],
    "constraint": [Maximize("y"), OutcomeConstraint("w", upper=0.4)],
    "target": [Target("y", 0.5, 0.1)],
    "two": [Minimize("y"), Maximize("w")],
}


def told(objectives, space=XZ, *, can_tell=True, n=9, **options):
    options = {"n_candidates": 128, "n_draws": 32, "random_state": 0, "n_initial": 5} | options
    optimizer = BayesianOptimizer(space, objectives, surrogate=SmoothProcess(can_tell), **options)
    rows = space.sample(n, random_state=3)
    outcomes = pd.DataFrame({"y": hills(rows), "w": rows["x"] ** 2 - 0.2 * rows["z"]})
    optimizer.tell(rows, outcomes[list(optimizer.outputs)])
    return optimizer


def search_of(optimizer, **wishes):
    request = Request.checked(optimizer.space, 1, **wishes)
    return optimizer._proposals.search(optimizer.space, request)


def test_the_mixture_beside_a_row_is_linear():
    model = SmoothProcess().fit(XZ.encode(XZ.sample(6, random_state=0)), np.arange(6.0))
    X = XZ.encode(XZ.sample(4, random_state=1))
    (mixture,) = posterior_mixtures_with_gradients(model, X)
    steps = np.random.default_rng(0).normal(scale=1e-5, size=(4, 3, 2))
    moved = mixture.moved(steps)
    _, means, stds = model.predict_mixture((X[:, None] + steps).reshape(12, 2))
    np.testing.assert_allclose(moved.mean, means, atol=1e-7)
    np.testing.assert_allclose(moved.std, stds, atol=1e-7)
    assert (mixture.moved(-1e3 * np.sign(steps)).std >= 0).all()


@pytest.mark.parametrize(
    ("objectives", "acquisition"),
    [
        *product(["plain", "constraint", "target"], ["log_ei", "ei", "pi", "std", "q_log_ei"]),
        *product(["plain", "target"], ["ucb", "straddle"]),
    ],
)
def test_slopes_are_those_of_the_score(objectives, acquisition):
    search = search_of(told(OBJECTIVES[objectives], acquisition=acquisition))
    agree_with_differences(search)


def test_slopes_of_several_objectives_and_of_a_cost_that_is_predicted():
    agree_with_differences(search_of(told(OBJECTIVES["two"], acquisition="ehvi")))
    paid = told([Minimize("y")], cost=lambda rows: 1 + rows["x"] ** 2 + rows["z"].abs())
    agree_with_differences(search_of(paid))


def test_slopes_know_the_chance_of_success():
    optimizer = told([Minimize("y")])
    optimizer.tell({"x": [0.1, 0.15], "z": [0.0, 0.1]}, [np.nan, np.nan])
    assert search_of(optimizer).success is not None
    agree_with_differences(search_of(optimizer))


def agree_with_differences(search, half=1e-5):
    """Compare exact slopes with central differences of the score, inside the cube."""
    points = 0.1 + 0.8 * np.random.default_rng(1).random((6, 2))
    hill = hill_of(search, Faces.of(search.space, search.model_space))
    scores, slopes = hill.slopes(points)
    np.testing.assert_allclose(scores, search.score_points(points), rtol=1e-6)
    for column, step in enumerate(half * np.eye(2)):
        rises = (search.score_points(points + step) - search.score_points(points - step)) / (2 * half)
        np.testing.assert_allclose(slopes[:, column], rises, rtol=2e-3, atol=2e-4 * np.abs(slopes).max())


def test_slopes_at_the_bounds_look_inside():
    search = search_of(told([Minimize("y")], cost=lambda rows: 1 + np.sqrt(rows["x"])))
    hill = hill_of(search, Faces.of(search.space, search.model_space))
    corners = np.array([[0.0, 0.0], [1.0, 1.0]])
    _, slopes = hill.slopes(corners)  # the square root is not asked for below 0
    assert np.isfinite(slopes).all()


SPACES = {
    "bounds": XZ,
    "a sum": SearchSpace(XZ.variables, [LinearConstraint({"x": 1, "z": 0.5}, upper=0.8)]),
    "a disc": SearchSpace(XZ.variables, [NonlinearConstraint(lambda d: d["x"] ** 2 + d["z"] ** 2 <= 1)]),
    "levels": SearchSpace([*XZ.variables, Categorical("s", ["a", "b"])]),
}


@pytest.mark.parametrize("kind", SPACES)
@pytest.mark.parametrize("acquisition", ["log_ei", "ei"])
def test_the_maximum_is_that_of_climbs_by_differences(kind, acquisition):
    space = SPACES[kind]
    asked = told([Minimize("y")], space, acquisition=acquisition)
    exact, search = asked.ask(1), search_of(told([Minimize("y")], space, acquisition=acquisition))
    assert space.is_feasible(exact).all()
    measured = told([Minimize("y")], space, acquisition=acquisition, can_tell=False).ask(1)
    assert exact["score"].item() >= measured["score"].item() - 1e-3 * abs(measured["score"].item())
    np.testing.assert_allclose(search.score(exact[space.names]), exact["score"], rtol=1e-6)
    if kind != "a disc":  # along a curved edge a climb does not slide
        best = search.score(space.sample(4000, random_state=5)).max()
        assert exact["score"].item() >= best - 1e-6 * abs(best)


def test_all_climbs_together_cost_one_call_a_step():
    told([Minimize("y")]).ask(1)
    with_gradients = [n_rows for n_rows, is_gradient in SmoothProcess.calls if is_gradient]
    assert 2 <= len(with_gradients) <= 70
    assert max(with_gradients) <= 8
    assert with_gradients == sorted(with_gradients, reverse=True)  # what has arrived costs nothing more


def test_the_same_seed_gives_the_same_row():
    first, second = (told([Minimize("y")]).ask(1) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_gradients_are_asked_for_only_where_they_are():
    X, y = np.eye(3), np.arange(3.0)
    assert has_gradients(SmoothProcess().fit(X, y))
    assert not has_gradients(SmoothProcess(can_tell=False).fit(X, y))
    assert has_gradients(make_pipeline(SmoothProcess()).fit(X, y))
    assert has_gradients(make_pipeline(make_pipeline(SmoothProcess())).fit(X, y))
    assert not has_gradients(make_pipeline(StandardScaler(), SmoothProcess()).fit(X, y))
    assert not has_gradients(make_pipeline(make_pipeline(StandardScaler(), SmoothProcess())).fit(X, y))
    told([Minimize("y")], can_tell=False).ask(1)
    assert not any(is_gradient for _, is_gradient in SmoothProcess.calls)
