"""What is scored: scorers by name, and which scores a search raises."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring

from bnnopt._plain import shown
from bnnopt.exceptions import InvalidDataError

__all__ = ["as_listed", "check_refit", "known_names", "names_to_raise", "scorers_of"]

ONE = "score"  # the name of the score where there is one


def as_listed(scoring: Any) -> Any:
    """Return a `scoring` with a set of names as a list in a fixed order; anything else as it is."""
    return sorted(scoring, key=str) if isinstance(scoring, set | frozenset) else scoring


def known_names(scoring: Any) -> list[str]:
    """Return the names of the scores of a `scoring`; none where only its call will tell."""
    if isinstance(scoring, Mapping | list | tuple):
        return list(scoring)
    return [ONE] if scoring is None or isinstance(scoring, str) else []


def scorers_of(estimator: BaseEstimator, scoring: Any) -> Any:
    """Return the scorer of a `scoring`, or a dict of scorers by name where there are several."""
    if isinstance(scoring, Mapping):
        return {name: check_scoring(estimator, scoring=each) for name, each in scoring.items()}
    scoring = as_listed(scoring)
    if isinstance(scoring, list | tuple):
        check_scoring(estimator, scoring=scoring)  # refuses what is empty, no name, or there twice
        return {name: check_scoring(estimator, scoring=name) for name in scoring}
    return check_scoring(estimator, scoring=scoring)


def check_refit(refit: Any, names: Sequence[str]) -> None:
    """Raise `InvalidDataError` where `refit` does not say which of several metrics counts."""
    if refit is False or callable(refit) or (isinstance(refit, str) and refit in names):
        return
    raise InvalidDataError(
        "For multi-metric scoring, the parameter refit must be set to a scorer key or a callable to refit: "
        f"one of {list(names)}, by which is then searched, or a function from cv_results_ to the place of "
        f"the setting to refit; or to False. Got {shown(refit)}."
    )


def names_to_raise(refit: bool | str | Callable[..., Any], names: Sequence[str]) -> list[str]:
    """Return which of the metrics a search raises: the one of `refit`, or all where it names none."""
    return [refit] if isinstance(refit, str) and refit in names else list(names)
