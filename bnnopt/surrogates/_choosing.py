"""Choose among surrogates by what each says of rows that it has not seen, and by the time of a fit."""

import inspect
from collections.abc import Mapping
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from bnnopt._typing import FloatArray
from bnnopt.exceptions import InvalidDataError
from bnnopt.surrogates._stacking import log_normal_density

__all__ = ["Choice", "OneColumn", "choose", "last_step", "moments"]

LEAST_GAIN = 0.01
SPREAD_OF_GAINS = 1.0  # two standard deviations, over rows, of the difference of log densities, roughly
ROWS_TO_TELL = 20  # with fewer, folds of three or less say nothing that a rule could be built on
N_FOLDS = 5
SMALLEST_VARIANCE = 1e-12


class OneColumn(NamedTuple):
    """Rows of one output.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features)
        Inputs.
    y : ndarray of shape (n_rows,)
        Output in any units.
    further : dict of str to ndarray of shape (n_rows,)
        What else was given for the rows, by the name of the parameter of `fit`.
    """

    X: FloatArray
    y: FloatArray
    further: dict[str, FloatArray]

    def fit(self, estimator: BaseEstimator, rows: Any = slice(None)) -> BaseEstimator:
        """Fit an estimator on some of the rows."""
        further = {name: values[rows] for name, values in self.further.items()}
        return estimator.fit(self.X[rows], self.y[rows], **further)


class Choice(NamedTuple):
    """A fitted surrogate and why it was chosen.

    Attributes
    ----------
    name, reason : str
        Of the chosen candidate.
    scores, seconds : dict of str to float
        Of each candidate that was fitted: mean held-out log density, and the measured time of the fit.
    surrogate : estimator
        Fitted on all rows.
    """

    name: str
    reason: str
    scores: dict[str, float]
    seconds: dict[str, float]
    surrogate: BaseEstimator


def choose(
    candidates: Mapping[str, BaseEstimator], rows: OneColumn, *, time_budget: float, seed: int
) -> Choice:
    """Fit the candidates that come into question and take the one with the largest held-out log density.

    Parameters
    ----------
    candidates : mapping of str to estimator
        Not fitted; they are cloned.
    rows : OneColumn
        At least 2 rows.
    time_budget : float
        Seconds that a fit may be expected to take.
    seed : int
        Given to each `random_state` that is None, and shuffles the rows of a cross-validation.

    Raises
    ------
    InvalidDataError
        If no candidate takes what was given for the rows, or one has no `predict(X, return_std=True)`.
    """
    left_out = _refusing(candidates, rows.further)
    left_out |= _too_slow(_without(candidates, left_out), rows.X.shape, time_budget)
    tried = _without(candidates, left_out)
    models, seconds, scores = {}, {}, {}
    for name, candidate in tried.items():
        start = perf_counter()
        models[name] = rows.fit(_seeded(candidate, seed))
        seconds[name] = perf_counter() - start
        scores[name] = _score(models[name], rows, seed, is_alone=len(tried) == 1)
    best = max((score for score in scores.values() if np.isfinite(score)), default=np.nan)
    least = _least_gain(len(rows.y))
    judged = {name: score for name, score in scores.items() if np.isfinite(score)}
    chosen = next((name for name, score in judged.items() if best - score < least), next(iter(scores)))
    return Choice(chosen, _reason(chosen, scores, left_out, least), scores, seconds, models[chosen])


def _least_gain(n_rows: int) -> float:
    """By how much a later candidate must be better per row: two standard errors, or no gain is enough."""
    return max(LEAST_GAIN, SPREAD_OF_GAINS / float(np.sqrt(n_rows))) if n_rows >= ROWS_TO_TELL else np.inf


def moments(model: Any, X: FloatArray, *, noise: bool = True) -> tuple[FloatArray, FloatArray]:
    """Predict mean and standard deviation, of the function alone where asked for and possible."""
    model, rows = last_step(model, X)
    keywords = {"noise": noise} if "noise" in inspect.signature(model.predict).parameters else {}
    mean, std = model.predict(rows, return_std=True, **keywords)
    return np.asarray(mean, dtype=float), np.asarray(std, dtype=float)


def last_step(model: Any, X: FloatArray | None = None) -> tuple[Any, Any]:
    """Return the last step of a Pipeline and, if rows are given, the rows as it sees them; others as is."""
    while isinstance(model, Pipeline):
        X = X if X is None or len(model) == 1 else model[:-1].transform(X)
        model = model[-1]
    return model, X


def _without(candidates: Mapping[str, BaseEstimator], names: Mapping[str, str]) -> dict[str, BaseEstimator]:
    return {name: candidate for name, candidate in candidates.items() if name not in names}


def _refusing(candidates: Mapping[str, BaseEstimator], further: Mapping[str, Any]) -> dict[str, str]:
    """Why candidates cannot learn from what was given for the rows, by name."""
    left_out = {}
    for name, candidate in candidates.items():
        missing = [given for given in further if not has_fit_parameter(candidate, given)]
        if missing:
            left_out[name] = f"its fit takes no {' and no '.join(missing)}"
    if len(left_out) == len(candidates):
        raise InvalidDataError(
            f"No candidate can be fitted with {' and '.join(further)}: "
            f"{'; '.join(f'{name}: {why}' for name, why in left_out.items())}. Leave it out, or add a "
            "candidate that takes it, such as 'mc_dropout'."
        )
    return left_out


def _too_slow(
    candidates: Mapping[str, BaseEstimator], shape: tuple[int, ...], time_budget: float
) -> dict[str, str]:
    """Why candidates would take too long, by name; the fastest is left where all would."""
    expected = {
        name: float(candidate.expected_fit_seconds(*shape))
        for name, candidate in candidates.items()
        if hasattr(candidate, "expected_fit_seconds")
    }
    slow = {name: seconds for name, seconds in expected.items() if seconds > time_budget}
    if len(slow) == len(candidates):
        del slow[min(slow, key=lambda name: slow[name])]
    return {
        name: f"a fit of {shape[0]:,} rows is expected to take {seconds:,.0f} s, more than the time "
        f"budget of {time_budget:g} s"
        for name, seconds in slow.items()
    }


def _seeded(estimator: BaseEstimator, seed: int) -> BaseEstimator:
    """Clone an estimator, with a seed for each `random_state` that is None."""
    model = clone(estimator)
    unset = [
        name
        for name, value in model.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    ]
    return model.set_params(**dict.fromkeys(unset, seed))


def _score(model: BaseEstimator, rows: OneColumn, seed: int, *, is_alone: bool) -> float:
    """Mean log density of held-out rows: what the fitted model says of itself, or by cross-validation."""
    _check_return_std(model)
    if hasattr(model, "held_out_log_density_"):
        return float(model.held_out_log_density_)
    return float("nan") if is_alone else _cross_validated(model, rows, seed)


def _check_return_std(model: BaseEstimator) -> None:
    last, _ = last_step(model)
    if "return_std" not in inspect.signature(last.predict).parameters:
        raise InvalidDataError(
            f"{type(last).__name__} cannot be a candidate: its predict has no parameter return_std. Use one "
            "that has, such as GaussianProcessRegressor or BayesianRidge, alone or as the last step of a "
            "Pipeline."
        )


def _cross_validated(model: BaseEstimator, rows: OneColumn, seed: int) -> float:
    """Mean log density of the standardised output over the folds; repeats of a row share their fold."""
    places = np.unique(np.column_stack([rows.X, rows.y]), axis=0, return_inverse=True)[1].ravel()
    n_distinct = int(places.max()) + 1
    if n_distinct < 2:
        return float("nan")
    weights = rows.further.get("sample_weight", np.ones(len(rows.y)))
    centre = np.average(rows.y, weights=weights)
    unit = float(np.sqrt(np.average(np.square(rows.y - centre), weights=weights))) or 1.0
    density = np.empty(len(rows.y))
    folds = KFold(min(N_FOLDS, n_distinct), shuffle=True, random_state=seed)
    for _, left_out in folds.split(np.arange(n_distinct)):
        test = np.isin(places, left_out)
        mean, std = moments(rows.fit(clone(model), ~test), rows.X[test])
        error = (rows.y[test] - mean) / unit
        density[test] = log_normal_density(error, np.zeros(()), np.square(std / unit) + SMALLEST_VARIANCE)
    return float(np.average(density, weights=weights))


def _reason(chosen: str, scores: Mapping[str, float], left_out: Mapping[str, str], least: float) -> str:
    """One sentence with the figures."""
    if len(scores) == 1:
        parts = [f"{chosen} was the only candidate to come into question"]
    elif np.isnan(scores[chosen]):
        parts = [f"{chosen} was chosen as the first, for no candidate could be judged"]
    else:
        parts = [f"{chosen} was chosen for its held-out log density of {scores[chosen]:.3f} per row"]
        others = {name: score for name, score in scores.items() if name != chosen}
        parts += [_compared(name, score, scores[chosen], least) for name, score in others.items()]
    parts += [f"{name} was left out, for {why}" for name, why in left_out.items()]
    return "; ".join(parts) + "."


def _compared(name: str, score: float, best: float, least: float) -> str:
    if np.isnan(score):
        return f"{name} holds no rows out and cannot be judged"
    if score < best:
        note = ""
    elif np.isinf(least):
        note = f", but fewer than {ROWS_TO_TELL} rows cannot tell, and it stands later"
    else:
        note = f", not better by {least:.2g}, and stands later"
    return f"{name} has {score:.3f}{note}"
