"""The spaces of a search, each with its number of settings; their names held against an estimator."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from sklearn.base import BaseEstimator, clone

from bnnopt._estimators import is_whole
from bnnopt._plain import shown
from bnnopt._validation import gathered
from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.model_selection._search._parameter_space import Branch, ParameterSpace
from bnnopt.space import SearchSpace

__all__ = ["SpaceToSearch", "check_names_of_parameters", "spaces_of"]

ONE_SPACE = (Mapping, SearchSpace)


class SpaceToSearch(NamedTuple):
    """A search space, and how many settings it gets; None for `n_iter`."""

    space: ParameterSpace
    n_iter: int | None


def spaces_of(given: Any) -> list[SpaceToSearch]:
    """Return the search spaces of whatever `search_spaces` may be.

    Raises
    ------
    InvalidDataError
        A space is empty or a dimension is none; all faults are told at once.
    TypeError
        There is something that is no space at all.
    """
    spaces = [given] if isinstance(given, ONE_SPACE) else given
    if not isinstance(spaces, list | tuple):
        raise TypeError(f"search_spaces: expected a dict or a list of dicts, got {shown(given)}.")
    if not spaces:
        raise InvalidDataError("search_spaces: got no space; give at least one dict of parameters.")
    pairs = [_pair(each) for each in spaces]
    found = gathered(partial(ParameterSpace, space) for space, _ in pairs)
    return [SpaceToSearch(space, n) for space, (_, n) in zip(found, pairs, strict=True)]


def _pair(given: Any) -> tuple[Any, int | None]:
    if isinstance(given, ONE_SPACE):
        return given, None
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[0], ONE_SPACE):
        raise TypeError(
            "search_spaces: expected dicts, or pairs of a dict and its number of settings such as "
            f"({{...}}, 20), got {shown(given)}."
        )
    if not is_whole(given[1]) or given[1] < 1:
        raise InvalidDataError(
            "search_spaces: the number of settings beside a dict is a whole number of at least 1, got "
            f"{shown(given[1])}."
        )
    return given[0], int(given[1])


def check_names_of_parameters(estimator: BaseEstimator, spaces: list[SpaceToSearch]) -> None:
    """Raise `UnknownNameError` with all names that are no parameters of the estimator, and what is near."""
    faults: dict[str, list[str]] = {}
    for each in spaces:
        for branch in each.space.branches:
            known = _known(estimator, branch)
            unknown = [parameter.name for parameter in branch.parameters if parameter.name not in known]
            faults |= {name: get_close_matches(name, known, n=1) for name in unknown}
    if faults:
        said = ", ".join(
            f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else "") for name, near in faults.items()
        )
        raise UnknownNameError(
            f"search_spaces: no parameter(s) of {type(estimator).__name__}: {said}. Names are those of its "
            "get_params(), such as 'step__parameter' in a Pipeline; what only one choice of an estimator has "
            'is given beside that choice: {"step": [(choice, {"step__parameter": ...}), ...]}.'
        )


def _known(estimator: BaseEstimator, branch: Branch) -> set[str]:
    """Return the names of parameters that an estimator has with some choice of estimators in a branch."""
    known: set[str] = set()
    for chosen in _estimators_chosen(branch):
        model = clone(estimator)
        for name, value in chosen.items():  # a step before what is inside it
            if name in model.get_params(deep=True):
                model.set_params(**{name: clone(value, safe=False)})
        known |= set(model.get_params(deep=True))
    return known


def _estimators_chosen(branch: Branch) -> Iterator[dict[str, Any]]:
    """Yield the ways to choose among estimators."""
    options = {}
    for each in branch.parameters:
        choices = each.dimension.choices or {}
        if each.column in branch.chosen:
            choices = {None: choices[branch.chosen[each.column]]}
        estimators = [value for value in choices.values() if hasattr(value, "get_params")]
        if estimators:
            options[each.name] = estimators
    for combination in product(*options.values()):
        yield dict(zip(options, combination, strict=True))
