"""The text of a state: strict JSON, its checksum, and the functions of others that it names."""

import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from math import isfinite
from typing import Any, NoReturn, TypeAlias

from pydantic import JsonValue

from bnnopt.exceptions import InvalidDataError
from bnnopt.space import name_of_function

__all__ = [
    "Functions",
    "checksum_of",
    "first_difference",
    "functions_by_name",
    "parsed",
    "refuse_changes",
    "with_functions",
]

Content: TypeAlias = dict[str, JsonValue]
Functions: TypeAlias = Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]]


def parsed(text: str | bytes) -> Any:
    """Return what JSON holds, or raise `InvalidDataError`: no key twice, and finite numbers only."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_refuse_constant)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDataError(
            f"Expected the JSON that BayesianOptimizer.to_json returns, got what is no JSON ({error}); "
            "read the file that it was written to."
        ) from error


def checksum_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a state but for its checksum, whatever the order of its keys and its spaces."""
    rest = {key: value for key, value in content.items() if key != "checksum"}
    return "sha256:" + sha256(json.dumps(rest, sort_keys=True, allow_nan=False).encode()).hexdigest()


def refuse_changes(content: Content) -> None:
    """Raise `InvalidDataError` unless the checksum of a state is that of its content."""
    found = content.get("checksum")
    if found == checksum_of(content):
        return
    problem = "has no checksum" if found is None else "is not what was written: its checksum does not fit"
    raise InvalidDataError(
        f"The state of the optimizer {problem}. Take a whole copy of the file; if it was changed by hand and "
        "on purpose, from_json(text, verify=False) takes it, every value checked as ever."
    )


def functions_by_name(functions: Functions) -> dict[str, Callable[..., Any]]:
    """Return functions by the name under which a state knows them."""
    named = (
        functions.items() if isinstance(functions, Mapping) else [(name_of_function(f), f) for f in functions]
    )
    known: dict[str, Callable[..., Any]] = {}
    for name, function in named:
        if not callable(function) or known.get(name, function) is not function:
            raise InvalidDataError(
                f"functions: expected functions of different names, got {function!r} as {name!r}. Give a "
                "mapping of the names of their constraints to them: functions={'hot': ...}."
            )
        known[name] = function
    return known


def with_functions(content: Content, functions: Functions) -> Content:
    """Return a state with functions in the place of their names; nothing is imported.

    Raises
    ------
    InvalidDataError
        A function that a constraint of the state names is not among those given.
    """
    known, space = functions_by_name(functions), content.get("space")
    constraints = space.get("constraints") if isinstance(space, dict) else None
    if not isinstance(space, dict) or not isinstance(constraints, list):
        return content
    return {
        **content,
        "space": {**space, "constraints": [_with_function(each, known) for each in constraints]},
    }


def first_difference(given: Any, understood: Any, place: str = "") -> str | None:
    """Return where what is given is something else than what it was understood as, None where nowhere.

    What is not given was left at its default; 1 and 1.0 are the same, 1 and true are not.
    """
    if isinstance(given, dict) and isinstance(understood, dict):
        pairs = [(key, given[key], understood.get(key)) for key in given]
    elif isinstance(given, list) and isinstance(understood, list) and len(given) == len(understood):
        pairs = [(str(i), *pair) for i, pair in enumerate(zip(given, understood, strict=True))]
    else:
        is_same = given == understood and isinstance(given, bool) == isinstance(understood, bool)
        return None if is_same else place
    inside = (first_difference(one, other, f"{place}.{key}".strip(".")) for key, one, other in pairs)
    return next((each for each in inside if each is not None), None)


def _with_function(constraint: Any, known: Mapping[str, Callable[..., Any]]) -> Any:
    name = constraint.get("function") if isinstance(constraint, dict) else None
    if not isinstance(name, str):
        return constraint
    names = [each for each in (name, constraint.get("name")) if each in known]
    if not names:
        raise InvalidDataError(
            f"A constraint of the state names the function {name!r}. It is not imported unasked, because "
            f"that runs what is in its module: if you trust it, give it, from_json(text, functions=[...]) or "
            f"functions={{{name!r}: ...}}; given were {sorted(known)}."
        )
    return {**constraint, "function": known[names[-1]]}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} occurs twice")
    return content


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"the number {text:.40} is beyond what a computer holds")
    return number


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
