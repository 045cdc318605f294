"""Validation on later experiments beside validation on shuffled ones."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold

from bnnopt._estimators import draw_seed, require, seeded_clone, whole
from bnnopt._tables import with_names
from bnnopt._typing import ArrayLike, IntArray, RandomState
from bnnopt._validation import as_generator
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection._cohorts import LaterCohortSplit
from bnnopt.model_selection._held_out import Predicted, as_outcomes, joined, predict_rows, take
from bnnopt.model_selection._sweeps import varying_ranges

__all__ = ["compare_splits"]


def compare_splits(
    estimator: Any,
    X: Any,
    y: Any,
    groups: ArrayLike,
    *,
    n_folds: int = 5,
    n_splits: int = 1,
    n_later: int = 1,
    order: Sequence[Hashable] | None = None,
    outputs: Sequence[str] | None = None,
    random_state: RandomState = None,
) -> pd.DataFrame:
    """Validate on later cohorts, and on shuffled rows, the same later ones among them, in one table.

    Shuffled rows have neighbours of their own cohort in the training. What a model that was trained on
    earlier cohorts says of later ones is what it is used for, and is often worse: where the later rows lie
    beyond the earlier ones (`beyond`), where the experiment has drifted, or where rows were few.

    Parameters
    ----------
    estimator : regressor
        With `fit` and `predict(X, return_std=True)`, alone or at the end of a Pipeline; it is not changed. It
        is fitted n_folds + n_splits times.
    X : array-like or DataFrame of shape (n, n_features)
        Settings, in the units of the estimator.
    y : array-like or DataFrame of shape (n,) or (n, n_outputs)
        Outcomes, finite.
    groups : array-like of shape (n,)
        The cohort of each row, see `LaterCohortSplit`.
    n_folds : int, default=5
        Parts into which the rows are shuffled, at least 2.
    n_splits, n_later : int, default=1
        Validations on later cohorts, and cohorts in each; see `LaterCohortSplit`.
    order : sequence, optional
        All cohorts from the earliest to the latest. Default: sorted.
    outputs : sequence of str, optional
        Names of the outcomes. Default: the columns of y, else "outcome" or "outcome 0" and so on.
    random_state : int, Generator, RandomState or None, default=None
        Seeds the folds and the estimators.

    Returns
    -------
    DataFrame
        For each outcome three rows: `split` "shuffled" (all rows), "shuffled, later rows" (of these the rows
        that the third one predicts) and "later". Then `n_train`, the rows of the trainings on average,
        `beyond`, the share of the predicted rows that have a number outside the range of their training, and
        the fields of `bnnopt.metrics.PredictionScores`.

    Raises
    ------
    InvalidDataError
        As in `LaterCohortSplit`, there are fewer rows than folds, or the estimator has no standard deviation.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Methods (validation on the experiments that the model
    suggested).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import BayesianRidge
    >>> X = np.linspace(0, 1, 30)[:, None]
    >>> table = compare_splits(BayesianRidge(), X, X[:, 0], np.repeat([1, 2, 3], 10), random_state=0)
    >>> table[["split", "n", "beyond"]].to_numpy().tolist()[1:]
    [['shuffled, later rows', 10, 0.1], ['later', 10, 1.0]]
    """
    X, y = with_names(X), with_names(y)
    outcomes = as_outcomes(X, y, outputs)
    require(whole(2), n_folds=n_folds)
    if not 2 <= n_folds <= len(outcomes.values):
        raise InvalidDataError(f"n_folds must be from 2 to the {len(outcomes.values)} rows, got {n_folds!r}.")
    rng = as_generator(random_state)
    seed = draw_seed(rng)
    later = LaterCohortSplit(n_splits, n_later=n_later, order=order).split(X, groups=groups)
    folds = KFold(n_folds, shuffle=True, random_state=draw_seed(rng)).split(outcomes.values)
    found = {
        name: _predicted(estimator, X, y, splits, seed, len(outcomes.names))
        for name, splits in (("shuffled", folds), ("later", later))
    }
    tables = []
    for place, name in enumerate(outcomes.names):
        for split, (rows, predicted, n_train, beyond) in _three(found).items():
            scores = predicted.scores(outcomes.values[rows])[place]._asdict()
            share = float(beyond.mean())
            tables.append({"outcome": name, "split": split, "n_train": n_train, "beyond": share, **scores})
    return pd.DataFrame(tables)


Found = tuple[IntArray, Predicted, float, Any]


def _predicted(
    estimator: Any,
    X: Any,
    y: Any,
    splits: Iterable[tuple[IntArray, IntArray]],
    seed: int,
    n_outputs: int,
) -> Found:
    """Return the rows that splits predict, predictions, mean size of a training, and who lies beyond it."""
    parts, sizes, beyond = [], [], []
    for train, test in splits:
        model = seeded_clone(estimator, seed).fit(take(X, train), take(y, train))
        parts.append((test, predict_rows(model, take(X, test), n_outputs)))
        sizes.append(len(train))
        beyond.append(_is_beyond(pd.DataFrame(take(X, train)), pd.DataFrame(take(X, test))))
    return *joined(parts), float(np.mean(sizes)), np.concatenate(beyond)


def _is_beyond(train: pd.DataFrame, test: pd.DataFrame) -> Any:
    flags = np.zeros(len(test), dtype=bool)
    for name in varying_ranges(pd.concat([train, test])):
        flags |= ((test[name] < train[name].min()) | (test[name] > train[name].max())).to_numpy()
    return flags


def _three(found: dict[str, Found]) -> dict[str, Found]:
    """Return what was found, and of the shuffled rows those that are later."""
    rows, predicted, n_train, beyond = found["shuffled"]
    same = np.flatnonzero(np.isin(rows, found["later"][0]))
    part = (rows[same], predicted.of(same), n_train, beyond[same])
    return {"shuffled": found["shuffled"], "shuffled, later rows": part, "later": found["later"]}
