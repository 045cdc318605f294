"""Surrogates and acquisition functions as plain values, where a name and parameters describe them."""

import json
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, JsonValue
from sklearn.base import BaseEstimator

from bnnopt._models import FrozenModel
from bnnopt.acquisition import ACQUISITIONS, Acquisition
from bnnopt.surrogates import SURROGATES

__all__ = ["NamedPart", "OwnPart", "part_of_acquisition", "part_of_surrogate"]


class NamedPart(FrozenModel):
    """A registered surrogate or acquisition function.

    Parameters
    ----------
    name : str
        Its name in the registry, or where it can be imported from, "module:name".
    parameters : dict, default empty
        Those of its parameters that are not as by default, plain values.
    """

    name: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict)


class OwnPart(FrozenModel):
    """An object or function of one's own, which JSON cannot hold: it has to be given again.

    Parameters
    ----------
    own : "given again"
        Says so.
    """

    own: Literal["given again"] = "given again"


def part_of_surrogate(surrogate: BaseEstimator) -> NamedPart | OwnPart:
    """Return name and parameters of a registered surrogate whose parameters are plain values."""
    for name, make in SURROGATES.items():
        default = make()
        if type(default) is type(surrogate):
            usual = default.get_params(deep=False)
            given = surrogate.get_params(deep=False)
            changed = {key: value for key, value in given.items() if repr(value) != repr(usual[key])}
            return _named(name, changed)
    return OwnPart()


def part_of_acquisition(acquisition: Acquisition) -> NamedPart | OwnPart:
    """Return name and parameters of a known acquisition whose parameters are plain values."""
    known = ACQUISITIONS.get(acquisition.name)
    is_known = known is not None and replace(known, parameters=acquisition.parameters) == acquisition
    if not is_known and ":" not in acquisition.name:
        return OwnPart()
    return _named(acquisition.name, dict(acquisition.parameters))


def _named(name: str, parameters: dict[str, Any]) -> NamedPart | OwnPart:
    try:
        plain = json.loads(json.dumps(parameters, allow_nan=False))
    except (TypeError, ValueError):
        return OwnPart()
    return NamedPart(name=name, parameters=plain)
