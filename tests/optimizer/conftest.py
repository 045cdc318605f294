"""Small regressors whose predictions are known, and an optimizer that was told a few rows."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import BayesianRidge

from bnnopt import BayesianOptimizer, Minimize, Real, SearchSpace


class KnownMoments(RegressorMixin, BaseEstimator):
    """Predicts the first encoded column of each output; std 0.2 of the function, 0.5 of an observation."""

    fits = ()  # shape of y in each fit since the test began, in any clone

    def fit(self, X, y):
        KnownMoments.fits = (*KnownMoments.fits, np.shape(y))
        self.n_outputs_ = None if np.ndim(y) == 1 else np.shape(y)[1]
        return self

    def predict(self, X, return_std=False, noise=True):
        mean = np.asarray(X, dtype=float)[:, 0]
        mean = mean if self.n_outputs_ is None else np.repeat(mean[:, None], self.n_outputs_, axis=1)
        return (mean, np.full(mean.shape, 0.5 if noise else 0.2)) if return_std else mean


class KnownJointMoments(KnownMoments):
    trains_outputs_jointly = True


@pytest.fixture
def known_moments():
    KnownMoments.fits = ()
    return KnownMoments


@pytest.fixture
def known_joint_moments():
    KnownMoments.fits = ()
    return KnownJointMoments


@pytest.fixture(scope="session")
def make_optimizer():
    """Return a function that makes an optimizer with a cheap surrogate and few candidates."""

    def make(space=None, objectives=None, **options):
        defaults = {"surrogate": BayesianRidge(), "n_candidates": 128, "n_draws": 64, "random_state": 0}
        return BayesianOptimizer(
            space or SearchSpace([Real("x", 0, 1)]), objectives or [Minimize("y")], **(defaults | options)
        )

    return make


@pytest.fixture(scope="session")
def make_told(make_optimizer):
    """Return a function that makes an optimizer told `n` rows of its design with `outcome(rows)`."""

    def make(space=None, objectives=None, *, n=6, outcome=None, context=None, **options):
        optimizer = make_optimizer(space, objectives, **options)
        rows = optimizer.ask(n, context=context)
        first = optimizer.space.setting_names[0]
        y = (rows[first] - 0.3) ** 2 if outcome is None else outcome(rows)
        optimizer.tell(rows, y)
        return optimizer

    return make
