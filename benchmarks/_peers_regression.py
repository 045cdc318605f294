"""Regressors to compare, each with `fit` and `predict(X, return_std=True)`, scaling inside."""

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from benchmarks._paper_network import paper_network
from bnnopt._typing import FloatArray

__all__ = ["ForestRegressor", "KerasDropoutRegressor", "RBFProcessRegressor"]

STEPS_PER_EXECUTION = 200

Moments = tuple[FloatArray, FloatArray]


class ForestRegressor(RegressorMixin, BaseEstimator):
    """Random forest with the spread of its trees, each grown on a bootstrap of the rows, as std.

    Parameters
    ----------
    n_trees : int, default=500
        Number of trees.
    random_state : int or None, default=None
        Seeds the trees.
    """

    def __init__(self, n_trees: int = 500, random_state: int | None = None) -> None:
        self.n_trees = n_trees
        self.random_state = random_state

    def fit(self, X: FloatArray, y: FloatArray) -> Self:
        """Grow the trees on rows of shape (n, n_features) and outcomes of shape (n,)."""
        self.forest_ = RandomForestRegressor(self.n_trees, random_state=self.random_state).fit(X, y)
        self.smallest_std_ = 1e-6 * float(np.std(y))
        return self

    def predict(self, X: FloatArray, return_std: bool = False) -> FloatArray | Moments:
        """Return the mean and, on request, the standard deviation over the trees, each of shape (n,)."""
        trees = np.array([tree.predict(X) for tree in self.forest_.estimators_])
        mean = trees.mean(axis=0)
        return (mean, np.maximum(trees.std(axis=0), self.smallest_std_)) if return_std else mean


class RBFProcessRegressor(RegressorMixin, BaseEstimator):
    """Scikit-learn's Gaussian process with constant · anisotropic RBF + white noise, standardised data.

    Parameters
    ----------
    n_learn : int, default=1000
        Of more rows than this, a random sample of this size learns the kernel's parameters; the posterior
        has all rows.
    random_state : int or None, default=None
        Seeds the sample and the second start of the search for the parameters.
    """

    def __init__(self, n_learn: int = 1000, random_state: int | None = None) -> None:
        self.n_learn = n_learn
        self.random_state = random_state

    def fit(self, X: FloatArray, y: FloatArray) -> Self:
        """Learn from rows of shape (n, n_features) and outcomes of shape (n,)."""
        self.x_scaler_, self.y_scaler_ = StandardScaler().fit(X), StandardScaler().fit(y[:, None])
        rows, targets = self.x_scaler_.transform(X), self.y_scaler_.transform(y[:, None])[:, 0]
        kernel = self._learned_kernel(rows, targets)
        self.process_ = GaussianProcessRegressor(kernel, optimizer=None).fit(rows, targets)
        return self

    def predict(self, X: FloatArray, return_std: bool = False) -> FloatArray | Moments:
        """Return the mean and, on request, the standard deviation of new observations, shape (n,)."""
        mean, std = self.process_.predict(self.x_scaler_.transform(X), return_std=True)
        mean = self.y_scaler_.inverse_transform(mean[:, None])[:, 0]
        return (mean, std * self.y_scaler_.scale_[0]) if return_std else mean

    def _learned_kernel(self, rows: FloatArray, targets: FloatArray) -> Any:
        chosen = np.random.default_rng(self.random_state).permutation(len(rows))[: self.n_learn]
        kernel = ConstantKernel() * RBF(np.ones(rows.shape[1]), (1e-2, 1e3)) + WhiteKernel(1e-1, (1e-6, 1e1))
        process = GaussianProcessRegressor(kernel, n_restarts_optimizer=1, random_state=self.random_state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return process.fit(rows[chosen], targets[chosen]).kernel_


class KerasDropoutRegressor(RegressorMixin, BaseEstimator):
    """MC dropout as in the paper, with Keras alone: 2 × 20 elu, 10 % dropout, L2, stochastic passes.

    Adam with Keras' defaults on the mean squared error; inputs and outcomes scaled to [0, 1]. The noise is
    the mean squared residual on the training rows. The paper trains for 15,000 epochs; here a table of any
    size has 1,000 epochs of 8 batches, of which Keras makes many at a time (`steps_per_execution`).

    Parameters
    ----------
    n_updates : int, default=8000
        Updates of the weights.
    n_batches : int, default=8
        Batches in an epoch.
    alpha : float, default=0.01
        Strength of the L2 penalty, divided by the number of rows.
    n_passes : int, default=100
        Stochastic passes of `predict`.
    random_state : int or None, default=None
        Seeds weights, batches and dropout.
    """

    def __init__(
        self,
        n_updates: int = 8_000,
        n_batches: int = 8,
        alpha: float = 0.01,
        n_passes: int = 100,
        random_state: int | None = None,
    ) -> None:
        self.n_updates = n_updates
        self.n_batches = n_batches
        self.alpha = alpha
        self.n_passes = n_passes
        self.random_state = random_state

    def fit(self, X: FloatArray, y: FloatArray) -> Self:
        """Train on rows of shape (n, n_features) and outcomes of shape (n,)."""
        import keras
        import tensorflow as tf

        self.x_scaler_, self.y_scaler_ = MinMaxScaler().fit(X), MinMaxScaler().fit(y[:, None])
        rows, targets = self.x_scaler_.transform(X), self.y_scaler_.transform(y[:, None])
        keras.utils.set_random_seed(0 if self.random_state is None else self.random_state)
        self.model_ = paper_network(rows.shape[1], 1, self.alpha / len(rows))
        self.model_.compile("adam", "mean_squared_error", steps_per_execution=STEPS_PER_EXECUTION)
        table = tf.data.Dataset.from_tensor_slices((rows.astype(np.float32), targets.astype(np.float32)))
        batches = table.shuffle(len(rows)).batch(-(-len(rows) // self.n_batches)).repeat()
        self.model_.fit(batches, steps_per_epoch=self.n_updates, epochs=1, verbose=0)
        self.noise_variance_ = float(np.square(self._passes(rows).mean(axis=0) - targets[:, 0]).mean())
        return self

    def predict(self, X: FloatArray, return_std: bool = False) -> FloatArray | Moments:
        """Return the mean and, on request, the standard deviation of new observations, shape (n,)."""
        passes = self._passes(self.x_scaler_.transform(X))
        mean = self.y_scaler_.inverse_transform(passes.mean(axis=0)[:, None])[:, 0]
        std = np.sqrt(passes.var(axis=0) + self.noise_variance_) / self.y_scaler_.scale_[0]
        return (mean, std) if return_std else mean

    def _passes(self, rows: FloatArray) -> FloatArray:
        passes = [np.asarray(self.model_(rows, training=True))[:, 0] for _ in range(self.n_passes)]
        return np.array(passes, dtype=float)
