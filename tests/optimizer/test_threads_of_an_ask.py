"""A search of few rows runs on one thread of linear algebra, and leaves the threads as they were."""

import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from threadpoolctl import threadpool_info, threadpool_limits

from bnnopt import BayesianOptimizer, Minimize, Real, SearchSpace

X = SearchSpace([Real("x", 0, 1)])


def n_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


class SeesThreads(RegressorMixin, BaseEstimator):
    """Predicts the input; remembers how many threads there were when it was asked."""

    seen = ()
    is_broken = False

    def fit(self, X, y):
        return self

    def predict(self, X, return_std=False, noise=True):
        SeesThreads.seen = (*SeesThreads.seen, *n_threads())
        if SeesThreads.is_broken:
            raise ValueError("broken")
        return (X[:, 0], X[:, 0] + 0.1) if return_std else X[:, 0]


@pytest.fixture(autouse=True)
def _anew():
    SeesThreads.seen, SeesThreads.is_broken = (), False
    yield
    SeesThreads.is_broken = False


def told(n):
    optimizer = BayesianOptimizer(
        X, [Minimize("y")], surrogate=SeesThreads(), n_candidates=16, random_state=0
    )
    rows = X.sample(n, random_state=0)
    optimizer.tell(rows, rows["x"])
    return optimizer


def test_few_rows_are_searched_on_one_thread():
    optimizer = told(10)
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        optimizer.ask(1)
        assert n_threads() == before
    assert set(SeesThreads.seen) == {1}


def test_threads_come_back_after_an_error():
    optimizer = told(10)
    SeesThreads.is_broken = True
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        with pytest.raises(ValueError, match="broken"):
            optimizer.ask(1)
        assert n_threads() == before


def test_many_rows_keep_their_threads():
    optimizer = told(600)
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        optimizer.ask(1)
    assert set(SeesThreads.seen) == set(before)
