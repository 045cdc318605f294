"""Frozen models that say what is wrong with an argument in one sentence each."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from bnnopt._plain import flag_in, shown
from bnnopt.exceptions import InvalidDataError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

__all__ = ["FrozenModel", "in_words", "problems_of"]

KINDS = ("bool", "float", "int", "str")
"""Types between which a value chooses: pydantic tells a problem with each of them."""

AS_TOLD = ("value_error", "missing", "extra_forbidden", "union_tag_invalid")
NO_MODEL = ("model_type", "model_attributes_type")
SHOULD_BE = "Input should be "

Problem = Mapping[str, Any]


class _InWords(ModelMetaclass):
    """Raises `InvalidDataError` where a constructor is called with what it cannot take."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except ValidationError as error:
            said = list(_lines(error, list(cast("type[BaseModel]", cls).model_fields)))
            raise InvalidDataError(said[0] if len(said) == 1 else _under(cls.__name__, said)) from error


class FrozenModel(BaseModel, metaclass=_InWords):
    """A model of which nothing can be changed, and which takes no other arguments than its own.

    Made by its constructor from what is not valid, it raises `InvalidDataError`; the methods of pydantic that
    read it from a document raise `pydantic.ValidationError` with the place of each problem.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_flags(cls, data: Any) -> Any:
        """Refuse True and False where a number is meant, which would count as 1 and 0."""
        given = data.items() if isinstance(data, Mapping) else ()
        flags = {name: flag_in(value) for name, value in given if _takes_numbers(cls, name)}
        faults = [_no_number(name, flag) for name, flag in flags.items() if flag is not None]
        if faults:
            raise InvalidDataError("numbers") from ValidationError.from_exception_data(cls.__name__, faults)
        return data

    def __setattr__(self, name: str, value: Any) -> None:
        raise InvalidDataError(
            f"{type(self).__name__} is frozen: {name!r} cannot be set. Make another, by its constructor or "
            "model_copy(update=...)."
        )


@lru_cache
def _takes_numbers(model: type[BaseModel], name: str) -> bool:
    """Tell whether a field takes numbers and nothing that may be True or False."""
    types = set(_types_in(model.model_fields[name].annotation)) if name in model.model_fields else set()
    return bool(types & {int, float}) and not types & {bool, Any, object}


def _types_in(annotation: Any) -> Iterator[Any]:
    """Yield the types that an annotation is made of."""
    yield annotation
    for part in get_args(annotation):
        if isinstance(part, type) or get_args(part) or part is Any:
            yield from _types_in(part)


def _no_number(name: str, flag: bool) -> InitErrorDetails:
    said = f"expected a number, got {flag}; write the number that is meant"
    return InitErrorDetails(
        type=PydanticCustomError("value_error", "{said}", {"said": said}), loc=(name,), input=flag
    )


def problems_of(error: ValidationError) -> Iterator[dict[str, Any]]:
    """Yield the problems of a document, those inside a model by their place in the whole."""
    for problem in error.errors():
        inner = getattr(problem.get("ctx", {}).get("error"), "__cause__", None)
        if not isinstance(inner, ValidationError):
            yield dict(problem)
            continue
        for each in problems_of(inner):
            yield {**each, "loc": (*problem["loc"], *each["loc"])}


def in_words(problem: Problem) -> str:
    """Return what is wrong with a value, what was expected of it and what came."""
    said, came = str(problem["msg"]).removeprefix("Value error, "), f"got {shown(problem['input'])}"
    if problem["type"] in AS_TOLD:
        return said
    if problem["type"] in NO_MODEL:
        return f"expected one of the objects that belong here, or a mapping of its arguments, {came}"
    if said.startswith(SHOULD_BE):
        return f"expected {said.removeprefix(SHOULD_BE)}, {came}"
    return f"{said[0].lower()}{said[1:]}, {came}"


def _under(name: str, lines: Sequence[str]) -> str:
    return "\n  ".join([f"{name}: {len(lines)} problems", *lines])


def _lines(error: ValidationError, known: Sequence[str]) -> Iterator[str]:
    """Yield a line for each value that is wrong."""
    for place, problems in groupby(problems_of(error), key=_place):
        found = list(problems)
        if not place:
            yield from map(in_words, found)
        elif found[0]["type"] == "extra_forbidden":
            yield _unknown(place, known)
        elif found[0]["type"] == "missing":
            yield f"{place} is missing; give it."
        else:
            yield f"{place}: {_joined(found)}"


def _place(problem: Problem) -> str:
    """Return where a problem is, without the type that was tried there."""
    place = [str(part) for part in problem["loc"]]
    return ".".join(place[:-1] if place and place[-1] in KINDS else place)


def _joined(problems: Sequence[Problem]) -> str:
    if len(problems) == 1:
        return in_words(problems[0])
    kinds = ", ".join(str(problem["loc"][-1]) for problem in problems)
    return f"expected one of {kinds}, got {shown(problems[0]['input'])}"


def _unknown(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{name!r} is none of the arguments {list(known)}.{hint}"
