"""What is wrong with the settings of a campaign, one line for each mistake, with the word that was meant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from bnnopt._models import in_words, problems_of
from bnnopt.objectives import Objective, Outcome
from bnnopt.optimizer import TrustRegion
from bnnopt.space import Constraint, SearchSpace, Variable

__all__ = ["listed"]

OF_THEIR_TYPE = {
    model.model_fields["type"].default: model
    for union in (Variable, Constraint, Objective)
    for model in get_args(get_args(union)[0])
}
"""Models by the word that stands as their `type` in the file."""

OF_THEIR_PLACE = {"space": SearchSpace, "outcomes": Outcome, "TrustRegion": TrustRegion, **OF_THEIR_TYPE}

Problem = Mapping[str, Any]


def listed(error: ValidationError, models: Mapping[str, type[BaseModel]]) -> str:
    """Return one line for each mistake: its place, what is wrong, and the nearest word that is known.

    Parameters
    ----------
    error : ValidationError
        Of the settings.
    models : mapping of str to model
        Models of the settings by the key under which they stand, that of the whole under "".
    """
    known = {**OF_THEIR_PLACE, **models}
    problems = list(problems_of(error))
    meant = [place for problem in problems for place in _meant_places(problem, known)]
    return "\n".join(
        f"  {_place(problem)}: {_said(problem, known)}"
        for problem in problems
        if not (problem["type"] == "missing" and tuple(problem["loc"]) in meant)
        and not _is_other_reading(problem)
    )


def _place(problem: Problem) -> str:
    parts = [str(part) for part in problem["loc"]]
    return (
        ".".join(part for part in parts if part != "bool" and not part.startswith("function-")) or "campaign"
    )


def _is_other_reading(problem: Problem) -> bool:
    """Tell whether a problem is about what a value, a flag or a table, was plainly not meant as."""
    last, is_table = str(problem["loc"][-1:]), isinstance(problem["input"], dict)
    return ("'bool'" in last and is_table) or ("function-" in last and not is_table)


def _said(problem: Problem, known: Mapping[str, type[BaseModel]]) -> str:
    """Return what is wrong, and which known word is nearest to one that is not."""
    said = in_words(problem)
    word, words = _word_and_known(problem, known)
    near = get_close_matches(word, words, n=1)
    hint = f"; did you mean {near[0]!r}?" if near and "id you mean" not in said else ""
    return f"{said:.800}{hint}"


def _word_and_known(problem: Problem, known: Mapping[str, type[BaseModel]]) -> tuple[str, list[str]]:
    """Return the word that is not known, and those that are; none where it is about something else."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return str(problem["loc"][-1]), _fields(problem["loc"], known)
    if kind == "union_tag_invalid":
        return str(context["tag"]), re.findall(r"'([^']*)'", str(context["expected_tags"]))
    if kind == "literal_error":
        return str(problem["input"]), re.findall(r"'([^']*)'", str(context["expected"]))
    return "", []


def _fields(place: Sequence[int | str], known: Mapping[str, type[BaseModel]]) -> list[str]:
    """Return the keys that are known where one is not."""
    names = [str(part) for part in place[:-1] if not isinstance(part, int)]
    model = known.get(names[-1] if names else "")
    return list(model.model_fields) if model else []


def _meant_places(problem: Problem, known: Mapping[str, type[BaseModel]]) -> Iterator[tuple[int | str, ...]]:
    """Yield the place of the key that was meant by one that is not known, which is then not missing."""
    if problem["type"] == "extra_forbidden":
        near = get_close_matches(*_word_and_known(problem, known), n=1)
        yield from ((*problem["loc"][:-1], name) for name in near)
