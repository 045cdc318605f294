"""Search of hyperparameters by Bayesian optimization, in place of a grid."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd
from joblib import Parallel
from scipy.optimize import OptimizeResult
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import get_tags, indexable

from bnnopt._estimators import check_parameters
from bnnopt.acquisition import Acquisition
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection._search._best_estimator import StandsForBestEstimator
from bnnopt.model_selection._search._compatibility import optimize_result
from bnnopt.model_selection._search._evaluation import Evaluator, Trial, splits_of
from bnnopt.model_selection._search._preparation import (
    RULES,
    earlier_trials,
    new_proposals,
    spaces_to_search,
)
from bnnopt.model_selection._search._results import checked_place, results_of
from bnnopt.model_selection._search._run import Run
from bnnopt.model_selection._search._scorers import (
    as_listed,
    check_refit,
    known_names,
    names_to_raise,
    scorers_of,
)
from bnnopt.model_selection._search._spaces import spaces_of
from bnnopt.model_selection._search._watching import Watch, callbacks_of
from bnnopt.optimizer import BayesianOptimizer

__all__ = ["BayesSearchCV"]


class BayesSearchCV(StandsForBestEstimator):
    """Search of hyperparameters by Bayesian optimization, with cross-validation.

    It is used as `GridSearchCV` and `RandomizedSearchCV` are: `fit` tries settings of `search_spaces`, a
    first design and then those of which a model of the score expects most, and refits the best. Scores are
    means over the splits of `cv`, the same splits for all settings; no setting is tried twice. Settings whose
    score is NaN, as that of a failed fit is by default, teach a classifier where fits fail. A `fit` starts
    fresh.

    Parameters
    ----------
    estimator : estimator
        Any estimator of scikit-learn; without `score`, `scoring` is needed.
    search_spaces : dict, SearchSpace or list
        By name of the parameter (`step__parameter` in a Pipeline) what it may be: a `Real`, `Integer`,
        `Discrete` or `Categorical` (their own name counts for nothing), a frozen distribution of scipy.stats,
        a tuple such as `(1, 10)` or `(1e-3, 1e3, "log-uniform")`, a list of choices of any kind, or a
        dimension of scikit-optimize. Numbers of a list have an order, other choices have none. A choice may
        be a pair `(choice, {name: ...})` with parameters that it alone has. A `SearchSpace` brings
        constraints. In a list of these, each is searched with `n_iter` settings, or with `n` as `(space, n)`.
    n_iter : int, default=50
        Settings to try, at least 1.
    n_points : int, default=1
        Settings that run at a time, at least 1, each with all its splits. Settings are chosen in blocks of
        four, of `n_points` where that is more: up to 4 it does not matter which settings are tried.
    scoring : str, callable, list, tuple, set or dict, default=None
        As in `GridSearchCV`; larger is better.
    n_jobs : int or None, default=None
        Fits at a time, of `n_points` times the splits; results do not depend on it.
    refit : bool, str or callable, default=True
        Whether to fit the best setting on all rows. Of several metrics the name of the one that is searched
        by. With a callable, from `cv_results_` to the place of the setting to refit, or False, all metrics
        are searched by, traded off against each other.
    cv : int, splitter, iterable or None, default=None
        As in `GridSearchCV`.
    surrogate : str, estimator or None, default=None
        The model of the score: a key of `bnnopt.SURROGATES`, or a regressor with `return_std`. By default a
        `GaussianProcessEnsembleRegressor` of all its kernels but that of a deep network.
    acquisition : str, callable or Acquisition, default=None
        As in `BayesianOptimizer`.
    n_initial : int or None, default=None
        Settings of the first design, at least 2, at most `n_iter`. By default one more than there are
        parameters, at least 5 and 2 for each combination of choices that others hang on; at most half of
        `n_iter`.
    initial_design : {"sobol", "latin_hypercube", "random"}, default="sobol"
        The first design.
    time_budget : float or None, default=None
        Seconds after which no further setting is begun, at least 0.
    callbacks : callable or sequence of callable, default=None
        Each is called after each batch with the result of the present space so far, an `OptimizeResult`
        (`x`, `fun`, `x_iters`, `func_vals` as scikit-optimize has them, `params`); one that returns true ends
        the search.
    earlier_results : dict, DataFrame or None, default=None
        `cv_results_` of an earlier search of the same data and splits, by whatever method: its settings are
        learned from, not tried again, not counted in `n_iter`, and come first in `cv_results_`.
    error_score : "raise" or float, default=numpy.nan
        The score of a fit that fails. With a number other than NaN the failure is learned as that score.
    return_train_score : bool, default=False
        Whether `cv_results_` has scores on the rows of the training.
    pre_dispatch : int or str, default="2*n_jobs"
        As in `GridSearchCV`.
    progress : bool, default=False
        Whether to show a progress bar.
    verbose : int, default=0
        1 prints a line for each batch, more what scikit-learn prints of each fit.
    random_state : int, RandomState or None, default=None
        Seeds everything. With an integer the same settings come for the same scores.
    optimizer_kwargs : dict or None, default=None
        Of scikit-optimize's class: `n_initial_points`, `initial_point_generator`, `acq_func` and
        `base_estimator` are understood, others ignored with a warning.
    fit_params : dict or None, default=None
        Of scikit-optimize's class: parameters of `fit` of the estimator, besides those given to `fit`.
    iid : object, default="deprecated"
        Of scikit-optimize's class; ignored.

    Attributes
    ----------
    cv_results_ : dict of arrays
        As of `GridSearchCV`, with `rank_train_*` besides. It grows during `fit`, and what a search that was
        stopped has tried stays in it.
    best_index_, best_params_, best_score_ : int, dict, float
        The best setting; not with several metrics and `refit=False`, no score with a callable `refit`.
    best_estimator_, refit_time_ : estimator, float
        Fitted on all rows, and how long that took (seconds); not with `refit=False`.
    scorer_ : callable or dict
        What scores.
    multimetric_ : bool
        Whether there are several metrics.
    n_splits_ : int
        Splits of the cross-validation.
    feature_names_in_ : ndarray of str
        Names of the columns, where the best estimator knows them.

    Raises
    ------
    InvalidDataError
        (a `ValueError`) Anything above is out of its range, or no setting has a score.
    UnknownNameError
        (a `ValueError`) The estimator has no parameter of a name.
    TypeError
        `search_spaces` is no space.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from bnnopt import BayesSearchCV
    >>> space = {"C": (1e-2, 1e2, "log-uniform"), "kernel": ["linear", ("rbf", {"gamma": (1e-3, 1.0)})]}
    >>> search = BayesSearchCV(SVC(), space, n_iter=10, random_state=0).fit(*load_iris(return_X_y=True))
    >>> len(search.cv_results_["params"])
    10
    >>> bool(search.best_score_ > 0.95)
    True
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        search_spaces: Any,
        *,
        n_iter: int = 50,
        n_points: int = 1,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable[..., Any] = True,
        cv: Any = None,
        surrogate: str | BaseEstimator | None = None,
        acquisition: str | Callable[..., Any] | Acquisition | None = None,
        n_initial: int | None = None,
        initial_design: str = "sobol",
        time_budget: float | None = None,
        callbacks: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
        earlier_results: Mapping[str, Any] | pd.DataFrame | None = None,
        error_score: str | float = np.nan,
        return_train_score: bool = False,
        pre_dispatch: int | str = "2*n_jobs",
        progress: bool = False,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
        optimizer_kwargs: Mapping[str, Any] | None = None,
        fit_params: Mapping[str, Any] | None = None,
        iid: Any = "deprecated",
    ) -> None:
        if hasattr(estimator, "fit"):  # without an estimator there is nothing to search; `fit` says so
            spaces_of(search_spaces)  # a space that is none is told before hours of loading data
        self.estimator = estimator
        self.search_spaces = search_spaces
        self.n_iter = n_iter
        self.n_points = n_points
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.surrogate = surrogate
        self.acquisition = acquisition
        self.n_initial = n_initial
        self.initial_design = initial_design
        self.time_budget = time_budget
        self.callbacks = callbacks
        self.earlier_results = earlier_results
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.pre_dispatch = pre_dispatch
        self.progress = progress
        self.verbose = verbose
        self.random_state = random_state
        self.optimizer_kwargs = optimizer_kwargs
        self.fit_params = fit_params
        self.iid = iid

    @property
    def total_iterations(self) -> int:
        """Number of settings that `fit` tries in all spaces together."""
        return sum(each.n_iter or self.n_iter for each in spaces_of(self.search_spaces))

    @property
    def optimizers_(self) -> list[BayesianOptimizer]:
        """A `BayesianOptimizer` of each space, told all its settings: for displays, or to ask for more."""
        return [each.optimizer(*each.rows(*self._tried)) for each in self._proposals]

    @property
    def optimizer_results_(self) -> list[OptimizeResult]:
        """The result of each space in the form of scikit-optimize, as `callbacks` get it."""
        settings, scores = self._tried
        found = []
        for each in self._proposals:
            is_here = np.array([each.space.row(params) is not None for params in settings])
            here = [params for params, own in zip(settings, is_here, strict=True) if own]
            if here:
                found.append(optimize_result(here, scores.to_numpy()[is_here, 0]))
        return found

    def fit(self, X: Any, y: Any = None, *, callback: Any = None, **params: Any) -> Self:
        """Search, and fit the best setting on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, as the estimator takes them.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), optional
            Targets.
        callback : callable or sequence of callable, optional
            Besides `callbacks`.
        **params
            Of `fit` of the estimator, such as `sample_weight`; `groups` for the splitter. With metadata
            routing for whatever requests them.

        Returns
        -------
        self
            The search itself, fitted.

        Raises
        ------
        InvalidDataError
            A parameter of the search is out of its range, or no setting has a score.
        UnknownNameError
            The estimator has no parameter of a name in `search_spaces`.
        KilledWorkerError
            (a `RuntimeError`) A process was killed in a fit.

        Warns
        -----
        FitFailedWarning
            Some fits failed.
        SpaceExhaustedWarning
            All settings of a space were tried before `n_iter`.
        """
        self._check(y)
        spaces = spaces_to_search(self)
        listeners = callbacks_of(self.callbacks, callback)
        scorers = scorers_of(self.estimator, self.scoring)
        if isinstance(scorers, dict):
            check_refit(self.refit, list(scorers))
        X, y = indexable(X, y)
        of_split, of_fit, of_refit = self._shared_out({**(self.fit_params or {}), **params})
        splits = splits_of(check_cv(self.cv, y, classifier=is_classifier(self.estimator)), X, y, of_split)
        evaluator = Evaluator(self.estimator, X, y, splits, of_fit, self._options)
        trials = earlier_trials(
            self.earlier_results, spaces, len(splits), known_names(as_listed(self.scoring))
        )
        proposals = new_proposals(self, spaces, trials)
        self._forget()
        self._proposals, self.scorer_, self.n_splits_ = proposals, scorers, len(splits)
        n_settings = sum(each.n_iter or 0 for each in spaces)
        watch = Watch(n_settings, self.n_splits_, listeners, self.time_budget, self.verbose)
        names, report = partial(names_to_raise, self.refit), partial(self._report, evaluator.missing)
        run = Run(evaluator, names, report, watch, self.n_points, trials)
        with watch.shown(self.progress), Parallel(self.n_jobs, pre_dispatch=self.pre_dispatch) as parallel:
            for each, space in zip(proposals, spaces, strict=True):
                if run.search(each, space.n_iter or 0, parallel):
                    break
        run.check_any_score()
        run.warn_of_failures()
        self._choose()
        if self.refit:
            self._refit(X, y, of_refit)
        return self

    def _check(self, y: Any) -> None:
        check_parameters(self, RULES)
        if y is None and get_tags(self.estimator).target_tags.required:
            raise InvalidDataError(
                f"{type(self).__name__} requires y to be passed, but the target y is None: "
                f"{type(self.estimator).__name__} learns from targets."
            )
        if self.iid != "deprecated":
            warnings.warn("iid is ignored: scores are means over the splits.", UserWarning, stacklevel=3)

    @property
    def _options(self) -> dict[str, Any]:
        """What each fit is told besides its setting."""
        options = {name: getattr(self, name) for name in ("error_score", "return_train_score")}
        verbose = self.verbose if self.verbose > 1 else 0
        return {**options, "scoring": as_listed(self.scoring), "verbose": verbose}

    def _forget(self) -> None:
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)

    def _report(self, missing: float, trials: Sequence[Trial], scores: pd.DataFrame) -> None:
        """Take what was tried so far."""
        self.cv_results_ = results_of(trials, self.n_splits_, missing)
        self._tried = [trial.params for trial in trials], scores

    def _choose(self) -> None:
        """Set which setting is best."""
        names = [
            name.removeprefix("mean_test_") for name in self.cv_results_ if name.startswith("mean_test_")
        ]
        self.multimetric_ = names != ["score"]
        if self.multimetric_:
            check_refit(self.refit, names)
        name = self.refit if self.multimetric_ else "score"
        if callable(self.refit):
            self.best_index_ = checked_place(self.refit(self.cv_results_), len(self.cv_results_["params"]))
        elif name:
            self.best_index_ = int(self.cv_results_[f"rank_test_{name}"].argmin())
            self.best_score_ = self.cv_results_[f"mean_test_{name}"][self.best_index_]
        else:
            return
        self.best_params_ = self.cv_results_["params"][self.best_index_]

    def _refit(self, X: Any, y: Any, params: Mapping[str, Any]) -> None:
        """Fit the best setting on all rows."""
        start = time.perf_counter()
        best = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        best.fit(X, **params) if y is None else best.fit(X, y, **params)
        self.refit_time_ = time.perf_counter() - start
        self.best_estimator_ = best
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
