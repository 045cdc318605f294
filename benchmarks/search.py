"""How good settings are that searches of hyperparameters find in 40 tries, and what they cost beside fits.

Run `python -m benchmarks.search` (`--short` for CI, without the peers). All methods search the same space
with the same three splits, one setting at a time, with the defaults of their libraries. What counts is the
best cross-validated score; seconds are processor time of the whole search less that of its fits and scores,
measured in the same way for all. Where one model out of four is chosen, each with parameters of its own, the
search of scikit-optimize gets a list of four spaces with ten settings each, the one of scikit-learn draws a
model for each setting, and Optuna is asked for the parameters of the model that it chose.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import loguniform, randint, uniform
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_classification
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, RandomizedSearchCV, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks._results import measure_missing, options_of, print_table, runs_of, software
from bnnopt.model_selection import BayesSearchCV

N_ITER, N_SPLITS, N_SEEDS = 40, 3, 10
N_ITER_SHORT = 8
HEADER = [
    "problem",
    "method",
    "best score: median (quartiles)",
    "worst",
    "processor seconds outside fits",
    "seeds",
]
SHORT = {"methods": ["random", "bnnopt"], "problems": ["short"], "seeds": 1}


@dataclass(frozen=True)
class Numbers:
    """Numbers between two bounds, whole ones if these are, spaced evenly or by ratios."""

    lower: float
    upper: float
    is_log: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.lower, int)


@dataclass(frozen=True)
class Task:
    """A search: an estimator, data, a space, and models with spaces of their own where one is to be chosen.

    Attributes
    ----------
    load : callable
        Returns X and y.
    estimator : estimator
        With a step "model" where models are to be chosen.
    space : dict
        By name of the parameter `Numbers` or a list of choices.
    models : tuple of (estimator, dict)
        What may stand in the step "model", each with the space of its own.
    """

    load: Callable[[], tuple[Any, Any]]
    estimator: Any
    space: dict[str, Any]
    models: tuple[tuple[Any, dict[str, Any]], ...] = ()

    @property
    def spaces(self) -> list[dict[str, Any]]:
        """One space for each model."""
        return [{**self.space, "model": [model], **own} for model, own in self.models] or [self.space]


def _digits() -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return X[:800], y[:800]


def _classes() -> tuple[Any, Any]:
    return make_classification(1000, 20, n_informative=8, n_classes=3, flip_y=0.05, random_state=0)


TREES = {
    "learning_rate": Numbers(0.01, 1.0, is_log=True),
    "max_leaf_nodes": Numbers(2, 64, is_log=True),
    "min_samples_leaf": Numbers(1, 60),
    "l2_regularization": Numbers(1e-6, 1e2, is_log=True),
    "max_features": Numbers(0.2, 1.0),
}
MODELS = (
    (LogisticRegression(max_iter=300), {"model__C": Numbers(1e-4, 1e2, is_log=True)}),
    (
        SVC(),
        {"model__C": Numbers(1e-2, 1e3, is_log=True), "model__gamma": Numbers(1e-5, 1e0, is_log=True)},
    ),
    (
        RandomForestClassifier(40, random_state=0),
        {"model__max_depth": Numbers(1, 20), "model__max_features": Numbers(0.05, 1.0)},
    ),
    (
        KNeighborsClassifier(),
        {"model__n_neighbors": Numbers(1, 50, is_log=True), "model__weights": ["uniform", "distance"]},
    ),
)
TASKS = {
    "svc_digits": Task(
        _digits,
        SVC(),
        {
            "C": Numbers(1e-3, 1e3, is_log=True),
            "gamma": Numbers(1e-6, 1e0, is_log=True),
            "kernel": ["rbf", "poly", "sigmoid"],
        },
    ),
    "trees_diabetes": Task(
        partial(load_diabetes, return_X_y=True),
        HistGradientBoostingRegressor(max_iter=30, random_state=0),
        TREES,
    ),
    "trees_classes": Task(_classes, HistGradientBoostingClassifier(max_iter=20, random_state=0), TREES),
    "network_cancer": Task(
        partial(load_breast_cancer, return_X_y=True),
        make_pipeline(StandardScaler(), MLPClassifier(max_iter=40, random_state=0)),
        {
            "mlpclassifier__hidden_layer_sizes": Numbers(4, 100, is_log=True),
            "mlpclassifier__alpha": Numbers(1e-6, 1e1, is_log=True),
            "mlpclassifier__learning_rate_init": Numbers(1e-4, 1e-1, is_log=True),
            "mlpclassifier__activation": ["relu", "tanh"],
        },
    ),
    "models_digits": Task(
        _digits,
        Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())]),
        {"scale": [StandardScaler(), "passthrough"]},
        MODELS,
    ),
    "short": Task(  # for the short run
        partial(load_diabetes, return_X_y=True),
        HistGradientBoostingRegressor(max_iter=3, random_state=0),
        {"learning_rate": Numbers(0.01, 1.0, is_log=True), "max_leaf_nodes": Numbers(2, 64, is_log=True)},
    ),
}


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and print the table."""
    problems = [name for name in TASKS if name != "short"]
    options = options_of("search", __doc__, SEARCHES, TASKS, N_SEEDS, SHORT, arguments)
    if not options.short:
        options.problems = [name for name in options.problems if name in problems]
    n_iter = N_ITER_SHORT if options.short else N_ITER
    frame = measure_missing(options, partial(measure, n_iter=n_iter))
    title = f"best cross-validated score of {n_iter} settings; seeds 0 to {options.seeds - 1}"
    print_table(title, HEADER, _rows(frame, options.problems, options.methods), busy=options.busy)


def measure(problem: str, method: str, seed: int, n_iter: int = N_ITER) -> dict[str, Any]:
    """Run one search on one task and return the figures of the CSV file."""
    seconds: list[float] = []
    task = TASKS[problem]
    task = replace(task, estimator=_timed(task.estimator, seconds))
    X, y = task.load()
    splits = splits_of(task.estimator, X, y)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = SEARCHES[method](task, X, y, splits, n_iter, seed)
    total, inside = time.process_time() - start, sum(seconds)
    return {
        "n_iter": len(scores),
        "best": f"{np.max(scores):.6g}",
        "seconds_outside": f"{total - inside:.4g}",
        "seconds_inside": f"{inside:.4g}",
        "software": software(SOFTWARE[method]),
        "scores": " ".join(f"{score:.5g}" for score in scores),
    }


def _timed(estimator: Any, seconds: list[float]) -> Any:
    """Return an estimator as it is that adds the processor time of each fit and each score to a list."""
    kind: Any = type(estimator)

    class Timed(kind):
        def fit(self, X: Any, y: Any) -> Any:
            start = time.process_time()
            try:
                return super().fit(X, y)
            finally:
                seconds.append(time.process_time() - start)

        def score(self, X: Any, y: Any) -> Any:
            start = time.process_time()
            try:
                return super().score(X, y)
            finally:
                seconds.append(time.process_time() - start)

    return Timed(**estimator.get_params(deep=False))


def splits_of(estimator: Any, X: Any, y: Any) -> list[Any]:
    """Return the splits that all methods use."""
    kind = KFold if isinstance(estimator, HistGradientBoostingRegressor) else StratifiedKFold
    return list(kind(N_SPLITS, shuffle=True, random_state=0).split(X, y))


def _scores_of(search: Any, X: Any, y: Any) -> np.ndarray:
    """Return the scores of all settings of a search of the form of scikit-learn, in order."""
    return np.asarray(search.fit(X, y).cv_results_["mean_test_score"])


def _bnnopt(task: Task, X: Any, y: Any, splits: Any, n_iter: int, seed: int, **options: Any) -> np.ndarray:
    def ours(given: Any) -> Any:
        if isinstance(given, Numbers):
            return (given.lower, given.upper, "log-uniform" if given.is_log else "uniform")
        return given

    space: dict[str, Any] = {name: ours(given) for name, given in task.space.items()}
    if task.models:
        space["model"] = [
            (model, {name: ours(given) for name, given in own.items()}) for model, own in task.models
        ]
    search = BayesSearchCV(
        task.estimator, space, n_iter=n_iter, cv=splits, refit=False, random_state=seed, **options
    )
    return _scores_of(search, X, y)


def _random(task: Task, X: Any, y: Any, splits: Any, n_iter: int, seed: int) -> np.ndarray:
    def theirs(given: Any) -> Any:
        if not isinstance(given, Numbers):
            return given
        if given.is_whole:  # spaced by ratios where the space says so
            numbers = np.arange(int(given.lower), int(given.upper) + 1)
            ratios = np.unique(np.geomspace(given.lower, given.upper, 200).round().astype(int))
            return ratios.tolist() if given.is_log else randint(numbers[0], numbers[-1] + 1)
        return (
            loguniform(given.lower, given.upper)
            if given.is_log
            else uniform(given.lower, given.upper - given.lower)
        )

    spaces = [{name: theirs(given) for name, given in space.items()} for space in task.spaces]
    search = RandomizedSearchCV(
        task.estimator, spaces, n_iter=n_iter, cv=splits, refit=False, random_state=seed
    )
    return _scores_of(search, X, y)


def _scikit_optimize(task: Task, X: Any, y: Any, splits: Any, n_iter: int, seed: int) -> np.ndarray:
    from skopt import BayesSearchCV as Search
    from skopt.space import Categorical, Integer, Real

    def theirs(given: Any) -> Any:
        if not isinstance(given, Numbers):
            return Categorical(given)
        kind = Integer if given.is_whole else Real
        return kind(given.lower, given.upper, prior="log-uniform" if given.is_log else "uniform")

    n_each = n_iter // len(task.spaces)
    spaces = [({name: theirs(given) for name, given in space.items()}, n_each) for space in task.spaces]
    return _scores_of(Search(task.estimator, spaces, cv=splits, refit=False, random_state=seed), X, y)


def _optuna(task: Task, X: Any, y: Any, splits: Any, n_iter: int, seed: int, *, sampler: str) -> np.ndarray:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    chosen = getattr(optuna.samplers, sampler)(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=chosen)

    def score(trial: Any) -> float:
        model = clone(task.estimator).set_params(**_suggested(task, trial))
        return float(np.mean(cross_val_score(model, X, y, cv=splits)))

    study.optimize(score, n_trials=n_iter)
    return np.array([trial.value for trial in study.trials])


def _suggested(task: Task, trial: Any) -> dict[str, Any]:
    """Return the parameters of a trial of Optuna; choices go by their place, models by theirs."""
    space, params = dict(task.space), {}
    if task.models:
        params["model"], own = task.models[trial.suggest_categorical("model", range(len(task.models)))]
        params["model"] = clone(params["model"])
        space |= own
    for name, given in space.items():
        if not isinstance(given, Numbers):
            params[name] = given[trial.suggest_categorical(name, range(len(given)))]
            continue
        suggest = trial.suggest_int if given.is_whole else trial.suggest_float
        params[name] = suggest(name, given.lower, given.upper, log=given.is_log)
    return params


SEARCHES: dict[str, Callable[[Task, Any, Any, Any, int, int], np.ndarray]] = {
    "random": _random,
    "scikit_optimize": _scikit_optimize,
    "optuna_tpe": partial(_optuna, sampler="TPESampler"),
    "optuna_gp": partial(_optuna, sampler="GPSampler"),
    "bnnopt": _bnnopt,
    "bnnopt_auto": partial(_bnnopt, surrogate="auto"),
    "bnnopt_one_process": partial(_bnnopt, surrogate="gaussian_process"),
}
SOFTWARE = {
    "random": "scikit-learn",
    "scikit_optimize": "scikit-optimize",
    "optuna_tpe": "optuna",
    "optuna_gp": "optuna",
    "bnnopt": "bnnopt",
    "bnnopt_auto": "bnnopt",
    "bnnopt_one_process": "bnnopt",
}


def _rows(frame: pd.DataFrame, problems: list[str], methods: list[str]) -> list[list[str]]:
    """Return for each problem and method the best score's median, quartiles and worst, and the seconds."""
    rows = []
    for problem, method, runs in runs_of(frame, problems, methods):
        best, seconds = runs["best"].astype(float), runs["seconds_outside"].astype(float)
        middle, low, high = (f"{best.quantile(each):.4f}" for each in (0.5, 0.25, 0.75))
        found = f"{middle} ({low} to {high})"
        rows.append([problem, method, found, f"{best.min():.4f}", f"{seconds.median():.2g}", str(len(runs))])
    return rows


if __name__ == "__main__":
    main()
