"""What several rooms need to know of scikit-learn's estimators: last steps, seeds, ranges of parameters."""

import numbers
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from bnnopt._plain import shown
from bnnopt._typing import RandomState
from bnnopt._validation import as_generator
from bnnopt.exceptions import InvalidDataError

__all__ = [
    "LARGEST_SEED",
    "Documented",
    "Rule",
    "check_all_parameters",
    "check_parameters",
    "draw_seed",
    "flag",
    "is_whole",
    "last_fit_kept",
    "last_step",
    "one_of",
    "optional",
    "real",
    "require",
    "seed_parameter",
    "seeded_clone",
    "whole",
]

LARGEST_SEED = 2**31 - 1000
"""Seeds are drawn below it: what counts up from one stays within 31 bits, which all libraries take."""

Estimator = TypeVar("Estimator", bound=BaseEstimator)


class Documented:
    """An estimator whose HTML form links its page, once the installed package says where these pages are.

    That is "Project-URL: Documentation" of its metadata, which `pyproject.toml` has as
    `[project.urls] Documentation`. While it says nothing there is no link.
    """

    _doc_link_module: ClassVar[str] = "bnnopt"

    @property
    def _doc_link_template(self) -> str:
        address = _address_of_documentation()
        return address and f"{address}/api/generated/{{estimator_module}}.{{estimator_name}}.html"


@cache
def _address_of_documentation() -> str:
    """Return where the pages are, an empty text where the installed package does not say."""
    try:
        urls = metadata("bnnopt").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    parts = [each.partition(",") for each in urls]
    known = {label.strip().casefold(): url.strip() for label, _, url in parts}
    address = known.get("documentation", "")
    is_page = address.startswith(("https://", "http://"))
    return address.rstrip("/").replace("{", "{{").replace("}", "}}") if is_page else ""


def last_step(model: Any, X: Any = None) -> tuple[Any, Any]:
    """Return the last step of a Pipeline and the rows as that step sees them; anything else as it is.

    Parameters
    ----------
    model : estimator
        Fitted, if rows are given.
    X : array-like or DataFrame, optional
        Rows for the first step.
    """
    while isinstance(model, Pipeline):
        X = X if X is None or len(model) == 1 else model[:-1].transform(X)
        model = model[-1]
    return model, X


@contextmanager
def last_fit_kept(estimator: BaseEstimator, *further: str, is_first: bool = True) -> Iterator[None]:
    """Forget the last fit while a new one is made, and have it back if that fails or is stopped.

    What was fitted are attributes that end in an underscore, and further ones. They come back as the objects
    that they were: a fit that goes on from them must not change them in place.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.
    *further : str
        Names of attributes of a fit without an underscore at the end.
    is_first : bool, default=True
        Whether to forget; else the new fit goes on from what is there.
    """
    before = dict(vars(estimator))
    try:
        for name in before if is_first else ():
            if name.endswith("_") or name in further:
                delattr(estimator, name)
        yield
    except BaseException:
        estimator.__dict__ = before  # in one step, which cannot be stopped half-way
        raise


def draw_seed(random_state: RandomState) -> int:
    """Return a seed between 0 and `LARGEST_SEED` from whatever scikit-learn or NumPy takes for one.

    The same integer gives the same seed; a generator or `RandomState` is drawn from once.
    """
    return int(as_generator(random_state).integers(LARGEST_SEED))


def seeded_clone(estimator: Estimator, seed: int, *, replace: bool = False) -> Estimator:
    """Return an unfitted clone with a seed for each `random_state`, in the steps of a Pipeline too.

    Parameters
    ----------
    estimator : estimator
        Not changed.
    seed : int
        At least 0.
    replace : bool, default=False
        Whether to put the seed also where one is set.
    """
    model = clone(estimator)
    names = [
        name
        for name, value in model.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state" and (replace or value is None)
    ]
    return model.set_params(**dict.fromkeys(names, seed)) if names else model


class Rule(NamedTuple):
    """What a parameter must be.

    Attributes
    ----------
    accepts : callable
        Tells whether a value is allowed.
    expected : str
        What is allowed, for the message.
    """

    accepts: Callable[[Any], bool]
    expected: str


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number, and not a truth value."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def whole(least: int) -> Rule:
    """Return the rule of a whole number of at least `least`."""
    return Rule(lambda value: is_whole(value) and value >= least, f"a whole number of at least {least}")


def real(lower: float, upper: float = np.inf, *, closed: str = "neither") -> Rule:
    """Return the rule of a number between two limits; `closed` names those that belong: left, right, both."""
    has_lower, has_upper = closed in ("left", "both"), closed in ("right", "both")

    def accepts(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            return False
        number = float(value)
        above = number > lower or (has_lower and number == lower)
        return above and (number < upper or (has_upper and number == upper))

    if lower == -np.inf and upper == np.inf:
        return Rule(accepts, "a finite number")
    return Rule(
        accepts, f"a number in {'[' if has_lower else '('}{lower:g}, {upper:g}{']' if has_upper else ')'}"
    )


def require(rule: Rule, **values: Any) -> None:
    """Raise `InvalidDataError` that names every value out of a rule, what is allowed and what came.

    Parameters
    ----------
    rule : Rule
        Such as `whole(1)` or `real(0, 1)`; True and False are no numbers.
    **values
        By the names of the arguments.
    """
    wrong = [
        f"{name} must be {rule.expected}, got {shown(value)}"
        for name, value in values.items()
        if not rule.accepts(value)
    ]
    if wrong:
        raise InvalidDataError(f"{'; '.join(wrong)}.")


def one_of(*names: str) -> Rule:
    """Return the rule of a word out of some."""
    return Rule(lambda value: isinstance(value, str) and value in names, f"one of {sorted(names)}")


def flag() -> Rule:
    """Return the rule of True or False."""
    return Rule(lambda value: isinstance(value, bool | np.bool_), "True or False")


def seed_parameter() -> Rule:
    """Return the rule of a `random_state`."""
    return Rule(
        lambda value: (
            value is None
            or isinstance(value, np.random.RandomState)
            or (is_whole(value) and 0 <= value < 2**32)
        ),
        "None, a RandomState or a whole number from 0 to 2**32 - 1",
    )


def optional(rule: Rule, *words: str) -> Rule:
    """Return a rule that also takes None, or one of some words if any are given."""
    others = words or (None,)

    def accepts(value: Any) -> bool:
        is_word = (isinstance(value, str) or value is None) and value in others
        return is_word or rule.accepts(value)

    return Rule(accepts, f"{' or '.join(map(repr, others))} or {rule.expected}")


def check_parameters(estimator: BaseEstimator, rules: Mapping[str, Rule]) -> None:
    """Raise `InvalidDataError` that names every parameter out of its range, what is allowed and what came."""
    values = estimator.get_params(deep=False)
    wrong = [
        f"{name} must be {rule.expected}, got {shown(values[name])}"
        for name, rule in rules.items()
        if not rule.accepts(values[name])
    ]
    if wrong:
        raise InvalidDataError(f"{type(estimator).__name__}: {'; '.join(wrong)}.")


def check_all_parameters(estimator: BaseEstimator) -> None:
    """Raise the error that a fit would raise for a parameter of an estimator, or of one inside it.

    Estimators of bnnopt have rules and a method `_check`; others are left to their fits.
    """
    for each in (estimator, *estimator.get_params(deep=True).values()):
        if isinstance(each, BaseEstimator) and hasattr(each, "_rules"):
            each._check() if hasattr(each, "_check") else check_parameters(each, each._rules)
