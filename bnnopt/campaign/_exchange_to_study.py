"""A campaign written as a study of Optuna."""

import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bnnopt._plain import plain
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._exchange_storage import StorageLike, errors_in_words, optuna_package, storage_of
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import FAILED, MEASURED, PLANNED, RUNNING, WITHDRAWN
from bnnopt.campaign._suggestions import version_of
from bnnopt.campaign._toml import as_toml
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import (
    Maximize,
    Minimize,
    OutcomeConstraint,
    Target,
    UtilityObjective,
    split_objectives,
)
from bnnopt.space import Categorical, Discrete, Integer, Real

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study

__all__ = ["SETTINGS", "VERSION", "WITHDRAWN_RUNS", "directions_of", "study_of_campaign"]

SETTINGS, WITHDRAWN_RUNS, VERSION = "bnnopt:settings", "bnnopt:withdrawn", "bnnopt:version"
"""User attributes of a study: the campaign.toml, runs that will not be made, what wrote it."""

SAME = 1e-9  # of a step: a number that misses its place by less stands there


def study_of_campaign(
    campaign: Campaign, storage: StorageLike = None, study_name: str | None = None
) -> "Study":
    """Write a campaign as a new study of Optuna, which `campaign_of_study` makes a campaign of again.

    Each run is a trial: measured ones are complete, failed ones failed, running ones running, and planned
    ones wait, so that a worker runs them first. The settings are its parameters; context, outcomes, id, date
    and all other columns its user attributes. The values are the outcomes of `Minimize` and `Maximize`, and
    of other objectives their utility, which is maximized; outcome constraints are constraints, in the unit of
    the outcome. The settings of the campaign are a user attribute of the study. Batches and former versions
    of the table stay in the folder. Ranges of parameters span all runs, and are as wide as the settings say
    otherwise.

    Parameters
    ----------
    campaign : Campaign
        What is written.
    storage : str, Path or storage, optional
        The URL of a database, such as "postgresql+psycopg://user@host/name", the path of an SQLite file
        (.db), or a storage of Optuna; by default the study is in memory.
    study_name : str, optional
        By default the name of the campaign.

    Returns
    -------
    optuna.Study
        The new study.

    Raises
    ------
    InvalidDataError
        There is a study of this name, the database cannot be used, or a run reads otherwise than it was
        recorded; there is no new study then.
    MissingDependencyError
        Optuna, or the driver of the database, is not installed.
    """
    optuna = optuna_package()
    runs, settings = _checked_runs(campaign), campaign.settings
    trials = _Trials(settings, runs)
    name = settings.name if study_name is None else study_name
    with errors_in_words(storage):
        place = optuna.storages.InMemoryStorage() if storage is None else storage_of(storage, is_new=True)
        if name in optuna.get_all_study_names(place):
            raise InvalidDataError(
                f"There is a study {name!r} in this storage already; give the new one another name (--study)."
            )
        study = optuna.create_study(storage=place, study_name=name, directions=directions_of(settings))
        try:
            _fill(study, settings, runs, trials)
        except BaseException:
            optuna.delete_study(study_name=name, storage=place)
            raise
    return study


def directions_of(settings: CampaignSettings) -> list[str]:
    """Return the direction of each value of a study: "minimize" or "maximize"."""
    goals, _ = split_objectives(settings.objectives)
    return ["minimize" if isinstance(goal, Minimize) else "maximize" for goal in goals]


def _checked_runs(campaign: Campaign) -> pd.DataFrame:
    campaign.optimizer()  # what cannot be told, or reads otherwise than it was recorded, is not written
    return campaign.experiments


def _fill(study: "Study", settings: CampaignSettings, runs: pd.DataFrame, trials: "_Trials") -> None:
    """Write settings and runs into a new study."""
    goals, _ = split_objectives(settings.objectives)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna_package().exceptions.ExperimentalWarning)
        study.set_metric_names([str(goal.name) for goal in goals])
    study.set_user_attr(SETTINGS, as_toml(settings))
    study.set_user_attr(VERSION, version_of("bnnopt"))
    withdrawn = runs[runs["status"] == WITHDRAWN]
    study.set_user_attr(WITHDRAWN_RUNS, [_attributes(run) for run in withdrawn.to_dict("records")])
    for run in runs[runs["status"] != WITHDRAWN].to_dict("records"):
        if run["status"] == PLANNED:
            planned = {**trials.attributes(run), "settings": trials.params(run)}
            study.enqueue_trial(trials.params(run), user_attrs=planned)
        else:
            study.add_trial(trials.trial(run))


class _Trials:
    """Runs as trials: parameters in ranges that span all runs, values, constraints, attributes."""

    def __init__(self, settings: CampaignSettings, runs: pd.DataFrame) -> None:
        self._settings = settings
        self._goals, self._constraints = split_objectives(settings.objectives)
        self._distributions = {
            variable.name: _distribution(variable, runs[variable.name].dropna().tolist())
            for variable in settings.space.settings
        }

    def trial(self, run: Mapping[Any, Any]) -> Any:
        """Return the trial of a run that is over or running."""
        trial = optuna_package().trial
        states = {MEASURED: "COMPLETE", FAILED: "FAIL", RUNNING: "RUNNING"}
        is_measured = run["status"] == MEASURED
        return trial.create_trial(
            state=trial.TrialState[states[run["status"]]],
            params=self.params(run),
            distributions=self._distributions,
            values=[_value(goal, run) for goal in self._goals] if is_measured else None,
            user_attrs=self.attributes(run),
            **(self._excesses(run) if is_measured and self._constraints else {}),
        )

    def params(self, run: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the values of the settings, as their distributions have them."""
        return {
            name: _as_param(distribution, run[name]) for name, distribution in self._distributions.items()
        }

    def attributes(self, run: Mapping[Any, Any]) -> dict[str, Any]:
        """Return all else that stands in the table."""
        rest = {name: cell for name, cell in run.items() if name not in (*self._distributions, "status")}
        return _attributes(rest)

    def _excesses(self, run: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the constraints of a trial as its maker takes them: by name from Optuna 5 on."""
        excesses = [_excess(each, float(run[each.name])) for each in self._constraints]
        if "constraints" not in inspect.signature(optuna_package().trial.create_trial).parameters:
            return {"system_attrs": {"constraints": excesses}}
        names = [f"{place} {each.name}" for place, each in enumerate(self._constraints)]
        return {"constraints": dict(zip(names, excesses, strict=True))}


def _value(goal: UtilityObjective, run: Mapping[Any, Any]) -> float:
    outcomes = np.array([float(run[name]) for name in goal.names])
    if isinstance(goal, Minimize | Maximize):
        return float(outcomes[0])
    return float(goal.utility(outcomes[0] if isinstance(goal, Target) else outcomes))


def _excess(constraint: OutcomeConstraint, outcome: float) -> float:
    """Return how far an outcome is beyond its limits, at most 0 within them."""
    lower, upper = constraint.limits
    return float(max(lower - outcome, outcome - upper))


def _attributes(run: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the cells that are not empty, as JSON holds them."""
    return {str(name): plain(cell) for name, cell in run.items() if not pd.isna(cell) and cell != ""}


def _distribution(variable: Any, values: Sequence[Any]) -> "BaseDistribution":
    """Return the distribution of a setting that holds all values which it had in runs."""
    make = optuna_package().distributions
    if isinstance(variable, Categorical):
        return make.CategoricalDistribution(variable.levels)
    if isinstance(variable, Discrete):
        levels = sorted({*variable.values, *map(float, values)})
        return make.CategoricalDistribution(levels)
    numbers = [float(value) for value in values]
    is_log = variable.scale == "log" and min(numbers, default=1.0) > 0
    low, high = min([variable.lower, *numbers]), max([variable.upper, *numbers])
    if isinstance(variable, Integer) and all(number.is_integer() for number in numbers):
        return make.IntDistribution(int(low), int(high), log=is_log)
    if isinstance(variable, Real) and variable.grid is not None and not is_log:
        ends, places = variable.grid.ends, variable.grid.positions(np.array(numbers))
        if (np.abs(places - np.rint(places)) < SAME).all():
            low, high = min([ends[0], *numbers]), max([ends[1], *numbers])
            step = 2 * variable.grid.half_step
            return make.FloatDistribution(low, high, step=step)
    return make.FloatDistribution(low, high, log=is_log)


def _as_param(distribution: "BaseDistribution", cell: Any) -> Any:
    make = optuna_package().distributions
    if isinstance(distribution, make.CategoricalDistribution):
        return next(choice for choice in distribution.choices if choice == plain(cell))
    return int(cell) if isinstance(distribution, make.IntDistribution) else float(cell)
