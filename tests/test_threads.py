"""The limit of threads of linear algebra, which is one of the whole process, around any surrogate."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.linalg  # noqa: F401
from sklearn.base import BaseEstimator, RegressorMixin
from threadpoolctl import threadpool_info, threadpool_limits

from bnnopt import BayesianOptimizer, GaussianProcessEnsembleRegressor, Minimize, Real, SearchSpace


def n_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


class Watching(RegressorMixin, BaseEstimator):
    """Looks at the limit inside a question, before and after a prediction that sets a limit of its own."""

    seen = ()
    breaks = False

    def fit(self, X, y):
        self.inner_ = GaussianProcessEnsembleRegressor(["matern_5_2"], n_members=1, random_state=0).fit(X, y)
        return self

    def predict(self, X, return_std=False):
        before = n_threads()
        found = self.inner_.predict(X, return_std=return_std)
        Watching.seen = (*Watching.seen, before, n_threads())
        if Watching.breaks:
            self.inner_.predict("no table")
        return found


@pytest.fixture
def optimizer():
    Watching.seen, Watching.breaks = (), False
    made = BayesianOptimizer(
        SearchSpace([Real("x", 0, 1)]), [Minimize("y")], surrogate=Watching(), n_candidates=8, random_state=0
    )
    made.tell({"x": np.linspace(0, 1, 6)}, np.arange(6.0))
    return made


def test_a_limit_within_a_limit_leaves_the_outer_one(optimizer):
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        optimizer.ask(1)
        assert len(Watching.seen) >= 4
        assert all(seen == {1} for seen in Watching.seen)
        assert n_threads() == before


def test_an_error_within_both_takes_all_limits_back(optimizer):
    optimizer.ask(1)
    Watching.breaks = True
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        with pytest.raises(ValueError, match="no table"):
            optimizer.ask(1)
        assert Watching.seen[-1] == {1}
        assert n_threads() == before


def test_threads_of_python_have_limits_one_after_the_other(optimizer):
    before = n_threads()
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            pool.submit(optimizer.ask, 1).result()
            assert n_threads() == before
            optimizer.ask(1)
            assert n_threads() == before
    assert all(seen == {1} for seen in Watching.seen)
