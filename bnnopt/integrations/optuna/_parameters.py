"""Parameters of a study as variables of a space: their values as cells of its table, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from bnnopt.space import Categorical, Integer, Real, SearchSpace

__all__ = ["Parameters", "is_searchable"]

MOST_COUNTED = 10**12  # what an `Integer` goes up to; beyond, numbers are a continuum that is rounded


class Parameter(Protocol):
    """One parameter: the variable that stands for it, and its values as cells of that variable."""

    def variable(self, name: str) -> Categorical | Integer | Real:
        """Return the variable."""

    def cell(self, value: Any) -> float:
        """Return the cell of a value; `ValueError` if it is none."""

    def value(self, cell: float) -> Any:
        """Return the value of a cell, within the range, as Optuna has it."""


@dataclass(frozen=True)
class Choice:
    """A choice; choices are numbered, because Optuna's may be anything: None, or 1 beside True."""

    distribution: CategoricalDistribution

    def variable(self, name: str) -> Categorical:
        """Return the variable."""
        return Categorical(name, range(len(self.distribution.choices)))

    def cell(self, value: Any) -> float:
        """Return the number of a choice."""
        return self.distribution.to_internal_repr(value)

    def value(self, cell: float) -> Any:
        """Return the choice of a number."""
        return self.distribution.choices[int(cell)]


@dataclass(frozen=True)
class Steps:
    """A number at equal steps, counted from the lower bound."""

    distribution: FloatDistribution | IntDistribution
    step: float

    def variable(self, name: str) -> Integer:
        """Return the variable."""
        return Integer(name, 0, _count(self.distribution, self.step))

    def cell(self, value: Any) -> float:
        """Return how many steps above the lower bound a value is, whole ones."""
        return float(round((self.distribution.to_internal_repr(value) - self.distribution.low) / self.step))

    def value(self, cell: float) -> float | int:
        """Return the value so many steps above the lower bound."""
        return _within(self.distribution, self.distribution.low + int(cell) * self.step)


@dataclass(frozen=True)
class Span:
    """A number anywhere between two bounds, or a whole number on a log scale."""

    distribution: FloatDistribution | IntDistribution

    def variable(self, name: str) -> Integer | Real:
        """Return the variable."""
        low, high = self.distribution.low, self.distribution.high
        scale = "log" if self.distribution.log else "linear"
        if isinstance(self.distribution, IntDistribution) and high <= MOST_COUNTED:
            return Integer(name, int(low), int(high), scale=scale)
        return Real(name, low, high, scale=scale)

    def cell(self, value: Any) -> float:
        """Return the number."""
        return self.distribution.to_internal_repr(value)

    def value(self, cell: float) -> float | int:
        """Return the number, at a step where there are too many to count them."""
        step = self.distribution.step
        if step is None or self.distribution.log:
            return _within(self.distribution, cell)
        count = round((cell - self.distribution.low) / step)
        return _within(self.distribution, self.distribution.low + count * step)


@dataclass(frozen=True)
class Parameters:
    """The parameters that are searched together.

    Attributes
    ----------
    distributions : tuple of (str, BaseDistribution)
        Name and distribution of each, searchable ones.
    """

    distributions: tuple[tuple[str, BaseDistribution], ...]

    @classmethod
    def of(cls, distributions: Mapping[str, BaseDistribution]) -> "Parameters":
        """Return the parameters of a search space as Optuna gives it."""
        return cls(tuple(distributions.items()))

    @property
    def space(self) -> SearchSpace:
        """The space of these parameters; its variables are numbered, as names may be anything."""
        return SearchSpace(
            [_parameter(each).variable(f"p{i}") for i, (_, each) in enumerate(self.distributions)]
        )

    def cells(self, params: Mapping[str, Any]) -> list[float] | None:
        """Return the cells of one trial, None if it lacks a parameter or has a choice that is none here."""
        try:
            return [_parameter(distribution).cell(params[name]) for name, distribution in self.distributions]
        except (KeyError, ValueError):
            return None

    def params(self, row: pd.Series) -> dict[str, Any]:
        """Return the values that the cells of a row stand for."""
        pairs = zip(self.distributions, row, strict=True)
        return {name: _parameter(distribution).value(cell) for (name, distribution), cell in pairs}


def is_searchable(distribution: BaseDistribution) -> bool:
    """Tell whether a parameter can be part of a space: it has a choice, within a range that is a number."""
    if distribution.single():
        return False
    if isinstance(distribution, FloatDistribution | IntDistribution):
        return bool(np.isfinite(float(distribution.high) - float(distribution.low)))
    return isinstance(distribution, CategoricalDistribution)


def _parameter(distribution: BaseDistribution) -> Parameter:
    if isinstance(distribution, CategoricalDistribution):
        return Choice(distribution)
    if not isinstance(distribution, FloatDistribution | IntDistribution):
        raise TypeError(f"Expected a distribution of Optuna, got {distribution!r}.")
    step = None if distribution.log else distribution.step
    is_counted = step is not None and _count(distribution, step) <= MOST_COUNTED
    return Steps(distribution, step) if step is not None and is_counted else Span(distribution)


def _count(distribution: FloatDistribution | IntDistribution, step: float) -> int:
    """Return how many steps there are from the lower bound to the upper one."""
    return round((distribution.high - distribution.low) / step)


def _within(distribution: FloatDistribution | IntDistribution, number: float) -> float | int:
    if isinstance(distribution, IntDistribution):
        return int(min(max(round(number), distribution.low), distribution.high))
    return float(min(max(number, distribution.low), distribution.high))
