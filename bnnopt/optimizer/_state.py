"""The state of an optimizer as JSON: what it was made of, the rows told and pending, and the seed."""

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter
from sklearn.base import BaseEstimator

from bnnopt.acquisition import ACQUISITIONS, Acquisition, get_acquisition
from bnnopt.exceptions import InvalidDataError
from bnnopt.objectives import Objective
from bnnopt.optimizer._observations import Observations
from bnnopt.optimizer._tables import as_noise_std, as_outcomes, as_settings
from bnnopt.optimizer._trust_region import TrustRegion
from bnnopt.space import SearchSpace
from bnnopt.surrogates import SURROGATES, make_surrogate

__all__ = ["State", "read_state", "state_of"]

FORMAT = "bnnopt optimizer 1"
OWN = "given again"
PLAIN = ("n_initial", "initial_design", "n_candidates", "n_draws")
NAMED = ("surrogate", "acquisition", "success_classifier", "cost")
REQUIRED = ("space", "objectives", *NAMED, *PLAIN, "reference_point", "seed", "rows")
OBJECTIVES: TypeAdapter[list[Any]] = TypeAdapter(list[Objective])


@dataclass(frozen=True)
class State:
    """What `read_state` returns.

    Attributes
    ----------
    arguments : dict
        Of `BayesianOptimizer`.
    seed : int
        Of its models.
    rows : dict
        Tables of the rows told and pending.
    """

    arguments: dict[str, Any]
    seed: int
    rows: dict[str, Any]

    def restore(self, observations: Observations) -> None:
        """Give the rows to observations that hold none yet."""
        space, outputs, rows = self.arguments["space"], observations.outputs, self.rows
        told = as_settings(space, _table(rows["told"], space.names))
        if len(told):
            outcomes = as_outcomes(_table(rows["outcomes"], outputs), outputs, len(told))
            errors = as_noise_std(_table(rows["noise_std"], outputs), outputs, len(told))
            observations.add(told, outcomes, errors)
        pending = _table(rows["pending"], space.names)
        if len(pending):
            observations.add_pending(as_settings(space, pending))
        corrections = _table(rows["corrections"], ["row", *outputs])
        types = {"row": int} | dict.fromkeys(outputs, float)
        observations.restore(rows["retracted"], corrections.astype(types))


def state_of(optimizer: Any, observations: Observations, seed: int) -> str:
    """Return the state of a `BayesianOptimizer` as JSON."""
    everything = pd.concat([observations.as_frame(), observations.as_frame(is_retracted=True)]).sort_index()
    state = {
        "format": FORMAT,
        "space": optimizer.space.model_dump(mode="json"),
        "objectives": OBJECTIVES.dump_python(list(optimizer.objectives), mode="json"),
        "surrogate": _named_surrogate(optimizer.surrogate),
        "acquisition": _named_acquisition(optimizer.acquisition),
        "success_classifier": _plain_or_own(optimizer.success_classifier),
        "cost": _plain_or_own(optimizer.cost),
        **{name: getattr(optimizer, name) for name in PLAIN},
        "reference_point": _floats(optimizer.reference_point),
        "trust_region": _region(optimizer.trust_region),
        "seed": seed,
        "rows": {
            "told": _columns(everything[optimizer.space.names]),
            "outcomes": _columns(everything[list(observations.outputs)]),
            "noise_std": _columns(observations.error_bars()),
            "pending": _columns(observations.pending),
            "corrections": _columns(observations.corrections),
            "retracted": observations.as_frame(is_retracted=True).index.tolist(),
        },
    }
    return json.dumps(state, indent=1, allow_nan=False)


def read_state(text: str, parts: dict[str, Any]) -> State:
    """Return the state that JSON holds, with the parts that it could not."""
    try:
        state = json.loads(text)
    except (TypeError, json.JSONDecodeError) as error:
        raise InvalidDataError(f"Expected the JSON of BayesianOptimizer.to_json: {error}.") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise InvalidDataError(
            f"Expected JSON of the format {FORMAT!r}, as BayesianOptimizer.to_json returns it."
        )
    missing_parts = [name for name in REQUIRED if name not in state]
    if missing_parts:
        raise InvalidDataError(f"The JSON has no {missing_parts}; it is not whole.")
    unknown = set(parts) - set(NAMED)
    if unknown:
        raise InvalidDataError(f"from_json takes no {sorted(unknown)}; they are in the JSON.")
    own = [name for name in NAMED if state[name] == OWN]
    missing = [name for name in own if name not in parts]
    if missing:
        raise InvalidDataError(
            f"{missing} of this optimizer were objects of your own, which JSON cannot hold; "
            f"give them again: from_json(text, {missing[0]}=...)."
        )
    arguments = {
        "space": SearchSpace.model_validate(state["space"]),
        "objectives": OBJECTIVES.validate_python(state["objectives"]),
        "surrogate": _made(state["surrogate"], make_surrogate),
        "acquisition": _made(state["acquisition"], get_acquisition),
        "success_classifier": state["success_classifier"],
        "cost": state["cost"],
        **{name: state[name] for name in (*PLAIN, "reference_point")},
        "trust_region": _made_region(state.get("trust_region")),  # not in what was saved before there was one
    }
    return State(arguments | parts, state["seed"], state["rows"])


def _named_surrogate(surrogate: BaseEstimator) -> Any:
    """Return name and parameters of a registered surrogate whose parameters are plain values."""
    for name, make in SURROGATES.items():
        default = make()
        if type(default) is type(surrogate):
            usual = default.get_params(deep=False)
            given = surrogate.get_params(deep=False)
            changed = {key: value for key, value in given.items() if repr(value) != repr(usual[key])}
            return {"name": name, "parameters": changed} if _is_plain(changed) else OWN
    return OWN


def _named_acquisition(acquisition: Acquisition) -> Any:
    known = ACQUISITIONS.get(acquisition.name)
    is_known = known is not None and replace(known, parameters=acquisition.parameters) == acquisition
    if not (is_known or ":" in acquisition.name) or not _is_plain(dict(acquisition.parameters)):
        return OWN
    return {"name": acquisition.name, "parameters": dict(acquisition.parameters)}


def _plain_or_own(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else OWN


def _floats(values: Any) -> list[float] | None:
    return None if values is None else [float(value) for value in values]


def _region(rule: TrustRegion | None) -> dict[str, Any] | None:
    return None if rule is None else rule.model_dump(mode="json")


def _made_region(state: dict[str, Any] | None) -> TrustRegion | None:
    return None if state is None else TrustRegion.model_validate(state)


def _is_plain(values: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(values, allow_nan=False)) is not None)
    except (TypeError, ValueError):
        return False


def _made(state: Any, make: Any) -> Any:
    return None if state == OWN else make(state["name"], **state["parameters"])


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a table as lists of plain values by column, None for NaN."""
    return {str(name): [_plain(value) for value in frame[name].tolist()] for name in frame.columns}


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value


def _table(columns: dict[str, list[Any]], names: Any) -> pd.DataFrame:
    return pd.DataFrame({name: columns[name] for name in names}, columns=list(names))
