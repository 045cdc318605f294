"""Constraints between the variables of a search space."""

from collections.abc import Callable, Mapping, Sequence
from pkgutil import resolve_name
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from pydantic import (
    Field,
    SerializationInfo,
    field_serializer,
    field_validator,
    model_validator,
)

from bnnopt._imports import import_with
from bnnopt._models import FrozenModel
from bnnopt._typing import ArrayLike, BoolArray
from bnnopt._validation import numeric_frame
from bnnopt.exceptions import InvalidDataError
from bnnopt.space._cardinality import CardinalityConstraint
from bnnopt.space._encoding import LevelsCodec
from bnnopt.space._variables import REQUIRED, Variable, given

__all__ = ["BY_NAME", "Constraint", "LinearConstraint", "NonlinearConstraint", "name_of_function"]

RELATIVE_TOLERANCE = 1e-9

BY_NAME = {"functions": "by name"}
"""Context of `model_dump_json`, for what names functions that the reader is given again."""

ConstraintFunction: TypeAlias = Callable[[pd.DataFrame], ArrayLike]


class _Constraint(FrozenModel):
    lower: float | None = None
    upper: float | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """Lower and upper limit, infinite where there is none."""
        return (
            -np.inf if self.lower is None else self.lower,
            np.inf if self.upper is None else self.upper,
        )

    def check_variables(self, variables: Sequence[Variable]) -> None:
        """Check that the constraint can bind the variables of a space; a function may take any.

        Parameters
        ----------
        variables : sequence of Variable
            Those of the space.
        """

    def _check_limits(self) -> None:
        lower, upper = self.limits
        if np.isnan(lower) or np.isnan(upper) or lower > upper:
            raise ValueError(
                f"Constraint {self}: lower must not be above upper, got lower={self.lower} and "
                f"upper={self.upper}; swap them or leave one out."
            )

    def _between(self, text: str) -> str:
        left = "" if self.lower is None else f"{self.lower:g} <= "
        right = "" if self.upper is None else f" <= {self.upper:g}"
        return f"{left}{text}{right}"


class LinearConstraint(_Constraint):
    """Limits on a weighted sum of numeric variables: lower <= sum of c_i x_i <= upper.

    Parameters
    ----------
    coefficients : dict of str to float
        The weight c_i of each variable, by name; x_i is in the user's unit (never in encoded units).
    lower, upper : float, optional
        The limits, at least one of them, in the unit of the sum. Equal limits ask for an exact total
        (mixtures).

    Raises
    ------
    InvalidDataError
        When there is no limit, no coefficient other than 0, or the limits exclude each
        other.

    Examples
    --------
    >>> constraint = LinearConstraint({"A": 1, "B": 1}, upper=30)
    >>> constraint.is_satisfied(pd.DataFrame({"A": [10, 20], "B": [20, 20]})).tolist()
    [True, False]
    """

    type: Literal["linear"] = "linear"
    coefficients: dict[str, float]

    def __init__(self, coefficients: Mapping[str, float] = REQUIRED, **options: Any) -> None:
        super().__init__(**given(coefficients=coefficients, **options))

    @model_validator(mode="after")
    def _check(self) -> "LinearConstraint":
        weights = np.array(list(self.coefficients.values()))
        if not np.isfinite(weights).all() or not weights.any():
            raise ValueError(
                f"LinearConstraint: coefficients must be finite and not all 0, got {self.coefficients}."
            )
        if not np.isfinite(self.limits).any():
            raise ValueError(f"Constraint {self}: no limit; give lower, upper or both as finite numbers.")
        self._check_limits()
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The variables it binds."""
        return tuple(self.coefficients)

    def check_variables(self, variables: Sequence[Variable]) -> None:
        """Check that the variables it binds are in a space, and are numbers.

        Parameters
        ----------
        variables : sequence of Variable
            Those of the space.

        Raises
        ------
        ValueError
            Variables that it binds are not among them, or have levels; the message names these.
        """
        known = {variable.name: variable for variable in variables}
        unknown = [name for name in self.names if name not in known]
        if unknown:
            raise ValueError(f"Constraint {self}: unknown variable(s) {unknown}. Known: {list(known)}.")
        text = [name for name in self.names if isinstance(known[name].codec, LevelsCodec)]
        if text:
            raise ValueError(
                f"Constraint {self}: {text} have levels, not numbers; use a NonlinearConstraint."
            )

    def is_satisfied(self, frame: pd.DataFrame) -> BoolArray:
        """Return, for each row, whether the sum keeps the limits.

        A sum may miss a limit by 1e-9 of the size of its terms, which is round-off; one of whole numbers has
        none.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            Settings in the user's units, with the columns of `names`.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where a row keeps the limits.

        Raises
        ------
        InvalidDataError
            When a column is missing or is not made of finite numbers.
        """
        terms = numeric_frame(frame, self.names, f"constraint {self}") * np.array(
            list(self.coefficients.values())
        )
        lower, upper = self.limits
        is_exact = (terms == np.rint(terms)).all(axis=1)  # whole numbers add up without round-off
        slack = np.where(is_exact, 0.0, RELATIVE_TOLERANCE * np.abs(terms).sum(axis=1))
        total = terms.sum(axis=1)
        return (total >= lower - slack) & (total <= upper + slack)

    def __str__(self) -> str:
        return self._between(" + ".join(f"{weight:g}*{name}" for name, weight in self.coefficients.items()))


class NonlinearConstraint(_Constraint):
    """Limits on any function of the settings: lower <= function(frame) <= upper.

    Parameters
    ----------
    function : callable or str
        Takes a DataFrame of settings in the user's units (n_rows rows, one column per variable) and returns
        (n_rows,) numbers, or booleans (True = satisfied). A string "module:function" is imported, and is
        what a config file holds; the module's code runs, so load config files of people you trust.
    lower, upper : float, optional
        The limits, in the unit of what the function returns; at least one of them for numbers, none needed
        for booleans.
    name : str, default=""
        What messages call it; the function's own name if empty.

    Raises
    ------
    InvalidDataError
        When the string cannot be imported or the limits exclude each other.
    """

    type: Literal["nonlinear"] = "nonlinear"
    function: ConstraintFunction
    name: str = ""

    def __init__(self, function: ConstraintFunction | str = REQUIRED, **options: Any) -> None:
        super().__init__(**given(function=function, **options))

    @field_validator("function", mode="before")
    @classmethod
    def _import(cls, function: Any) -> Any:
        if not isinstance(function, str):
            return function
        try:
            return import_with(lambda: resolve_name(function))
        except ImportError as error:
            raise ValueError(
                f"cannot import {function!r} ({error}); write 'module:function' of a module Python finds"
            ) from error

    @field_serializer("function", when_used="json")
    def _path(self, function: ConstraintFunction, info: SerializationInfo) -> str:
        return name_of_function(function) if info.context == BY_NAME else self.importable_name()

    @model_validator(mode="after")
    def _check(self) -> "NonlinearConstraint":
        self._check_limits()
        return self

    def importable_name(self) -> str:
        """Return "module:function", under which another process finds the function.

        Returns
        -------
        str
            As `function` takes it.

        Raises
        ------
        ValueError
            There is none.
        """
        path = _importable_path(self.function)
        if path is None:
            raise ValueError(
                f"Constraint {self}: {self.function!r} cannot be imported by name; make it a plain function "
                "of a module, so that a config file can hold 'module:function'."
            )
        return path

    def is_satisfied(self, frame: pd.DataFrame) -> BoolArray:
        """Return, for each row, whether the function keeps the limits.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            Settings in the user's units.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where a row keeps the limits.

        Raises
        ------
        InvalidDataError
            When the function raises an error, does not return one number (not NaN) or boolean per row, or
            returns numbers and there is no limit.
        """
        values = np.asarray(self._called(frame.copy(deep=False)))
        self._check_values(values, len(frame))
        if values.dtype == bool and self.lower is None and self.upper is None:
            return values
        lower, upper = self.limits
        return (values >= lower) & (values <= upper)

    def _called(self, frame: pd.DataFrame) -> Any:
        try:
            return self.function(frame)
        except (Exception, SystemExit) as error:
            raise InvalidDataError(
                f"Constraint {self}: its function raised {type(error).__name__}: {error}. It is given a "
                f"table with the columns {list(frame.columns)}; repair it."
            ) from error

    def _check_values(self, values: np.ndarray, n_rows: int) -> None:
        if values.shape != (n_rows,) or values.dtype.kind not in "biuf":
            raise InvalidDataError(
                f"Constraint {self}: expected {n_rows} numbers or booleans, one per row, got an array of "
                f"shape {values.shape} and type {values.dtype}."
            )
        if values.dtype.kind == "f" and np.isnan(values).any():
            row = int(np.argmax(np.isnan(values)))
            raise InvalidDataError(f"Constraint {self}: the function returned NaN for row {row}.")
        if values.dtype != bool and self.lower is None and self.upper is None:
            raise InvalidDataError(f"Constraint {self}: the function returns numbers; give lower or upper.")

    def __str__(self) -> str:
        return self._between(self.name or getattr(self.function, "__qualname__", repr(self.function)))


Constraint = Annotated[
    LinearConstraint | NonlinearConstraint | CardinalityConstraint, Field(discriminator="type")
]
"""A constraint on settings; its `type` says which class it is."""


def name_of_function(function: ConstraintFunction) -> str:
    """Return "module:function", whether that can be imported or not.

    Parameters
    ----------
    function : callable
        Of what has no name, that of its type is taken.

    Returns
    -------
    str
        Module and qualified name.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', type(function).__module__)}:{name}"


def _importable_path(function: ConstraintFunction) -> str | None:
    """Return "module:function" if that is where another process finds the same function."""
    module, qualname = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if module in (None, "__main__") or qualname is None:
        return None
    path = f"{module}:{qualname}"
    try:
        return path if resolve_name(path) is function else None
    except (ImportError, AttributeError, ValueError):
        return None
