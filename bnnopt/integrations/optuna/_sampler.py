"""A sampler for Optuna's studies that is a `BayesianOptimizer` underneath."""

import inspect
import threading
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from sklearn.base import BaseEstimator

from bnnopt._estimators import draw_seed, is_whole
from bnnopt._plain import shown
from bnnopt.acquisition import Acquisition, get_acquisition
from bnnopt.exceptions import InvalidDataError, SpaceExhaustedWarning
from bnnopt.integrations.optuna._parameters import Parameters, is_searchable
from bnnopt.integrations.optuna._told import Told
from bnnopt.integrations.optuna._trials import Trials
from bnnopt.objectives import Minimize
from bnnopt.optimizer import BayesianOptimizer
from bnnopt.space import Real, SearchSpace
from bnnopt.surrogates import make_surrogate

__all__ = ["BnnSampler"]

FIXED = (
    "space",
    "objectives",
    "outcomes",
    "surrogate",
    "acquisition",
    "n_initial",
    "random_state",
    "cost",
)
OPTIONS = tuple(name for name in inspect.signature(BayesianOptimizer).parameters if name not in FIXED)
MOST_TRIES = 3  # at one proposal, while other workers begin trials
MOST_AT_ONCE = 8  # workers that ask in the same instant and are told apart


class BnnSampler(BaseSampler):
    """Bayesian optimization for any study of Optuna.

    The parameters that all completed trials have are searched together by a `BayesianOptimizer`, in the range
    of the last one; others (of the first trial, of conditional parameters, of a range that has just changed)
    are sampled one by one. It learns from all finished trials, those of other workers and those added by hand
    too. A failed trial, or one of an infinite value, counts as a failed experiment, from which the
    probability of success is learned; a pruned one counts by the last value that it reported, but never as
    better than the median of the completed ones. Running trials are on their way: what other workers have in
    hand is not proposed, and what they may find is taken into account.

    Trials of one process depend on the seed and the trials before only. Workers that share a storage may have
    one seed or several: those that ask in the same instant share out the rows of one batch.

    Parameters
    ----------
    surrogate : str or estimator, default="auto"
        As in `BayesianOptimizer`.
    acquisition : str, callable or Acquisition, default=None
        As in `BayesianOptimizer`.
    n_startup_trials : int or None, default=None
        Trials before a model is asked, at least 2; by default one more than the parameters, and at least 5.
        The first is sampled at random, for its parameters are not known before; those that follow fill the
        space evenly.
    constraints_func : callable or None, default=None
        From a finished trial (`FrozenTrial`) to a sequence of floats, each violated above 0, as Optuna's
        samplers take it. Optuna 5 warns that `Trial.set_constraint`, called in the objective, takes its
        place; what it stores is learned from without this argument.
    independent_sampler : optuna.samplers.BaseSampler or None, default=None
        Samples what is sampled one by one; by default Optuna's `TPESampler`, seeded by `seed`
        and the number of the trial.
    seed : int or None, default=None
        Seeds everything.
    **options
        Further parameters of `BayesianOptimizer`: `initial_design`, `n_candidates`, `n_draws`,
        `success_classifier` (None leaves failed trials out), `reference_point`, `trust_region`.

    Raises
    ------
    UnknownNameError
        There is no surrogate or acquisition of this name.
    InvalidDataError
        An option is unknown, or n_startup_trials below 2.

    Examples
    --------
    >>> import optuna
    >>> from bnnopt.integrations.optuna import BnnSampler
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(sampler=BnnSampler(surrogate="gaussian_process", seed=0))
    >>> study.optimize(lambda trial: (trial.suggest_float("x", 0, 1) - 0.3) ** 2, n_trials=10)
    >>> abs(study.best_params["x"] - 0.3) < 0.01
    True
    """

    def __init__(
        self,
        *,
        surrogate: str | BaseEstimator = "auto",
        acquisition: str | Callable[..., Any] | Acquisition | None = None,
        n_startup_trials: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
        independent_sampler: BaseSampler | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        unknown = [name for name in options if name not in OPTIONS]
        if unknown:
            raise InvalidDataError(
                f"BnnSampler has no parameter {unknown}; further options are {list(OPTIONS)}."
            )
        self._options = {
            "surrogate": make_surrogate(surrogate),
            "acquisition": None if acquisition is None else get_acquisition(acquisition),
            "n_initial": _checked_count(n_startup_trials),
            **options,
        }
        _check(self._options)
        _check_parts(seed, constraints_func, independent_sampler)
        self._seed = draw_seed(seed)
        self._independent_sampler = independent_sampler
        self._constraints_keeper = (
            None if constraints_func is None else TPESampler(constraints_func=constraints_func)
        )
        self._begin()

    def _begin(self) -> None:
        """Forget what can be learned from the study again."""
        self._lock = threading.Lock()
        self._told = Told()
        self._proposed: dict[tuple[str, int], dict[str, Any]] = {}

    def __getstate__(self) -> dict[str, Any]:
        again = ("_lock", "_told", "_proposed")
        return {name: value for name, value in self.__dict__.items() if name not in again}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def reseed_rng(self) -> None:
        """Take a new seed, which Optuna asks for where trials run side by side."""
        with self._lock:
            self._seed = draw_seed(None)
            self._told = Told()
        if self._independent_sampler is not None:
            self._independent_sampler.reseed_rng()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that all completed trials have, each in the range of the last, with a choice.

        Trials without any parameter say nothing.

        Parameters
        ----------
        study : Study
            Whose trials are looked at.
        trial : FrozenTrial
            The one that is asked for.

        Returns
        -------
        dict of str to BaseDistribution
            The distribution of each of these parameters, by name; empty before a trial is complete.
        """
        trials = study.get_trials(deepcopy=False)
        known = [each.distributions for each in trials if each.state == TrialState.COMPLETE]
        known = [each for each in known if each]
        common = set(known[0]).intersection(*known[1:]) if known else set()
        return {name: known[-1][name] for name in sorted(common) if is_searchable(known[-1][name])}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return values of the parameters that are searched together.

        Parameters
        ----------
        study : Study
            Whose trials are learned from.
        trial : FrozenTrial
            The one that is asked for.
        search_space : dict of str to BaseDistribution
            The parameters; those without a choice are left to `sample_independent`.

        Returns
        -------
        dict of str to object
            The value of each parameter, in its own unit, within its range.
        """
        searchable = {name: each for name, each in search_space.items() if is_searchable(each)}
        if not searchable:
            return {}
        with self._lock:
            return self._proposal(study, trial, Parameters.of(searchable))

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value of one parameter that is sampled by itself.

        Parameters
        ----------
        study : Study
            Whose trials the independent sampler may learn from.
        trial : FrozenTrial
            The one that is asked for.
        param_name : str
            The parameter.
        param_distribution : BaseDistribution
            Its range.

        Returns
        -------
        object
            The value, in the parameter's own unit, within its range.
        """
        chosen = self._independent_sampler or self._default_sampler(trial, param_name)
        return chosen.sample_independent(study, trial, param_name, param_distribution)

    def _default_sampler(self, trial: FrozenTrial, param_name: str) -> BaseSampler:
        """Return a sampler whose seed is another one for each trial, so that workers of one seed differ."""
        entropy = [self._seed, trial.number, zlib.crc32(param_name.encode())]
        return TPESampler(seed=draw_seed(np.random.default_rng(entropy)))

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Hand a new trial on to the sampler of what is sampled one by one.

        Parameters
        ----------
        study : Study
            Of the trial.
        trial : FrozenTrial
            The new one.
        """
        if self._independent_sampler is not None:
            self._independent_sampler.before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Store the constraints of a trial that has ended.

        Parameters
        ----------
        study : Study
            Of the trial.
        trial : FrozenTrial
            As it was before its end.
        state : TrialState
            How it ended.
        values : sequence of float or None
            Its values.
        """
        if self._constraints_keeper is not None:
            self._constraints_keeper.after_trial(study, trial, state, values)
        if self._independent_sampler is not None:
            self._independent_sampler.after_trial(study, trial, state, values)

    def _proposal(self, study: Study, trial: FrozenTrial, parameters: Parameters) -> dict[str, Any]:
        trials = Trials(study.get_trials(deepcopy=False), study.directions)
        proposed = self._proposed_in(study.study_name, trials)
        optimizer = self._told.optimizer_of(trials, parameters, study.directions, self._options, self._seed)
        for _ in range(MOST_TRIES):
            running = trials.running(parameters, proposed, but=trial.number)
            # workers that ask in the same instant find the same best rows, so each takes the one of its place
            place = min(trials.begun_before(parameters, proposed, trial.number), MOST_AT_ONCE - 1)
            optimizer.withdraw(optimizer.pending)
            optimizer.plan(pd.DataFrame(running.values(), columns=optimizer.space.names, dtype=float))
            params = parameters.params(_one_row(optimizer, place, self._seed, trial.number))
            # others may have begun while this was fitted, and would find the same
            trials = Trials(study.get_trials(deepcopy=False), study.directions)
            if trials.running(parameters, proposed, but=trial.number).keys() <= running.keys():
                break
        self._proposed[study.study_name, trial.number] = params
        return params

    def _proposed_in(self, study_name: str, trials: Trials) -> dict[int, dict[str, Any]]:
        """Return what was proposed for trials that still run, and forget the others of the study."""
        running = {each.number for each in trials.trials if each.state == TrialState.RUNNING}
        self._proposed = {
            (name, number): params
            for (name, number), params in self._proposed.items()
            if name != study_name or number in running
        }
        return {number: params for (name, number), params in self._proposed.items() if name == study_name}


def _check(options: Mapping[str, Any]) -> None:
    """Raise what an optimizer would, but for what depends on the number of objectives."""
    known = {name: value for name, value in options.items() if name not in ("acquisition", "reference_point")}
    BayesianOptimizer(SearchSpace([Real("x", 0, 1)]), [Minimize("y")], **known)


def _check_parts(seed: Any, constraints_func: Any, independent_sampler: Any) -> None:
    """Raise `InvalidDataError` for whatever of these is not what it should be."""
    faults = []
    if seed is not None and not (is_whole(seed) and seed >= 0):
        faults.append(f"seed must be None or a whole number of at least 0, got {shown(seed)}")
    if constraints_func is not None and not callable(constraints_func):
        faults.append(f"constraints_func must be None or a function, got {shown(constraints_func)}")
    if independent_sampler is not None and not isinstance(independent_sampler, BaseSampler):
        faults.append(f"independent_sampler must be None or a sampler, got {shown(independent_sampler)}")
    if faults:
        raise InvalidDataError(f"BnnSampler: {'; '.join(faults)}.")


def _one_row(optimizer: BayesianOptimizer, place: int, seed: int, number: int) -> pd.Series:
    """Return the settings to run next, those at a place of a batch.

    Where all were run, they are again those that are worth it, or any.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpaceExhaustedWarning)
        rows = optimizer.ask(place + 1)
        if not len(rows) and optimizer.has_model:
            rows = optimizer.ask(1, n_replicates=1)
    if not len(rows):
        rows = optimizer.space.sample(1, random_state=np.random.default_rng([seed, number]))
    return rows[optimizer.space.names].iloc[-1]


def _checked_count(n_startup_trials: int | None) -> int | None:
    is_count = isinstance(n_startup_trials, int) and not isinstance(n_startup_trials, bool)
    if n_startup_trials is not None and not (is_count and n_startup_trials >= 2):
        raise InvalidDataError(
            f"n_startup_trials must be a whole number of at least 2, or None, got {shown(n_startup_trials)}."
        )
    return n_startup_trials
