"""Settings fitted and scored on the splits of a cross-validation, several at a time."""

import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV

from bnnopt._plain import shown
from bnnopt._typing import FloatArray
from bnnopt.exceptions import BnnoptError, InvalidDataError

__all__ = ["Evaluator", "KilledWorkerError", "Trial", "splits_of"]

N_FROM_SPLIT = len("split0_")
BEFORE_TRACEBACK = "failed with the following error:"  # in the text of scikit-learn; all of it counts without


class KilledWorkerError(BnnoptError, RuntimeError):
    """A process was killed while it fitted an estimator; the message names the settings in question."""


@dataclass(frozen=True)
class Trial:
    """A setting and what came of it.

    Attributes
    ----------
    params : dict
        The setting, by name of the parameter.
    scores : dict of str to ndarray of shape (n_splits,)
        By "test_<metric>" and "train_<metric>"; NaN where there is no score.
    fit_time, score_time : tuple of float
        Mean and standard deviation over the splits, seconds.
    errors : tuple of str
        One for each fit that failed.
    """

    params: dict[str, Any]
    scores: dict[str, FloatArray]
    fit_time: tuple[float, float]
    score_time: tuple[float, float]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluator:
    """What all settings are fitted and scored with.

    Attributes
    ----------
    estimator : estimator
        Cloned for each fit.
    X, y
        The data.
    splits : list of (train, test)
        Places of rows, the same for all settings.
    fit_params : dict
        Of `fit`, without what only the splitter takes.
    options : dict
        Of `GridSearchCV`: scoring, error_score, return_train_score, verbose.
    """

    estimator: BaseEstimator
    X: Any
    y: Any
    splits: list[Any]
    fit_params: dict[str, Any]
    options: dict[str, Any]

    @property
    def missing(self) -> float:
        """The score of a fit that failed."""
        return np.nan if self.options["error_score"] == "raise" else float(self.options["error_score"])

    def trials(self, settings: Sequence[dict[str, Any]], parallel: Parallel) -> list[Trial]:
        """Fit and score settings on all splits.

        Raises
        ------
        KilledWorkerError
            A process of `parallel` was killed.
        """
        tasks = [(params, split) for params in settings for split in self.splits]
        shared = replace(self, splits=[])
        try:
            with _without_warnings_of_scores():
                found = parallel(delayed(_on_one_split)(shared, *task) for task in tasks)
        except BrokenProcessPool as error:
            raise KilledWorkerError(
                f"A process was killed while it fitted one of the settings {shown(list(settings))}: out of "
                "memory, or a crash in compiled code. Settings tried before are kept: fit again with "
                "earlier_results=search.cv_results_, with fewer jobs, or with a space that leaves such "
                "settings out."
            ) from error
        n = len(self.splits)
        return [
            self._trial(params, found[place * n : (place + 1) * n]) for place, params in enumerate(settings)
        ]

    def scoring_error(self, params: dict[str, Any]) -> str:
        """Return what is raised where a setting is fitted and scored once more, "" where nothing is."""
        raising = replace(self, options={**self.options, "error_score": "raise"})
        try:
            _on_one_split(raising, params, self.splits[0])
        except Exception as error:  # noqa: BLE001 - of a scorer, which is anybody's
            return f"{type(error).__name__}: {error}"
        return ""

    def _trial(self, params: dict[str, Any], splits: list[dict[str, Any]]) -> Trial:
        names = dict.fromkeys(name for each in splits for name in each["scores"])
        scores = {
            name: np.array([each["scores"].get(name, self.missing) for each in splits], float)
            for name in names
        }
        times = [(each["fit_time"], each["score_time"]) for each in splits]
        (fit, score), (fit_std, score_std) = np.mean(times, axis=0), np.std(times, axis=0)
        errors = tuple(each["error"] for each in splits if each["error"])
        return Trial(params, scores, (fit, fit_std), (score, score_std), errors)


def splits_of(cv: Any, X: Any, y: Any, params: dict[str, Any]) -> list[Any]:
    """Return the splits of a splitter, drawn once for all settings.

    Parameters
    ----------
    cv : splitter
        As `check_cv` returns it.
    X, y
        The data.
    params : dict
        Of `split`, such as groups.

    Raises
    ------
    InvalidDataError
        There are none, or not as many as the splitter says.
    """
    n_splits = cv.get_n_splits(X, y, **params)
    splits = list(cv.split(X, y, **params))
    if not splits:
        raise InvalidDataError(
            "No fits were performed. Was the CV iterator empty? Were there no candidates? Give one that "
            "is not used up."
        )
    if len(splits) != n_splits:
        raise InvalidDataError(
            f"cv.split and cv.get_n_splits return inconsistent results. Expected {n_splits} splits, got "
            f"{len(splits)}."
        )
    return splits


def _on_one_split(evaluator: Evaluator, params: dict[str, Any], split: Any) -> dict[str, Any]:
    """Return scores and times of one fit, or the error of one that failed.

    It is a grid search of one setting on one split, so that everything is as scikit-learn has it: slices of
    data and of parameters of `fit`, kernels that are given, metadata, several metrics, text of `verbose`. One
    whose only fit fails raises a `ValueError`.
    """
    search = GridSearchCV(
        evaluator.estimator,
        {name: [value] for name, value in params.items()},
        cv=[split],
        refit=False,
        **evaluator.options,
    )
    start = time.perf_counter()
    try:
        with _without_warnings_of_scores():
            search.fit(evaluator.X, evaluator.y, **evaluator.fit_params)
    except ValueError as error:
        if evaluator.options["error_score"] == "raise":
            raise
        text = str(error).rpartition(BEFORE_TRACEBACK)[2].strip()
        return {"scores": {}, "fit_time": time.perf_counter() - start, "score_time": 0.0, "error": text}
    results = search.cv_results_
    scores = {name[N_FROM_SPLIT:]: each[0] for name, each in results.items() if name.startswith("split0_")}
    times = {name: results[f"mean_{name}"][0] for name in ("fit_time", "score_time")}
    return {"scores": scores, **times, "error": ""}


@contextmanager
def _without_warnings_of_scores() -> Iterator[None]:
    """Leave out that a score is not finite: it is said once of a whole search.

    Filters are of a whole process, so that none is set in a thread of several.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="One or more of the (test|train) scores", category=UserWarning
        )
        yield
