"""What is scored: scorers by name, and which scores a search raises."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring

from bnnopt._plain import shown
from bnnopt.exceptions import InvalidDataError

__all__ = ["check_refit", "names_to_raise", "scorers_of"]

ONE = "score"  # the name of the score where there is one


def scorers_of(estimator: BaseEstimator, scoring: Any) -> Any:
    """Return the scorer of a `scoring`, or a dict of scorers by name where there are several."""
    if isinstance(scoring, Mapping):
        return {name: check_scoring(estimator, scoring=each) for name, each in scoring.items()}
    if isinstance(scoring, list | tuple | set):
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
