"""Train the same model again with other seeds, as one does to see what of it is chance."""

from typing import Any

import numpy as np

from bnnopt._estimators import LARGEST_SEED, require, seeded_clone, whole
from bnnopt._typing import FloatArray, RandomState
from bnnopt._validation import as_generator

__all__ = ["retrain", "retrained_predictions"]


def retrain(
    estimator: Any, X: Any, y: Any, *, n_retrainings: int = 5, random_state: RandomState = None
) -> list[Any]:
    """Fit clones of an estimator that differ in their seeds only.

    Every parameter called `random_state` gets another seed, in the steps of a Pipeline and the members of a
    stacking too. Of an estimator without one, all clones are the same.

    Parameters
    ----------
    estimator : regressor
        With scikit-learn's `fit` and `get_params`; it is not changed and need not be fitted.
    X : array-like or DataFrame of shape (n, n_features)
        Rows to train on, in the units of the estimator.
    y : array-like or DataFrame of shape (n,) or (n, n_outputs)
        Their outcomes.
    n_retrainings : int, default=5
        How many clones, at least 2.
    random_state : int, Generator, RandomState or None, default=None
        Seeds the seeds.

    Returns
    -------
    list of n_retrainings fitted estimators
        One for each seed, in the order in which the seeds were drawn.

    Raises
    ------
    InvalidDataError
        n_retrainings is below 2.
    """
    require(whole(2), n_retrainings=n_retrainings)
    seeds = as_generator(random_state).integers(LARGEST_SEED, size=n_retrainings)
    return [seeded_clone(estimator, int(seed), replace=True).fit(X, y) for seed in seeds]


def retrained_predictions(
    estimator: Any,
    X: Any,
    y: Any,
    rows: Any,
    *,
    n_retrainings: int = 5,
    random_state: RandomState = None,
) -> FloatArray:
    """Return what clones with other seeds, fitted to X and y, predict at rows.

    Parameters
    ----------
    estimator : regressor
        As in `retrain`.
    X : array-like or DataFrame of shape (n, n_features)
        Rows to train on, in the units of the estimator.
    y : array-like or DataFrame of shape (n,) or (n, n_outputs)
        Their outcomes.
    rows : array-like or DataFrame of shape (n_rows, n_features)
        Where to predict: a grid, held-out rows, or random points of the region of interest. Not the rows of
        X, at which overfitted models agree.
    n_retrainings : int, default=5
        How many clones, at least 2.
    random_state : int, Generator, RandomState or None, default=None
        Seeds the seeds.

    Returns
    -------
    ndarray of shape (n_retrainings, n_rows) or (n_retrainings, n_rows, n_outputs)
        In the unit of y; the input of `bnnopt.metrics.retraining_agreement`.

    Raises
    ------
    InvalidDataError
        n_retrainings is below 2.
    """
    models = retrain(estimator, X, y, n_retrainings=n_retrainings, random_state=random_state)
    return np.stack([np.asarray(model.predict(rows), dtype=float) for model in models])
