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
    "target": [Target("y", 3.0, 0.1)],  # beyond all that is to be had: no narrow ridge
    "two": [Minimize("y"), Maximize("w")],
}


def told(objectives, space=XZ, *, can_tell=True, n=9, **options):
    options = {"n_candidates": 128, "n_draws": 32, "random_state": 0, "n_initial": 5} | options
    optimizer = BayesianOptimizer(space, objectives, surrogate=SmoothProcess(can_tell), **options)
    rows = space.sample(n, random_state=3)
    outcomes = pd.DataFrame({"y": hills(rows), "w": rows["x"] ** 2 - 0.2 * rows["z"]})
    optimizer.tell(rows, outcomes[list(optimizer.outputs)])
    return optimizer


def score_of(optimizer, rows):
    """The highest score among rows."""
    return optimizer.score_pool(rows, n_best=1, is_screened=False).best["score"].item()


def check_maximum(optimizer, half=0.02):
    """What is asked for is scored right, and nothing beside it is better: slopes led there."""
    row = optimizer.ask(1)
    optimizer.withdraw(row)
    space = optimizer.space
    score = row["score"].item()
    assert score_of(optimizer, row[space.names]) == pytest.approx(score, rel=1e-6)
    steps = np.stack(np.meshgrid(*[np.linspace(-half, half, 9)] * 2), axis=-1).reshape(-1, 2)
    around = space.decode(np.clip(space.encode(row) + steps, 0, 1))
    assert score >= score_of(optimizer, around) - 2e-3 * abs(score)


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
        *product(["plain", "constraint", "target"], ["log_ei", "ei", "pi", "std"]),
        *product(["plain", "target"], ["ucb", "straddle"]),
    ],
)
def test_climbs_end_where_nothing_beside_is_better(objectives, acquisition):
    for seed in range(2):
        check_maximum(told(OBJECTIVES[objectives], acquisition=acquisition, random_state=seed))


def test_climbs_with_several_objectives_and_a_cost_end_where_nothing_beside_is_better():
    check_maximum(told(OBJECTIVES["two"], acquisition="ehvi"))
    paid = {"cost": lambda rows: 1 + rows["x"] ** 2 + rows["z"].abs()}
    check_maximum(told([Minimize("y")], **paid))


def test_climbs_know_the_chance_of_success():
    optimizer = told([Minimize("y")])
    optimizer.tell({"x": [0.1, 0.15], "z": [0.0, 0.1]}, [np.nan, np.nan])
    check_maximum(optimizer)


def test_slopes_at_the_bounds_look_inside():
    """Square roots are not asked for below 0, though the best is at the bounds."""

    def cost(rows):
        return 1 + 99 * np.sqrt(rows["x"]) + 99 * np.sqrt(3 - rows["z"])

    row = told([Minimize("y")], acquisition="std", cost=cost).ask(1)
    assert (row["x"].item(), row["z"].item()) == (0.0, 3.0)
    assert np.isfinite(row["score"].item())


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
    exact = asked.ask(1)
    asked.withdraw(exact)
    assert space.is_feasible(exact).all()
    measured = told([Minimize("y")], space, acquisition=acquisition, can_tell=False).ask(1)
    assert exact["score"].item() >= measured["score"].item() - 1e-3 * abs(measured["score"].item())
    assert score_of(asked, exact[space.names]) == pytest.approx(exact["score"].item(), rel=1e-6)
    if kind != "a disc":  # along a curved edge a climb does not slide
        best = score_of(asked, space.sample(4000, random_state=5))
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
