"""A study of Optuna read as a campaign."""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import ValidationError

from bnnopt._plain import plain
from bnnopt.campaign._campaign import Campaign
from bnnopt.campaign._exchange_storage import StorageLike, errors_in_words, optuna_package, storage_of
from bnnopt.campaign._exchange_to_study import SETTINGS, WITHDRAWN_RUNS, directions_of
from bnnopt.campaign._mistakes import listed
from bnnopt.campaign._settings import CampaignSettings
from bnnopt.campaign._statuses import FAILED, MEASURED, PLANNED, RUNNING, WITHDRAWN
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Maximize, Minimize, split_objectives

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["campaign_of_study"]

STATUSES = {
    "COMPLETE": MEASURED,
    "FAIL": FAILED,
    "RUNNING": RUNNING,
    "WAITING": PLANNED,
    "PRUNED": WITHDRAWN,
}
MOST_VALUES = 1000  # of a whole number at steps, which is a list


def campaign_of_study(
    folder: str | Path,
    storage: StorageLike,
    study_name: str | None = None,
    *,
    name: str | None = None,
    settings: CampaignSettings | str | Path | None = None,
) -> Campaign:
    """Begin a campaign with the trials of a study of Optuna.

    A study that `study_of_campaign` wrote comes back with its settings and all columns, and with what was run
    in it since. Of any other study the settings are made: parameters are settings in the ranges that all
    trials span, values outcomes with the directions of the study, constraint values outcomes that must not
    exceed 0. Completed trials that lack a parameter or an outcome are named in an error; others of which not
    all parameters are known are left aside. A pruned trial is withdrawn, with a note. Intermediate values
    stay in the study.

    Parameters
    ----------
    folder : str or Path
        Of the new campaign.
    storage : str, Path or storage
        As in `study_of_campaign`.
    study_name : str, optional
        Needed if the storage has several.
    name : str, optional
        Of the campaign; by default as in the study.
    settings : CampaignSettings or path of a TOML file, optional
        In place of those of the study.

    Returns
    -------
    Campaign
        The new campaign, a run for each trial that was taken.

    Raises
    ------
    InvalidDataError
        There is no such study, its directions or parameters are not those of the settings, an outcome of a
        trial is missing, or the settings that it holds name functions to import, which only a file of yours
        may do.
    MissingDependencyError
        Optuna, or the driver of the database, is not installed.
    """
    optuna = optuna_package()
    with errors_in_words(storage):
        place = storage_of(storage, is_new=False)
        study = optuna.load_study(study_name=_known_name(place, study_name), storage=place)
        trials, attributes = study.get_trials(deepcopy=False), study.user_attrs
        known = _settings_of(study, trials, attributes, settings)
        directions = [direction.name.lower() for direction in study.directions]
    if directions_of(known) != directions:
        raise InvalidDataError(
            f"The study {study.study_name!r} has the directions {directions}, and its settings want "
            f"{directions_of(known)}. Give settings that fit: --settings campaign.toml."
        )
    if name is not None:
        known = known.model_copy(update={"name": name})
    runs = _runs(known, trials)
    withdrawn = attributes.get(WITHDRAWN_RUNS, [])
    table = pd.DataFrame([*runs, *withdrawn])
    return Campaign.create(folder, known, table if len(table) else None)


def _known_name(place: Any, study_name: str | None) -> str:
    names = optuna_package().get_all_study_names(place)
    if study_name is None and len(names) == 1:
        return str(names[0])
    if study_name not in names:
        asked = "Name one of its studies" if study_name is None else f"There is no study {study_name!r}"
        raise InvalidDataError(f"{asked} (--study): the storage has {names}.")
    return str(study_name)


def _settings_of(
    study: "Study",
    trials: "Sequence[FrozenTrial]",
    attributes: Mapping[str, Any],
    given: CampaignSettings | str | Path | None,
) -> CampaignSettings:
    if isinstance(given, CampaignSettings):
        return given
    if given is not None:
        return CampaignSettings.from_toml(given)
    text = attributes.get(SETTINGS)
    document = _made(study, trials) if text is None else _read(str(text))
    try:
        return CampaignSettings.model_validate(document)
    except ValidationError as error:
        said = listed(error, {"": CampaignSettings})
        raise InvalidDataError(f"The study {study.study_name!r} makes no campaign:\n{said}") from error


def _read(text: str) -> dict[str, Any]:
    """Return the settings that a study holds; whatever would import something is refused."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDataError(f"The settings in the study are damaged: {error}.") from error
    constraints = document.get("space", {}).get("constraints", [])
    functions = [str(each["function"]) for each in constraints if "function" in each]
    acquisition = str(document.get("acquisition", {}).get("name", ""))
    named = [*functions, *([acquisition] if ":" in acquisition else [])]
    if named:
        raise InvalidDataError(
            f"The settings in the study name code to import, {named}, and anybody may write into a study. "
            "If you trust it, give the settings as a file of yours: --settings campaign.toml."
        )
    return document


def _made(study: "Study", trials: "Sequence[FrozenTrial]") -> dict[str, Any]:
    """Return settings for a study that has none."""
    finished = [trial for trial in trials if trial.state.name == "COMPLETE"]
    if not finished:
        raise InvalidDataError(
            f"The study {study.study_name!r} has no completed trial to make a campaign of."
        )
    names = list(dict.fromkeys(name for trial in finished for name in trial.params))
    partial = [name for name in names if any(name not in trial.params for trial in finished)]
    if partial:
        raise InvalidDataError(
            f"Not all completed trials of the study {study.study_name!r} have the parameters {partial}, and "
            "each run of a campaign needs every setting. Campaigns have no conditional settings."
        )
    ranges = {name: [trial.distributions[name] for trial in finished] for name in names}
    variables = [found for name in names if (found := _variable(name, ranges[name]))]
    labels = study.metric_names or _numbered("value", len(study.directions))
    goals = [
        {"type": f"{direction.name.lower()}", "name": label}
        for direction, label in zip(study.directions, labels, strict=True)
    ]
    limits = [
        {"type": "outcome_constraint", "name": each, "upper": 0.0} for each in _constraint_names(trials)
    ]
    return {"name": study.study_name, "space": {"variables": variables}, "objectives": [*goals, *limits]}


def _numbered(word: str, n: int) -> list[str]:
    return [word] if n == 1 else [f"{word}_{number}" for number in range(n)]


def _variable(name: str, distributions: Sequence[Any]) -> dict[str, Any]:
    """Return a variable for all values of one parameter, none where it has one value only."""
    make = optuna_package().distributions
    last = distributions[-1]
    if isinstance(last, make.CategoricalDistribution):
        choices = list(dict.fromkeys(choice for each in distributions for choice in each.choices))
        return {"type": "categorical", "name": name, "levels": choices} if len(choices) > 1 else {}
    low, high = min(each.low for each in distributions), max(each.high for each in distributions)
    if low == high:
        return {}
    step = last.step if not last.log and all(each.step == last.step for each in distributions) else None
    scale = {"scale": "log"} if last.log else {}
    is_whole = isinstance(last, make.IntDistribution)
    if is_whole and step is not None and step > 1 and (high - low) / step <= MOST_VALUES:
        return {"type": "discrete", "name": name, "values": [*range(low, high + 1, step)]}
    if is_whole:
        return {"type": "integer", "name": name, "lower": low, "upper": high, **scale}
    steps = {} if step is None else {"step": step}
    return {"type": "real", "name": name, "lower": low, "upper": high, **scale, **steps}


def _constraint_names(trials: "Sequence[FrozenTrial]") -> list[str]:
    names = dict.fromkeys(name for trial in trials for name in _constraints(trial))
    return [f"constraint {name}" for name in names]


def _constraints(trial: "FrozenTrial") -> dict[str, float]:
    """Return the constraint values of a trial by name."""
    if hasattr(trial, "constraints"):  # from Optuna 5 on
        return dict(trial.constraints)
    return {str(i): value for i, value in enumerate(trial.system_attrs.get("constraints") or ())}


def _runs(settings: CampaignSettings, trials: "Sequence[FrozenTrial]") -> list[dict[str, Any]]:
    """Return the trials as rows of the table, or raise `InvalidDataError` that names what is missing."""
    rows, faults = [], []
    for trial in trials:
        row = _row(settings, trial)
        status = row["status"]
        unknown = [name for name in settings.space.names if name not in row]
        if status == MEASURED:
            unknown += [name for name in settings.outputs if name not in row]
        if not unknown:
            rows.append(row)
        elif status == MEASURED:
            faults.append(f"trial {trial.number} has no {', '.join(unknown)}")
    if faults:
        more = f"\n  and {len(faults) - 10} more" if len(faults) > 10 else ""
        raise InvalidDataError(
            "Trials lack what the settings name:\n  " + "\n  ".join(faults[:10]) + more + "\nWhat is no "
            "parameter and no value, such as context or a constrained outcome, is a user attribute of the "
            "trial: trial.set_user_attr(name, number) in the objective."
        )
    return rows


def _row(settings: CampaignSettings, trial: "FrozenTrial") -> dict[str, Any]:
    """Return a trial as a row of the table, as far as it is known."""
    attributes = dict(trial.user_attrs)
    row = {**attributes.pop("settings", {}), **attributes, **trial.params}
    row = {name: _cell(value) for name, value in row.items() if value is not None}
    status = STATUSES[trial.state.name]
    outcomes = _outcomes(settings, trial) if status == MEASURED else {}
    if any(not math.isfinite(value) for value in outcomes.values()):
        status, outcomes = FAILED, {}
    if status != MEASURED:
        row = {name: cell for name, cell in row.items() if name not in settings.outputs}
    if trial.state.name == "PRUNED":
        row.setdefault("note", f"pruned at step {trial.last_step}")
    is_own = "id" not in trial.user_attrs or "settings" in trial.user_attrs  # made, or run, in the study
    if trial.datetime_complete is not None and is_own:
        row.setdefault("date", trial.datetime_complete.date().isoformat())
    return {**row, **outcomes, "status": status}


def _cell(value: Any) -> Any:
    """Return a value as a cell of a table, lists and the like as JSON."""
    is_cell = isinstance(value, str | int | float | bool)
    return value if is_cell else json.dumps(value, ensure_ascii=False)


def _outcomes(settings: CampaignSettings, trial: "FrozenTrial") -> dict[str, float]:
    """Return the outcomes that values and constraints of a completed trial are."""
    goals, limits = split_objectives(settings.objectives)
    pairs = zip(goals, trial.values or (), strict=False)
    found = {goal.name: plain(value) for goal, value in pairs if isinstance(goal, Minimize | Maximize)}
    known = {f"constraint {name}": value for name, value in _constraints(trial).items()}
    return found | {each.name: known[each.name] for each in limits if each.name in known}
