"""How predictions get better with rows: on random subsets, and as experiments came in time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnnopt._estimators import LARGEST_SEED, real, require, seeded_clone, whole
from bnnopt._plain import shown
from bnnopt._tables import with_names
from bnnopt._typing import ArrayLike, IntArray, RandomState
from bnnopt._validation import as_generator, refuse_flags
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection._held_out import Predicted, as_outcomes, predict_rows, take

__all__ = ["LearningCurve", "learning_curve"]

N_SIZES = 6
FEWEST = 5  # rows of the first training by default
FEWEST_TESTED = 2


@dataclass(frozen=True)
class LearningCurve:
    """Scores of held-out rows by the number of rows of the training.

    Parameters
    ----------
    table : DataFrame
        A row for each training and outcome: `kind` ("random" or "in time"), `n_rows` of the training,
        `repeat` (from 0), `outcome`, and the fields of `bnnopt.metrics.PredictionScores`, `n` the rows that
        were predicted.
    """

    table: pd.DataFrame

    @property
    def outputs(self) -> list[str]:
        """Names of the outcomes."""
        return list(dict.fromkeys(self.table["outcome"]))

    def summary(self, score: str = "rmse") -> pd.DataFrame:
        """Return a score over the repeats.

        Parameters
        ----------
        score : str, default="rmse"
            A field of `bnnopt.metrics.PredictionScores`.

        Returns
        -------
        DataFrame
            `outcome`, `kind`, `n_rows`, and `median`, `lowest` and `highest` of the repeats.
        """
        by = self.table.groupby(["outcome", "kind", "n_rows"], sort=False)[score]
        return by.agg(median="median", lowest="min", highest="max").reset_index()


def learning_curve(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    sizes: Sequence[int] | None = None,
    n_repeats: int = 5,
    test_share: float = 0.2,
    order: ArrayLike | None = None,
    outputs: Sequence[str] | None = None,
    random_state: RandomState = None,
) -> LearningCurve:
    """Train on more and more rows, and predict rows that were held out.

    At random: each repeat shuffles the rows, holds a share of them out and trains on growing parts of the
    others, each part within the next. In time, where an order is given: each training has the first rows, and
    the rows up to the next size, after the last size all others, are predicted; there the repeats differ in
    the seeds of the estimator only. The estimator is fitted n_sizes * n_repeats times for each kind.

    Parameters
    ----------
    estimator : regressor
        With `fit` and `predict(X, return_std=True)`, alone or at the end of a Pipeline; it is not changed.
    X : array-like or DataFrame of shape (n, n_features)
        Settings, in the units of the estimator.
    y : array-like or DataFrame of shape (n,) or (n, n_outputs)
        Outcomes, finite.
    sizes : sequence of int, optional
        Rows of the trainings, increasing, each at least 2; in time those that would cut rows of one place in
        the order begin before these. Default: six, their ratios equal, from 5 rows or a tenth to all that are
        left.
    n_repeats : int, default=5
        At least 1.
    test_share : float, default=0.2
        Share of the rows that a random repeat holds out, above 0 and below 1; at least two rows.
    order : array-like of shape (n,), optional
        When each row was made: numbers, dates or text that sorts. Default: only at random.
    outputs : sequence of str, optional
        Names of the outcomes. Default: the columns of y, else "outcome" or "outcome 0" and so on.
    random_state : int, Generator, RandomState or None, default=None
        Seeds the shuffling and the estimators.

    Returns
    -------
    LearningCurve
        Scores by number of rows and repetition, for each outcome.

    Raises
    ------
    InvalidDataError
        There are too few rows, a number is out of its range, or the estimator has no standard deviation.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, SI Figures 1b-e and 3 (the model with growing data).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import BayesianRidge
    >>> X = np.linspace(0, 1, 40)[:, None]
    >>> curve = learning_curve(BayesianRidge(), X, 3 * X[:, 0], sizes=[5, 20], n_repeats=2, random_state=0)
    >>> curve.table[["n_rows", "repeat", "n"]].to_numpy().tolist()
    [[5, 0, 8], [20, 0, 8], [5, 1, 8], [20, 1, 8]]
    """
    X, y = with_names(X), with_names(y)
    outcomes = as_outcomes(X, y, outputs)
    n_rows = len(outcomes.values)
    require(whole(1), n_repeats=n_repeats)
    require(real(-np.inf), test_share=test_share)
    refuse_flags(sizes=sizes)
    n_test = max(FEWEST_TESTED, round(test_share * n_rows)) if 0 < test_share < 1 else n_rows
    known = _sizes(sizes, n_rows, n_rows - n_test)
    rng = as_generator(random_state)
    rows = []
    for repeat in range(n_repeats):
        seed = int(rng.integers(LARGEST_SEED))
        splits = [("random", *split) for split in _random(known, n_rows, n_test, rng)]
        if order is not None:
            splits += [("in time", *split) for split in _in_time(known, order, n_rows)]
        for kind, train, test in splits:
            model = seeded_clone(estimator, seed, replace=True).fit(take(X, train), take(y, train))
            predicted = predict_rows(model, take(X, test), len(outcomes.names))
            rows += _scored(predicted, outcomes.values[test], outcomes.names, kind, len(train), repeat)
    return LearningCurve(pd.DataFrame(rows))


def _sizes(sizes: Sequence[int] | None, n_rows: int, most: int) -> list[int]:
    """Return the sizes of trainings, checked."""
    least = max(2, min(FEWEST, most)) if n_rows < 10 * FEWEST else n_rows // 10
    if sizes is None and most >= 2:
        return sorted({round(size) for size in np.geomspace(min(least, most), most, N_SIZES)})
    known = [] if sizes is None else [int(size) for size in sizes]
    if not known or min(known) < 2 or max(known) > most or (np.diff(known) <= 0).any():
        raise InvalidDataError(
            f"sizes: increasing numbers of rows from 2 to {most}, which is what {n_rows} rows leave beside "
            f"those held out, were expected; {shown(list(sizes or []))} came. test_share must be above 0 and "
            "below 1."
        )
    return known


def _random(
    sizes: list[int], n_rows: int, n_test: int, rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray]]:
    order = rng.permutation(n_rows)
    test, others = np.sort(order[:n_test]), order[n_test:]
    return ((np.sort(others[:size]), test) for size in sizes)


def _in_time(sizes: list[int], order: ArrayLike, n_rows: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield trainings on the first rows and the next ones; rows of one place in the order stay together."""
    places = pd.Series(np.asarray(order))
    if len(places) != n_rows or places.isna().any():
        raise InvalidDataError(
            f"order: one place for each of {n_rows} rows was expected; {len(places)} came, "
            f"{int(places.isna().sum())} of them empty."
        )
    rank = places.rank(method="min").to_numpy()
    rows = np.argsort(rank, kind="stable")
    starts = np.flatnonzero(np.diff(rank[rows], prepend=-1) > 0)
    cuts = sorted({int(starts[starts <= size].max()) for size in sizes} - {0, 1})
    for cut, following in zip(cuts, [*cuts[1:], n_rows], strict=True):
        if following - cut >= 1:
            yield np.sort(rows[:cut]), np.sort(rows[cut:following])


def _scored(
    predicted: Predicted, outcomes: Any, names: Sequence[str], kind: str, n_rows: int, repeat: int
) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "n_rows": n_rows, "repeat": repeat, "outcome": name, **scores._asdict()}
        for name, scores in zip(names, predicted.scores(outcomes), strict=True)
    ]
