"""Where experiments fail: learned from the rows told, on the same points as the surrogate."""

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier

from bnnopt._typing import BoolArray, FloatArray
from bnnopt.optimizer._success_process import fitted_process

__all__ = ["SuccessModel"]

MOST_ROWS_OF_A_PROCESS = 1_000
PRIOR_ROWS = 1.0  # how many imagined rows, with the share of successes of all, temper a classifier
LEAST_LOG = -300.0
STEEPNESS = 10.0


class SuccessModel:
    """Probability that an experiment succeeds, learned from which rows failed.

    By default, and for at most 1,000 rows, it is that of a Gaussian process classifier (`fitted_process`).
    Where failures keep to a region, p falls towards 0 inside and is even at its border; where they come at
    random, p stays near the share of successes.

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
        self.model = (
            fitted_process(X, is_success, self._seed)
            if self._is_process
            else self._seeded().fit(X, is_success)
        )
        return self

    def log_probability(self, X: FloatArray) -> FloatArray:
        """Return the log probability of success at rows, shape (n,)."""
        column = list(self.model.classes_).index(True)
        raw = self.model.predict_proba(X)[:, column]
        if self._is_process:
            return np.log(np.clip(raw, np.exp(LEAST_LOG), 1.0))
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
