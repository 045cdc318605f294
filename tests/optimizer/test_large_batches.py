"""Many rows at once: those of candidates that are all scored each time, and a sign of how far it is."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

from bnnopt import BayesianOptimizer, Minimize, Real, SearchSpace
from bnnopt.acquisition import ACQUISITIONS
from bnnopt.exceptions import InvalidDataError

SPACE = SearchSpace([Real("x", 0, 1), Real("z", 0, 1)])


def greedy(draws, best, n):
    """Take the candidate that joined with those before improves most on the best, one after the other."""
    chosen = []
    for _ in range(n):
        known = draws[:, chosen]
        scores = ACQUISITIONS["q_ei"].score(draws, best=best, chosen=known)
        scores[chosen] = -np.inf
        chosen.append(int(np.argmax(scores)))
    return chosen


class KnownDraws(RegressorMixin, BaseEstimator):
    """Predicts a mean and a standard deviation, and draws sums of waves, whatever the seed."""

    def fit(self, X, y):
        return self

    def predict(self, X, return_std=False):
        mean = np.sin(4 * X[:, 0]) + X[:, 1]
        return (mean, 0.5 + 0.3 * X[:, 0]) if return_std else mean

    def sample_y(self, X, n_samples=1, random_state=0):
        rng = np.random.default_rng(1)
        angles = X @ rng.normal(scale=4, size=(2, 40)) + rng.uniform(0, 7, 40)
        return np.cos(angles) @ rng.normal(size=(40, 128))[:, :n_samples]


def test_a_batch_is_that_of_all_candidates_scored_each_time():
    optimizer = BayesianOptimizer(
        SPACE, [Minimize("y")], surrogate=KnownDraws(), acquisition="q_ei", n_draws=128, random_state=0
    )
    told, pool = SPACE.sample(6, random_state=1), SPACE.sample(300, random_state=2)
    optimizer.tell(told, [1.0, -1.0, 1.0, -1.0, 1.0, -1.0])  # of mean 0 and standard deviation 1
    found = optimizer.ask(12, candidates=pool)
    model, X = KnownDraws(), SPACE.encode(pool)
    (mean, std), draws = model.predict(X, return_std=True), model.sample_y(X, 128).T
    utilities = -(mean + (draws - draws.mean(axis=0)) * std / draws.std(axis=0))
    chosen = greedy(utilities, -model.predict(SPACE.encode(told)).min(), 12)
    np.testing.assert_array_equal(found[SPACE.names], pool.iloc[chosen])


@pytest.mark.parametrize("surrogate", ["gaussian_process_ensemble", None])
def test_a_bar_shows_how_many_rows_are_found_where_it_is_asked_for(make_told, capsys, surrogate):
    options = {} if surrogate is None else {"surrogate": surrogate}
    told = make_told(SPACE, n=8, n_candidates=64, n_draws=32, **options)
    told.ask(2)
    assert capsys.readouterr().err == ""
    told.ask(5, verbose=True)
    assert "5/5" in capsys.readouterr().err
    told.ask(1, verbose=True)
    assert "1/1" in capsys.readouterr().err


@pytest.mark.parametrize("verbose", ["loud", 2, [True, False], np.array([1, 0])])
def test_verbose_is_a_flag(make_told, verbose):
    with pytest.raises(InvalidDataError, match="verbose must be True or False, got "):
        make_told(SPACE).ask(2, verbose=verbose)
