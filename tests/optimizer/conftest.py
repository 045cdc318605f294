"""Small regressors whose predictions are known, and an optimizer that was told a few rows."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import BayesianRidge

from bnnopt import BayesianOptimizer, Maximize, Minimize, Real, SearchSpace


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


class KnownScore(RegressorMixin, BaseEstimator):
    """Predicts a function of encoded points as the mean; where that is -infinity, nothing is to be had."""

    seen = ()  # the points of each prediction since the test began

    def __init__(self, score=None, slope=None):
        self.score, self.slope = score, slope

    def fit(self, X, y):
        self.has_gradients_ = self.slope is not None
        return self

    def predict(self, X, return_std=False):
        points = np.asarray(X, dtype=float)
        KnownScore.seen = (*KnownScore.seen, points)
        values = np.asarray(self.score(points), dtype=float)
        is_vetoed = np.isneginf(values)
        mean = np.where(is_vetoed, 0.0, values)
        return (mean, np.where(is_vetoed, 2.0, 1.0)) if return_std else mean

    def predict_mixture(self, X, return_gradient=False):
        mean, std = self.predict(X, return_std=True)
        mixture = np.ones(1), mean[None], std[None]
        slopes = self.slope(X)[None] if return_gradient else None
        return (*mixture, slopes, np.zeros_like(slopes)) if return_gradient else mixture


def value_unless_vetoed(mean, std):
    return np.where(std > 1.5, -np.inf, mean)


@pytest.fixture
def ask_best():
    """Return a function that asks for the setting of highest score, from very few candidates.

    Two rows are told, so that a setting that is better than random ones was climbed to. It returns the
    setting, and its point of the unit cube; `ask_best.seen` are the points that were scored, call by call,
    without calls for the rows told alone.
    """

    def ask(space, score, *, slope=None, seed=0, n_candidates=2, told=None, acquisition=None, **options):
        KnownScore.seen = ()
        context, wishes = options.pop("context", None), options.pop("wishes", {})
        optimizer = BayesianOptimizer(
            space,
            [Maximize("y")],
            surrogate=KnownScore(score, slope),
            acquisition=acquisition or value_unless_vetoed,
            n_initial=2,
            n_candidates=n_candidates,
            n_draws=2,
            random_state=seed,
            **options,
        )
        told = space.sample(2, random_state=seed + 99, context=context) if told is None else told
        optimizer.tell(told, [-1.0, 1.0])  # of mean 0 and standard deviation 1, as the surrogate is taught
        row = optimizer.ask(1, context=context, **wishes)
        known = space.encode(told)
        ask.seen = [
            points
            for points in KnownScore.seen
            if not np.isclose(points[:, None], known).all(-1).any(1).all()
        ]
        assert space.is_feasible(row[space.names]).all()
        return row, space.encode(row)[0]

    return ask


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
