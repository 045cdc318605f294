"""Where experiments fail: a classifier of the rows told, on the same points as the surrogate."""

from itertools import product
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

from bnnopt._typing import BoolArray, FloatArray

__all__ = ["SuccessModel"]

MOST_ROWS_OF_A_PROCESS = 256
PRIOR_ROWS = 1.0  # how many imagined rows, with the share of successes of all, temper each probability
SMALLEST = 1e-9
VARIANCES = (3.0, 30.0, 300.0)
LENGTHS = (0.05, 0.1, 0.2, 0.4, 0.8)  # of the diagonal of the unit cube


class SuccessModel:
    """Probability that an experiment succeeds, learned from which rows failed.

    p = (n q + s) / (n + 1), with q the classifier's probability, n the rows told and s the share of them that
    succeeded: never 0 or 1, and near s while rows are few.

    Parameters
    ----------
    classifier : estimator, optional
        With `fit` and `predict_proba`; it is cloned. By default a Gaussian process (Rasmussen and Williams
        2006, section 3.4) for at most 256 rows, extremely randomised trees (Geurts et al. 2006) for more.
    seed : int
        Given to a `random_state` of the classifier that is None.
    """

    def __init__(self, classifier: Any, seed: int) -> None:
        self._given = classifier
        self._seed = seed

    def fit(self, X: FloatArray, is_success: BoolArray) -> "SuccessModel":
        """Fit on rows of shape (n_rows, n_dims), of which some failed and some did not."""
        if self._given is None and len(X) <= MOST_ROWS_OF_A_PROCESS:
            self.classifier = _fitted_process(X, is_success)
        else:
            self.classifier = self._seeded().fit(X, is_success)
        self._share, self._n_rows = float(is_success.mean()), len(X)
        self._column = list(self.classifier.classes_).index(True)
        return self

    def _seeded(self) -> Any:
        given = self._given or ExtraTreesClassifier(n_estimators=200, min_samples_leaf=2)
        classifier = clone(given)
        if "random_state" in classifier.get_params() and classifier.get_params()["random_state"] is None:
            classifier.set_params(random_state=self._seed)
        return classifier

    def log_probability(self, X: FloatArray) -> FloatArray:
        """Return the log probability of success at rows, shape (n,)."""
        raw = self.classifier.predict_proba(X)[:, self._column]
        tempered = (self._n_rows * raw + PRIOR_ROWS * self._share) / (self._n_rows + PRIOR_ROWS)
        return np.log(np.clip(tempered, SMALLEST, 1.0))


def _fitted_process(X: FloatArray, is_success: BoolArray) -> GaussianProcessClassifier:
    """Return the Gaussian process, among some length scales and amplitudes, of the highest evidence."""
    fitted = [
        GaussianProcessClassifier(
            ConstantKernel(variance) * RBF(length * np.sqrt(X.shape[1])), optimizer=None
        ).fit(X, is_success)
        for variance, length in product(VARIANCES, LENGTHS)
    ]
    return max(fitted, key=lambda classifier: float(classifier.log_marginal_likelihood_value_))
