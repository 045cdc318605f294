"""One searched parameter: what it may be, as people write it, and as a variable of a search space."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import joblib
import numpy as np

from bnnopt._plain import plain, shown
from bnnopt.exceptions import InvalidDataError
from bnnopt.model_selection._search._distributions import (
    DistributionValues,
    counted_values,
    is_distribution,
    range_of,
)
from bnnopt.space import Categorical, Context, Discrete, Integer, Real, Variable

__all__ = ["Dimension", "dimension_of", "same_value_key"]

VARIABLES = (Real, Integer, Discrete, Categorical, Context)
SCALES = {"uniform": "linear", "linear": "linear", "log-uniform": "log", "log": "log"}
RATIO_OF_LOG = (
    10.0  # numbers of a list whose largest is more than this times the smallest are spaced by ratios
)
LONGEST_LABEL = 60
SCALARS = (int, float, bool, str, type(None))  # whose text says their content

EXPECTED = (
    "expected a Real, Integer, Discrete or Categorical of bnnopt, a frozen distribution of scipy.stats, a "
    'list of choices, or a tuple such as (1e-3, 1e3, "log-uniform") or (1, 10)'
)


@dataclass(frozen=True)
class Dimension:
    """A searched parameter as a variable, and what the cells of its column stand for.

    Attributes
    ----------
    variable : Variable
        Of the search space.
    choices : dict, optional
        What each cell stands for, where values cannot be cells themselves: tuples, estimators, None.
    distribution : DistributionValues, optional
        Where the cells are probabilities whose quantiles are the values.
    """

    variable: Variable
    choices: dict[Any, Any] | None = None
    distribution: DistributionValues | None = None

    def value(self, cell: Any) -> Any:
        """Return the value of the parameter that a cell of a table of settings stands for."""
        if self.choices is not None:
            return self.choices[plain(cell)]
        if self.distribution is not None:
            return self.distribution.value(float(cell))
        if isinstance(self.variable, Integer):
            return int(cell)
        return float(cell) if isinstance(self.variable, Real) else plain(cell)

    def cell(self, value: Any) -> Any:
        """Return the cell of a value of the parameter; None if it is none of its values."""
        if self.choices is not None:
            itself = (cell for cell, choice in self.choices.items() if choice is value)
            return next(itself, None) or self._cells.get(same_value_key(value))
        if self.distribution is not None:
            return self.distribution.cell(value)
        if isinstance(self.variable, Categorical):
            return next((level for level in self.variable.levels if level == value), None)
        return plain(value) if self._is_number(value) else None

    def _is_number(self, value: Any) -> bool:
        """Tell whether a value is a number that can be learned from, within the bounds or not."""
        if not _is_number(value) or not np.isfinite(value):
            return False
        is_whole = not isinstance(self.variable, Integer) or value == int(value)
        return is_whole and (value > 0 or getattr(self.variable, "scale", "linear") == "linear")

    @cached_property
    def _cells(self) -> dict[str, Any]:
        return {same_value_key(value): cell for cell, value in (self.choices or {}).items()}

    @property
    def n_values(self) -> float:
        """Number of values, infinite for a continuum."""
        return self.variable.codec.n_points or np.inf


def same_value_key(value: Any) -> str:
    """Return text that is equal for values of one type and content, also after pickling."""
    value = plain(value)
    if type(value) in SCALARS:
        return f"{type(value).__name__} {value!r}"
    try:
        return str(joblib.hash(value))
    except Exception:  # noqa: BLE001 - what cannot be pickled, such as a lambda, is the same as itself only
        return f"id {id(value)}"


def dimension_of(name: str, given: Any) -> Dimension:
    """Return the dimension that a search space says of a parameter.

    Parameters
    ----------
    name : str
        The column in tables of settings.
    given
        A variable, a dimension of scikit-optimize, a frozen distribution, a tuple of bounds, or choices.

    Raises
    ------
    InvalidDataError
        It is nothing of these, or a range that is none; `name` stands in the message.
    """
    try:
        return _dimension(name, given)
    except InvalidDataError as error:
        raise InvalidDataError(f"search_spaces: {name!r}: {error}") from None


def _dimension(name: str, given: Any) -> Dimension:
    if isinstance(given, VARIABLES):
        return _of_variable(name, given)
    if hasattr(given, "categories") and hasattr(given, "prior"):  # a Categorical of scikit-optimize
        return _of_choices(name, list(given.categories))
    if hasattr(given, "low") and hasattr(given, "high") and hasattr(given, "prior"):
        is_whole = np.issubdtype(np.dtype(given.dtype), np.integer)
        return _of_range(name, given.low, given.high, given.prior, is_whole=is_whole)
    if is_distribution(given):
        return _of_distribution(name, given)
    if isinstance(given, tuple) and _is_range(given):
        lower, upper, prior = (*given, "uniform")[:3]
        is_whole = all(isinstance(bound, int | np.integer) for bound in (lower, upper))
        return _of_range(name, lower, upper, prior, is_whole=is_whole)
    if isinstance(given, list | tuple | range | np.ndarray):
        return _of_choices(name, [plain(value) for value in given])
    raise InvalidDataError(f"{EXPECTED}; got {shown(given)}.")


def _of_variable(name: str, given: Variable) -> Dimension:
    if isinstance(given, Context):
        raise InvalidDataError(
            "a Context cannot be set, so it cannot be searched; use a Real, Integer, Discrete or Categorical."
        )
    if isinstance(given, Discrete):
        numbers = [int(v) if v.is_integer() else v for v in given.values]
        whole = all(isinstance(v, int) for v in numbers)
        choices = dict(zip(given.values, numbers if whole else given.values, strict=True))
        return Dimension(given.model_copy(update={"name": name}), choices)
    return Dimension(given.model_copy(update={"name": name}))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _is_range(given: tuple[Any, ...]) -> bool:
    """Tell whether a tuple is (lower, upper), with a prior and a base or without."""
    if len(given) not in (2, 3, 4) or not all(map(_is_number, given[:2])):
        return False
    return len(given) == 2 or isinstance(given[2], str)


def _of_range(name: str, lower: Any, upper: Any, prior: Any, *, is_whole: bool) -> Dimension:
    if prior not in SCALES:
        raise InvalidDataError(f"expected the prior 'uniform' or 'log-uniform', got {shown(prior)}.")
    kind = Integer if is_whole else Real
    return Dimension(kind(name, plain(lower), plain(upper), scale=SCALES[prior]))


def _of_distribution(name: str, given: Any) -> Dimension:
    choices = counted_values(given)
    if choices:
        return _of_choices(name, choices)
    limits = range_of(given)
    if limits is not None:
        return _of_range(name, limits.lower, limits.upper, limits.prior, is_whole=limits.is_whole)
    values = DistributionValues.of(given)
    return Dimension(Real(name, values.lowest, values.highest), distribution=values)


def _of_choices(name: str, values: list[Any]) -> Dimension:
    if not values:
        raise InvalidDataError("got no choices; give at least one.")
    keys = [same_value_key(value) for value in values]
    values = [value for place, value in enumerate(values) if keys.index(keys[place]) == place]
    is_ordered = all(_is_number(value) and np.isfinite(value) for value in values)
    if len(values) > 1 and is_ordered and len(set(values)) == len(values):
        ordered = sorted(values)
        is_log = ordered[0] > 0 and ordered[-1] / ordered[0] > RATIO_OF_LOG
        numbers = Discrete(name, ordered, scale="log" if is_log else "linear")
        return Dimension(numbers, dict(zip(numbers.values, ordered, strict=True)))
    labels = _labels(values)
    return Dimension(Categorical(name, labels), dict(zip(labels, values, strict=True)))


def _labels(values: list[Any]) -> list[str]:
    """Return text for each choice, different for each."""
    labels: list[str] = []
    for value in values:
        text = f"{value!s:.{LONGEST_LABEL}}"
        n_before = sum(label == text or label.startswith(f"{text} #") for label in labels)
        labels.append(f"{text} #{n_before + 1}" if n_before else text)
    return labels
