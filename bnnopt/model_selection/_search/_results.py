"""Trials as `cv_results_`, and `cv_results_` of an earlier search as trials."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from bnnopt._estimators import is_whole
from bnnopt._plain import shown
from bnnopt._typing import FloatArray, IntArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection._search._evaluation import Trial

__all__ = ["checked_place", "mean_scores", "names_of_scores", "results_of", "trials_of"]


def names_of_scores(trials: Iterable[Trial], kind: str = "test") -> list[str]:
    """Return the names of the metrics that trials have, in order."""
    names = dict.fromkeys(name for trial in trials for name in trial.scores)
    return [name.removeprefix(f"{kind}_") for name in names if name.startswith(f"{kind}_")]


def mean_scores(trials: Sequence[Trial], name: str, missing: float) -> FloatArray:
    """Return the mean score of each trial over the splits, shape (n_trials,); `missing` where all failed."""
    return np.array([np.mean(trial.scores.get(name, np.array(missing))) for trial in trials], dtype=float)


def results_of(trials: Sequence[Trial], n_splits: int, missing: float) -> dict[str, Any]:
    """Return `cv_results_` as scikit-learn's searches have it, and ranks by the scores of the training.

    Parameters
    ----------
    trials : sequence of Trial
        At least one.
    n_splits : int
        Splits of the cross-validation.
    missing : float
        The score of a fit that failed.
    """
    results: dict[str, Any] = {}
    for name in ("fit_time", "score_time"):
        mean, std = np.array([getattr(trial, name) for trial in trials], dtype=float).T
        results |= {f"mean_{name}": mean, f"std_{name}": std}
    results |= _columns_of_parameters([trial.params for trial in trials])
    results["params"] = [trial.params for trial in trials]
    names = [f"{kind}_{name}" for name in names_of_scores(trials) for kind in ("test", "train")]
    for name in names:
        if any(name in trial.scores for trial in trials):
            results |= _columns_of_scores(trials, name, n_splits, missing)
    return results


def checked_place(place: Any, n_settings: int) -> int:
    """Return what a callable `refit` returned, or raise what scikit-learn raises."""
    if not is_whole(place):
        raise TypeError(f"best_index_ returned is not an integer: refit returned {shown(place)}.")
    if not 0 <= place < n_settings:
        raise IndexError(f"best_index_ index out of range: refit returned {place}, of {n_settings} settings.")
    return int(place)


def _columns_of_scores(trials: Sequence[Trial], name: str, n_splits: int, missing: float) -> dict[str, Any]:
    nothing = np.full(n_splits, missing, dtype=float)
    scores = np.array([trial.scores.get(name, nothing) for trial in trials])
    columns = {f"split{place}_{name}": column for place, column in enumerate(scores.T)}
    mean = scores.mean(axis=1)
    with np.errstate(invalid="ignore"):  # infinite scores have no spread
        std = scores.std(axis=1)
    return {**columns, f"mean_{name}": mean, f"std_{name}": std, f"rank_{name}": _ranks(mean)}


def _ranks(scores: FloatArray) -> IntArray:
    """Return 1 for the largest; NaN is last."""
    return rankdata(-np.where(np.isnan(scores), -np.inf, scores), method="min").astype(np.int32)


def _columns_of_parameters(settings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a masked array for each parameter, masked where a setting does not have it."""
    columns = {}
    for name in dict.fromkeys(name for params in settings for name in params):
        values = {place: params[name] for place, params in enumerate(settings) if name in params}
        column = np.ma.masked_all(len(settings), dtype=_dtype(list(values.values())))
        for place, value in values.items():
            column[place] = value
        columns[f"param_{name}"] = column
    return columns


def _dtype(values: list[Any]) -> Any:
    """Return the type of numbers where all values are numbers or truth values, else object."""
    is_plain = all(isinstance(value, int | float | bool | np.number | np.bool_) for value in values)
    found = np.asarray(values).dtype if is_plain else np.dtype(object)
    return found if found.kind in "iufb" else np.dtype(object)


def trials_of(results: Any, n_splits: int, known: Sequence[str] = ()) -> list[Trial]:
    """Return the trials of an earlier search.

    Parameters
    ----------
    results : dict, DataFrame or None
        `cv_results_` of a search of scikit-learn or bnnopt, or a table of it.
    n_splits : int
        Splits of the search that goes on from it.
    known : sequence of str, default=()
        Names of the scores of that search, where they are known: others are left out.

    Raises
    ------
    InvalidDataError
        It is no such thing, its columns are not of one length, or it has another number of splits or other
        scores.
    """
    if results is None:
        return []
    table = dict(results) if isinstance(results, Mapping | pd.DataFrame) else {}
    settings = list(table.get("params", []))
    if "params" not in table or not all(isinstance(params, Mapping) for params in settings):
        raise InvalidDataError(
            "earlier_results: expected the cv_results_ of a search, whose 'params' is a list of dicts, got "
            f"{shown(results)}."
        )
    names = [key.removeprefix("split0_") for key in table if key.startswith("split0_")]
    n_earlier = sum(key.startswith("split") and key.endswith(f"_{names[0]}") for key in table) if names else 0
    if n_earlier != n_splits:
        raise InvalidDataError(
            f"earlier_results: expected the scores of {n_splits} splits, as cv has them, got {n_earlier}. "
            "Use the same cv: scores of other splits cannot be compared."
        )
    missing = [name for name in known if f"test_{name}" not in names]
    if missing:
        found = [name.removeprefix("test_") for name in names if name.startswith("test_")]
        raise InvalidDataError(
            f"earlier_results: expected the scores {list(known)}, as scoring has them, got {found}. Use the "
            "same scoring, or leave the results out."
        )
    if known:
        names = [name for name in names if name.partition("_")[2] in known]
    _check_lengths(table, len(settings))
    return [_trial(table, place, dict(params), names, n_splits) for place, params in enumerate(settings)]


def _check_lengths(table: Mapping[str, Any], n_settings: int) -> None:
    lengths = {key: len(table[key]) for key in table if key.startswith(("split", "mean_", "std_"))}
    wrong = [f"{key!r} has {n}" for key, n in lengths.items() if n != n_settings]
    if wrong:
        raise InvalidDataError(
            f"earlier_results: expected {n_settings} values in each column, one for each of the 'params'; "
            f"{', '.join(wrong)}."
        )


def _trial(
    table: Mapping[str, Any], place: int, params: dict[str, Any], names: list[str], n_splits: int
) -> Trial:
    def number(key: str) -> float:
        return float(table[key][place]) if key in table else np.nan

    scores = {name: np.array([number(f"split{split}_{name}") for split in range(n_splits)]) for name in names}
    fit_time, score_time = (
        (number(f"mean_{name}"), number(f"std_{name}")) for name in ("fit_time", "score_time")
    )
    return Trial(params, scores, fit_time, score_time)
