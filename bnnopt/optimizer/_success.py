"""Where experiments fail: learned from the rows told, on the same points as the surrogate."""

from itertools import product
from typing import Any

import numpy as np
from scipy.special import log_ndtr
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["SuccessModel"]

MOST_ROWS_OF_A_PROCESS = 1_000
PRIOR_ROWS = 1.0  # how many imagined rows, with the share of successes of all, temper a classifier
LEAST_LOG = -300.0
STEEPNESS = 10.0
LENGTHS = (0.05, 0.1, 0.2, 0.4, 0.8)  # of the diagonal of the unit cube
NOISES = (1e-3, 1e-2, 1e-1, 1.0)  # variance of labels of -1 and 1 at one point


class SuccessModel:
    """Probability that an experiment succeeds, learned from which rows failed.

    By default, and for at most 1,000 rows, the labels -1 (failed) and 1 are regressed by a Gaussian process
    (least-squares classification; Rasmussen and Williams 2006, section 6.5) whose length scale and noise have
    the highest evidence, and p = Φ(m / sqrt(v + s)), with m and v the moments of the label and s the noise.
    Where failures repeat, little noise is found and p falls towards 0 near a failed row; where they come at
    random, much noise is found and p stays near the share of successes.

    For more rows, and with a classifier of one's own, p = (n q + r) / (n + 1), with q the classifier's
    probability, n the rows told and r the share of them that succeeded; the default is extremely randomised
    trees (Geurts et al. 2006).

    Parameters
    ----------
    classifier : estimator, optional
        With `fit` and `predict_proba`; it is cloned.
    seed : int
        Given to a `random_state` of the classifier that is None.
    """

    def __init__(self, classifier: Any, seed: int) -> None:
        self._given = classifier
        self._seed = seed

    def fit(self, X: FloatArray, is_success: BoolArray) -> "SuccessModel":
        """Fit on rows of shape (n_rows, n_dims), of which some failed and some did not."""
        self._share, self._n_rows = float(is_success.mean()), len(X)
        self._is_process = self._given is None and len(X) <= MOST_ROWS_OF_A_PROCESS
        self.model = _fitted_process(X, is_success) if self._is_process else self._seeded().fit(X, is_success)
        return self

    def log_probability(self, X: FloatArray) -> FloatArray:
        """Return the log probability of success at rows, shape (n,)."""
        if self._is_process:
            mean, std = self.model.predict(X, return_std=True)
            middle = 2 * self._share - 1
            total = np.sqrt(np.square(std) + self.model.alpha)
            return np.maximum(log_ndtr((middle + mean) / total), LEAST_LOG)
        column = list(self.model.classes_).index(True)
        raw = self.model.predict_proba(X)[:, column]
        tempered = (self._n_rows * raw + PRIOR_ROWS * self._share) / (self._n_rows + PRIOR_ROWS)
        return np.log(np.clip(tempered, np.exp(LEAST_LOG), 1.0))

    def log_weight(self, X: FloatArray) -> FloatArray:
        """Return what the log score of rows is lowered by, shape (n,).

        It is the log probability, and far less where the probability is below the share of successes so far:
        log p + 10 min(log(p / r), 0). An improvement that is never measured would outweigh any
        probability; experiments that probably fail are made only where all others promise next to nothing.
        """
        log_p = self.log_probability(X)
        return log_p + STEEPNESS * np.minimum(log_p - np.log(self._share), 0.0)

    def _seeded(self) -> Any:
        given = self._given or ExtraTreesClassifier(n_estimators=200, min_samples_leaf=2)
        classifier = clone(given)
        if "random_state" in classifier.get_params() and classifier.get_params()["random_state"] is None:
            classifier.set_params(random_state=self._seed)
        return classifier


def _fitted_process(X: FloatArray, is_success: BoolArray) -> GaussianProcessRegressor:
    """Return the Gaussian process of centred labels whose length and noise have the highest evidence."""
    labels = np.where(is_success, 1.0, -1.0) - (2 * is_success.mean() - 1)
    fitted = [
        GaussianProcessRegressor(RBF(length * np.sqrt(X.shape[1])), alpha=noise, optimizer=None).fit(
            X, labels
        )
        for length, noise in product(LENGTHS, NOISES)
    ]
    return max(fitted, key=lambda process: float(process.log_marginal_likelihood_value_))
