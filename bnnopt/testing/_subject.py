"""The estimator under test with its fits."""

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from bnnopt._estimators import seeded_clone
from bnnopt._typing import FloatArray
from bnnopt.testing._check import Violation, accepts
from bnnopt.testing._globals import watched_globals
from bnnopt.testing._tables import FEW_ROWS, X_TRAIN, Y_TRAIN, Y_TWO

__all__ = ["FACTOR", "SHIFT", "Fit", "Subject", "draws", "moments", "moments_of_function"]

FACTOR, SHIFT = 100.0, 50.0


@dataclass(frozen=True)
class Fit:
    """A fitted estimator, what `fit` returned, and what it changed."""

    estimator: Any
    returned: object
    is_data_changed: bool
    changed_globals: frozenset[str]


class Subject:
    """The estimator under test, with its fits on the tables; each is made once, when it is first asked for.

    Parameters
    ----------
    estimator : estimator
        Not fitted; it is cloned for each fit.
    seed : int
        Given to each `random_state` of the estimator; the draws use it and the one after it.
    n_draws : int
        Number of draws where their moments are estimated.
    """

    def __init__(self, estimator: Any, seed: int, n_draws: int) -> None:
        self.estimator = estimator
        self.seed = seed
        self.n_draws = n_draws

    @cached_property
    def first(self) -> Fit:
        """Fitted on all rows."""
        return self._fit(self.estimator, X_TRAIN, Y_TRAIN)

    @cached_property
    def again(self) -> Fit:
        """A clone of the first one, fitted after it on the same rows."""
        return self._fit(self.first.estimator, X_TRAIN, Y_TRAIN)

    @cached_property
    def rescaled(self) -> Fit:
        """Fitted on all rows with y in another unit."""
        return self._fit(self.estimator, X_TRAIN, FACTOR * Y_TRAIN + SHIFT)

    @cached_property
    def few(self) -> Fit:
        """Fitted on the first few rows."""
        return self._fit(self.estimator, X_TRAIN[:FEW_ROWS], Y_TRAIN[:FEW_ROWS])

    @cached_property
    def two_outputs(self) -> Fit:
        """Fitted on all rows and two outputs."""
        return self._fit(self.estimator, X_TRAIN, Y_TWO)

    def _fit(self, estimator: Any, X: FloatArray, y: FloatArray) -> Fit:
        model, rows, outcomes = seeded_clone(estimator, self.seed, replace=True), X.copy(), y.copy()
        with warnings.catch_warnings():
            # how well a fit converges on so few rows is not judged
            warnings.simplefilter("ignore", ConvergenceWarning)
            with watched_globals() as changed_globals:
                returned = model.fit(rows, outcomes)
        is_data_changed = not (np.array_equal(rows, X) and np.array_equal(outcomes, y))
        return Fit(model, returned, is_data_changed, frozenset(changed_globals))


def moments(estimator: Any, X: FloatArray, **noise: bool) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of a fitted estimator, which gets a copy of the rows."""
    pair = estimator.predict(X.copy(), return_std=True, **noise)
    if not (isinstance(pair, tuple) and len(pair) == 2):
        raise Violation(f"expected (mean, std) of predict(X, return_std=True), got {type(pair).__name__}")
    return np.asarray(pair[0], dtype=float), np.asarray(pair[1], dtype=float)


def moments_of_function(estimator: Any, X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the moments without noise where `predict` can leave it out, otherwise those it has."""
    return moments(estimator, X, **_without_noise(estimator.predict))


def draws(estimator: Any, X: FloatArray, n_samples: int, seed: int) -> FloatArray:
    """Return draws of a fitted estimator, which gets a copy of the rows."""
    keywords = _without_noise(estimator.sample_y)
    values = estimator.sample_y(X.copy(), n_samples=n_samples, random_state=seed, **keywords)
    return np.asarray(values, dtype=float)


def _without_noise(method: Any) -> dict[str, bool]:
    return {"noise": False} if accepts(method, "noise") else {}
