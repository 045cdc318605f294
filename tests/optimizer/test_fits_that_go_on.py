"""A surrogate that can is given the one fitted before it, for the same outcome, until the space changes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from bnnopt import BayesianOptimizer, Minimize, Real, SearchSpace

XZ = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])


class GoesOn(RegressorMixin, BaseEstimator):
    """Predicts a constant with a spread; remembers what it went on from."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, noise_variance=None):
        raise AssertionError("fit_after is there")

    def fit_after(self, previous, X, y, noise_variance=None):
        self.n_outputs_ = 1 if np.ndim(y) == 1 else np.shape(y)[1]
        self.y_, self.noise_, self.previous_ = np.array(y), noise_variance, previous
        self.n_fits_ = 1 if previous is None else previous.n_fits_ + 1
        History.fits.append(self)
        return self

    def predict(self, X, return_std=False, noise=True):
        mean = np.asarray(X, dtype=float).sum(axis=1)
        mean = mean if self.y_.ndim == 1 else np.repeat(mean[:, None], self.n_outputs_, axis=1)
        return (mean, np.full(mean.shape, 0.3)) if return_std else mean


class GoesOnJointly(GoesOn):
    trains_outputs_jointly = True


class History:
    fits: list = []  # noqa: RUF012


@pytest.fixture(autouse=True)
def fits():
    History.fits = []
    return History.fits


def told(surrogate, objectives=("y",), n=6):
    optimizer = BayesianOptimizer(
        XZ,
        [Minimize(name) for name in objectives],
        surrogate=surrogate,
        acquisition="log_ei",
        n_candidates=32,
        n_initial=2,
        random_state=0,
    )
    more(optimizer, n, 0)
    return optimizer


def more(optimizer, n, seed):
    rows = XZ.sample(n, random_state=seed)
    outcomes = {name: rows["x"] * (place + 1) for place, name in enumerate(optimizer.outputs)}
    optimizer.tell(rows, pd.DataFrame(outcomes))


def test_the_first_fit_goes_on_from_nothing_and_the_next_from_it(fits):
    optimizer = told(GoesOn())
    optimizer.ask(1)
    optimizer.ask(1)  # nothing new to learn
    assert [model.n_fits_ for model in fits] == [1]
    more(optimizer, 2, 1)
    more(optimizer, 1, 2)  # told twice before the next fit
    optimizer.ask(1)
    assert [model.n_fits_ for model in fits] == [1, 2]
    assert fits[1].previous_ is fits[0]
    assert (len(fits[0].y_), len(fits[1].y_)) == (6, 9)
    assert fits[1].random_state is not None  # a fresh clone with a seed


def test_each_outcome_goes_on_from_its_own_model(fits):
    optimizer = told(GoesOn(), ("a", "b"))
    optimizer.ask(1)
    more(optimizer, 2, 1)
    optimizer.ask(1)
    assert [model.previous_ for model in fits] == [None, None, *fits[:2]]


def test_outcomes_that_are_learned_jointly_go_on_together(fits):
    optimizer = told(GoesOnJointly(), ("a", "b"))
    optimizer.ask(1)
    optimizer.correct([0], {"a": 0.5, "b": 0.25})
    optimizer.ask(1)
    assert [model.y_.shape for model in fits] == [(6, 2), (6, 2)]
    assert fits[1].previous_ is fits[0]


def test_another_space_begins_anew(fits):
    optimizer = told(GoesOn())
    optimizer.ask(1)
    optimizer.change_space(SearchSpace([Real("x", 0, 2), Real("z", 0, 1)]))
    optimizer.ask(1)
    assert [model.n_fits_ for model in fits] == [1, 1]


def test_what_was_fitted_is_no_part_of_the_state(fits):
    optimizer = told(GoesOn())
    optimizer.ask(1)
    again = BayesianOptimizer.from_json(optimizer.to_json(), surrogate=GoesOn())
    again.ask(1)
    assert [model.n_fits_ for model in fits] == [1, 1]


def test_error_bars_are_passed_on(fits):
    optimizer = told(GoesOn())
    optimizer.tell({"x": [0.5], "z": [0.5]}, [0.5], noise_std=[0.1])
    optimizer.ask(1)
    assert fits[0].noise_.shape == (7,)
    assert (fits[0].noise_ > 0).sum() == 1
