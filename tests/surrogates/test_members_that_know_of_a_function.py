"""A fit without the Gaussian processes that take the rows for noise, by which the next rows are chosen."""

import numpy as np
import pytest

from bnnopt import (
    BayesianOptimizer,
    BayesianStackingRegressor,
    BoundedRegressor,
    GaussianProcessEnsembleRegressor,
)
from bnnopt.objectives import Minimize
from bnnopt.space import Real, SearchSpace

LEAST = 0.3  # of the variance: of a member with less the rest is noise to it
WRAPPED = {
    "alone": lambda inner: inner,
    "stacking": lambda inner: BayesianStackingRegressor([("one", inner)], random_state=0),
    "bounded": lambda inner: BoundedRegressor(inner, 0.0, 40.0, random_state=0),
}


def plateau(X):
    """Waves around a hole in the middle of five inputs (Ackley's function), which few rows take for noise."""
    Z = 30.0 * (2.0 * X - 1.0) + 4.0
    far = np.exp(-0.2 * np.sqrt(np.square(Z).mean(axis=1)))
    return 20.0 - 20.0 * far + np.e - np.exp(np.cos(2.0 * np.pi * Z).mean(axis=1))


def is_function(model):
    signal = model.members_["signal_variance"]
    return (signal / (signal + model.members_["noise_variance"]) >= LEAST).to_numpy()


@pytest.fixture(scope="module")
def rows():
    X = np.random.default_rng(0).random((20, 5))
    return X, plateau(X)


@pytest.fixture(scope="module")
def undecided(rows):
    """A fit of which some members take the rows for noise."""
    for seed in range(20):
        model = GaussianProcessEnsembleRegressor(random_state=seed).fit(*rows)
        if 0 < is_function(model).sum() < len(model.members_):
            return model
    raise AssertionError("no fit takes the rows for both")


def test_what_is_left_are_the_components_that_know_of_a_function(undecided):
    X = np.random.default_rng(1).random((4, 5))
    before = undecided.predict_mixture(X)
    stays = is_function(undecided)
    known = undecided.given_function()
    shares, means, stds = known.predict_mixture(X)
    assert shares == pytest.approx(before[0][stays] / before[0][stays].sum())
    assert means == pytest.approx(before[1][stays])
    assert stds == pytest.approx(before[2][stays])
    assert known.noise_variance_ < undecided.noise_variance_
    assert known.given_function() is known
    for old, new in zip(before, undecided.predict_mixture(X), strict=True):
        assert np.array_equal(old, new), "the fit itself stays as it was"


def test_a_fit_that_knows_of_a_function_is_its_own():
    X = np.random.default_rng(2).random((25, 2))
    model = GaussianProcessEnsembleRegressor(random_state=0).fit(X, np.sin(4 * X[:, 0]) + X[:, 1])
    assert model.given_function() is model


def test_where_all_is_noise_all_stay():
    rng = np.random.default_rng(3)
    X, y = rng.random((60, 2)), rng.standard_normal(60)
    for seed in range(3):
        model = GaussianProcessEnsembleRegressor(("matern_5_2",), random_state=seed).fit(X, y)
        assert model.given_function() is model


@pytest.mark.parametrize("name", ["stacking", "bounded"])
def test_fits_around_it_leave_out_the_same(name, rows, undecided):
    inner = GaussianProcessEnsembleRegressor(random_state=undecided.random_state)
    model = WRAPPED[name](inner).fit(*rows)
    known, X = model.given_function(), np.random.default_rng(4).random((5, 5))
    if name == "bounded":
        is_left_out = any(not is_function(each).all() for each in model.estimators_.values())
        assert (known is not model) == is_left_out
    else:
        assert known.predict(X) == pytest.approx(undecided.given_function().predict(X))
        assert known.noise_variance_ == pytest.approx(undecided.given_function().noise_variance_)
    assert known.predict(X, return_std=True)[1].shape == (5,)
    assert known.sample_y(X, 3).shape == (5, 3)


def test_an_optimizer_chooses_by_them_and_predicts_by_all(rows, undecided):
    X, y = rows
    names = [f"x{number}" for number in range(5)]
    space = SearchSpace([Real(name, 0, 1) for name in names])
    surrogate = GaussianProcessEnsembleRegressor(random_state=undecided.random_state)
    optimizer = BayesianOptimizer(space, [Minimize("y")], surrogate=surrogate, n_initial=2, random_state=0)
    settings = {name: X[:, number] for number, name in enumerate(names)}
    optimizer.tell(settings, {"y": y})
    asked = optimizer.ask(1)
    predicted = optimizer.predict(asked[names])
    assert asked["y_mean"].to_numpy() == pytest.approx(predicted["y_mean"].to_numpy(), rel=1e-9)
    assert asked["y_std"].to_numpy() == pytest.approx(predicted["y_std"].to_numpy(), rel=1e-9)
